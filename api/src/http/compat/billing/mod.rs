//! `/compat/billing`: the earlier billing service with its words, statuses and quirks. It has no tokens of people: whoever
//! reaches it acts for the seller, as a service, and may be asked for one token that all share.

mod admit;
mod answer;
mod any_case;
mod body;
mod charge;
mod customers;
mod health;
mod invoices;
mod money;
mod pay;
mod run;

pub use any_case::in_any_case;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};
use secrecy::SecretString;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::answer::Refused;
use crate::http::api::Api;

/// In front of every path.
pub const PREFIX: &str = "/compat/billing";

/// What the routes are given. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Billing {
    pub api: Api,
    /// What a request has to bring as `X-Token`; nothing when absent.
    pub token: Option<Arc<SecretString>>,
    /// Where work goes on after an answer.
    pub tasks: TaskTracker,
    pub shutdown: CancellationToken,
}

/// Every route, flat.
pub fn router<S: Clone + Send + Sync + 'static>(billing: Billing) -> Router<S> {
    let routes = Router::new()
        .route("/rest/health", get(health::check))
        .route("/rest/v1/customers", get(customers::list))
        .route("/rest/v1/customers/{id}", get(customers::get))
        .route("/rest/v1/invoices", get(invoices::list))
        .route("/rest/v1/invoices/{id}", get(invoices::get))
        .route("/rest/v1/invoices/pay", post(pay::pay))
        .route("/rest/v1/billing", post(run::charge))
        .route("/rest/v1/billing/retry", post(run::retry))
        .fallback(async || Refused::NotFound);
    Router::new().nest(PREFIX, routes).with_state(billing)
}
