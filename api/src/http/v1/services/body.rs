//! A service as the API shows it to one caller.

use domain::pricing::Quote;
use domain::service::Service;
use domain::{Money, UnitPrice};
use event_log::stream::Versioned;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::v1::money::{MoneyBody, PriceBody};
use crate::http::v1::resource::Head;

#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Service)]
pub struct ServiceBody {
    #[serde(flatten)]
    pub head: Head,
    pub sku: String,
    pub name: String,
    pub description: String,
    pub publisher: String,
    /// `P1M`, `P1Y` or `P3Y`.
    pub term: &'static str,
    /// `P1M` or `P1Y`.
    pub billing_cycle: &'static str,
    /// Seats, both inclusive.
    pub min_quantity: u32,
    pub max_quantity: u32,
    /// Hours after start or renewal; `null` is always.
    pub cancellation_window_hours: Option<u32>,
    pub features: Vec<String>,
    /// `active` or `withdrawn`.
    pub status: &'static str,
    /// Per seat and cycle, for the caller or the customer named; `null` when there is none.
    #[schema(value_type = Option<PriceBody>)]
    pub unit_price: Option<UnitPrice>,
    #[schema(value_type = MoneyBody)]
    pub list_price: Money,
    /// What the reseller pays; shown to it and to staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<PriceBody>)]
    pub reseller_unit_price: Option<UnitPrice>,
    /// Staff only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MoneyBody>)]
    pub unit_cost: Option<Money>,
}

/// What of a price the caller may see.
#[derive(Debug, Clone, Copy)]
pub struct Sees {
    pub reseller_price: bool,
    pub cost: bool,
}

impl ServiceBody {
    pub fn of<S>(service: &Service, folded: &Versioned<S>, quote: Option<Quote>, sees: Sees) -> Self {
        let offer = &service.offer;
        Self {
            head: Head::of(service.id, folded, sees.cost),
            sku: service.sku.clone(),
            name: offer.name.clone(),
            description: offer.description.clone(),
            publisher: offer.publisher.clone(),
            term: offer.term.code(),
            billing_cycle: offer.billing_cycle.code(),
            min_quantity: offer.min_quantity,
            max_quantity: offer.max_quantity,
            cancellation_window_hours: offer.cancellation_window_hours,
            features: offer.features.clone(),
            status: service.status.name(),
            unit_price: quote.as_ref().map(|quote| quote.unit_price),
            list_price: service.list_price,
            reseller_unit_price: quote.and_then(|quote| quote.reseller_unit_price).filter(|_| sees.reseller_price),
            unit_cost: sees.cost.then_some(service.unit_cost),
        }
    }
}
