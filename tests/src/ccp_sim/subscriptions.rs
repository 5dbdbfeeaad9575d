//! Reading subscriptions, with all their licences.

use axum::Json;
use axum::extract::{Extension, Path, Query, State};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::calendar;
use super::faults::Plan;
use super::paging::{Asking, cursor};
use super::rows::{Status, Subscription};
use super::seats::Licence;
use super::world::{Change, Sim};
use crate::sim::answer::Answer;

const PAGE: usize = 100;
/// A page ends early when its subscriptions have more seats than this.
const PAGE_SEATS: usize = 20_000;

#[derive(Serialize)]
struct Shown {
    subscription_id: String,
    account_id: String,
    sku: String,
    quantity: u32,
    status: Status,
    starts_on: NaiveDate,
    ends_on: NaiveDate,
    auto_renew: bool,
    revision: u64,
    changed_on: NaiveDate,
    licences: Vec<Licence>,
}

#[derive(Serialize)]
struct Page {
    items: Vec<Shown>,
    next_cursor: Option<String>,
}

/// Copied out under the lock; licences are written out when the lock is free again.
struct Found(Subscription);

impl IntoResponse for Found {
    fn into_response(self) -> Response {
        Json(shown(self.0)).into_response()
    }
}

struct FoundPage {
    items: Vec<Subscription>,
    next: Option<usize>,
}

impl IntoResponse for FoundPage {
    fn into_response(self) -> Response {
        let items = self.items.into_iter().map(shown).collect();
        Json(Page { items, next_cursor: self.next.map(cursor) }).into_response()
    }
}

/// `GET /v1/subscriptions/{id}`
pub async fn by_id(State(sim): State<Sim>, Extension(plan): Extension<Plan>, Path(id): Path<String>) -> Response {
    sim.answer(|change| {
        let found = change.state.subscriptions.seen(&id, plan.stale()).cloned();
        found.map(Found).ok_or_else(|| Answer::not_found("subscription"))
    })
    .await
}

/// `GET /v1/subscriptions?account_id=&updated_since=&cursor=`
pub async fn list(State(sim): State<Sim>, Extension(plan): Extension<Plan>, Query(asking): Query<Asking>) -> Response {
    let parts = asking.start().and_then(|start| Ok((start, since(&asking)?)));
    match parts {
        Ok((start, since)) => {
            let wanted = |found: &Subscription| {
                asking.account_id.as_ref().is_none_or(|id| *id == found.account_id)
                    && since.is_none_or(|since| found.updated_at >= since)
            };
            sim.answer(|change| page(change, start, plan.stale(), wanted)).await
        }
        Err(refused) => refused.into_response(),
    }
}

fn page(change: &Change<'_>, start: usize, stale: bool, wanted: impl Fn(&Subscription) -> bool) -> FoundPage {
    let table = &change.state.subscriptions;
    let (mut items, mut seats) = (Vec::new(), 0);
    for (index, id) in table.ids().iter().enumerate().skip(start) {
        let Some(found) = table.seen(id, stale).filter(|found| wanted(found)) else { continue };
        if items.len() == PAGE || seats > PAGE_SEATS {
            return FoundPage { items, next: Some(index) };
        }
        seats += found.quantity as usize;
        items.push(found.clone());
    }
    FoundPage { items, next: None }
}

/// A point in time, or a day.
fn since(asking: &Asking) -> Result<Option<DateTime<Utc>>, Answer> {
    let Some(text) = asking.updated_since.as_deref().filter(|text| !text.is_empty()) else { return Ok(None) };
    let day = || text.parse::<NaiveDate>().ok().map(calendar::midnight);
    let since = text.parse::<DateTime<Utc>>().ok().or_else(day);
    since.map(Some).ok_or_else(|| Answer::invalid("invalid_date", "updated_since is no time."))
}

fn shown(subscription: Subscription) -> Shown {
    Shown {
        licences: subscription.seats.licences(&subscription.subscription_id),
        subscription_id: subscription.subscription_id,
        account_id: subscription.account_id,
        sku: subscription.sku,
        quantity: subscription.quantity,
        status: subscription.status,
        starts_on: subscription.starts_on,
        ends_on: subscription.ends_on,
        auto_renew: subscription.auto_renew,
        revision: subscription.revision,
        changed_on: subscription.changed_on,
    }
}
