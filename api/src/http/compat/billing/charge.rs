//! Having invoices charged: which, and what came of it.

use std::time::Duration;

use commands::payment::{PayInvoice, pay_one};
use commands::{Bus, Context, Rejection};
use domain::ids;
use domain::invoice::InvoiceRules;
use futures::{StreamExt, TryStreamExt, stream};
use tokio::task::JoinHandle;
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

/// Payments that are being started, in a task that outlives the request.
pub type Starting = JoinHandle<Result<(), Problem>>;

impl Billing {
    /// Has the invoices charged that are of this status now. What is not started when the process ends stays as it is, for
    /// the next call.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn charge(self, context: Context, status: Status) -> Result<(Vec<Shown>, Starting), Refused> {
        let mut invoices = self.issued().await?;
        invoices.retain(|invoice| invoice.status == status);
        let payments: Vec<PayInvoice> = invoices.iter().map(payment).collect();
        let (bus, stop) = (self.api.bus.clone(), self.shutdown);
        let starting = self.tasks.spawn(async move {
            let payments = stream::iter(payments).take_until(stop.cancelled_owned());
            let started = payments.map(|payment| start(&bus, &context, payment)).buffer_unordered(AT_ONCE);
            let outcome: Result<(), Problem> = started.try_collect().await;
            if let Err(problem) = &outcome {
                tracing::warn!(?problem, "an older client's charges were not all started");
            }
            outcome
        });
        Ok((invoices, starting))
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
