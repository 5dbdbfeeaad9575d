//! What the wallet says, or somebody in its name: wrong sums, forgeries, repetitions, the wrong order, too early. None of
//! it pays anything that was not paid.

use reqwest::Method;
use serde_json::{Value, json};
use tests::client::Answer;
use tests::gateways::{self, wallet_ends};
use tests::sim::signature;
use tests::story::{self, new_key, now};

use super::{Owed, Till, stand};

/// The wallet's word for a payment, signed with its secret.
async fn says(till: &Till, kind: &str, owed: &Owed, payment: &str) -> anyhow::Result<Answer> {
    let secret = &till.books.world.settings.gateways.as_ref().unwrap().webhook_secret;
    speaks(till, kind, (owed, payment), secret).await
}

async fn speaks(till: &Till, kind: &str, about: (&Owed, &str), secret: &str) -> anyhow::Result<Answer> {
    let (owed, payment) = about;
    let data = json!({
        "payment_request_id": "pay_of_nobody", "operation_id": payment.rsplit('/').next(), "reference": owed.id,
        "amount": "42.00", "currency": "EUR", "status": "succeeded",
    });
    let body = json!({ "type": kind, "timestamp": now(), "data": data }).to_string();
    let (id, timestamp) = (new_key(), now().timestamp());
    let signature = signature::header(&[secret.to_owned()], &id, timestamp, &body);
    let request = till.payer.request(Method::POST, "/v1/webhooks/payments");
    let request = request.header("webhook-id", id).header("webhook-timestamp", timestamp.to_string());
    let request = request.header("webhook-signature", signature).header("content-type", "application/json");
    till.payer.send(request.body(body)).await
}

#[tokio::test]
async fn a_word_pays_nothing() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let (pending, declined) = (till.owes(0, 4_200).await?, till.owes(1, 4_211).await?);
    let payment = till.pays_pending(&pending).await?;
    let failed = till.pays(&declined).await?;
    till.comes_to(&failed, "declined").await?;
    for (owed, payment) in [(&pending, &payment), (&declined, &failed)] {
        for kind in ["payment.succeeded", "payment.failed", "payment.expired", "payment.refunded", "refund.succeeded"] {
            story::expect(says(&till, kind, owed, payment).await?, 202)?;
        }
    }
    // Somebody else's signature is not even stored.
    let forged = speaks(&till, "payment.succeeded", (&pending, &payment), "whsec_AAAA").await?;
    assert_eq!(forged.status, 401, "{}", forged.text);
    till.later("PT1H").await?;
    assert_eq!(till.stands(&pending).await?, stand("issued", "processing", None));
    assert_eq!(till.stands(&declined).await?, stand("issued", "failed", Some("insufficient_balance")));
    assert_eq!(till.sees(&payment).await?["status"], "started");
    assert_eq!(till.sees(&failed).await?["status"], "declined");
    wallet_ends(&till.books.world, &pending.id, "expired").await?;
    till.comes_to(&payment, "expired").await?;
    till.closes().await
}

#[tokio::test]
async fn another_sum_than_asked_for_pays_nothing() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let faults = ["amount:1.00", "currency:USD"];
    for (n, fault) in (0..).zip(faults) {
        // What the wallet charged is not what it was asked for.
        let owed = till.owes(n, 4_200).await?;
        till.goes_wrong(json!({ "fault": fault, "match": { "method": "POST", "path": "/v1/payment-requests" } }))
            .await?;
        let payment = till.pays(&owed).await?;
        let seen = till.comes_to(&payment, "unknown").await?;
        assert_eq!(seen["reason"], "mismatch", "{fault}: {seen}");
        assert_eq!(till.stands(&owed).await?, stand("issued", "unknown", None), "{fault}");
        till.is_refused(&owed, "payment-in-progress").await?;
        till.later("P1D").await?;
        assert_eq!(till.sees(&payment).await?["status"], "unknown", "asking again changes nothing: {fault}");
        assert_eq!(till.charged(&owed).await?.len(), 1, "{fault}");
    }
    // A webhook that names another sum is nothing but a hint: what counts is read.
    for (n, fault) in (2..).zip(faults) {
        let owed = till.owes(n, 4_200).await?;
        till.goes_wrong(json!({ "fault": fault, "match": { "path": "payment.succeeded" } })).await?;
        let payment = till.pays(&owed).await?;
        till.comes_to(&payment, "succeeded").await?;
        let seen = till.sees(&owed.path).await?;
        assert_eq!((&seen["status"], &seen["payments"][0]["amount"]["amount"]), (&json!("paid"), &json!("42.00")));
    }
    Ok(())
}

#[tokio::test]
async fn webhooks_forged_repeated_reordered_and_early_lead_to_the_same_end() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let scripts: [&[Value]; 5] = [
        &[json!({ "fault": "webhook_forged", "times": 9 })],
        &[json!({ "fault": "webhook_repeat", "times": 9, "ms": 50 })],
        // The word of the first end comes after that of the second.
        &[json!({ "fault": "webhook_reorder", "times": 1, "ms": 1500 })],
        &[json!({ "fault": "webhook_lost", "times": 9 })],
        // Charged and told at once, while the answer to the request is still on its way.
        &[
            json!({ "fault": "outcome:succeeded", "ms": 0, "match": { "method": "POST", "path": "/v1/payment-requests" } }),
            json!({ "fault": "timeout_after", "ms": 1200, "match": { "method": "POST", "path": "/v1/payment-requests" } }),
        ],
    ];
    for (n, scripts) in (0..).zip(scripts) {
        let owed = till.owes(n, 4_200).await?;
        for script in scripts {
            till.goes_wrong(script.clone()).await?;
        }
        let payment = till.pays(&owed).await?;
        till.comes_to(&payment, "succeeded").await?;
        wallet_ends(&till.books.world, &owed.id, "expired").await?;
        till.later("PT1H").await?;
        assert_eq!(till.stands(&owed).await?, stand("paid", "paid", None), "{n}");
        assert_eq!(till.sees(&payment).await?["status"], "succeeded", "a late failure never overwrites: {n}");
        assert_eq!(till.charged(&owed).await?.len(), 1, "{n}");
        gateways::payments_heal(&till.books.world).await?;
    }
    till.closes().await
}
