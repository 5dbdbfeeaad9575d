//! One request of an older client: who asks, and whether what it asks about is its own.

use axum::body::Body;
use axum::extract::Request;
use axum::http::request::Parts;
use bytes::Bytes;
use commands::{Context, Operation};
use domain::account::{Account, AccountRules};
use domain::order::Order;
use domain::subscription::{SubscriptionCore, SubscriptionRules};
use domain::{Actor, ids};
use projections::page::Scope;
use projections::{model, orders};
use uuid::Uuid;

use super::Licensing;
use super::answer::Refused;
use crate::clock;
use crate::http::body::read_bytes;
use crate::http::headers::idempotency_key;
use crate::http::limits::BODY_BYTES;
use crate::http::problem::Problem;
use crate::http::values;

/// Rows read at once.
const PAGE: i64 = 100;

/// A request whose sender is known.
#[derive(Debug)]
pub struct Visit {
    pub actor: Actor,
    parts: Parts,
    body: Bytes,
}

/// What the ids of a path stand for.
#[derive(Debug)]
pub enum Thing {
    Subscription(Box<SubscriptionCore>),
    /// Ordered, and nothing has come of it yet.
    Ordered(Box<Order>),
}

impl Licensing {
    /// Who asks, and with what.
    ///
    /// # Errors
    /// 401, 429, 403, and what is wrong with the body's size.
    pub async fn visit(&self, operation: Operation, request: Request) -> Result<Visit, Refused> {
        let (parts, body): (Parts, Body) = request.into_parts();
        let actor = self.api.older_actor(operation, &parts).await?;
        let body = read_bytes(body, BODY_BYTES).await?;
        Ok(Visit { actor, parts, body })
    }

    /// The account, if it is the caller's own.
    ///
    /// # Errors
    /// 403 for everybody else's and nobody's.
    pub async fn account(&self, visit: &Visit, id: &str) -> Result<Account, Refused> {
        let id = values::uuid(id).map_err(|_| Refused::NoAccess)?;
        let account = self.api.bus.state::<AccountRules>(id).await.map_err(Problem::from)?;
        let own = |account: &&Account| visit.actor.customer_id == Some(account.customer_id);
        account.state.known().filter(own).cloned().ok_or(Refused::NoAccess)
    }

    /// A subscription of that account, or the order it will come from: its id is allotted when it is ordered.
    ///
    /// # Errors
    /// 403 when the account is not the caller's, or has no such thing.
    pub async fn thing(&self, visit: &Visit, account: &str, id: &str) -> Result<Thing, Refused> {
        let account = self.account(visit, account).await?;
        let id = values::uuid(id).map_err(|_| Refused::NoAccess)?;
        let found = self.api.bus.state::<SubscriptionRules>(id).await.map_err(Problem::from)?;
        if let Some(subscription) = found.state.known() {
            let core = &subscription.core;
            let own = core.started.account_id == account.id;
            return if own { Ok(Thing::Subscription(Box::new(core.clone()))) } else { Err(Refused::NoAccess) };
        }
        let allotted = |order: &Order| order.lines.iter().any(|line| id_of(order, line.line.line) == id);
        let order = self.orders(account.id).await?.into_iter().find(allotted);
        order.map(|order| Thing::Ordered(Box::new(order))).ok_or(Refused::NoAccess)
    }

    /// Every order of an account, the oldest first, as of now.
    ///
    /// # Errors
    /// When they cannot be read.
    pub async fn orders(&self, account_id: Uuid) -> Result<Vec<Order>, Refused> {
        self.up_to_date(model::ORDERS).await?;
        let mut filter = orders::Filter { account_id: Some(account_id), limit: PAGE, ..orders::Filter::default() };
        let mut all = Vec::new();
        loop {
            let page = orders::list(self.api.pool(), Scope { customer: None }, &filter).await?.content;
            all.extend(page.rows.into_iter().filter_map(|row| row.folded.state.known().cloned()));
            filter.before = page.next;
            if page.next.is_none() {
                all.reverse();
                return Ok(all);
            }
        }
    }

    /// Lets a read model come to where the log is: older clients know no positions and expect to see what they did.
    ///
    /// # Errors
    /// 503 when it does not get there in time.
    pub async fn up_to_date(&self, model: &str) -> Result<(), Refused> {
        let head = event_log::page::head(self.api.pool()).await.map_err(Problem::from)?;
        Ok(self.api.wait_for(model, Some(head)).await?)
    }
}

impl Visit {
    /// The body, read as leniently as it used to be: fields nobody knows are passed over.
    ///
    /// # Errors
    /// 400.
    pub fn body<T: serde::de::DeserializeOwned>(&self) -> Result<T, Refused> {
        serde_json::from_slice(&self.body).map_err(|_| Refused::Invalid)
    }

    /// A command's context. A key is honoured where a client sends one.
    ///
    /// # Errors
    /// 400 for a key that is none.
    pub fn context(&self, licensing: &Licensing) -> Result<Context, Refused> {
        let key = idempotency_key(&self.parts.headers)?.unwrap_or_else(|| clock::new_id().to_string());
        Ok(licensing.api.context(self.actor.clone(), &self.parts, key, &self.body)?)
    }
}

/// The id a line's subscription has, or will have.
pub fn id_of(order: &Order, line: u32) -> Uuid {
    ids::subscription(order.details.order_id, line)
}
