//! What a difference is, folded from its events.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{DriftEvent, DriftField, DriftResolution};
use crate::PersonalRef;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DriftState {
    /// Nobody has seen it.
    #[default]
    Unknown,
    Known(Box<Drift>),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Drift {
    pub id: Uuid,
    pub provider_account_id: Option<String>,
    pub provider_subscription_id: String,
    /// Ours, when we have one.
    pub subscription_id: Option<Uuid>,
    pub customer_id: Option<Uuid>,
    pub field: DriftField,
    pub ours: Option<String>,
    pub theirs: Option<String>,
    /// The provider's revision of what was read; 0 when it showed nothing.
    pub revision: i64,
    /// `None` while it is open.
    pub resolution: Option<DriftResolution>,
    /// Where a subscription that we did not know is to belong; with its adoption only.
    #[serde(default)]
    pub account_id: Option<Uuid>,
    pub note: Option<PersonalRef>,
    /// The highest revision of the note so far; 0 when it never had one. Revisions are never reused.
    pub note_revision: i32,
}

impl DriftState {
    /// The difference, if one was seen under this id.
    pub fn known(&self) -> Option<&Drift> {
        match self {
            Self::Unknown => None,
            Self::Known(drift) => Some(drift),
        }
    }

    pub(super) fn evolve(&mut self, event: &DriftEvent) {
        match (&mut *self, event) {
            (Self::Known(drift), event) => drift.evolve(event),
            (Self::Unknown, DriftEvent::DriftDetected { .. }) => {
                if let Some(drift) = Drift::new(event) {
                    *self = Self::Known(Box::new(drift));
                }
            }
            // A stream begins with what was seen; without it there is nothing to fold into.
            (Self::Unknown, DriftEvent::DriftResolved { .. }) => {}
        }
    }
}

impl Drift {
    fn new(event: &DriftEvent) -> Option<Self> {
        match event {
            DriftEvent::DriftDetected {
                drift_id,
                provider_account_id,
                provider_subscription_id,
                subscription_id,
                customer_id,
                field,
                ours,
                theirs,
                revision,
            } => Some(Self {
                id: *drift_id,
                provider_account_id: provider_account_id.clone(),
                provider_subscription_id: provider_subscription_id.clone(),
                subscription_id: *subscription_id,
                customer_id: *customer_id,
                field: *field,
                ours: ours.clone(),
                theirs: theirs.clone(),
                revision: *revision,
                resolution: None,
                account_id: None,
                note: None,
                note_revision: 0,
            }),
            DriftEvent::DriftResolved { .. } => None,
        }
    }

    fn evolve(&mut self, event: &DriftEvent) {
        match event {
            // It is back: open again, as it was seen now.
            DriftEvent::DriftDetected { .. } => {
                if let Some(seen) = Self::new(event) {
                    *self = Self { note_revision: self.note_revision, ..seen };
                }
            }
            DriftEvent::DriftResolved { resolution, account_id, note } => {
                self.resolution = Some(*resolution);
                self.account_id = *account_id;
                self.note = *note;
                self.note_revision = self.note_revision.max(note.map_or(0, |note| note.revision));
            }
        }
    }

    pub const fn is_open(&self) -> bool {
        self.resolution.is_none()
    }

    /// `open`, or how it was resolved.
    pub fn status(&self) -> &'static str {
        self.resolution.map_or("open", DriftResolution::name)
    }
}
