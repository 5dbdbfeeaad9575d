//! What a customer is, folded from its events.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{
    CustomerDetails, CustomerEvent, CustomerKind, CustomerRegistered, CustomerSuspendedBy, ElectronicAddress, Terms,
};
use crate::PersonalRef;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerState {
    /// Nobody is registered under this id.
    #[default]
    Unknown,
    Known(Box<Customer>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Customer {
    pub id: Uuid,
    pub name: String,
    pub kind: CustomerKind,
    /// Set for an end customer.
    pub reseller_id: Option<Uuid>,
    pub status: CustomerStatus,
    /// While suspended.
    pub suspended_by: Option<CustomerSuspendedBy>,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub legal_name: Option<String>,
    pub vat_id: Option<String>,
    pub electronic_address: Option<ElectronicAddress>,
    pub buyer_reference: Option<String>,
    pub contact: PersonalRef,
    pub address: Option<PersonalRef>,
    /// The highest revision of the address so far; 0 when it never had one. Revisions are never reused.
    pub address_revision: i32,
    pub terms: Terms,
    /// Id of the seller entity the customer belongs to.
    pub seller_entity: String,
    /// When its personal data was erased.
    pub erased_at: Option<DateTime<Utc>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerStatus {
    Active,
    Suspended,
    Closed,
}

impl CustomerStatus {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Suspended => "suspended",
            Self::Closed => "closed",
        }
    }
}

impl CustomerState {
    /// The customer, if one is registered under this id.
    pub fn known(&self) -> Option<&Customer> {
        match self {
            Self::Unknown => None,
            Self::Known(customer) => Some(customer),
        }
    }

    pub(super) fn evolve(&mut self, event: &CustomerEvent) {
        match (&mut *self, event) {
            (_, CustomerEvent::CustomerRegistered(registered)) => {
                *self = Self::Known(Box::new(Customer::registered(registered)));
            }
            (Self::Known(customer), event) => customer.evolve(event),
            // A stream begins with a registration; without one there is nothing to fold into.
            (Self::Unknown, _) => {}
        }
    }
}

impl Customer {
    fn evolve(&mut self, event: &CustomerEvent) {
        match event {
            CustomerEvent::CustomerRegistered(registered) => *self = Self::registered(registered),
            CustomerEvent::CommercialTermsSet { terms } => self.terms = terms.clone(),
            CustomerEvent::CustomerDetailsChanged(details) => self.change(details),
            CustomerEvent::CustomerMoved { reseller_id } => self.reseller_id = *reseller_id,
            CustomerEvent::CustomerSuspended { by } => {
                self.status = CustomerStatus::Suspended;
                self.suspended_by = Some(*by);
            }
            CustomerEvent::CustomerReinstated {} => {
                self.status = CustomerStatus::Active;
                self.suspended_by = None;
            }
            CustomerEvent::CustomerClosed {} => {
                self.status = CustomerStatus::Closed;
                self.suspended_by = None;
            }
            CustomerEvent::PersonalDataErased { at, .. } => self.erased_at = Some(*at),
        }
    }

    /// The details as an event would say them.
    pub fn details(&self) -> CustomerDetails {
        CustomerDetails {
            name: self.name.clone(),
            seller_entity: self.seller_entity.clone(),
            country: self.country.clone(),
            legal_name: self.legal_name.clone(),
            vat_id: self.vat_id.clone(),
            electronic_address: self.electronic_address.clone(),
            buyer_reference: self.buyer_reference.clone(),
            contact: self.contact,
            address: self.address,
        }
    }

    fn change(&mut self, details: &CustomerDetails) {
        self.name.clone_from(&details.name);
        self.seller_entity.clone_from(&details.seller_entity);
        self.country.clone_from(&details.country);
        self.legal_name.clone_from(&details.legal_name);
        self.vat_id.clone_from(&details.vat_id);
        self.electronic_address.clone_from(&details.electronic_address);
        self.buyer_reference.clone_from(&details.buyer_reference);
        self.contact = details.contact;
        self.address = details.address;
        self.address_revision = self.address_revision.max(revision(details.address));
    }

    fn registered(event: &CustomerRegistered) -> Self {
        Self {
            id: event.customer_id,
            name: event.name.clone(),
            kind: event.kind,
            reseller_id: event.reseller_id,
            status: CustomerStatus::Active,
            suspended_by: None,
            country: event.country.clone(),
            legal_name: event.legal_name.clone(),
            vat_id: event.vat_id.clone(),
            electronic_address: event.electronic_address.clone(),
            buyer_reference: event.buyer_reference.clone(),
            contact: event.contact,
            address: event.address,
            address_revision: revision(event.address),
            terms: event.terms.clone(),
            seller_entity: event.seller_entity.clone(),
            erased_at: None,
        }
    }
}

fn revision(reference: Option<PersonalRef>) -> i32 {
    reference.map_or(0, |reference| reference.revision)
}
