//! Write-side indexes: how a command finds the streams it must load. Hints only; the loaded stream decides.

use std::sync::Arc;

use domain::Event;
use domain::account::AccountEvent;
use domain::order::OrderEvent;
use domain::price_rule::{PriceRuleEvent, Scope};
use domain::service::ServiceEvent;
use domain::subscription::SubscriptionEvent;
use event_log::{ApplyError, Reader, Recorded};
use futures::future::BoxFuture;
use sqlx::{PgConnection, PgExecutor};
use uuid::Uuid;

/// The reader named `indexes`.
#[derive(Debug)]
pub struct Indexes;

impl Reader for Indexes {
    fn name(&self) -> &'static str {
        "indexes"
    }

    fn apply<'a>(
        &'a self,
        tx: &'a mut PgConnection,
        _generation: i32,
        events: &'a [Arc<Recorded>],
    ) -> BoxFuture<'a, Result<(), ApplyError>> {
        Box::pin(async move {
            for recorded in events {
                let event = recorded.event().map_err(|error| ApplyError::Poison(error.to_string()))?;
                index(tx, recorded, event).await?;
            }
            Ok(())
        })
    }
}

async fn index(tx: &mut PgConnection, recorded: &Recorded, event: &Event) -> Result<(), ApplyError> {
    match event {
        Event::Account(event) => account(tx, recorded, event).await?,
        Event::Service(event) => service(tx, recorded, event).await?,
        Event::PriceRule(PriceRuleEvent::PriceRuleSet { rule }) => scope(tx, &rule.scope).await?,
        Event::Order(OrderEvent::OrderSubmitted { provider_order_id }) => {
            order(tx, &recorded.aggregate_id, provider_order_id).await?;
        }
        Event::Subscription(SubscriptionEvent::SubscriptionStarted(started)) => {
            sqlx::query(
                "insert into index_subscriptions (subscription_id, account_id, provider_subscription_id, live) \
                 values ($1, $2, $3, true) on conflict do nothing",
            )
            .bind(started.subscription_id)
            .bind(started.account_id)
            .bind(&started.provider_subscription_id)
            .execute(tx)
            .await?;
        }
        Event::Customer(_)
        | Event::PriceRule(PriceRuleEvent::PriceRuleRemoved { .. })
        | Event::Order(_)
        | Event::Subscription(_)
        | Event::Drift(_)
        | Event::Calendar(_)
        | Event::ExchangeRates(_) => {}
    }
    Ok(())
}

async fn account(tx: &mut PgConnection, recorded: &Recorded, event: &AccountEvent) -> Result<(), sqlx::Error> {
    match event {
        AccountEvent::AccountOpened { account_id, customer_id, .. } => {
            sqlx::query("insert into index_accounts (account_id, customer_id) values ($1, $2) on conflict do nothing")
                .bind(account_id)
                .bind(customer_id)
                .execute(tx)
                .await?;
        }
        AccountEvent::AccountLinked { provider_account_id } => {
            sqlx::query("update index_accounts set provider_account_id = $2 where account_id = $1::text::uuid")
                .bind(&recorded.aggregate_id)
                .bind(provider_account_id)
                .execute(tx)
                .await?;
        }
        AccountEvent::AccountRefused { .. }
        | AccountEvent::AccountDetailsChanged { .. }
        | AccountEvent::AccountClosed {} => {}
    }
    Ok(())
}

async fn service(tx: &mut PgConnection, recorded: &Recorded, event: &ServiceEvent) -> Result<(), sqlx::Error> {
    match event {
        ServiceEvent::ServiceListed { service_id, provider, sku, .. } => {
            sqlx::query(
                "insert into index_services (service_id, provider, sku, active) values ($1, $2, $3, true) \
                 on conflict (service_id) do update set active = true",
            )
            .bind(service_id)
            .bind(provider)
            .bind(sku)
            .execute(tx)
            .await?;
        }
        ServiceEvent::ServiceWithdrawn {} => {
            sqlx::query("update index_services set active = false where service_id = $1::text::uuid")
                .bind(&recorded.aggregate_id)
                .execute(tx)
                .await?;
        }
        ServiceEvent::ServiceChanged { .. } | ServiceEvent::ServicePriceChanged { .. } => {}
    }
    Ok(())
}

async fn scope(tx: &mut PgConnection, scope: &Scope) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into index_price_scopes (scope_id, author, customer_id, reseller_id, service_id) \
         values ($1, $2, $3, $4, $5) on conflict do nothing",
    )
    .bind(scope.stream())
    .bind(scope.author.code())
    .bind(scope.customer_id)
    .bind(scope.reseller_id)
    .bind(scope.service_id)
    .execute(tx)
    .await?;
    Ok(())
}

async fn order(tx: &mut PgConnection, order_id: &str, provider_order_id: &str) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into index_provider_orders (provider_order_id, order_id) values ($1, $2::text::uuid) \
         on conflict do nothing",
    )
    .bind(provider_order_id)
    .bind(order_id)
    .execute(tx)
    .await?;
    Ok(())
}

/// The order the provider knows under this id.
///
/// # Errors
/// Any database error.
pub async fn order_of_provider<'e, E: PgExecutor<'e>>(
    executor: E,
    provider_order_id: &str,
) -> Result<Option<Uuid>, sqlx::Error> {
    sqlx::query_scalar("select order_id from index_provider_orders where provider_order_id = $1")
        .bind(provider_order_id)
        .fetch_optional(executor)
        .await
}

/// Which of these price scopes hold rules.
///
/// # Errors
/// Any database error.
pub async fn existing_scopes<'e, E: PgExecutor<'e>>(executor: E, scopes: &[Uuid]) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar("select scope_id from index_price_scopes where scope_id = any($1)")
        .bind(scopes)
        .fetch_all(executor)
        .await
}

/// The services of a provider that are in its catalogue as far as we know.
///
/// # Errors
/// Any database error.
pub async fn active_services<'e, E: PgExecutor<'e>>(executor: E, provider: &str) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar("select service_id from index_services where provider = $1 and active")
        .bind(provider)
        .fetch_all(executor)
        .await
}

/// Whether an account has a subscription that has not ended.
///
/// # Errors
/// Any database error.
pub async fn has_live_subscriptions<'e, E: PgExecutor<'e>>(executor: E, account: Uuid) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar("select exists (select 1 from index_subscriptions where account_id = $1 and live)")
        .bind(account)
        .fetch_one(executor)
        .await
}
