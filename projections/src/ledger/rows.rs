//! Entries and what is left of invoices, as rows.

use sqlx::{PgConnection, types::Json};
use uuid::Uuid;

use super::{Booked, Receivables};

/// What is known of these invoices.
pub(super) async fn load(
    tx: &mut PgConnection,
    generation: i32,
    invoices: &[Uuid],
) -> Result<Receivables, sqlx::Error> {
    if invoices.is_empty() {
        return Ok(Receivables::new());
    }
    let rows: Vec<(Uuid, Json<_>)> =
        sqlx::query_as("select id, doc from read_receivables where generation = $1 and id = any($2)")
            .bind(generation)
            .bind(invoices)
            .fetch_all(tx)
            .await?;
    Ok(rows.into_iter().map(|(id, doc)| (id, doc.0)).collect())
}

pub(super) async fn write_receivables(
    tx: &mut PgConnection,
    generation: i32,
    receivables: &Receivables,
) -> Result<(), sqlx::Error> {
    // Twins lock in the same order.
    let mut rows: Vec<_> = receivables.iter().collect();
    rows.sort_by_key(|(id, _)| **id);
    for rows in rows.chunks(2_000) {
        sqlx::query(
            "insert into read_receivables (generation, id, customer_id, currency, open, overdue, doc) \
             select $1, * from unnest($2::uuid[], $3::uuid[], $4::text[], $5::numeric[], $6::boolean[], $7::jsonb[]) \
             on conflict (generation, id) do update set open = excluded.open, overdue = excluded.overdue, \
                doc = excluded.doc",
        )
        .bind(generation)
        .bind(rows.iter().map(|(id, _)| **id).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| row.customer_id).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| row.open.currency().code()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| row.open.amount()).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| row.overdue).collect::<Vec<_>>())
        .bind(rows.iter().map(|(_, row)| Json(*row)).collect::<Vec<_>>())
        .execute(&mut *tx)
        .await?;
    }
    Ok(())
}

pub(super) async fn write_entries(
    tx: &mut PgConnection,
    generation: i32,
    booked: &[Booked],
) -> Result<(), sqlx::Error> {
    if booked.is_empty() {
        return Ok(());
    }
    let entries = || booked.iter().map(|booked| &booked.entry);
    sqlx::query(
        "insert into read_ledger (generation, position, n, customer_id, currency, booked_on, kind, number, invoice_id, \
            credit_note_id, payment_id, refund_id, amount, moved) \
         select $1, * from unnest($2::bigint[], $3::smallint[], $4::uuid[], $5::text[], $6::date[], $7::text[], \
            $8::text[], $9::uuid[], $10::uuid[], $11::uuid[], $12::uuid[], $13::numeric[], $14::numeric[]) \
         on conflict do nothing",
    )
    .bind(generation)
    .bind(booked.iter().map(|booked| booked.position).collect::<Vec<_>>())
    .bind(booked.iter().map(|booked| booked.n).collect::<Vec<_>>())
    .bind(entries().map(|entry| entry.customer_id).collect::<Vec<_>>())
    .bind(entries().map(|entry| entry.amount.currency().code()).collect::<Vec<_>>())
    .bind(entries().map(|entry| entry.booked_on).collect::<Vec<_>>())
    .bind(entries().map(|entry| entry.kind.name()).collect::<Vec<_>>())
    .bind(entries().map(|entry| entry.number.as_deref()).collect::<Vec<_>>())
    .bind(entries().map(|entry| entry.invoice_id).collect::<Vec<_>>())
    .bind(entries().map(|entry| entry.credit_note_id).collect::<Vec<_>>())
    .bind(entries().map(|entry| entry.payment_id).collect::<Vec<_>>())
    .bind(entries().map(|entry| entry.refund_id).collect::<Vec<_>>())
    .bind(entries().map(|entry| entry.amount.amount()).collect::<Vec<_>>())
    .bind(entries().map(|entry| entry.moved.map(|moved| moved.amount())).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}
