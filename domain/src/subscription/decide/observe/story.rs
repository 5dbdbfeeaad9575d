//! How what is known became what is seen, told step by step.

use chrono::{DateTime, NaiveDate, Utc};
use uuid::Uuid;

use crate::subscription::{
    ChangeInFlight, ChangeKind, ConfirmedChange, Observation, RenewalAction, RenewalTerms, SubscriptionCore,
    SubscriptionEvent, SubscriptionRenewed, SubscriptionStatus, SuspendedBy,
};
use crate::{Refusal, calendar, ids};

/// Terms that are told one by one when they came and went unseen; what is left then is told as one long term.
const MISSED_TERMS: usize = 120;

/// The events so far, and what they have made of the core.
pub(super) struct Story<'a> {
    pub core: SubscriptionCore,
    pub seen: &'a Observation,
    /// Every seat is shown. What has ended may show none, and then nobody knows which ones a last change of their
    /// number left: it keeps the ones it had.
    named: bool,
    at: DateTime<Utc>,
    events: Vec<SubscriptionEvent>,
    /// Differences so far that nobody here asked for.
    adoptions: u32,
    /// The day of the last change of seats.
    day: NaiveDate,
}

impl<'a> Story<'a> {
    pub fn new(core: &SubscriptionCore, seen: &'a Observation, named: bool, at: DateTime<Utc>) -> Self {
        Self { core: core.clone(), seen, named, at, events: Vec::new(), adoptions: 0, day: seen.changed_on }
    }

    pub fn told(self) -> (Vec<SubscriptionEvent>, NaiveDate) {
        (self.events, self.day)
    }

    pub fn push(&mut self, event: SubscriptionEvent) {
        self.core.apply(&event);
        self.events.push(event);
    }

    /// What the provider has done for the change in flight. `None` where it cannot be told.
    pub fn confirmation(&mut self, change: &ChangeInFlight, confirmed: &ConfirmedChange) -> Option<SubscriptionEvent> {
        let (change_id, effective_on) = (change.change_id, confirmed.effective_on);
        let provider_revision = self.seen.revision;
        Some(match change.kind {
            ChangeKind::Quantity { .. } if !self.named => return None,
            ChangeKind::Quantity { to, .. } => self.quantity(change_id, to, effective_on),
            ChangeKind::Cancellation => {
                SubscriptionEvent::CancellationConfirmed { change_id, effective_on, provider_revision }
            }
            // Asked for in one term and done in the next, it may have prolonged nothing.
            ChangeKind::Extension { to, .. } => self.extension(change_id, to.max(self.core.ends_on), effective_on),
            ChangeKind::Suspension { by } => {
                SubscriptionEvent::SuspensionConfirmed { change_id, by, effective_on, provider_revision }
            }
            ChangeKind::Resumption => {
                SubscriptionEvent::ResumptionConfirmed { change_id, effective_on, provider_revision }
            }
        })
    }

    /// Everything seen that is not so yet was changed by others, or by the calendar.
    pub fn adopt(&mut self) -> Result<(), Refusal> {
        if !self.core.is_live() {
            return Ok(());
        }
        self.renew(false)?;
        self.adopt_quantity();
        self.adopt_end_of_term();
        self.adopt_status();
        Ok(())
    }

    /// Terms that have begun since, each with its seats. `before_a_change`: a change of the newest term follows.
    pub fn renew(&mut self, before_a_change: bool) -> Result<(), Refusal> {
        if self.seen.starts_on < self.core.ends_on {
            return Ok(());
        }
        let terms = self.seen.renewal.ok_or(Refusal::RenewalPriceMissing)?;
        let expire = self.core.renewal.action == RenewalAction::Expire;
        self.resume_for_renewal();
        self.renew_unseen(&terms);
        let instructed = self.instructed_quantity();
        let is_first_news = self.named && !before_a_change && self.seen.changed_on <= self.seen.starts_on;
        let quantity = if is_first_news { self.seen.quantity } else { instructed };
        self.push_term(&terms, (self.seen.starts_on, self.seen.ends_on), quantity);
        if expire {
            // The provider has not done as instructed: it is told again, for the end of the new term.
            let (action, quantity) = (RenewalAction::Expire, None);
            self.push(SubscriptionEvent::RenewalInstructionSet { action, quantity });
        }
        Ok(())
    }

    /// What is suspended does not renew, so what is active in its new term was resumed in time.
    fn resume_for_renewal(&mut self) {
        if (self.core.status, self.seen.status) == (SubscriptionStatus::Suspended, SubscriptionStatus::Active) {
            let effective_on = self.core.ends_on;
            let event = self.resumption(effective_on);
            self.push(event);
        }
    }

    /// Whole terms between the one that is known and the one that is seen; a rest before that one was an extension.
    fn renew_unseen(&mut self, terms: &RenewalTerms) {
        for _ in 0..MISSED_TERMS {
            let starts_on = self.core.ends_on;
            let ends_on = calendar::term_end(starts_on, terms.term);
            if ends_on > self.seen.starts_on || ends_on <= starts_on {
                break;
            }
            let quantity = self.instructed_quantity();
            self.push_term(terms, (starts_on, ends_on), quantity);
        }
        if self.core.ends_on < self.seen.starts_on {
            let change_id = self.adopted();
            let event = self.extension(change_id, self.seen.starts_on, self.seen.starts_on);
            self.push(event);
        }
    }

    fn instructed_quantity(&self) -> u32 {
        // The licences of what has ended stay what they are, and so does their number.
        let instructed = self.core.renewal.quantity.filter(|_| self.named);
        instructed.unwrap_or(self.core.quantity)
    }

    fn push_term(&mut self, terms: &RenewalTerms, (starts_on, ends_on): (NaiveDate, NaiveDate), quantity: u32) {
        self.day = starts_on;
        self.push(SubscriptionEvent::SubscriptionRenewed(Box::new(SubscriptionRenewed {
            quantity,
            unit_price: terms.price.unit_price,
            reseller_unit_price: terms.price.reseller_unit_price,
            reseller_id: terms.reseller_id,
            unit_cost: terms.price.unit_cost,
            term: terms.term,
            billing_cycle: terms.billing_cycle,
            cancellation_window_hours: terms.cancellation_window_hours,
            min_quantity: terms.min_quantity,
            max_quantity: terms.max_quantity,
            starts_on,
            ends_on,
            provider_revision: self.seen.revision,
            discountable: terms.price.discountable,
            exchange_rate: terms.price.exchange_rate,
        })));
    }

    /// It has ended with that many seats, which it shows.
    pub fn ended_with(&self, quantity: u32) -> bool {
        self.named && self.seen.quantity == quantity
    }

    pub fn adopt_quantity(&mut self) {
        if self.named && self.seen.quantity != self.core.quantity {
            let change_id = self.adopted();
            let event = self.quantity(change_id, self.seen.quantity, self.seen.changed_on);
            self.push(event);
        }
    }

    /// An end that comes earlier needs no extension.
    fn adopt_end_of_term(&mut self) {
        let is_later = self.seen.ends_on > self.core.ends_on;
        let counts = match self.seen.status {
            SubscriptionStatus::Active | SubscriptionStatus::Suspended => self.seen.ends_on != self.core.ends_on,
            SubscriptionStatus::Expired => is_later,
            SubscriptionStatus::Cancelled => false,
        };
        if counts {
            let change_id = self.adopted();
            let event = self.extension(change_id, self.seen.ends_on, self.seen.changed_on);
            self.push(event);
        }
    }

    fn adopt_status(&mut self) {
        if self.seen.status == self.core.status {
            return;
        }
        let (effective_on, provider_revision) = (self.seen.changed_on, self.seen.revision);
        let event = match self.seen.status {
            SubscriptionStatus::Active => self.resumption(effective_on),
            SubscriptionStatus::Suspended => {
                let (change_id, by) = (self.adopted(), SuspendedBy::Provider);
                SubscriptionEvent::SuspensionConfirmed { change_id, by, effective_on, provider_revision }
            }
            SubscriptionStatus::Cancelled => {
                let change_id = self.adopted();
                SubscriptionEvent::CancellationConfirmed { change_id, effective_on, provider_revision }
            }
            SubscriptionStatus::Expired => SubscriptionEvent::SubscriptionExpired { effective_on, provider_revision },
        };
        self.push(event);
    }

    fn quantity(&mut self, change_id: Uuid, to: u32, effective_on: NaiveDate) -> SubscriptionEvent {
        self.day = effective_on;
        SubscriptionEvent::QuantityChangeConfirmed {
            change_id,
            from: self.core.quantity,
            to,
            effective_on,
            confirmed_at: self.at,
            provider_revision: self.seen.revision,
        }
    }

    fn extension(&self, change_id: Uuid, to: NaiveDate, effective_on: NaiveDate) -> SubscriptionEvent {
        let (from, provider_revision) = (self.core.ends_on, self.seen.revision);
        SubscriptionEvent::ExtensionConfirmed { change_id, from, to, effective_on, provider_revision }
    }

    fn resumption(&mut self, effective_on: NaiveDate) -> SubscriptionEvent {
        let (change_id, provider_revision) = (self.adopted(), self.seen.revision);
        SubscriptionEvent::ResumptionConfirmed { change_id, effective_on, provider_revision }
    }

    /// The id a difference is written down under: the given one for the first, one made of it for each further one.
    fn adopted(&mut self) -> Uuid {
        let (given, earlier) = (self.seen.adopted_as, self.adoptions);
        self.adoptions += 1;
        if earlier == 0 { given } else { ids::derived(&["adopted", &given.to_string(), &earlier.to_string()]) }
    }
}
