//! Whatever is asked and whatever the provider does, in any order: nothing illegal, nothing lost, nothing twice.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "subscribing/provider.rs"]
mod provider;
mod subscribing;

use std::collections::HashSet;

use domain::decider::fold;
use domain::subscription::{
    Effective, RenewalAction, Subscription, SubscriptionCommand as Command, SubscriptionCore, SubscriptionEvent as E,
    SubscriptionRules, SubscriptionState, SubscriptionStatus as Status, Surroundings, SuspendedBy,
};
use domain::{Actor, Asked, Decider, Refusal, calendar};
use proptest::prelude::*;
use provider::{Outcome, Provider};
use subscribing::*;
use uuid::Uuid;

/// One thing that happens.
#[derive(Debug, Clone)]
enum Step {
    Quantity(u32, Option<Effective>),
    Cancel(Option<Effective>),
    Extend(i64),
    Suspend(SuspendedBy),
    Resume(SuspendedBy),
    Renewal(RenewalAction, Option<u32>),
    Assign(u32),
    Unassign(u32),
    /// The provider does what is in flight.
    Perform,
    /// The provider takes the instruction for the renewal.
    Instruct,
    /// What came of the operation arrives; `stale`: with an old read.
    Hear {
        stale: bool,
    },
    Look {
        stale: bool,
    },
    Console(u32),
    ConsoleStatus(Status),
    ConsoleSeat,
    ConsoleEnd(i64),
    Pass(i64),
}

fn any_step() -> impl Strategy<Value = Step> {
    let effective = prop::sample::select(vec![None, NOW, AT_RENEWAL]);
    let by = prop::sample::select(vec![SuspendedBy::Customer, SuspendedBy::Operator, SuspendedBy::Dunning]);
    let status = prop::sample::select(vec![Status::Active, Status::Suspended, Status::Cancelled]);
    let renewal = prop_oneof![
        prop::option::of(1u32..12).prop_map(|quantity| Step::Renewal(RenewalAction::Renew, quantity)),
        Just(Step::Renewal(RenewalAction::Expire, None)),
    ];
    prop_oneof![
        6 => (1u32..12, effective.clone()).prop_map(|(to, effective)| Step::Quantity(to, effective)),
        1 => effective.prop_map(Step::Cancel),
        2 => (1i64..60).prop_map(Step::Extend),
        2 => by.clone().prop_map(Step::Suspend),
        2 => by.prop_map(Step::Resume),
        2 => renewal,
        3 => (1u32..15).prop_map(Step::Assign),
        1 => (1u32..15).prop_map(Step::Unassign),
        8 => Just(Step::Perform),
        2 => Just(Step::Instruct),
        8 => prop::bool::weighted(0.2).prop_map(|stale| Step::Hear { stale }),
        8 => prop::bool::weighted(0.2).prop_map(|stale| Step::Look { stale }),
        2 => (1u32..12).prop_map(Step::Console),
        1 => status.prop_map(Step::ConsoleStatus),
        1 => Just(Step::ConsoleSeat),
        1 => (1i64..20).prop_map(Step::ConsoleEnd),
        3 => (1i64..1_200).prop_map(Step::Pass),
    ]
}

struct World {
    provider: Provider,
    history: Vec<E>,
    state: SubscriptionState,
    asked: u128,
}

impl World {
    fn new(quantity: u32) -> Self {
        let (history, state) = (Vec::new(), SubscriptionState::default());
        let mut world = Self { provider: Provider::new(quantity), history, state, asked: 0 };
        world.tell(&start(quantity, quantity)).unwrap();
        world
    }

    fn known(&self) -> &Subscription {
        self.state.known().unwrap()
    }

    fn tell(&mut self, command: &Command) -> Result<usize, Refusal> {
        let by = Actor::system("test");
        let decided = SubscriptionRules::decide(&self.state, &Asked { at: self.provider.now, by: &by, command })?;
        for event in &decided.events {
            let before = self.state.clone();
            SubscriptionRules::evolve(&mut self.state, event);
            assert_legal(&before, &self.state, event);
        }
        let count = decided.events.len();
        self.history.extend(decided.events);
        Ok(count)
    }

    /// What is not allowed is refused, and then nothing has happened.
    fn ask(&mut self, command: Command) {
        let before = self.state.clone();
        if self.tell(&command).is_err() {
            assert_eq!(self.state, before);
        }
    }

    fn step(&mut self, step: &Step) {
        self.asked += 1;
        let change_id = Uuid::from_u128(0xc0de_0000 + self.asked);
        let today = self.provider.now.date_naive();
        let surroundings = Surroundings { today, ..around() };
        match *step {
            Step::Quantity(to, effective) => {
                self.ask(Command::ChangeQuantity { change_id, to, effective, surroundings });
            }
            Step::Cancel(effective) => self.ask(Command::Cancel { change_id, effective }),
            Step::Extend(days) => {
                let ends_on = self.known().core.ends_on + chrono::TimeDelta::days(days);
                self.ask(Command::Extend { change_id, ends_on, surroundings });
            }
            Step::Suspend(by) => self.ask(Command::Suspend { change_id, by }),
            Step::Resume(by) => self.ask(Command::Resume { change_id, by }),
            Step::Renewal(action, quantity) => self.ask(renewal(action, quantity)),
            Step::Assign(ordinal) => self.ask(assign(ordinal, "Uma")),
            Step::Unassign(ordinal) => self.ask(unassign(ordinal)),
            Step::Perform => self.perform(),
            Step::Instruct => self.instruct(),
            Step::Hear { stale } => self.hear(stale),
            Step::Look { stale } => self.look(stale),
            Step::Console(..) | Step::ConsoleStatus(_) | Step::ConsoleSeat | Step::ConsoleEnd(_) => self.console(step),
            Step::Pass(hours) => self.provider.pass(hours),
        }
    }

    fn console(&mut self, step: &Step) {
        if !self.provider.shown.status.is_live() {
            return;
        }
        match *step {
            Step::Console(quantity) => self.provider.set_quantity(quantity),
            Step::ConsoleStatus(status) => self.provider.stand(status),
            Step::ConsoleSeat => self.provider.exchange_seat(),
            Step::ConsoleEnd(days) => self.provider.prolong(days),
            _ => {}
        }
    }

    fn perform(&mut self) {
        let Some(change) = self.known().core.change.filter(|_| self.provider.outcome.is_none()) else { return };
        let remove = match change.kind {
            domain::subscription::ChangeKind::Quantity { to, .. } => {
                self.known().seats_to_remove(to).iter().map(|licence| licence.seat_id.clone()).collect()
            }
            _ => Vec::new(),
        };
        self.provider.perform(&change, &remove);
    }

    fn instruct(&mut self) {
        let renewal = self.known().core.renewal;
        if self.provider.shown.status.is_live() && !renewal.confirmed {
            self.provider.instruct(renewal.action, renewal.quantity);
            let (action, quantity) = (renewal.action, renewal.quantity);
            let provider_revision = self.provider.shown.revision;
            self.tell(&Command::ConfirmRenewalInstruction { action, quantity, provider_revision }).unwrap();
        }
    }

    /// A stale read is read again; the outcome is heard once.
    fn hear(&mut self, stale: bool) {
        match self.provider.outcome {
            None => {}
            Some(Outcome::Failed(change_id)) => {
                self.tell(&Command::RejectChange { change_id, reason: "invalid-state".to_owned() }).unwrap();
                self.provider.outcome = None;
            }
            Some(Outcome::Done(done)) => {
                let shown = if stale { &self.provider.before } else { &self.provider.shown };
                let seen = self.provider.observation(shown, Some(done));
                match self.tell(&observe(seen)) {
                    Err(refusal) => assert_eq!((stale, refusal), (true, Refusal::StaleObservation)),
                    Ok(_) => self.provider.outcome = None,
                }
            }
        }
    }

    fn look(&mut self, stale: bool) {
        let shown = if stale { &self.provider.before } else { &self.provider.shown };
        let seen = self.provider.observation(shown, None);
        self.tell(&observe(seen)).unwrap();
        if !stale && self.known().core.change.is_none() {
            self.assert_same_as_provider();
        }
    }

    fn assert_same_as_provider(&self) {
        let (core, shown) = (&self.known().core, &self.provider.shown);
        assert_eq!(core.status, shown.status);
        if core.is_live() {
            let seats = shown.seats.iter().map(|seat| &seat.seat_id).collect::<HashSet<_>>();
            let ours = self.known().licences.iter().map(|licence| &licence.seat_id).collect::<HashSet<_>>();
            assert_eq!(seats, ours);
            assert_eq!((core.quantity as usize, core.licence_count as usize), (seats.len(), seats.len()));
            assert_eq!((core.starts_on, core.ends_on), (shown.starts_on, shown.ends_on));
        }
    }

    /// Everything on its way arrives.
    fn settle(&mut self) {
        self.perform();
        self.hear(false);
        self.look(false);
        assert_eq!(self.known().core.change, None);
        self.assert_same_as_provider();
    }
}

/// Nothing leaves an end; licences keep what they have; a request in flight is answered before another one is made.
fn assert_legal(before: &SubscriptionState, after: &SubscriptionState, event: &E) {
    let (Some(before), Some(after)) = (before.known(), after.known()) else { return };
    assert!(before.core.is_live(), "{event:?} after the end");
    assert_eq!(after.core.status == Status::Suspended, after.core.suspended_by.is_some());
    assert!(after.core.is_live() || after.core.change.is_none(), "{event:?} leaves a request behind");
    let both = (before.core.change, after.core.change);
    assert!(both.0.is_none() || both.1.is_none() || both.0 == both.1, "{event:?} replaces a request");
    assert!(calendar::days(after.core.starts_on, after.core.ends_on) > 0);
    for licence in &before.licences {
        if let Some(same) = after.licences.get(licence.ordinal) {
            assert_eq!((same.licence_id, &same.seat_id, same.key), (licence.licence_id, &licence.seat_id, licence.key));
        }
    }
}

/// Every ordinal is given once, and no seat has two licences.
fn assert_licences(world: &World) {
    let granted = world.history.iter().flat_map(|event| match event {
        E::LicencesGranted { licences } => licences.iter().map(|licence| licence.ordinal).collect(),
        _ => Vec::new(),
    });
    let granted: Vec<u32> = granted.collect();
    assert_eq!(granted.iter().collect::<HashSet<_>>().len(), granted.len());
    let known = world.known();
    let seats: HashSet<&str> = known.licences.iter().map(|licence| licence.seat_id.as_str()).collect();
    assert_eq!((seats.len(), known.core.licence_count as usize), (known.licences.len(), known.licences.len()));
    assert_eq!(known.core.quantity, known.core.licence_count);
    assert!(known.licences.iter().is_sorted_by_key(|licence| licence.ordinal));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn any_life_is_a_legal_one(quantity in 1u32..10, steps in prop::collection::vec(any_step(), 0..60)) {
        let mut world = World::new(quantity);
        for step in &steps {
            world.step(step);
            assert_licences(&world);
        }
        world.settle();
        assert_licences(&world);
        prop_assert_eq!(&fold::<SubscriptionRules>(&world.history), &world.state);
        let mut core = None;
        world.history.iter().for_each(|event| SubscriptionCore::evolve(&mut core, event));
        prop_assert_eq!(core.as_ref(), world.state.known().map(|known| &known.core));
    }

    #[test]
    fn a_stored_life_goes_on_like_the_whole(
        steps in prop::collection::vec(any_step(), 0..40),
        cut: prop::sample::Index,
    ) {
        let mut world = World::new(5);
        steps.iter().for_each(|step| world.step(step));
        let (before, after) = world.history.split_at(cut.index(world.history.len() + 1));
        let stored = serde_json::to_string(&fold::<SubscriptionRules>(before)).unwrap();
        let mut state: SubscriptionState = serde_json::from_str(&stored).unwrap();
        after.iter().for_each(|event| SubscriptionRules::evolve(&mut state, event));
        prop_assert_eq!(&state, &world.state);
    }
}
