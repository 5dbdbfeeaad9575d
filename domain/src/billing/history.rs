//! What is to be charged for a subscription, told by its own events: our side of every bill.

use std::collections::BTreeMap;
use std::ops::Range;

use chrono::NaiveDate;

use super::term::{BilledTerm, Extension};
use super::{Charge, ChargeKey, ChargeKind, DayFactor, Period, Prices, Subject};
use crate::subscription::{SubscriptionEvent, SubscriptionRenewed, SubscriptionStarted};

/// A subscription as a bill sees it: its terms and what changed its seats.
#[derive(Debug, Clone)]
pub struct History {
    pub subject: Subject,
    /// In their order, never empty.
    terms: Vec<BilledTerm>,
    changes: Vec<SeatChange>,
    /// Seats after the last event.
    quantity: i64,
    end: Option<End>,
}

#[derive(Debug, Clone, Copy)]
struct SeatChange {
    kind: ChargeKind,
    on: NaiveDate,
    seats: i64,
    /// Which term was running when it became known. Those that begin later were agreed with it in mind.
    known_in: usize,
}

#[derive(Debug, Clone, Copy)]
enum End {
    /// A cycle that begins that day has been charged before the cancellation credits it.
    Cancelled(NaiveDate),
    Expired(NaiveDate),
}

impl History {
    /// Folds a stream from its beginning. `None` when nothing was started.
    pub fn of<'a>(events: impl IntoIterator<Item = &'a SubscriptionEvent>) -> Option<Self> {
        let mut history = None;
        for event in events {
            match (&mut history, event) {
                (history, SubscriptionEvent::SubscriptionStarted(started)) => *history = Some(Self::new(started)),
                (Some(history), event) => history.apply(event),
                (None, _) => {}
            }
        }
        history
    }

    /// Everything charged in advance or changed up to the end of a period, in the order of days. A day's cycle comes
    /// before its changes; several changes on one day are several charges. Suspension changes nothing.
    pub fn charges_through(&self, period: Period) -> Vec<Charge> {
        let until = period.end();
        let cycles = (0..self.terms.len()).flat_map(|index| self.cycles(index, until));
        let changes = self.changes.iter().filter(|change| change.on < until).filter_map(|change| self.change(change));
        let mut charges: Vec<Charge> = cycles.chain(changes).collect();
        charges.sort_by_key(|charge| charge.key.from);
        number(&mut charges);
        charges
    }

    /// The charges of one period.
    pub fn charges_in(&self, period: Period) -> Vec<Charge> {
        let mut charges = self.charges_through(period);
        charges.retain(|charge| charge.period() == period);
        charges
    }

    /// The prices of a range's first day, and which part of its cycle the range is; `None` before the first term, or
    /// for an empty range.
    pub fn priced(&self, range: &Range<NaiveDate>) -> Option<(Prices, DayFactor)> {
        let term = &self.terms[self.term_of(range.start)?];
        Some((term.prices, term.factor(range)?))
    }

    fn new(started: &SubscriptionStarted) -> Self {
        let term = BilledTerm {
            kind: ChargeKind::New,
            starts_on: started.starts_on,
            ends_on: started.ends_on,
            extensions: Vec::new(),
            cycle: started.billing_cycle,
            quantity: started.quantity.into(),
            prices: started.into(),
        };
        let quantity = term.quantity;
        Self { subject: started.into(), terms: vec![term], changes: Vec::new(), quantity, end: None }
    }

    fn apply(&mut self, event: &SubscriptionEvent) {
        use SubscriptionEvent as E;
        match event {
            E::SubscriptionStarted(started) => *self = Self::new(started),
            E::SubscriptionRenewed(renewed) => self.renew(renewed),
            E::QuantityChangeConfirmed { from, to, effective_on, .. } => {
                self.change_seats(*effective_on, i64::from(*to) - i64::from(*from));
            }
            E::CancellationConfirmed { effective_on, .. } => {
                self.push(ChargeKind::Cancel, *effective_on, -self.quantity);
                self.end = Some(End::Cancelled(*effective_on));
            }
            E::ExtensionConfirmed { from, to, effective_on, .. } => {
                let extension = Extension { effective_on: *effective_on, from: *from, to: *to };
                self.terms.last_mut().into_iter().for_each(|term| term.extensions.push(extension));
            }
            E::SubscriptionExpired { effective_on, .. } => self.end = Some(End::Expired(*effective_on)),
            // Charges go on while it is suspended, and requests, instructions and licences cost nothing.
            E::SuspensionRequested { .. }
            | E::SuspensionConfirmed { .. }
            | E::SuspensionRejected { .. }
            | E::ResumptionRequested { .. }
            | E::ResumptionConfirmed { .. }
            | E::ResumptionRejected { .. }
            | E::QuantityChangeRequested { .. }
            | E::QuantityChangeRejected { .. }
            | E::CancellationRequested { .. }
            | E::CancellationRejected { .. }
            | E::ExtensionRequested { .. }
            | E::ExtensionRejected { .. }
            | E::RenewalInstructionSet { .. }
            | E::RenewalInstructionConfirmed { .. }
            | E::LicencesGranted { .. }
            | E::LicencesRemoved { .. }
            | E::LicenceAssigned { .. }
            | E::LicenceUnassigned { .. } => {}
        }
    }

    fn renew(&mut self, renewed: &SubscriptionRenewed) {
        self.quantity = renewed.quantity.into();
        self.terms.push(BilledTerm {
            kind: ChargeKind::Renew,
            starts_on: renewed.starts_on,
            ends_on: renewed.ends_on,
            extensions: Vec::new(),
            cycle: renewed.billing_cycle,
            quantity: self.quantity,
            prices: renewed.into(),
        });
    }

    fn change_seats(&mut self, on: NaiveDate, seats: i64) {
        self.push(if seats < 0 { ChargeKind::Decrease } else { ChargeKind::Increase }, on, seats);
        self.quantity += seats;
    }

    fn push(&mut self, kind: ChargeKind, on: NaiveDate, seats: i64) {
        self.changes.push(SeatChange { kind, on, seats, known_in: self.terms.len() - 1 });
    }

    /// The cycles of one term that begin before `until`, and before something else took the term's place.
    fn cycles(&self, index: usize, until: NaiveDate) -> Vec<Charge> {
        let term = &self.terms[index];
        let next = self.terms.get(index + 1).map(|next| next.starts_on);
        let begins = |from: NaiveDate| next.is_none_or(|next| from < next) && self.lives_at_the_start_of(from);
        let stretches = term.stretches(until).into_iter().filter(|stretch| begins(stretch.start));
        stretches.filter_map(|stretch| self.cycle(index, stretch)).collect()
    }

    fn cycle(&self, index: usize, stretch: Range<NaiveDate>) -> Option<Charge> {
        let term = &self.terms[index];
        let kind = if stretch.start == term.starts_on { term.kind } else { ChargeKind::Cycle };
        let seats = self.seats_before(index, stretch.start);
        self.charge(term, kind, stretch, seats).filter(|charge| charge.quantity > 0)
    }

    fn lives_at_the_start_of(&self, day: NaiveDate) -> bool {
        match self.end {
            None => true,
            Some(End::Cancelled(on)) => day <= on,
            Some(End::Expired(on)) => day < on,
        }
    }

    /// Seats at 00:00 of a day of that term. What became known later but happened before counts.
    fn seats_before(&self, index: usize, day: NaiveDate) -> i64 {
        let counts = |change: &&SeatChange| change.known_in >= index && change.on < day;
        self.terms[index].quantity + self.changes.iter().filter(counts).map(|change| change.seats).sum::<i64>()
    }

    /// To the end of what had been charged in advance that day: nothing is left to charge where nothing had been.
    fn change(&self, change: &SeatChange) -> Option<Charge> {
        let term = &self.terms[self.term_of(change.on)?];
        let stretches = term.stretches(change.on.succ_opt()?);
        let stretch = stretches.into_iter().find(|stretch| stretch.contains(&change.on))?;
        self.charge(term, change.kind, change.on..stretch.end, change.seats)
    }

    fn term_of(&self, day: NaiveDate) -> Option<usize> {
        self.terms.iter().rposition(|term| term.starts_on <= day)
    }

    fn charge(&self, term: &BilledTerm, kind: ChargeKind, range: Range<NaiveDate>, quantity: i64) -> Option<Charge> {
        if quantity == 0 {
            return None;
        }
        let key = ChargeKey { subscription_id: self.subject.subscription_id, kind, from: range.start, n: 0 };
        Some(Charge { key, to: range.end, quantity, factor: term.factor(&range)?, prices: term.prices })
    }
}

/// Tells apart what would have the same key, in the order in which it became known.
fn number(charges: &mut [Charge]) {
    let mut seen: BTreeMap<ChargeKey, u32> = BTreeMap::new();
    for charge in charges {
        let n = seen.entry(charge.key).or_default();
        charge.key.n = *n;
        *n += 1;
    }
}
