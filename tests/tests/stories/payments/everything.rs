//! Paying all that is owed, at once.

use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::gateways;
use tests::story::{self, header, new_key};

use super::{Till, stand};
use crate::accounted::money;

const PATH: &str = "/v1/invoices/pay";

async fn pays_all(client: &Client, key: &str) -> anyhow::Result<Answer> {
    story::ask(client, Method::POST, PATH, Some(key), None).await
}

#[tokio::test]
async fn all_that_is_owed_is_paid_at_once_and_once() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let mut owed = Vec::new();
    for n in 0..30 {
        owed.push(till.owes(n, 1_000 + i64::from(n)).await?);
    }
    // One is being paid, one is paid, one is void and one given up.
    till.pays_pending(&owed[0]).await?;
    let body = json!({ "amount": money("10.01"), "received_on": "2026-02-16", "reference": "SEPA 17" });
    till.operator().post(&format!("{}/payments", owed[1].path), &new_key(), &body, 201).await?;
    for (n, end) in [(2, "void"), (3, "uncollectible")] {
        till.operator().post(&format!("{}/{end}", owed[n].path), &new_key(), &json!({}), 200).await?;
    }
    for client in [&till.payer, &till.books.cast.reseller, &till.books.cast.auditor] {
        story::refused(client, &pays_all(client, &new_key()).await?, 403, "forbidden").await?;
    }
    let extra = json!({ "customer_id": till.customer_id });
    let answer = story::ask(till.operator(), Method::POST, PATH, Some(&new_key()), Some(&extra)).await?;
    story::refused(till.operator(), &answer, 422, "unknown-field").await?;

    let (service, key) = (&till.books.cast.service, new_key());
    let at_once = futures::future::join_all((0..4).map(|_| pays_all(service, &key))).await;
    let answers = at_once.into_iter().collect::<anyhow::Result<Vec<_>>>()?;
    for answer in &answers {
        assert_eq!((answer.status, &answer.body), (202, &json!({ "attempted": 26, "skipped": 1 })), "{}", answer.text);
    }
    let other = story::ask(service, Method::POST, "/v1/invoices/pay?x=1", Some(&key), None).await?;
    story::refused(service, &other, 422, "idempotency-key-reused").await?;
    // Those of .11 to .16 fail or stay open; everything else is paid, each by one charge.
    for (n, owed) in owed.iter().enumerate().skip(4).filter(|(n, _)| !(11..=16).contains(n)) {
        till.operator().wait_until(&owed.path, |invoice| invoice["status"] == "paid").await?;
        assert_eq!(till.charged(owed).await?.len(), 1, "{n}");
    }
    let again = pays_all(service, &key).await?;
    assert_eq!((again.status, &again.body), (202, &answers[0].body));
    assert_eq!(header(&again, "idempotency-replayed"), Some("true"));
    let attempts = "select count(*)::text from events where event_type = 'PaymentAttempted' group by aggregate_id";
    let attempts = story::texts(&till.books.world, attempts).await?;
    assert!(attempts.len() == 27 && attempts.iter().all(|count| count == "1"), "{attempts:?}");
    assert_eq!(till.stands(&owed[3]).await?, stand("uncollectible", "unpaid", None));
    let ledger = gateways::ledger(&till.books.world).await?;
    assert!(ledger.movements.iter().all(|movement| ledger.under(&movement.key).len() == 1), "{ledger:?}");
    let actors = till.operator().get("/v1/payments?status=succeeded&limit=1").await?.body;
    assert_eq!(actors["data"][0]["automatic"], Value::Bool(false));
    Ok(())
}
