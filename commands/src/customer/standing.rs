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
    if is_suspended(work, customer).await? { Err(Refusal::CustomerSuspended.into()) } else { Ok(()) }
}

/// Whether the customer is suspended, or has a reseller that is not active: a closed reseller sells nothing either, but
/// its customer is not closed.
///
/// # Errors
/// [`Failure::Log`].
pub async fn is_suspended(work: &mut Work<'_>, customer: &Customer) -> Result<bool, Failure> {
    if customer.status == CustomerStatus::Suspended {
        return Ok(true);
    }
    let Some(reseller) = customer.reseller_id else { return Ok(false) };
    let reseller = work.read::<CustomerRules>(reseller).await?;
    Ok(reseller.state.known().is_none_or(|reseller| reseller.status != CustomerStatus::Active))
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
