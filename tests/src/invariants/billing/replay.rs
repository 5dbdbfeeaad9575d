//! Money follows from events alone: folded again, through what is stored of it, or asked on another day, it is the same.

use std::collections::BTreeMap;

use chrono::Months;
use domain::balance::BalanceRules;
use domain::billing::{Charge, ChargeKey, History, InvoiceLine, Period};
use domain::charge_ledger::ChargeLedgerRules;
use domain::commission_account::CommissionAccountRules;
use domain::credit_note::CreditNoteRules;
use domain::decider::Fact;
use domain::invoice::InvoiceRules;
use domain::order::OrderRules;
use domain::payment::PaymentRules;
use domain::subscription::SubscriptionEvent;
use domain::{Decider, Event, ids};
use uuid::Uuid;

use super::Papers;
use crate::invariants::evidence::Evidence;
use crate::invariants::fold;

/// What is charged to this day does not depend on how far somebody looks.
const LATER_MONTHS: Months = Months::new(13);

pub(super) fn check(evidence: &Evidence, papers: &Papers) -> Vec<String> {
    let mut wrong = folded_twice::<InvoiceRules>(evidence);
    wrong.extend(folded_twice::<CreditNoteRules>(evidence));
    wrong.extend(folded_twice::<PaymentRules>(evidence));
    wrong.extend(folded_twice::<OrderRules>(evidence));
    wrong.extend(folded_twice::<BalanceRules>(evidence));
    wrong.extend(folded_twice::<ChargeLedgerRules>(evidence));
    wrong.extend(folded_twice::<CommissionAccountRules>(evidence));
    let histories = histories(evidence);
    wrong.extend(histories.values().filter_map(|told| told.depends_on_the_day.clone()));
    wrong.extend(priced_otherwise(papers, &histories));
    wrong
}

/// A state that is stored and read again now and then, as memory and snapshots do.
#[derive(Default)]
struct Stored<S> {
    state: S,
    events: u32,
    unreadable: bool,
}

/// Streams whose state is another when they are folded again, stored on the way.
fn folded_twice<D: Decider>(evidence: &Evidence) -> Vec<String> {
    let once = fold::of_rules::<D>(evidence.events.iter());
    let again = fold::streams(evidence.events.iter(), D::TYPE, fold_stored::<D>);
    let differing = once.iter().filter(|(id, stream)| {
        again.get(id).is_none_or(|again| again.state.unreadable || again.state.state != stream.state)
    });
    differing.map(|(id, _)| format!("{} {id} is another when it is folded again", D::TYPE.name())).collect()
}

fn fold_stored<D: Decider>(stored: &mut Stored<D::State>, event: &Event) {
    if let Some(event) = D::Event::of(event) {
        D::evolve(&mut stored.state, event);
    }
    stored.events += 1;
    // Ever more seldom: long streams have long states.
    if stored.events.is_power_of_two() {
        let text = serde_json::to_string(&stored.state);
        match text.and_then(|text| serde_json::from_str(&text)) {
            Ok(state) => stored.state = state,
            Err(_) => stored.unreadable = true,
        }
    }
}

/// The charges of a subscription to this day, by name.
struct Told {
    charges: BTreeMap<ChargeKey, Charge>,
    depends_on_the_day: Option<String>,
}

fn histories(evidence: &Evidence) -> BTreeMap<Uuid, Told> {
    let mut streams: BTreeMap<Uuid, Vec<&SubscriptionEvent>> = BTreeMap::new();
    for recorded in &evidence.events {
        if let (Ok(Event::Subscription(event)), Ok(id)) = (recorded.event(), Uuid::parse_str(&recorded.aggregate_id)) {
            streams.entry(id).or_default().push(event);
        }
    }
    let last = evidence.events.last().and_then(|recorded| recorded.meta().ok());
    let Some(today) = last.map(|metadata| metadata.at.date_naive()) else { return BTreeMap::new() };
    let later = today.checked_add_months(LATER_MONTHS).unwrap_or(today);
    let told = streams.into_iter().filter_map(|(id, events)| {
        let history = History::of(events)?;
        let charges = by_name(history.charges_through(Period::of(today)));
        let depends_on_the_day = changed(&charges, &by_name(history.charges_through(Period::of(later))))
            .map(|key| format!("{key:?} is another charge when it is asked for later"));
        Some((id, Told { charges, depends_on_the_day }))
    });
    told.collect()
}

fn by_name(charges: Vec<Charge>) -> BTreeMap<ChargeKey, Charge> {
    charges.into_iter().map(|charge| (charge.key, charge)).collect()
}

/// The first that is not there as it was.
fn changed<'a, K: Ord, V: PartialEq>(now: &'a BTreeMap<K, V>, later: &BTreeMap<K, V>) -> Option<&'a K> {
    now.iter().find(|(key, value)| later.get(key) != Some(value)).map(|(key, _)| key)
}

/// Lines with another price, cost or part of a cycle than the events of their subscription say.
fn priced_otherwise(papers: &Papers, histories: &BTreeMap<Uuid, Told>) -> Vec<String> {
    let passed_on = |document: &Uuid, line: &InvoiceLine| {
        let ledger = papers.ledgers.get(&line.account_id);
        ledger.is_some_and(|ledger| ledger.passed_on.iter().any(|passed| passed.document_id == Some(*document)))
    };
    // What is paid in advance is priced by its order, before there is a subscription.
    let in_advance = |document: &Uuid, line: &InvoiceLine| *document == ids::order_invoice(line.order_id);
    let differing = super::ledger::lines(papers).filter(|(document, line)| {
        let told = histories.get(&line.subscription_id).and_then(|told| told.charges.get(&line.charge_key()));
        let differs = told.is_some_and(|told| !is_priced_as(line, told));
        differs && !passed_on(document, line) && !in_advance(document, line)
    });
    differing
        .map(|(document, line)| format!("line {} of {document} has other prices than its subscription", line.line))
        .collect()
}

fn is_priced_as(line: &InvoiceLine, told: &Charge) -> bool {
    let prices = &told.prices;
    let priced = line.unit_price == prices.unit_price || Some(line.unit_price) == prices.reseller_unit_price;
    priced && line.unit_cost == prices.unit_cost && line.factor == told.factor
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use domain::billing::{LineTerms, Route};
    use domain::{Money, codec};
    use rust_decimal::Decimal;

    use super::*;

    const STARTED: &str = include_str!("../../../../domain/tests/golden/subscription/SubscriptionStarted.1.0.json");

    fn history() -> History {
        let event = codec::decode("subscription", "SubscriptionStarted", "1.0", STARTED).unwrap();
        let Event::Subscription(event) = event else { panic!("{event:?}") };
        History::of([&event]).unwrap()
    }

    fn charge(history: &History) -> Charge {
        history.charges_through(Period::parse("2026-10").unwrap()).remove(0)
    }

    fn line() -> InvoiceLine {
        let history = history();
        let terms =
            LineTerms { route: Route::Own, discount_percent: Decimal::ZERO, commission: None, end_customer: None };
        InvoiceLine::new(1, &history.subject, &charge(&history), &terms).unwrap()
    }

    #[test]
    fn a_line_has_the_prices_of_its_charge() {
        let (told, line) = (charge(&history()), line());
        assert!(is_priced_as(&line, &told));
        let cent = Money::rounded(Decimal::new(1, 2), line.unit_cost.currency());
        let dearer = InvoiceLine { unit_cost: cent, ..line.clone() };
        assert!(!is_priced_as(&dearer, &told));
        let cheaper = InvoiceLine { unit_price: cent.into(), ..line.clone() };
        assert!(!is_priced_as(&cheaper, &told));
        let resold = InvoiceLine { unit_price: told.prices.reseller_unit_price.unwrap(), ..line };
        assert!(is_priced_as(&resold, &told));
    }

    #[test]
    fn charges_are_the_same_however_late_they_are_asked_for() {
        let history = history();
        let at = |period| by_name(history.charges_through(Period::parse(period).unwrap()));
        assert_eq!(changed(&at("2026-10"), &at("2027-11")), None);
    }

    #[test]
    fn what_became_another_charge_is_found() {
        let now = BTreeMap::from([(1, "a"), (2, "b")]);
        assert_eq!(changed(&now, &BTreeMap::from([(1, "a"), (2, "c"), (3, "d")])), Some(&2));
        assert_eq!(changed(&now, &BTreeMap::from([(2, "b")])), Some(&1));
    }

    #[test]
    fn a_state_is_the_same_after_it_was_stored() {
        let event = codec::decode("subscription", "SubscriptionStarted", "1.0", STARTED).unwrap();
        let mut stored = Stored::default();
        fold_stored::<domain::subscription::SubscriptionRules>(&mut stored, &event);
        assert!(!stored.unreadable && stored.state.known().is_some());
    }
}
