//! The closed set of everything that can happen.

use crate::AggregateType;
use crate::account::AccountEvent;
use crate::balance::BalanceEvent;
use crate::billing_run::BillingRunEvent;
use crate::calendar::CalendarEvent;
use crate::charge_ledger::ChargeLedgerEvent;
use crate::commission_account::CommissionAccountEvent;
use crate::credit_note::CreditNoteEvent;
use crate::customer::CustomerEvent;
use crate::decider::Fact;
use crate::drift::DriftEvent;
use crate::exchange_rates::ExchangeRatesEvent;
use crate::invoice::InvoiceEvent;
use crate::notification_preferences::NotificationPreferencesEvent;
use crate::number_series::NumberSeriesEvent;
use crate::order::OrderEvent;
use crate::payment::PaymentEvent;
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
    Invoice(InvoiceEvent),
    CreditNote(CreditNoteEvent),
    Balance(BalanceEvent),
    NumberSeries(NumberSeriesEvent),
    ChargeLedger(ChargeLedgerEvent),
    BillingRun(BillingRunEvent),
    CommissionAccount(CommissionAccountEvent),
    Payment(PaymentEvent),
    NotificationPreferences(NotificationPreferencesEvent),
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
            Self::Invoice(_) => AggregateType::Invoice,
            Self::CreditNote(_) => AggregateType::CreditNote,
            Self::Balance(_) => AggregateType::Balance,
            Self::NumberSeries(_) => AggregateType::NumberSeries,
            Self::ChargeLedger(_) => AggregateType::ChargeLedger,
            Self::BillingRun(_) => AggregateType::BillingRun,
            Self::CommissionAccount(_) => AggregateType::CommissionAccount,
            Self::Payment(_) => AggregateType::Payment,
            Self::NotificationPreferences(_) => AggregateType::NotificationPreferences,
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
            Self::Invoice(e) => e.name(),
            Self::CreditNote(e) => e.name(),
            Self::Balance(e) => e.name(),
            Self::NumberSeries(e) => e.name(),
            Self::ChargeLedger(e) => e.name(),
            Self::BillingRun(e) => e.name(),
            Self::CommissionAccount(e) => e.name(),
            Self::Payment(e) => e.name(),
            Self::NotificationPreferences(e) => e.name(),
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
            Self::Invoice(e) => e.version(),
            Self::CreditNote(e) => e.version(),
            Self::Balance(e) => e.version(),
            Self::NumberSeries(e) => e.version(),
            Self::ChargeLedger(e) => e.version(),
            Self::BillingRun(e) => e.version(),
            Self::CommissionAccount(e) => e.version(),
            Self::Payment(e) => e.version(),
            Self::NotificationPreferences(e) => e.version(),
        }
    }
}

impl AggregateType {
    /// Every event its streams may hold, as `(name, version)`.
    pub const fn events(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Self::Customer => CustomerEvent::ALL,
            Self::Account => AccountEvent::ALL,
            Self::Service => ServiceEvent::ALL,
            Self::PriceRule => PriceRuleEvent::ALL,
            Self::Order => OrderEvent::ALL,
            Self::Subscription => SubscriptionEvent::ALL,
            Self::Drift => DriftEvent::ALL,
            Self::Calendar => CalendarEvent::ALL,
            Self::ExchangeRates => ExchangeRatesEvent::ALL,
            Self::Invoice => InvoiceEvent::ALL,
            Self::CreditNote => CreditNoteEvent::ALL,
            Self::Balance => BalanceEvent::ALL,
            Self::NumberSeries => NumberSeriesEvent::ALL,
            Self::ChargeLedger => ChargeLedgerEvent::ALL,
            Self::BillingRun => BillingRunEvent::ALL,
            Self::CommissionAccount => CommissionAccountEvent::ALL,
            Self::Payment => PaymentEvent::ALL,
            Self::NotificationPreferences => NotificationPreferencesEvent::ALL,
        }
    }
}

/// The event of that name, of whatever aggregate, if there is one.
pub fn named(name: &str) -> Option<&'static str> {
    let mut all = AggregateType::ALL.into_iter().flat_map(AggregateType::events);
    all.find(|(known, _)| *known == name).map(|(known, _)| *known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_all_aggregates_are_known() {
        for (name, _) in AggregateType::ALL.into_iter().flat_map(AggregateType::events) {
            assert_eq!(named(name), Some(*name));
        }
        for unknown in ["", "OrderPlacd", "orderplaced", "OrderPlaced ", "order", "1.0"] {
            assert_eq!(named(unknown), None, "{unknown:?}");
        }
    }
}
