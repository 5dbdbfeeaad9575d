//! A subscription that somebody made at the provider becomes one of ours.

use chrono::{DateTime, NaiveDate, Utc};
use domain::account::{Account, AccountRules, AccountStatus};
use domain::customer::{Customer, CustomerRules};
use domain::pricing::{self, Buyer, Quote};
use domain::service::{Service, ServiceRules};
use domain::subscription::{
    ProvisionedSeat, StartSubscription, SubscriptionCommand, SubscriptionRules, SubscriptionStarted,
};
use domain::{AggregateType, Refusal, StreamId, ids};
use uuid::Uuid;

use crate::{Answer, Command, Failure, Operation, Work, prices};

/// Starts it on an account of ours, at that customer's prices of its term's first day. It has an order's id like any
/// other, made from the provider's name of it, but there is no such order.
#[derive(Debug)]
pub struct AdoptSubscription {
    pub account_id: Uuid,
    pub provider_subscription_id: String,
    /// Ours, by the provider's SKU.
    pub service_id: Uuid,
    /// Half-open: `ends_on` is the first day after the term.
    pub starts_on: NaiveDate,
    pub ends_on: NaiveDate,
    /// When the provider confirmed it, as far as anybody can tell.
    pub confirmed_at: DateTime<Utc>,
    pub provider_revision: i64,
    /// One per seat, in the provider's order.
    pub seats: Vec<ProvisionedSeat>,
}

impl AdoptSubscription {
    /// The order that never was.
    fn order_id(&self) -> Uuid {
        ids::derived(&["adopted-order", &self.provider_subscription_id])
    }

    /// Under which id it becomes ours.
    pub fn subscription_id(&self) -> Uuid {
        ids::subscription(self.order_id(), 1)
    }
}

impl Command for AdoptSubscription {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let account = work.read::<AccountRules>(self.account_id).await?;
        let account = account.state.known().ok_or(Failure::NotFound)?;
        if account.status != AccountStatus::Active {
            return Err(Refusal::AccountNotUsable { status: account.status.name() }.into());
        }
        let customer = work.read::<CustomerRules>(account.customer_id).await?;
        let customer = customer.state.known().ok_or(Failure::NotFound)?;
        let service = work.read::<ServiceRules>(self.service_id).await?;
        let service = service.state.known().ok_or(Refusal::UnknownService)?;
        let quote = self.quote(work, customer, service).await?;
        let start =
            StartSubscription { started: self.started(account, customer, service, quote), seats: self.seats.clone() };
        let id = self.subscription_id();
        let start = SubscriptionCommand::Start(Box::new(start));
        work.decide::<SubscriptionRules>(id, &start, Some(customer.id)).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Subscription, id)))
    }
}

impl AdoptSubscription {
    async fn quote(&self, work: &mut Work<'_>, customer: &Customer, service: &Service) -> Result<Quote, Failure> {
        let buyer =
            Buyer { customer_id: customer.id, reseller_id: customer.reseller_id, currency: customer.terms.currency };
        let book = prices::rule_book(work, &buyer, &[service.id]).await?;
        let quote = pricing::price(&book, service, &buyer, self.starts_on)?;
        Ok(quote.ok_or(Refusal::NoPrice { line: 1 })?)
    }

    fn started(&self, account: &Account, customer: &Customer, service: &Service, quote: Quote) -> SubscriptionStarted {
        let offer = &service.offer;
        SubscriptionStarted {
            subscription_id: self.subscription_id(),
            order_id: self.order_id(),
            line: 1,
            account_id: account.id,
            customer_id: customer.id,
            reseller_id: customer.reseller_id,
            service_id: service.id,
            service_name: offer.name.clone(),
            sku: service.sku.clone(),
            provider_subscription_id: self.provider_subscription_id.clone(),
            quantity: u32::try_from(self.seats.len()).unwrap_or(u32::MAX),
            unit_price: quote.unit_price,
            reseller_unit_price: quote.reseller_unit_price,
            unit_cost: quote.unit_cost,
            discountable: quote.discountable,
            exchange_rate: quote.exchange_rate,
            term: offer.term,
            billing_cycle: offer.billing_cycle,
            starts_on: self.starts_on,
            ends_on: self.ends_on,
            cancellation_window_hours: offer.cancellation_window_hours,
            min_quantity: offer.min_quantity,
            max_quantity: offer.max_quantity,
            confirmed_at: self.confirmed_at,
            provider_revision: self.provider_revision,
        }
    }
}
