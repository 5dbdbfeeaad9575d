//! What became of a submitted order's lines. Every line is recorded in an append of its own, with its subscription.

use commands::effects::{Due, Performed};
use commands::order::{RecordLate, RecordLines, RecordProvisioned};
use domain::ids;
use domain::order::{LineOutcome, LineStatus, Order, OrderRules, PlacedLine};
use domain::subscription::{StartSubscription, SubscriptionStarted};
use uuid::Uuid;

use crate::backoff;
use crate::change::{lost, uneven};
use crate::perform::{self, Adapter, Answered, Step, done};
use crate::translate::{ProviderLineStatus, ProviderOrder, ProviderSubscription};

impl Adapter {
    /// Looks at the order at the provider and records what is new.
    pub(crate) async fn watch_order(&self, due: &Due, order_id: Uuid) -> Step {
        let loaded = self.load::<OrderRules>(order_id).await?;
        let Some(order) = loaded.state.known() else { return Ok(done("there is no such order")) };
        let Some(provider_order_id) = order.provider_order_id.as_deref().filter(|_| !order.status.is_final()) else {
            return Ok(done(format!("the order is {}", order.status.name())));
        };
        let found = self.client.order(provider_order_id).await.map_err(|f| perform::not_reached(due, &f))?;
        let Some(theirs) = found else {
            return Ok(Performed::Again {
                after: backoff::ask_after(due.attempts),
                why: "the provider does not know it".to_owned(),
            });
        };
        self.record(due, order, &theirs).await?;
        let after = self.load::<OrderRules>(order_id).await?;
        match after.state.known().filter(|order| order.status.is_final()) {
            Some(order) => Ok(done(order.status.name())),
            None if theirs.status.is_final() => Ok(Performed::Again {
                after: backoff::ask_after(due.attempts),
                why: "final there, open here".to_owned(),
            }),
            None => Ok(Performed::poll(backoff::poll_after(due.asked))),
        }
    }

    /// What is wrong with one line holds up no other.
    async fn record(&self, due: &Due, order: &Order, theirs: &ProviderOrder) -> Result<(), Performed> {
        let mut recorded = Ok(());
        for line in &theirs.lines {
            let ours = order.line(line.line).filter(|ours| ours.status == LineStatus::Open);
            let Some(ours) = ours else { continue };
            match self.record_line(due, order, ours, &line.status).await {
                Ok(()) => {}
                Err(wrong @ (Performed::Again { .. } | Performed::Dead { .. })) => recorded = recorded.and(Err(wrong)),
                Err(stop) => return Err(stop),
            }
        }
        recorded
    }

    async fn record_line(
        &self,
        due: &Due,
        order: &Order,
        ours: &PlacedLine,
        status: &ProviderLineStatus,
    ) -> Result<(), Performed> {
        let line = ours.line.line;
        match status {
            ProviderLineStatus::Pending => Ok(()),
            ProviderLineStatus::Provisioned { subscription_id } => {
                self.record_provisioned(due, order, ours, subscription_id).await
            }
            ProviderLineStatus::Rejected { reason } => {
                self.record_ended(due, order, line, LineOutcome::Rejected { reason: reason.clone() }).await
            }
            ProviderLineStatus::Cancelled { reason } => {
                self.record_ended(due, order, line, LineOutcome::Cancelled { reason: reason.clone() }).await
            }
        }
    }

    async fn record_ended(&self, due: &Due, order: &Order, line: u32, outcome: LineOutcome) -> Result<(), Performed> {
        let record = RecordLines { order_id: order.details.order_id, lines: vec![(line, outcome)] };
        self.answer(due, &format!("line/{line}"), &record).await.map_err(Answered::unforeseen)
    }

    async fn record_provisioned(
        &self,
        due: &Due,
        order: &Order,
        placed: &PlacedLine,
        provider_subscription_id: &str,
    ) -> Result<(), Performed> {
        let theirs = self.provisioned(due, provider_subscription_id).await?;
        let (line, start) = (placed.line.line, self.start(order, placed, &theirs));
        let id = start.started.subscription_id;
        self.answer(due, &format!("line/{line}"), &RecordProvisioned { start }).await.map_err(Answered::unforeseen)?;
        self.observe_difference(due, (id, placed.line.quantity), &theirs).await
    }

    /// A line of an order that was cancelled here before it was known there. One that was never ordered is not ours to
    /// record.
    pub(super) async fn record_late(
        &self,
        due: &Due,
        order: &Order,
        line: u32,
        provider_subscription_id: &str,
    ) -> Result<(), Performed> {
        let Some(placed) = order.line(line) else { return Ok(()) };
        let theirs = self.provisioned(due, provider_subscription_id).await?;
        let start = self.start(order, placed, &theirs);
        let id = start.started.subscription_id;
        self.answer(due, &format!("late/{line}"), &RecordLate { start }).await.map_err(Answered::unforeseen)?;
        self.observe_difference(due, (id, placed.line.quantity), &theirs).await
    }

    /// It started here as it was ordered. Whatever else it was at our first sight of it, somebody has made of it since:
    /// that is taken in at once, as the provider's change.
    async fn observe_difference(
        &self,
        due: &Due,
        (id, ordered): (Uuid, u32),
        theirs: &ProviderSubscription,
    ) -> Result<(), Performed> {
        if theirs.is_as_it_begins(ordered) { Ok(()) } else { self.observe(due, id, theirs).await }
    }

    async fn provisioned(&self, due: &Due, id: &str) -> Result<ProviderSubscription, Performed> {
        let found = self.client.subscription(id).await.map_err(|failure| perform::not_reached(due, &failure))?;
        // The order knows it; when the subscription is not readable yet it was a stale read.
        let theirs = found.ok_or_else(|| lost(due))?;
        if theirs.status.ours().is_live() && u32::try_from(theirs.seats.len()) != Ok(theirs.quantity) {
            return Err(uneven(due));
        }
        Ok(theirs)
    }

    /// The subscription as the order fixed its prices and its quantity, and the provider its dates. The first seats are
    /// those that were ordered.
    fn start(&self, order: &Order, placed: &PlacedLine, theirs: &ProviderSubscription) -> StartSubscription {
        let (details, line) = (&order.details, &placed.line);
        let subscription_id: Uuid = ids::subscription(details.order_id, line.line);
        let started = SubscriptionStarted {
            subscription_id,
            order_id: details.order_id,
            line: line.line,
            account_id: details.account_id,
            customer_id: details.customer_id,
            reseller_id: details.reseller_id,
            service_id: line.service_id,
            service_name: line.service_name.clone(),
            sku: line.sku.clone(),
            provider_subscription_id: theirs.id.clone(),
            quantity: line.quantity,
            unit_price: line.unit_price,
            reseller_unit_price: line.reseller_unit_price,
            unit_cost: line.unit_cost,
            term: line.term,
            billing_cycle: line.billing_cycle,
            starts_on: theirs.starts_on,
            ends_on: theirs.ends_on,
            cancellation_window_hours: line.cancellation_window_hours,
            min_quantity: line.min_quantity,
            max_quantity: line.max_quantity,
            confirmed_at: self.bus.now(),
            provider_revision: theirs.starting_revision(line.quantity),
            discountable: line.discountable,
            exchange_rate: line.exchange_rate,
        };
        let ordered = usize::try_from(line.quantity).unwrap_or(usize::MAX);
        StartSubscription { started, seats: theirs.seats.iter().take(ordered).cloned().collect() }
    }
}
