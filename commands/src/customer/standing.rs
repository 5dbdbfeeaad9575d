//! Whether a customer may take on something new.

use domain::Refusal;
use domain::customer::{Customer, CustomerKind, CustomerRules, CustomerStatus};
use uuid::Uuid;

use crate::{Failure, Work};

/// Refuses unless the customer, and its reseller if it has one, is active: whoever is suspended opens, orders,
/// increases and extends nothing.
///
/// # Errors
/// [`Refusal::CustomerSuspended`], [`Refusal::CustomerClosed`], and [`Failure::Log`].
pub async fn in_good_standing(work: &mut Work<'_>, customer: &Customer) -> Result<(), Failure> {
    active(customer.status)?;
    let Some(reseller) = customer.reseller_id else { return Ok(()) };
    let reseller = work.read::<CustomerRules>(reseller).await?;
    let is_active = reseller.state.known().is_some_and(|reseller| reseller.status == CustomerStatus::Active);
    // A closed reseller sells nothing either, but its customer is not closed.
    if is_active { Ok(()) } else { Err(Refusal::CustomerSuspended.into()) }
}

/// Makes sure that there is an active reseller of this id, for a customer that is to become its own.
///
/// # Errors
/// [`Refusal::ResellerUnknown`], [`Refusal::CustomerSuspended`], [`Refusal::CustomerClosed`], and [`Failure::Log`].
pub(super) async fn taken_on_by(work: &mut Work<'_>, reseller: Uuid) -> Result<(), Failure> {
    let reseller = work.read::<CustomerRules>(reseller).await?;
    let known = reseller.state.known().filter(|reseller| reseller.kind == CustomerKind::Reseller);
    active(known.ok_or(Refusal::ResellerUnknown)?.status)
}

fn active(status: CustomerStatus) -> Result<(), Failure> {
    match status {
        CustomerStatus::Active => Ok(()),
        CustomerStatus::Suspended => Err(Refusal::CustomerSuspended.into()),
        CustomerStatus::Closed => Err(Refusal::CustomerClosed.into()),
    }
}
