//! How far the collection of an invoice is: the attempts to have it paid by a gateway, and the steps of dunning.

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::collecting::retry::{Failures, next_attempt, unreachable_since};
use crate::payment::PaymentOutcome;

#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Collection {
    /// The attempt that is on its way, or that nobody knows the outcome of.
    pub open: Option<OpenAttempt>,
    /// Attempts so far.
    pub attempts: u32,
    /// What the last attempt came to.
    pub last: Option<PaymentOutcome>,
    /// When it is tried by itself; business time, as all below.
    pub next_at: Option<DateTime<Utc>>,
    /// The first time it was to be tried by itself.
    pub planned_at: Option<DateTime<Utc>>,
    pub first_declined_at: Option<DateTime<Utc>>,
    pub unreachable_since: Option<DateTime<Utc>>,
    pub dunned: BTreeSet<DunningStep>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct OpenAttempt {
    pub payment_id: Uuid,
    /// Nobody knows whether it was charged.
    pub unclear: bool,
}

/// What is done about an invoice that is not paid, each once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DunningStep {
    FirstReminder,
    SecondReminder,
    LastReminder,
    /// The billed party's services are suspended until nothing is overdue for so long.
    Suspension,
}

impl DunningStep {
    pub const ALL: [Self; 4] = [Self::FirstReminder, Self::SecondReminder, Self::LastReminder, Self::Suspension];

    pub const fn name(self) -> &'static str {
        match self {
            Self::FirstReminder => "first_reminder",
            Self::SecondReminder => "second_reminder",
            Self::LastReminder => "last_reminder",
            Self::Suspension => "suspension",
        }
    }

    /// Days after the due day.
    pub const fn days(self) -> u64 {
        match self {
            Self::FirstReminder => 1,
            Self::SecondReminder => 7,
            Self::LastReminder => 14,
            Self::Suspension => 30,
        }
    }

    /// The day it comes on; `None` beyond the calendar.
    pub fn day(self, due_on: NaiveDate) -> Option<NaiveDate> {
        due_on.checked_add_days(Days::new(self.days()))
    }

    /// The one after it.
    pub fn following(self) -> Option<Self> {
        Self::ALL.into_iter().find(|step| *step > self)
    }
}

impl Collection {
    /// The step to be taken on that day: the latest that has come. Those before it which nobody took in time are passed
    /// over, so that nobody is reminded twice on one day.
    pub fn step_on(&self, today: NaiveDate, due_on: NaiveDate) -> Option<DunningStep> {
        let has_come = |step: &DunningStep| step.day(due_on).is_some_and(|day| day <= today);
        let latest = DunningStep::ALL.into_iter().rev().find(has_come)?;
        self.dunned.last().is_none_or(|taken| *taken < latest).then_some(latest)
    }

    /// When it is tried again after an attempt that came to `outcome` at `at`. What was planned before stays where it
    /// comes sooner; an attempt that somebody makes before it is due moves nothing but what could not be reached.
    pub fn next_after(&self, outcome: PaymentOutcome, at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let planned = [self.next_at, self.planned_at].into_iter().flatten().filter(|next| *next > at).min();
        let mut after = self.clone();
        after.note(outcome, at);
        let failures =
            Failures { first_declined_at: after.first_declined_at, unreachable_since: after.unreachable_since };
        let retry = match outcome {
            PaymentOutcome::Succeeded => return None,
            PaymentOutcome::Unreachable => next_attempt(&failures, outcome, at),
            PaymentOutcome::Declined(_) | PaymentOutcome::Expired | PaymentOutcome::Unknown(_) if self.is_early(at) => {
                None
            }
            PaymentOutcome::Declined(_) | PaymentOutcome::Expired | PaymentOutcome::Unknown(_) => {
                next_attempt(&failures, outcome, at)
            }
        };
        match (planned, retry) {
            (Some(planned), Some(retry)) => Some(planned.min(retry)),
            (planned, retry) => planned.or(retry),
        }
    }

    /// Before the first time it was to be tried by itself.
    fn is_early(&self, at: DateTime<Utc>) -> bool {
        self.planned_at.is_some_and(|planned| at < planned)
    }

    pub(super) fn note(&mut self, outcome: PaymentOutcome, at: DateTime<Utc>) {
        self.last = Some(outcome);
        match outcome {
            PaymentOutcome::Unreachable => {
                self.unreachable_since = Some(unreachable_since(self.unreachable_since, at));
            }
            PaymentOutcome::Declined(_) | PaymentOutcome::Expired => {
                self.unreachable_since = None;
                if !self.is_early(at) {
                    self.first_declined_at.get_or_insert(at);
                }
            }
            PaymentOutcome::Succeeded | PaymentOutcome::Unknown(_) => self.unreachable_since = None,
        }
    }
}
