//! Commands to fill a log with.

use std::sync::atomic::{AtomicU32, Ordering};

use chrono::{DateTime, NaiveDate, Utc};
use commands::customer::RegisterCustomer;
use commands::work::AnswerBody;
use commands::{Answer, Bus, Command, Context, Failure, Key, Operation, Trace, Work};
use domain::customer::{
    ContactDetails, CustomerCommand, CustomerKind, CustomerRules, RegisterCustomer as Details, Terms,
};
use domain::price_rule::{Author, Formula, PriceRule, PriceRuleCommand, PriceRuleEvent, PriceRuleRules, Scope};
use domain::{Actor, AggregateType, Currency, Metadata, Refusal, Role, StreamId, ids};
use event_log::{NewEvent, Submission, Ticket};
use rust_decimal::Decimal;
use uuid::Uuid;

/// The time at which everything happens.
pub fn at() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + chrono::TimeDelta::days(20_500)
}

fn today() -> NaiveDate {
    at().date_naive()
}

/// An operator's request under that key.
pub fn operator(key: &str) -> Context {
    let actor = Actor { subject: "olga".to_owned(), role: Role::Operator, customer_id: None };
    context(actor, "seller", key)
}

/// The product's own command under that key.
pub fn system(key: &str) -> Context {
    context(Actor::system("test"), "system", key)
}

fn context(actor: Actor, tenant: &str, key: &str) -> Context {
    let key = Key { tenant: tenant.to_owned(), key: key.to_owned(), fingerprint: vec![1] };
    let trace = Trace { correlation_id: key.key.clone(), causation_id: key.key.clone(), traceparent: None };
    Context { actor, at: at(), key, if_match: None, trace }
}

/// A customer by name; the same name is the same customer.
pub fn customer(name: &str) -> RegisterCustomer {
    RegisterCustomer {
        details: Details {
            customer_id: ids::derived(&["test", "customer", name]),
            name: name.to_owned(),
            kind: CustomerKind::Direct,
            reseller: None,
            seller_entity: "seller-de".to_owned(),
            country: "DE".to_owned(),
            legal_name: None,
            vat_id: None,
            electronic_address: None,
            buyer_reference: None,
            contact: ContactDetails {
                name: "Ada Beispiel".to_owned(),
                email: "ada@example.com".to_owned(),
                phone: None,
            },
            address: None,
            terms: Terms::standard(Currency::EUR),
        },
    }
}

/// The n-th scope: a stream that many writers may write to, each time with one event.
pub fn scope(n: usize) -> Scope {
    let service = ids::derived(&["test", "service", &n.to_string()]);
    Scope { author: Author::Seller, customer_id: None, reseller_id: None, service_id: Some(service) }
}

/// The stream of the n-th scope.
pub fn rule_stream(n: usize) -> StreamId {
    StreamId::new(AggregateType::PriceRule, scope(n).stream())
}

/// Each scope has one rule, which commands change back and forth.
fn rule(scope: Scope, percent: u32) -> PriceRule {
    PriceRule {
        rule_id: scope.stream(),
        scope,
        formula: Formula::MarkupOnCost { percent: Decimal::from(percent) },
        effective_from: today(),
    }
}

/// Sets the rule of a scope; another percentage than the one in force makes one event.
#[derive(Debug, Clone, Copy)]
pub struct SetRule {
    pub scope: Scope,
    pub percent: u32,
}

impl SetRule {
    pub fn nth(n: usize, percent: u32) -> Self {
        Self { scope: scope(n), percent }
    }

    async fn decide(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let id = self.scope.stream();
        let command = PriceRuleCommand::Set { rule: rule(self.scope, self.percent), today: today() };
        work.decide::<PriceRuleRules>(id, &command, None).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::PriceRule, id)))
    }
}

impl Command for SetRule {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        self.decide(work).await
    }
}

/// Sets a customer's days to pay.
#[derive(Debug, Clone, Copy)]
pub struct SetTerms {
    pub customer_id: Uuid,
    pub payment_days: u32,
}

impl Command for SetTerms {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let terms = Terms { payment_days: self.payment_days, ..Terms::standard(Currency::EUR) };
        let command = CustomerCommand::SetTerms { terms };
        work.decide::<CustomerRules>(self.customer_id, &command, Some(self.customer_id)).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Customer, self.customer_id)))
    }
}

/// Answers without touching any stream; refuses what is empty.
#[derive(Debug, Clone)]
pub struct Ask(pub String);

impl Command for Ask {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, _work: &mut Work<'_>) -> Result<Answer, Failure> {
        if self.0.is_empty() {
            return Err(Refusal::NotFound.into());
        }
        Ok(Answer { status: 202, body: AnswerBody::Other(serde_json::json!({ "asked": self.0 })) })
    }
}

/// Sets a rule to a customer's days to pay, while another process changes these: after the reading, before the append,
/// during the first `busy` attempts.
#[derive(Debug)]
pub struct RuleWhileBusy<'a> {
    pub customer_id: Uuid,
    pub rule: SetRule,
    pub other: &'a Bus,
    pub busy: u32,
    pub attempts: AtomicU32,
}

impl Command for RuleWhileBusy<'_> {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let customer = work.read::<CustomerRules>(self.customer_id).await?;
        let percent = customer.state.known().ok_or(Failure::NotFound)?.terms.payment_days;
        let attempt = self.attempts.fetch_add(1, Ordering::SeqCst);
        if attempt < self.busy {
            let change = SetTerms { customer_id: self.customer_id, payment_days: 60 + attempt };
            let changed = self.other.execute(&system(&format!("meanwhile {attempt}")), &change).await;
            changed.map_err(|_| Failure::Forbidden)?;
        }
        SetRule { percent, ..self.rule }.decide(work).await
    }
}

/// One command of `count` events on the stream of a scope after version `after`, as the append function takes it.
///
/// # Errors
/// When an event cannot be encoded, which does not happen.
pub fn rule_events(key: &str, n: usize, (after, count): (i64, i64)) -> anyhow::Result<Submission> {
    let stream = rule_stream(n);
    let metadata = Metadata {
        actor: "test".to_owned(),
        role: "system".to_owned(),
        on_behalf_of: None,
        at: at(),
        correlation_id: key.to_owned(),
        causation_id: key.to_owned(),
        traceparent: None,
    };
    let metadata = serde_json::to_string(&metadata)?;
    let events = (after + 1..=after + count).map(|sequence| {
        let percent = u32::try_from(sequence).unwrap_or_default();
        let event = PriceRuleEvent::PriceRuleSet { rule: rule(scope(n), percent) };
        NewEvent::encode(stream.clone(), sequence, &event.into(), metadata.clone(), None)
    });
    Ok(Submission {
        id: ids::outcome("test", key),
        fingerprint: vec![1],
        status: 200,
        result: Some((stream.clone(), after + count)),
        outcome: None,
        reads: Vec::new(),
        events: events.collect::<Result<_, _>>()?,
        personal: Vec::new(),
        ticket: Ticket::default(),
        depends_on: Vec::new(),
    })
}
