//! Ids made from natural keys: doing a thing twice meets the same stream.

use chrono::NaiveDate;
use uuid::Uuid;

use crate::Currency;
use crate::billing::{ChargeKind, Period};

/// The namespace of every derived id.
const NAMESPACE: Uuid = Uuid::from_u128(0x6f1c_9a52_8e0b_5d3f_9c41_27b1_04c6_d0aa);

/// The UUIDv5 of a natural key whose parts are joined by a separator that no part contains.
pub fn derived(parts: &[&str]) -> Uuid {
    Uuid::new_v5(&NAMESPACE, parts.join("\u{1f}").as_bytes())
}

pub fn service(provider: &str, sku: &str) -> Uuid {
    derived(&["service", provider, sku])
}

/// `line` counts from 1.
pub fn subscription(order: Uuid, line: u32) -> Uuid {
    derived(&["subscription", &order.to_string(), &line.to_string()])
}

/// `ordinal` counts from 1 and is never reused within a subscription.
pub fn licence(subscription: Uuid, ordinal: u32) -> Uuid {
    derived(&["licence", &subscription.to_string(), &ordinal.to_string()])
}

/// The operation id of an effect: `n` tells apart the effects of one event.
pub fn effect(process: &str, position: i64, n: u32) -> Uuid {
    derived(&["effect", process, &position.to_string(), &n.to_string()])
}

/// A difference: one per provider's subscription, field and revision. A subscription that is missing there counts by the
/// revision we know of it.
pub fn drift(provider_subscription: &str, field: &str, revision: i64) -> Uuid {
    derived(&["drift", provider_subscription, field, &revision.to_string()])
}

/// The subject under which personal data of one kind of one owner is kept.
pub fn subject(owner: Uuid, what: &str) -> Uuid {
    derived(&["subject", &owner.to_string(), what])
}

/// The key under which the outcome of a client's command is kept for ever.
pub fn outcome(tenant: &str, key: &str) -> Uuid {
    derived(&["outcome", tenant, key])
}

/// The stream that holds the exchange rates of one pair; the codes are those of ISO 4217.
pub fn exchange_rates(base: &str, quote: &str) -> Uuid {
    derived(&["exchange_rates", base, quote])
}

/// The stream that holds one author's price rules of one scope.
pub fn price_scope(author: &str, customer: Option<Uuid>, reseller: Option<Uuid>, service: Option<Uuid>) -> Uuid {
    let part = |id: Option<Uuid>| id.map_or_else(|| "-".to_owned(), |id| id.to_string());
    derived(&["price_scope", author, &part(customer), &part(reseller), &part(service)])
}

/// What a month is run for at a seller entity, without anybody asking.
pub fn billing_run(entity: &str, period: Period) -> Uuid {
    derived(&["billing_run", entity, &period.to_string()])
}

/// `n` counts those before it, of the same party, currency and period, that were voided or discarded.
pub fn period_invoice(customer: Uuid, currency: Currency, period: Period, n: u32) -> Uuid {
    derived(&["period_invoice", &customer.to_string(), currency.code(), &period.to_string(), &n.to_string()])
}

/// Of a period in which more was credited than charged; `n` as that of the invoice in whose place it is.
pub fn period_credit_note(customer: Uuid, currency: Currency, period: Period, n: u32) -> Uuid {
    derived(&["period_credit_note", &customer.to_string(), currency.code(), &period.to_string(), &n.to_string()])
}

/// The stream of a customer's balance in one currency.
pub fn balance(customer: Uuid, currency: Currency) -> Uuid {
    derived(&["balance", &customer.to_string(), currency.code()])
}

/// The stream of a reseller's commission in one currency.
pub fn commission_account(reseller: Uuid, currency: Currency) -> Uuid {
    derived(&["commission_account", &reseller.to_string(), currency.code()])
}

/// The `n`th attempt to have an invoice paid, counted from 0, that is made by itself.
pub fn automatic_payment(invoice: Uuid, n: u32) -> Uuid {
    derived(&["automatic_payment", &invoice.to_string(), &n.to_string()])
}

/// What one request to pay everything means for one invoice.
pub fn payment_of(request: Uuid, invoice: Uuid) -> Uuid {
    derived(&["payment_of", &request.to_string(), &invoice.to_string()])
}

/// The invoice of a prepaid order.
pub fn order_invoice(order: Uuid) -> Uuid {
    derived(&["order_invoice", &order.to_string()])
}

/// What gives back the lines of a prepaid order that came to nothing.
pub fn order_credit_note(order: Uuid) -> Uuid {
    derived(&["order_credit_note", &order.to_string()])
}

/// The refund of a payment that nothing was left to pay with.
pub fn refund(payment: Uuid) -> Uuid {
    derived(&["refund", &payment.to_string()])
}

/// What a credit note sends back over one of the payments it gives back.
pub fn credit_refund(credit_note: Uuid, payment: Uuid) -> Uuid {
    derived(&["credit_refund", &credit_note.to_string(), &payment.to_string()])
}

/// What a line of a document brings to a commission account; `kind` tells earning it from giving it back.
pub fn commission(kind: &str, document: Uuid, line: u32) -> Uuid {
    derived(&["commission", kind, &document.to_string(), &line.to_string()])
}

pub fn commission_statement(reseller: Uuid, currency: Currency, period: Period) -> Uuid {
    derived(&["commission_statement", &reseller.to_string(), currency.code(), &period.to_string()])
}

/// One way in which the provider's bill and ours differ; `what` tells apart those of one subscription, kind and day.
pub fn discrepancy(provider_subscription: &str, charge: ChargeKind, from: NaiveDate, what: &str) -> Uuid {
    derived(&["discrepancy", provider_subscription, charge.name(), &from.to_string(), what])
}
