//! Writing a noun's rows: many at once, column by column, in one statement.

use event_log::stream::Versioned;
use serde::Serialize;
use sqlx::error::BoxDynError;
use sqlx::postgres::{PgArguments, PgHasArrayType};
use sqlx::{Arguments, Encode, PgConnection, Postgres, Type, types::Json};
use uuid::Uuid;

use crate::moves;
use crate::noun::{Noun, born};

const RESELLER: &str = "reseller_id";

/// Rows of one noun on their way to its table, which has `generation`, `id`, `born` and `doc` beside the columns that
/// are named here.
pub struct Upsert<'a, S, K> {
    table: &'static str,
    rows: Vec<(&'a Versioned<S>, &'a K)>,
    columns: Vec<Column>,
    /// Whether rows have an owner, whom they follow to another reseller.
    owned: bool,
    arguments: Result<PgArguments, BoxDynError>,
}

struct Column {
    name: &'static str,
    /// What it is written as where that is not what it is sent as.
    cast: &'static str,
    changes: bool,
}

impl<'a, S: Serialize, K> Upsert<'a, S, K> {
    /// Those of which `content` holds something.
    pub fn of<N: Noun<State = S>>(
        generation: i32,
        rows: &[(Uuid, &'a Versioned<S>)],
        content: impl Fn(&'a S) -> Option<&'a K>,
    ) -> Self {
        let known = || rows.iter().filter(|(_, row)| content(&row.state).is_some());
        let (ids, births): (Vec<Uuid>, Vec<i64>) = known().map(|(id, row)| (*id, born(row))).unzip();
        let mut arguments = PgArguments::default();
        let added = [arguments.add(generation), arguments.add(ids), arguments.add(births)];
        Self {
            table: N::TABLE,
            rows: rows.iter().filter_map(|(_, row)| Some((*row, content(&row.state)?))).collect(),
            columns: Vec::new(),
            owned: false,
            arguments: added.into_iter().collect::<Result<(), _>>().map(|()| arguments),
        }
    }

    /// Columns `customer_id` and `reseller_id`: whose row it is, and who that customer's reseller was when the row's
    /// events were written. Where the customer has moved since, the row gets the reseller of now.
    pub fn owned_by(mut self, customer: impl Fn(&'a K) -> Uuid, reseller: impl Fn(&'a K) -> Option<Uuid>) -> Self {
        self.owned = true;
        self.fixed("customer_id", customer).changing(RESELLER, reseller)
    }

    /// A column that stays as it was first written.
    pub fn fixed<T>(self, name: &'static str, value: impl Fn(&'a K) -> T) -> Self
    where
        T: Encode<'a, Postgres> + Type<Postgres> + PgHasArrayType + 'a,
    {
        self.column(Column { name, cast: "", changes: false }, value)
    }

    pub fn changing<T>(self, name: &'static str, value: impl Fn(&'a K) -> T) -> Self
    where
        T: Encode<'a, Postgres> + Type<Postgres> + PgHasArrayType + 'a,
    {
        self.column(Column { name, cast: "", changes: true }, value)
    }

    /// An array of its own in each row, as the database writes it (`{a,b}`), since arrays of arrays cannot be sent;
    /// `cast` is its type, like `::uuid[]`.
    pub fn changing_array(self, name: &'static str, cast: &'static str, value: impl Fn(&'a K) -> String) -> Self {
        self.column(Column { name, cast, changes: true }, value)
    }

    fn column<T>(mut self, column: Column, value: impl Fn(&'a K) -> T) -> Self
    where
        T: Encode<'a, Postgres> + Type<Postgres> + PgHasArrayType + 'a,
    {
        let values: Vec<T> = self.rows.iter().map(|(_, content)| value(content)).collect();
        self.columns.push(column);
        self.arguments = self.arguments.and_then(|mut arguments| arguments.add(values).map(|()| arguments));
        self
    }

    /// # Errors
    /// Any database error.
    pub async fn write(self, tx: &mut PgConnection) -> Result<(), sqlx::Error> {
        let sql = statement(self.table, &self.columns, self.owned);
        let documents: Vec<Json<&Versioned<S>>> = self.rows.iter().map(|(row, _)| Json(*row)).collect();
        let mut arguments = self.arguments.map_err(sqlx::Error::Encode)?;
        arguments.add(documents).map_err(sqlx::Error::Encode)?;
        sqlx::query_with(&sql, arguments).execute(tx).await?;
        Ok(())
    }
}

fn statement(table: &str, columns: &[Column], owned: bool) -> String {
    let listed = |each: &dyn Fn(&Column) -> String| columns.iter().map(each).collect::<String>();
    let names = listed(&|column| format!("{}, ", column.name));
    let values = listed(&|column| match column.name {
        RESELLER if owned => format!("{}, ", moves::RESELLER_NOW),
        name => format!("u.{name}{}, ", column.cast),
    });
    let placeholders: Vec<String> = (2..columns.len() + 5).map(|n| format!("${n}")).collect();
    let changes: Vec<&Column> = columns.iter().filter(|column| column.changes).collect();
    let changes: String = changes.iter().map(|column| format!("{0} = excluded.{0}, ", column.name)).collect();
    let moved = if owned { moves::joined(table) } else { String::new() };
    format!(
        "insert into {table} (generation, id, born, {names}doc) \
         select $1, u.id, u.born, {values}u.doc from unnest({}) as u (id, born, {names}doc){moved} \
         on conflict (generation, id) do update set {changes}doc = excluded.doc",
        placeholders.join(", "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_is_written_again() {
        let columns = [
            Column { name: "customer_id", cast: "", changes: false },
            Column { name: "ends", cast: "::uuid[]", changes: true },
        ];
        assert_eq!(
            statement("read_things", &columns, false),
            "insert into read_things (generation, id, born, customer_id, ends, doc) \
             select $1, u.id, u.born, u.customer_id, u.ends::uuid[], u.doc \
             from unnest($2, $3, $4, $5, $6) as u (id, born, customer_id, ends, doc) \
             on conflict (generation, id) do update set ends = excluded.ends, doc = excluded.doc"
        );
    }
}
