//! Changing what a customer is called, where it sits, whom to talk to, and whose customer it is.

use domain::customer::{Change, Customer, CustomerCommand, CustomerRules};
use domain::{AggregateType, PersonalRef, Role, StreamId};
use event_log::personal;
use serde::de::DeserializeOwned;
use serde_json::Value;
use uuid::Uuid;

use super::patch::{CustomerPatch, Persons, StaffPatch};
use super::standing;
use crate::{Answer, Command, Failure, Operation, Work};

/// A merge patch; all of it in one append.
#[derive(Debug)]
pub struct ChangeCustomer {
    pub customer_id: Uuid,
    pub patch: CustomerPatch,
}

impl Command for ChangeCustomer {
    const OPERATION: Operation = Operation::ChangeCustomer;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let staff = &self.patch.by_staff;
        if !staff.is_empty() && work.context.actor.role != Role::Operator {
            return Err(Failure::Forbidden);
        }
        let id = self.customer_id;
        let state = work.customer(id).await?;
        let customer = state.state.known().ok_or(Failure::NotFound)?;
        work.must_match(state.version)?;
        let persons = persons(work, customer).await?;
        let details = self.patch.on(customer, &persons, seller_entity(work, customer, staff))?;
        work.decide::<CustomerRules>(id, &CustomerCommand::ChangeDetails(details), Some(id)).await?;
        move_to(work, customer, &staff.reseller).await?;
        if let Some(currency) = staff.currency {
            let terms = domain::customer::Terms { currency, ..customer.terms.clone() };
            work.decide::<CustomerRules>(id, &CustomerCommand::SetTerms { terms }, Some(id)).await?;
        }
        Ok(Answer::resource(200, StreamId::new(AggregateType::Customer, id)))
    }
}

async fn move_to(work: &mut Work<'_>, customer: &Customer, change: &Change<Uuid>) -> Result<(), Failure> {
    let reseller = match change {
        Change::Keep => return Ok(()),
        Change::Remove => None,
        Change::Replace(reseller) => Some(*reseller),
    };
    if let Some(reseller) = reseller.filter(|reseller| customer.reseller_id != Some(*reseller)) {
        standing::taken_on_by(work, reseller).await?;
    }
    work.decide::<CustomerRules>(customer.id, &CustomerCommand::Move { reseller }, Some(customer.id)).await
}

/// A country that stays keeps its entity, also when configuration has changed since.
fn seller_entity(work: &Work<'_>, customer: &Customer, staff: &StaffPatch) -> String {
    match staff.country.as_deref().filter(|country| *country != customer.country) {
        Some(country) => work.bus().seller().entity_for(country).id.clone(),
        None => customer.seller_entity.clone(),
    }
}

async fn persons(work: &Work<'_>, customer: &Customer) -> Result<Persons, Failure> {
    Ok(Persons { contact: known(work, Some(customer.contact)).await?, address: known(work, customer.address).await? })
}

/// The fields behind a reference, read back as what they were written from. What is decided but not yet written has
/// none to find; a refusal because of that is decided once more on what is written.
pub(crate) async fn known<T: DeserializeOwned>(
    work: &Work<'_>,
    reference: Option<PersonalRef>,
) -> Result<Option<T>, Failure> {
    let Some(reference) = reference else { return Ok(None) };
    let mut found = personal::fields(work.bus().pool(), &[reference]).await?;
    let fields = found.remove(&reference).map(Value::Object);
    Ok(fields.map(serde_json::from_value).transpose()?)
}
