//! Charges that went through although it looks otherwise: turned away when they are repeated, shown no more, or hidden
//! behind a newer one.

use std::sync::Arc;

use api::payments::PaymentHook;
use commands::effects::Wake;
use commands::inbox::{Applied, Applier};
use commands::payment::gateway::{Charged, Found, RequestId};
use commands::payment::{PayInvoice, requests};
use domain::customer::Gateway;
use domain::ids;
use domain::payment::{PaymentOutcome, PaymentStatus, UnknownReason};
use domain::process::Effect;
use serde_json::{Value, json};
use tests::log_world::{PATIENCE, eventually, operator, persist};
use uuid::Uuid;

use crate::desk::Desk;
use crate::ground::{KEY, wallet_at};

const NO_ANSWER: PaymentOutcome = PaymentOutcome::Unknown(UnknownReason::NoAnswer);
const TURNED_AWAY: Charged = Charged::Ended(PaymentOutcome::Unreachable);
/// The id of every webhook here.
const WEBHOOK: &str = "msg_1";

fn named(name: &str) -> RequestId {
    RequestId::parse(name).unwrap()
}

fn charge(payment_id: Uuid) -> Effect {
    Effect::ChargePayment { payment_id }
}

/// What the gateway says next to a charge.
fn answers(desk: &Desk, charged: Charged) {
    desk.gateway.charges.lock().unwrap().push_back(charged);
}

/// What the gateway shows next.
fn shows(desk: &Desk, found: Found) {
    desk.gateway.finds.lock().unwrap().push_back(found);
}

async fn asked(desk: &Desk, times: usize) {
    let asked = async || Ok(desk.gateway.count("ask") >= times);
    eventually("the gateway to be asked", PATIENCE, asked).await.unwrap();
}

/// What the wallet tells of it, as the inbox applies it.
async fn tells(desk: &Desk, kind: &str, data: &Value) -> Applied {
    let gateway = Arc::new(wallet_at("http://127.0.0.1:9", KEY));
    let hook = PaymentHook { pool: desk.world.app.clone(), gateway, wake: Wake::default() };
    let body = json!({ "type": kind, "data": data }).to_string();
    hook.apply(WEBHOOK, kind, body.as_bytes()).await.unwrap()
}

async fn invoice_of(desk: &Desk, payment: Uuid) -> Uuid {
    desk.payment(payment).await.started.payable.id()
}

/// Another payment of an invoice, started by another process.
async fn pays_again(desk: &Desk, invoice_id: Uuid) -> Uuid {
    let payment_id = ids::derived(&["test", "payment", "again"]);
    let process = desk.world.process().await.unwrap();
    let pay = PayInvoice { payment_id, invoice_id, automatic: false };
    persist(&process.bus, &operator("pay again"), &pay).await.unwrap();
    payment_id
}

#[tokio::test]
async fn a_repeated_charge_that_is_turned_away_says_nothing_of_the_first() {
    let desk = Desk::of(Gateway::Wallet).await;
    let payment = desk.pays(0).await;
    shows(&desk, Found::Nothing);
    answers(&desk, TURNED_AWAY);
    let op_id = desk.wants_again(charge(payment)).await;
    desk.works();
    assert_eq!(desk.settled(op_id).await, "unknown: no_answer");
    assert_eq!(desk.payment(payment).await.status, PaymentStatus::Ended(NO_ANSWER), "no other may begin");

    let asking = desk.wants(Effect::AskPayment { payment_id: payment }).await;
    desk.rests(asking).await;
    shows(&desk, Found::Ended(named("pay_1"), PaymentOutcome::Succeeded));
    desk.passes(60).await;
    assert_eq!(desk.settled(asking).await, "succeeded");
    assert_eq!(desk.gateway.count("charge"), 1);
}

#[tokio::test]
async fn a_first_charge_that_is_turned_away_has_charged_nothing() {
    let desk = Desk::of(Gateway::Wallet).await;
    let payment = desk.pays(0).await;
    answers(&desk, TURNED_AWAY);
    desk.works();
    let op_id = desk.wants(charge(payment)).await;
    assert_eq!(desk.settled(op_id).await, "unreachable");
    assert_eq!(desk.payment(payment).await.status, PaymentStatus::Ended(PaymentOutcome::Unreachable));
}

#[tokio::test]
async fn what_was_shown_once_is_not_taken_for_lost_when_it_is_shown_no_more() {
    let desk = Desk::of(Gateway::Wallet).await;
    let payment = desk.pays(0).await;
    answers(&desk, Charged::Ended(NO_ANSWER));
    desk.works();
    let op_id = desk.wants(charge(payment)).await;
    assert_eq!(desk.settled(op_id).await, "unknown: no_answer");
    let asking = desk.wants(Effect::AskPayment { payment_id: payment }).await;
    desk.rests(asking).await;
    let shown = [(Found::Nothing, 60), (Found::Open(named("pay_1")), 300), (Found::Nothing, 3_600)];
    for (times, (found, seconds)) in (1..).zip(shown) {
        shows(&desk, found);
        desk.passes(seconds).await;
        asked(&desk, times).await;
        desk.rests(asking).await;
        assert_eq!(desk.payment(payment).await.status, PaymentStatus::Ended(NO_ANSWER), "{times}");
    }
    assert_eq!(desk.gateway.count(&format!("ask {payment} Some(\"pay_1\")")), 1);
    shows(&desk, Found::Ended(named("pay_1"), PaymentOutcome::Succeeded));
    desk.passes(86_400).await;
    assert_eq!(desk.settled(asking).await, "succeeded");
}

#[tokio::test]
async fn money_behind_a_newer_payment_is_found_under_the_name_that_the_wallet_tells() {
    let desk = Desk::of(Gateway::Wallet).await;
    let first = desk.pays(0).await;
    let invoice = invoice_of(&desk, first).await;
    answers(&desk, TURNED_AWAY);
    desk.works();
    let op_id = desk.wants(charge(first)).await;
    assert_eq!(desk.settled(op_id).await, "unreachable");
    let second = pays_again(&desk, invoice).await;

    shows(&desk, Found::Ended(named("pay_1"), PaymentOutcome::Succeeded));
    let data = json!({ "payment_request_id": "pay_1", "operation_id": first, "reference": invoice });
    assert_eq!(tells(&desk, "payment.succeeded", &data).await, Applied::Looked);
    desk.passes(0).await;
    asked(&desk, 1).await;
    assert_eq!(desk.gateway.count(&format!("ask {first} Some(\"pay_1\")")), 1, "not by the reference of both");
    assert_eq!(desk.settled(ids::derived(&["paid after all", WEBHOOK])).await, "succeeded");
    assert_eq!(desk.payment(first).await.status, PaymentStatus::Ended(PaymentOutcome::Succeeded));
    assert_eq!(desk.payment(second).await.status, PaymentStatus::Started);
}

#[tokio::test]
async fn a_name_is_learnt_once_and_only_by_the_payment_it_is_told_of() {
    let desk = Desk::of(Gateway::Wallet).await;
    let payment = desk.pays(0).await;
    let invoice = invoice_of(&desk, payment).await;
    for data in [
        json!({ "payment_request_id": "pay_1", "reference": invoice }),
        json!({ "payment_request_id": "pay_1", "operation_id": invoice, "reference": invoice }),
        json!({ "payment_request_id": "pay 1", "operation_id": payment, "reference": invoice }),
        json!({ "payment_request_id": 1, "operation_id": payment, "reference": invoice }),
        json!({ "operation_id": payment, "reference": invoice }),
    ] {
        tells(&desk, "payment.succeeded", &data).await;
        assert_eq!(requests::of(&desk.world.app, payment).await.unwrap(), None, "{data}");
    }
    for name in ["pay_1", "pay_2"] {
        tells(&desk, "payment.failed", &json!({ "payment_request_id": name, "operation_id": payment })).await;
        assert_eq!(requests::of(&desk.world.app, payment).await.unwrap(), Some(named("pay_1")), "{name}");
    }

    // It names nothing of another gateway's.
    let desk = Desk::of(Gateway::Token).await;
    let payment = desk.pays(0).await;
    tells(&desk, "payment.succeeded", &json!({ "payment_request_id": "pay_1", "operation_id": payment })).await;
    assert_eq!(requests::of(&desk.world.app, payment).await.unwrap(), None);
}
