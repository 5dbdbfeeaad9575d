//! What somebody changed at the provider is a difference however we learn of it: by a run, or by a look a hint led to.

use commands::effects::{Due, Performed};
use domain::drift::DriftField;
use domain::reconcile::{self, Ours, Theirs};
use domain::subscription::{SubscriptionCore, SubscriptionStatus};
use uuid::Uuid;

use super::{of_core, page};
use crate::perform::Adapter;

impl Adapter {
    /// Records what differs before it is taken over; the ids of what was recorded.
    pub(crate) async fn notice(
        &self,
        due: &Due,
        core: &SubscriptionCore,
        shown: &Theirs,
    ) -> Result<Vec<Uuid>, Performed> {
        let ours = of_core(core);
        let mut noticed = Vec::new();
        if is_the_calendars(&ours, shown) {
            return Ok(noticed);
        }
        let differences = reconcile::differences(&ours, shown);
        for difference in differences.iter().filter(|found| found.field != DriftField::Renewal) {
            self.record_drift(due, page::seen(&ours, shown, difference)).await?;
            noticed.push(reconcile::drift_id(shown, difference));
        }
        Ok(noticed)
    }

    /// They were taken over. What was not is closed by a run once both sides agree.
    pub(crate) async fn close_noticed(&self, due: &Due, noticed: &[Uuid]) -> Result<(), Performed> {
        for drift_id in noticed {
            self.close_drift(due, *drift_id).await?;
        }
        Ok(())
    }
}

/// A new term, or the end of the last one: nobody did that.
fn is_the_calendars(ours: &Ours, shown: &Theirs) -> bool {
    shown.starts_on >= ours.ends_on || shown.status == SubscriptionStatus::Expired
}
