//! What can be asked of a customer.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use uuid::Uuid;

use super::{CustomerKind, CustomerSuspendedBy, ElectronicAddress, Terms};

#[derive(Debug, Clone)]
pub enum CustomerCommand {
    Register(RegisterCustomer),
    /// Replaces all terms.
    SetTerms {
        terms: Terms,
    },
    ChangeDetails(ChangeDetails),
    /// To another reseller, known to be one and active, or to none.
    Move {
        reseller: Option<Uuid>,
    },
    Suspend {
        by: CustomerSuspendedBy,
    },
    /// Lifts what `by` may lift: an operator everything, dunning only its own.
    Reinstate {
        by: CustomerSuspendedBy,
    },
    Close {
        has_open_accounts: bool,
        /// Something is to its credit, or left to be paid by it.
        has_balance: bool,
    },
    /// `subjects` are those of its persons that still have fields.
    ErasePersonalData {
        subjects: Vec<Uuid>,
    },
}

/// All details as they shall be. What is personal is compared by the caller, who alone sees the fields.
#[derive(Debug, Clone)]
pub struct ChangeDetails {
    pub name: String,
    /// Id of the seller entity that the country belongs to.
    pub seller_entity: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub legal_name: Option<String>,
    pub vat_id: Option<String>,
    pub electronic_address: Option<ElectronicAddress>,
    pub buyer_reference: Option<String>,
    /// Another contact; `None` leaves the one there is.
    pub contact: Option<ContactDetails>,
    pub address: Change<PostalAddress>,
}

/// What becomes of something personal that may be absent.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Change<T> {
    #[default]
    Keep,
    Remove,
    /// A new revision.
    Replace(T),
}

#[derive(Debug, Clone)]
pub struct RegisterCustomer {
    pub customer_id: Uuid,
    pub name: String,
    pub kind: CustomerKind,
    /// Known to exist and to be a reseller.
    pub reseller: Option<Uuid>,
    /// Id of the seller entity the customer will belong to.
    pub seller_entity: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub legal_name: Option<String>,
    pub vat_id: Option<String>,
    pub electronic_address: Option<ElectronicAddress>,
    pub buyer_reference: Option<String>,
    pub contact: ContactDetails,
    pub address: Option<PostalAddress>,
    pub terms: Terms,
}

/// A person to talk to; never part of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContactDetails {
    pub name: String,
    pub email: String,
    pub phone: Option<String>,
}

impl ContactDetails {
    /// The fields as the side table keeps them and answers show them.
    pub fn to_fields(&self) -> Map<String, Value> {
        let phone = self.phone.as_deref().map_or(Value::Null, Value::from);
        fields([("name", self.name.as_str().into()), ("email", self.email.as_str().into()), ("phone", phone)])
    }
}

/// Where a customer lives or sits; never part of an event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PostalAddress {
    pub street: String,
    pub city: String,
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
}

impl PostalAddress {
    /// The fields as the side table keeps them and answers show them.
    pub fn to_fields(&self) -> Map<String, Value> {
        fields([
            ("street", self.street.as_str().into()),
            ("city", self.city.as_str().into()),
            ("postal_code", self.postal_code.as_str().into()),
            ("country", self.country.as_str().into()),
        ])
    }
}

fn fields<const N: usize>(pairs: [(&str, Value); N]) -> Map<String, Value> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
