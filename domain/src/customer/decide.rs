//! What may happen to a customer.

use serde_json::{Map, Value};
use uuid::Uuid;

use super::{
    Customer, CustomerCommand, CustomerEvent, CustomerKind, CustomerRegistered, CustomerState, CustomerStatus,
    RegisterCustomer, Terms,
};
use crate::{Asked, Decided, PersonalData, PersonalKind, PersonalRef, Refusal, ids};

pub(super) fn decide(
    state: &CustomerState,
    asked: &Asked<'_, CustomerCommand>,
) -> Result<Decided<CustomerEvent>, Refusal> {
    match (state, asked.command) {
        (CustomerState::Unknown, CustomerCommand::Register(wanted)) => register(wanted),
        (CustomerState::Known(customer), CustomerCommand::Register(wanted)) if customer.id == wanted.customer_id => {
            Ok(Decided::nothing())
        }
        (CustomerState::Known(customer), CustomerCommand::Register(_)) => {
            Err(Refusal::InvalidState { state: customer.status.name() })
        }
        (CustomerState::Known(customer), CustomerCommand::SetTerms { terms }) => set_terms(customer, terms),
        (CustomerState::Unknown, CustomerCommand::SetTerms { .. }) => Err(Refusal::NotFound),
    }
}

fn register(wanted: &RegisterCustomer) -> Result<Decided<CustomerEvent>, Refusal> {
    if wanted.reseller.is_some() && wanted.kind != CustomerKind::Direct {
        return Err(Refusal::ResellerNotAllowed);
    }
    let contact = person(wanted.customer_id, "contact", wanted.contact.to_fields());
    let address = wanted.address.as_ref().map(|address| person(wanted.customer_id, "address", address.to_fields()));
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
    if customer.status == CustomerStatus::Closed {
        return Err(Refusal::CustomerClosed);
    }
    Ok(CustomerEvent::CommercialTermsSet { terms: plain(terms) }.into())
}

/// Percentages without trailing zeros, so that they are shown as people write them.
fn plain(terms: &Terms) -> Terms {
    let mut terms = terms.clone();
    terms.discount_percent = terms.discount_percent.normalize();
    terms.commission.percent = terms.commission.percent.map(|percent| percent.normalize());
    terms
}

fn person(customer_id: Uuid, what: &str, fields: Map<String, Value>) -> PersonalData {
    let reference = PersonalRef { subject: ids::subject(customer_id, what), revision: 1 };
    PersonalData { reference, customer_id, kind: PersonalKind::Person, fields }
}
