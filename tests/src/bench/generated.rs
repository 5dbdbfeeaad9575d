//! Logs of subscriptions, written straight into the tables: ten events per subscription, one stream after the other in
//! each round, so that a stream's events are far apart. And the outcomes of as many commands, where they matter.

use anyhow::ensure;
use sqlx::{Connection, Executor, PgConnection};

use super::ground::head;

/// Events per subscription: its start, then one licence each.
pub const EVENTS: i64 = 10;

/// A start's payload; the subscription's number is put into it on the server.
const STARTED: &str = r#"{"SubscriptionStarted":{"subscription_id":"%1$s","order_id":"%2$s","line":1,"account_id":"%3$s","customer_id":"%4$s","reseller_id":null,"service_id":"%5$s","service_name":"Office Basic","sku":"OB","provider_subscription_id":"sub-%6$s","quantity":9,"unit_price":{"amount":"17.50","currency":"EUR"},"reseller_unit_price":null,"unit_cost":{"amount":"14.00","currency":"EUR"},"term":"P1M","billing_cycle":"P1M","starts_on":"2026-10-03","ends_on":"2026-11-03","cancellation_window_hours":168,"min_quantity":1,"max_quantity":100000,"confirmed_at":"2026-10-03T09:00:00Z","provider_revision":1}}"#;
const GRANTED: &str = r#"{"LicencesGranted":{"licences":[{"licence_id":"%1$s","ordinal":%2$s,"seat_id":"seat-%2$s","key":{"subject":"%1$s","revision":1},"added_on":"2026-10-03"}]}}"#;
const METADATA: &str = r#"{"actor":"provision","role":"system","at":"2026-10-03T09:00:00Z","correlation_id":"0199a5c3-7e10-7000-8000-000000000101","causation_id":"0199a5c3-7e10-7000-8000-000000000101"}"#;

/// `$1` streams; `$2` to `$4` the texts above; `$5` the round.
const INSERT: &str = "
    insert into events (position, aggregate_type, aggregate_id, sequence, event_type, event_version, payload, metadata,
        event_id, command_id, customer_id, recorded_at)
    select (n - 1) * $1 + s, 'subscription', pg_temp.numbered(5, s), n,
        case when n = 1 then 'SubscriptionStarted' else 'LicencesGranted' end, '1.0',
        case when n = 1 then format($2, pg_temp.numbered(5, s), pg_temp.numbered(6, s),
                pg_temp.numbered(7, s % 1000), pg_temp.numbered(8, s % 100), pg_temp.numbered(9, s % 50), s)
            else format($3, pg_temp.numbered(n, s), n - 1) end::json,
        $4::json, gen_random_uuid(), gen_random_uuid(), pg_temp.numbered(8, s % 100)::uuid, clock_timestamp()
    from (select $5::bigint n, generate_series(1, $1::bigint) s) e";

/// Keys in no order, as those of commands are; `$1` of them.
const OUTCOMES: &str = "
    insert into command_results (id, fingerprint, status, aggregate_type, aggregate_id, version, first_position,
        last_position)
    select gen_random_uuid(), sha256(n::text::bytea), 201, 'subscription', pg_temp.numbered(5, n), 1, n, n
    from generate_series(1, $1::bigint) n";

/// Ids that say what they are of.
const IDS: &str = "create function pg_temp.numbered(kind bigint, n bigint) returns text language sql immutable as
    $$ select '0000' || lpad(to_hex(kind), 4, '0') || '-0000-7000-8000-' || lpad(to_hex(n), 12, '0') $$";

/// Fills the empty log as its owner. Returns the position of the last event.
///
/// # Errors
/// Any database error, or a log that was not empty.
pub async fn subscriptions(owner_url: &str, streams: i64) -> anyhow::Result<i64> {
    let mut owner = PgConnection::connect(owner_url).await?;
    ensure!(head(&mut owner).await? == 0, "the log is not empty");
    owner.execute(IDS).await?;
    let events = streams * EVENTS;
    for round in 1..=EVENTS {
        let insert = sqlx::query(INSERT).bind(streams).bind(STARTED).bind(GRANTED).bind(METADATA).bind(round);
        insert.execute(&mut owner).await?;
    }
    ensure!(head(&mut owner).await? == events, "not all events were written");
    owner.execute("vacuum (analyze) events").await?;
    owner.close().await?;
    Ok(events)
}

/// The outcomes of so many commands.
///
/// # Errors
/// Any database error.
pub async fn outcomes(owner_url: &str, count: i64) -> anyhow::Result<()> {
    let mut owner = PgConnection::connect(owner_url).await?;
    owner.execute(IDS).await?;
    sqlx::query(OUTCOMES).bind(count).execute(&mut owner).await?;
    owner.execute("vacuum (analyze) command_results").await?;
    Ok(owner.close().await?)
}
