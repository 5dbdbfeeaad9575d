//! One invoice paid by the wallet: what is answered, who sees it, and that it is paid once.

use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::gateways::wallet_ends;
use tests::log_world::Bill;
use tests::story::{self, Cast, each, header, new_key};

use super::{Owed, Till, stand};
use crate::accounted::{january, money};

#[tokio::test]
async fn an_invoice_is_paid_once() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let owed = till.owes(0, 4_200).await?;
    till.goes_wrong(json!({ "fault": "outcome:pending", "match": { "path": "/v1/payment-requests" } })).await?;
    let (pay, key) = (format!("{}/pay", owed.path), new_key());
    let started = story::expect(story::ask(&till.payer, Method::POST, &pay, Some(&key), None).await?, 202)?;
    let location = header(&started, "location").unwrap().to_owned();
    assert_eq!(location, format!("/v1/payments/{}", started.id()?));
    let expected = json!({
        "customer_id": till.customer_id, "invoice_id": owed.id, "amount": money("42.00"), "gateway": "wallet",
        "status": "started", "reason": null, "automatic": false, "received_on": null, "refunded": money("0.00"),
        "refunds": [], "settled_at": null, "version": 1,
    });
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&started.body[name], value, "{name}: {}", started.text);
    }
    for absent in ["order_id", "reference", "evidence", "created_by"] {
        assert!(started.body.get(absent).is_none(), "{absent}: {}", started.text);
    }
    let read = till.payer.get_at(&location, started.position()?).await?;
    assert_eq!((&read.body, header(&read, "etag")), (&started.body, header(&started, "etag")));
    assert_eq!(till.stands(&owed).await?, stand("issued", "processing", None));

    // Nobody pays it a second time meanwhile, nor is it void; the same request is the same payment.
    till.is_refused(&owed, "payment-in-progress").await?;
    till.is_at_the_wallet(&owed).await?;
    wallet_ends(&till.books.world, &owed.id, "succeeded").await?;
    let paid = till.comes_to(&location, "succeeded").await?;
    assert_eq!((&paid["received_on"], &paid["refunded"]), (&json!("2026-02-16"), &money("0.00")));
    assert!(paid["settled_at"].as_str().unwrap().starts_with("2026-02-16T"), "{paid}");
    let again = story::ask(&till.payer, Method::POST, &pay, Some(&key), None).await?;
    assert_eq!((again.status, &again.text), (202, &started.text));
    assert_eq!(header(&again, "idempotency-replayed"), Some("true"));
    assert_eq!(header(&again, "location"), Some(location.as_str()));

    let invoice = till.sees(&owed.path).await?;
    assert_eq!(till.stands(&owed).await?, stand("paid", "paid", None));
    let booked = json!([{
        "id": started.id()?, "amount": money("42.00"), "applied": money("42.00"), "received_on": "2026-02-16",
    }]);
    assert_eq!((&invoice["balance"], &invoice["payments"]), (&money("0.00"), &booked));
    assert_eq!(invoice["next_attempt_on"], Value::Null);
    till.is_refused(&owed, "already-paid").await?;
    assert_eq!(till.charged(&owed).await?, ["42.00".parse()?]);
    staff_sees_more(&till, &location).await?;
    till.closes().await
}

async fn staff_sees_more(till: &Till, payment: &str) -> anyhow::Result<()> {
    let staff = till.operator().get(payment).await?.body;
    assert_eq!((&staff["reference"], &staff["evidence"]), (&Value::Null, &Value::Null));
    assert!(staff["created_by"].is_string() && staff.as_object().unwrap().contains_key("evidence"), "{staff}");
    let id = payment.rsplit('/').next().unwrap();
    let audited = till.books.cast.auditor.get(&format!("/v1/audit/streams/payment/{id}/state")).await?;
    for name in ["amount", "status", "gateway", "settled_at"] {
        assert_eq!(audited.body["state"][name], staff[name], "{name}: {}", audited.text);
    }
    Ok(())
}

#[tokio::test]
async fn only_who_is_billed_pays_and_sees_it() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let Cast { customer, other, .. } = &till.books.cast;
    // An end customer's, in agency, and the stranger's.
    let agency = till.books.issue(till.books.agency(0), "2026-02-01").await?;
    let owed = till.owes(0, 4_200).await?;
    others_do_not_pay(&till, &agency, &owed).await?;
    let theirs = story::expect(pay(customer, &agency, Some(&json!({}))).await?, 202)?.id()?;
    let own = story::expect(pay(other, &owed.path, None).await?, 202)?.id()?;
    each_sees_its_own(&till, &own, &theirs).await?;
    lists_show_the_same(&till, &owed, [&own, &theirs]).await?;
    till.comes_to(&format!("/v1/payments/{own}"), "succeeded").await?;
    let listed = till.operator().get("/v1/payments?status=succeeded,declined").await?;
    assert!(each(&story::data(&listed), "id").contains(&own), "{}", listed.text);

    // What is collected by itself is tried on the day it is due.
    let next = till.books.issue(till.books.agency(1), "2026-02-01").await?;
    let seen = customer.get_at(&next, story::head(&till.books.world).await?).await?.body;
    assert_eq!((&seen["due_on"], &seen["next_attempt_on"]), (&json!("2026-03-03"), &json!("2026-03-03")));
    Ok(())
}

async fn pay(client: &Client, invoice: &str, body: Option<&Value>) -> anyhow::Result<Answer> {
    story::ask(client, Method::POST, &format!("{invoice}/pay"), Some(&new_key()), body).await
}

async fn others_do_not_pay(till: &Till, agency: &str, owed: &Owed) -> anyhow::Result<()> {
    let Cast { operator, auditor, service, reseller, customer, other } = &till.books.cast;
    let draft = till.books.draft(Bill::own(till.customer_id, january(), 1)).await?;
    let (own, draft) = (owed.path.as_str(), draft.as_str());
    for (client, invoice, status, slug) in [
        (reseller, agency, 403, "forbidden"),
        (other, agency, 404, "not-found"),
        (auditor, agency, 403, "forbidden"),
        (service, agency, 403, "forbidden"),
        (customer, own, 404, "not-found"),
        (other, draft, 404, "not-found"),
        (operator, draft, 409, "invalid-state"),
    ] {
        story::refused(client, &pay(client, invoice, None).await?, status, slug).await?;
    }
    let unknown = pay(other, own, Some(&json!({ "amount": money("1.00") }))).await?;
    story::refused(other, &unknown, 422, "unknown-field").await?;
    let stale = other.request(Method::POST, &format!("{own}/pay")).header("Idempotency-Key", new_key());
    let stale = other.send(stale.header("If-Match", "\"7\"")).await?;
    story::refused(other, &stale, 412, "precondition-failed").await
}

async fn each_sees_its_own(till: &Till, own: &str, theirs: &str) -> anyhow::Result<()> {
    let Cast { auditor, service, reseller, customer, other, .. } = &till.books.cast;
    let head = story::head(&till.books.world).await?;
    for (client, about, status) in [
        (customer, theirs, 200),
        (customer, own, 404),
        (reseller, theirs, 403),
        (reseller, own, 404),
        (other, own, 200),
        (auditor, theirs, 200),
        (service, own, 403),
    ] {
        let seen = story::look(client, &format!("/v1/payments/{about}?min_position={head}")).await?;
        assert_eq!(seen.status, status, "{}", seen.text);
    }
    Ok(())
}

async fn lists_show_the_same(till: &Till, owed: &Owed, [own, theirs]: [&str; 2]) -> anyhow::Result<()> {
    let Cast { operator, auditor, reseller, customer, other, .. } = &till.books.cast;
    let end_customer = format!("customer_id={}", till.books.world.sample.customer_id);
    let (of_invoice, of_order) = (format!("invoice_id={}", owed.id), format!("order_id={}", owed.id));
    let head = story::head(&till.books.world).await?;
    let lists: [(&Client, &str, &[&str]); 8] = [
        (operator, "", &[own, theirs]),
        (auditor, "limit=1", &[own]),
        (customer, "", &[theirs]),
        (reseller, "", &[]),
        (operator, &end_customer, &[theirs]),
        (operator, &of_invoice, &[own]),
        (operator, &of_order, &[]),
        (other, &end_customer, &[]),
    ];
    for (client, query, expected) in lists {
        let listed = client.get_at(&format!("/v1/payments?{query}"), head).await?;
        assert_eq!(each(&story::data(&listed), "id"), expected, "{query}");
    }
    let theirs = story::look(reseller, &format!("/v1/payments?{end_customer}")).await?;
    story::refused(reseller, &theirs, 403, "forbidden").await?;
    for wrong in ["status=paid", "gateway=wallet", "invoice_id=1"] {
        let answer = story::look(operator, &format!("/v1/payments?{wrong}")).await?;
        story::refused(operator, &answer, 400, "invalid-query").await?;
    }
    Ok(())
}
