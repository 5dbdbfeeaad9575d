//! What an operator has given up: whoever waits for it is told, so that nothing stands still for ever. What the
//! provider has done all the same is not given up: it is recorded here, or found by the next reconciliation.

use commands::account::{LinkAccount, RefuseAccount};
use commands::effects::{Due, Performed};
use commands::order::{RecordLines, RefuseAtSubmission};
use commands::subscription::{RejectChange, ask_for_look};
use domain::account::{AccountRules, AccountStatus};
use domain::order::{LineOutcome, OrderRules};
use domain::process::Effect;
use domain::{Refusal, ids};
use uuid::Uuid;

use crate::outcome::{Failure, FailureKind, Outcome};
use crate::perform::{self, Adapter, Answered, Step, done, log_away};

/// Why it came to nothing.
const GIVEN_UP: &str = "given-up";

impl Adapter {
    /// Ends what waits for the effect, which is done no more.
    pub(crate) async fn end_given_up(&self, due: &Due) -> Step {
        match &due.effect {
            Effect::OpenAccount { account_id } => self.give_up_account(due, *account_id).await,
            Effect::SubmitOrder { order_id } => self.give_up_submission(due, *order_id).await,
            Effect::WatchOrder { order_id } => self.give_up_lines(due, *order_id).await,
            Effect::ChangeSubscription { subscription_id, change_id } => {
                self.give_up_change(due, *subscription_id, *change_id).await
            }
            // Nobody waits for these, or they are of other lanes: they never come here.
            Effect::CancelOrder { .. }
            | Effect::SyncCatalogue {}
            | Effect::SendRenewal { .. }
            | Effect::LookAtSubscription { .. }
            | Effect::Reconcile { .. }
            | Effect::SettleDrift { .. }
            | Effect::StartBilling { .. }
            | Effect::RunBilling { .. }
            | Effect::StoreDocuments { .. }
            | Effect::ChargePayment { .. }
            | Effect::AskPayment { .. }
            | Effect::RefundPayment { .. }
            | Effect::AskRefund { .. }
            | Effect::CreditOrder { .. }
            | Effect::SettleDunning { .. }
            | Effect::SendMail { .. } => Ok(done("nobody waits for it")),
        }
    }

    /// It may have been opened all the same, and then it is one like any other.
    async fn give_up_account(&self, due: &Due, account_id: Uuid) -> Step {
        let account = self.load::<AccountRules>(account_id).await?;
        if account.state.known().is_none_or(|account| account.status != AccountStatus::Pending) {
            return Ok(done("the account no longer waits"));
        }
        let found = readable(due, self.client.find_account(account_id).await)?;
        if let Some(found) = found.flatten() {
            let link = LinkAccount { account_id, provider_account_id: found.id };
            match self.answer(due, "link", &link).await {
                // Somebody has linked another account of ours to it.
                Err(Answered::Refused(Refusal::ProviderAccountTaken)) => {}
                linked => return linked.map(|_| done("linked")).map_err(Answered::unforeseen),
            }
        }
        let refuse = RefuseAccount { account_id, reason: GIVEN_UP.to_owned() };
        self.answer(due, "refuse", &refuse).await.map_err(Answered::unforeseen)?;
        Ok(done("the account is refused"))
    }

    /// It may have been accepted all the same, and then it goes on from there.
    async fn give_up_submission(&self, due: &Due, order_id: Uuid) -> Step {
        let order = self.load::<OrderRules>(order_id).await?;
        let Some(order) = order.state.known() else { return Ok(done("there is no such order")) };
        let found = readable(due, self.client.find_order(order_id).await)?;
        if let Some(found) = found.flatten() {
            return self.mark_submitted(due, order_id, found).await;
        }
        if !order.may_go_out() {
            return Ok(done(format!("the order is {}", order.status.name())));
        }
        let refuse = RefuseAtSubmission { order_id, line: None, reason: GIVEN_UP.to_owned() };
        self.answer(due, "refused", &refuse).await.map_err(Answered::unforeseen)?;
        Ok(done("the order has failed"))
    }

    /// The provider need not go on with it either; what it has provisioned by now stays, and is listed when the next
    /// reconciliation finds it.
    async fn give_up_lines(&self, due: &Due, order_id: Uuid) -> Step {
        let order = self.load::<OrderRules>(order_id).await?;
        let order = order.state.known().filter(|order| !order.status.is_final());
        let Some((order, theirs)) = order.and_then(|order| Some((order, order.provider_order_id.as_deref()?))) else {
            return Ok(done("the order no longer waits"));
        };
        let op_id = ids::derived(&["undo", &due.op_id.to_string()]);
        match self.client.cancel_order(op_id, theirs).await {
            Outcome::Done(()) | Outcome::Refused(_) => {}
            Outcome::NotReached(failure) => return Ok(perform::not_reached(due, &failure)),
            Outcome::Unknown(failure) if is_unreadable(&failure) => {}
            Outcome::Unknown(failure) => return Ok(perform::unknown(due, &failure)),
        }
        let rejected = || LineOutcome::Rejected { reason: GIVEN_UP.to_owned() };
        let lines = order.open_lines().map(|open| (open.line.line, rejected())).collect();
        self.answer(due, "lines", &RecordLines { order_id, lines }).await.map_err(Answered::unforeseen)?;
        Ok(done("its open lines are rejected"))
    }

    /// If the provider has done it, or still does, that is seen as its own doing.
    async fn give_up_change(&self, due: &Due, subscription_id: Uuid, change_id: Uuid) -> Step {
        let reject = RejectChange { subscription_id, change_id, reason: GIVEN_UP.to_owned() };
        self.answer(due, "reject", &reject).await.map_err(Answered::unforeseen)?;
        ask_for_look(self.bus.pool(), subscription_id, &due.op_id.to_string()).await.map_err(log_away)?;
        Ok(done("the change is rejected"))
    }
}

/// An answer that nobody can read may be the very reason why it was given up: it is not waited for again.
fn readable<T>(due: &Due, answered: Result<T, Failure>) -> Result<Option<T>, Performed> {
    match answered {
        Ok(found) => Ok(Some(found)),
        Err(failure) if is_unreadable(&failure) => Ok(None),
        Err(failure) => Err(perform::not_reached(due, &failure)),
    }
}

fn is_unreadable(failure: &Failure) -> bool {
    failure.kind == FailureKind::Undecodable
}
