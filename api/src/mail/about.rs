//! What a letter is about, as it was when that happened.

mod invoice;
mod order;
mod payment;

use chrono::{DateTime, Utc};
use commands::seller::SellerEntity;
use documents::Language;
use domain::invoice::{DunningStep, Invoice, InvoiceRules, InvoiceStatus};
use domain::order::{Order, OrderRules, OrderStatus};
use domain::payment::{Payable, Payment, PaymentRules};
use domain::process::Mail;
use domain::{Decider, StreamId};
use event_log::stream::{self, Versioned};
use event_log::{LogError, Recorded};
use minijinja::value::Value;
use sqlx::PgPool;
use uuid::Uuid;

use super::recipient::Addressee;

/// Something that happened, and that somebody may want to be told of.
pub struct Happening {
    pub subject: Subject,
    /// Business time.
    pub at: DateTime<Utc>,
}

/// With everything its letter says.
pub enum Subject {
    Order(Box<Order>),
    Issued(Box<Invoice>),
    Overdue(Box<Invoice>, DunningStep),
    Received(Box<Payment>, Paid),
    Failed(Box<Payment>, Paid),
}

/// What a payment was for.
pub enum Paid {
    Invoice(Box<Invoice>),
    Order(Box<Order>),
}

/// What everything is said with.
pub struct Voice<'a> {
    pub language: Language,
    /// Who writes.
    pub seller: &'a SellerEntity,
    /// Where customers reach the API, without a slash at its end.
    pub public_url: Option<&'a str>,
}

impl Happening {
    /// `None` when there is nothing to tell, any more or at all.
    ///
    /// # Errors
    /// [`LogError`].
    pub async fn load(pool: &PgPool, mail: Mail, position: i64) -> Result<Option<Self>, LogError> {
        let stream = stream_of(mail);
        let events = stream::events(pool, stream.aggregate.name(), &stream.id, 0).await?;
        let Some(event) = events.iter().find(|event| event.position == position) else { return Ok(None) };
        let then = Then { position, command_id: event.command_id };
        let Some(subject) = subject(pool, mail, &events, then).await? else { return Ok(None) };
        let at = event.meta().map(|metadata| metadata.at).unwrap_or_default();
        Ok(Some(Self { subject, at }))
    }
}

fn stream_of(mail: Mail) -> StreamId {
    let aggregate = match mail {
        Mail::OrderConfirmed { .. } | Mail::OrderFailed { .. } => OrderRules::TYPE,
        Mail::InvoiceIssued { .. } | Mail::InvoiceOverdue { .. } => InvoiceRules::TYPE,
        Mail::PaymentSucceeded { .. } | Mail::PaymentFailed { .. } => PaymentRules::TYPE,
    };
    StreamId::new(aggregate, mail.subject_id())
}

async fn subject(pool: &PgPool, mail: Mail, events: &[Recorded], then: Then) -> Result<Option<Subject>, LogError> {
    Ok(match mail {
        Mail::OrderConfirmed { .. } | Mail::OrderFailed { .. } => {
            then.fold::<OrderRules>(events)?.known().cloned().map(Box::new).map(Subject::Order)
        }
        Mail::InvoiceIssued { .. } => {
            let stands = Then::LAST.fold::<InvoiceRules>(events)?.known().is_some_and(|now| !now.is_withdrawn());
            invoice(then.fold::<InvoiceRules>(events)?.known().filter(|_| stands)).map(Subject::Issued)
        }
        Mail::InvoiceOverdue { step, .. } => {
            let now = Then::LAST.fold::<InvoiceRules>(events)?;
            // Whoever has paid meanwhile is not reminded.
            let open = now.known().is_some_and(|now| now.status == InvoiceStatus::Issued);
            let then = then.fold::<InvoiceRules>(events)?;
            invoice(then.known().filter(|_| open)).map(|invoice| Subject::Overdue(invoice, step))
        }
        Mail::PaymentSucceeded { .. } => {
            paid(pool, events, then).await?.map(|(payment, paid)| Subject::Received(payment, paid))
        }
        Mail::PaymentFailed { .. } => {
            paid(pool, events, then).await?.map(|(payment, paid)| Subject::Failed(payment, paid))
        }
    })
}

fn invoice(invoice: Option<&Invoice>) -> Option<Box<Invoice>> {
    invoice.filter(|invoice| invoice.issue.is_some()).cloned().map(Box::new)
}

async fn paid(pool: &PgPool, events: &[Recorded], then: Then) -> Result<Option<(Box<Payment>, Paid)>, LogError> {
    let state = then.fold::<PaymentRules>(events)?;
    let Some(payment) = state.known() else { return Ok(None) };
    let paid = match payment.started.payable {
        Payable::Invoice(id) => invoice(then.load::<InvoiceRules>(pool, id).await?.known()).map(Paid::Invoice),
        Payable::Order(id) => then.load::<OrderRules>(pool, id).await?.known().cloned().map(Box::new).map(Paid::Order),
    };
    Ok(paid.map(|paid| (Box::new(payment.clone()), paid)))
}

/// A moment in the log: everything up to an event, and what was appended together with it.
#[derive(Clone, Copy)]
struct Then {
    position: i64,
    command_id: Uuid,
}

impl Then {
    const LAST: Self = Self { position: i64::MAX, command_id: Uuid::nil() };

    async fn load<D: Decider>(self, pool: &PgPool, id: Uuid) -> Result<D::State, LogError> {
        self.fold::<D>(&stream::events(pool, D::TYPE.name(), &id.to_string(), 0).await?)
    }

    fn fold<D: Decider>(self, events: &[Recorded]) -> Result<D::State, LogError> {
        let mut folded = Versioned::default();
        let by_then = |event: &&Recorded| event.position <= self.position || event.command_id == self.command_id;
        for event in events.iter().take_while(by_then) {
            stream::fold_one::<D>(&mut folded, event)?;
        }
        Ok(folded.state)
    }
}

impl Subject {
    /// Whom it concerns: who ordered, is billed, or pays.
    pub fn customer_id(&self) -> Uuid {
        match self {
            Self::Order(order) => order.details.customer_id,
            Self::Issued(invoice) | Self::Overdue(invoice, _) => invoice.contents.customer_id,
            Self::Received(payment, _) | Self::Failed(payment, _) => payment.started.customer_id,
        }
    }

    /// What it is among what a customer can be told of.
    pub fn topic(&self) -> &'static str {
        match self {
            Self::Order(order) => match order.status {
                OrderStatus::PartiallyFulfilled => "order.partially_fulfilled",
                OrderStatus::Failed => "order.failed",
                // No other order is told of.
                _ => "order.fulfilled",
            },
            Self::Issued(_) => "invoice.issued",
            Self::Overdue(..) => "invoice.overdue",
            Self::Received(..) => "payment.succeeded",
            Self::Failed(..) => "payment.failed",
        }
    }

    /// The order that waits to hear that its customer was told.
    pub fn order_id(&self) -> Option<Uuid> {
        match self {
            Self::Order(order) => Some(order.details.order_id),
            Self::Issued(_) | Self::Overdue(..) | Self::Received(..) | Self::Failed(..) => None,
        }
    }

    /// Who writes: the seller entity that sold it.
    pub fn seller_entity<'a>(&'a self, addressee: &'a Addressee) -> &'a str {
        match self {
            Self::Order(_) => &addressee.customer.seller_entity,
            Self::Issued(invoice) | Self::Overdue(invoice, _) => &invoice.contents.seller_entity,
            Self::Received(payment, _) | Self::Failed(payment, _) => &payment.started.seller_entity,
        }
    }

    /// The template, and what is filled in.
    pub fn words(&self, voice: &Voice<'_>, addressee: &Addressee) -> (&'static str, Value) {
        match self {
            Self::Order(order) => {
                let failed = order.status == OrderStatus::Failed;
                (if failed { "order_failed" } else { "order_confirmed" }, order::words(order, voice))
            }
            Self::Issued(invoice) => ("invoice_issued", invoice::issued(invoice, voice)),
            Self::Overdue(invoice, step) => {
                ("invoice_overdue", invoice::overdue(invoice, *step, voice, addressee.customer.kind))
            }
            Self::Received(payment, paid) => ("payment_succeeded", payment::received(payment, paid, voice)),
            Self::Failed(payment, paid) => ("payment_failed", payment::failed(payment, paid, voice)),
        }
    }
}

impl Voice<'_> {
    /// The day it is at the seller's.
    fn day(&self, at: DateTime<Utc>) -> String {
        self.language.day(self.seller.day_at(at))
    }

    fn link(&self, path: &str) -> Option<String> {
        self.public_url.map(|base| format!("{base}{path}"))
    }

    fn order_link(&self, id: Uuid) -> Option<String> {
        self.link(&format!("/v1/orders/{id}"))
    }

    fn invoice_link(&self, id: Uuid) -> Option<String> {
        self.link(&format!("/v1/invoices/{id}/document?format=pdf"))
    }
}
