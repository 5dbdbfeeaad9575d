//! Figure 7: rebuilding the subscriptions read model from the whole log, beside plain SQL over the same events.

use std::time::Instant;

use anyhow::{Context, ensure};
use event_log::Reader;
use projections::ReadModel;
use projections::model::SUBSCRIPTIONS;
use sqlx::postgres::PgPoolOptions;
use sqlx::{Connection, Executor, PgConnection, PgPool};

use super::cpu::Usage;
use super::generated::{self, EVENTS};
use super::ground::Ground;
use super::load::median;
use super::plan::Plan;
use super::report::{Limit, Report, Row};

/// One row per stream: what its first event says, how many licences the others add, where it is in the log.
const GROUPED: &str = "
    insert into plain_subscriptions
    select aggregate_id::uuid, min(position), max(position), count(*),
        max(payload -> 'SubscriptionStarted' ->> 'customer_id')::uuid,
        max(payload -> 'SubscriptionStarted' ->> 'account_id')::uuid,
        max(payload -> 'SubscriptionStarted' ->> 'service_id')::uuid,
        max(payload -> 'SubscriptionStarted' ->> 'ends_on')::date,
        sum(json_array_length(payload -> 'LicencesGranted' -> 'licences'))
    from events where aggregate_type = 'subscription' group by aggregate_id";
/// The rows the read model has besides: one per licence.
const LICENCES: &str = "
    insert into plain_licences
    select e.aggregate_id::uuid, (l ->> 'ordinal')::integer, (l ->> 'licence_id')::uuid,
        (l -> 'key' ->> 'subject')::uuid, (l -> 'key' ->> 'revision')::integer, (l ->> 'added_on')::date
    from events e, json_array_elements(e.payload -> 'LicencesGranted' -> 'licences') l
    where e.aggregate_type = 'subscription' and e.event_type = 'LicencesGranted'";
const TABLES: &str = "
    create table plain_subscriptions (id uuid primary key, born bigint not null, last bigint not null,
        events bigint not null, customer_id uuid not null, account_id uuid not null, service_id uuid not null,
        ends_on date not null, licences bigint);
    create table plain_licences (subscription_id uuid not null, ordinal integer not null, licence_id uuid not null,
        key_subject uuid not null, key_revision integer not null, added_on date not null,
        primary key (subscription_id, ordinal))";

/// Seconds of one repetition.
struct Times {
    ours: f64,
    grouped: f64,
    licences: f64,
    usage: Usage,
}

/// # Errors
/// When the rows are not those the log gives.
pub async fn measure(plan: &Plan, ground: &Ground, report: &mut Report) -> anyhow::Result<()> {
    println!("rebuild: writing {} events", plan.subscriptions * EVENTS);
    let urls = ground.migrated("bench_rebuild").await?;
    let events = generated::subscriptions(&urls.owner, plan.subscriptions).await?;
    let mut owner = PgConnection::connect(&urls.owner).await?;
    owner.execute(TABLES).await?;
    let pool = PgPoolOptions::new().max_connections(10).test_before_acquire(false).connect(&urls.app).await?;
    let model = projections::all().into_iter().find(|model| model.name() == SUBSCRIPTIONS);
    let model = model.context("there is no such read model")?;
    projections::rebuild::bring_up_to_date(&pool, &model).await?;
    let mut times = Vec::new();
    for number in 1..=plan.repetitions {
        let time = repetition(ground, &pool, &mut owner, &model).await?;
        println!(
            "rebuild, repetition {number} of {}: {:.2} s; in SQL {:.2} s, and {:.2} s for the licences",
            plan.repetitions, time.ours, time.grouped, time.licences
        );
        times.push(time);
    }
    add_row(events, &times, report);
    pool.close().await;
    Ok(owner.close().await?)
}

async fn repetition(
    ground: &Ground,
    pool: &PgPool,
    owner: &mut PgConnection,
    model: &ReadModel,
) -> anyhow::Result<Times> {
    owner.execute("truncate plain_subscriptions, plain_licences").await?;
    ground.checkpoint().await?;
    let grouped = in_sql(owner, GROUPED).await?;
    let licences = in_sql(owner, LICENCES).await?;
    ground.checkpoint().await?;
    let meter = ground.meter()?;
    let (sample, begin) = (meter.sample(), Instant::now());
    let rebuilt = projections::rebuild::rebuild(pool, model, |_, _| {}).await?;
    let (ours, usage) = (begin.elapsed().as_secs_f64(), meter.since(&sample));
    compare(owner, rebuilt.generation, rebuilt.position).await?;
    Ok(Times { ours, grouped, licences, usage })
}

async fn in_sql(owner: &mut PgConnection, sql: &str) -> anyhow::Result<f64> {
    // The groups shall fit in memory, as they do in ours.
    owner.execute("set work_mem = '256MB'").await?;
    let begin = Instant::now();
    owner.execute(sql).await?;
    Ok(begin.elapsed().as_secs_f64())
}

/// Both ways must have come to the same rows.
async fn compare(owner: &mut PgConnection, generation: i32, position: i64) -> anyhow::Result<()> {
    let sql = "select
        (select position from log_head),
        (select count(*) from plain_subscriptions),
        (select count(*) from read_subscriptions r join plain_subscriptions p
            on p.id = r.id and p.born = r.born and p.customer_id = r.customer_id and p.ends_on = r.ends_on
            and p.events = (r.doc ->> 'version')::bigint where r.generation = $1),
        (select count(*) from plain_licences),
        (select count(*) from read_licences where generation = $1)";
    let (head, plain, ours, plain_licences, our_licences): (i64, i64, i64, i64, i64) =
        sqlx::query_as(sql).bind(generation).fetch_one(owner).await?;
    ensure!(position == head, "the rebuild ends at {position}, the log at {head}");
    ensure!(ours == plain && ours * EVENTS == head, "{ours} rows rebuilt, {plain} in SQL, {head} events");
    ensure!(our_licences == plain_licences, "{our_licences} licences rebuilt, {plain_licences} in SQL");
    Ok(())
}

fn add_row(events: i64, times: &[Times], report: &mut Report) {
    let rate = |seconds: f64| events as f64 / seconds;
    let (ours, grouped) = (median(times.iter().map(|t| t.ours)), median(times.iter().map(|t| t.grouped)));
    let usual = times.iter().min_by(|a, b| (a.ours - ours).abs().total_cmp(&(b.ours - ours).abs()));
    report.add(Row {
        number: "7".to_owned(),
        what: format!("rebuild of the subscriptions read model, {events} events, one licence row for nine in ten"),
        ours: format!("{:.0} events/s, {ours:.2} s", rate(ours)),
        beside: format!(
            "insert … select … group by, one row per stream: {:.0} events/s, {grouped:.2} s",
            rate(grouped)
        ),
        value: median(times.iter().map(|t| t.grouped / t.ours)),
        limit: Limit::AtLeast { reach: 0.2, goal: 0.6 },
        bound: usual.map(|time| time.usage.bound()).unwrap_or_default(),
    });
    let same = median(times.iter().map(|t| (t.grouped + t.licences) / t.ours));
    report.note(format!(
        "The rebuild also writes a row per licence, which the plain statement does not; with a second statement that \
         writes those too, plain SQL needs {:.2} s and the rebuild runs at {same:.2} × its speed.",
        median(times.iter().map(|t| t.grouped + t.licences))
    ));
}
