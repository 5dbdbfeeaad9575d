//! Orders: of two lines, in each of their states.

use domain::account::AccountStatus;
use domain::order::{OrderCommand, OrderEvent, OrderRules, PaymentMode, StartOrder};

use super::machine::{Machine, Question, Situation};
use super::ordering::{
    after, at, day, given_up, order, place, placed, provisioned, record, refuse, rejected, scheduled, submit, submitted,
};

pub fn machine() -> Machine<OrderRules> {
    let status = |state: &domain::order::OrderState| state.known().map(|order| order.status.name());
    Machine { title: "Order", status, situations: situations(), questions: questions() }
}

fn situations() -> Vec<Situation<OrderRules>> {
    let two = [1, 1];
    let ended = |outcomes: [_; 2]| after(submitted(&two), record(outcomes.to_vec()));
    let histories: Vec<(&'static str, Vec<OrderEvent>)> = vec![
        ("(none)", Vec::new()),
        ("scheduled", scheduled(&two)),
        ("placed", placed(&two)),
        ("submitted", submitted(&two)),
        ("submitted, cancellation requested", after(submitted(&two), OrderCommand::Cancel)),
        ("submitted, one line provisioned", after(submitted(&two), record(vec![provisioned(1)]))),
        ("fulfilled", ended([provisioned(1), provisioned(2)])),
        ("partially_fulfilled", ended([provisioned(1), rejected(2)])),
        ("failed", ended([rejected(1), rejected(2)])),
        ("failed at submission", after(placed(&two), refuse(Some(1)))),
        ("cancelled", ended([given_up(1), given_up(2)])),
        ("cancelled before submission", after(placed(&two), OrderCommand::Cancel)),
    ];
    histories.into_iter().map(|(name, history)| Situation { name, history, at: at() }).collect()
}

fn start(customer_suspended: bool, withdrawn: Vec<u32>) -> OrderCommand {
    let (today, account) = (day("2026-11-01"), AccountStatus::Active);
    OrderCommand::Start(StartOrder { today, customer_suspended, customer_closed: false, account, withdrawn })
}

fn questions() -> Vec<Question<OrderRules>> {
    let later = || domain::order::PlaceOrder { start_on: Some(day("2026-11-01")), ..order(&[1, 1]) };
    let prepaid = || domain::order::PlaceOrder { payment: PaymentMode::Prepaid, ..order(&[1, 1]) };
    let stopped = || domain::order::PlaceOrder { customer_suspended: true, ..order(&[1, 1]) };
    vec![
        Question::new("Place", |_| place(order(&[1, 1]))),
        Question::new("Place, for a later day", move |_| place(later())),
        Question::new("Place, prepaid", move |_| place(prepaid())),
        Question::new("Place, customer suspended", move |_| place(stopped())),
        Question::new("Start", |_| start(false, Vec::new())),
        Question::new("Start, customer suspended", |_| start(true, Vec::new())),
        Question::new("Start, a service withdrawn", |_| start(false, vec![1])),
        Question::new("MarkSubmitted", |_| submit("po-1")),
        Question::new("MarkSubmitted, as another one", |_| submit("po-2")),
        Question::new("RefuseAtSubmission, because of one line", |_| refuse(Some(1))),
        Question::new("RefuseAtSubmission, as a whole", |_| refuse(None)),
        Question::new("RecordOutcome, all provisioned", |_| record(vec![provisioned(1), provisioned(2)])),
        Question::new("RecordOutcome, one of two", |_| record(vec![provisioned(2)])),
        Question::new("RecordOutcome, some provisioned", |_| record(vec![provisioned(1), rejected(2)])),
        Question::new("RecordOutcome, all rejected", |_| record(vec![rejected(1), rejected(2)])),
        Question::new("RecordOutcome, all cancelled", |_| record(vec![given_up(1), given_up(2)])),
        Question::new("Cancel", |_| OrderCommand::Cancel),
    ]
}
