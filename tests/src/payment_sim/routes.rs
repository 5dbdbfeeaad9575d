//! Every address of the simulator.

use axum::Router;
use axum::http::StatusCode;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, patch, post};

use super::state::State;
use super::world::Sim;
use super::{auth, control, refunds, token, wallet};
use crate::sim::answer::Answer;
use crate::sim::connection_faults;

pub fn router(sim: Sim) -> Router {
    let faults = from_fn_with_state(sim.clone(), connection_faults::layer::<State>);
    let wallet = wallet_routes().layer(from_fn_with_state(sim.clone(), auth::layer));
    let token = Router::new().route("/token/", post(token::charge)).route("/token", post(token::charge));
    let gateways = wallet.merge(token).layer(faults);
    gateways.merge(controls()).fallback(unknown).with_state(sim)
}

fn wallet_routes() -> Router<Sim> {
    Router::new()
        .route("/v1/payment-requests", post(wallet::charge).get(wallet::by_ref))
        .route("/v1/payment-requests/{id}", get(wallet::by_id))
        .route("/v1/payment-requests/{id}/refunds", post(refunds::refund))
}

fn controls() -> Router<Sim> {
    crate::sim::control::routes()
        .route("/sim/payment-requests/{id}", patch(control::edit_request))
        .route("/sim/ledger", get(control::ledger))
}

async fn unknown() -> Response {
    Answer::trouble(StatusCode::NOT_FOUND, "not_found", "There is no such address.").into_response()
}
