//! Payments in each of their states: 178.50 by wallet.

use domain::payment::{PaymentCommand as C, PaymentEvent, PaymentMeans, PaymentOutcome as O, PaymentRules};

use super::machine::{Machine, Question, Situation};
use super::paying::{
    DECLINED, NO_ANSWER, OTHER_REFUND, REFUND, after, at, by_wallet, record, refund, resolve, start, told,
};

pub fn machine() -> Machine<PaymentRules> {
    let status = |state: &domain::payment::PaymentState| state.known().map(|payment| payment.status.name());
    Machine { title: "Payment", status, situations: situations(), questions: questions() }
}

fn situations() -> Vec<Situation<PaymentRules>> {
    let refunding = || after(by_wallet(O::Succeeded), &refund(REFUND, "100.00"));
    let histories: [(&'static str, Vec<PaymentEvent>); 10] = [
        ("(none)", Vec::new()),
        ("started", told(&[start(PaymentMeans::Wallet)])),
        ("succeeded", by_wallet(O::Succeeded)),
        ("declined", by_wallet(DECLINED)),
        ("unreachable", by_wallet(O::Unreachable)),
        ("expired", by_wallet(O::Expired)),
        ("unknown", by_wallet(NO_ANSWER)),
        ("succeeded, 100.00 on its way back", refunding()),
        ("succeeded, 100.00 perhaps back", after(refunding(), &C::NoteRefundUnknown { refund_id: REFUND })),
        ("succeeded, 100.00 back", after(refunding(), &C::NoteRefundSucceeded { refund_id: REFUND })),
    ];
    histories.into_iter().map(|(name, history)| Situation { name, history, at: at() }).collect()
}

fn questions() -> Vec<Question<PaymentRules>> {
    vec![
        Question::new("Start", |_| start(PaymentMeans::Wallet)),
        Question::new("Record, succeeded", |_| record(O::Succeeded)),
        Question::new("Record, declined", |_| record(DECLINED)),
        Question::new("Record, unreachable", |_| record(O::Unreachable)),
        Question::new("Record, expired", |_| record(O::Expired)),
        Question::new("Record, unknown", |_| record(NO_ANSWER)),
        Question::new("Resolve, charged", |_| resolve(true)),
        Question::new("Resolve, not charged", |_| resolve(false)),
        Question::new("StartRefund, of 78.50", |_| refund(OTHER_REFUND, "78.50")),
        Question::new("StartRefund, of 78.51", |_| refund(OTHER_REFUND, "78.51")),
        Question::new("NoteRefundSucceeded", |_| C::NoteRefundSucceeded { refund_id: REFUND }),
        Question::new("NoteRefundFailed", |_| C::NoteRefundFailed { refund_id: REFUND }),
        Question::new("NoteRefundUnknown", |_| C::NoteRefundUnknown { refund_id: REFUND }),
    ]
}
