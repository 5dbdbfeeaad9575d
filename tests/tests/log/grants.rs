//! What each login may not do to the log.

use sqlx::postgres::PgPoolOptions;
use sqlx::{Executor, PgPool};
use tests::log_world::{LogWorld, SetRule, check_log, customer, operator, system};

/// Insufficient privilege, from the grants and from the triggers alike.
const FORBIDDEN: &str = "42501";

const CHANGES: [&str; 10] = [
    "update events set payload = '{}'",
    "delete from events",
    "truncate events",
    "insert into events select position + 100, aggregate_type, aggregate_id, sequence + 100, event_type, \
        event_version, payload, metadata, gen_random_uuid(), command_id, customer_id, recorded_at from events",
    "update command_results set status = 500",
    "delete from command_results",
    "truncate command_results",
    "insert into command_results select gen_random_uuid(), fingerprint, status, aggregate_type, aggregate_id, \
        version, first_position, last_position, outcome from command_results",
    "update log_identity set log_id = gen_random_uuid()",
    "select log_id from log_identity for update",
];

const STRUCTURE: [&str; 8] = [
    "alter table events disable trigger all",
    "drop trigger events_append_only on events",
    "alter table events drop constraint events_stream",
    "drop table command_results",
    "create or replace function refuse_change() returns trigger language plpgsql as 'begin return new; end'",
    "set session_replication_role = replica",
    "create table mine (x int)",
    "grant insert on events to public",
];

const PERSONAL: [&str; 4] = [
    "update personal_data set fields = null",
    "delete from personal_data",
    "truncate personal_data",
    "insert into personal_data values (gen_random_uuid(), 1, gen_random_uuid(), 'person', '{}')",
];

async fn world() -> LogWorld {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    process.bus.execute(&system("rule"), &SetRule::nth(1, 5)).await.unwrap();
    process.bus.execute(&operator("customer"), &customer("Acme")).await.unwrap();
    world
}

async fn login(url: &str) -> PgPool {
    PgPoolOptions::new().max_connections(1).connect(url).await.unwrap()
}

async fn assert_forbidden(login: &PgPool, statement: &str) {
    let error = login.execute(statement).await.expect_err(statement);
    let code = error.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned());
    assert_eq!(code.as_deref(), Some(FORBIDDEN), "{statement}: {error}");
}

/// `grant` without the right to grant is only a warning in Postgres, so its effect is what counts.
async fn assert_nothing_granted(world: &LogWorld) {
    let sql = "select has_table_privilege(login, 'events', right_) from unnest(array['cloudsales_app', \
               'cloudsales_auditor']) login, unnest(array['insert', 'update', 'delete', 'truncate']) right_";
    let granted: Vec<bool> = sqlx::query_scalar(sql).fetch_all(&world.owner).await.unwrap();
    assert_eq!(granted, [false; 8]);
}

async fn everything(world: &LogWorld) -> Vec<String> {
    let sql = "select e::text from events e union all select r::text from command_results r \
               union all select p::text from personal_data p union all select h::text from log_head h";
    sqlx::query_scalar(sql).fetch_all(&world.owner).await.unwrap()
}

#[tokio::test]
async fn no_login_of_the_running_product_changes_what_is_written() {
    let world = world().await;
    let before = everything(&world).await;
    for url in [&world.urls.app, &world.urls.auditor] {
        let login = login(url).await;
        for statement in CHANGES.iter().chain(&PERSONAL) {
            assert_forbidden(&login, statement).await;
        }
        for statement in STRUCTURE {
            if statement.starts_with("grant") {
                let _ = login.execute(statement).await;
                assert_nothing_granted(&world).await;
            } else {
                assert_forbidden(&login, statement).await;
            }
        }
    }
    assert_eq!(everything(&world).await, before);
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn the_auditor_reads_the_log_and_no_personal_data() {
    let world = world().await;
    let auditor = login(&world.urls.auditor).await;
    let events: i64 = sqlx::query_scalar("select count(*) from events").fetch_one(&auditor).await.unwrap();
    assert_eq!(events, 2);
    for table in ["personal_data", "effects", "inbox", "read_customers", "index_accounts"] {
        assert_forbidden(&auditor, &format!("select * from {table}")).await;
    }
    assert_forbidden(&auditor, "copy (select * from personal_data) to stdout").await;
    // The owner's function would write for whoever may call it.
    let may_append: bool = sqlx::query_scalar(
        "select bool_or(has_function_privilege(oid, 'execute')) from pg_proc where proname like 'append\\_%'",
    )
    .fetch_one(&auditor)
    .await
    .unwrap();
    assert!(!may_append);
}

#[tokio::test]
async fn the_product_appends_by_two_functions_only() {
    let world = world().await;
    let app = login(&world.urls.app).await;
    let may_call: Vec<String> = sqlx::query_scalar(
        "select proname::text from pg_proc where pronamespace = 'public'::regnamespace and prosecdef \
            and has_function_privilege(oid, 'execute') order by proname",
    )
    .fetch_all(&app)
    .await
    .unwrap();
    assert_eq!(may_call, ["append_batch", "append_event"]);
    let walk: bool = sqlx::query_scalar(
        "select has_function_privilege(oid, 'execute') from pg_proc where proname = 'append_one_by_one'",
    )
    .fetch_one(&app)
    .await
    .unwrap();
    assert!(!walk, "the walk relies on a lock that its caller holds");
}

#[tokio::test]
async fn the_owner_meets_the_triggers() {
    let world = world().await;
    let before = everything(&world).await;
    let changes = CHANGES.iter().filter(|change| !change.starts_with("insert") && !change.contains("log_identity"));
    for statement in changes {
        assert_forbidden(&world.owner, statement).await;
    }
    assert_eq!(everything(&world).await, before);
    // Erasure is the owner's: the row stays, its fields go.
    world.owner.execute("update personal_data set fields = null").await.unwrap();
    check_log(&world.app).await.unwrap();
}
