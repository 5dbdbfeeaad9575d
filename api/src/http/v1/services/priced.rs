//! Services with the caller's prices.

use domain::Role;
use domain::customer::{Customer, CustomerKind};
use domain::pricing::{self, Buyer, RuleBook};
use domain::service::ServiceState;
use projections::customers::Customers;
use projections::page;
use projections::page::Row;
use uuid::Uuid;

use super::body::{Sees, ServiceBody};
use crate::http::api::{self, Api};
use crate::http::problem::Problem;
use crate::http::reading::Reading;

/// Whose prices are shown.
#[derive(Debug)]
pub struct Eyes {
    buyer: Option<Buyer>,
    sees: Sees,
}

/// The prices of the customer named, else the caller's own; staff without a customer sees the seller's default.
///
/// # Errors
/// Not found when the customer named is absent or foreign.
pub async fn eyes(api: &Api, reading: &Reading, customer_id: Option<Uuid>) -> Result<Eyes, Problem> {
    let staff = reading.is_staff();
    let id = customer_id.or(reading.actor.customer_id);
    let Some(id) = id else { return Ok(Eyes { buyer: None, sees: Sees { reseller_price: staff, cost: staff } }) };
    let found = page::get::<Customers>(api.pool(), id, reading.scope()).await?;
    let row = api::found(found.content)?;
    let customer = row.folded.state.known().ok_or_else(Problem::not_found)?;
    Ok(Eyes { sees: sees(reading, customer), buyer: Some(buyer(customer)) })
}

fn sees(reading: &Reading, customer: &Customer) -> Sees {
    let reseller = reading.actor.role == Role::Reseller
        && (customer.reseller_id == reading.actor.customer_id || customer.kind == CustomerKind::Reseller);
    Sees { reseller_price: reseller || reading.is_staff(), cost: reading.is_staff() }
}

fn buyer(customer: &Customer) -> Buyer {
    Buyer { customer_id: customer.id, reseller_id: customer.reseller_id, currency: customer.terms.currency }
}

/// The bodies of these rows in these eyes.
///
/// # Errors
/// When the rules cannot be read, or a price overflows.
pub async fn bodies(api: &Api, eyes: &Eyes, rows: &[Row<ServiceState>]) -> Result<Vec<ServiceBody>, Problem> {
    let today = api.bus.now().date_naive();
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let rules = match &eyes.buyer {
        Some(buyer) => projections::price_rules::for_buyer(api.pool(), buyer, &ids).await?,
        None => projections::price_rules::for_buyer(api.pool(), &nobody(rows), &ids).await?,
    };
    let book = RuleBook::new(rules);
    let mut bodies = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(service) = row.folded.state.known() else { continue };
        let anybody = Buyer { customer_id: Uuid::nil(), reseller_id: None, currency: service.list_price.currency() };
        let buyer = eyes.buyer.as_ref().unwrap_or(&anybody);
        let quote = pricing::price(&book, service, buyer, today).map_err(|refusal| Problem::refused(&refusal))?;
        bodies.push(ServiceBody::of(service, &row.folded, quote, eyes.sees));
    }
    Ok(bodies)
}

/// A buyer no rule names: only the seller's rules for everybody apply.
fn nobody(rows: &[Row<ServiceState>]) -> Buyer {
    let first = rows.iter().find_map(|row| row.folded.state.known());
    let currency = first.map_or(domain::money::Currency::EUR, |service| service.list_price.currency());
    Buyer { customer_id: Uuid::nil(), reseller_id: None, currency }
}
