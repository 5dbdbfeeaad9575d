//! `/compat/licensing`: the earlier licensing API with its words, statuses and quirks.

mod accounts;
mod answer;
mod body;
mod cancel;
mod expiration;
mod inventory;
mod licences;
mod purchase;
mod quantity;
mod subscriptions;
mod visit;

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, patch};

use crate::http::api::Api;

/// In front of every path.
pub const PREFIX: &str = "/compat/licensing";

/// What the routes are given. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Licensing {
    pub api: Api,
    /// What the inventory lists.
    pub skus: Arc<[String]>,
}

/// Every route, flat.
pub fn router<S: Clone + Send + Sync + 'static>(licensing: Licensing) -> Router<S> {
    let routes = Router::new()
        .route("/inventory", get(inventory::list))
        .route("/accounts", get(accounts::list))
        .route("/accounts/{id}/subscriptions", get(subscriptions::list).post(purchase::place))
        .route("/accounts/{id}/subscriptions/{sid}", delete(cancel::cancel))
        .route("/accounts/{id}/subscriptions/{sid}/licences", get(licences::list))
        .route("/accounts/{id}/subscriptions/{sid}/quantity", patch(quantity::change))
        .route("/accounts/{id}/subscriptions/{sid}/expiration", patch(expiration::change));
    Router::new().nest(PREFIX, routes).with_state(licensing)
}
