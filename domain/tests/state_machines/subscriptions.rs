//! Subscriptions of five seats, in and out of their window, in each of their states.

use domain::subscription::{
    Observation, RenewalAction, SubscriptionCommand, SubscriptionRules, SubscriptionStatus as Status, Surroundings,
    SuspendedBy,
};

use super::machine::{Machine, Question, Situation};
use super::subscribing::*;

type Asking = Question<SubscriptionRules>;

pub fn machine() -> Machine<SubscriptionRules> {
    let status = |state: &domain::subscription::SubscriptionState| state.known().map(|known| known.core.status.name());
    let questions = [starting(), asking(), ending(), standing(), observing(), licences()];
    Machine {
        title: "Subscription",
        status,
        situations: situations(),
        questions: questions.into_iter().flatten().collect(),
    }
}

fn situations() -> Vec<Situation<SubscriptionRules>> {
    let none = Case { history: Vec::new(), at: time(START) };
    let cases = [
        ("(none)", none),
        ("active, window open", Case::of(5)),
        ("active, window closed", Case::of(5).at(TOO_LATE)),
        ("active, more seats in flight", Case::of(5).after(another(quantity(8, None)))),
        ("active, cancellation in flight", Case::of(5).after(another(cancel(NOW)))),
        ("active, set to expire", Case::of(5).at(TOO_LATE).after(cancel(None))),
        ("suspended by its customer", suspended(SuspendedBy::Customer)),
        ("suspended by dunning", suspended(SuspendedBy::Dunning)),
        ("cancelled", cancelled()),
        ("expired", expired()),
    ];
    cases.into_iter().map(|(name, case)| Situation { name, history: case.history, at: case.at }).collect()
}

fn asked(name: &'static str, command: SubscriptionCommand) -> Asking {
    Question::new(name, move |_| command.clone())
}

/// What the provider shows of it there; of what never started, something else.
fn seen(name: &'static str, change: impl Fn(&Case) -> Observation + 'static) -> Asking {
    Question::new(name, move |situation| {
        let there = Case { history: situation.history.clone(), at: situation.at };
        let there = if there.history.is_empty() { Case::of(5) } else { there };
        observe(change(&there))
    })
}

fn starting() -> Vec<Asking> {
    vec![asked("Start", start(5, 5)), asked("Start, a seat too few", start(5, 4))]
}

fn asking() -> Vec<Asking> {
    let stopped = Surroundings { customer_suspended: true, ..around() };
    let withdrawn = Surroundings { service_withdrawn: true, ..around() };
    vec![
        asked("ChangeQuantity, more", quantity(9, None)),
        asked("ChangeQuantity, more, customer suspended", amid(quantity(9, None), stopped)),
        asked("ChangeQuantity, more, service withdrawn", amid(quantity(9, None), withdrawn)),
        asked("ChangeQuantity, more, at renewal", quantity(9, AT_RENEWAL)),
        asked("ChangeQuantity, the same", quantity(5, None)),
        asked("ChangeQuantity, fewer", quantity(3, None)),
        asked("ChangeQuantity, fewer, now", quantity(3, NOW)),
        asked("ChangeQuantity, fewer, at renewal", quantity(3, AT_RENEWAL)),
        asked("ChangeQuantity, beyond the service's bounds", quantity(3_001, None)),
        asked("Extend", extend("2026-12-31")),
        asked("Extend, customer suspended", amid(extend("2026-12-31"), stopped)),
        asked("Extend, service withdrawn", amid(extend("2026-12-31"), withdrawn)),
        asked("Extend, not after the present end", extend("2026-11-03")),
    ]
}

fn ending() -> Vec<Asking> {
    let (renew, expire) = (RenewalAction::Renew, RenewalAction::Expire);
    let around = |quantity, service_withdrawn, customer_suspended| SubscriptionCommand::SetRenewal {
        action: renew,
        quantity,
        service_withdrawn,
        customer_suspended,
    };
    vec![
        asked("Cancel", cancel(None)),
        asked("Cancel, now", cancel(NOW)),
        asked("Cancel, at term end", cancel(AT_RENEWAL)),
        asked("SetRenewal, renew", renewal(renew, None)),
        asked("SetRenewal, renew with a quantity", renewal(renew, Some(8))),
        asked("SetRenewal, renew, service withdrawn", around(None, true, false)),
        asked("SetRenewal, renew with more, customer suspended", around(Some(500), false, true)),
        asked("SetRenewal, expire", renewal(expire, None)),
        asked("ConfirmRenewalInstruction, expire", instruction_taken(expire, None)),
    ]
}

fn standing() -> Vec<Asking> {
    vec![
        asked("Suspend, by its customer", suspend(SuspendedBy::Customer)),
        asked("Suspend, by dunning", suspend(SuspendedBy::Dunning)),
        asked("Resume, by its customer", resume(SuspendedBy::Customer)),
        asked("Resume, by an operator", resume(SuspendedBy::Operator)),
        asked("Resume, by a payment", resume(SuspendedBy::Dunning)),
    ]
}

fn observing() -> Vec<Asking> {
    let ended = |case: &Case, status| Observation { status, seats: Vec::new(), quantity: 0, ..case.seen() };
    let standing = |case: &Case, status| Observation { status, ..case.seen() };
    vec![
        asked("RejectChange", reject(OTHER)),
        asked("RejectChange, of another one", reject(CHANGE)),
        seen("Observe, unchanged", Case::seen),
        seen("Observe, older", |case| Observation { revision: 0, ..resized(case.seen(), 8, 6) }),
        seen("Observe, eight seats confirmed", |case| {
            let seen = resized(case.seen(), 8, 6);
            let effective_on = case.at.date_naive();
            let confirms = Some(domain::subscription::ConfirmedChange { change_id: OTHER, effective_on });
            Observation { confirms, ..seen }
        }),
        seen("Observe, eight seats", |case| resized(case.seen(), 8, 6)),
        seen("Observe, three seats", |case| resized(case.seen(), 3, 6)),
        seen("Observe, a later end", |case| Observation { ends_on: day("2026-12-31"), ..case.seen() }),
        seen("Observe, a new term", Case::seen_renewed),
        seen("Observe, a new term without prices", |case| Observation { renewal: None, ..case.seen_renewed() }),
        seen("Observe, active", move |case| standing(case, Status::Active)),
        seen("Observe, suspended", move |case| standing(case, Status::Suspended)),
        seen("Observe, cancelled", move |case| ended(case, Status::Cancelled)),
        seen("Observe, expired", move |case| ended(case, Status::Expired)),
    ]
}

fn licences() -> Vec<Asking> {
    vec![
        asked("Assign", assign(1, "Uma")),
        asked("Assign, no licence of its", assign(9, "Uma")),
        asked("Unassign, nobody's", unassign(1)),
    ]
}
