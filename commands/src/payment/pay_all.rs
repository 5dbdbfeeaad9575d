//! Having everything paid that is owed.

use domain::invoice::{InvoiceRules, InvoiceStatus};
use domain::{Refusal, ids};
use futures::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use uuid::Uuid;

use super::answer;
use super::start::{self, PayInvoice, known};
use crate::under_way::Begun;
use crate::work::AnswerBody;
use crate::{Answer, Bus, Command, Context, Failure, Key, Operation, Receipt, Rejection, Work, bus, index};

/// Invoices looked up at once.
const PAGE: i64 = 200;
/// Invoices tried at once.
const AT_ONCE: usize = 16;

/// Starts a payment for every issued invoice with something left to pay and no open payment, due or not. The answer says
/// how many were started, and how many had an open one already.
///
/// Each has a key that follows from the request's: when the request is made again, also after a crash in its middle,
/// what it started before is not started again. What was answered is answered again.
///
/// # Errors
/// [`Rejection`]; what was started before it stays so.
pub async fn pay_all(bus: &Bus, context: &Context) -> Result<Receipt, Rejection> {
    let turn = match bus.begin(&context.key).await? {
        Begun::First(turn) => turn,
        Begun::Done(kept) => return Ok(kept),
    };
    if let Some(kept) = bus.kept(&context.key).await? {
        return Ok(kept);
    }
    let mut all = PaidAll { attempted: 0, skipped: 0 };
    let mut after = None;
    loop {
        let open = index::all_open_invoices(bus.pool(), after, PAGE).await;
        let open = open.map_err(|error| bus::rejection(Failure::from(error)))?;
        let Some(last) = open.last() else { break };
        after = Some(*last);
        let paying = stream::iter(open).map(|id| pay(bus, context, id)).buffer_unordered(AT_ONCE);
        let tried: Vec<Tried> = paying.try_collect().await?;
        tried.into_iter().for_each(|tried| all.count(tried));
    }
    let context = Context { if_match: None, ..context.clone() };
    bus.execute_in(Some(turn), &context, &all).await
}

/// What came of one invoice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tried {
    /// Now, or by the same request before.
    Started,
    /// It is being paid already.
    Skipped,
    /// Nobody waits for its money any more.
    Settled,
}

async fn pay(bus: &Bus, context: &Context, invoice_id: Uuid) -> Result<Tried, Rejection> {
    let payment_id = ids::payment_of(context.key.id(), invoice_id);
    match pay_one(bus, context, PayInvoice { payment_id, invoice_id, automatic: false }).await {
        Ok(_) => Ok(Tried::Started),
        Err(Rejection::Refused(Refusal::PaymentInProgress)) => Ok(Tried::Skipped),
        Err(Rejection::Refused(_)) => Ok(Tried::Settled),
        Err(rejection) => Err(rejection),
    }
}

/// Starts one of many payments that are asked for together; its key follows from its id.
///
/// # Errors
/// [`Rejection`].
pub async fn pay_one(bus: &Bus, context: &Context, payment: PayInvoice) -> Result<Receipt, Rejection> {
    let key = Key::system(format!("payment/{}/start", payment.payment_id));
    let context = Context { key, if_match: None, ..context.clone() };
    bus.execute(&context, &PayOne(payment)).await
}

/// One of all. What is given up is not asked for again.
struct PayOne(PayInvoice);

impl Command for PayOne {
    const OPERATION: Operation = Operation::PayInvoices;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let invoice = work.read::<InvoiceRules>(self.0.invoice_id).await?;
        match known(&invoice)?.status {
            InvoiceStatus::Issued => {}
            status => return Err(Refusal::InvalidState { state: status.name() }.into()),
        }
        start::start_in(work, &self.0).await?;
        Ok(answer(202, self.0.payment_id))
    }
}

/// Keeps what is answered.
struct PaidAll {
    attempted: u64,
    skipped: u64,
}

impl PaidAll {
    fn count(&mut self, tried: Tried) {
        match tried {
            Tried::Started => self.attempted += 1,
            Tried::Skipped => self.skipped += 1,
            Tried::Settled => {}
        }
    }
}

impl Command for PaidAll {
    const OPERATION: Operation = Operation::PayInvoices;

    async fn run(&self, _work: &mut Work<'_>) -> Result<Answer, Failure> {
        let Self { attempted, skipped } = self;
        Ok(Answer { status: 202, body: AnswerBody::Other(json!({ "attempted": attempted, "skipped": skipped })) })
    }
}
