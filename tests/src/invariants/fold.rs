//! What the log means, folded in memory with the domain's own rules and nothing of the read side.

use std::collections::BTreeMap;

use domain::account::{AccountRules, AccountState};
use domain::balance::{BalanceRules, BalanceState};
use domain::billing_run::{BillingRunRules, BillingRunState, RunSummary};
use domain::credit_note::{CreditNoteRules, CreditNoteState};
use domain::customer::{CustomerRules, CustomerState};
use domain::decider::Fact;
use domain::drift::{DriftRules, DriftState};
use domain::exchange_rates::ExchangeRatesRules;
use domain::invoice::{InvoiceRules, InvoiceState};
use domain::notification_preferences::NotificationPreferencesRules;
use domain::order::{Order, OrderRules, OrderState};
use domain::payment::{PaymentRules, PaymentState};
use domain::price_rule::PriceRuleRules;
use domain::service::{ServiceRules, ServiceState};
use domain::subscription::{SubscriptionCore, SubscriptionRules};
use domain::{AggregateType, Decider, Event};
use event_log::Recorded;
use event_log::stream::{Mark, Versioned};
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use super::evidence::Evidence;

pub(super) type Folded<S> = BTreeMap<Uuid, Versioned<S>>;

/// Folds every stream of one kind.
pub(super) fn streams<'a, S: Default>(
    events: impl Iterator<Item = &'a Recorded>,
    aggregate: AggregateType,
    evolve: impl Fn(&mut S, &Event),
) -> Folded<S> {
    let mut folded = Folded::<S>::new();
    for recorded in events.filter(|recorded| recorded.aggregate_type == aggregate.name()) {
        let (Ok(id), Ok(event), Ok(meta)) =
            (Uuid::parse_str(&recorded.aggregate_id), recorded.event(), recorded.meta())
        else {
            continue;
        };
        let stream = folded.entry(id).or_default();
        evolve(&mut stream.state, event);
        stream.mark(recorded.sequence, Mark::of(&meta, recorded.position));
    }
    folded
}

fn by_rules<D: Decider>(state: &mut D::State, event: &Event) {
    if let Some(event) = D::Event::of(event) {
        D::evolve(state, event);
    }
}

/// Folds every stream of one kind of aggregate by its own rules.
pub(super) fn of_rules<'a, D: Decider>(events: impl Iterator<Item = &'a Recorded>) -> Folded<D::State> {
    streams(events, D::TYPE, by_rules::<D>)
}

/// The orders of the whole log.
pub(super) fn orders(evidence: &Evidence) -> BTreeMap<Uuid, Order> {
    let folded = of_rules::<OrderRules>(evidence.events.iter());
    folded.into_iter().filter_map(|(id, order)| Some((id, order.state.known()?.clone()))).collect()
}

/// The rows a table should have, given how far its reader is.
pub(super) fn rows(evidence: &Evidence, table: &str, reader: &str) -> BTreeMap<Uuid, Value> {
    let events = evidence.until(evidence.position_of(reader));
    match table {
        "read_customers" => {
            documents(of_rules::<CustomerRules>(events), |state: &CustomerState| state.known().is_some())
        }
        "read_accounts" => documents(of_rules::<AccountRules>(events), |state: &AccountState| state.known().is_some()),
        "read_services" => documents(of_rules::<ServiceRules>(events), |state: &ServiceState| state.known().is_some()),
        "read_price_rules" => documents(of_rules::<PriceRuleRules>(events), |_| true),
        "read_exchange_rates" => documents(of_rules::<ExchangeRatesRules>(events), |_| true),
        "read_notification_preferences" => documents(of_rules::<NotificationPreferencesRules>(events), |_| true),
        "read_orders" => documents(of_rules::<OrderRules>(events), |state: &OrderState| state.known().is_some()),
        "read_drift" => documents(of_rules::<DriftRules>(events), |state: &DriftState| state.known().is_some()),
        "read_invoices" => documents(of_rules::<InvoiceRules>(events), |state: &InvoiceState| state.known().is_some()),
        "read_payments" => documents(of_rules::<PaymentRules>(events), |state: &PaymentState| state.known().is_some()),
        "read_credit_notes" => {
            documents(of_rules::<CreditNoteRules>(events), |state: &CreditNoteState| state.known().is_some())
        }
        "read_balances" => documents(of_rules::<BalanceRules>(events), |state: &BalanceState| state.amount().is_some()),
        "read_billing_runs" => documents(runs(events), |run: &Option<RunSummary>| run.is_some()),
        "read_commission_accounts" => {
            documents(streams(events, AggregateType::CommissionAccount, |(): &mut (), _| ()), |()| true)
        }
        _ => documents(cores(events), |core: &Option<SubscriptionCore>| core.is_some()),
    }
}

/// Every subscription without its licences.
pub(super) fn cores<'a>(events: impl Iterator<Item = &'a Recorded>) -> Folded<Option<SubscriptionCore>> {
    streams(events, SubscriptionRules::TYPE, |core, event| {
        if let Some(event) = Fact::of(event) {
            SubscriptionCore::evolve(core, event);
        }
    })
}

/// Runs without what grows with their parties, made of the whole of each.
fn runs<'a>(events: impl Iterator<Item = &'a Recorded>) -> Folded<Option<RunSummary>> {
    let whole = of_rules::<BillingRunRules>(events).into_iter();
    let summary = |stream: Versioned<BillingRunState>| Versioned {
        state: stream.state.known().map(RunSummary::from),
        version: stream.version,
        born: stream.born,
        touched: stream.touched,
    };
    whole.map(|(id, stream)| (id, summary(stream))).collect()
}

/// As stored: the folded state, and beside it the column that lists are ordered by.
fn documents<S: Serialize>(folded: Folded<S>, exists: impl Fn(&S) -> bool) -> BTreeMap<Uuid, Value> {
    let there = folded.into_iter().filter(|(_, stream)| exists(&stream.state));
    there
        .map(|(id, stream)| {
            let born = stream.born.as_ref().map_or(0, |mark| mark.position);
            let mut document = serde_json::to_value(stream).unwrap_or_default();
            document["column_born"] = json!(born);
            (id, document)
        })
        .collect()
}
