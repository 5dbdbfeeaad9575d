//! What can happen to a customer.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CustomerKind, ElectronicAddress, Terms};
use crate::PersonalRef;
use crate::decider::facts;

/// People's names, e-mails, phones and addresses are references; the fields live in the side table.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum CustomerEvent {
    CustomerRegistered(Box<CustomerRegistered>),
    /// All terms as they hold from now on.
    CommercialTermsSet {
        terms: Terms,
    },
    /// All details as they hold from now on.
    CustomerDetailsChanged(Box<CustomerDetails>),
    /// To another reseller, or to none.
    CustomerMoved {
        reseller_id: Option<Uuid>,
    },
    /// `operator` or `dunning`.
    CustomerSuspended {
        by: CustomerSuspendedBy,
    },
    CustomerReinstated {},
    CustomerClosed {},
    /// Every revision of these subjects is emptied in the same append. The names of the subjects stay.
    PersonalDataErased {
        subjects: Vec<Uuid>,
        at: DateTime<Utc>,
    },
}

/// Who suspended a customer; a payment lifts only what dunning did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerSuspendedBy {
    Operator,
    Dunning,
}

impl CustomerSuspendedBy {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Dunning => "dunning",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomerDetails {
    pub name: String,
    /// Id of the seller entity the customer belongs to; it follows the country.
    pub seller_entity: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub legal_name: Option<String>,
    pub vat_id: Option<String>,
    pub electronic_address: Option<ElectronicAddress>,
    pub buyer_reference: Option<String>,
    pub contact: PersonalRef,
    pub address: Option<PersonalRef>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CustomerRegistered {
    pub customer_id: Uuid,
    pub name: String,
    pub kind: CustomerKind,
    /// Set for an end customer.
    pub reseller_id: Option<Uuid>,
    /// Id of the seller entity the customer belongs to.
    pub seller_entity: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub legal_name: Option<String>,
    pub vat_id: Option<String>,
    pub electronic_address: Option<ElectronicAddress>,
    pub buyer_reference: Option<String>,
    pub contact: PersonalRef,
    pub address: Option<PersonalRef>,
    pub terms: Terms,
}

facts!(CustomerEvent in Customer {
    CustomerRegistered "1.0", CommercialTermsSet "1.0", CustomerDetailsChanged "1.0", CustomerMoved "1.0",
    CustomerSuspended "1.0", CustomerReinstated "1.0", CustomerClosed "1.0", PersonalDataErased "1.0"
});
