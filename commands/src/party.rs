//! Who sells and who buys, as documents name them.

use domain::Refusal;
use domain::billing::electronic_address;
use domain::customer::{Customer, PostalAddress};
use domain::document::Party;

use crate::seller::SellerEntity;
use crate::{Failure, Work, customer};

/// A seller entity, from configuration.
pub fn seller(entity: &SellerEntity) -> Party {
    Party {
        name: entity.legal_name.clone(),
        country: entity.country.clone(),
        address: entity.address.clone(),
        postal_code: None,
        city: None,
        vat_id: Some(entity.vat_id.clone()),
        electronic_address: electronic_address::of_vat_id(&entity.vat_id),
    }
}

/// A customer. Where it sits is told of businesses only: a private address is never printed.
///
/// # Errors
/// [`Failure::Log`]; [`Failure::Refused`] when its address is on its way to the log, see [`customer::known`].
pub async fn buyer(work: &mut Work<'_>, customer: &Customer) -> Result<Party, Failure> {
    let address = if is_business(customer) { address(work, customer).await? } else { None };
    let party = Party {
        name: customer.legal_name.as_ref().unwrap_or(&customer.name).clone(),
        country: customer.country.clone(),
        address: Vec::new(),
        postal_code: None,
        city: None,
        vat_id: customer.vat_id.clone(),
        electronic_address: customer
            .electronic_address
            .clone()
            .or_else(|| electronic_address::of_vat_id(customer.vat_id.as_deref()?)),
    };
    Ok(match address {
        Some(PostalAddress { street, city, postal_code, country }) => {
            Party { country, address: vec![street], postal_code: Some(postal_code), city: Some(city), ..party }
        }
        None => party,
    })
}

const fn is_business(customer: &Customer) -> bool {
    customer.legal_name.is_some() || customer.vat_id.is_some()
}

/// `None` where it never had one, or where it was erased.
async fn address(work: &Work<'_>, customer: &Customer) -> Result<Option<PostalAddress>, Failure> {
    let address = customer::known(work, customer.address).await?;
    // Without an erasure the fields are only late: decided once more, they are there.
    if address.is_none() && customer.address.is_some() && customer.erased_at.is_none() {
        return Err(Refusal::PersonIncomplete { field: "address" }.into());
    }
    Ok(address)
}
