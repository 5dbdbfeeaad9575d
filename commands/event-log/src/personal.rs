//! The fields behind the references that events carry.

use std::collections::HashMap;

use domain::PersonalRef;
use serde_json::{Map, Value};
use sqlx::PgExecutor;
use sqlx::types::Json;
use uuid::Uuid;

/// Fields by reference; a reference is absent when its fields were erased.
pub type Fields = HashMap<PersonalRef, Map<String, Value>>;

type Row = (Uuid, i32, Option<Json<Map<String, Value>>>);

/// Looks up many references at once.
///
/// # Errors
/// Any database error.
pub async fn fields<'e, E: PgExecutor<'e>>(executor: E, references: &[PersonalRef]) -> Result<Fields, sqlx::Error> {
    if references.is_empty() {
        return Ok(Fields::new());
    }
    let (subjects, revisions): (Vec<Uuid>, Vec<i32>) = references.iter().map(|r| (r.subject, r.revision)).unzip();
    let rows: Vec<Row> = sqlx::query_as(
        "select p.subject_id, p.revision, p.fields::jsonb from unnest($1::uuid[], $2::integer[]) r(subject_id, revision) \
         join personal_data p using (subject_id, revision)",
    )
    .bind(subjects)
    .bind(revisions)
    .fetch_all(executor)
    .await?;
    Ok(rows
        .into_iter()
        .filter_map(|(subject, revision, fields)| Some((PersonalRef { subject, revision }, fields?.0)))
        .collect())
}

/// The subjects of a customer's persons that still have fields.
///
/// # Errors
/// Any database error.
pub async fn filled_subjects<'e, E: PgExecutor<'e>>(executor: E, customer: Uuid) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "select distinct subject_id from personal_data where customer_id = $1 and kind = 'person' \
         and fields is not null order by subject_id",
    )
    .bind(customer)
    .fetch_all(executor)
    .await
}
