//! Orders that are paid, at the first try or a later one.

use futures::future::try_join_all;
use reqwest::Method;
use serde_json::{Value, json};
use tests::story::{self, header, new_key};

use super::{Till, amount, checks_out, path, processes, text, tries_to_check_out};

#[tokio::test]
async fn what_is_paid_is_invoiced_at_once_and_goes_to_the_provider() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let order = till.orders(&[("office-business", 4), ("mail-guard", 2)]).await?;
    let placed = till.sees(&order, "placed").await?;
    assert_eq!(processes(&placed), ["pending", "pending", "pending"]);
    let started = till.checks_out(&order).await?;
    let facts = ["order_id", "amount", "gateway", "status"].map(|name| started.body[name].clone());
    assert_eq!(facts, [json!(order), placed["total"].clone(), json!("wallet"), json!("started")]);
    assert!(started.body.get("invoice_id").is_none(), "{}", started.text);
    assert_eq!(header(&started, "location"), Some(format!("/v1/payments/{}", started.id()?).as_str()));

    let ended = story::sees_order_end(till.buyer(), &order, "fulfilled").await?.body;
    assert_eq!(processes(&ended), ["completed", "completed", "completed"]);
    let payment = till.sees_payment(&started.id()?, "succeeded").await?.body;
    assert_eq!(ended["processes"]["payment"]["at"], payment["settled_at"]);
    assert_eq!(ended["processes"]["invoice"]["at"], payment["settled_at"]);
    let charged = amount(&placed, "total");
    assert_eq!(till.moved(&order).await?, [format!("charge {charged}")]);

    let (invoice, notes) = till.papers(&order).await?;
    let facts = ["kind", "status", "payment_status", "overdue", "next_attempt_on"].map(|name| text(&invoice[name]));
    assert_eq!(facts, ["order", "paid", "paid", "false", "null"], "{invoice}");
    assert_eq!((&invoice["total"], &invoice["net"]), (&placed["total"], &placed["net"]));
    assert_eq!(amount(&invoice, "balance"), "0.00");
    assert_eq!((&invoice["payments"][0]["id"], &invoice["payments"][0]["applied"]), (&payment["id"], &placed["total"]));
    assert_eq!((invoice["issued_on"] == payment["received_on"], notes.len()), (true, 0));
    let history = till.history("order", &order).await?;
    assert_eq!(history[..4], ["OrderPlaced", "OrderPaymentRequested", "OrderPaid", "OrderSubmitted"]);
    let id = text(&invoice["id"]);
    assert_eq!(till.history("invoice", &id).await?[..3], ["InvoiceIssued", "PaymentBooked", "InvoicePaid"]);
    in_one_append(&till, &order, &id).await?;
    till.holds().await
}

/// Paid, issued and booked are one fact: their positions follow on one another.
async fn in_one_append(till: &Till, order: &str, invoice: &str) -> anyhow::Result<()> {
    let sql = format!(
        "select (max(position) - min(position) < 12 and count(distinct recorded_at) = 1)::text from events \
         where aggregate_id in ('{order}', '{invoice}') \
         and event_type in ('OrderPaid', 'InvoiceIssued', 'PaymentBooked', 'InvoicePaid')"
    );
    assert_eq!(story::texts(&till.world, &sql).await?, ["true"]);
    Ok(())
}

#[tokio::test]
async fn an_answer_is_what_is_read_and_answered_again() -> anyhow::Result<()> {
    let till = Till::open().await?;
    till.will_come_to("pending", 1).await?;
    let order = till.orders(&[("office-business", 1)]).await?;
    let (key, checkout) = (new_key(), format!("{}/checkout", path(&order)));
    let answer = till.buyer().post(&checkout, &key, &json!({}), 202).await?;
    let read = till.buyer().get_at(&format!("/v1/payments/{}", answer.id()?), answer.position()?).await?;
    assert_eq!((&read.body, header(&read, "etag")), (&answer.body, header(&answer, "etag")));
    let seen = till.buyer().get_at(&path(&order), answer.position()?).await?.body;
    assert_eq!(seen["status"], "payment_pending");
    till.comes_to(&order, "succeeded").await?;
    story::sees_order_end(till.buyer(), &order, "fulfilled").await?;
    let again = till.buyer().post(&checkout, &key, &json!({}), 202).await?;
    assert_eq!((&again.text, header(&again, "idempotency-replayed")), (&answer.text, Some("true")));
    assert_eq!(till.moved(&order).await?.len(), 1);
    Ok(())
}

#[tokio::test]
async fn what_was_declined_can_be_paid_again() -> anyhow::Result<()> {
    let till = Till::open().await?;
    till.will_come_to("insufficient_balance", 1).await?;
    let order = till.orders(&[("office-business", 2)]).await?;
    let declined = till.checks_out(&order).await?;
    let seen = till.sees(&order, "payment_failed").await?;
    assert_eq!(processes(&seen), ["error", "pending", "pending"], "{seen}");
    let payment = till.sees_payment(&declined.id()?, "declined").await?.body;
    assert_eq!(payment["reason"], "insufficient_balance");
    assert_eq!(seen["processes"]["payment"]["at"], payment["settled_at"]);

    let paid = till.pays(&order).await?;
    assert_ne!(paid.id()?, declined.id()?);
    story::sees_order_end(till.buyer(), &order, "fulfilled").await?;
    let listed =
        till.buyer().get_at(&format!("/v1/payments?order_id={order}"), story::head(&till.world).await?).await?;
    assert_eq!(story::each(&story::data(&listed), "status"), ["succeeded", "declined"]);
    assert_eq!(till.moved(&order).await?.len(), 1);
    till.holds().await
}

#[tokio::test]
async fn of_several_checkouts_at_once_one_is_started() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let (_, _twin) = till.world.twin().await?;
    let order = till.orders(&[("office-business", 2)]).await?;
    let answers = try_join_all((0..8).map(|_| tries_to_check_out(till.buyer(), &order))).await?;
    let started: Vec<_> = answers.iter().filter(|answer| answer.status == 202).collect();
    assert_eq!(started.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 202) {
        story::refused(till.buyer(), answer, 409, "payment-in-progress").await?;
    }
    story::sees_order_end(till.buyer(), &order, "fulfilled").await?;
    assert_eq!(till.moved(&order).await?.len(), 1);
    till.holds().await
}

#[tokio::test]
async fn only_who_is_billed_checks_out_and_only_what_is_prepaid() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let (cast, sample) = (&till.cast, &till.world.sample);
    let by_invoice = story::order_of(&sample.other_account_id, &[(till.world.service("office-business")?, 1)]);
    let by_invoice = till.buyer().post("/v1/orders", &new_key(), &by_invoice, 201).await?.id()?;
    story::refused(till.buyer(), &tries_to_check_out(till.buyer(), &by_invoice).await?, 409, "invalid-state").await?;

    let wish = till.wish_for(&sample.account_id, &[("office-business", 1)])?;
    let order = cast.customer.post("/v1/orders", &new_key(), &wish, 201).await?.id()?;
    for (client, status, slug) in [
        (&cast.reseller, 403, "forbidden"),
        (&cast.auditor, 403, "forbidden"),
        (&cast.service, 403, "forbidden"),
        (&cast.other, 404, "not-found"),
    ] {
        story::refused(client, &tries_to_check_out(client, &order).await?, status, slug).await?;
    }
    checks_out(&cast.operator, &order).await?;
    story::sees_order_end(&cast.customer, &order, "fulfilled").await?;
    story::refused(&cast.customer, &tries_to_check_out(&cast.customer, &order).await?, 409, "invalid-state").await?;
    resold(&till, &wish).await
}

/// Where the reseller is billed its end customer has nothing to pay.
async fn resold(till: &Till, wish: &Value) -> anyhow::Result<()> {
    let path = format!("/v1/customers/{}/terms", till.world.sample.customer_id);
    let terms = json!({ "currency": "EUR", "bill_to": "reseller" });
    story::expect(story::ask(&till.cast.operator, Method::PUT, &path, None, Some(&terms)).await?, 200)?;
    let answer = story::ask(&till.cast.customer, Method::POST, "/v1/orders", Some(&new_key()), Some(wish)).await?;
    story::refused(&till.cast.customer, &answer, 422, "invalid-value").await?;
    let quote = story::ask(&till.cast.customer, Method::POST, "/v1/orders/quote", None, Some(wish)).await?;
    assert_eq!(quote.body["problems"][0]["pointer"], "/payment", "{}", quote.text);
    Ok(())
}

#[tokio::test]
async fn the_discount_is_taken_off_what_is_charged() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let wish = till.wish(&[("office-business", 4)])?;
    let full = till.buyer().post("/v1/orders", &new_key(), &wish, 201).await?.body;
    till.agrees(&json!({ "currency": "EUR", "discount_percent": "10" })).await?;
    let quoted = story::ask(till.buyer(), Method::POST, "/v1/orders/quote", None, Some(&wish)).await?.body;
    let order = till.buyer().post("/v1/orders", &new_key(), &wish, 201).await?;
    for member in ["net", "taxes", "total"] {
        assert_eq!(quoted[member], order.body[member], "{member}");
    }
    assert_eq!(order.body["lines"][0]["unit_price"], full["lines"][0]["unit_price"]);
    // Other terms by the time it is paid: what was agreed is what is charged and invoiced.
    till.agrees(&json!({ "currency": "EUR", "discount_percent": "50" })).await?;
    let order_id = order.id()?;
    assert_eq!(till.pays(&order_id).await?.body["amount"], order.body["total"]);
    let (invoice, _) = till.papers(&order_id).await?;
    assert_eq!((&invoice["total"], &invoice["charges"]), (&order.body["total"], &full["net"]));
    let share = |body: &Value| amount(body, "discounts").parse::<rust_decimal::Decimal>().unwrap();
    let tenth = amount(&full, "net").parse::<rust_decimal::Decimal>()? / rust_decimal::Decimal::TEN;
    assert_eq!(share(&invoice), tenth.round_dp(2), "{invoice}");
    till.agrees(&json!({ "currency": "EUR", "discount_percent": "100" })).await?;
    let nothing = story::ask(till.buyer(), Method::POST, "/v1/orders", Some(&new_key()), Some(&wish)).await?;
    story::refused(till.buyer(), &nothing, 422, "invalid-value").await?;
    story::sees_order_end(till.buyer(), &order_id, "fulfilled").await?;
    till.holds().await
}

#[tokio::test]
async fn a_reseller_earns_on_it_and_gives_back_what_came_to_nothing() -> anyhow::Result<()> {
    let till = Till::open().await?;
    let (cast, sample) = (&till.cast, &till.world.sample);
    let twelve = json!({ "currency": "EUR", "commission": { "scheme": "percent", "percent": "12" } });
    let terms = format!("/v1/customers/{}/terms", sample.reseller_id);
    story::expect(story::ask(&cast.operator, Method::PUT, &terms, None, Some(&twelve)).await?, 200)?;
    story::troubles(&till.world, &json!({ "fault": "reject_line", "seed": 1 })).await?;
    let wish = till.wish_for(&sample.account_id, &[("office-business", 4), ("mail-guard", 2)])?;
    let order = cast.customer.post("/v1/orders", &new_key(), &wish, 201).await?.id()?;
    checks_out(&cast.customer, &order).await?;
    story::sees_order_end(&cast.customer, &order, "partially_fulfilled").await?;
    let entries = format!("/v1/commissions?reseller_id={}", sample.reseller_id);
    let both = |body: &Value| body["data"].as_array().is_some_and(|entries| entries.len() == 3);
    let entries = story::data(&cast.reseller.wait_until(&entries, both).await?);
    let of = |line: u64, kind: &str| {
        let found = entries.iter().find(|entry| entry["line"] == line && entry["kind"] == kind);
        found.map(|entry| amount(entry, "amount").trim_start_matches('-').to_owned())
    };
    assert_eq!(of(2, "reversed"), of(2, "accrued"), "{entries:?}");
    assert!(of(1, "accrued").is_some() && of(1, "reversed").is_none(), "{entries:?}");
    till.holds().await
}
