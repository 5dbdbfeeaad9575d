//! Generations of read models: what is shown is whole, and nothing lies beside it but what a rebuild leaves there.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context;
use sqlx::{Connection, PgConnection};

use super::Finding;
use super::evidence::{Evidence, TABLES};
use super::models::Difference;

const CLAIM: &str = "what a rebuild made is whole, and rows of other generations are a rebuild's";

/// Looks at rows that nobody should have; a rebuild may have ended between two of them.
const LOOKS: usize = 4;
const PAUSE: Duration = Duration::from_millis(500);

/// Tables beside those of [`TABLES`], with the reader that keeps them. `read_moves` and dead letters name theirs in a
/// column.
const FURTHER: [(&str, &str); 10] = [
    ("read_price_rule_items", "directory"),
    ("read_exchange_rate_items", "directory"),
    ("read_catalogue_changes", "directory"),
    ("read_licences", "subscriptions"),
    ("read_changes", "subscriptions"),
    ("read_receivables", "billing"),
    ("read_ledger", "billing"),
    ("read_commissions", "billing"),
    ("read_commission_statements", "billing"),
    ("read_billing_discrepancies", "billing"),
];
const NAMED: [&str; 2] = ["read_moves", "dead_letters"];

const WITH_GENERATIONS: &str = "select table_name::text from information_schema.columns \
    where table_schema = 'public' and column_name = 'generation' and table_name <> 'readers' order by 1";

/// Holders of a rebuild's lock, as the product finds them.
const REBUILDING: &str = "select name from readers where exists (select from pg_locks where locktype = 'advisory' \
    and objsubid = 1 and granted and database = (select oid from pg_database where datname = current_database()) \
    and (classid::bigint << 32) | objid::bigint = hashtextextended('rebuild/' || name, 0))";

pub(super) async fn check(
    evidence: &Evidence,
    database_url: &str,
    differences: &[Difference],
) -> anyhow::Result<Finding> {
    let rebuilt = |reader: &str| evidence.readers.get(reader).is_some_and(|reader| reader.generation > 1);
    let broken = differences.iter().filter(|difference| rebuilt(difference.reader));
    let mut violations: Vec<String> =
        broken.map(|found| format!("{} was rebuilt, and {}", found.reader, found.text)).collect();
    let mut connection = PgConnection::connect(database_url).await.context("the database cannot be reached")?;
    let (looked_at, mut left) = look(&mut connection).await?;
    for _ in 1..LOOKS {
        if left.is_empty() {
            break;
        }
        tokio::time::sleep(PAUSE).await;
        let (_, still) = look(&mut connection).await?;
        left.retain(|found| still.contains(found));
    }
    violations.extend(left);
    Ok(Finding::new(10, CLAIM, looked_at, violations))
}

/// Generations of tables looked at, and those that nothing explains.
async fn look(connection: &mut PgConnection) -> Result<(usize, BTreeSet<String>), sqlx::Error> {
    // Before the snapshot: a rebuild lets go of its lock when it has cleared up.
    let rebuilding: Vec<String> = sqlx::query_scalar(REBUILDING).fetch_all(&mut *connection).await?;
    let mut tx = connection.begin_with("begin isolation level repeatable read read only").await?;
    let tx = &mut *tx;
    let live: Vec<(String, i32)> = sqlx::query_as("select name, generation from readers").fetch_all(&mut *tx).await?;
    let live = Live { generations: live.into_iter().collect(), rebuilding: rebuilding.into_iter().collect() };
    let tables: Vec<String> = sqlx::query_scalar(WITH_GENERATIONS).fetch_all(&mut *tx).await?;
    let (mut looked_at, mut left) = (0, BTreeSet::new());
    for table in &tables {
        for (reader, generation) in generations(tx, table).await? {
            looked_at += 1;
            if !reader.as_deref().is_some_and(|reader| live.explains(reader, generation)) {
                left.insert(format!("{table} has rows of generation {generation}, which nobody shows or builds"));
            }
        }
    }
    Ok((looked_at, left))
}

/// Each generation of a table, with its reader; `None` where nobody is known to keep it.
async fn generations(tx: &mut PgConnection, table: &str) -> Result<Vec<(Option<String>, i32)>, sqlx::Error> {
    if NAMED.contains(&table) {
        let column = if table == "read_moves" { "noun" } else { "reader" };
        let sql = format!("select distinct {column}, generation from {table}");
        let rows: Vec<(String, i32)> = sqlx::query_as(&sql).fetch_all(tx).await?;
        let reader = |name: String| if table == "read_moves" { keeper(&name).map(str::to_owned) } else { Some(name) };
        return Ok(rows.into_iter().map(|(name, generation)| (reader(name), generation)).collect());
    }
    // From one to the next over the primary key, however many rows each has.
    let sql = format!(
        "with recursive found as ( \
            (select generation from {table} order by generation limit 1) \
            union all \
            select (select t.generation from {table} t where t.generation > f.generation order by 1 limit 1) \
            from found f where f.generation is not null) \
         select generation from found where generation is not null"
    );
    let rows: Vec<i32> = sqlx::query_scalar(&sql).fetch_all(tx).await?;
    Ok(rows.into_iter().map(|generation| (keeper(table).map(str::to_owned), generation)).collect())
}

fn keeper(table: &str) -> Option<&'static str> {
    TABLES.iter().chain(&FURTHER).find(|(name, _)| *name == table).map(|(_, reader)| *reader)
}

/// What is shown, and who is being rebuilt.
struct Live {
    generations: BTreeMap<String, i32>,
    rebuilding: BTreeSet<String>,
}

impl Live {
    /// The next generation is a rebuild's, also of one that died: the one after it begins by emptying it. The one
    /// before is there for as long as its rebuild clears up.
    fn explains(&self, reader: &str, generation: i32) -> bool {
        let Some(live) = self.generations.get(reader) else { return false };
        let cleared_up = self.rebuilding.contains(reader) && generation == live - 1;
        [*live, live + 1].contains(&generation) || cleared_up
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn live(rebuilding: &[&str]) -> Live {
        Live {
            generations: BTreeMap::from([("orders".to_owned(), 3)]),
            rebuilding: rebuilding.iter().map(|name| (*name).to_owned()).collect(),
        }
    }

    #[test]
    fn the_live_generation_and_the_next_are_explained() {
        assert!([3, 4].iter().all(|generation| live(&[]).explains("orders", *generation)));
    }

    #[test]
    fn an_older_one_is_explained_by_a_rebuild_alone() {
        assert!(!live(&[]).explains("orders", 2));
        assert!(!live(&["billing"]).explains("orders", 2));
        assert!(live(&["orders"]).explains("orders", 2));
    }

    #[test]
    fn any_other_is_not() {
        let rebuilding = live(&["orders"]);
        assert!(![1, 5].iter().any(|generation| rebuilding.explains("orders", *generation)));
        assert!(!rebuilding.explains("nobody", 3));
    }

    #[test]
    fn every_table_has_one_keeper() {
        assert_eq!(keeper("read_orders"), Some("orders"));
        assert_eq!(keeper("read_ledger"), Some("billing"));
        assert_eq!(keeper("read_nothing"), None);
    }
}
