//! What an operator gives up before it came to anything: what may have gone out is not known, what never did is over.

use commands::dead_letter;
use commands::effects::GIVE_UP;
use commands::payment::gateway::RequestId;
use commands::payment::requests;
use domain::customer::Gateway;
use domain::payment::{PaymentOutcome, PaymentStatus, UnknownReason};
use domain::process::Effect;
use tests::log_world::operator;
use uuid::Uuid;

use crate::desk::Desk;

const NO_ANSWER: PaymentOutcome = PaymentOutcome::Unknown(UnknownReason::NoAnswer);

impl Desk {
    /// An operator gives it up, after nobody foresaw what came of it. Answers what ends whatever waits for it.
    async fn gives_up(&self, op_id: Uuid) -> Uuid {
        let dies = "update effects set state = 'dead', outcome = 'nobody foresaw this', settled_at = clock_timestamp() \
                    where op_id = $1 and state = 'due'";
        sqlx::query(dies).bind(op_id).execute(&self.world.app).await.unwrap();
        dead_letter::give_up(&self.world.app, op_id, &operator(&format!("discard {op_id}"))).await.unwrap();
        let tells = "select op_id from effects where process = $1 and subject = \
                     (select subject from effects where op_id = $2 and state = 'discarded')";
        sqlx::query_scalar(tells).bind(GIVE_UP).bind(op_id).fetch_one(&self.world.app).await.unwrap()
    }
}

#[tokio::test]
async fn what_may_have_gone_out_is_unknown_and_not_sent_again() {
    for gateway in [Gateway::Wallet, Gateway::Token] {
        let desk = Desk::of(gateway).await;
        let payment = desk.pays(0).await;
        let op_id = desk.wants_again(Effect::ChargePayment { payment_id: payment }).await;
        let tells = desk.gives_up(op_id).await;
        desk.works();
        assert_eq!(desk.settled(tells).await, "unknown: no_answer");
        assert_eq!(desk.payment(payment).await.status, PaymentStatus::Ended(NO_ANSWER));
        assert_eq!(desk.gateway.count(""), 0);
    }
}

#[tokio::test]
async fn what_the_gateway_has_a_name_for_went_out() {
    let desk = Desk::of(Gateway::Wallet).await;
    let payment = desk.pays(0).await;
    requests::remember(&desk.world.app, payment, &RequestId::parse("pay_1").unwrap()).await.unwrap();
    let op_id = desk.wants(Effect::ChargePayment { payment_id: payment }).await;
    let tells = desk.gives_up(op_id).await;
    desk.works();
    assert_eq!(desk.settled(tells).await, "unknown: no_answer");
    assert_eq!(desk.payment(payment).await.status, PaymentStatus::Ended(NO_ANSWER));
}

#[tokio::test]
async fn what_never_went_out_may_be_tried_again() {
    for gateway in [Gateway::Wallet, Gateway::Token] {
        let desk = Desk::of(gateway).await;
        let payment = desk.pays(0).await;
        let op_id = desk.wants(Effect::ChargePayment { payment_id: payment }).await;
        let tells = desk.gives_up(op_id).await;
        desk.works();
        assert_eq!(desk.settled(tells).await, "unreachable");
        assert_eq!(desk.payment(payment).await.status, PaymentStatus::Ended(PaymentOutcome::Unreachable));
        assert_eq!(desk.gateway.count(""), 0);
    }
}
