//! JSON texts as arguments, as they are: sent as `json`, they are not text first that the server turns into JSON.

use bytes::BytesMut;
use sqlx::encode::IsNull;
use sqlx::error::BoxDynError;
use sqlx::postgres::types::Oid;
use sqlx::postgres::{PgArgumentBuffer, PgHasArrayType, PgTypeInfo};
use sqlx::{Encode, Postgres, Type};
use tokio_postgres::types::{self, ToSql, to_sql_checked};

/// Of `json` and `json[]`, the same in every database.
const JSON: Oid = Oid(114);
const JSON_ARRAY: Oid = Oid(199);

/// A text that is JSON already.
#[derive(Debug, Clone, Copy)]
pub(super) struct Json<'a>(pub &'a str);

impl Type<Postgres> for Json<'_> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(JSON)
    }
}

impl PgHasArrayType for Json<'_> {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(JSON_ARRAY)
    }
}

impl<'q> Encode<'q, Postgres> for Json<'_> {
    fn encode_by_ref(&self, buffer: &mut PgArgumentBuffer) -> Result<IsNull, BoxDynError> {
        <&str as Encode<'_, Postgres>>::encode_by_ref(&self.0, buffer)
    }
}

impl ToSql for Json<'_> {
    fn to_sql(&self, _: &types::Type, out: &mut BytesMut) -> Result<types::IsNull, BoxDynError> {
        out.extend_from_slice(self.0.as_bytes());
        Ok(types::IsNull::No)
    }

    fn accepts(ty: &types::Type) -> bool {
        *ty == types::Type::JSON
    }

    to_sql_checked!();
}
