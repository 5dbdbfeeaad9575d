//! Who performs payments: sent once, asked before it is sent again, and asked about by the business clock.

use commands::payment::gateway::{Charged, Found, RequestId};
use domain::customer::Gateway;
use domain::payment::{DeclineReason, PaymentOutcome, PaymentStatus, UnknownReason};
use domain::process::Effect;
use uuid::Uuid;

use crate::desk::Desk;

const NO_ANSWER: PaymentOutcome = PaymentOutcome::Unknown(UnknownReason::NoAnswer);

fn request() -> RequestId {
    RequestId::parse("pay_1").unwrap()
}

fn charge(payment_id: Uuid) -> Effect {
    Effect::ChargePayment { payment_id }
}

impl Desk {
    fn will_charge(&self, answers: impl IntoIterator<Item = Charged>) {
        self.gateway.charges.lock().unwrap().extend(answers);
    }

    fn will_tell(&self, answers: impl IntoIterator<Item = Found>) {
        self.gateway.finds.lock().unwrap().extend(answers);
    }

    /// A payment of which nobody knows, and the effect that asks about it.
    async fn unknown(&self) -> (Uuid, Uuid) {
        let payment = self.pays(0).await;
        self.will_charge([Charged::Ended(NO_ANSWER)]);
        self.works();
        let op_id = self.wants(charge(payment)).await;
        assert_eq!(self.settled(op_id).await, "unknown: no_answer");
        let asking = self.wants(Effect::AskPayment { payment_id: payment }).await;
        (payment, asking)
    }
}

#[tokio::test]
async fn several_workers_send_each_payment_once() {
    let desk = Desk::of(Gateway::Token).await;
    desk.will_charge((0..20).map(|_| Charged::Ended(PaymentOutcome::Succeeded)));
    let mut payments = Vec::new();
    for n in 0..20 {
        let payment = desk.pays(n).await;
        payments.push((payment, desk.wants(charge(payment)).await));
    }
    for _ in 0..3 {
        desk.works();
    }
    for (payment, op_id) in payments {
        assert_eq!(desk.settled(op_id).await, "succeeded");
        assert_eq!(desk.gateway.count(&format!("charge {payment} 119.00 EUR of Some(7)")), 1);
        assert_eq!(desk.payment(payment).await.status, PaymentStatus::Ended(PaymentOutcome::Succeeded));
    }
}

#[tokio::test]
async fn what_may_have_been_sent_is_asked_about_first() {
    let desk = Desk::of(Gateway::Wallet).await;
    let (lost, found) = (desk.pays(0).await, desk.pays(1).await);
    desk.will_tell([Found::Nothing]);
    desk.will_charge([Charged::Ended(PaymentOutcome::Declined(DeclineReason::Other))]);
    let op_id = desk.wants_again(charge(lost)).await;
    desk.works();
    assert_eq!(desk.settled(op_id).await, "declined: other");
    assert_eq!((desk.gateway.count(&format!("ask {lost} None")), desk.gateway.count("charge")), (1, 1));

    desk.will_tell([Found::Ended(request(), PaymentOutcome::Succeeded)]);
    let op_id = desk.wants_again(charge(found)).await;
    assert_eq!((desk.settled(op_id).await.as_str(), desk.gateway.count("charge")), ("succeeded", 1));
}

#[tokio::test]
async fn what_may_have_been_sent_and_cannot_be_asked_about_is_unknown() {
    for (gateway, answer) in
        [(Gateway::Token, Found::Unaskable), (Gateway::Wallet, Found::Unanswered), (Gateway::Wallet, Found::Unreadable)]
    {
        let desk = Desk::of(gateway).await;
        let payment = desk.pays(0).await;
        desk.will_tell([answer]);
        let op_id = desk.wants_again(charge(payment)).await;
        desk.works();
        assert_eq!(desk.settled(op_id).await, "unknown: no_answer");
        assert_eq!(desk.gateway.count("charge"), 0);
        assert_eq!(desk.payment(payment).await.status, PaymentStatus::Ended(NO_ANSWER));
    }
}

#[tokio::test]
async fn what_was_accepted_is_watched_under_its_name_through_silence() {
    let desk = Desk::of(Gateway::Wallet).await;
    let payment = desk.pays(0).await;
    desk.will_charge([Charged::Accepted(request())]);
    desk.will_tell([Found::Unanswered, Found::Open(request()), Found::Ended(request(), PaymentOutcome::Expired)]);
    desk.works();
    let op_id = desk.wants(charge(payment)).await;
    for _ in 0..3 {
        desk.rests(op_id).await;
        assert_eq!(desk.payment(payment).await.status, PaymentStatus::Started);
        desk.hints("charge_payment", payment).await;
    }
    assert_eq!(desk.settled(op_id).await, "expired");
    assert_eq!(desk.gateway.count(&format!("ask {payment} Some(\"pay_1\")")), 3);
}

#[tokio::test]
async fn the_unknown_is_asked_about_by_the_business_clock_until_it_was_missed_twice() {
    let desk = Desk::of(Gateway::Wallet).await;
    let (payment, asking) = desk.unknown().await;
    desk.rests(asking).await;
    desk.passes(59).await;
    desk.rests(asking).await;
    assert_eq!(desk.gateway.count("ask"), 0, "not before a minute has passed");

    desk.will_tell([Found::Nothing]);
    desk.passes(1).await;
    eventually_asked(&desk, 1).await;
    desk.rests(asking).await;
    desk.passes(299).await;
    desk.rests(asking).await;
    assert_eq!(desk.gateway.count("ask"), 1, "not before five more");
    assert_eq!(desk.payment(payment).await.status, PaymentStatus::Ended(NO_ANSWER), "once may be too early");

    desk.will_tell([Found::Unanswered]);
    desk.passes(1).await;
    eventually_asked(&desk, 2).await;
    desk.rests(asking).await;
    desk.will_tell([Found::Nothing]);
    desk.passes(3_600).await;
    assert_eq!(desk.settled(asking).await, "unreachable");
    assert_eq!(desk.payment(payment).await.status, PaymentStatus::Ended(PaymentOutcome::Unreachable));
    let kept: i64 = sqlx::query_scalar("select count(*) from payment_asks").fetch_one(&desk.world.app).await.unwrap();
    assert_eq!(kept, 0, "nobody asks any more");
}

#[tokio::test]
async fn a_hint_asks_at_once_and_a_success_settles_it() {
    let desk = Desk::of(Gateway::Wallet).await;
    let (payment, asking) = desk.unknown().await;
    desk.rests(asking).await;
    desk.will_tell([Found::Open(request())]);
    desk.hints("ask_payment", payment).await;
    eventually_asked(&desk, 1).await;
    desk.rests(asking).await;
    desk.will_tell([Found::Nothing]);
    desk.hints("ask_payment", payment).await;
    eventually_asked(&desk, 2).await;
    desk.rests(asking).await;
    desk.will_tell([Found::Ended(request(), PaymentOutcome::Unknown(UnknownReason::Mismatch))]);
    desk.hints("ask_payment", payment).await;
    eventually_asked(&desk, 3).await;
    desk.rests(asking).await;
    desk.will_tell([Found::Ended(request(), PaymentOutcome::Succeeded)]);
    desk.hints("ask_payment", payment).await;
    assert_eq!(desk.settled(asking).await, "succeeded");
    assert_eq!(desk.payment(payment).await.status, PaymentStatus::Ended(PaymentOutcome::Succeeded));
}

#[tokio::test]
async fn the_token_gateway_is_not_asked_and_an_operator_is_told() {
    let desk = Desk::of(Gateway::Token).await;
    let (payment, asking) = desk.unknown().await;
    let outcome = desk.settled(asking).await;
    assert!(outcome.contains("an operator"), "{outcome}");
    assert_eq!(desk.payment(payment).await.status, PaymentStatus::Ended(NO_ANSWER));
    assert_eq!(desk.gateway.count("ask"), 0);
}

async fn eventually_asked(desk: &Desk, times: usize) {
    let asked = async || Ok(desk.gateway.count("ask") >= times);
    tests::log_world::eventually("the gateway to be asked", tests::log_world::PATIENCE, asked).await.unwrap();
}
