//! What can happen to a service of the provider's catalogue.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::Offer;
use crate::Money;
use crate::decider::facts;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum ServiceEvent {
    /// In the catalogue for the first time, or again after a withdrawal.
    ServiceListed {
        service_id: Uuid,
        provider: String,
        sku: String,
        offer: Offer,
        list_price: Money,
        unit_cost: Money,
    },
    /// Anything but its prices differs.
    ServiceChanged {
        offer: Offer,
    },
    ServicePriceChanged {
        list_price: Money,
        unit_cost: Money,
    },
    /// No longer in the catalogue.
    ServiceWithdrawn {},
}

facts!(ServiceEvent in Service {
    ServiceListed "1.0", ServiceChanged "1.0", ServicePriceChanged "1.0", ServiceWithdrawn "1.0"
});
