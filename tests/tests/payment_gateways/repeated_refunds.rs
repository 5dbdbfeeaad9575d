//! Refunds that are sent more than once, that a gateway does not let in, and that went back after all.

use std::time::Duration;

use commands::dead_letter;
use commands::effects::GIVE_UP;
use commands::inbox::{Applied, Applier};
use commands::payment::gateway::{Found, RefundFound, Refunding, RequestId};
use commands::payment::requests;
use domain::customer::Gateway;
use domain::ids;
use domain::payment::RefundStatus;
use domain::process::Effect;
use serde_json::json;
use tests::log_world::{PATIENCE, eventually, operator};
use uuid::Uuid;

use crate::desk::Desk;

/// More answers than anybody should ask for.
const MANY: usize = 40;

/// A refund, and the payment that it is of.
struct Back {
    desk: Desk,
    payment_id: Uuid,
    refund_id: Uuid,
}

impl Back {
    /// Of a payment for which the gateway has a name that we know.
    async fn named() -> Self {
        let back = Self::unnamed().await;
        requests::remember(&back.desk.world.app, back.payment_id, &RequestId::parse("pay_1").unwrap()).await.unwrap();
        back
    }

    async fn unnamed() -> Self {
        let desk = Desk::of(Gateway::Wallet).await;
        let (payment_id, refund_id) = desk.gives_back().await;
        Self { desk, payment_id, refund_id }
    }

    fn sending(&self) -> Effect {
        Effect::RefundPayment { payment_id: self.payment_id, refund_id: self.refund_id }
    }

    fn asking(&self) -> Effect {
        Effect::AskRefund { payment_id: self.payment_id, refund_id: self.refund_id }
    }

    fn will_answer(&self, answers: impl IntoIterator<Item = Refunding>) {
        self.desk.gateway.refunds.lock().unwrap().extend(answers);
    }

    fn will_show(&self, answers: impl IntoIterator<Item = RefundFound>) {
        self.desk.gateway.refund_finds.lock().unwrap().extend(answers);
    }

    fn will_find(&self, answers: impl IntoIterator<Item = Found>) {
        self.desk.gateway.finds.lock().unwrap().extend(answers);
    }

    async fn status(&self) -> RefundStatus {
        self.desk.payment(self.payment_id).await.refund(self.refund_id).unwrap().status
    }

    /// Nobody lets it rest until it is settled. Answers what state that is.
    async fn hurries(&self, op_id: Uuid) -> String {
        let sql = "select lease_until is null and due_at > clock_timestamp() from effects where op_id = $1";
        eventually("an effect to come to its end", PATIENCE, async || {
            let rests: bool = sqlx::query_scalar(sql).bind(op_id).fetch_one(&self.desk.world.app).await?;
            if rests {
                self.desk.hints("refund_payment", self.refund_id).await;
            }
            Ok(self.state(op_id).await != "due")
        })
        .await
        .unwrap();
        self.state(op_id).await
    }

    /// The first question that finds nothing leaves it unknown, the second ends it.
    async fn fails_when_asked_twice(&self) {
        let asking = self.desk.wants(self.asking()).await;
        self.desk.rests(asking).await;
        self.desk.passes(60).await;
        self.desk.rests(asking).await;
        assert_eq!(self.status().await, RefundStatus::Unknown, "once may be too early");
        self.desk.passes(300).await;
        assert_eq!(self.desk.settled(asking).await, "failed");
    }

    async fn state(&self, op_id: Uuid) -> String {
        let sql = "select state from effects where op_id = $1";
        sqlx::query_scalar(sql).bind(op_id).fetch_one(&self.desk.world.app).await.unwrap()
    }

    /// The gateway says that it went back.
    async fn is_told(&self, webhook: &str, reference: Uuid) -> Applied {
        let data = json!({ "operation_id": self.refund_id, "reference": reference });
        let body = json!({ "type": "refund.succeeded", "data": data }).to_string();
        self.desk.hook().apply(webhook, "refund.succeeded", body.as_bytes()).await.unwrap()
    }

    async fn questions(&self) -> Vec<Uuid> {
        let sql = "select op_id from effects where kind = 'ask_refund' and subject = $1 order by created_at";
        let subject = self.refund_id.to_string();
        sqlx::query_scalar(sql).bind(subject).fetch_all(&self.desk.world.app).await.unwrap()
    }
}

#[tokio::test]
async fn a_no_to_what_was_sent_before_says_nothing_of_what_went_back() {
    let back = Back::named().await;
    back.will_show([RefundFound::Nothing]);
    back.will_answer([Refunding::Refused]);
    let op_id = back.desk.wants_again(back.sending()).await;
    back.desk.works();
    assert_eq!(back.desk.settled(op_id).await, "unknown");
    assert_eq!(back.status().await, RefundStatus::Unknown);

    let asking = back.desk.wants(back.asking()).await;
    back.desk.rests(asking).await;
    back.will_show([RefundFound::Succeeded]);
    back.desk.hints("ask_refund", back.refund_id).await;
    assert_eq!(back.desk.settled(asking).await, "succeeded");
    assert_eq!((back.status().await, back.desk.gateway.count("refund")), (RefundStatus::Succeeded, 1));
}

#[tokio::test]
async fn a_no_that_stands_after_two_questions_ends_it() {
    let back = Back::named().await;
    back.will_show((0..3).map(|_| RefundFound::Nothing));
    back.will_answer((0..2).map(|_| Refunding::Refused));
    let op_id = back.desk.wants_again(back.sending()).await;
    back.desk.works();
    assert_eq!(back.desk.settled(op_id).await, "unknown");

    back.fails_when_asked_twice().await;
    assert_eq!((back.status().await, back.desk.gateway.count("refund")), (RefundStatus::Failed, 2));
}

#[tokio::test]
async fn a_payment_that_is_not_found_again_is_asked_for_twice_more() {
    let back = Back::unnamed().await;
    back.will_find((0..3).map(|_| Found::Nothing));
    let op_id = back.desk.wants_again(back.sending()).await;
    back.desk.works();
    assert_eq!(back.desk.settled(op_id).await, "unknown");
    assert_eq!(back.status().await, RefundStatus::Unknown);

    back.fails_when_asked_twice().await;
    assert_eq!((back.desk.gateway.count("ask"), back.desk.gateway.count("refund")), (3, 0));
}

#[tokio::test]
async fn a_gateway_that_answers_and_lets_nothing_in_is_for_the_operator() {
    let back = Back::named().await;
    back.will_answer((0..MANY).map(|_| Refunding::NotReached { retry_after: None }));
    back.will_show((0..MANY).map(|_| RefundFound::Nothing));
    let op_id = back.desk.wants(back.sending()).await;
    back.desk.works();
    assert_eq!(back.hurries(op_id).await, "dead");
    let why = back.desk.settled(op_id).await;
    assert!(why.contains("lets no refund in"), "{why}");
    // The first time nobody knows whether anybody is there.
    assert_eq!((back.desk.gateway.count("refund"), back.desk.gateway.count("look at")), (11, 10));
    assert_eq!(back.status().await, RefundStatus::Started);
}

#[tokio::test]
async fn a_gateway_that_nobody_can_read_is_for_the_operator() {
    let back = Back::unnamed().await;
    back.will_find((0..MANY).map(|_| Found::Unreadable));
    let op_id = back.desk.wants(back.sending()).await;
    back.desk.works();
    assert_eq!(back.hurries(op_id).await, "dead");
    assert_eq!((back.desk.gateway.count("ask"), back.desk.gateway.count("refund")), (10, 0));
}

#[tokio::test]
async fn a_gateway_that_is_busy_is_waited_for_longer_and_longer_and_never_given_up() {
    let back = Back::named().await;
    let busy = Refunding::NotReached { retry_after: Some(Duration::from_mins(1)) };
    back.will_answer([busy]);
    let op_id = back.desk.wants(back.sending()).await;
    back.desk.works();
    back.desk.rests(op_id).await;
    let sql = "select attempts, asked from effects where op_id = $1";
    let counted: (i32, i32) = sqlx::query_as(sql).bind(op_id).fetch_one(&back.desk.world.app).await.unwrap();
    assert_eq!(counted, (0, 1), "no try, but the next wait is longer");

    back.will_show((0..15).map(|_| RefundFound::Nothing));
    back.will_answer((0..14).map(|_| busy));
    back.will_answer([Refunding::Accepted]);
    back.will_show([RefundFound::Succeeded]);
    assert_eq!(back.hurries(op_id).await, "done");
    assert_eq!((back.status().await, back.desk.gateway.count("refund")), (RefundStatus::Succeeded, 16));
}

#[tokio::test]
async fn what_was_taken_and_is_not_shown_is_unknown_in_the_end() {
    let back = Back::named().await;
    back.will_answer([Refunding::Accepted]);
    back.will_show((0..MANY).map(|_| RefundFound::Nothing));
    let op_id = back.desk.wants(back.sending()).await;
    back.desk.works();
    assert_eq!(back.hurries(op_id).await, "done");
    assert_eq!(back.status().await, RefundStatus::Unknown);
    assert_eq!((back.desk.gateway.count("refund"), back.desk.gateway.count("look at")), (1, 5));
}

#[tokio::test]
async fn a_webhook_finds_the_refund_it_names_whatever_else_is_paid() {
    let back = Back::named().await;
    let other = back.desk.pays(1).await;
    let op_id = back.desk.wants(back.sending()).await;
    let waits = "update effects set due_at = clock_timestamp() + interval '1 hour' where op_id = $1";
    sqlx::query(waits).bind(op_id).execute(&back.desk.world.app).await.unwrap();
    let reference = back.desk.payment(other).await.started.payable.id();
    assert_eq!(back.is_told("wh_1", reference).await, Applied::Looked);
    let sql = "select due_at <= clock_timestamp() from effects where op_id = $1";
    let is_due: bool = sqlx::query_scalar(sql).bind(op_id).fetch_one(&back.desk.world.app).await.unwrap();
    assert!(is_due);
}

#[tokio::test]
async fn what_went_back_after_it_had_failed_is_for_the_operator_once() {
    let back = Back::named().await;
    let reference = back.desk.payment(back.payment_id).await.started.payable.id();
    back.will_answer([Refunding::Refused]);
    let op_id = back.desk.wants(back.sending()).await;
    back.desk.works();
    assert_eq!(back.desk.settled(op_id).await, "failed");

    // What the gateway does not say itself is no news.
    back.will_show([RefundFound::Failed]);
    assert_eq!(back.is_told("wh_1", reference).await, Applied::Looked);
    let first = back.questions().await[0];
    assert_eq!(back.desk.settled(first).await, "the refund is over");

    back.will_show([RefundFound::Succeeded]);
    assert_eq!(back.is_told("wh_2", reference).await, Applied::Looked);
    let questions = back.questions().await;
    let late = questions[1];
    let why = back.desk.settled(late).await;
    assert!(why.contains("on the balance too"), "{why}");
    for repeated in ["wh_1", "wh_2"] {
        assert_eq!(back.is_told(repeated, reference).await, Applied::Looked);
    }
    assert_eq!((back.questions().await, back.desk.gateway.count("look at")), (questions, 2));

    // Who discards it has seen it.
    dead_letter::give_up(&back.desk.world.app, late, &operator("discard")).await.unwrap();
    let told = ids::derived(&[GIVE_UP, &late.to_string()]);
    assert_eq!(back.desk.settled(told).await, "the refund is over");
    assert_eq!((back.status().await, back.desk.gateway.count("look at")), (RefundStatus::Failed, 2));
}
