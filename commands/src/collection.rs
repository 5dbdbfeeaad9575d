//! Collecting what is due by itself, and dunning: reminding of what was not paid, suspending who does not pay, and
//! lifting that again.

mod attempt;
mod plan;
mod settle;
mod standing;
mod step;
mod timer;

pub use attempt::{CollectInvoice, run_collection};
pub(crate) use plan::{first_attempt, replan_in};
pub use settle::settle_dunning;
pub use step::{DunInvoice, run_dunning};
pub use timer::{is_collection_due, next_timer};

use domain::Refusal;
use domain::invoice::InvoiceRules;
use tracing::{debug, warn};

use crate::index::UnpaidInvoice;
use crate::{Bus, Command, Context, Failure, Key, Receipt, Rejection, Trace, bus};

/// Invoices looked up at once.
const PAGE: i64 = 200;
/// Invoices worked on at once.
const AT_ONCE: usize = 16;

/// Has something done about one invoice, where it is to be done. What is wrong with one invoice does not hold up the
/// others.
///
/// # Errors
/// [`Rejection`] when the log is busy or away.
async fn ask<C: Command>(bus: &Bus, invoice: &UnpaidInvoice, what: &str, command: &C) -> Result<(), Rejection> {
    match execute(bus, invoice, what, command).await {
        Ok(_) => Ok(()),
        Err(away @ (Rejection::Overloaded | Rejection::Unavailable)) => Err(away),
        // The index is not as far as the log: somebody else was faster, or it is not yet that day where it was issued.
        Err(Rejection::Refused(
            refusal @ (Refusal::InvalidState { .. } | Refusal::AlreadyPaid | Refusal::PaymentInProgress),
        )) => {
            debug!(invoice_id = %invoice.invoice_id, what, %refusal, "nothing is to be done");
            Ok(())
        }
        Err(rejection) => {
            warn!(invoice_id = %invoice.invoice_id, what, %rejection, "an invoice is left as it is");
            Ok(())
        }
    }
}

/// The key names the version that is acted on: whatever is done makes another one, so any number of callers do it once.
async fn execute<C: Command>(
    bus: &Bus,
    invoice: &UnpaidInvoice,
    what: &str,
    command: &C,
) -> Result<Receipt, Rejection> {
    let state = bus.current::<InvoiceRules>(invoice.invoice_id).await;
    let version = state.map_err(|error| bus::rejection(Failure::from(error)))?.version;
    let key = format!("invoice/{}/{what}/{version}", invoice.invoice_id);
    let trace = Trace { correlation_id: invoice.correlation_id.clone(), causation_id: key.clone(), traceparent: None };
    bus.execute(&Context::system("collection", bus.now(), Key::system(key), trace), command).await
}
