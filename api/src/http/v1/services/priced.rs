//! Services with the caller's prices.

use chrono::NaiveDate;
use domain::Role;
use domain::customer::{Customer, CustomerKind};
use domain::pricing::{self, Buyer, Quote, RuleBook};
use domain::service::{Service, ServiceState};
use projections::customers::Customers;
use projections::page::Row;
use projections::{exchange_rates, page, price_rules};
use uuid::Uuid;

use super::body::{Sees, ServiceBody};
use crate::http::api::{self, Api};
use crate::http::problem::Problem;
use crate::http::reading::Reading;

/// Whose prices are shown.
#[derive(Debug)]
pub struct Eyes {
    buyer: Option<Buyer>,
    /// What it pays is the reseller price.
    is_reseller: bool,
    /// The day it is where it is sold to.
    today: NaiveDate,
    sees: Sees,
}

/// The prices of the customer named, else the caller's own; staff without a customer sees the seller's default.
///
/// # Errors
/// Not found when the customer named is absent or foreign.
pub async fn eyes(api: &Api, reading: &Reading, customer_id: Option<Uuid>) -> Result<Eyes, Problem> {
    let staff = reading.is_staff();
    let id = customer_id.or(reading.actor.customer_id);
    let Some(id) = id else {
        let today = api.bus.seller().day_at(api.bus.now());
        return Ok(Eyes { buyer: None, is_reseller: false, today, sees: Sees { reseller_price: staff, cost: staff } });
    };
    let found = page::get::<Customers>(api.pool(), id, reading.scope()).await?;
    let row = api::found(found.content)?;
    let customer = row.folded.state.known().ok_or_else(Problem::not_found)?;
    let is_reseller = customer.kind == CustomerKind::Reseller;
    let today = api.bus.seller().entity(&customer.seller_entity).day_at(api.bus.now());
    Ok(Eyes { sees: sees(reading, customer), is_reseller, today, buyer: Some(buyer(customer)) })
}

/// The day it is at each of the seller's entities.
pub fn days(api: &Api) -> Vec<NaiveDate> {
    let now = api.bus.now();
    api.bus.seller().entities().map(|entity| entity.day_at(now)).collect()
}

fn sees(reading: &Reading, customer: &Customer) -> Sees {
    let reseller = reading.actor.role == Role::Reseller
        && (customer.reseller_id == reading.actor.customer_id || customer.kind == CustomerKind::Reseller);
    Sees { reseller_price: reseller || reading.is_staff(), cost: reading.is_staff() }
}

fn buyer(customer: &Customer) -> Buyer {
    Buyer { customer_id: customer.id, reseller_id: customer.reseller_id, currency: customer.terms.currency }
}

/// The bodies of these rows in these eyes. A price too large to be represented is none.
///
/// # Errors
/// When rules or rates cannot be read.
pub async fn bodies(api: &Api, eyes: &Eyes, rows: &[Row<ServiceState>]) -> Result<Vec<ServiceBody>, Problem> {
    let book = book(api, eyes, rows).await?;
    let mut bodies = Vec::with_capacity(rows.len());
    for row in rows {
        let Some(service) = row.folded.state.known() else { continue };
        let quote = pricing::price(&book, service, &eyes.buyer_of(service), eyes.today).unwrap_or(None);
        bodies.push(ServiceBody::of(service, &row.folded, quote.map(|quote| eyes.shown(quote)), eyes.sees));
    }
    Ok(bodies)
}

impl Eyes {
    /// Whom no rule names, when nobody is named: only the seller's rules for everybody apply.
    fn buyer_of(&self, service: &Service) -> Buyer {
        let anybody = Buyer { customer_id: Uuid::nil(), reseller_id: None, currency: service.list_price.currency() };
        self.buyer.unwrap_or(anybody)
    }

    fn shown(&self, quote: Quote) -> Quote {
        let own = self.is_reseller.then_some(quote.unit_price);
        Quote { reseller_unit_price: quote.reseller_unit_price.or(own), ..quote }
    }

    fn needs_rates(&self, service: &Service) -> bool {
        let currency = self.buyer_of(service).currency;
        service.unit_cost.currency() != currency || service.list_price.currency() != currency
    }
}

/// Every rule that may matter, and the rates where another currency is involved.
async fn book(api: &Api, eyes: &Eyes, rows: &[Row<ServiceState>]) -> Result<RuleBook, Problem> {
    let mut services = rows.iter().filter_map(|row| row.folded.state.known());
    let Some(first) = services.next() else { return Ok(RuleBook::default()) };
    let ids: Vec<Uuid> = rows.iter().map(|row| row.id).collect();
    let rules = price_rules::for_buyer(api.pool(), &eyes.buyer_of(first), &ids).await?;
    let book = RuleBook::new(rules);
    if eyes.needs_rates(first) || services.any(|service| eyes.needs_rates(service)) {
        return Ok(book.with_rates(exchange_rates::all(api.pool()).await?));
    }
    Ok(book)
}
