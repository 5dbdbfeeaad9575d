//! Business time in development: it moves day by day, and everybody follows.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, TimeDelta, Utc};
use reqwest::Method;
use serde_json::{Value, json};
use tests::business_time::DevClock;
use tests::client::Client;
use tests::story::{self, all_pages, cast, database, each};
use tests::world::World;

use crate::subscription_changes;

const BEGINS: &str = "2026-10-30T09:30:00Z";
const ENTITY: &str = "cloudsales-de";

fn clock_of(world: &World) -> anyhow::Result<DevClock> {
    DevClock::new(&world.settings.api_url())
}

fn begins() -> DateTime<Utc> {
    BEGINS.parse().unwrap()
}

/// The calendar's facts in their order, each with its time.
async fn calendar(auditor: &Client) -> anyhow::Result<Vec<(String, String, String)>> {
    let events = all_pages(auditor, &format!("/v1/audit/streams/calendar/{ENTITY}"), 100).await?;
    let fact = |event: &Value| {
        let what = event["payload"]["day"].as_str().or(event["payload"]["period"].as_str()).unwrap();
        let at: DateTime<Utc> = event["metadata"]["at"].as_str().unwrap().parse().unwrap();
        assert_eq!(event["payload"]["entity"], ENTITY);
        (event["type"].as_str().unwrap().to_owned(), what.to_owned(), at.to_rfc3339())
    };
    Ok(events.iter().map(fact).collect())
}

/// The facts of the days from `first` on, before `until`.
fn facts(first: NaiveDate, until: NaiveDate) -> Vec<(String, String, String)> {
    let mut facts = Vec::new();
    for day in first.iter_days().take_while(|day| *day < until) {
        let next = day + Days::new(1);
        let at = format!("{next}T00:00:00+00:00");
        facts.push(("DayEnded".to_owned(), day.to_string(), at.clone()));
        if next.day() == 1 {
            facts.push(("MonthEnded".to_owned(), day.format("%Y-%m").to_string(), at));
        }
    }
    facts
}

#[tokio::test]
async fn a_month_passes_day_by_day() -> anyhow::Result<()> {
    let world = World::start_at(BEGINS).await?;
    let (cast, clock) = (cast(&world)?, clock_of(&world)?);
    let before = clock.now().await?;
    assert!(before - begins() < TimeDelta::minutes(5), "{before}");
    let none = story::look(&cast.auditor, &format!("/v1/audit/streams/calendar/{ENTITY}")).await?;
    story::refused(&cast.auditor, &none, 404, "not-found").await?;

    let moved = clock.advance("P1M").await?;
    println!("a month took {:?}", moved.took);
    let expected = before + Months::new(1);
    assert!(moved.now >= expected && moved.now - expected < TimeDelta::minutes(5), "{} {expected}", moved.now);
    assert_eq!(moved.position, story::head(&world).await?);
    assert_eq!(calendar(&cast.auditor).await?, facts(begins().date_naive(), moved.now.date_naive()));
    everybody_is_there(&world, moved.now, moved.position).await?;

    // Hours within a day end no day; nothing at all is no move.
    let day = clock.today().await?;
    for span in ["PT0H", "P0D", "PT1H"] {
        assert_eq!(clock.advance(span).await?.now.date_naive(), day, "{span}");
    }
    let later = clock.advance("P1M2DT3H").await?;
    assert_eq!(later.now.date_naive(), (moved.now + Months::new(1) + Days::new(2)).date_naive());
    assert_eq!(calendar(&cast.auditor).await?, facts(begins().date_naive(), later.now.date_naive()));
    Ok(())
}

/// Simulator, read models, effects, inbox.
async fn everybody_is_there(world: &World, now: DateTime<Utc>, position: i64) -> anyhow::Result<()> {
    let provider = Client::new(&world.settings.provider.url(), "")?;
    let health = provider.get("/sim/health").await?.body;
    let theirs: DateTime<Utc> = health["now"].as_str().unwrap().parse()?;
    assert!(theirs >= now - TimeDelta::seconds(1), "{theirs} {now}");
    assert_eq!((&health["unfinished"], &health["undelivered_webhooks"]), (&json!(0), &json!(0)));
    let behind = format!("select name from readers where position < {position}");
    assert_eq!(story::texts(world, &behind).await?, Vec::<String>::new());
    assert_eq!(
        story::texts(world, "select kind from effects where state = 'due' and kind <> 'reconcile'").await?,
        Vec::<String>::new()
    );
    let syncs = "select op_id::text from effects where kind = 'sync_catalogue' and state = 'done'";
    assert!(story::texts(world, syncs).await?.len() >= 30);
    assert_eq!(story::texts(world, "select type from inbox where state = 'new'").await?, Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn what_is_no_span_of_time_moves_nothing() -> anyhow::Result<()> {
    let world = World::start_at(BEGINS).await?;
    let (client, clock) = (world.operator()?, clock_of(&world)?);
    for span in ["", "P", "1M", "P-1M", "P1.5M", "P1S", "PT1M", "P1Y", "P9999D", "tomorrow"] {
        let body = json!({ "advance": span });
        let answer = story::ask(&client, Method::POST, "/dev/clock", None, Some(&body)).await?;
        story::refused(&client, &answer, 422, "invalid-value").await?;
    }
    let cases = [
        (json!({}), "missing-field"),
        (json!({ "advance": 1 }), "invalid-type"),
        (json!({ "advance": null }), "missing-field"),
        (json!({ "advance": "P1D", "to": "2027-01-01" }), "unknown-field"),
    ];
    for (body, slug) in cases {
        let answer = story::ask(&client, Method::POST, "/dev/clock", None, Some(&body)).await?;
        story::refused(&client, &answer, 422, slug).await?;
    }
    assert_eq!(clock.today().await?, begins().date_naive());
    Ok(())
}

#[tokio::test]
async fn twins_keep_one_time_and_one_calendar() -> anyhow::Result<()> {
    let world = World::start_at(BEGINS).await?;
    let cast = cast(&world)?;
    let (settings, _twin) = world.twin().await?;
    let clocks = [clock_of(&world)?, DevClock::new(&settings.api_url())?];
    // Both at once: one after the other.
    let (one, other) = tokio::try_join!(clocks[0].advance("P4D"), clocks[1].advance("P3D"))?;
    let last = one.now.max(other.now);
    assert_eq!(last.date_naive(), begins().date_naive() + Days::new(7));
    for clock in &clocks {
        assert!(clock.now().await? >= last);
    }
    // A process follows before anybody asks it for something.
    for (clock, elsewhere) in [(&clocks[0], &settings), (&clocks[1], &world.settings)] {
        let moved = clock.advance("P1D").await?;
        let there = Client::new(&elsewhere.api_url(), &world.tokens.operator)?;
        let made = story::registers(&there, "Follower").await?;
        let created: DateTime<Utc> = made.text_of("created_at")?.parse()?;
        assert!(created >= moved.now, "{created} {}", moved.now);
    }
    let told = calendar(&cast.auditor).await?;
    assert_eq!(told, facts(begins().date_naive(), clocks[0].today().await?));
    assert_eq!(told.iter().collect::<BTreeSet<_>>().len(), told.len());
    Ok(())
}

#[tokio::test]
async fn days_that_ended_while_nobody_ran_are_told_in_order() -> anyhow::Result<()> {
    let mut world = World::start_at(BEGINS).await?;
    let cast = cast(&world)?;
    clock_of(&world)?.advance("P1D").await?;
    world.product.stop().await?;
    let days = TimeDelta::days(40).num_microseconds().unwrap();
    sqlx::query("update business_clock set offset_micros = offset_micros + $1")
        .bind(days)
        .execute(&mut database(&world).await?)
        .await?;
    world.product.start_again().await?;
    let today = begins().date_naive() + Days::new(41);
    assert_eq!(clock_of(&world)?.today().await?, today);
    let last = (today - Days::new(1)).to_string();
    let path = format!("/v1/audit/streams/calendar/{ENTITY}?limit=100");
    let told =
        |body: &Value| body["data"].as_array().is_some_and(|all| all.iter().any(|e| e["payload"]["day"] == *last));
    cast.auditor.wait_until(&path, told).await?;
    assert_eq!(calendar(&cast.auditor).await?, facts(begins().date_naive(), today));
    // Started again it tells nothing twice.
    world.product.stop().await?;
    world.product.start_again().await?;
    clock_of(&world)?.advance("P0D").await?;
    let periods =
        each(&all_pages(&cast.auditor, "/v1/audit/events?aggregate=calendar&type=MonthEnded", 100).await?, "type");
    assert_eq!(periods.len(), 2);
    Ok(())
}

/// Work that waits for a provider who is down holds the clock for half a minute, once, and not for ever.
#[tokio::test]
async fn an_outage_does_not_stop_the_clock() -> anyhow::Result<()> {
    let world = World::start_at(BEGINS).await?;
    let clock = clock_of(&world)?;
    let down = json!({ "match": { "path": "/v1/" }, "fault": "503", "times": 1_000_000, "ms": 500 });
    story::troubles(&world, &down).await?;
    let moved = clock.advance("P3D").await?;
    assert_eq!(moved.now.date_naive(), begins().date_naive() + Days::new(3));
    assert!((25..100).contains(&moved.took.as_secs()), "{:?}", moved.took);
    // The catalogue of three days, and the bills of the month that ended in between. A reconciliation comes
    // with every quarter of an hour of real time, and one may have begun just now.
    let waiting = "select kind from effects where state = 'due' and kind <> 'reconcile' order by kind";
    let expected = ["run_billing", "sync_catalogue", "sync_catalogue", "sync_catalogue"];
    assert_eq!(story::texts(&world, waiting).await?, expected);
    // What waited is done as soon as the provider is back.
    story::calms(&world).await?;
    clock.advance("P0D").await?;
    let deadline = std::time::Instant::now() + tests::client::PATIENCE * 3;
    while !story::texts(&world, waiting).await?.is_empty() {
        assert!(std::time::Instant::now() < deadline, "the catalogue is never read again");
        clock.advance("P0D").await?;
    }
    Ok(())
}

/// A provider who is away for a day delays what was asked for, and nothing else: no line is rejected, no change refused,
/// nothing is left to the operator, and nothing is done twice.
#[tokio::test]
async fn a_provider_away_for_a_day_loses_nothing_and_fails_nothing() -> anyhow::Result<()> {
    let world = World::start_at(BEGINS).await?;
    let (clock, cast) = (clock_of(&world)?, cast(&world)?);
    let service = world.service("team-storage")?;
    let running = subscription_changes::has(&world, &cast.customer, "team-storage", 3).await?;
    let away = json!({ "match": { "path": "/v1/" }, "fault": "503", "times": 1_000_000, "ms": 500 });
    story::troubles(&world, &away).await?;
    let order = story::orders(&cast.customer, &world.sample.account_id, &[(service, 2)]).await?;
    let path = format!("/v1/orders/{}", order.id()?);
    let asked =
        subscription_changes::asks(&cast.customer, &running, "quantity", Some(json!({ "quantity": 5 }))).await?;
    story::expect(asked, 202)?;
    clock.advance("P1D").await?;
    assert_eq!(cast.customer.get(&path).await?.body["status"], "placed");
    assert_eq!(cast.customer.get(&running).await?.body["change"]["state"], "requested");

    story::calms(&world).await?;
    let open = "select kind from effects where state = 'due' and kind not in ('sync_catalogue', 'reconcile')";
    let deadline = std::time::Instant::now() + tests::client::PATIENCE * 3;
    while !story::texts(&world, open).await?.is_empty() {
        assert!(std::time::Instant::now() < deadline, "what was asked for is never done");
        clock.advance("P0D").await?;
    }
    story::sees_order_end(&cast.customer, &order.id()?, "fulfilled").await?;
    let changed = cast.customer.get(&running).await?.body;
    assert_eq!((&changed["quantity"], &changed["change"]), (&json!(5), &json!(null)));
    assert_eq!(story::texts(&world, "select outcome from effects where state = 'dead'").await?, Vec::<String>::new());
    Ok(())
}
