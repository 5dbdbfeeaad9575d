//! When an invoice is collected by itself follows from its customer's terms.

use chrono::{DateTime, NaiveDate, Utc};
use domain::customer::Collection;
use domain::invoice::{Invoice, InvoiceCommand, InvoiceRules};
use uuid::Uuid;

use crate::seller::SellerEntity;
use crate::{Failure, Work, index};

/// When the day it is due on begins, where it is collected by itself.
pub(crate) fn first_attempt(terms: Collection, entity: &SellerEntity, due_on: NaiveDate) -> Option<DateTime<Utc>> {
    match terms {
        Collection::Automatic => due_on.pred_opt().map(|before| entity.end_of(before)),
        Collection::Manual => None,
    }
}

/// A customer's terms have changed to those: plans the collection of what it has not paid, or ends it.
///
/// # Errors
/// [`Failure::Log`].
pub(crate) async fn replan_in(work: &mut Work<'_>, customer: Uuid, terms: Collection) -> Result<(), Failure> {
    let unpaid = index::unpaid_invoices(work.bus().pool(), customer).await?;
    work.read_all::<InvoiceRules>(unpaid.iter().copied()).await?;
    for id in unpaid {
        let state = work.read::<InvoiceRules>(id).await?;
        if let Some(invoice) = state.state.known() {
            plan_in(work, invoice, terms).await?;
        }
    }
    Ok(())
}

/// What is planned already stays so, and what was due before is tried now.
pub(super) async fn plan_in(work: &mut Work<'_>, invoice: &Invoice, terms: Collection) -> Result<(), Failure> {
    let entity = work.bus().seller().entity(&invoice.contents.seller_entity);
    let first = invoice.issue.as_ref().and_then(|issue| first_attempt(terms, entity, issue.due_on));
    let at = first.map(|first| invoice.collection.next_at.unwrap_or(first.max(work.context.at)));
    let plan = InvoiceCommand::PlanCollection { at };
    work.decide::<InvoiceRules>(invoice.id(), &plan, Some(invoice.contents.customer_id)).await
}
