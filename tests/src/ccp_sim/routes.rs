//! Every address of the simulator.

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post, put};

use super::world::Sim;
use super::{
    accounts, auth, bill_control, billing, catalogue, changes, control, hooks, operations, orders, subscriptions,
};
use crate::sim::answer::Answer;
use crate::sim::connection_faults;

/// A change may name a hundred thousand seats.
const BODY_BYTES: usize = 16 * 1024 * 1024;

pub fn router(sim: Sim) -> Router {
    let faults = from_fn_with_state(sim.clone(), connection_faults::layer::<super::state::State>);
    let token = Router::new().route("/oauth/token", post(auth::token));
    let api = provider().layer(from_fn_with_state(sim.clone(), auth::layer));
    let provider = token.merge(api).layer(faults);
    provider.merge(controls()).fallback(unknown).layer(DefaultBodyLimit::max(BODY_BYTES)).with_state(sim)
}

fn provider() -> Router<Sim> {
    Router::new()
        .route("/v1/catalogue", get(catalogue::list))
        .route("/v1/accounts", post(accounts::open).get(accounts::by_ref))
        .route("/v1/accounts/{id}", get(accounts::by_id))
        .route("/v1/orders", post(orders::place).get(orders::by_ref))
        .route("/v1/orders/{id}", get(orders::by_id))
        .route("/v1/orders/{id}/cancel", post(orders::cancel))
        .route("/v1/subscriptions", get(subscriptions::list))
        .route("/v1/subscriptions/{id}", get(subscriptions::by_id).patch(changes::quantity))
        .route("/v1/subscriptions/{id}/cancel", post(changes::cancel))
        .route("/v1/subscriptions/{id}/extend", post(changes::extend))
        .route("/v1/subscriptions/{id}/suspend", post(changes::suspend))
        .route("/v1/subscriptions/{id}/resume", post(changes::resume))
        .route("/v1/subscriptions/{id}/renewal", put(changes::renewal))
        .route("/v1/operations/{id}", get(operations::by_id))
        .route("/v1/billing", get(billing::list))
        .route("/v1/webhook-endpoint", put(hooks::endpoint))
}

fn controls() -> Router<Sim> {
    crate::sim::control::routes()
        .route("/sim/subscriptions", get(control::subscriptions))
        .route("/sim/subscriptions/{id}", patch(control::edit_subscription))
        .route("/sim/catalogue", post(catalogue::edit))
        .route("/sim/billing", post(bill_control::add).get(bill_control::list))
        .route("/sim/billing/{line_id}", patch(bill_control::alter))
        .route("/sim/billing/closings/{period}", put(bill_control::close))
        .route("/sim/ledger", get(control::ledger))
}

async fn unknown() -> Response {
    Answer::not_found("address").into_response()
}
