//! Having invoices charged: which, and what came of it.

use std::time::Duration;

use commands::payment::{PayInvoice, pay_one};
use commands::{Bus, Context, Rejection};
use domain::ids;
use domain::invoice::InvoiceRules;
use futures::{StreamExt, TryStreamExt, stream};
use uuid::Uuid;

use super::Billing;
use super::answer::Refused;
use super::body::Status;
use super::invoices::Shown;
use crate::http::problem::Problem;

/// Payments started at once.
const AT_ONCE: usize = 16;
/// How often an invoice is looked at while somebody waits for it.
const LOOK: Duration = Duration::from_millis(50);

impl Billing {
    /// The invoices of that status, as of now.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn with_status(&self, status: Status) -> Result<Vec<Shown>, Refused> {
        let mut shown = self.issued().await?;
        shown.retain(|invoice| invoice.status == status);
        Ok(shown)
    }

    /// Starts their payments in a task of its own, which outlives the request. What is not started when the process ends
    /// stays as it is, for the next call.
    pub fn charge(&self, context: Context, invoices: &[Shown]) -> tokio::task::JoinHandle<Result<(), Problem>> {
        let payments: Vec<PayInvoice> = invoices.iter().map(payment).collect();
        let (bus, stop) = (self.api.bus.clone(), self.shutdown.clone());
        self.tasks.spawn(async move {
            let payments = stream::iter(payments).take_until(stop.cancelled_owned());
            let outcome =
                payments.map(|payment| start(&bus, &context, payment)).buffer_unordered(AT_ONCE).try_collect();
            let outcome: Result<(), Problem> = outcome.await;
            if let Err(problem) = &outcome {
                tracing::warn!(?problem, "an older client's charges were not all started");
            }
            outcome
        })
    }

    /// Whether all of them are paid, once none is pending any more; not before somebody knows.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn are_paid(&self, invoices: &[Shown]) -> Result<bool, Problem> {
        for Shown { invoice_id, .. } in invoices {
            loop {
                match self.status(*invoice_id).await? {
                    Some(Status::Paid) => break,
                    Some(Status::Pending) => tokio::time::sleep(LOOK).await,
                    Some(_) | None => return Ok(false),
                }
            }
        }
        Ok(true)
    }

    async fn status(&self, invoice_id: Uuid) -> Result<Option<Status>, Problem> {
        let invoice = self.api.bus.current::<InvoiceRules>(invoice_id).await?;
        Ok(invoice.state.known().and_then(Status::of))
    }
}

/// The next attempt has one id, whoever makes it: of two calls at once both mean the same payment.
fn payment(invoice: &Shown) -> PayInvoice {
    let Shown { invoice_id, attempts, .. } = *invoice;
    PayInvoice { payment_id: ids::automatic_payment(invoice_id, attempts), invoice_id, automatic: false }
}

/// One that is being paid already, or is settled by now, is left alone.
async fn start(bus: &Bus, context: &Context, payment: PayInvoice) -> Result<(), Problem> {
    match pay_one(bus, context, payment).await {
        Ok(_) | Err(Rejection::Refused(_)) => Ok(()),
        Err(rejection) => Err(rejection.into()),
    }
}
