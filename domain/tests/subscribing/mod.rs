//! Words for tests about subscriptions: what is asked, what the provider shows, and what happened.
#![allow(dead_code)]

use chrono::{DateTime, NaiveDate, Utc};
use domain::decider::{Fact, fold};
use domain::pricing::Quote;
use domain::service::{BillingCycle, Term};
use domain::subscription::{
    ConfirmedChange, Effective, LicenceUser, Observation, ProvisionedSeat, RenewalAction, RenewalTerms,
    StartSubscription, Subscription, SubscriptionCommand, SubscriptionCore, SubscriptionEvent, SubscriptionRules,
    SubscriptionStarted, SubscriptionState, Surroundings, SuspendedBy,
};
use domain::{Actor, Asked, Currency, Decided, Decider, Money, Refusal, UnitPrice, ids};
use rust_decimal::Decimal;
use uuid::Uuid;

pub const ORDER: Uuid = Uuid::from_u128(0x0d);
pub const CUSTOMER: Uuid = Uuid::from_u128(0xc);
/// Whose price a new term has; it began with none.
pub const RESELLER: Uuid = Uuid::from_u128(0x4e);
/// The change that is asked for first, another one, and what nobody here asked for.
pub const CHANGE: Uuid = Uuid::from_u128(0xc1);
pub const OTHER: Uuid = Uuid::from_u128(0xc2);
pub const ADOPTED: Uuid = Uuid::from_u128(0xad);

/// When it started: its window of a week closes on 10 October at 9, its term of a month ends with 2 November.
pub const START: &str = "2026-10-03T09:00:00Z";
pub const LAST_MOMENT: &str = "2026-10-10T08:59:59Z";
pub const TOO_LATE: &str = "2026-10-10T09:00:00Z";

pub const NOW: Option<Effective> = Some(Effective::Now);
pub const AT_RENEWAL: Option<Effective> = Some(Effective::TermEnd);

pub fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn unit_price(amount: &str) -> UnitPrice {
    UnitPrice::rounded(amount.parse::<Decimal>().unwrap(), Currency::EUR)
}

pub fn eur(amount: &str) -> Money {
    Money::rounded(amount.parse::<Decimal>().unwrap(), Currency::EUR)
}

/// Office Basic for a month, 1 to 3000 seats, a window of a week.
pub fn started(quantity: u32) -> SubscriptionStarted {
    SubscriptionStarted {
        subscription_id: ids::subscription(ORDER, 1),
        order_id: ORDER,
        line: 1,
        account_id: Uuid::from_u128(0xacc),
        customer_id: CUSTOMER,
        reseller_id: None,
        service_id: ids::service("ccp", "OB"),
        service_name: "Office Basic".to_owned(),
        sku: "OB".to_owned(),
        provider_subscription_id: "sub-1".to_owned(),
        quantity,
        unit_price: unit_price("17.50"),
        reseller_unit_price: None,
        unit_cost: eur("14.00"),
        term: Term::Month,
        billing_cycle: BillingCycle::Month,
        starts_on: day("2026-10-03"),
        ends_on: day("2026-11-03"),
        cancellation_window_hours: Some(168),
        min_quantity: 1,
        max_quantity: 3_000,
        confirmed_at: time(START),
        provider_revision: 1,
        discountable: true,
        exchange_rate: None,
    }
}

pub fn seat(n: u32) -> ProvisionedSeat {
    ProvisionedSeat { seat_id: format!("seat-{n}"), key: format!("KEY-{n}") }
}

pub fn start_of(started: SubscriptionStarted, seats: u32) -> SubscriptionCommand {
    SubscriptionCommand::Start(Box::new(StartSubscription { started, seats: (1..=seats).map(seat).collect() }))
}

pub fn start(quantity: u32, seats: u32) -> SubscriptionCommand {
    start_of(started(quantity), seats)
}

/// The prices and conditions of a new term: dearer, with a window of three days.
pub fn new_terms() -> RenewalTerms {
    RenewalTerms {
        price: Quote {
            unit_price: unit_price("18.20"),
            reseller_unit_price: Some(unit_price("16.80")),
            unit_cost: eur("14.50"),
            discountable: false,
            exchange_rate: None,
        },
        reseller_id: Some(RESELLER),
        term: Term::Month,
        billing_cycle: BillingCycle::Month,
        cancellation_window_hours: Some(72),
        min_quantity: 2,
        max_quantity: 200,
    }
}

/// Nothing in the way, on the day of the start.
pub fn around() -> Surroundings {
    Surroundings { today: day("2026-10-03"), customer_suspended: false, service_withdrawn: false }
}

pub fn quantity(to: u32, effective: Option<Effective>) -> SubscriptionCommand {
    SubscriptionCommand::ChangeQuantity { change_id: CHANGE, to, effective, surroundings: around() }
}

pub fn cancel(effective: Option<Effective>) -> SubscriptionCommand {
    SubscriptionCommand::Cancel { change_id: CHANGE, effective }
}

pub fn extend(ends_on: &str) -> SubscriptionCommand {
    SubscriptionCommand::Extend { change_id: CHANGE, ends_on: day(ends_on), surroundings: around() }
}

pub fn suspend(by: SuspendedBy) -> SubscriptionCommand {
    SubscriptionCommand::Suspend { change_id: CHANGE, by }
}

pub fn resume(by: SuspendedBy) -> SubscriptionCommand {
    SubscriptionCommand::Resume { change_id: CHANGE, by }
}

pub fn renewal(action: RenewalAction, quantity: Option<u32>) -> SubscriptionCommand {
    SubscriptionCommand::SetRenewal { action, quantity, service_withdrawn: false, customer_suspended: false }
}

pub fn instruction_taken(action: RenewalAction, quantity: Option<u32>) -> SubscriptionCommand {
    SubscriptionCommand::ConfirmRenewalInstruction { action, quantity, provider_revision: 2 }
}

pub fn reject(change_id: Uuid) -> SubscriptionCommand {
    SubscriptionCommand::RejectChange { change_id, reason: "window-closed".to_owned() }
}

pub fn observe(seen: Observation) -> SubscriptionCommand {
    SubscriptionCommand::Observe(Box::new(seen))
}

pub fn assign(ordinal: u32, name: &str) -> SubscriptionCommand {
    SubscriptionCommand::Assign { licence_id: licence(ordinal), user: user_named(name), now: None }
}

/// To `name`, while it is known that `now` uses it.
pub fn assign_from(now: &str, ordinal: u32, name: &str) -> SubscriptionCommand {
    let now = Some(user_named(now));
    SubscriptionCommand::Assign { licence_id: licence(ordinal), user: user_named(name), now }
}

fn user_named(name: &str) -> LicenceUser {
    LicenceUser { name: name.to_owned() }
}

pub fn unassign(ordinal: u32) -> SubscriptionCommand {
    SubscriptionCommand::Unassign { licence_id: licence(ordinal) }
}

pub fn licence(ordinal: u32) -> Uuid {
    ids::licence(ids::subscription(ORDER, 1), ordinal)
}

/// The same command under another change's id.
pub fn another(command: SubscriptionCommand) -> SubscriptionCommand {
    let mut command = command;
    match &mut command {
        SubscriptionCommand::ChangeQuantity { change_id, .. }
        | SubscriptionCommand::Cancel { change_id, .. }
        | SubscriptionCommand::Extend { change_id, .. }
        | SubscriptionCommand::Suspend { change_id, .. }
        | SubscriptionCommand::Resume { change_id, .. } => *change_id = OTHER,
        _ => {}
    }
    command
}

/// The same command in other surroundings.
pub fn amid(command: SubscriptionCommand, other: Surroundings) -> SubscriptionCommand {
    let mut command = command;
    match &mut command {
        SubscriptionCommand::ChangeQuantity { surroundings, .. } | SubscriptionCommand::Extend { surroundings, .. } => {
            *surroundings = other;
        }
        _ => {}
    }
    command
}

/// A subscription with all that happened to it, at a time.
#[derive(Debug, Clone)]
pub struct Case {
    pub history: Vec<SubscriptionEvent>,
    pub at: DateTime<Utc>,
}

impl Case {
    pub fn of(quantity: u32) -> Self {
        Self::begun(started(quantity))
    }

    pub fn begun(started: SubscriptionStarted) -> Self {
        let seats = started.quantity;
        Self { history: Vec::new(), at: time(START) }.after(start_of(started, seats))
    }

    pub fn at(self, at: &str) -> Self {
        Self { at: time(at), ..self }
    }

    pub fn state(&self) -> SubscriptionState {
        fold::<SubscriptionRules>(&self.history)
    }

    pub fn known(&self) -> Subscription {
        self.state().known().unwrap().clone()
    }

    pub fn core(&self) -> SubscriptionCore {
        self.known().core
    }

    pub fn decide(&self, command: &SubscriptionCommand) -> Result<Decided<SubscriptionEvent>, Refusal> {
        SubscriptionRules::decide(&self.state(), &Asked { at: self.at, by: &Actor::system("test"), command })
    }

    /// What would follow.
    pub fn when(&self, command: SubscriptionCommand) -> Result<Vec<SubscriptionEvent>, Refusal> {
        self.decide(&command).map(|decided| decided.events)
    }

    /// The names of what would follow.
    pub fn names(&self, command: SubscriptionCommand) -> Vec<&'static str> {
        self.when(command).unwrap().iter().map(Fact::name).collect()
    }

    /// Why not.
    #[track_caller]
    pub fn refusal(&self, command: SubscriptionCommand) -> Refusal {
        self.when(command).unwrap_err()
    }

    /// With what follows.
    #[track_caller]
    pub fn after(mut self, command: SubscriptionCommand) -> Self {
        let decided = self.decide(&command).unwrap();
        self.history.extend(decided.events);
        self
    }

    /// What the provider shows when it has changed nothing, in a revision of its own.
    pub fn seen(&self) -> Observation {
        let Subscription { core, licences } = self.known();
        let named = |seat_id: &String| ProvisionedSeat { seat_id: seat_id.clone(), key: format!("key of {seat_id}") };
        Observation {
            revision: core.provider_revision + 1,
            status: core.status,
            quantity: core.quantity,
            starts_on: core.starts_on,
            ends_on: core.ends_on,
            auto_renew: core.renewal.action == RenewalAction::Renew,
            changed_on: self.at.date_naive(),
            seats: licences.iter().map(|licence| named(&licence.seat_id)).collect(),
            confirms: None,
            renewal: None,
            adopted_as: ADOPTED,
        }
    }

    /// The same, with the change in flight done today.
    pub fn seen_done(&self) -> Observation {
        Observation { confirms: Some(done(self.at.date_naive())), ..self.seen() }
    }

    /// What the provider shows from 00:00 of the end of the term on.
    pub fn seen_renewed(&self) -> Observation {
        let starts_on = self.core().ends_on;
        let ends_on = domain::calendar::term_end(starts_on, Term::Month);
        Observation { starts_on, ends_on, changed_on: starts_on, renewal: Some(new_terms()), ..self.seen() }
    }

    pub fn seat_ids(&self) -> Vec<String> {
        self.known().licences.iter().map(|licence| licence.seat_id.clone()).collect()
    }
}

/// The change asked for first has been done.
pub fn done(effective_on: NaiveDate) -> ConfirmedChange {
    ConfirmedChange { change_id: CHANGE, effective_on }
}

/// The same with that many seats: the newest go, and new ones are numbered on from `next`.
pub fn resized(seen: Observation, quantity: u32, next: u32) -> Observation {
    let mut seats = seen.seats.clone();
    seats.truncate(quantity as usize);
    let missing = quantity - u32::try_from(seats.len()).unwrap();
    seats.extend((next..next + missing).map(seat));
    Observation { quantity, seats, ..seen }
}

/// A subscription that stands still.
pub fn suspended(by: SuspendedBy) -> Case {
    let asked = Case::of(5).after(suspend(by));
    let seen = Observation { status: domain::subscription::SubscriptionStatus::Suspended, ..asked.seen_done() };
    asked.after(observe(seen))
}

/// A subscription that was cancelled, and one that came to its end.
pub fn cancelled() -> Case {
    ended(domain::subscription::SubscriptionStatus::Cancelled)
}

pub fn expired() -> Case {
    ended(domain::subscription::SubscriptionStatus::Expired)
}

fn ended(status: domain::subscription::SubscriptionStatus) -> Case {
    let case = Case::of(5);
    let seen = Observation { status, seats: Vec::new(), ..case.seen() };
    case.after(observe(seen))
}
