//! Having everything paid that is owed.

use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use uuid::Uuid;

use super::answer;
use super::start::{self, PayInvoice};
use crate::work::AnswerBody;
use crate::{Answer, Bus, Command, Context, Failure, Key, Operation, Receipt, Rejection, Work, bus, index};
use domain::ids;

/// Invoices looked up at once.
const PAGE: i64 = 200;
/// Invoices tried at once.
const AT_ONCE: usize = 16;

/// Starts a payment for every issued invoice with something left to pay and no open payment, due or not. The answer says
/// how many were started and how many could not be.
///
/// Each has a key that follows from the request's: when the request is made again, also after a crash in its middle,
/// what it started before is not started again. What was answered is answered again.
///
/// # Errors
/// [`Rejection`]; what was started before it stays so.
pub async fn pay_all(bus: &Bus, context: &Context) -> Result<Receipt, Rejection> {
    if let Some(kept) = bus.kept(&context.key).await? {
        return Ok(kept);
    }
    let (mut attempted, mut skipped) = (0_u64, 0_u64);
    let mut after = None;
    loop {
        let open = index::all_open_invoices(bus.pool(), after, PAGE).await;
        let open = open.map_err(|error| bus::rejection(Failure::from(error)))?;
        let Some(last) = open.last() else { break };
        after = Some(*last);
        let started: Vec<bool> =
            stream::iter(open).map(|id| pay(bus, context, id)).buffer_unordered(AT_ONCE).try_collect().await?;
        for started in started {
            if started { attempted += 1 } else { skipped += 1 }
        }
    }
    let context = Context { if_match: None, ..context.clone() };
    bus.execute(&context, &PaidAll { attempted, skipped }).await
}

async fn pay(bus: &Bus, context: &Context, invoice_id: Uuid) -> Result<bool, Rejection> {
    let payment_id = ids::payment_of(context.key.id(), invoice_id);
    pay_one(bus, context, PayInvoice { payment_id, invoice_id, automatic: false }).await
}

/// One of many that are asked for at once. Whether it was started, now or by the same request before: a refusal means
/// that it is being paid already, or is settled by now.
///
/// # Errors
/// [`Rejection`], other than such a refusal.
pub async fn pay_one(bus: &Bus, context: &Context, payment: PayInvoice) -> Result<bool, Rejection> {
    let key = Key::system(format!("payment/{}/start", payment.payment_id));
    let context = Context { key, if_match: None, ..context.clone() };
    match bus.execute(&context, &PayOne(payment)).await {
        Ok(_) => Ok(true),
        Err(Rejection::Refused(_) | Rejection::NotFound) => Ok(false),
        Err(rejection) => Err(rejection),
    }
}

/// One of all.
struct PayOne(PayInvoice);

impl Command for PayOne {
    const OPERATION: Operation = Operation::PayInvoices;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        start::start_in(work, &self.0).await?;
        Ok(answer(202, self.0.payment_id))
    }
}

/// Keeps what is answered.
struct PaidAll {
    attempted: u64,
    skipped: u64,
}

impl Command for PaidAll {
    const OPERATION: Operation = Operation::PayInvoices;

    async fn run(&self, _work: &mut Work<'_>) -> Result<Answer, Failure> {
        let Self { attempted, skipped } = self;
        Ok(Answer { status: 202, body: AnswerBody::Other(json!({ "attempted": attempted, "skipped": skipped })) })
    }
}
