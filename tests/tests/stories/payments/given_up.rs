//! Charges that an operator gives up: nobody knows what came of them until the wallet or an operator tells.

use reqwest::Method;
use serde_json::{Value, json};
use tests::client::Answer;
use tests::gateways::wallet_ends;
use tests::story::{self, new_key};

use super::{Owed, Till, stand};
use crate::given_up::{dies, discards};

async fn resolves(till: &Till, payment: &str) -> anyhow::Result<Answer> {
    let body = json!({ "outcome": "not_charged", "evidence": "Not on statement 17 of the bank." });
    story::ask(till.operator(), Method::POST, &format!("{payment}/resolve"), Some(&new_key()), Some(&body)).await
}

fn id(path: &str) -> &str {
    path.rsplit('/').next().unwrap()
}

/// Pays, and the wallet has it when it is given up. Answers the payment's path.
async fn gives_up(till: &Till, owed: &Owed) -> anyhow::Result<String> {
    let payment = till.pays_pending(owed).await?;
    let letter = dies(&till.books.world, till.operator(), "charge_payment", id(&payment)).await?;
    assert_eq!(till.stands(owed).await?, stand("issued", "processing", None));
    story::refused(till.operator(), &resolves(till, &payment).await?, 409, "invalid-state").await?;

    discards(till.operator(), &letter).await?;
    let unknown = till.comes_to(&payment, "unknown").await?;
    assert_eq!((&unknown["reason"], &unknown["settled_at"]), (&json!("no_answer"), &Value::Null), "{unknown}");
    assert_eq!(till.stands(owed).await?, stand("issued", "unknown", None));
    till.is_refused(owed, "payment-in-progress").await?;
    Ok(payment)
}

#[tokio::test]
async fn a_charge_that_is_given_up_is_found_out_and_not_repeated() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let owed = till.owes(0, 4_200).await?;
    let payment = gives_up(&till, &owed).await?;
    wallet_ends(&till.books.world, &owed.id, "succeeded").await?;
    till.later("PT1H").await?;
    till.comes_to(&payment, "succeeded").await?;
    assert_eq!(till.stands(&owed).await?, stand("paid", "paid", None));
    assert_eq!(till.charged(&owed).await?, ["42.00".parse()?]);
    till.closes().await
}

#[tokio::test]
async fn a_charge_that_is_given_up_is_resolved_by_an_operator() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let owed = till.owes(0, 4_200).await?;
    let payment = gives_up(&till, &owed).await?;
    let resolved = story::expect(resolves(&till, &payment).await?, 200)?;
    assert_eq!(resolved.body["status"], "unreachable");
    assert_eq!(till.stands(&owed).await?, stand("issued", "failed", Some("unreachable")));
    let second = till.pays(&owed).await?;
    till.comes_to(&second, "succeeded").await?;
    assert_eq!(till.stands(&owed).await?, stand("paid", "paid", None));
    assert_eq!(till.charged(&owed).await?, ["42.00".parse()?]);
    till.closes().await
}

#[tokio::test]
async fn a_question_that_is_given_up_is_asked_anew_once_the_wallet_tells_something() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let owed = till.owes(0, 4_200).await?;
    let payment = gives_up(&till, &owed).await?;
    let letter = dies(&till.books.world, till.operator(), "ask_payment", id(&payment)).await?;
    discards(till.operator(), &letter).await?;
    assert_eq!(till.stands(&owed).await?, stand("issued", "unknown", None));
    till.is_refused(&owed, "payment-in-progress").await?;
    wallet_ends(&till.books.world, &owed.id, "succeeded").await?;
    till.comes_to(&payment, "succeeded").await?;
    assert_eq!(till.stands(&owed).await?, stand("paid", "paid", None));
    assert_eq!(till.charged(&owed).await?, ["42.00".parse()?]);
    till.closes().await
}
