//! Erasing what is personal about a customer's people.

use domain::customer::{CustomerCommand, CustomerRules};
use domain::ids;
use event_log::personal;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::work::AnswerBody;
use crate::{Answer, Command, Failure, Operation, Work, index};

/// Empties every revision of every person of this customer, in the append of the event that says so.
#[derive(Debug)]
pub struct ErasePersonalData {
    pub customer_id: Uuid,
}

impl Command for ErasePersonalData {
    const OPERATION: Operation = Operation::ErasePersonalData;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let id = self.customer_id;
        work.customer(id).await?;
        let subjects = personal::filled_subjects(work.bus().pool(), id).await?;
        let accounts = index::accounts(work.bus().pool(), id).await?;
        let erased: Vec<Value> = subjects.iter().map(|subject| told(*subject, id, &accounts)).collect();
        let erase = CustomerCommand::ErasePersonalData { subjects };
        work.decide::<CustomerRules>(id, &erase, Some(id)).await?;
        let answer = json!({ "erased": erased, "retained": retained() });
        Ok(Answer { status: 200, body: AnswerBody::Other(answer) })
    }
}

/// A subject's name tells nothing about the person; what it was is found by making the names anew.
fn told(subject: Uuid, customer: Uuid, accounts: &[Uuid]) -> Value {
    let what = match subject {
        subject if subject == ids::subject(customer, "contact") => "contact",
        subject if subject == ids::subject(customer, "address") => "address",
        subject if accounts.iter().any(|account| subject == ids::subject(*account, "contact")) => "account_contact",
        _ => "other",
    };
    json!({ "what": what, "subject": subject })
}

fn retained() -> Value {
    json!([
        { "what": "business_identity", "why": "Legal name, seat and VAT id stand on invoices that tax law has us keep." },
        { "what": "history", "why": "Events, amounts and their hashes name nobody: they refer to what is now empty." },
        { "what": "licence_keys", "why": "A key belongs to the customer's subscription, not to a person." },
    ])
}
