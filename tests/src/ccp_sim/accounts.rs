//! Accounts: one per external reference.

use axum::extract::{Extension, Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;
use serde_json::json;

use super::faults::Plan;
use super::paging::Asking;
use super::rows::{Account, Row};
use super::world::{Asked, By, Change, Sim};
use crate::sim::answer::Answer;
use crate::sim::clock;

#[derive(Deserialize)]
struct NewAccount {
    external_ref: String,
    name: String,
    country: String,
}

/// `POST /v1/accounts`
pub async fn open(State(sim): State<Sim>, asked: Asked) -> Response {
    asked.decide(&sim, opened).await
}

/// `GET /v1/accounts/{id}`
pub async fn by_id(State(sim): State<Sim>, Extension(plan): Extension<Plan>, Path(id): Path<String>) -> Response {
    sim.answer(|change| found(change, Some(&id), plan.stale())).await
}

/// `GET /v1/accounts?external_ref=`
pub async fn by_ref(
    State(sim): State<Sim>,
    Extension(plan): Extension<Plan>,
    Query(asking): Query<Asking>,
) -> Response {
    sim.answer(|change| match &asking.external_ref {
        Some(external_ref) => found(change, change.state.account_by_ref.get(external_ref), plan.stale()),
        None => Answer::bad_request("invalid_request", "Name an external_ref."),
    })
    .await
}

fn opened(change: &mut Change<'_>, by: &By, new: NewAccount) -> Answer {
    if let Some(id) = change.state.account_by_ref.get(&new.external_ref) {
        return found(change, Some(id), false);
    }
    if let Err(refused) = check(&new) {
        return refused;
    }
    let account = Account {
        account_id: clock::new_id("acc"),
        external_ref: new.external_ref,
        name: new.name,
        country: new.country,
        revision: 1,
    };
    change.put(Row::Account(account.clone()));
    change.record(by, "open_account", Some(&account.external_ref), &account.account_id);
    change.tell("account.updated", json!({"account_id": account.account_id}));
    Answer::new(StatusCode::CREATED, shown(&account))
}

fn check(new: &NewAccount) -> Result<(), Answer> {
    if new.external_ref.is_empty() || new.name.trim().is_empty() {
        return Err(Answer::invalid("invalid_request", "external_ref and name must not be empty."));
    }
    let is_country = new.country.len() == 2 && new.country.bytes().all(|letter| letter.is_ascii_uppercase());
    if is_country { Ok(()) } else { Err(Answer::invalid("country_not_supported", "country is two capital letters.")) }
}

fn found(change: &Change<'_>, id: Option<&String>, stale: bool) -> Answer {
    let account = id.and_then(|id| change.state.accounts.seen(id, stale));
    account.map_or_else(|| Answer::not_found("account"), |account| Answer::new(StatusCode::OK, shown(account)))
}

fn shown(account: &Account) -> serde_json::Value {
    json!({
        "account_id": account.account_id,
        "external_ref": account.external_ref,
        "name": account.name,
        "country": account.country,
        "revision": account.revision,
    })
}
