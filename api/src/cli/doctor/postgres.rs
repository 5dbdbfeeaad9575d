//! The database: reachable, new enough, durable, migrated, with the rights it should have and no others.

use std::time::Duration;

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use sqlx::{Connection, PgConnection};

use super::{Finding, Verdict};
use crate::clock;
use crate::config::Settings;

/// Longer than any healthy server takes.
const PATIENCE: Duration = Duration::from_secs(5);
/// As `server_version_num` has it.
const OLDEST: i32 = 150_000;
/// Tokens have 30 s of leeway and webhooks five minutes; a machine whose time is kept differs by milliseconds.
const SKEW_MS: i64 = 2_000;

const SCHEMA: &str = "schema";

pub async fn connect(url: &SecretString) -> Result<PgConnection, Finding> {
    let advice = "start Postgres, or set database_url to where it listens and to a login that may connect";
    match tokio::time::timeout(PATIENCE, PgConnection::connect(url.expose_secret())).await {
        Ok(Ok(connection)) => Ok(connection),
        Ok(Err(error)) => Err(Finding::away("postgres", error.to_string(), advice)),
        Err(_) => Err(Finding::away("postgres", "it does not answer", advice)),
    }
}

pub async fn look(connection: &mut PgConnection, settings: &Settings) -> Result<Vec<Finding>, sqlx::Error> {
    let mut findings = vec![version(connection).await?];
    findings.extend(durability(connection, settings).await?);
    findings.push(time(connection).await?);
    let schema = schema(connection).await;
    let migrated = schema.verdict == Verdict::Ok;
    findings.push(schema);
    if migrated {
        findings.push(app_rights(connection).await?);
        findings.extend(auditor(settings).await);
    }
    Ok(findings)
}

/// Whether there is anything to look at behind the schema.
pub fn is_migrated(findings: &[Finding]) -> bool {
    findings.iter().any(|finding| finding.check == SCHEMA && finding.verdict == Verdict::Ok)
}

async fn version(connection: &mut PgConnection) -> Result<Finding, sqlx::Error> {
    let (number, text): (i32, String) =
        sqlx::query_as("select current_setting('server_version_num')::int, current_setting('server_version')")
            .fetch_one(connection)
            .await?;
    Ok(match number >= OLDEST {
        true => Finding::ok("postgres", format!("version {text}")),
        false => Finding::wrong("postgres", format!("version {text}"), "use Postgres 15 or newer"),
    })
}

async fn durability(connection: &mut PgConnection, settings: &Settings) -> Result<Vec<Finding>, sqlx::Error> {
    let mut findings = Vec::new();
    for name in ["fsync", "full_page_writes", "synchronous_commit"] {
        let value: String =
            sqlx::query_scalar("select current_setting($1)").bind(name).fetch_one(&mut *connection).await?;
        findings.push(match value.as_str() {
            "off" => Finding::unsafe_outside_development(
                settings.mode,
                name,
                value,
                "switch it on in postgresql.conf: acknowledged commands could be lost",
            ),
            _ => Finding::ok(name, value),
        });
    }
    Ok(findings)
}

async fn time(connection: &mut PgConnection) -> Result<Finding, sqlx::Error> {
    let before = clock::real_now();
    let theirs: DateTime<Utc> = sqlx::query_scalar("select clock_timestamp()").fetch_one(connection).await?;
    let after = clock::real_now();
    // The answer was made somewhere between the two.
    let ours = before + (after - before) / 2;
    let skew_ms = (theirs - ours).num_milliseconds();
    let found = format!("the database's clock differs by {skew_ms} ms");
    Ok(match skew_ms.abs() <= SKEW_MS {
        true => Finding::ok("clock", found),
        false => {
            Finding::wrong("clock", found, "keep the time of both machines by NTP: tokens and webhooks depend on it")
        }
    })
}

async fn schema(connection: &mut PgConnection) -> Finding {
    let wanted = event_log::migrate::head();
    let advice = "run `cloudsales migrate` with database_owner_url set";
    match event_log::migrate::applied(connection).await {
        Ok(applied) if applied == wanted => Finding::ok(SCHEMA, format!("migration {applied}, as this build wants it")),
        Ok(applied) if applied < wanted => {
            Finding::wrong(SCHEMA, format!("migration {applied}, this build wants {wanted}"), advice)
        }
        Ok(applied) => Finding::wrong(
            SCHEMA,
            format!("migration {applied}, this build knows {wanted}"),
            "use the build that migrated the database, or a newer one",
        ),
        Err(_) => Finding::wrong(SCHEMA, "the database was never migrated, or this login may not see it", advice),
    }
}

/// Rights over the log beyond reading and appending, and tables of the product it cannot use.
const APP_RIGHTS: &str = "\
    select array_remove(array_agg(problem), null) from ( \
        select case when rolsuper then 'it is a superuser' end as problem from pg_roles where rolname = current_user \
        union all select case when has_table_privilege(t, p) then p || ' on ' || t end \
            from unnest(array['events', 'log_head', 'command_results', 'personal_data']) t, \
                 unnest(array['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p \
        union all select case when not has_table_privilege(t, 'SELECT') then 'no SELECT on ' || t end \
            from unnest(array['events', 'log_head', 'command_results', 'personal_data']) t \
        union all select case when not has_function_privilege(oid, 'EXECUTE') then 'no EXECUTE on ' || proname end \
            from pg_proc where proname in ('append_batch', 'append_event') and pronamespace = 'public'::regnamespace \
    ) problems";

async fn app_rights(connection: &mut PgConnection) -> Result<Finding, sqlx::Error> {
    let login: String = sqlx::query_scalar("select current_user::text").fetch_one(&mut *connection).await?;
    let problems: Option<Vec<String>> = sqlx::query_scalar(APP_RIGHTS).fetch_one(connection).await?;
    let problems = problems.unwrap_or_default();
    let advice =
        "log in as cloudsales_app, and grant what the migrations grant and nothing else: the log is append-only";
    Ok(match problems.is_empty() {
        true => Finding::ok("grants", format!("{login} may read and append, and change nothing that was written")),
        false => Finding::wrong("grants", format!("{login}: {}", problems.join(", ")), advice),
    })
}

const AUDITOR_RIGHTS: &str = "\
    select array_remove(array_agg(problem), null) from ( \
        select case when rolsuper then 'it is a superuser' end as problem from pg_roles where rolname = current_user \
        union all select case when has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE') \
            then 'it may write ' || c.relname end \
            from pg_class c where c.relkind in ('r', 'p') and c.relnamespace = 'public'::regnamespace \
        union all select case when has_table_privilege('personal_data', 'SELECT') then 'it may read personal_data' end \
        union all select case when not has_table_privilege('events', 'SELECT') then 'it may not read events' end \
    ) problems";

async fn auditor(settings: &Settings) -> Vec<Finding> {
    let check = "auditor";
    let Some(url) = &settings.database_auditor_url else {
        return vec![Finding::note(
            check,
            "database_auditor_url is not set",
            "set it: audit commands then cannot write",
        )];
    };
    let mut connection = match connect(url).await {
        Ok(connection) => connection,
        Err(finding) => return vec![Finding { check, ..finding }],
    };
    let problems: Result<Option<Vec<String>>, sqlx::Error> =
        sqlx::query_scalar(AUDITOR_RIGHTS).fetch_one(&mut connection).await;
    let advice = "log in as cloudsales_auditor, with the grants of the migrations and no others";
    vec![match problems.map(Option::unwrap_or_default) {
        Ok(problems) if problems.is_empty() => {
            Finding::ok(check, "reads the log, no personal data, and writes nothing")
        }
        Ok(problems) => Finding::wrong(check, problems.join(", "), advice),
        Err(error) => Finding::wrong(check, error.to_string(), advice),
    }]
}
