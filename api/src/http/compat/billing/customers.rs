//! `GET /compat/billing/rest/v1/customers[/{id}]`

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Request, State};
use commands::index;
use domain::customer::{Customer, CustomerRules};
use projections::customers::{self, Filter};
use projections::model;
use projections::page::Scope;
use uuid::Uuid;

use super::Billing;
use super::admit::number;
use super::answer::Refused;
use super::body::CustomerItem;
use crate::http::problem::Problem;

/// Customers read at once.
const PAGE: i64 = 100;

/// Every customer, by number
pub async fn list(State(billing): State<Billing>, request: Request) -> Result<Json<Vec<CustomerItem>>, Refused> {
    billing.admit(request).await?;
    Ok(Json(billing.customers().await?))
}

/// One customer
pub async fn get(
    State(billing): State<Billing>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<CustomerItem>, Refused> {
    billing.admit(request).await?;
    let id = number(&id)?;
    billing.up_to_date(None).await?;
    let customer_id = index::customer_of_alias(billing.api.pool(), id).await?.ok_or(Refused::NotFound)?;
    let customer = billing.api.bus.current::<CustomerRules>(customer_id).await.map_err(Problem::from)?;
    customer.state.known().map(|customer| Json(item(id, customer))).ok_or(Refused::NotFound)
}

fn item(id: i64, customer: &Customer) -> CustomerItem {
    CustomerItem { id, currency: customer.terms.currency.code() }
}

impl Billing {
    async fn customers(&self) -> Result<Vec<CustomerItem>, Refused> {
        self.up_to_date(Some(model::DIRECTORY)).await?;
        let mut filter = Filter { limit: PAGE, ..Filter::default() };
        let mut all = Vec::new();
        loop {
            let page = customers::list(self.api.pool(), Scope { customer: None }, &filter).await?.content;
            let ids: Vec<Uuid> = page.rows.iter().map(|row| row.id).collect();
            let numbers: HashMap<Uuid, i64> =
                index::customer_aliases(self.api.pool(), &ids).await?.into_iter().collect();
            let known = page.rows.iter().filter_map(|row| Some((*numbers.get(&row.id)?, row.folded.state.known()?)));
            all.extend(known.map(|(id, customer)| item(id, customer)));
            filter.before = page.next;
            if page.next.is_none() {
                all.sort_unstable_by_key(|item| item.id);
                return Ok(all);
            }
        }
    }
}
