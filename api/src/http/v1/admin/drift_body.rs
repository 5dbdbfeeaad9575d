//! A difference between the provider and us, as the API shows it.

use chrono::{DateTime, Utc};
use domain::PersonalRef;
use domain::drift::{Drift, DriftRules, DriftState};
use projections::drift::Drifts;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::v1::resource::{Head, Resource, View, text};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Drift)]
pub struct DriftBody {
    #[serde(flatten)]
    pub head: Head,
    /// Ours; `null` when we have none.
    pub subscription_id: Option<Uuid>,
    pub provider_subscription_id: String,
    /// `null` when the provider showed nothing.
    pub provider_account_id: Option<String>,
    pub customer_id: Option<Uuid>,
    /// `quantity`, `ends_on`, `status`, `renewal`, `unknown` (we have no such subscription) or `missing` (the provider
    /// shows none).
    #[schema(example = "quantity")]
    pub field: &'static str,
    #[schema(example = "5")]
    pub ours: Option<String>,
    #[schema(example = "7")]
    pub theirs: Option<String>,
    /// `open`, `adopted`, `corrected` or `ignored`.
    pub status: &'static str,
    /// Why the operator resolved it as it did; `null` after erasure.
    pub note: Option<String>,
    pub seen_at: DateTime<Utc>,
}

/// The resource.
#[derive(Debug)]
pub struct DriftResource;

impl Resource for DriftResource {
    type Rules = DriftRules;
    type Noun = Drifts;
    type Content = Drift;
    type Body = DriftBody;
    const PATH: &'static str = "/v1/admin/drift";

    fn of_state(state: &DriftState) -> Option<&Drift> {
        state.known()
    }

    fn of_row(state: &DriftState) -> Option<&Drift> {
        state.known()
    }

    fn personal(drift: &Drift) -> Vec<PersonalRef> {
        drift.note.into_iter().collect()
    }

    fn body(drift: &Drift, head: Head, view: &View<'_>) -> DriftBody {
        DriftBody {
            seen_at: head.created_at,
            head,
            subscription_id: drift.subscription_id,
            provider_subscription_id: drift.provider_subscription_id.clone(),
            provider_account_id: drift.provider_account_id.clone(),
            customer_id: drift.customer_id,
            field: drift.field.name(),
            ours: drift.ours.clone(),
            theirs: drift.theirs.clone(),
            status: drift.status(),
            note: drift.note.and_then(|note| text(view.fields(note), "note")),
        }
    }
}
