//! Write-side indexes: how a command finds the streams it must load. Hints only; the loaded stream decides.

mod accounts;
mod aliases;
mod balances;
mod billing;
mod collection;
mod commissions;
mod drifts;
mod invoices;
mod orders;
mod subscriptions;

pub use accounts::{accounts, is_linked_elsewhere, open_accounts};
pub use aliases::{
    customer_alias, customer_aliases, customer_of_alias, invoice_alias, invoice_aliases, invoice_of_alias,
};
pub use balances::{all_open_invoices, balances, open_invoices};
pub use billing::{
    IndexedAccount, billable_accounts, commission_accounts, has_caught_up, open_discrepancies, run_of_discrepancy,
};
pub use collection::{UnpaidInvoice, invoices_to_collect, invoices_to_dun, unpaid_invoices};
pub use commissions::{IndexedStatement, commission_statement};
pub use drifts::{IndexedDrift, account_of_provider, drifts_about, open_drifts, subscriptions_of_provider};
pub use invoices::{DueInvoice, invoices_due_before};
pub use orders::{ScheduledOrder, UnpaidOrder, due_orders, open_orders, orders_unpaid_since};
pub use subscriptions::{
    has_live_subscriptions, live_subscriptions_ended_by, live_subscriptions_of, subscription_of_provider,
};

use std::sync::Arc;

use domain::Event;
use domain::account::AccountEvent;
use domain::order::OrderEvent;
use domain::price_rule::{PriceRule, PriceRuleEvent, Scope};
use domain::service::ServiceEvent;
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

    fn may_be_lost(&self) -> bool {
        true
    }

    fn concerns(&self, event: &Recorded) -> bool {
        event.event().map_or(true, is_indexed)
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
            orders::no_longer_waiting(tx, events).await
        })
    }
}

/// Whether an index may change; see [`index`].
const fn is_indexed(event: &Event) -> bool {
    match event {
        Event::Account(AccountEvent::AccountDetailsChanged { .. })
        | Event::Calendar(_)
        | Event::ExchangeRates(_)
        | Event::CreditNote(_)
        | Event::NumberSeries(_)
        | Event::ChargeLedger(_)
        | Event::Payment(_)
        | Event::NotificationPreferences(_) => false,
        Event::Account(_)
        | Event::Drift(_)
        | Event::Service(_)
        | Event::PriceRule(_)
        | Event::Order(_)
        | Event::Invoice(_)
        | Event::Balance(_)
        | Event::Subscription(_)
        | Event::Customer(_)
        | Event::BillingRun(_)
        | Event::CommissionAccount(_) => true,
    }
}

async fn index(tx: &mut PgConnection, recorded: &Recorded, event: &Event) -> Result<(), ApplyError> {
    match event {
        Event::Account(event) => accounts::index(tx, recorded, event).await?,
        Event::Drift(event) => drifts::index(tx, recorded, event).await?,
        Event::Service(event) => service(tx, recorded, event).await?,
        Event::PriceRule(PriceRuleEvent::PriceRuleSet { rule }) => price_rule_set(tx, rule).await?,
        Event::Order(OrderEvent::OrderSubmitted { provider_order_id }) => {
            order(tx, &recorded.aggregate_id, provider_order_id).await?;
        }
        Event::Order(OrderEvent::OrderPlaced { details }) => orders::placed(tx, recorded, details).await?,
        Event::Order(OrderEvent::OrderScheduled { start_on, .. }) => orders::scheduled(tx, recorded, *start_on).await?,
        Event::Invoice(event) => {
            invoices::index(tx, recorded, event).await?;
            balances::index_invoice(tx, recorded, event).await?;
            collection::index(tx, recorded, event).await?;
            aliases::index_invoice(tx, recorded, event).await?;
        }
        Event::Balance(event) => balances::index_balance(tx, event).await?,
        Event::Subscription(event) => subscriptions::index(tx, recorded, event).await?,
        Event::Customer(event) => {
            billing::customer(tx, recorded, event).await?;
            collection::index_terms(tx, recorded, event).await?;
            aliases::index_customer(tx, recorded, event).await?;
        }
        Event::BillingRun(event) => billing::run(tx, recorded, event).await?,
        Event::CommissionAccount(event) => {
            billing::commission(tx, event).await?;
            commissions::index(tx, recorded, event).await?;
        }
        // Its id stays known, so that removing it again is no mistake.
        Event::PriceRule(PriceRuleEvent::PriceRuleRemoved { .. })
        | Event::Order(_)
        | Event::Calendar(_)
        | Event::ExchangeRates(_)
        | Event::CreditNote(_)
        | Event::NumberSeries(_)
        | Event::ChargeLedger(_)
        | Event::Payment(_)
        | Event::NotificationPreferences(_) => {}
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

async fn price_rule_set(tx: &mut PgConnection, rule: &PriceRule) -> Result<(), sqlx::Error> {
    scope(tx, &rule.scope).await?;
    sqlx::query(
        "insert into index_price_rules (rule_id, scope_id, author) values ($1, $2, $3) \
         on conflict (rule_id) do update set scope_id = excluded.scope_id, author = excluded.author",
    )
    .bind(rule.rule_id)
    .bind(rule.scope.stream())
    .bind(rule.scope.author.code())
    .execute(tx)
    .await?;
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

/// Which of these price scopes hold rules, as of the end of the log: a rule set a moment ago counts.
///
/// # Errors
/// Any database error.
pub async fn existing_scopes<'e, E: PgExecutor<'e>>(executor: E, scopes: &[Uuid]) -> Result<Vec<Uuid>, sqlx::Error> {
    sqlx::query_scalar(
        "select scope_id from index_price_scopes where scope_id = any($1) \
         union select e.aggregate_id::uuid from unindexed_events e where e.aggregate_type = 'price_rule' \
         and e.aggregate_id = any($1::uuid[]::text[])",
    )
    .bind(scopes)
    .fetch_all(executor)
    .await
}

/// Where the rule of an id is, or last was.
#[derive(Debug, sqlx::FromRow)]
pub struct IndexedPriceRule {
    pub scope_id: Uuid,
    pub author: String,
}

/// The rule of this id as of the end of the log: what the index does not have yet is looked up there, so that an id set
/// a moment ago is found.
///
/// # Errors
/// Any database error.
pub async fn price_rule<'e, E: PgExecutor<'e>>(executor: E, id: Uuid) -> Result<Option<IndexedPriceRule>, sqlx::Error> {
    sqlx::query_as(
        "(select e.aggregate_id::uuid as scope_id, e.payload->'PriceRuleSet'->'rule'->'scope'->>'author' as author \
          from unindexed_events e where e.aggregate_type = 'price_rule' and e.event_type = 'PriceRuleSet' \
          and e.payload->'PriceRuleSet'->'rule'->>'rule_id' = $1::text order by e.position desc limit 1) \
         union all select scope_id, author from index_price_rules where rule_id = $1 limit 1",
    )
    .bind(id)
    .fetch_optional(executor)
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
