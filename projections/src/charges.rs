//! What resellers were charged for their end customers' services: lines of their invoices, and of the credit notes that
//! stand instead of one where a period brought more credits than charges.

use std::collections::BTreeSet;

use domain::billing::{InvoiceLine, Period};
use domain::credit_note::CreditNoteState;
use domain::invoice::InvoiceState;
use event_log::stream::Versioned;
use sqlx::{FromRow, PgPool, types::Json};
use uuid::Uuid;

use crate::model::BILLING;
use crate::page::{Scope, Shown};

/// A line about an end customer's services, as its reseller was charged it.
#[derive(Debug, Clone, PartialEq)]
pub struct Charged {
    /// `None` where there is a credit note instead.
    pub invoice_id: Option<Uuid>,
    pub credit_note_id: Option<Uuid>,
    /// With the signs of an invoice, wherever it stands.
    pub line: InvoiceLine,
}

/// Everything of a period that a reseller was charged for this end customer's services, or credited without invoice: by
/// document, the oldest first, of those in force; a credit note always is. In the scope of a customer only what it was
/// billed itself.
///
/// # Errors
/// Any database error, and [`sqlx::Error::Decode`] when a row is not what we write.
pub async fn of_end_customer(
    pool: &PgPool,
    scope: Scope,
    end_customer: Uuid,
    period: Period,
) -> Result<Shown<Vec<Charged>>, sqlx::Error> {
    // One statement: an invoice that is withdrawn and the credit note that comes instead are never shown together.
    let raws: Vec<Raw> = sqlx::query_as(
        "select r.position, d.id, d.invoice, d.note from readers r left join lateral ( \
            select t.id, t.born, t.doc as invoice, null::jsonb as note from read_invoices t \
            where t.generation = r.generation and t.end_customers <> '{}' and t.end_customers @> array[$3::uuid] \
               and t.period = $4 and t.status in ('issued', 'paid', 'uncollectible') \
               and ($2::uuid is null or t.customer_id = $2) \
            union all select t.id, t.born, null::jsonb, t.doc from read_credit_notes t \
            where t.generation = r.generation and t.invoice_id is null and t.end_customers <> '{}' \
               and t.end_customers @> array[$3::uuid] and t.period = $4 \
               and ($2::uuid is null or t.customer_id = $2)) d on true \
         where r.name = $1 order by d.born",
    )
    .bind(BILLING)
    .bind(scope.customer)
    .bind(end_customer)
    .bind(period.to_string())
    .fetch_all(pool)
    .await?;
    let position = raws.first().map_or(0, |raw| raw.position);
    let charged: Vec<Vec<Charged>> = raws.iter().map(|raw| raw.charged(end_customer)).collect::<Result<_, _>>()?;
    Ok(Shown { position, content: charged.into_iter().flatten().collect() })
}

/// One document, or none at all.
#[derive(FromRow)]
struct Raw {
    position: i64,
    id: Option<Uuid>,
    invoice: Option<Json<Versioned<InvoiceState>>>,
    note: Option<Json<Versioned<CreditNoteState>>>,
}

impl Raw {
    /// Its lines about this end customer.
    fn charged(&self, end_customer: Uuid) -> Result<Vec<Charged>, sqlx::Error> {
        let about = |line: &&InvoiceLine| line.end_customer_id == Some(end_customer);
        let invoice = self.invoice.as_ref().and_then(|row| row.0.state.known());
        let note = self.note.as_ref().and_then(|row| row.0.state.known());
        let billed = invoice.into_iter().flat_map(|invoice| &invoice.contents.lines).filter(about);
        let billed = billed.map(|line| Ok(Charged { invoice_id: self.id, credit_note_id: None, line: line.clone() }));
        let credited = note.into_iter().flat_map(|note| &note.issued.lines).map(|line| &line.of).filter(about);
        let instead = |line| Charged { invoice_id: None, credit_note_id: self.id, line };
        let credited = credited.map(|line| turned_back(line).map(instead));
        billed.chain(credited).collect()
    }
}

/// Turning a line once more undoes what the credit note did to it.
fn turned_back(line: &InvoiceLine) -> Result<InvoiceLine, sqlx::Error> {
    line.clone().turned().map_err(|error| sqlx::Error::Decode(error.into()))
}

/// Whom lines name, as the database writes an array: many of them do not go into one parameter otherwise.
pub(crate) fn end_customers<'a>(lines: impl Iterator<Item = &'a InvoiceLine>) -> String {
    let named = lines.filter_map(|line| line.end_customer_id);
    let ids: Vec<String> = named.collect::<BTreeSet<Uuid>>().iter().map(Uuid::to_string).collect();
    format!("{{{}}}", ids.join(","))
}
