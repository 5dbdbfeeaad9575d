//! What a billing run finds wrong, what operators decide about it, and what becomes of accounts that cannot be billed.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use anyhow::Context;
use chrono::NaiveDate;
use reqwest::Method;
use serde_json::{Value, json};
use tests::client::{Answer, Client};
use tests::story::{self, all_pages, ask, each, expect, look, new_key, refused};
use tests::world::product::Settings;
use tests::world::{World, ports};

use crate::billing_operations::Month;
use crate::cli;

const ABSENT: &str = "0192f0c1-2d3e-7a4b-8c5d-6e7f80910a1b";
const TABLES: [&str; 2] = ["read_billing_runs", "read_billing_discrepancies"];

/// The provider's billing department.
struct Bills {
    client: Client,
    account: String,
}

impl Bills {
    async fn of(month: &Month) -> anyhow::Result<Self> {
        let client = Client::new(&month.world.settings.provider.url(), "")?;
        let account = format!("/v1/accounts/{}", month.world.sample.account_id);
        let account = month.cast.operator.get(&account).await?.text_of("provider_account_id")?;
        Ok(Self { client, account })
    }

    /// October's line of that subscription.
    async fn line(&self, bought: &Value) -> anyhow::Result<String> {
        let bill = self.client.get(&format!("/sim/billing?account_id={}&period=2026-10", self.account)).await?.body;
        let theirs = &bought["provider"]["subscription_id"];
        let line = bill["lines"].as_array().unwrap().iter().find(|line| line["subscription_id"] == *theirs);
        Ok(line.and_then(|line| line["line_id"].as_str()).context("no line")?.to_owned())
    }

    async fn alters(&self, line: &str, change: &Value) -> anyhow::Result<()> {
        let path = format!("/sim/billing/{line}");
        expect(ask(&self.client, Method::PATCH, &path, None, Some(change)).await?, 200)?;
        Ok(())
    }

    async fn gives_back(&self, bought: &Value, amount: &str) -> anyhow::Result<()> {
        let line = json!({
            "subscription_id": bought["provider"]["subscription_id"], "charge": "credit", "quantity": -1,
            "from": "2026-10-20", "to": "2026-11-05", "amount": amount,
        });
        expect(ask(&self.client, Method::POST, "/sim/billing", None, Some(&line)).await?, 201)?;
        Ok(())
    }
}

/// A month in which the provider asks too much for one service, forgets the next, and gives something back for it.
async fn month_of_mistakes() -> anyhow::Result<(Month, Value)> {
    let month = Month::with(&[("office-business", 25), ("mail-guard", 7)]).await?;
    let bills = Bills::of(&month).await?;
    bills.alters(&bills.line(&month.bought[0]).await?, &json!({ "amount": "450.00" })).await?;
    bills.alters(&bills.line(&month.bought[1]).await?, &json!({ "withheld": true })).await?;
    bills.gives_back(&month.bought[0], "-7.00").await?;
    let run = month.ends().await?;
    Ok((month, run))
}

async fn listed(client: &Client, query: &str) -> anyhow::Result<Vec<Value>> {
    all_pages(client, &format!("/v1/billing-discrepancies?{query}"), 2).await
}

async fn of_kind(month: &Month, kind: &str) -> anyhow::Result<Value> {
    let found = listed(&month.cast.operator, &format!("kind={kind}")).await?;
    let [one] = <[Value; 1]>::try_from(found).expect("one of that kind");
    Ok(one)
}

fn path_of(discrepancy: &Value) -> String {
    format!("/v1/billing-discrepancies/{}", discrepancy["id"].as_str().unwrap())
}

async fn resolve(client: &Client, discrepancy: &Value, action: &str) -> anyhow::Result<Answer> {
    let (path, body) = (format!("{}/resolve", path_of(discrepancy)), json!({ "action": action, "note": "By Ada." }));
    ask(client, Method::POST, &path, Some(&new_key()), Some(&body)).await
}

/// Resolves it; what is answered is what is shown then.
async fn resolves(month: &Month, discrepancy: &Value, action: &str) -> anyhow::Result<Value> {
    let answer = expect(resolve(&month.cast.operator, discrepancy, action).await?, 200)?;
    let shown = month.cast.operator.get_at(&path_of(discrepancy), answer.position()?).await?;
    assert_eq!(answer.body, shown.body);
    assert_eq!(answer.headers["etag"], shown.headers["etag"]);
    Ok(answer.body)
}

async fn shown(month: &Month, run: &Value) -> anyhow::Result<Value> {
    let path = format!("/v1/billing-runs/{}", run["id"].as_str().unwrap());
    Ok(month.cast.operator.get_at(&path, story::head(&month.world).await?).await?.body)
}

#[tokio::test]
async fn a_difference_is_listed_until_somebody_decides() -> anyhow::Result<()> {
    let (month, run) = month_of_mistakes().await?;
    let (cast, sample) = (&month.cast, &month.world.sample);
    assert_eq!(
        (&run["discrepancies"], &run["open_discrepancies"], &run["counts"]["drafts"]),
        (&json!(3), &json!(3), &json!(1)),
        "{run}"
    );
    let id = run["id"].as_str().unwrap();
    let found = listed(&cast.auditor, &format!("run={id}&status=open")).await?;
    let mut kinds = each(&found, "kind");
    kinds.sort();
    assert_eq!(kinds, ["amount", "credit", "missing"]);
    let (customer, account) = (&sample.customer_id, &sample.account_id);
    for (query, count) in [
        (format!("customer_id={customer}&account_id={account}"), 3),
        ("kind=missing,credit&status=open,disputed".to_owned(), 2),
        ("status=accepted,passed_on".to_owned(), 0),
        (format!("customer_id={}", sample.other_customer_id), 0),
        (format!("run={ABSENT}"), 0),
    ] {
        assert_eq!(listed(&cast.operator, &query).await?.len(), count, "{query}");
    }
    for wrong in ["status=done", "kind=none", "run=x", "run_id=x"] {
        let answer = look(&cast.operator, &format!("/v1/billing-discrepancies?{wrong}")).await?;
        refused(&cast.operator, &answer, 400, "invalid-query").await?;
    }

    let amount = of_kind(&month, "amount").await?;
    assert_eq!(amount, cast.auditor.get(&path_of(&amount)).await?.body);
    assert_eq!(
        (&amount["ours"]["amount"], &amount["theirs"]["amount"]),
        (&json!("350.00"), &json!("450.00")),
        "{amount}"
    );
    assert_eq!((&amount["quantity_ours"], &amount["quantity_theirs"]), (&json!(25), &json!(25)));
    assert_eq!((&amount["subscription_id"], &amount["charge"]), (&month.bought[0]["id"], &json!("new")));
    assert_eq!((&amount["run_id"], &amount["note"]), (&run["id"], &Value::Null));
    let invoice = month.invoice().await?;
    assert_eq!((&invoice["status"], &invoice["id"]), (&json!("draft"), &amount["invoice_id"]));
    let missing = of_kind(&month, "missing").await?;
    assert_eq!(
        (&missing["theirs"], &missing["line_id"], &missing["quantity_ours"]),
        (&Value::Null, &Value::Null, &json!(7))
    );
    let credit = of_kind(&month, "credit").await?;
    assert_eq!((&credit["ours"], &credit["theirs"]["amount"]), (&Value::Null, &json!("-7.00")));
    who_may_not_is_told_so(&month, &amount).await?;

    let disputed = resolves(&month, &amount, "dispute").await?;
    assert_eq!(
        (&disputed["status"], &disputed["note"], &disputed["updated_by"]),
        (&json!("disputed"), &json!("By Ada."), &disputed["updated_by"])
    );
    // Nothing else kept the draft.
    assert_eq!(month.invoice().await?["status"], "issued");
    assert_eq!(resolves(&month, &amount, "dispute").await?, disputed, "decided alike, nothing happens");
    refused(&cast.operator, &resolve(&cast.operator, &amount, "accept").await?, 409, "invalid-state").await?;
    let answer = resolve(&cast.operator, &missing, "pass_on").await?;
    refused(&cast.operator, &answer, 422, "invalid-value").await?;
    assert_eq!(answer.body["errors"][0]["pointer"], "/action");
    assert_eq!(resolves(&month, &missing, "accept").await?["status"], "accepted");
    assert_eq!(resolves(&month, &credit, "pass_on").await?["status"], "passed_on");
    let after = shown(&month, &run).await?;
    assert_eq!((&after["discrepancies"], &after["open_discrepancies"]), (&json!(3), &json!(0)));
    assert_eq!(listed(&cast.operator, "status=open").await?.len(), 0);
    rows_are_the_fold(&month).await?;
    nobody_is_named_after_erasure(&month, &amount).await
}

async fn who_may_not_is_told_so(month: &Month, discrepancy: &Value) -> anyhow::Result<()> {
    let (cast, path) = (&month.cast, path_of(discrepancy));
    for client in [&cast.customer, &cast.reseller, &cast.service] {
        refused(client, &look(client, &path).await?, 403, "forbidden").await?;
    }
    for client in [&cast.customer, &cast.reseller, &cast.service, &cast.auditor] {
        refused(client, &resolve(client, discrepancy, "accept").await?, 403, "forbidden").await?;
    }
    let absent = json!({ "id": ABSENT });
    refused(&cast.operator, &resolve(&cast.operator, &absent, "accept").await?, 404, "not-found").await?;
    refused(&cast.operator, &resolve(&cast.operator, discrepancy, "forgive").await?, 422, "invalid-value").await?;
    let resolve = format!("{path}/resolve");
    let answer =
        ask(&cast.operator, Method::POST, &resolve, Some(&new_key()), Some(&json!({ "action": "accept" }))).await?;
    refused(&cast.operator, &answer, 422, "missing-field").await
}

/// The rows of the live generation, without it.
async fn rows(world: &World) -> anyhow::Result<Vec<String>> {
    let mut rows = Vec::new();
    for table in TABLES {
        let sql = format!(
            "select (to_jsonb(t) - 'generation')::text from {table} t join readers r on r.name = 'billing' \
             and r.generation = t.generation order by 1"
        );
        rows.extend(story::texts(world, &sql).await?);
    }
    Ok(rows)
}

async fn rows_are_the_fold(month: &Month) -> anyhow::Result<()> {
    let before = rows(&month.world).await?;
    let rebuilt = cli::run(&month.world.settings, &["projections", "rebuild", "billing"], &[]).await?;
    assert!(rebuilt.status == 0 && rebuilt.output.contains("generation 2"), "{}", rebuilt.output);
    assert_eq!((before.len(), rows(&month.world).await?), (4, before));
    Ok(())
}

async fn nobody_is_named_after_erasure(month: &Month, discrepancy: &Value) -> anyhow::Result<()> {
    let path = format!("/v1/customers/{}/erase-personal-data", month.world.sample.customer_id);
    let erased = month.cast.operator.post(&path, &new_key(), &json!({}), 200).await?;
    let shown = month.cast.operator.get_at(&path_of(discrepancy), erased.position()?).await?.body;
    assert_eq!((&shown["status"], &shown["note"]), (&json!("disputed"), &Value::Null));
    Ok(())
}

#[tokio::test]
async fn what_is_decided_late_is_billed_although_its_account_is_closed() -> anyhow::Result<()> {
    let month = Month::with(&[("mail-guard", 7)]).await?;
    let (customer, bills) = (&month.cast.customer, Bills::of(&month).await?);
    bills.alters(&bills.line(&month.bought[0]).await?, &json!({ "withheld": true })).await?;
    let cancel = format!("/v1/subscriptions/{}/cancel", month.bought[0]["id"].as_str().unwrap());
    let at_term_end = json!({ "effective": "term_end" });
    expect(ask(customer, Method::PUT, &cancel, Some(&new_key()), Some(&at_term_end)).await?, 200)?;
    let reaches = async |year, month_of_year, day| {
        let day = NaiveDate::from_ymd_opt(year, month_of_year, day).unwrap();
        month.clock.advance_to(day).await
    };
    reaches(2026, 11, 6).await?;
    let account = format!("/v1/accounts/{}", month.world.sample.account_id);
    expect(ask(customer, Method::DELETE, &account, None, None).await?, 200)?;

    // No run asks for October's lines any more.
    reaches(2027, 3, 2).await?;
    let missing = of_kind(&month, "missing").await?;
    assert_eq!(resolves(&month, &missing, "accept").await?["status"], "accepted");
    reaches(2027, 4, 1).await?;
    let invoice = month.invoice().await?;
    let shown = month.cast.operator.get(&format!("/v1/invoices/{}", invoice["id"].as_str().unwrap())).await?.body;
    assert_eq!((&shown["status"], &shown["period"]), (&json!("issued"), &json!("2027-03")), "{shown}");
    let line = &shown["lines"][0];
    assert_eq!((&line["from"], &line["quantity"]), (&json!("2026-10-05"), &json!(7)), "{shown}");
    Ok(())
}

/// A month whose bill nobody can read.
async fn unreadable_month() -> anyhow::Result<(Month, Bills, String)> {
    let month = Month::with(&[("office-business", 5)]).await?;
    let bills = Bills::of(&month).await?;
    let line = bills.line(&month.bought[0]).await?;
    bills.alters(&line, &json!({ "currency": "???" })).await?;
    Ok((month, bills, line))
}

#[tokio::test]
async fn an_account_that_cannot_be_billed_waits_for_a_retry() -> anyhow::Result<()> {
    let (month, bills, line) = unreadable_month().await?;
    let run = month.ends().await?;
    let parked = run["parked"].as_array().unwrap();
    assert_eq!((parked.len(), &run["parked_accounts"], &run["status"]), (1, &json!(1), &json!("completed")), "{run}");
    assert_eq!(parked[0]["account_id"], month.world.sample.account_id.as_str());
    assert!(!parked[0]["reason"].as_str().unwrap().is_empty(), "{run}");
    bills.alters(&line, &json!({ "currency": "EUR" })).await?;

    let (path, key) = (format!("/v1/billing-runs/{}/retry", run["id"].as_str().unwrap()), new_key());
    let retried = month.cast.operator.post(&path, &key, &json!({}), 202).await?;
    let goes_on = ["status", "parked", "parked_accounts"].map(|name| retried.body[name].clone());
    assert_eq!(goes_on, [json!("running"), json!([]), json!(0)], "{}", retried.text);
    let ended = month.sees_it_end(&retried.body).await?;
    assert_eq!((&ended["counts"]["issued"], &ended["parked"]), (&json!(1), &json!([])), "{ended}");
    let again = month.cast.operator.post(&path, &key, &json!({}), 202).await?;
    assert_eq!(again.text, retried.text);
    assert_eq!(month.invoice().await?["status"], "issued");
    Ok(())
}

#[tokio::test]
async fn a_retry_that_another_process_was_asked_for_is_made() -> anyhow::Result<()> {
    let (month, bills, line) = unreadable_month().await?;
    let run = month.ends().await?;
    assert_eq!(run["parked_accounts"], 1, "{run}");
    bills.alters(&line, &json!({ "currency": "EUR" })).await?;
    let (api_port, internal_port) = (ports::reserve()?, ports::reserve()?);
    let logs = month.world.folder.join("front-logs");
    std::fs::create_dir_all(&logs)?;
    let settings = Settings { api_port, internal_port, logs, ..month.world.settings.clone() };
    let _front = settings.serve_roles("http").await?;
    let operator = Client::new(&settings.api_url(), &month.world.tokens.operator)?;
    let retry = format!("/v1/billing-runs/{}/retry", run["id"].as_str().unwrap());
    let retried = operator.post(&retry, &new_key(), &json!({}), 202).await?;
    let ended = month.sees_it_end(&retried.body).await?;
    assert_eq!((&ended["counts"]["issued"], &ended["parked"]), (&json!(1), &json!([])), "{ended}");
    Ok(())
}

#[tokio::test]
async fn the_command_line_bills_a_month_and_says_how_it_went() -> anyhow::Result<()> {
    let (mut month, bills, line) = unreadable_month().await?;
    let settings = month.world.settings.clone();
    let october = ["billing", "run", "--period", "2026-10"];
    for wrong in [
        &october[..],
        &["billing", "run", "--period", "2026-13"],
        &["billing", "run"],
        &["billing", "run", "--period", "2026-09", "--customer", ABSENT],
        &["billing", "run", "--period", "2026-09", "--customer", "Acker"],
    ] {
        let ran = cli::run(&settings, wrong, &[]).await?;
        assert!(ran.status == 2 && ran.output.contains("error"), "{wrong:?}: {} {}", ran.status, ran.output);
    }
    let nowhere = [("CLOUDSALES_DATABASE_URL", "postgres://cloudsales_app:x@127.0.0.1:1/none")];
    assert_eq!(cli::run(&settings, &october, &nowhere).await?.status, 3);

    let run = month.ends().await?;
    let for_customer = [&october[..], &["--customer", &month.world.sample.customer_id, "--json"]].concat();
    let ran = cli::run(&settings, &for_customer, &[]).await?;
    assert_eq!(ran.status, 1, "{}", ran.output);
    let told: Value = serde_json::from_str(ran.output.lines().last().unwrap())?;
    assert_eq!(
        (&told["status"], &told["parked_accounts"], &told["on_demand"]),
        (&json!("completed"), &json!(1), &json!(true))
    );
    assert!(told["created_by"].as_str().unwrap().contains("command-line"), "{told}");
    let path = format!("/v1/billing-runs/{}", told["id"].as_str().unwrap());
    let shown = month.cast.operator.get_at(&path, story::head(&month.world).await?).await?;
    assert_eq!(shown.body, told, "the command line shows what the API shows");
    let ran = cli::run(&settings, &october, &[]).await?;
    assert!(ran.status == 1 && ran.output.contains(&month.world.sample.account_id), "{} {}", ran.status, ran.output);

    bills.alters(&line, &json!({ "currency": "EUR" })).await?;
    let retry = format!("/v1/billing-runs/{}/retry", run["id"].as_str().unwrap());
    let retried = month.cast.operator.post(&retry, &new_key(), &json!({}), 202).await?;
    month.sees_it_end(&retried.body).await?;
    let ran = cli::run(&settings, &october, &[]).await?;
    assert!(ran.status == 0 && ran.output.contains("1 skipped"), "{} {}", ran.status, ran.output);

    month.world.product.stop().await?;
    let ran = cli::run(&settings, &october, &[]).await?;
    assert!(ran.status == 3 && ran.output.contains("react"), "{} {}", ran.status, ran.output);
    Ok(())
}
