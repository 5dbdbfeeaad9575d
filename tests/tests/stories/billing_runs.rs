//! Month after month: what is billed by itself, what comes late, who waits, and what the provider's mistakes come to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use anyhow::{Context, ensure};
use chrono::NaiveDate;
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::Client;
use tests::story::{self, all_pages, ask, data, each, expect, new_key};

use crate::billing_operations::Month;

/// The provider's billing department.
struct Billing {
    client: Client,
    account: String,
}

impl Billing {
    async fn of(month: &Month) -> anyhow::Result<Self> {
        let client = Client::new(&month.world.settings.provider.url(), "")?;
        let account = format!("/v1/accounts/{}", month.world.sample.account_id);
        let account = month.cast.operator.get(&account).await?.text_of("provider_account_id")?;
        Ok(Self { client, account })
    }

    /// The line of that month and subscription.
    async fn line(&self, period: &str, bought: &Value) -> anyhow::Result<String> {
        let path = format!("/sim/billing?account_id={}&period={period}", self.account);
        let bill = self.client.get(&path).await?.body;
        let theirs = &bought["provider"]["subscription_id"];
        let line = bill["lines"].as_array().unwrap().iter().find(|line| line["subscription_id"] == *theirs);
        Ok(line.and_then(|line| line["line_id"].as_str()).context("no line")?.to_owned())
    }

    async fn alters(&self, line: &str, change: &Value) -> anyhow::Result<()> {
        let path = format!("/sim/billing/{line}");
        expect(ask(&self.client, Method::PATCH, &path, None, Some(change)).await?, 200)?;
        Ok(())
    }

    async fn adds(&self, bought: &Value, line: &Value) -> anyhow::Result<()> {
        let mut line = line.clone();
        line["subscription_id"] = bought["provider"]["subscription_id"].clone();
        expect(ask(&self.client, Method::POST, "/sim/billing", None, Some(&line)).await?, 201)?;
        Ok(())
    }

    async fn closes(&self, period: &str, on: &str) -> anyhow::Result<()> {
        let path = format!("/sim/billing/closings/{period}");
        expect(ask(&self.client, Method::PUT, &path, None, Some(&json!({ "on": on }))).await?, 200)?;
        Ok(())
    }
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// The customer's invoice of a month, with its lines.
async fn invoice_of(month: &Month, period: &str) -> anyhow::Result<Value> {
    let mut invoices = invoices_of(month, &month.world.sample.customer_id, period).await?;
    ensure!(invoices.len() == 1, "{} invoices of {period}", invoices.len());
    Ok(invoices.remove(0))
}

async fn invoices_of(month: &Month, customer: &str, period: &str) -> anyhow::Result<Vec<Value>> {
    let head = story::head(&month.world).await?;
    let path = format!("/v1/invoices?customer_id={customer}&period={period}");
    let mut invoices = Vec::new();
    for listed in data(&month.cast.operator.get_at(&path, head).await?) {
        let path = format!("/v1/invoices/{}", listed["id"].as_str().unwrap());
        invoices.push(month.cast.operator.get_at(&path, head).await?.body);
    }
    Ok(invoices)
}

/// What each line is for, from which day, and its amount.
fn lines(invoice: &Value) -> Vec<(String, String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let line = |line: &Value| (text(&line["charge"]), text(&line["from"]), text(&line["amount"]["amount"]));
    invoice["lines"].as_array().unwrap().iter().map(line).collect()
}

fn expected(lines: &[(&str, &str, &str)]) -> Vec<(String, String, String)> {
    lines.iter().map(|(charge, from, amount)| ((*charge).into(), (*from).into(), (*amount).into())).collect()
}

async fn run_of(month: &Month, period: &str) -> anyhow::Result<Value> {
    let path = format!("/v1/billing-runs?period={period}");
    let runs = data(&month.cast.operator.get_at(&path, story::head(&month.world).await?).await?);
    ensure!(runs.len() == 1, "{} runs of {period}", runs.len());
    Ok(runs[0].clone())
}

async fn found(month: &Month) -> anyhow::Result<Vec<Value>> {
    let head = story::head(&month.world).await?;
    Ok(data(&month.cast.operator.get_at("/v1/billing-discrepancies?limit=100", head).await?))
}

async fn resolves(month: &Month, discrepancy: &Value, action: &str) -> anyhow::Result<()> {
    let path = format!("/v1/billing-discrepancies/{}/resolve", discrepancy["id"].as_str().unwrap());
    month.cast.operator.post(&path, &new_key(), &json!({ "action": action, "note": "Agreed." }), 200).await?;
    Ok(())
}

async fn events(month: &Month, stream: &str) -> anyhow::Result<Vec<Value>> {
    all_pages(&month.cast.auditor, &format!("/v1/audit/streams/{stream}"), 100).await
}

#[tokio::test]
async fn months_are_billed_by_themselves_and_every_charge_once() -> anyhow::Result<()> {
    let month = Month::with(&[("office-business", 5)]).await?;
    let run = month.ends().await?;
    assert_eq!(
        (&run["status"], &run["counts"]),
        (&json!("completed"), &json!({ "imported": 1, "issued": 1, "drafts": 0, "credit_notes": 0, "skipped": 0 })),
        "{run}"
    );
    let october = invoice_of(&month, "2026-10").await?;
    assert_eq!((&october["status"], &october["issued_on"]), (&json!("issued"), &json!("2026-11-01")), "{october}");
    assert_eq!(lines(&october), expected(&[("new", "2026-10-05", "100.00")]));

    month.clock.advance_to(day("2026-12-01")).await?;
    let november = invoice_of(&month, "2026-11").await?;
    assert_eq!(lines(&november), expected(&[("renew", "2026-11-05", "100.00")]));
    assert_eq!(run_of(&month, "2026-11").await?["counts"]["imported"], 1, "October's line was imported before");

    // The same month again: nothing is left of it.
    let again = month.generates(&json!({ "period": "2026-10" })).await?;
    let again = month.sees_it_end(&again.body).await?;
    assert_eq!((&again["counts"]["issued"], &again["counts"]["skipped"]), (&json!(0), &json!(1)), "{again}");
    let ledger = events(&month, &format!("charge_ledger/{}", month.world.sample.account_id)).await?;
    let types = each(&ledger, "type");
    assert_eq!(types, ["ProviderLinesImported", "ChargesBilled", "ProviderLinesImported", "ChargesBilled"]);
    let run = events(&month, &format!("billing_run/{}", again["id"].as_str().unwrap())).await?;
    assert_eq!(each(&run, "type"), ["BillingRunStarted", "PartiesBilled", "BillingRunCompleted"]);
    Ok(())
}

#[tokio::test]
async fn a_line_that_comes_late_is_billed_with_its_own_days() -> anyhow::Result<()> {
    let month = Month::with(&[("office-business", 5), ("mail-guard", 7)]).await?;
    let billing = Billing::of(&month).await?;
    let forgotten = billing.line("2026-10", &month.bought[1]).await?;
    billing.alters(&forgotten, &json!({ "withheld": true })).await?;
    month.ends().await?;
    assert_eq!(lines(&invoice_of(&month, "2026-10").await?), expected(&[("new", "2026-10-05", "100.00")]));
    let [missing] = <[Value; 1]>::try_from(found(&month).await?).expect("one difference");
    assert_eq!((&missing["kind"], &missing["status"]), (&json!("missing"), &json!("open")), "{missing}");

    billing.alters(&forgotten, &json!({ "withheld": false })).await?;
    month.clock.advance_to(day("2026-12-01")).await?;
    let november = invoice_of(&month, "2026-11").await?;
    let expected = expected(&[
        ("renew", "2026-11-05", "100.00"),
        ("new", "2026-10-05", "84.00"),
        ("renew", "2026-11-05", "84.00"),
    ]);
    assert_eq!(lines(&november), expected, "{november}");
    let [settled] = <[Value; 1]>::try_from(found(&month).await?).expect("still one difference");
    assert_eq!((&settled["status"], &settled["note"]), (&json!("accepted"), &Value::Null), "it settled itself");
    Ok(())
}

#[tokio::test]
async fn what_is_accepted_or_passed_on_comes_with_the_next_invoice() -> anyhow::Result<()> {
    let month = Month::with(&[("office-business", 5), ("mail-guard", 7)]).await?;
    let billing = Billing::of(&month).await?;
    billing.alters(&billing.line("2026-10", &month.bought[1]).await?, &json!({ "withheld": true })).await?;
    let gift = json!({
        "charge": "credit", "quantity": -1, "from": "2026-10-20", "to": "2026-11-05", "amount": "-7.23",
    });
    billing.adds(&month.bought[0], &gift).await?;
    let extra = json!({
        "charge": "add", "quantity": 3, "from": "2026-10-21", "to": "2026-11-05", "amount": "20.32",
    });
    billing.adds(&month.bought[0], &extra).await?;
    month.ends().await?;
    assert_eq!(lines(&invoice_of(&month, "2026-10").await?), expected(&[("new", "2026-10-05", "100.00")]));
    let differences = found(&month).await?;
    let mut kinds = each(&differences, "kind");
    kinds.sort();
    assert_eq!(kinds, ["credit", "missing", "unexpected"]);
    for difference in &differences {
        let action = match difference["kind"].as_str().unwrap() {
            "missing" => "accept",
            "credit" => "pass_on",
            _ => "dispute",
        };
        resolves(&month, difference, action).await?;
    }

    month.clock.advance_to(day("2026-12-01")).await?;
    let november = lines(&invoice_of(&month, "2026-11").await?);
    let expected = expected(&[
        ("renew", "2026-11-05", "100.00"),
        ("new", "2026-10-05", "84.00"),
        ("renew", "2026-11-05", "84.00"),
        ("credit", "2026-10-20", "-10.32"),
    ]);
    assert_eq!(november, expected);
    assert_eq!(found(&month).await?.len(), 3, "nothing is listed twice");
    month.clock.advance_to(day("2027-01-01")).await?;
    assert_eq!(invoice_of(&month, "2026-12").await?["lines"].as_array().unwrap().len(), 2, "and comes once");
    Ok(())
}

#[tokio::test]
async fn a_draft_waits_until_the_difference_is_resolved() -> anyhow::Result<()> {
    let month = Month::with(&[("office-business", 25)]).await?;
    let billing = Billing::of(&month).await?;
    billing
        .alters(&billing.line("2026-10", &month.bought[0]).await?, &json!({ "quantity": 27, "amount": "378.00" }))
        .await?;
    let run = month.ends().await?;
    assert_eq!(run["counts"]["drafts"], 1, "{run}");
    let draft = invoice_of(&month, "2026-10").await?;
    assert_eq!((&draft["status"], &draft["number"]), (&json!("draft"), &Value::Null), "{draft}");
    let [quantity] = <[Value; 1]>::try_from(found(&month).await?).expect("one difference");
    assert_eq!((&quantity["kind"], &quantity["invoice_id"]), (&json!("quantity"), &draft["id"]));

    month.clock.advance("P9D").await?;
    resolves(&month, &quantity, "pass_on").await?;
    let issued = invoice_of(&month, "2026-10").await?;
    assert_eq!((&issued["status"], &issued["issued_on"]), (&json!("issued"), &json!("2026-11-10")), "{issued}");
    assert_eq!(lines(&issued), expected(&[("new", "2026-10-05", "500.00")]), "our seats, our price");
    month.clock.advance_to(day("2026-12-01")).await?;
    let november = lines(&invoice_of(&month, "2026-11").await?);
    let two_more = expected(&[("renew", "2026-11-05", "500.00"), ("new", "2026-10-05", "40.00")]);
    assert_eq!(november, two_more, "the two seats that the provider asks for are passed on");
    Ok(())
}

#[tokio::test]
async fn a_small_difference_holds_nothing_up_and_a_correction_settles_it() -> anyhow::Result<()> {
    let month = Month::with(&[("office-business", 25)]).await?;
    let billing = Billing::of(&month).await?;
    let line = billing.line("2026-10", &month.bought[0]).await?;
    billing.alters(&line, &json!({ "amount": "352.00" })).await?;
    let run = month.ends().await?;
    assert_eq!((&run["counts"]["issued"], &run["open_discrepancies"]), (&json!(1), &json!(1)), "{run}");
    billing.alters(&line, &json!({ "amount": "350.00" })).await?;
    month.clock.advance_to(day("2026-12-01")).await?;
    let [amount] = <[Value; 1]>::try_from(found(&month).await?).expect("one difference");
    assert_eq!((&amount["kind"], &amount["status"]), (&json!("amount"), &json!("accepted")), "{amount}");
    Ok(())
}

#[tokio::test]
async fn a_run_waits_until_the_provider_has_closed_its_bills() -> anyhow::Result<()> {
    let month = Month::with(&[("office-business", 5)]).await?;
    let billing = Billing::of(&month).await?;
    billing.closes("2026-10", "2026-11-03").await?;
    let run = month.ends().await?;
    assert_eq!(run["status"], "waiting", "{run}");
    month.clock.advance("P1D").await?;
    assert_eq!(run_of(&month, "2026-10").await?["status"], "waiting");
    assert!(invoices_of(&month, &month.world.sample.customer_id, "2026-10").await?.is_empty());

    month.clock.advance("P1D").await?;
    let run = run_of(&month, "2026-10").await?;
    assert_eq!((&run["status"], &run["counts"]["issued"]), (&json!("completed"), &json!(1)), "{run}");
    let invoice = invoice_of(&month, "2026-10").await?;
    assert_eq!(invoice["issued_on"], "2026-11-01", "the book date is that of the month's end");
    assert_eq!(story::texts(&month.world, "select run_id::text from billing_waits").await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn after_five_days_it_bills_what_is_there() -> anyhow::Result<()> {
    let month = Month::with(&[("office-business", 5)]).await?;
    Billing::of(&month).await?.closes("2026-10", "2026-11-20").await?;
    // Who hears nothing asks every hour.
    story::troubles(&month.world, &json!({ "fault": "webhook_lost", "times": 1_000_000 })).await?;
    month.ends().await?;
    month.clock.advance("P4D").await?;
    assert_eq!(run_of(&month, "2026-10").await?["status"], "waiting");
    month.clock.advance("P2D").await?;
    let run = run_of(&month, "2026-10").await?;
    assert_eq!((&run["status"], &run["counts"]["issued"]), (&json!("completed"), &json!(1)), "{run}");
    Ok(())
}

#[tokio::test]
async fn an_account_that_cannot_be_billed_waits_alone_for_a_retry() -> anyhow::Result<()> {
    let month = Month::with(&[("office-business", 5)]).await?;
    let (cast, sample) = (&month.cast, &month.world.sample);
    story::buys(&cast.other, &sample.other_account_id, month.world.service("office-business")?, 2).await?;
    let billing = Billing::of(&month).await?;
    let line = billing.line("2026-10", &month.bought[0]).await?;
    billing.alters(&line, &json!({ "currency": "EURO" })).await?;
    let run = month.ends().await?;
    assert_eq!((&run["status"], &run["counts"]["issued"]), (&json!("completed"), &json!(1)), "{run}");
    let parked = &run["parked"];
    assert_eq!((parked.as_array().unwrap().len(), &parked[0]["account_id"]), (1, &json!(sample.account_id)), "{run}");
    assert_eq!(invoices_of(&month, &sample.other_customer_id, "2026-10").await?.len(), 1);
    assert!(invoices_of(&month, &sample.customer_id, "2026-10").await?.is_empty());

    billing.alters(&line, &json!({ "currency": "EUR" })).await?;
    let retry = format!("/v1/billing-runs/{}/retry", run["id"].as_str().unwrap());
    let retried = cast.operator.post(&retry, &new_key(), &json!({}), 202).await?;
    let path = format!("/v1/billing-runs/{}", run["id"].as_str().unwrap());
    assert_eq!(cast.operator.get_at(&path, retried.position()?).await?.body["parked"], json!([]));
    let run = month.sees_it_end(&run).await?;
    assert_eq!((&run["counts"]["issued"], run["parked"].as_array().unwrap().len()), (&json!(2), 0), "{run}");
    assert_eq!(invoice_of(&month, "2026-10").await?["issued_on"], "2026-11-01");
    Ok(())
}

#[tokio::test]
async fn a_provider_that_is_away_parks_nobody() -> anyhow::Result<()> {
    let month = Month::with(&[("office-business", 5)]).await?;
    let script = json!({ "match": { "path": "/v1/billing" }, "fault": "500_before", "times": 4 });
    story::troubles(&month.world, &script).await?;
    let run = month.ends().await?;
    let run = month.sees_it_end(&run).await?;
    assert_eq!((&run["counts"]["issued"], run["parked"].as_array().unwrap().len()), (&json!(1), 0), "{run}");
    Ok(())
}

#[tokio::test]
async fn a_reseller_is_billed_for_its_end_customers_when_they_agreed() -> anyhow::Result<()> {
    let month = Month::with(&[("office-business", 5)]).await?;
    let (cast, sample) = (&month.cast, &month.world.sample);
    let terms = json!({ "currency": "EUR", "bill_to": "reseller" });
    let path = format!("/v1/customers/{}/terms", sample.customer_id);
    expect(ask(&cast.operator, Method::PUT, &path, None, Some(&terms)).await?, 200)?;
    month.ends().await?;
    assert!(invoices_of(&month, &sample.customer_id, "2026-10").await?.is_empty());
    let [invoice] = <[Value; 1]>::try_from(invoices_of(&month, &sample.reseller_id, "2026-10").await?).expect("one");
    assert_eq!(invoice["lines"][0]["end_customer_id"], json!(sample.customer_id), "{invoice}");

    // Whoever is named: the party that is billed for it has its invoice.
    let again = month.generates(&json!({ "period": "2026-10", "account_id": sample.account_id })).await?;
    assert_eq!(again.body["customer_id"], json!(sample.reseller_id), "{}", again.text);
    assert_eq!(month.sees_it_end(&again.body).await?["counts"]["skipped"], 1);
    Ok(())
}
