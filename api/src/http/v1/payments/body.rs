//! A payment as the API shows it.

use axum::http::{HeaderValue, header};
use axum::response::Response;
use chrono::{DateTime, NaiveDate, Utc};
use commands::bus::ReceiptBody;
use commands::{Context, Receipt};
use domain::payment::{Payable, Payment, PaymentRules, PaymentState, Refund};
use domain::{Actor, Money, PersonalRef, Role};
use projections::payments::Payments;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::api::Api;
use crate::http::problem::Problem;
use crate::http::v1::money::MoneyBody;
use crate::http::v1::resource::{Head, Resource, View, text};

/// One attempt to move money for an invoice or a prepaid order.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Payment)]
pub struct PaymentBody {
    #[serde(flatten)]
    pub head: Head,
    /// Who pays.
    pub customer_id: Uuid,
    /// What it is for; absent with an order.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_id: Option<Uuid>,
    /// The prepaid order it is for; absent with an invoice.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_id: Option<Uuid>,
    #[schema(value_type = MoneyBody)]
    pub amount: Money,
    /// `wallet`, `token`, or `outside` for money that came in without one.
    #[schema(example = "wallet")]
    pub gateway: &'static str,
    /// `started`, `succeeded`, `declined`, `unreachable` (nothing was charged), `expired` (nothing was charged) or
    /// `unknown` (it may have been charged, and is being found out).
    #[schema(example = "declined")]
    pub status: &'static str,
    /// Why it did not succeed: `insufficient_balance`, `customer_not_found`, `currency_mismatch` or `other` where it was
    /// declined, `unreachable`, `expired`, `no_answer` or `mismatch` (another amount or currency) where nobody knows.
    #[schema(example = "insufficient_balance")]
    pub reason: Option<&'static str>,
    /// Nobody asked for it: it was due, or to be tried again.
    pub automatic: bool,
    /// The book date of a success.
    pub received_on: Option<NaiveDate>,
    /// What went back of it.
    #[schema(value_type = MoneyBody)]
    pub refunded: Money,
    pub refunds: Vec<RefundBody>,
    /// When it came to its end; `null` while it is started or unknown.
    pub settled_at: Option<DateTime<Utc>>,
    /// What money from outside was sent with; `null` otherwise, and after erasure. Staff only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reference: Option<Option<String>>,
    /// By what an operator found out what nobody knew; `null` otherwise, and after erasure. Staff only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<Option<String>>,
}

/// Money that goes back.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Refund)]
pub struct RefundBody {
    pub id: Uuid,
    #[schema(value_type = MoneyBody)]
    pub amount: Money,
    /// `started`, `succeeded`, `failed` (it is to the customer's credit again) or `unknown`.
    #[schema(example = "succeeded")]
    pub status: &'static str,
}

/// The resource.
#[derive(Debug)]
pub struct PaymentResource;

impl Resource for PaymentResource {
    type Rules = PaymentRules;
    type Noun = Payments;
    type Content = Payment;
    type Body = PaymentBody;
    const PATH: &'static str = "/v1/payments";

    fn of_state(state: &PaymentState) -> Option<&Payment> {
        state.known()
    }

    fn of_row(state: &PaymentState) -> Option<&Payment> {
        state.known()
    }

    fn personal(payment: &Payment) -> Vec<PersonalRef> {
        payment.started.reference.into_iter().chain(payment.evidence).collect()
    }

    /// How its end customers pay is nothing to a reseller.
    fn may_read(payment: &Payment, actor: &Actor) -> bool {
        actor.role != Role::Reseller || actor.customer_id == Some(payment.started.customer_id)
    }

    fn body(payment: &Payment, head: Head, view: &View<'_>) -> PaymentBody {
        let started = &payment.started;
        let (invoice_id, order_id) = match started.payable {
            Payable::Invoice(id) => (Some(id), None),
            Payable::Order(id) => (None, Some(id)),
        };
        let words = |reference: Option<PersonalRef>, name| {
            view.is_staff().then(|| reference.and_then(|reference| text(view.fields(reference), name)))
        };
        PaymentBody {
            head,
            customer_id: started.customer_id,
            invoice_id,
            order_id,
            amount: started.amount,
            gateway: started.means.name(),
            status: payment.status.name(),
            reason: payment.status.reason(),
            automatic: started.automatic,
            received_on: payment.received_on,
            // Of refunds that were decided, so that they fit.
            refunded: payment.refunded().unwrap_or(Money::zero(started.amount.currency())),
            refunds: payment.refunds.iter().map(RefundBody::from).collect(),
            settled_at: payment.settled_at,
            reference: words(started.reference, "reference"),
            evidence: words(payment.evidence, "evidence"),
        }
    }
}

impl From<&Refund> for RefundBody {
    fn from(refund: &Refund) -> Self {
        Self { id: refund.id, amount: refund.amount, status: refund.status.name() }
    }
}

/// A payment that has been started, and where to see what comes of it.
///
/// # Errors
/// As [`Api::answer`].
pub async fn started(api: &Api, context: &Context, receipt: Receipt) -> Result<Response, Problem> {
    let ReceiptBody::Resource { stream, .. } = &receipt.answer else { return Err(Problem::internal()) };
    let location = HeaderValue::try_from(format!("{}/{}", PaymentResource::PATH, stream.id));
    let location = location.map_err(|_| Problem::internal())?;
    let mut response = api.answer::<PaymentResource>(context, receipt).await?;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}
