//! `GET /compat/billing/rest/v1/invoices[/{id}]`

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Request, State};
use commands::index;
use domain::invoice::{Invoice, InvoiceRules};
use projections::invoices::{self, Filter};
use projections::model;
use projections::page::Scope;
use uuid::Uuid;

use super::Billing;
use super::admit::number;
use super::answer::Refused;
use super::body::{InvoiceItem, Status};
use super::money::Amount;
use crate::http::problem::Problem;

/// Invoices read at once.
const PAGE: i64 = 100;

/// Every invoice that was issued, by number
pub async fn list(State(billing): State<Billing>, request: Request) -> Result<Json<Vec<InvoiceItem>>, Refused> {
    billing.admit(request).await?;
    let shown = billing.issued().await?;
    let mut items = billing.items(&shown).await?;
    items.sort_unstable_by_key(|item| item.id);
    Ok(Json(items))
}

/// One invoice
pub async fn get(
    State(billing): State<Billing>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<InvoiceItem>, Refused> {
    billing.admit(request).await?;
    let id = number(&id)?;
    billing.up_to_date(None).await?;
    let invoice_id = index::invoice_of_alias(billing.api.pool(), id).await?.ok_or(Refused::NotFound)?;
    let invoice = billing.api.bus.current::<InvoiceRules>(invoice_id).await.map_err(Problem::from)?;
    let shown: Vec<Shown> = invoice.state.known().and_then(Shown::of).into_iter().collect();
    billing.items(&shown).await?.pop().map(Json).ok_or(Refused::NotFound)
}

/// What is shown of an invoice, before numbers stand for ids.
#[derive(Debug)]
pub struct Shown {
    pub invoice_id: Uuid,
    /// How often its payer's gateway was asked.
    pub attempts: u32,
    pub status: Status,
    customer_id: Uuid,
    total: domain::Money,
}

impl Shown {
    fn of(invoice: &Invoice) -> Option<Self> {
        Some(Self {
            invoice_id: invoice.id(),
            attempts: invoice.collection.attempts,
            status: Status::of(invoice)?,
            customer_id: invoice.contents.customer_id,
            total: invoice.contents.totals.total,
        })
    }
}

impl Billing {
    /// Every invoice this surface shows, as of now.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn issued(&self) -> Result<Vec<Shown>, Refused> {
        self.up_to_date(Some(model::BILLING)).await?;
        let status = ["issued", "paid"].map(str::to_owned).to_vec();
        let mut filter = Filter { status, limit: PAGE, ..Filter::default() };
        let mut all = Vec::new();
        loop {
            let page = invoices::list(self.api.pool(), Scope { customer: None }, &filter).await?.content;
            all.extend(page.rows.iter().filter_map(|row| Shown::of(row.folded.state.known()?)));
            filter.before = page.next;
            if page.next.is_none() {
                all.reverse();
                return Ok(all);
            }
        }
    }

    async fn items(&self, shown: &[Shown]) -> Result<Vec<InvoiceItem>, Refused> {
        let ids: Vec<Uuid> = shown.iter().map(|invoice| invoice.invoice_id).collect();
        let payers: Vec<Uuid> = shown.iter().map(|invoice| invoice.customer_id).collect();
        let pool = self.api.pool();
        let numbers: HashMap<Uuid, i64> = index::invoice_aliases(pool, &ids).await?.into_iter().collect();
        let customers: HashMap<Uuid, i64> = index::customer_aliases(pool, &payers).await?.into_iter().collect();
        let item = |shown: &Shown| {
            Some(InvoiceItem {
                id: *numbers.get(&shown.invoice_id)?,
                customer_id: *customers.get(&shown.customer_id)?,
                amount: Amount::of(shown.total)?,
                status: shown.status,
            })
        };
        Ok(shown.iter().filter_map(item).collect())
    }
}
