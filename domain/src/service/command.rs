//! What a catalogue sync asks of a service.

use uuid::Uuid;

use super::Offer;
use crate::Money;

#[derive(Debug, Clone)]
#[expect(clippy::large_enum_variant, reason = "made once per request and passed by reference")]
pub enum ServiceCommand {
    /// The catalogue has it, like this.
    Sync(CatalogueItem),
    /// The catalogue no longer has it.
    Withdraw,
}

/// One item of the provider's catalogue, in our words.
#[derive(Debug, Clone, PartialEq)]
pub struct CatalogueItem {
    pub service_id: Uuid,
    pub provider: String,
    pub sku: String,
    pub offer: Offer,
    /// Per seat and billing cycle, like the cost.
    pub list_price: Money,
    pub unit_cost: Money,
}
