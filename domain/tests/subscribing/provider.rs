//! A small provider: it does what it is asked when it gets round to it, and others use its console meanwhile.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::calendar::term_end;
use domain::service::Term;
use domain::subscription::{
    ChangeInFlight, ChangeKind, ConfirmedChange, Observation, ProvisionedSeat, RenewalAction, SubscriptionStatus,
};
use uuid::Uuid;

use crate::subscribing::{ADOPTED, START, day, new_terms, seat, time};

/// The subscription as the provider has it.
#[derive(Debug, Clone)]
pub struct Shown {
    pub revision: i64,
    pub status: SubscriptionStatus,
    pub starts_on: NaiveDate,
    pub ends_on: NaiveDate,
    pub auto_renew: bool,
    pub changed_on: NaiveDate,
    pub seats: Vec<ProvisionedSeat>,
}

/// What became of an operation.
#[derive(Debug, Clone, Copy)]
pub enum Outcome {
    Done(ConfirmedChange),
    Failed(Uuid),
}

#[derive(Debug, Clone)]
pub struct Provider {
    pub now: DateTime<Utc>,
    pub shown: Shown,
    /// What a stale read shows.
    pub before: Shown,
    renewal_quantity: Option<u32>,
    next_seat: u32,
    /// The last operation, as long as nobody has looked at what came of it.
    pub outcome: Option<Outcome>,
}

impl Provider {
    pub fn new(quantity: u32) -> Self {
        let shown = Shown {
            revision: 1,
            status: SubscriptionStatus::Active,
            starts_on: day("2026-10-03"),
            ends_on: day("2026-11-03"),
            auto_renew: true,
            changed_on: day("2026-10-03"),
            seats: (1..=quantity).map(seat).collect(),
        };
        let before = shown.clone();
        let now = time(START);
        Self { now, shown, before, renewal_quantity: None, next_seat: quantity + 1, outcome: None }
    }

    pub fn observation(&self, shown: &Shown, confirms: Option<ConfirmedChange>) -> Observation {
        let seats = if shown.status.is_live() { shown.seats.clone() } else { Vec::new() };
        Observation {
            revision: shown.revision,
            status: shown.status,
            quantity: u32::try_from(seats.len()).unwrap(),
            starts_on: shown.starts_on,
            ends_on: shown.ends_on,
            auto_renew: shown.auto_renew,
            changed_on: shown.changed_on,
            seats,
            confirms,
            renewal: Some(new_terms()),
            adopted_as: Uuid::from_u128(ADOPTED.as_u128() + u128::try_from(shown.revision).unwrap()),
        }
    }

    /// Gets round to what was asked.
    pub fn perform(&mut self, change: &ChangeInFlight, remove: &[String]) {
        let active = self.shown.status == SubscriptionStatus::Active;
        let fits = match change.kind {
            ChangeKind::Quantity { .. } | ChangeKind::Extension { .. } | ChangeKind::Suspension { .. } => active,
            ChangeKind::Cancellation => self.shown.status.is_live(),
            ChangeKind::Resumption => self.shown.status == SubscriptionStatus::Suspended,
        };
        if !fits {
            self.outcome = Some(Outcome::Failed(change.change_id));
            return;
        }
        match change.kind {
            ChangeKind::Quantity { to, .. } => self.change(|provider| provider.resize(to, remove)),
            ChangeKind::Extension { to, .. } => self.change(|provider| {
                provider.shown.ends_on = provider.shown.ends_on.max(to);
            }),
            ChangeKind::Suspension { .. } => self.stand(SubscriptionStatus::Suspended),
            ChangeKind::Cancellation => self.stand(SubscriptionStatus::Cancelled),
            ChangeKind::Resumption => self.stand(SubscriptionStatus::Active),
        }
        let effective_on = self.now.date_naive();
        self.outcome = Some(Outcome::Done(ConfirmedChange { change_id: change.change_id, effective_on }));
    }

    pub fn instruct(&mut self, action: RenewalAction, quantity: Option<u32>) {
        self.change(|provider| {
            provider.shown.auto_renew = action == RenewalAction::Renew;
            provider.renewal_quantity = quantity;
        });
    }

    pub fn stand(&mut self, status: SubscriptionStatus) {
        self.change(|provider| provider.shown.status = status);
    }

    pub fn set_quantity(&mut self, quantity: u32) {
        self.change(|provider| provider.resize(quantity, &[]));
    }

    /// One seat is replaced by a new one.
    pub fn exchange_seat(&mut self) {
        self.change(|provider| {
            provider.shown.seats.pop();
            provider.add_seats(1);
        });
    }

    pub fn prolong(&mut self, days: i64) {
        self.change(|provider| provider.shown.ends_on += TimeDelta::days(days));
    }

    /// Hours pass, and every end of a term on the way is lived through.
    pub fn pass(&mut self, hours: i64) {
        let until = self.now + TimeDelta::hours(hours);
        while self.shown.status.is_live() && self.shown.ends_on <= until.date_naive() {
            self.now = self.shown.ends_on.and_hms_opt(0, 0, 0).unwrap().and_utc();
            if self.shown.auto_renew && self.shown.status == SubscriptionStatus::Active {
                self.change(Self::renew);
            } else {
                self.stand(SubscriptionStatus::Expired);
            }
        }
        self.now = until;
    }

    fn renew(&mut self) {
        if let Some(quantity) = self.renewal_quantity.take() {
            self.resize(quantity, &[]);
        }
        self.shown.starts_on = self.shown.ends_on;
        self.shown.ends_on = term_end(self.shown.starts_on, Term::Month);
    }

    fn change(&mut self, change: impl FnOnce(&mut Self)) {
        self.before = self.shown.clone();
        change(self);
        self.shown.revision += 1;
        self.shown.changed_on = self.now.date_naive();
    }

    fn resize(&mut self, quantity: u32, remove: &[String]) {
        self.shown.seats.retain(|seat| !remove.contains(&seat.seat_id));
        self.shown.seats.truncate(quantity as usize);
        let missing = quantity - u32::try_from(self.shown.seats.len()).unwrap();
        self.add_seats(missing);
    }

    fn add_seats(&mut self, count: u32) {
        self.shown.seats.extend((self.next_seat..self.next_seat + count).map(seat));
        self.next_seat += count;
    }
}
