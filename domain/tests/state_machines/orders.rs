//! Orders: of two lines, in each of their states.

use domain::account::AccountStatus;
use domain::order::{OrderCommand, OrderEvent, OrderRules, PaymentMode, StartOrder};

use super::machine::{Machine, Question, Situation};
use super::ordering::{
    after, at, day, given_up, order, place, placed, prepaid, provisioned, record, refuse, rejected, scheduled, submit,
    submitted,
};
use uuid::Uuid;

pub fn machine() -> Machine<OrderRules> {
    let status = |state: &domain::order::OrderState| state.known().map(|order| order.status.name());
    Machine { title: "Order", status, situations: situations(), questions: questions() }
}

/// Those that are paid before they go out, as far as they differ from the others.
pub fn prepaid_machine() -> Machine<OrderRules> {
    let status = |state: &domain::order::OrderState| state.known().map(|order| order.status.name());
    Machine { title: "Prepaid order", status, situations: prepaid_situations(), questions: prepaid_questions() }
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

fn prepaid_situations() -> Vec<Situation<OrderRules>> {
    let told = |commands: &[OrderCommand]| {
        commands.iter().fold(prepaid(&[1, 1]), |history, command| after(history, command.clone()))
    };
    let histories: [(&'static str, Vec<OrderEvent>); 6] = [
        ("placed", told(&[])),
        ("payment_pending", told(&[request(FIRST)])),
        ("payment_failed", told(&[request(FIRST), fails(FIRST)])),
        ("paid", told(&[request(FIRST), pays(FIRST)])),
        ("submitted", told(&[request(FIRST), pays(FIRST), submit("po-1")])),
        ("cancelled", told(&[request(FIRST), fails(FIRST), OrderCommand::Cancel])),
    ];
    // Fourteen days later.
    let at = at() + chrono::TimeDelta::days(14);
    histories.into_iter().map(|(name, history)| Situation { name, history, at }).collect()
}

const FIRST: Uuid = Uuid::from_u128(0xa1);
const SECOND: Uuid = Uuid::from_u128(0xa2);

fn request(payment_id: Uuid) -> OrderCommand {
    OrderCommand::RequestPayment { payment_id, tax: None }
}

fn pays(payment_id: Uuid) -> OrderCommand {
    OrderCommand::MarkPaid { payment_id }
}

fn fails(payment_id: Uuid) -> OrderCommand {
    OrderCommand::MarkPaymentFailed { payment_id, reason: "expired".to_owned() }
}

fn prepaid_questions() -> Vec<Question<OrderRules>> {
    vec![
        Question::new("RequestPayment", |_| request(FIRST)),
        Question::new("RequestPayment, another one", |_| request(SECOND)),
        Question::new("MarkPaid", |_| pays(FIRST)),
        Question::new("MarkPaid, by another one", |_| pays(SECOND)),
        Question::new("MarkPaymentFailed", |_| fails(FIRST)),
        Question::new("MarkSubmitted", |_| submit("po-1")),
        Question::new("RefuseAtSubmission", |_| refuse(None)),
        Question::new("Cancel", |_| OrderCommand::Cancel),
        Question::new("CancelUnpaid, after 14 days", |_| OrderCommand::CancelUnpaid),
        Question::new("CancelStranded", |_| OrderCommand::CancelStranded),
    ]
}

fn questions() -> Vec<Question<OrderRules>> {
    let later = || domain::order::PlaceOrder { start_on: Some(day("2026-11-01")), ..order(&[1, 1]) };
    let in_advance = || domain::order::PlaceOrder { payment: PaymentMode::Prepaid, ..order(&[1, 1]) };
    let stopped = || domain::order::PlaceOrder { customer_suspended: true, ..order(&[1, 1]) };
    vec![
        Question::new("Place", |_| place(order(&[1, 1]))),
        Question::new("Place, for a later day", move |_| place(later())),
        Question::new("Place, prepaid", move |_| place(in_advance())),
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
        Question::new("CancelStranded", |_| OrderCommand::CancelStranded),
        Question::new("NoteNotified", |_| OrderCommand::NoteNotified { ended_at: at(), failed: false }),
    ]
}
