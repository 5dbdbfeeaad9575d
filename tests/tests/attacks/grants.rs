//! What the database lets the product's own logins do, should somebody come to speak as one of them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use sqlx::postgres::{PgConnection, PgQueryResult};
use sqlx::{Connection, Executor};

use crate::ground::Ground;

/// Insufficient privilege.
const DENIED: &str = "42501";

#[tokio::test]
async fn no_login_can_change_the_log_or_become_another() {
    let ground = Ground::new().await;
    let before = (ground.head().await, digest(&ground).await);
    let urls = &ground.world.settings.databases;
    for (login, url) in [("app", urls.app.clone()), ("auditor", urls.auditor.clone())] {
        let mut connection = PgConnection::connect(&url).await.unwrap();
        for statement in statements(login) {
            denied(&ground, login, &mut connection, &statement).await;
        }
        // Not allowed within a transaction anyway.
        let code = code_of(connection.execute("alter system set fsync = off").await);
        ground.check("101 alter system", code == DENIED, code);
        // Only a warning; what matters is that nothing was granted.
        let _ = connection.execute("grant all on events to public").await;
        connection.close().await.unwrap();
    }
    let public = "select count(*) from information_schema.role_table_grants where grantee = 'PUBLIC' and table_schema = 'public'";
    let granted: i64 = sqlx::query_scalar(public).fetch_one(&ground.pool).await.unwrap();
    ground.check("101", granted == 0, "something was granted to everybody");
    ground.check("101", before == (ground.head().await, digest(&ground).await), "the log was changed");
    ground.finish().await;
}

async fn denied(ground: &Ground, login: &str, connection: &mut PgConnection, statement: &str) {
    let mut transaction = connection.begin().await.unwrap();
    let code = code_of(transaction.execute(statement).await);
    ground.check(&format!("101 {login}: {statement}"), code == DENIED, format!("{code} instead of {DENIED}"));
    transaction.rollback().await.unwrap();
}

/// Why the database refused it.
fn code_of(outcome: Result<PgQueryResult, sqlx::Error>) -> String {
    match outcome {
        Err(sqlx::Error::Database(error)) => error.code().unwrap_or_default().into_owned(),
        other => format!("{other:?}"),
    }
}

fn statements(login: &str) -> Vec<String> {
    let mut statements = Vec::new();
    for table in ["events", "command_results", "log_identity", "personal_data"] {
        statements.push(format!("delete from {table}"));
        statements.push(format!("truncate {table}"));
        statements.push(format!("alter table {table} disable trigger all"));
        statements.push(format!("drop table {table}"));
        statements.push(format!("create trigger mine before insert on {table} execute function refuse_change()"));
    }
    let same_for_both = [
        "update events set payload = payload",
        "update events set metadata = metadata where position = 1",
        "update command_results set status = 200",
        "update log_identity set log_id = log_id",
        "insert into events select * from events limit 1",
        "insert into command_results select * from command_results limit 1",
        "insert into log_identity select * from log_identity",
        "insert into personal_data select * from personal_data limit 1",
        "update personal_data set fields = fields",
        "set session_replication_role = replica",
        "set role cloudsales_owner",
        "set role postgres",
        "set session authorization cloudsales_owner",
        "copy events to program 'cat > /tmp/events'",
        "copy events to '/tmp/events'",
        "select pg_read_file('/etc/passwd')",
        "select pg_ls_dir('/')",
        "create table mine (a int)",
        "create function mine() returns int language sql as 'select 1'",
        "create schema mine",
        "create role mine",
        "alter role cloudsales_app superuser",
        "create or replace function refuse_change() returns trigger language plpgsql as 'begin return new; end'",
        "drop function refuse_change cascade",
        "insert into _sqlx_migrations select * from _sqlx_migrations limit 1",
    ];
    statements.extend(same_for_both.map(str::to_owned));
    statements.push("alter database template1 set search_path = mine".to_owned());
    if login == "auditor" {
        let more = [
            "select * from personal_data",
            "select fields from personal_data",
            "select * from inbox",
            "select * from effects",
            "insert into effects select * from effects",
            "delete from readers",
            "update readers set position = 0",
        ];
        statements.extend(more.map(str::to_owned));
    }
    statements
}

/// Of all events as they stand.
async fn digest(ground: &Ground) -> String {
    let all = "select md5(string_agg(e::text, '|' order by position)) from events e";
    sqlx::query_scalar(all).fetch_one(&ground.pool).await.unwrap()
}
