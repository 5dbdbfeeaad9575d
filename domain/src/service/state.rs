//! What a service is, folded from its events.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Offer, ServiceEvent};
use crate::Money;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceState {
    /// Never in the catalogue.
    #[default]
    Unknown,
    Known(Box<Service>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    pub id: Uuid,
    pub provider: String,
    pub sku: String,
    pub offer: Offer,
    /// What the provider advises to ask per seat and billing cycle.
    pub list_price: Money,
    /// What the provider asks per seat and billing cycle.
    pub unit_cost: Money,
    pub status: ServiceStatus,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ServiceStatus {
    Active,
    /// Cannot be ordered or increased; what runs, runs to its end.
    Withdrawn,
}

impl ServiceStatus {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Withdrawn => "withdrawn",
        }
    }
}

impl ServiceState {
    /// The service, if the catalogue ever had it.
    pub fn known(&self) -> Option<&Service> {
        match self {
            Self::Unknown => None,
            Self::Known(service) => Some(service),
        }
    }

    pub(super) fn evolve(&mut self, event: &ServiceEvent) {
        match (&mut *self, event) {
            (_, ServiceEvent::ServiceListed { service_id, provider, sku, offer, list_price, unit_cost }) => {
                *self = Self::Known(Box::new(Service {
                    id: *service_id,
                    provider: provider.clone(),
                    sku: sku.clone(),
                    offer: offer.clone(),
                    list_price: *list_price,
                    unit_cost: *unit_cost,
                    status: ServiceStatus::Active,
                }));
            }
            (Self::Known(service), ServiceEvent::ServiceChanged { offer }) => service.offer = offer.clone(),
            (Self::Known(service), ServiceEvent::ServicePriceChanged { list_price, unit_cost }) => {
                service.list_price = *list_price;
                service.unit_cost = *unit_cost;
            }
            (Self::Known(service), ServiceEvent::ServiceWithdrawn {}) => service.status = ServiceStatus::Withdrawn,
            // A stream begins with a listing; without one there is nothing to fold into.
            (
                Self::Unknown,
                ServiceEvent::ServiceChanged { .. }
                | ServiceEvent::ServicePriceChanged { .. }
                | ServiceEvent::ServiceWithdrawn {},
            ) => {}
        }
    }
}
