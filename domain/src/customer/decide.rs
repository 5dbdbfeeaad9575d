//! What may happen to a customer.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    Change, ChangeDetails, Customer, CustomerCommand, CustomerDetails, CustomerEvent, CustomerKind, CustomerRegistered,
    CustomerState, CustomerStatus, CustomerSuspendedBy, RegisterCustomer, Terms,
};
use crate::{Asked, Decided, PersonalData, PersonalKind, PersonalRef, Refusal, ids};

/// Subjects named in one event at most; further ones follow in another event of the same append.
const SUBJECTS_PER_EVENT: usize = 200;

pub(super) fn decide(
    state: &CustomerState,
    asked: &Asked<'_, CustomerCommand>,
) -> Result<Decided<CustomerEvent>, Refusal> {
    match (state, asked.command) {
        (CustomerState::Unknown, CustomerCommand::Register(wanted)) => register(wanted),
        (CustomerState::Known(customer), command) => change(customer, command, asked.at),
        (
            CustomerState::Unknown,
            CustomerCommand::SetTerms { .. }
            | CustomerCommand::ChangeDetails(_)
            | CustomerCommand::Move { .. }
            | CustomerCommand::Suspend { .. }
            | CustomerCommand::Reinstate { .. }
            | CustomerCommand::Close { .. }
            | CustomerCommand::ErasePersonalData { .. },
        ) => Err(Refusal::NotFound),
    }
}

fn change(
    customer: &Customer,
    command: &CustomerCommand,
    at: DateTime<Utc>,
) -> Result<Decided<CustomerEvent>, Refusal> {
    match command {
        CustomerCommand::Register(wanted) if wanted.customer_id == customer.id => Ok(Decided::nothing()),
        CustomerCommand::Register(_) => Err(Refusal::InvalidState { state: customer.status.name() }),
        CustomerCommand::SetTerms { terms } => set_terms(customer, terms),
        CustomerCommand::ChangeDetails(wanted) => change_details(customer, wanted),
        CustomerCommand::Move { reseller } => move_to(customer, *reseller),
        CustomerCommand::Suspend { by } => suspend(customer, *by),
        CustomerCommand::Reinstate { by } => reinstate(customer, *by),
        CustomerCommand::Close { has_open_accounts, has_balance } => close(customer, *has_open_accounts, *has_balance),
        CustomerCommand::ErasePersonalData { subjects } => Ok(erase(subjects, at)),
    }
}

fn register(wanted: &RegisterCustomer) -> Result<Decided<CustomerEvent>, Refusal> {
    if wanted.reseller.is_some() && wanted.kind != CustomerKind::Direct {
        return Err(Refusal::ResellerNotAllowed);
    }
    let contact = person(wanted.customer_id, CONTACT, 1, wanted.contact.to_fields());
    let address = wanted.address.as_ref().map(|address| person(wanted.customer_id, ADDRESS, 1, address.to_fields()));
    let event = CustomerEvent::CustomerRegistered(Box::new(CustomerRegistered {
        customer_id: wanted.customer_id,
        name: wanted.name.clone(),
        kind: wanted.kind,
        reseller_id: wanted.reseller,
        seller_entity: wanted.seller_entity.clone(),
        country: wanted.country.clone(),
        legal_name: wanted.legal_name.clone(),
        vat_id: wanted.vat_id.clone(),
        electronic_address: wanted.electronic_address.clone(),
        buyer_reference: wanted.buyer_reference.clone(),
        contact: contact.reference,
        address: address.as_ref().map(|address| address.reference),
        terms: plain(&wanted.terms),
    }));
    Ok(Decided::from(event).with_personal([contact]).with_personal(address))
}

fn set_terms(customer: &Customer, terms: &Terms) -> Result<Decided<CustomerEvent>, Refusal> {
    if customer.terms == *terms {
        return Ok(Decided::nothing());
    }
    unless_closed(customer, CustomerEvent::CommercialTermsSet { terms: plain(terms) }.into())
}

fn change_details(customer: &Customer, wanted: &ChangeDetails) -> Result<Decided<CustomerEvent>, Refusal> {
    let contact = wanted
        .contact
        .as_ref()
        .map(|contact| person(customer.id, CONTACT, customer.contact.revision.saturating_add(1), contact.to_fields()));
    let address = match &wanted.address {
        Change::Replace(address) => {
            Some(person(customer.id, ADDRESS, customer.address_revision.saturating_add(1), address.to_fields()))
        }
        Change::Keep | Change::Remove => None,
    };
    let details = CustomerDetails {
        name: wanted.name.clone(),
        seller_entity: wanted.seller_entity.clone(),
        country: wanted.country.clone(),
        legal_name: wanted.legal_name.clone(),
        vat_id: wanted.vat_id.clone(),
        electronic_address: wanted.electronic_address.clone(),
        buyer_reference: wanted.buyer_reference.clone(),
        contact: contact.as_ref().map_or(customer.contact, |contact| contact.reference),
        address: match &wanted.address {
            Change::Keep => customer.address,
            Change::Remove | Change::Replace(_) => address.as_ref().map(|address| address.reference),
        },
    };
    if details == customer.details() {
        return Ok(Decided::nothing());
    }
    let event = CustomerEvent::CustomerDetailsChanged(Box::new(details));
    unless_closed(customer, Decided::from(event).with_personal(contact).with_personal(address))
}

fn move_to(customer: &Customer, reseller: Option<Uuid>) -> Result<Decided<CustomerEvent>, Refusal> {
    if customer.reseller_id == reseller {
        return Ok(Decided::nothing());
    }
    if customer.kind != CustomerKind::Direct {
        return Err(Refusal::ResellerNotAllowed);
    }
    unless_closed(customer, CustomerEvent::CustomerMoved { reseller_id: reseller }.into())
}

/// An operator takes over what dunning has suspended, so that a payment no longer lifts it; never the other way round.
fn suspend(customer: &Customer, by: CustomerSuspendedBy) -> Result<Decided<CustomerEvent>, Refusal> {
    let holds = customer.suspended_by == Some(by) || customer.suspended_by == Some(CustomerSuspendedBy::Operator);
    if customer.status == CustomerStatus::Suspended && holds {
        return Ok(Decided::nothing());
    }
    unless_closed(customer, CustomerEvent::CustomerSuspended { by }.into())
}

fn reinstate(customer: &Customer, by: CustomerSuspendedBy) -> Result<Decided<CustomerEvent>, Refusal> {
    let lifts = by == CustomerSuspendedBy::Operator || customer.suspended_by == Some(by);
    match customer.status {
        CustomerStatus::Suspended if lifts => Ok(CustomerEvent::CustomerReinstated {}.into()),
        CustomerStatus::Suspended | CustomerStatus::Active => Ok(Decided::nothing()),
        CustomerStatus::Closed => Err(Refusal::CustomerClosed),
    }
}

fn close(customer: &Customer, has_open_accounts: bool, has_balance: bool) -> Result<Decided<CustomerEvent>, Refusal> {
    match customer.status {
        CustomerStatus::Closed => Ok(Decided::nothing()),
        CustomerStatus::Active | CustomerStatus::Suspended if has_open_accounts => Err(Refusal::HasAccounts),
        CustomerStatus::Active | CustomerStatus::Suspended if has_balance => Err(Refusal::HasBalance),
        CustomerStatus::Active | CustomerStatus::Suspended => Ok(CustomerEvent::CustomerClosed {}.into()),
    }
}

/// In any state, and again when something personal has been added since.
fn erase(subjects: &[Uuid], at: DateTime<Utc>) -> Decided<CustomerEvent> {
    let chunks = subjects.chunks(SUBJECTS_PER_EVENT);
    chunks.map(|chunk| CustomerEvent::PersonalDataErased { subjects: chunk.to_vec(), at }).collect::<Vec<_>>().into()
}

fn unless_closed(customer: &Customer, decided: Decided<CustomerEvent>) -> Result<Decided<CustomerEvent>, Refusal> {
    match customer.status {
        CustomerStatus::Active | CustomerStatus::Suspended => Ok(decided),
        CustomerStatus::Closed => Err(Refusal::CustomerClosed),
    }
}

/// Percentages without trailing zeros, so that they are shown as people write them.
fn plain(terms: &Terms) -> Terms {
    let mut terms = terms.clone();
    terms.discount_percent = terms.discount_percent.normalize();
    terms.commission.percent = terms.commission.percent.map(|percent| percent.normalize());
    terms
}

/// What the subjects of a customer are called.
const CONTACT: &str = "contact";
const ADDRESS: &str = "address";

fn person(customer_id: Uuid, what: &str, revision: i32, fields: Map<String, Value>) -> PersonalData {
    let reference = PersonalRef { subject: ids::subject(customer_id, what), revision };
    PersonalData { reference, customer_id, kind: PersonalKind::Person, fields }
}
