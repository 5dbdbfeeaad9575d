//! What each event means for the core.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::windows::midnight;
use crate::subscription::{
    ChangeInFlight, ChangeKind, Renewal, SubscriptionCore, SubscriptionEvent, SubscriptionRenewed, SubscriptionStatus,
    SuspendedBy,
};

impl SubscriptionCore {
    pub(in crate::subscription) fn apply(&mut self, event: &SubscriptionEvent) {
        use SubscriptionEvent as E;
        match event {
            E::SubscriptionStarted(started) => *self = Self::new(started),
            E::LicencesGranted { licences } => {
                self.licence_count = self.licence_count.saturating_add(count(licences));
                let last = licences.iter().map(|licence| licence.ordinal).max().unwrap_or_default();
                self.last_ordinal = self.last_ordinal.max(last);
            }
            E::LicencesRemoved { ordinals } => {
                self.licence_count = self.licence_count.saturating_sub(count(ordinals));
            }
            E::QuantityChangeRequested { change_id, from, to, requested_at } => {
                self.ask(*change_id, ChangeKind::Quantity { from: *from, to: *to }, *requested_at);
            }
            E::QuantityChangeConfirmed { change_id, to, confirmed_at, provider_revision, .. } => {
                self.answered(*change_id);
                self.count_change(*to, *confirmed_at);
                self.seen(*provider_revision);
            }
            E::CancellationRequested { change_id, requested_at } => {
                self.ask(*change_id, ChangeKind::Cancellation, *requested_at);
            }
            E::CancellationConfirmed { change_id, provider_revision, .. } => {
                self.answered(*change_id);
                self.stand(SubscriptionStatus::Cancelled, None, *provider_revision);
            }
            E::ExtensionRequested { change_id, from, to, requested_at } => {
                self.ask(*change_id, ChangeKind::Extension { from: *from, to: *to }, *requested_at);
            }
            E::ExtensionConfirmed { change_id, to, provider_revision, .. } => {
                self.answered(*change_id);
                self.ends_on = *to;
                self.seen(*provider_revision);
            }
            E::SuspensionRequested { change_id, by, requested_at } => {
                self.ask(*change_id, ChangeKind::Suspension { by: *by }, *requested_at);
            }
            E::SuspensionConfirmed { change_id, by, provider_revision, .. } => {
                self.answered(*change_id);
                let before = self.suspended_by.filter(|_| *by == SuspendedBy::Dunning);
                self.stand(SubscriptionStatus::Suspended, Some(*by), *provider_revision);
                self.suspended_before = before;
            }
            E::ResumptionRequested { change_id, requested_at } => {
                self.ask(*change_id, ChangeKind::Resumption, *requested_at);
            }
            E::ResumptionConfirmed { change_id, provider_revision, .. } => {
                self.answered(*change_id);
                self.stand(SubscriptionStatus::Active, None, *provider_revision);
            }
            E::QuantityChangeRejected { change_id, .. }
            | E::CancellationRejected { change_id, .. }
            | E::ExtensionRejected { change_id, .. }
            | E::SuspensionRejected { change_id, .. }
            | E::ResumptionRejected { change_id, .. } => self.answered(*change_id),
            E::RenewalInstructionSet { action, quantity } => {
                self.renewal = Renewal { action: *action, quantity: *quantity, confirmed: false };
            }
            // Nothing else of that revision has been looked at, so it does not count as known.
            E::RenewalInstructionConfirmed { .. } => self.renewal.confirmed = true,
            E::SubscriptionRenewed(renewed) => self.renew(renewed),
            E::SubscriptionExpired { provider_revision, .. } => {
                self.stand(SubscriptionStatus::Expired, None, *provider_revision);
            }
            // Who uses a licence is the licences' matter.
            E::LicenceAssigned { .. } | E::LicenceUnassigned { .. } => {}
        }
    }

    fn ask(&mut self, change_id: Uuid, kind: ChangeKind, requested_at: DateTime<Utc>) {
        self.change = Some(ChangeInFlight { change_id, kind, requested_at });
    }

    /// What was changed at the provider by others has an id of its own, and leaves what is in flight alone.
    fn answered(&mut self, change_id: Uuid) {
        self.change = self.change.take().filter(|change| change.change_id != change_id);
    }

    fn stand(&mut self, status: SubscriptionStatus, by: Option<SuspendedBy>, provider_revision: i64) {
        self.status = status;
        self.suspended_by = by;
        self.suspended_before = None;
        self.seen(provider_revision);
    }

    fn seen(&mut self, provider_revision: i64) {
        self.provider_revision = self.provider_revision.max(provider_revision);
    }

    /// Everything that is fixed for a term is fixed anew, and the instruction has been carried out.
    fn renew(&mut self, renewed: &SubscriptionRenewed) {
        self.quantity = renewed.quantity;
        self.starts_on = renewed.starts_on;
        self.ends_on = renewed.ends_on;
        self.unit_price = renewed.unit_price;
        self.reseller_unit_price = renewed.reseller_unit_price;
        self.renewed_for = renewed.reseller_id.or(self.renewed_for);
        self.unit_cost = renewed.unit_cost;
        self.discountable = renewed.discountable;
        self.exchange_rate = renewed.exchange_rate;
        self.term = renewed.term;
        self.billing_cycle = renewed.billing_cycle;
        self.cancellation_window_hours = renewed.cancellation_window_hours;
        self.min_quantity = renewed.min_quantity;
        self.max_quantity = renewed.max_quantity;
        self.window_opened_at = midnight(renewed.starts_on);
        self.increases.clear();
        self.renewal = Renewal::STANDARD;
        self.seen(renewed.provider_revision);
    }
}

fn count<T>(entries: &[T]) -> u32 {
    u32::try_from(entries.len()).unwrap_or(u32::MAX)
}
