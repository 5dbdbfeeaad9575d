//! From an order to its subscriptions: the account, the order, and what became of its lines.

mod lines;

use commands::account::{LinkAccount, RefuseAccount};
use commands::effects::Due;
use commands::order::{CancelStrandedOrder, MarkSubmitted, RefuseAtSubmission};
use domain::account::{AccountRules, AccountStatus};
use domain::customer::CustomerRules;
use domain::ids;
use domain::order::{Order, OrderRules};
use uuid::Uuid;

use crate::backoff;
use crate::client::OrderAtProvider;
use crate::outcome::{Outcome, RefusedBy};
use crate::perform::{self, Adapter, Answered, Step, done};
use crate::translate::{ProviderLineStatus, ProviderOrder};
use commands::effects::Performed;

impl Adapter {
    /// Has the account at the provider, and links it here.
    pub(crate) async fn open_account(&self, due: &Due, account_id: Uuid) -> Step {
        let account = self.load::<AccountRules>(account_id).await?;
        let Some(account) = account.state.known().filter(|account| account.status == AccountStatus::Pending) else {
            return Ok(done("the account no longer waits"));
        };
        if due.attempts > 0 {
            // An earlier answer never came: ask before sending again.
            let found = self.client.find_account(account_id).await.map_err(|f| perform::not_reached(due, &f))?;
            if let Some(found) = found {
                return self.link(due, account_id, found.id).await;
            }
        }
        let customer = self.load::<CustomerRules>(account.customer_id).await?;
        let country = customer.state.known().map(|customer| customer.country.as_str()).unwrap_or_default();
        match self.client.create_account(due.op_id, account_id, &account.name, country).await {
            Outcome::Done(made) => self.link(due, account_id, made.id).await,
            Outcome::Refused(refused) if refused.is_unforeseen() => Ok(Performed::Dead { reason: refused.reason }),
            Outcome::Refused(refused) => {
                let refuse = RefuseAccount { account_id, reason: refused.code.clone() };
                self.answer(due, "refuse", &refuse).await.map_err(Answered::unforeseen)?;
                Ok(done(format!("refused: {}", refused.code)))
            }
            Outcome::NotReached(failure) => Ok(perform::not_reached(due, &failure)),
            Outcome::Unknown(failure) => Ok(perform::unknown(due, &failure)),
        }
    }

    pub(crate) async fn link(&self, due: &Due, account_id: Uuid, provider_account_id: String) -> Step {
        let link = LinkAccount { account_id, provider_account_id };
        self.answer(due, "link", &link).await.map_err(Answered::unforeseen)?;
        Ok(done("linked"))
    }

    /// Has the order at the provider. Where its account is closed it is cancelled instead.
    pub(crate) async fn submit_order(&self, due: &Due, order_id: Uuid) -> Step {
        let order = self.load::<OrderRules>(order_id).await?;
        let Some(order) = order.state.known() else { return Ok(done("there is no such order")) };
        let account = self.load::<AccountRules>(order.details.account_id).await?;
        let account = account.state.known();
        let is_stranded = account.is_some_and(|account| account.status == AccountStatus::Closed);
        if is_stranded && order.may_go_out() {
            let cancel = CancelStrandedOrder { order_id };
            self.answer(due, "stranded", &cancel).await.map_err(Answered::unforeseen)?;
        }
        // Also an order that no longer waits may have been sent: a crash after the call left no try behind.
        if due.attempts > 0 || is_stranded || !order.may_go_out() {
            let found = self.client.find_order(order_id).await.map_err(|f| perform::not_reached(due, &f))?;
            if let Some(found) = found {
                return self.mark_submitted(due, order_id, found).await;
            }
        }
        if !order.may_go_out() {
            return Ok(done(format!("the order is {}", order.status.name())));
        }
        if is_stranded {
            return Ok(done("its account is closed"));
        }
        let Some(provider_account_id) = account.and_then(|account| account.provider_account_id.clone()) else {
            return Ok(Performed::Missed {
                after: backoff::poll_after(due.asked),
                why: "the account is not linked".to_owned(),
            });
        };
        match self.client.place_order(due.op_id, &at_provider(order, provider_account_id)).await {
            Outcome::Done(accepted) => self.mark_submitted(due, order_id, accepted).await,
            Outcome::Refused(refused) => self.refuse_order(due, order_id, refused).await,
            Outcome::NotReached(failure) => Ok(perform::not_reached(due, &failure)),
            Outcome::Unknown(failure) => Ok(perform::unknown(due, &failure)),
        }
    }

    pub(crate) async fn mark_submitted(&self, due: &Due, order_id: Uuid, accepted: ProviderOrder) -> Step {
        let mark = MarkSubmitted { order_id, provider_order_id: accepted.id.clone() };
        match self.answer(due, "submitted", &mark).await {
            Ok(()) => Ok(done("submitted")),
            // Cancelled here while it was on its way there: undo it there.
            Err(Answered::Refused(_)) => self.undo(due, order_id, &accepted.id).await,
            Err(Answered::Stop(performed)) => Ok(performed),
        }
    }

    /// An operation of its own: under the submission's id the provider would take it for another use of that key.
    async fn undo(&self, due: &Due, order_id: Uuid, provider_order_id: &str) -> Step {
        let op_id = ids::derived(&["undo", &due.op_id.to_string()]);
        match self.client.cancel_order(op_id, provider_order_id).await {
            Outcome::Done(()) | Outcome::Refused(_) => self.left_behind(due, order_id, provider_order_id).await,
            Outcome::NotReached(failure) => Ok(perform::not_reached(due, &failure)),
            Outcome::Unknown(failure) => Ok(perform::unknown(due, &failure)),
        }
    }

    /// It may be too late to cancel it there: what has come into being is recorded here, and ended again.
    async fn left_behind(&self, due: &Due, order_id: Uuid, provider_order_id: &str) -> Step {
        let found = self.client.order(provider_order_id).await.map_err(|f| perform::not_reached(due, &f))?;
        let lines = found.map(|order| order.lines).unwrap_or_default();
        if lines.iter().any(|line| line.status == ProviderLineStatus::Pending) {
            return Ok(Performed::poll(backoff::poll_after(due.asked)));
        }
        let loaded = self.load::<OrderRules>(order_id).await?;
        let Some(order) = loaded.state.known() else { return Ok(done("there is no such order")) };
        let mut late = 0;
        for line in &lines {
            if let ProviderLineStatus::Provisioned { subscription_id } = &line.status {
                self.record_late(due, order, line.line, subscription_id).await?;
                late += 1;
            }
        }
        Ok(done(format!("cancelled here on its way there; {late} lines were provisioned and are ended again")))
    }

    async fn refuse_order(&self, due: &Due, order_id: Uuid, refused: RefusedBy) -> Step {
        if refused.is_unforeseen() {
            return Ok(Performed::Dead { reason: refused.reason });
        }
        let refuse = RefuseAtSubmission { order_id, line: refused.line, reason: refused.code.clone() };
        self.answer(due, "refused", &refuse).await.map_err(Answered::unforeseen)?;
        Ok(done(format!("refused: {}", refused.code)))
    }

    /// Asks the provider to cancel; the watch on the order learns what came of it.
    pub(crate) async fn cancel_order(&self, due: &Due, order_id: Uuid) -> Step {
        let order = self.load::<OrderRules>(order_id).await?;
        let order = order.state.known().filter(|order| !order.status.is_final());
        let Some(provider_order_id) = order.and_then(|order| order.provider_order_id.as_deref()) else {
            return Ok(done("nothing is left to cancel"));
        };
        match self.client.cancel_order(due.op_id, provider_order_id).await {
            Outcome::Done(()) => Ok(done("asked")),
            Outcome::Refused(refused) if refused.is_unforeseen() => Ok(Performed::Dead { reason: refused.reason }),
            Outcome::Refused(refused) => Ok(done(format!("too late: {}", refused.code))),
            Outcome::NotReached(failure) => Ok(perform::not_reached(due, &failure)),
            Outcome::Unknown(failure) => Ok(perform::unknown(due, &failure)),
        }
    }
}

fn at_provider(order: &Order, provider_account_id: String) -> OrderAtProvider {
    let lines = order.open_lines().map(|placed| (placed.line.line, placed.line.sku.clone(), placed.line.quantity));
    OrderAtProvider { order_id: order.details.order_id, provider_account_id, lines: lines.collect() }
}
