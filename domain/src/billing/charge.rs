//! One thing to charge: seats of a subscription over a range of days, at the prices of their term.

use std::ops::RangeInclusive;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{DayFactor, Exact, Period};
use crate::dates::add_months;
use crate::service::BillingCycle;
use crate::subscription::{SubscriptionRenewed, SubscriptionStarted};
use crate::{Money, Refusal, UnitPrice};

/// What a charge is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeKind {
    /// The first cycle of all.
    New,
    /// The first cycle of a further term.
    Renew,
    /// A later cycle of a term.
    Cycle,
    /// Seats more, for the rest of a cycle; as in the next two, credits are negative quantities.
    Increase,
    Decrease,
    /// All seats, for the rest of a cycle.
    Cancel,
    /// What the provider gave back of itself, passed on.
    Credit,
}

impl ChargeKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Renew => "renew",
            Self::Cycle => "cycle",
            Self::Increase => "increase",
            Self::Decrease => "decrease",
            Self::Cancel => "cancel",
            Self::Credit => "credit",
        }
    }
}

/// What is fixed for a term, per seat and cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Prices {
    pub unit_price: UnitPrice,
    /// What the customer's reseller pays; absent when it had none.
    pub reseller_unit_price: Option<UnitPrice>,
    /// In the provider's currency.
    pub unit_cost: Money,
    /// The billed party's discount applies: the price is not a fixed one.
    pub discountable: bool,
}

impl From<&SubscriptionStarted> for Prices {
    fn from(started: &SubscriptionStarted) -> Self {
        Self {
            unit_price: started.unit_price,
            reseller_unit_price: started.reseller_unit_price,
            unit_cost: started.unit_cost,
            discountable: started.discountable,
        }
    }
}

impl From<&SubscriptionRenewed> for Prices {
    fn from(renewed: &SubscriptionRenewed) -> Self {
        Self {
            unit_price: renewed.unit_price,
            reseller_unit_price: renewed.reseller_unit_price,
            unit_cost: renewed.unit_cost,
            discountable: renewed.discountable,
        }
    }
}

/// What is charged for: a subscription, and whose it was when it started.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    pub subscription_id: Uuid,
    pub provider_subscription_id: String,
    pub order_id: Uuid,
    pub account_id: Uuid,
    pub customer_id: Uuid,
    pub service_name: String,
    /// The provider's name of the service.
    pub sku: String,
}

impl From<&SubscriptionStarted> for Subject {
    fn from(started: &SubscriptionStarted) -> Self {
        Self {
            subscription_id: started.subscription_id,
            provider_subscription_id: started.provider_subscription_id.clone(),
            order_id: started.order_id,
            account_id: started.account_id,
            customer_id: started.customer_id,
            service_name: started.service_name.clone(),
            sku: started.sku.clone(),
        }
    }
}

/// Names a charge for ever: later events add charges and never rename one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ChargeKey {
    pub subscription_id: Uuid,
    pub kind: ChargeKind,
    pub from: NaiveDate,
    /// How many of this kind the day already had.
    pub n: u32,
}

impl ChargeKey {
    /// Every name under which a document may have this charge. A subscription has one first cycle, and where that was
    /// paid in advance it is there under the day of payment: the provider may start it on another.
    pub const fn names(&self) -> RangeInclusive<Self> {
        match self.kind {
            ChargeKind::New if self.n == 0 => {
                Self { from: NaiveDate::MIN, ..*self }..=Self { from: NaiveDate::MAX, ..*self }
            }
            ChargeKind::New
            | ChargeKind::Renew
            | ChargeKind::Cycle
            | ChargeKind::Increase
            | ChargeKind::Decrease
            | ChargeKind::Cancel
            | ChargeKind::Credit => *self..=*self,
        }
    }
}

/// Seats to charge; nothing is rounded yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charge {
    pub key: ChargeKey,
    /// The first day after it; `key.from` is its first.
    pub to: NaiveDate,
    /// Seats; negative where they are credited.
    pub quantity: i64,
    /// The charged part of the cycle.
    pub factor: DayFactor,
    pub prices: Prices,
}

impl Charge {
    /// A first cycle that is charged before the subscription exists, as a prepaid order does.
    pub fn prepaid(
        subscription_id: Uuid,
        from: NaiveDate,
        cycle: BillingCycle,
        quantity: u32,
        prices: Prices,
    ) -> Option<Self> {
        let to = add_months(from, cycle.months());
        let factor = DayFactor::of_days(&(from..to), &(from..to))?;
        let key = ChargeKey { subscription_id, kind: ChargeKind::New, from, n: 0 };
        Some(Self { key, to, quantity: quantity.into(), factor, prices })
    }

    /// The month it is billed with: that of its first day.
    pub fn period(&self) -> Period {
        Period::of(self.key.from)
    }

    /// `quantity × unit price × days ÷ days in the cycle`, still exact.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when it cannot be represented.
    pub fn at(&self, price: UnitPrice) -> Result<Exact, Refusal> {
        Exact::of(price.amount()).times(self.quantity.into())?.part(self.factor)
    }

    /// What the provider is expected to ask, rounded, in its currency.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when it cannot be represented.
    pub fn cost(&self) -> Result<Money, Refusal> {
        self.at(self.prices.unit_cost.into())?.money(self.prices.unit_cost.currency())
    }
}
