//! A page of a noun's rows, newest first: what is asked for becomes the conditions of one statement.

use std::marker::PhantomData;

use serde::de::DeserializeOwned;
use sqlx::error::BoxDynError;
use sqlx::postgres::PgArguments;
use sqlx::{Arguments, Encode, PgPool, Postgres, Type};

use crate::noun::Noun;
use crate::page::{Page, Row, Scope, Shown, listed};

/// The statement as far as it is asked for. What is absent or empty does not filter.
pub struct Listing<N> {
    conditions: String,
    arguments: Result<PgArguments, BoxDynError>,
    noun: PhantomData<N>,
}

impl<N: Noun> Listing<N> {
    /// Of the rows the scope shows.
    pub fn of(scope: Scope) -> Self {
        let mut arguments = PgArguments::default();
        let model = arguments.add(N::MODEL);
        let mut listing = Self { conditions: String::new(), arguments: model.map(|()| arguments), noun: PhantomData };
        if let Some(customer) = scope.customer {
            let place = listing.bind(customer);
            listing.conditions.push_str(&format!(" and {}", N::OWNED.replace("$3", &place)));
        }
        listing
    }

    pub fn equals<'q, T: Encode<'q, Postgres> + Type<Postgres> + 'q>(self, column: &str, value: Option<T>) -> Self {
        self.compare(column, "=", value)
    }

    pub fn at_least<'q, T: Encode<'q, Postgres> + Type<Postgres> + 'q>(self, column: &str, value: Option<T>) -> Self {
        self.compare(column, ">=", value)
    }

    pub fn below<'q, T: Encode<'q, Postgres> + Type<Postgres> + 'q>(self, column: &str, value: Option<T>) -> Self {
        self.compare(column, "<", value)
    }

    pub fn one_of(mut self, column: &str, values: &[String]) -> Self {
        if !values.is_empty() {
            let place = self.bind(values.to_vec());
            self.conditions.push_str(&format!(" and t.{column} = any({place})"));
        }
        self
    }

    /// Part of any of the columns, in any case.
    pub fn contains(mut self, columns: &[&str], part: Option<&str>) -> Self {
        if let Some(part) = part {
            let place = self.bind(part.to_owned());
            let found: Vec<String> =
                columns.iter().map(|column| format!("position(lower({place}) in lower(t.{column})) > 0")).collect();
            self.conditions.push_str(&format!(" and ({})", found.join(" or ")));
        }
        self
    }

    fn compare<'q, T>(mut self, column: &str, how: &str, value: Option<T>) -> Self
    where
        T: Encode<'q, Postgres> + Type<Postgres> + 'q,
    {
        if let Some(value) = value {
            let place = self.bind(value);
            self.conditions.push_str(&format!(" and t.{column} {how} {place}"));
        }
        self
    }

    /// The placeholder under which the statement finds it.
    fn bind<'q, T: Encode<'q, Postgres> + Type<Postgres> + 'q>(&mut self, value: T) -> String {
        match &mut self.arguments {
            Ok(arguments) => {
                let added = arguments.add(value);
                let place = format!("${}", arguments.len());
                if let Err(error) = added {
                    self.arguments = Err(error);
                }
                place
            }
            Err(_) => String::new(),
        }
    }

    /// Up to `limit` rows born before `before`, with the position they are shown at.
    ///
    /// # Errors
    /// Any database error.
    pub async fn page(
        mut self,
        pool: &PgPool,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Shown<Page<Row<N::State>>>, sqlx::Error>
    where
        N::State: DeserializeOwned,
    {
        self = self.below("born", before);
        let place = self.bind(limit.saturating_add(1));
        let sql = format!(
            "select r.position, t.id, t.born, t.doc from readers r left join lateral ( \
                select t.id, t.born, t.doc from {} t where t.generation = r.generation{} \
                order by t.born desc limit {place}) t on true \
             where r.name = $1 order by t.born desc",
            N::TABLE,
            self.conditions,
        );
        let arguments = self.arguments.map_err(sqlx::Error::Encode)?;
        listed(sqlx::query_as_with(&sql, arguments).fetch_all(pool).await?, limit)
    }
}
