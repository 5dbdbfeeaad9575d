//! What every query shares: who may see which rows, pages, and the position a row set was read at.

use domain::{Actor, Role};
use event_log::stream::Versioned;
use sqlx::{FromRow, PgPool, types::Json};
use uuid::Uuid;

/// Which rows a caller sees: all, or those of one customer and of the customers it resells to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    pub customer: Option<Uuid>,
}

impl Scope {
    /// Where everybody who may ask sees everything.
    pub const ALL: Self = Self { customer: None };

    pub fn of(actor: &Actor) -> Self {
        match actor.role {
            Role::Customer | Role::Reseller => Self { customer: Some(actor.customer_id.unwrap_or(Uuid::nil())) },
            Role::Operator | Role::Auditor | Role::Service | Role::System | Role::Provider => Self { customer: None },
        }
    }
}

/// Something read, and the log position it shows.
#[derive(Debug, Clone)]
pub struct Shown<T> {
    pub position: i64,
    pub content: T,
}

/// Up to `limit` rows and whether there are more.
#[derive(Debug, Clone)]
pub struct Page<T> {
    pub rows: Vec<T>,
    /// `born` of the last row, when another page follows.
    pub next: Option<i64>,
}

impl<T> Page<T> {
    /// From one row more than asked for.
    pub fn cut(mut rows: Vec<T>, limit: i64, born: impl Fn(&T) -> i64) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(born);
        Self { rows, next }
    }

    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U> {
        Page { rows: self.rows.into_iter().map(f).collect(), next: self.next }
    }
}

/// One row of a read model: its id and its folded state.
#[derive(Debug, Clone)]
pub struct Row<S> {
    pub id: Uuid,
    pub born: i64,
    pub folded: Versioned<S>,
}

/// What came of looking for one row.
#[derive(Debug, Clone)]
pub enum Found<S> {
    Row(Row<S>),
    Absent,
    /// An event of this very aggregate could not be applied: what is shown would be old.
    Parked,
}

#[derive(FromRow)]
pub(crate) struct Raw {
    position: i64,
    id: Option<Uuid>,
    born: Option<i64>,
    doc: Option<Json<serde_json::Value>>,
    #[sqlx(default)]
    parked: bool,
}

impl Raw {
    fn row<S: serde::de::DeserializeOwned>(self) -> Result<Option<Row<S>>, sqlx::Error> {
        let (Some(id), Some(born), Some(doc)) = (self.id, self.born, self.doc) else { return Ok(None) };
        let folded = serde_json::from_value(doc.0).map_err(|error| sqlx::Error::Decode(error.into()))?;
        Ok(Some(Row { id, born, folded }))
    }
}

/// One row, if it is in scope, in one statement with its model's position.
///
/// # Errors
/// Any database error.
pub async fn get<N: crate::noun::Noun>(
    pool: &PgPool,
    id: Uuid,
    scope: Scope,
) -> Result<Shown<Found<N::State>>, sqlx::Error> {
    let sql = format!(
        "select r.position, t.id, t.born, t.doc, exists (select 1 from dead_letters d where d.reader = r.name \
            and d.generation = r.generation and d.aggregate_type = '{}' and d.aggregate_id = $2::text) as parked \
         from readers r left join {} t on t.generation = r.generation and t.id = $2 and ($3::uuid is null or {}) \
         where r.name = $1",
        N::TYPE,
        N::TABLE,
        N::OWNED,
    );
    let raw: Option<Raw> =
        sqlx::query_as(&sql).bind(N::MODEL).bind(id).bind(scope.customer).fetch_optional(pool).await?;
    let Some(raw) = raw else { return Ok(Shown { position: 0, content: Found::Absent }) };
    let position = raw.position;
    let parked = raw.parked;
    let content = match raw.row()? {
        Some(_) if parked => Found::Parked,
        Some(row) => Found::Row(row),
        None => Found::Absent,
    };
    Ok(Shown { position, content })
}

/// Turns the rows of a list query, which left-joins from `readers`, into a page.
pub(crate) fn listed<S: serde::de::DeserializeOwned>(
    raws: Vec<Raw>,
    limit: i64,
) -> Result<Shown<Page<Row<S>>>, sqlx::Error> {
    let position = raws.first().map_or(0, |raw| raw.position);
    let rows = raws.into_iter().filter_map(|raw| raw.row().transpose()).collect::<Result<Vec<_>, _>>()?;
    Ok(Shown { position, content: Page::cut(rows, limit, |row| row.born) })
}
