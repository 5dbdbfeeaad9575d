//! The closed set of everything that can happen.

use crate::AggregateType;
use crate::account::AccountEvent;
use crate::calendar::CalendarEvent;
use crate::customer::CustomerEvent;
use crate::decider::Fact;
use crate::drift::DriftEvent;
use crate::exchange_rates::ExchangeRatesEvent;
use crate::order::OrderEvent;
use crate::price_rule::PriceRuleEvent;
use crate::service::ServiceEvent;
use crate::subscription::SubscriptionEvent;

/// Every event of every aggregate. Adding a variant makes the compiler name each place that must know it.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    Customer(CustomerEvent),
    Account(AccountEvent),
    Service(ServiceEvent),
    PriceRule(PriceRuleEvent),
    Order(OrderEvent),
    Subscription(SubscriptionEvent),
    Drift(DriftEvent),
    Calendar(CalendarEvent),
    ExchangeRates(ExchangeRatesEvent),
}

impl Event {
    pub fn aggregate(&self) -> AggregateType {
        match self {
            Self::Customer(_) => AggregateType::Customer,
            Self::Account(_) => AggregateType::Account,
            Self::Service(_) => AggregateType::Service,
            Self::PriceRule(_) => AggregateType::PriceRule,
            Self::Order(_) => AggregateType::Order,
            Self::Subscription(_) => AggregateType::Subscription,
            Self::Drift(_) => AggregateType::Drift,
            Self::Calendar(_) => AggregateType::Calendar,
            Self::ExchangeRates(_) => AggregateType::ExchangeRates,
        }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Self::Customer(e) => e.name(),
            Self::Account(e) => e.name(),
            Self::Service(e) => e.name(),
            Self::PriceRule(e) => e.name(),
            Self::Order(e) => e.name(),
            Self::Subscription(e) => e.name(),
            Self::Drift(e) => e.name(),
            Self::Calendar(e) => e.name(),
            Self::ExchangeRates(e) => e.name(),
        }
    }

    pub fn version(&self) -> &'static str {
        match self {
            Self::Customer(e) => e.version(),
            Self::Account(e) => e.version(),
            Self::Service(e) => e.version(),
            Self::PriceRule(e) => e.version(),
            Self::Order(e) => e.version(),
            Self::Subscription(e) => e.version(),
            Self::Drift(e) => e.version(),
            Self::Calendar(e) => e.version(),
            Self::ExchangeRates(e) => e.version(),
        }
    }
}
