//! An order whose payment an operator gives up: it waits only until somebody knows what came of that.

use reqwest::Method;
use serde_json::json;
use tests::story::{self, new_key};

use super::{Till, amount};
use crate::given_up::{dies, discards};

#[tokio::test]
async fn an_order_whose_payment_is_given_up_can_be_paid_once_somebody_knows() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let operator = &till.cast.operator;
    till.will_come_to("pending", 1).await?;
    let order = till.orders(&[("office-business", 2)]).await?;
    let payment = till.checks_out(&order).await?.id()?;
    let letter = dies(&till.world, operator, "charge_payment", &payment).await?;
    discards(operator, &letter).await?;

    // It may have been charged: until that is known nobody pays it again, or calls it off.
    till.sees_payment(&payment, "unknown").await?;
    let again = super::tries_to_check_out(till.buyer(), &order).await?;
    for answer in [again, till.cancels(&order).await?] {
        story::refused(till.buyer(), &answer, 409, "payment-in-progress").await?;
    }
    let finding = json!({ "outcome": "not_charged", "evidence": "Not on statement 17 of the bank." });
    let path = format!("/v1/payments/{payment}/resolve");
    story::expect(story::ask(operator, Method::POST, &path, Some(&new_key()), Some(&finding)).await?, 200)?;
    till.sees(&order, "payment_failed").await?;

    till.pays(&order).await?;
    let ended = story::sees_order_end(till.buyer(), &order, "fulfilled").await?.body;
    assert_eq!(till.moved(&order).await?, [format!("charge {}", amount(&ended, "total"))]);
    till.holds().await
}
