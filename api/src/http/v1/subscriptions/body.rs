//! A subscription as the API shows it.

use chrono::{DateTime, NaiveDate, Utc};
use domain::subscription::{SubscriptionCore, SubscriptionRules, SubscriptionState};
use domain::{Money, UnitPrice};
use projections::subscriptions::Subscriptions;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::changes::ChangeBody;
use crate::http::v1::money::{MoneyBody, PriceBody};
use crate::http::v1::resource::{Head, Resource, View};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Subscription)]
pub struct SubscriptionBody {
    #[serde(flatten)]
    pub head: Head,
    pub customer_id: Uuid,
    pub account_id: Uuid,
    pub order_id: Uuid,
    pub service_id: Uuid,
    pub service_name: String,
    /// `active`, `suspended`, `cancelled` or `expired`.
    pub status: &'static str,
    pub suspended_by: Option<&'static str>,
    /// Seats.
    pub quantity: u32,
    pub licence_count: u32,
    /// Per seat and cycle, fixed for the running term.
    #[schema(value_type = PriceBody)]
    pub unit_price: UnitPrice,
    pub currency: &'static str,
    pub term: &'static str,
    pub billing_cycle: &'static str,
    /// Of the running term.
    pub starts_on: NaiveDate,
    /// The first day after the running term.
    pub ends_on: NaiveDate,
    /// `null`: at any time.
    pub cancellable_until: Option<DateTime<Utc>>,
    /// `null`: no seat may go before the renewal.
    pub reducible: Option<ReducibleBody>,
    pub renewal: RenewalBody,
    /// The request that is in flight.
    pub change: Option<ChangeBody>,
    pub provider: ProviderBody,
    /// Shown to the reseller it was made for and to staff.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<PriceBody>)]
    pub reseller_unit_price: Option<UnitPrice>,
    /// Staff only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MoneyBody>)]
    pub unit_cost: Option<Money>,
}

/// How far the quantity may go down at once.
#[derive(Debug, Serialize, ToSchema)]
pub struct ReducibleBody {
    pub to: u32,
    /// `null`: at any time.
    pub until: Option<DateTime<Utc>>,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct RenewalBody {
    /// `renew` or `expire`.
    pub action: &'static str,
    /// `null` follows the quantity of that day.
    pub quantity: Option<u32>,
    /// Whether the provider knows it.
    pub confirmed: bool,
}

#[derive(Debug, Serialize, ToSchema)]
pub struct ProviderBody {
    pub subscription_id: String,
}

/// The resource.
#[derive(Debug)]
pub struct SubscriptionResource;

impl Resource for SubscriptionResource {
    type Rules = SubscriptionRules;
    type Noun = Subscriptions;
    type Content = SubscriptionCore;
    type Body = SubscriptionBody;
    const PATH: &'static str = "/v1/subscriptions";

    fn of_state(state: &SubscriptionState) -> Option<&SubscriptionCore> {
        state.known().map(|subscription| &subscription.core)
    }

    fn of_row(state: &Option<SubscriptionCore>) -> Option<&SubscriptionCore> {
        state.as_ref()
    }

    fn body(core: &SubscriptionCore, head: Head, view: &View<'_>) -> SubscriptionBody {
        let started = &core.started;
        let reseller_price = view.sees_reseller_price(core.price_reseller());
        SubscriptionBody {
            head,
            customer_id: started.customer_id,
            account_id: started.account_id,
            order_id: started.order_id,
            service_id: started.service_id,
            service_name: started.service_name.clone(),
            status: core.status.name(),
            suspended_by: core.suspended_by.map(|by| by.name()),
            quantity: core.quantity,
            licence_count: core.licence_count,
            unit_price: core.unit_price,
            currency: core.unit_price.currency().code(),
            term: core.term.code(),
            billing_cycle: core.billing_cycle.code(),
            starts_on: core.starts_on,
            ends_on: core.ends_on,
            cancellable_until: core.cancellable_until(),
            reducible: core.reducible(view.now).map(|may| ReducibleBody { to: may.to, until: may.until }),
            renewal: RenewalBody {
                action: core.renewal.action.name(),
                quantity: core.renewal.quantity,
                confirmed: core.renewal.confirmed,
            },
            change: core.change.map(ChangeBody::from),
            provider: ProviderBody { subscription_id: started.provider_subscription_id.clone() },
            reseller_unit_price: core.reseller_unit_price.filter(|_| reseller_price),
            unit_cost: view.is_staff().then_some(core.unit_cost),
        }
    }
}
