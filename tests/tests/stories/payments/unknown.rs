//! Outcomes that nobody knows: never charged again before it is found out, by asking or by an operator.

use reqwest::Method;
use serde_json::{Value, json};
use tests::client::Answer;
use tests::gateways::{self, wallet_ends};
use tests::story::{self, header, new_key};

use super::{Till, stand};
use crate::accounted::money;

/// The next charge is answered 500, and nothing is heard of it afterwards.
async fn silence(till: &Till, fault: &str) -> anyhow::Result<()> {
    till.goes_wrong(json!({ "fault": "webhook_lost", "times": 9 })).await?;
    till.goes_wrong(json!({ "fault": fault, "match": { "method": "POST", "path": "/v1/payment-requests" } })).await
}

async fn resolves(till: &Till, payment: &str, outcome: &str) -> anyhow::Result<Answer> {
    let body = json!({ "outcome": outcome, "evidence": "Statement 17 of the bank, told by Kim Beispiel." });
    story::ask(till.operator(), Method::POST, &format!("{payment}/resolve"), Some(&new_key()), Some(&body)).await
}

#[tokio::test]
async fn what_was_charged_behind_a_lost_answer_is_found_and_not_charged_again() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let (owed, declined) = (till.owes(0, 4_200).await?, till.owes(1, 4_211).await?);
    for (owed, status, stands) in [
        (&owed, "succeeded", stand("paid", "paid", None)),
        (&declined, "declined", stand("issued", "failed", Some("insufficient_balance"))),
    ] {
        silence(&till, "500_after").await?;
        let payment = till.pays(owed).await?;
        let unknown = till.ends(&payment).await?;
        assert_eq!((&unknown["status"], &unknown["reason"]), (&json!("unknown"), &json!("no_answer")), "{unknown}");
        assert_eq!(unknown["settled_at"], Value::Null);
        assert_eq!(till.stands(owed).await?, stand("issued", "unknown", None));
        // Whatever key they come with; the wallet is asked after a minute.
        till.is_refused(owed, "payment-in-progress").await?;
        assert_eq!(header(&till.tries(owed).await?, "retry-after"), Some("60"));
        till.is_refused(owed, "payment-in-progress").await?;
        till.later("PT1H").await?;
        let found = till.comes_to(&payment, status).await?;
        assert!(found["settled_at"].is_string(), "{found}");
        assert_eq!(till.stands(owed).await?, stands);
        gateways::payments_heal(&till.books.world).await?;
    }
    assert_eq!(till.charged(&owed).await?, ["42.00".parse()?]);
    assert_eq!(till.charged(&declined).await?, []);
    till.closes().await
}

#[tokio::test]
async fn what_the_wallet_never_heard_of_can_be_paid_again() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let owed = till.owes(0, 4_200).await?;
    silence(&till, "500_before").await?;
    let payment = till.pays(&owed).await?;
    till.comes_to(&payment, "unknown").await?;
    till.is_refused(&owed, "payment-in-progress").await?;
    for _ in 0..3 {
        till.later("PT1H").await?;
    }
    till.comes_to(&payment, "unreachable").await?;
    assert_eq!(till.stands(&owed).await?, stand("issued", "failed", Some("unreachable")));
    assert_eq!(till.charged(&owed).await?, []);
    gateways::payments_heal(&till.books.world).await?;
    let payment = till.pays(&owed).await?;
    till.comes_to(&payment, "succeeded").await?;
    assert_eq!(till.charged(&owed).await?, ["42.00".parse()?]);
    till.closes().await
}

#[tokio::test]
async fn an_operator_resolves_what_cannot_be_asked() -> anyhow::Result<()> {
    let till = Till::on_terms(&json!({ "collection": "manual", "gateway": "token" })).await?;
    // Charged, and never answered.
    let (charged, other) = (till.owes(0, 4_215).await?, till.owes(1, 4_315).await?);
    let payments = [till.pays(&charged).await?, till.pays(&other).await?];
    for (payment, owed) in payments.iter().zip([&charged, &other]) {
        till.comes_to(payment, "unknown").await?;
        till.is_refused(owed, "payment-in-progress").await?;
    }
    till.later("P2D").await?;
    let [payment, second] = &payments;
    let operator = till.operator();
    for client in [&till.payer, &till.books.cast.auditor, &till.books.cast.service] {
        let body = json!({ "outcome": "succeeded", "evidence": "Mine." });
        let path = format!("{payment}/resolve");
        let answer = story::ask(client, Method::POST, &path, Some(&new_key()), Some(&body)).await?;
        story::refused(client, &answer, 403, "forbidden").await?;
    }
    for (body, slug) in [
        (json!({ "outcome": "succeeded" }), "missing-field"),
        (json!({ "outcome": "failed", "evidence": "None." }), "invalid-value"),
        (json!({ "outcome": "succeeded", "evidence": "" }), "invalid-text"),
    ] {
        let path = format!("{payment}/resolve");
        let answer = story::ask(operator, Method::POST, &path, Some(&new_key()), Some(&body)).await?;
        story::refused(operator, &answer, 422, slug).await?;
    }

    let resolved = story::expect(resolves(&till, payment, "succeeded").await?, 200)?;
    assert_eq!((&resolved.body["status"], &resolved.body["reason"]), (&json!("succeeded"), &Value::Null));
    assert_eq!(resolved.body["evidence"], "Statement 17 of the bank, told by Kim Beispiel.");
    assert_eq!(resolved.body["received_on"], "2026-02-18");
    assert_eq!(operator.get_at(payment, resolved.position()?).await?.body, resolved.body);
    assert_eq!(till.stands(&charged).await?, stand("paid", "paid", None));
    assert_eq!(till.sees(payment).await?.get("evidence"), None);
    story::refused(operator, &resolves(&till, payment, "not_charged").await?, 409, "invalid-state").await?;

    // Found out to be not charged it may be tried again, and fails like something that never arrived.
    let resolved = story::expect(resolves(&till, second, "not_charged").await?, 200)?;
    assert_eq!((&resolved.body["status"], &resolved.body["reason"]), (&json!("unreachable"), &json!("unreachable")));
    assert_eq!(till.stands(&other).await?, stand("issued", "failed", Some("unreachable")));
    till.goes_wrong(json!({ "fault": "outcome:succeeded", "match": { "path": "/token" } })).await?;
    let payment = till.pays(&other).await?;
    till.comes_to(&payment, "succeeded").await?;
    let words = "select count(*)::text from events where payload::text like '%Kim Beispiel%'";
    assert_eq!(story::texts(&till.books.world, words).await?, ["0"]);
    Ok(())
}

#[tokio::test]
async fn money_that_comes_after_the_end_counts_or_goes_back() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let (late, paid) = (till.owes(0, 4_216).await?, till.owes(1, 4_316).await?);
    let payments = [till.pays(&late).await?, till.pays(&paid).await?];
    for (payment, owed) in payments.iter().zip([&late, &paid]) {
        till.comes_to(payment, "expired").await?;
        assert_eq!(till.stands(owed).await?, stand("issued", "failed", Some("expired")));
    }
    // The first is paid by it after all.
    wallet_ends(&till.books.world, &late.id, "succeeded").await?;
    let counted = till.comes_to(&payments[0], "succeeded").await?;
    assert_eq!(counted["refunds"], json!([]));
    assert_eq!(till.stands(&late).await?, stand("paid", "paid", None));

    // The second was paid from outside meanwhile: what comes late goes back the way it came.
    let body = json!({ "amount": money("43.16"), "received_on": "2026-02-16", "reference": "SEPA 17" });
    till.operator().post(&format!("{}/payments", paid.path), &new_key(), &body, 201).await?;
    wallet_ends(&till.books.world, &paid.id, "succeeded").await?;
    till.comes_to(&payments[1], "succeeded").await?;
    let refunded = |body: &Value| body["refunds"][0]["status"] == "succeeded";
    let back = till.operator().wait_until(&payments[1], refunded).await?.body;
    assert_eq!((&back["refunded"], &back["refunds"][0]["amount"]), (&money("43.16"), &money("43.16")));
    let ledger = gateways::ledger(&till.books.world).await?;
    assert_eq!((ledger.charges(&paid.id).len(), ledger.refunds(&paid.id).len()), (1, 1));
    let balance = till.sees(&format!("/v1/customers/{}/balance", till.customer_id)).await?;
    assert_eq!(balance["balance"], money("0.00"), "{balance}");
    till.closes().await
}
