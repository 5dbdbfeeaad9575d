//! Payments: rows and queries.

use domain::payment::{Payable, Payment, PaymentRules, PaymentState};
use domain::{AggregateType, Event, ids};
use event_log::stream::Versioned;
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgPool};
use uuid::Uuid;

use crate::listing::Listing;
use crate::model::BILLING;
use crate::noun::{self, Noun};
use crate::page::{Page, Row, Scope, Shown};
use crate::upsert::Upsert;

#[derive(Debug)]
pub struct Payments;

impl Noun for Payments {
    const TYPE: AggregateType = AggregateType::Payment;
    const TABLE: &'static str = "read_payments";
    const MODEL: &'static str = BILLING;
    type State = PaymentState;

    fn evolve(state: &mut PaymentState, event: &Event) {
        noun::evolve::<PaymentRules>(state, event);
    }

    fn write<'a>(
        tx: &'a mut PgConnection,
        generation: i32,
        rows: &'a [(Uuid, &'a Versioned<PaymentState>)],
    ) -> BoxFuture<'a, Result<(), sqlx::Error>> {
        let rows = Upsert::of::<Self>(generation, rows, PaymentState::known)
            .owned_by(|payment| payment.started.customer_id, |payment| payment.started.reseller_id)
            .fixed("invoice_id", invoice)
            .fixed("order_id", order)
            .changing("status", |payment| payment.status.name());
        Box::pin(rows.write(tx))
    }
}

/// What it pays, or would pay: also the invoice that a prepaid order gets with its payment.
fn invoice(payment: &Payment) -> Uuid {
    match payment.started.payable {
        Payable::Invoice(id) => id,
        Payable::Order(id) => ids::order_invoice(id),
    }
}

const fn order(payment: &Payment) -> Option<Uuid> {
    match payment.started.payable {
        Payable::Invoice(_) => None,
        Payable::Order(id) => Some(id),
    }
}

/// What to list. Empty and absent parts do not filter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    pub customer_id: Option<Uuid>,
    /// Also those of the order that it is the invoice of.
    pub invoice_id: Option<Uuid>,
    pub order_id: Option<Uuid>,
    pub status: Vec<String>,
    /// Only rows born before this one.
    pub before: Option<i64>,
    pub limit: i64,
}

/// A page of payments, newest first. In the scope of a customer its own only: how its end customers pay is nothing to a
/// reseller.
///
/// # Errors
/// Any database error.
pub async fn list(pool: &PgPool, scope: Scope, filter: &Filter) -> Result<Shown<Page<Row<PaymentState>>>, sqlx::Error> {
    Listing::<Payments>::of(Scope { customer: None })
        .equals("customer_id", scope.customer)
        .equals("customer_id", filter.customer_id)
        .equals("invoice_id", filter.invoice_id)
        .equals("order_id", filter.order_id)
        .one_of("status", &filter.status)
        .page(pool, filter.before, filter.limit)
        .await
}
