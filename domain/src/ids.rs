//! Ids made from natural keys: doing a thing twice meets the same stream.

use uuid::Uuid;

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
