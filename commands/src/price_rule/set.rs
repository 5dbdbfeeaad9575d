//! Making a price rule, or changing it.

use chrono::NaiveDate;
use domain::customer::{Customer, CustomerKind, CustomerRules};
use domain::price_rule::{Author, Formula, PriceRule, PriceRuleCommand, PriceRuleRules, Scope};
use domain::service::ServiceRules;
use domain::{AggregateType, Refusal, Role, StreamId};
use tokio::sync::Mutex;
use uuid::Uuid;

use crate::entry::Entry;
use crate::under_way::Begun;
use crate::{Answer, Bus, Command, Context, Failure, Operation, Receipt, Rejection, Work, index};

/// How many rules may be set at once in this process; ids that fall on the same turn wait for each other here, without a
/// connection in their hands.
const TURNS: usize = 64;
static IN_TURN: [Mutex<()>; TURNS] = [const { Mutex::const_new(()) }; TURNS];

/// A rule under the caller's id. The seller's staff makes rules of any author, a reseller its own.
#[derive(Debug, Clone)]
pub struct SetPriceRule {
    pub rule_id: Uuid,
    /// By default whoever asks.
    pub author: Option<Author>,
    pub customer_id: Option<Uuid>,
    pub reseller_id: Option<Uuid>,
    pub service_id: Option<Uuid>,
    pub formula: Formula,
    /// By default today.
    pub effective_from: Option<NaiveDate>,
}

/// Sets a rule. Rules of the same id are set one after the other in this process, which spares them from waiting for each
/// other in the database. That alone decides; see `entry.rs`.
///
/// # Errors
/// [`Rejection`].
pub async fn set(bus: &Bus, context: &Context, rule: &SetPriceRule) -> Result<Receipt, Rejection> {
    let first = match bus.begin(&context.key).await? {
        Begun::First(first) => first,
        Begun::Done(kept) => return Ok(kept),
    };
    let turn = rule.rule_id.as_u128() % TURNS as u128;
    let turn = usize::try_from(turn).ok().and_then(|turn| IN_TURN.get(turn));
    let _held = match turn {
        Some(turn) => Some(turn.lock().await),
        None => None,
    };
    bus.execute_in(Some(first), context, rule).await
}

impl Command for SetPriceRule {
    const OPERATION: Operation = Operation::SetPriceRule;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let today = work.bus().seller().day_at(work.context.at);
        let author = self.author(work)?;
        let scope =
            Scope { author, customer_id: self.customer_id, reseller_id: self.reseller_id, service_id: self.service_id };
        let customer = match self.customer_id {
            Some(id) => Some(work.customer(id).await?),
            None => None,
        };
        let before = work.read::<PriceRuleRules>(scope.stream()).await?;
        work.must_match(before.version)?;
        check_customer(customer.as_ref().and_then(|customer| customer.state.known()), author)?;
        self.check_others(work, scope).await?;
        let last_in = self.check_id(work, scope.stream()).await?;
        let effective_from = self.effective_from.unwrap_or(today);
        let rule = PriceRule { rule_id: self.rule_id, scope, formula: self.formula, effective_from };
        // While it is here, the version of this scope tells whether it still is.
        let is_here = before.state.rule(self.rule_id).is_some();
        work.log.entry = (!is_here).then_some(Entry::Rule { rule_id: self.rule_id, last_in });
        let status = if is_here { 200 } else { 201 };
        let set = PriceRuleCommand::Set { rule, today };
        work.decide::<PriceRuleRules>(scope.stream(), &set, owner(author)).await?;
        Ok(Answer::resource(status, StreamId::new(AggregateType::PriceRule, scope.stream())))
    }
}

/// Whose data the rules of an author are; those of the seller are nobody's but its own.
pub(super) fn owner(author: Author) -> Option<Uuid> {
    match author {
        Author::Seller => None,
        Author::Reseller(id) => Some(id),
    }
}

/// A reseller's rules are for its own end customers, the seller's for anybody.
fn check_customer(customer: Option<&Customer>, author: Author) -> Result<(), Refusal> {
    let Some(customer) = customer else { return Ok(()) };
    match author {
        Author::Reseller(reseller) if customer.reseller_id != Some(reseller) => Err(Refusal::NotAnEndCustomer),
        Author::Reseller(_) | Author::Seller => Ok(()),
    }
}

impl SetPriceRule {
    fn author(&self, work: &Work<'_>) -> Result<Author, Failure> {
        let actor = &work.context.actor;
        if actor.role != Role::Reseller {
            return Ok(self.author.unwrap_or(Author::Seller));
        }
        let own = Author::Reseller(actor.customer_id.ok_or(Failure::Forbidden)?);
        match self.author {
            None => Ok(own),
            Some(author) if author == own => Ok(own),
            Some(Author::Seller) => Err(Failure::Forbidden),
            // Another reseller's name says no more than one that nobody has.
            Some(Author::Reseller(_)) => Err(Failure::NotFound),
        }
    }

    /// The author, the reseller and the service it names.
    async fn check_others(&self, work: &mut Work<'_>, scope: Scope) -> Result<(), Failure> {
        let named = match scope.author {
            Author::Seller => self.reseller_id,
            Author::Reseller(id) => Some(id),
        };
        if let Some(id) = named {
            let reseller = work.read::<CustomerRules>(id).await?;
            let kind = reseller.state.known().map(|customer| customer.kind);
            if kind != Some(CustomerKind::Reseller) {
                return Err(Refusal::ResellerUnknown.into());
            }
        }
        if let Some(id) = self.service_id
            && work.read::<ServiceRules>(id).await?.state.known().is_none()
        {
            return Err(Refusal::UnknownService.into());
        }
        Ok(())
    }

    /// An id stays in the scope it is in. Answers with the one it was in last.
    async fn check_id(&self, work: &mut Work<'_>, scope: Uuid) -> Result<Option<Uuid>, Failure> {
        let found = index::price_rule(work.bus().pool(), self.rule_id).await?.map(|found| found.scope_id);
        if let Some(elsewhere) = found.filter(|known| *known != scope) {
            let there = work.read::<PriceRuleRules>(elsewhere).await?;
            if there.state.rule(self.rule_id).is_some() {
                return Err(Refusal::DuplicatePriceRule.into());
            }
        }
        Ok(found)
    }
}
