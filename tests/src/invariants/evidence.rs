//! Everything the checks look at, read in one snapshot.

use std::collections::{BTreeMap, HashMap};

use anyhow::Context;
use chrono::{DateTime, NaiveDate, Utc};
use event_log::Recorded;
use event_log::recorded::COLUMNS;
use serde_json::Value;
use sqlx::{Connection, FromRow, PgConnection};
use uuid::Uuid;

use super::beside::BesideRows;
use super::billing::{BookRows, INDEXES};
use super::people::People;
use super::{System, hints};

/// Tables of read models with the reader that keeps them.
pub(super) const TABLES: [(&str, &str); 15] = [
    ("read_customers", "directory"),
    ("read_accounts", "directory"),
    ("read_services", "directory"),
    ("read_price_rules", "directory"),
    ("read_exchange_rates", "directory"),
    ("read_notification_preferences", "directory"),
    ("read_orders", "orders"),
    ("read_subscriptions", "subscriptions"),
    ("read_drift", "subscriptions"),
    ("read_invoices", "billing"),
    ("read_payments", "billing"),
    ("read_credit_notes", "billing"),
    ("read_balances", "billing"),
    ("read_billing_runs", "billing"),
    ("read_commission_accounts", "billing"),
];

pub(super) struct Evidence {
    pub log_id: Uuid,
    pub head: i64,
    pub events: Vec<Recorded>,
    /// Outcomes kept by key.
    pub outcomes: HashMap<Uuid, Outcome>,
    pub readers: BTreeMap<String, Reader>,
    /// Of the live generations.
    pub parked: Vec<Parked>,
    pub effects: Vec<EffectRow>,
    /// State by process and key.
    pub states: BTreeMap<(String, String), Value>,
    /// Rows of the live generations, by table and id.
    pub rows: BTreeMap<&'static str, BTreeMap<Uuid, Value>>,
    pub licences: Vec<LicenceRow>,
    /// Rows of change requests, by subscription and id.
    pub changes: BTreeMap<(Uuid, Uuid), Value>,
    /// By name of the index.
    pub indexes: BTreeMap<&'static str, Vec<(Uuid, String)>>,
    /// Webhooks that are not what was stored.
    pub altered_webhooks: Vec<String>,
    pub webhooks: i64,
    pub people: People,
    pub books: BookRows,
    pub beside: BesideRows,
    /// What a login may do to the log and must not.
    pub privileges: Vec<(String, String, String)>,
    pub logins: Vec<String>,
    /// The second net where it is cut.
    pub idle_triggers: Vec<String>,
    /// Rows that are shown to another customer or reseller than they belong to.
    pub misfiled: Vec<String>,
}

#[derive(FromRow)]
pub(super) struct Outcome {
    pub id: Uuid,
    pub status: i16,
    pub aggregate_type: Option<String>,
    pub aggregate_id: Option<String>,
    pub version: i64,
    pub first_position: i64,
    pub last_position: i64,
}

#[derive(FromRow)]
pub(super) struct Reader {
    pub name: String,
    pub position: i64,
    /// Of its rows that are shown.
    pub generation: i32,
}

#[derive(FromRow)]
pub(super) struct Parked {
    pub reader: String,
    pub aggregate_type: String,
    pub aggregate_id: String,
    pub position: i64,
    pub reason: String,
}

#[derive(FromRow)]
pub(super) struct EffectRow {
    pub op_id: Uuid,
    pub process: String,
    pub position: Option<i64>,
    pub kind: String,
    pub subject: String,
    pub state: String,
    /// What became of it, in words.
    pub outcome: Option<String>,
    pub effect: Value,
}

#[derive(FromRow, Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LicenceRow {
    pub subscription_id: Uuid,
    pub ordinal: i32,
    pub licence_id: Uuid,
    pub key_subject: Uuid,
    pub key_revision: i32,
    pub added_on: NaiveDate,
    pub assigned_subject: Option<Uuid>,
    pub assigned_revision: Option<i32>,
    pub assigned_at: Option<DateTime<Utc>>,
}

impl Evidence {
    pub async fn gather(system: &System) -> anyhow::Result<Self> {
        let connection = PgConnection::connect(&system.database_url).await;
        let mut connection = connection.context("the database cannot be reached")?;
        let mut tx = connection.begin_with("begin isolation level repeatable read read only").await?;
        let tx = &mut *tx;
        let (log_id, head) = sqlx::query_as("select log_id, position from log_head").fetch_one(&mut *tx).await?;
        let readers: Vec<Reader> =
            sqlx::query_as("select name, position, generation from readers").fetch_all(&mut *tx).await?;
        let mut rows = BTreeMap::new();
        for (table, reader) in TABLES {
            rows.insert(table, rows_of(tx, table, reader).await?);
        }
        Ok(Self {
            log_id,
            head,
            events: sqlx::query_as(&format!("select {COLUMNS} from events order by position"))
                .fetch_all(&mut *tx)
                .await?,
            outcomes: outcomes(tx).await?,
            readers: readers.into_iter().map(|reader| (reader.name.clone(), reader)).collect(),
            parked: parked(tx).await?,
            effects: sqlx::query_as(
                "select op_id, process, position, kind, subject, state, outcome, effect from effects",
            )
            .fetch_all(&mut *tx)
            .await?,
            states: states(tx).await?,
            rows,
            licences: licences(tx).await?,
            changes: changes(tx).await?,
            indexes: indexes(tx).await?,
            altered_webhooks: sqlx::query_scalar("select webhook_id from inbox where body_sha256 <> sha256(body)")
                .fetch_all(&mut *tx)
                .await?,
            webhooks: sqlx::query_scalar("select count(*) from inbox").fetch_one(&mut *tx).await?,
            people: People::gather(tx).await?,
            books: BookRows::gather(tx).await?,
            beside: BesideRows::gather(tx).await?,
            privileges: privileges(tx).await?,
            logins: sqlx::query_scalar(LOGINS).fetch_all(&mut *tx).await?,
            idle_triggers: sqlx::query_scalar(IDLE_TRIGGERS).fetch_all(&mut *tx).await?,
            misfiled: misfiled(tx).await?,
        })
    }

    /// Where a reader is; 0 before it has ever run.
    pub fn position_of(&self, reader: &str) -> i64 {
        self.readers.get(reader).map_or(0, |reader| reader.position)
    }

    /// The events a reader has applied.
    pub fn until(&self, position: i64) -> impl Iterator<Item = &Recorded> {
        self.events.iter().take_while(move |event| event.position <= position)
    }
}

async fn outcomes(tx: &mut PgConnection) -> Result<HashMap<Uuid, Outcome>, sqlx::Error> {
    let sql = "select id, status, aggregate_type, aggregate_id, version, first_position, last_position \
               from command_results";
    let outcomes: Vec<Outcome> = sqlx::query_as(sql).fetch_all(tx).await?;
    Ok(outcomes.into_iter().map(|outcome| (outcome.id, outcome)).collect())
}

async fn parked(tx: &mut PgConnection) -> Result<Vec<Parked>, sqlx::Error> {
    let sql = "select d.reader, d.aggregate_type, d.aggregate_id, d.position, d.reason from dead_letters d \
               join readers r on r.name = d.reader and r.generation = d.generation order by d.position";
    sqlx::query_as(sql).fetch_all(tx).await
}

async fn states(tx: &mut PgConnection) -> Result<BTreeMap<(String, String), Value>, sqlx::Error> {
    let rows: Vec<(String, String, Value)> =
        sqlx::query_as("select process, key, state from process_states").fetch_all(tx).await?;
    Ok(rows.into_iter().map(|(process, key, state)| ((process, key), state)).collect())
}

async fn rows_of(tx: &mut PgConnection, table: &str, reader: &str) -> Result<BTreeMap<Uuid, Value>, sqlx::Error> {
    let sql = format!(
        "select t.id, t.doc || jsonb_build_object('column_born', t.born) from {table} t join readers r \
         on r.generation = t.generation where r.name = $1"
    );
    let rows: Vec<(Uuid, Value)> = sqlx::query_as(&sql).bind(reader).fetch_all(tx).await?;
    Ok(rows.into_iter().collect())
}

async fn licences(tx: &mut PgConnection) -> Result<Vec<LicenceRow>, sqlx::Error> {
    let sql = "select t.subscription_id, t.ordinal, t.licence_id, t.key_subject, t.key_revision, t.added_on, \
               t.assigned_subject, t.assigned_revision, t.assigned_at from read_licences t \
               join readers r on r.generation = t.generation where r.name = 'subscriptions' \
               order by 1, 2";
    sqlx::query_as(sql).fetch_all(tx).await
}

async fn changes(tx: &mut PgConnection) -> Result<BTreeMap<(Uuid, Uuid), Value>, sqlx::Error> {
    let sql = "select t.subscription_id, t.id, to_jsonb(t) - array['generation', 'subscription_id', 'id'] \
               || jsonb_build_object('requested_at', (extract(epoch from t.requested_at) * 1000000)::bigint) \
               from read_changes t join readers r on r.generation = t.generation where r.name = 'subscriptions'";
    let rows: Vec<(Uuid, Uuid, Value)> = sqlx::query_as(sql).fetch_all(tx).await?;
    Ok(rows.into_iter().map(|(subscription, id, row)| ((subscription, id), row)).collect())
}

async fn indexes(tx: &mut PgConnection) -> Result<BTreeMap<&'static str, Vec<(Uuid, String)>>, sqlx::Error> {
    let queries = [
        ("provider_orders", "select order_id, provider_order_id from index_provider_orders"),
        ("accounts", "select account_id, coalesce(provider_account_id, '') from index_accounts"),
        ("subscriptions", "select subscription_id, provider_subscription_id from index_subscriptions"),
        ("scheduled_orders", "select order_id, start_on::text from index_scheduled_orders"),
        ("open_orders", "select order_id, account_id::text from index_open_orders"),
        ("unpaid_orders", "select order_id, ''::text from index_unpaid_orders"),
        ("drifts", "select drift_id, status from index_drifts"),
    ];
    let mut indexes = BTreeMap::new();
    for (name, sql) in queries.into_iter().chain(INDEXES).chain(hints::INDEXES) {
        let mut rows: Vec<(Uuid, String)> = sqlx::query_as(sql).fetch_all(&mut *tx).await?;
        rows.sort();
        indexes.insert(name, rows);
    }
    Ok(indexes)
}

/// Whoever may log in and is neither a superuser nor the owner of the schema.
const LOGINS: &str = "select rolname::text from pg_roles where rolcanlogin and not rolsuper and rolname <> \
    (select tableowner from pg_tables where tablename = 'events' and schemaname = 'public') \
    and has_database_privilege(rolname, current_database(), 'connect') order by 1";

/// Triggers that refuse changes and are there no more, or switched off.
const IDLE_TRIGGERS: &str = "select 'the trigger ' || wanted.name || ' does not watch' from (values \
    ('events_append_only'), ('events_no_truncate'), ('results_append_only'), ('results_no_truncate')) wanted(name) \
    where not exists (select from pg_trigger t where t.tgname = wanted.name and t.tgenabled in ('O', 'A') \
    and t.tgrelid in ('events'::regclass, 'command_results'::regclass))";

/// Tables whose rows are found by their customer, and by its reseller of today, with reader and kind of stream.
const OWNED: [(&str, &str, &str); 3] = [
    ("read_accounts", "directory", "account"),
    ("read_orders", "orders", "order"),
    ("read_subscriptions", "subscriptions", "subscription"),
];

/// By whose a stream's events are, and by the last reseller its customer was given to, as far as the reader has read.
async fn misfiled(tx: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    let mut found = Vec::new();
    for (table, reader, aggregate) in OWNED {
        let sql = format!(
            "with live as (select generation, position from readers where name = $1), \
             given as (select distinct on (e.aggregate_id) e.aggregate_id, \
                 e.payload::jsonb -> e.event_type ->> 'reseller_id' as reseller_id from events e, live \
                 where e.aggregate_type = 'customer' and e.event_type in ('CustomerRegistered', 'CustomerMoved') \
                 and e.position <= live.position order by e.aggregate_id, e.sequence desc) \
             select format('{table} shows %s to another customer or reseller', t.id) from {table} t \
             join live on live.generation = t.generation \
             join events e on e.aggregate_type = $2 and e.aggregate_id = t.id::text and e.sequence = 1 \
             left join given on given.aggregate_id = t.customer_id::text \
             where t.customer_id is distinct from e.customer_id \
             or t.reseller_id::text is distinct from given.reseller_id"
        );
        let rows: Vec<String> = sqlx::query_scalar(&sql).bind(reader).bind(aggregate).fetch_all(&mut *tx).await?;
        found.extend(rows);
    }
    Ok(found)
}

async fn privileges(tx: &mut PgConnection) -> Result<Vec<(String, String, String)>, sqlx::Error> {
    let sql = format!(
        "select l.login, t.name, p.privilege from ({LOGINS}) l(login), \
         (values ('events'), ('command_results')) t(name), \
         (values ('INSERT'), ('UPDATE'), ('DELETE'), ('TRUNCATE'), ('TRIGGER')) p(privilege) \
         where has_table_privilege(l.login, t.name, p.privilege) \
         union all \
         select l.login, t.name, p.privilege || ' of a column' from ({LOGINS}) l(login), \
         (values ('events'), ('command_results')) t(name), (values ('INSERT'), ('UPDATE')) p(privilege) \
         where has_any_column_privilege(l.login, t.name, p.privilege) \
         and not has_table_privilege(l.login, t.name, p.privilege) \
         union all \
         select l.login, t.name, 'OWNER' from ({LOGINS}) l(login), \
         (select tablename::text, tableowner from pg_tables where tablename in ('events', 'command_results')) t(name, owner) \
         where pg_has_role(l.login, t.owner, 'MEMBER')"
    );
    sqlx::query_as(&sql).fetch_all(tx).await
}
