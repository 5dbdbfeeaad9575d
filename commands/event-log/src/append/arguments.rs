//! The arguments of a call, listed once for either client.

use std::fmt;

use bytes::BytesMut;
use sqlx::postgres::PgArguments;
use sqlx::query::QueryAs;
use sqlx::{Encode, Postgres};
use tokio_postgres::types::{IsNull, ToSql, Type};

/// Takes the arguments of a call, one after the other.
pub(super) trait Arguments<'q>: Sized {
    fn bind<T>(self, value: T) -> Self
    where
        T: Encode<'q, Postgres> + sqlx::Type<Postgres> + ToSql + Send + Sync + 'q;
}

impl<'q, O> Arguments<'q> for QueryAs<'q, Postgres, O, PgArguments> {
    fn bind<T>(self, value: T) -> Self
    where
        T: Encode<'q, Postgres> + sqlx::Type<Postgres> + ToSql + Send + Sync + 'q,
    {
        QueryAs::bind(self, value)
    }
}

impl<'q> Arguments<'q> for Vec<Argument<'q>> {
    fn bind<T>(mut self, value: T) -> Self
    where
        T: Encode<'q, Postgres> + sqlx::Type<Postgres> + ToSql + Send + Sync + 'q,
    {
        self.push(Argument(Box::new(value)));
        self
    }
}

/// An argument that nobody sees but the server: `tokio_postgres` logs them at its debug level, and among these are
/// names and addresses.
pub(super) struct Argument<'q>(Box<dyn ToSql + Send + Sync + 'q>);

impl fmt::Debug for Argument<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("…")
    }
}

type Encoded = Result<IsNull, Box<dyn std::error::Error + Sync + Send>>;

impl ToSql for Argument<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Encoded {
        self.0.to_sql_checked(ty, out)
    }

    /// What is inside is asked when it is encoded.
    fn accepts(_: &Type) -> bool {
        true
    }

    fn to_sql_checked(&self, ty: &Type, out: &mut BytesMut) -> Encoded {
        self.0.to_sql_checked(ty, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_not_shown() {
        let arguments = Vec::new().bind("Ada Lovelace").bind(vec!["12 Saint James Square"]);
        assert_eq!(format!("{arguments:?}"), "[…, …]");
    }
}
