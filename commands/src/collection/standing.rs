//! What the invoices of a billed party ask for: that it is suspended, or that this is lifted.

use std::sync::Arc;

use domain::customer::{CustomerRules, CustomerState};
use domain::invoice::{DunningStep, Invoice, InvoiceRules, InvoiceStatus};
use event_log::stream::Versioned;
use uuid::Uuid;

use crate::{Failure, Work, index};

/// What is to become of the billed party's services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    Suspend,
    Lift,
}

impl Turn {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Suspend => "suspend",
            Self::Lift => "lift",
        }
    }
}

/// How an invoice's billed party stands.
pub(super) struct Standing {
    pub party: Arc<Versioned<CustomerState>>,
    /// `None` while another invoice than this one keeps it suspended: then everything stays as it is.
    pub turn: Option<Turn>,
    /// The invoice is for services of the party's end customers, among others.
    pub for_end_customers: bool,
}

/// How the billed party stands because of this invoice, or because of none. Every invoice that could say otherwise is
/// read: what follows from it is written only as long as all of them are as they were.
///
/// # Errors
/// [`Failure::NotFound`] without such an invoice, [`Failure::Log`].
pub(super) async fn of(work: &mut Work<'_>, invoice_id: Uuid) -> Result<Standing, Failure> {
    let state = work.read::<InvoiceRules>(invoice_id).await?;
    let invoice = state.state.known().ok_or(Failure::NotFound)?;
    let customer_id = invoice.contents.customer_id;
    let turn = if suspends(invoice) {
        Some(Turn::Suspend)
    } else if is_suspended_for_another(work, customer_id).await? {
        None
    } else {
        Some(Turn::Lift)
    };
    let for_end_customers = invoice.contents.lines.iter().any(|line| line.end_customer_id.is_some());
    Ok(Standing { party: work.read::<CustomerRules>(customer_id).await?, turn, for_end_customers })
}

/// It was unpaid for so long that services are suspended, and still is. Giving up on it does not pay it.
fn suspends(invoice: &Invoice) -> bool {
    let is_unpaid = matches!(invoice.status, InvoiceStatus::Issued | InvoiceStatus::Uncollectible);
    is_unpaid && invoice.collection.dunned.contains(&DunningStep::Suspension)
}

async fn is_suspended_for_another(work: &mut Work<'_>, customer_id: Uuid) -> Result<bool, Failure> {
    let unpaid = index::unpaid_invoices(work.bus().pool(), customer_id).await?;
    work.read_all::<InvoiceRules>(unpaid.iter().copied()).await?;
    for id in unpaid {
        if work.read::<InvoiceRules>(id).await?.state.known().is_some_and(suspends) {
            return Ok(true);
        }
    }
    Ok(false)
}
