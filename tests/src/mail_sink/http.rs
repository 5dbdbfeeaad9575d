//! The inbox for people and for programs.

use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Html;
use axum::routing::get;
use axum::{Json, Router};
use minijinja::value::Serde;
use minijinja::{Environment, context};
use serde::Deserialize;
use serde_json::{Value, json};

use super::inbox::Inbox;
use super::shown::Shown;

const PAGE: (&str, &str) = ("inbox.html", include_str!("inbox.html"));

pub fn router(inbox: Inbox) -> Router {
    Router::new()
        .route("/", get(page))
        .route("/messages", get(messages).delete(empty))
        .route("/health", get(health))
        .with_state(inbox)
}

#[derive(Deserialize)]
struct Filter {
    /// An address.
    to: Option<String>,
}

async fn messages(State(inbox): State<Inbox>, Query(filter): Query<Filter>) -> Json<Vec<Shown>> {
    let all = inbox.all();
    let wanted = all.iter().filter(|kept| filter.to.as_ref().is_none_or(|to| kept.message.to.contains(to)));
    Json(wanted.map(Shown::of).collect())
}

async fn empty(State(inbox): State<Inbox>) -> StatusCode {
    match inbox.empty().await {
        Ok(()) => StatusCode::NO_CONTENT,
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

async fn health(State(inbox): State<Inbox>) -> Json<Value> {
    Json(json!({ "messages": inbox.all().len() }))
}

async fn page(State(inbox): State<Inbox>) -> Result<Html<String>, StatusCode> {
    let newest: Vec<Shown> = inbox.all().iter().rev().map(Shown::of).collect();
    let mut environment = Environment::new();
    let page = environment.add_template(PAGE.0, PAGE.1).and_then(|()| environment.get_template(PAGE.0));
    let page = page.and_then(|page| page.render(context! { messages => Serde(newest) }));
    page.map(Html).map_err(|_| StatusCode::INTERNAL_SERVER_ERROR)
}
