//! What a merge patch of a customer says, and what comes of it on top of what is known.

use domain::Refusal;
use domain::customer::{Change, ChangeDetails, ContactDetails, Customer, ElectronicAddress, PostalAddress};
use domain::money::Currency;
use uuid::Uuid;

/// Absent fields stay as they are.
#[derive(Debug, Clone, Default)]
pub struct CustomerPatch {
    pub name: Option<String>,
    pub buyer_reference: Change<String>,
    pub contact: Option<ContactPatch>,
    pub address: Change<AddressPatch>,
    pub by_staff: StaffPatch,
}

/// What only an operator may change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StaffPatch {
    pub reseller: Change<Uuid>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
    pub currency: Option<Currency>,
    pub legal_name: Change<String>,
    pub vat_id: Change<String>,
    pub electronic_address: Change<ElectronicAddressPatch>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactPatch {
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Change<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AddressPatch {
    pub street: Option<String>,
    pub city: Option<String>,
    pub postal_code: Option<String>,
    /// ISO 3166-1 alpha-2.
    pub country: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ElectronicAddressPatch {
    pub scheme: Option<String>,
    pub id: Option<String>,
}

impl StaffPatch {
    /// Whether nothing of it was named.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

/// The persons of a customer as they are now; `None` where there are none, or where they were erased.
#[derive(Debug, Clone, Default)]
pub struct Persons {
    pub contact: Option<ContactDetails>,
    pub address: Option<PostalAddress>,
}

impl CustomerPatch {
    /// The details as they shall be. `seller_entity` is the one the country belongs to.
    ///
    /// # Errors
    /// [`Refusal::PersonIncomplete`] when a part is neither given nor known.
    pub fn on(&self, customer: &Customer, persons: &Persons, seller_entity: String) -> Result<ChangeDetails, Refusal> {
        let staff = &self.by_staff;
        Ok(ChangeDetails {
            name: self.name.clone().unwrap_or_else(|| customer.name.clone()),
            seller_entity,
            country: staff.country.clone().unwrap_or_else(|| customer.country.clone()),
            legal_name: text(&staff.legal_name, customer.legal_name.as_ref()),
            vat_id: text(&staff.vat_id, customer.vat_id.as_ref()),
            electronic_address: electronic_address(&staff.electronic_address, customer.electronic_address.as_ref())?,
            buyer_reference: text(&self.buyer_reference, customer.buyer_reference.as_ref()),
            contact: self.contact.as_ref().map_or(Ok(None), |patch| contact(patch, persons.contact.as_ref()))?,
            address: address(&self.address, persons.address.as_ref())?,
        })
    }
}

fn text(change: &Change<String>, now: Option<&String>) -> Option<String> {
    match change {
        Change::Keep => now.cloned(),
        Change::Remove => None,
        Change::Replace(text) => Some(text.clone()),
    }
}

/// The part given, else the part known.
fn part(given: Option<&String>, known: Option<&String>, field: &'static str) -> Result<String, Refusal> {
    given.or(known).cloned().ok_or(Refusal::PersonIncomplete { field })
}

/// `None` when nothing becomes other than it is.
fn contact(patch: &ContactPatch, known: Option<&ContactDetails>) -> Result<Option<ContactDetails>, Refusal> {
    if *patch == ContactPatch::default() {
        return Ok(None);
    }
    let phone = known.and_then(|known| known.phone.as_ref());
    let merged = ContactDetails {
        name: part(patch.name.as_ref(), known.map(|known| &known.name), "contact/name")?,
        email: part(patch.email.as_ref(), known.map(|known| &known.email), "contact/email")?,
        phone: text(&patch.phone, phone),
    };
    Ok(if known == Some(&merged) { None } else { Some(merged) })
}

fn address(change: &Change<AddressPatch>, known: Option<&PostalAddress>) -> Result<Change<PostalAddress>, Refusal> {
    let patch = match change {
        Change::Keep => return Ok(Change::Keep),
        Change::Remove => return Ok(Change::Remove),
        Change::Replace(patch) => patch,
    };
    if known.is_some() && *patch == AddressPatch::default() {
        return Ok(Change::Keep);
    }
    let merged = PostalAddress {
        street: part(patch.street.as_ref(), known.map(|known| &known.street), "address/street")?,
        city: part(patch.city.as_ref(), known.map(|known| &known.city), "address/city")?,
        postal_code: part(patch.postal_code.as_ref(), known.map(|known| &known.postal_code), "address/postal_code")?,
        country: part(patch.country.as_ref(), known.map(|known| &known.country), "address/country")?,
    };
    Ok(if known == Some(&merged) { Change::Keep } else { Change::Replace(merged) })
}

fn electronic_address(
    change: &Change<ElectronicAddressPatch>,
    known: Option<&ElectronicAddress>,
) -> Result<Option<ElectronicAddress>, Refusal> {
    let patch = match change {
        Change::Keep => return Ok(known.cloned()),
        Change::Remove => return Ok(None),
        Change::Replace(patch) => patch,
    };
    let scheme = part(patch.scheme.as_ref(), known.map(|known| &known.scheme), "electronic_address/scheme")?;
    let id = part(patch.id.as_ref(), known.map(|known| &known.id), "electronic_address/id")?;
    Ok(Some(ElectronicAddress { scheme, id }))
}
