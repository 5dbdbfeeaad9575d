//! `GET /compat/licensing/accounts/{id}/subscriptions`

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Path, Request, State};
use commands::Operation;
use domain::subscription::SubscriptionCore;
use projections::page::Scope;
use projections::subscriptions::{self, Filter};
use projections::{model, page::Row};
use uuid::Uuid;

use super::Licensing;
use super::answer::Refused;
use super::body::SubscriptionItem;
use super::visit;

/// Subscriptions read at once.
const PAGE: i64 = 100;

/// The subscriptions of an account, from the moment they are ordered
pub async fn list(
    State(licensing): State<Licensing>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<Vec<SubscriptionItem>>, Refused> {
    let visit = licensing.visit(Operation::ListAccountSubscriptions, request).await?;
    let account = licensing.account(&visit, &id).await?;
    let orders = licensing.orders(account.id).await?;
    let (mut started, order_of) = licensing.started(account.id).await?;
    let mut items = Vec::new();
    for order in &orders {
        for placed in &order.lines {
            let id = visit::id_of(order, placed.line.line);
            let core = started.remove(&id);
            items.push(core.map_or_else(|| SubscriptionItem::ordered(id, placed), |c| SubscriptionItem::started(&c)));
        }
    }
    // Those that were not ordered here: taken over from the provider.
    let taken_over = order_of.iter().filter_map(|id| started.get(id)).map(SubscriptionItem::started);
    items.extend(taken_over);
    Ok(Json(items))
}

impl Licensing {
    /// The account's subscriptions by id, and their ids, the oldest first.
    async fn started(&self, account_id: Uuid) -> Result<(HashMap<Uuid, SubscriptionCore>, Vec<Uuid>), Refused> {
        self.up_to_date(model::SUBSCRIPTIONS).await?;
        let mut filter = Filter { account_id: Some(account_id), limit: PAGE, ..Filter::default() };
        let (mut by_id, mut ids) = (HashMap::new(), Vec::new());
        loop {
            let page = subscriptions::list(self.api.pool(), Scope { customer: None }, &filter).await?.content;
            for Row { id, folded, .. } in page.rows {
                ids.push(id);
                by_id.extend(folded.state.map(|core| (id, core)));
            }
            filter.before = page.next;
            if page.next.is_none() {
                ids.reverse();
                return Ok((by_id, ids));
            }
        }
    }
}
