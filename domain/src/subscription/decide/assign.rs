//! Who uses a licence.

use chrono::{DateTime, Utc};
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::subscription::{LicenceUser, Subscription, SubscriptionEvent};
use crate::{Decided, PersonalData, PersonalKind, PersonalRef, Refusal, ids};

/// Whoever is not its user yet becomes a new revision, and so does one who was before.
pub(super) fn assign(
    known: &Subscription,
    licence_id: Uuid,
    (user, now): (&LicenceUser, Option<&LicenceUser>),
    at: DateTime<Utc>,
) -> Result<Decided<SubscriptionEvent>, Refusal> {
    let licence = known.licences.by_id(licence_id).ok_or(Refusal::NotFound)?;
    if licence.assigned_to.is_some() && now == Some(user) {
        return Ok(Decided::nothing());
    }
    let revision = licence.user_revision.saturating_add(1);
    let person = PersonalData {
        reference: PersonalRef { subject: ids::subject(licence_id, "user"), revision },
        customer_id: known.core.started.customer_id,
        kind: PersonalKind::Person,
        fields: Map::from_iter([("name".to_owned(), Value::from(user.name.as_str()))]),
    };
    let (ordinal, user) = (licence.ordinal, person.reference);
    let event = SubscriptionEvent::LicenceAssigned { licence_id, ordinal, user, assigned_at: at };
    Ok(Decided::from(event).with_personal([person]))
}

pub(super) fn unassign(known: &Subscription, licence_id: Uuid) -> Result<Decided<SubscriptionEvent>, Refusal> {
    let licence = known.licences.by_id(licence_id).ok_or(Refusal::NotFound)?;
    if licence.assigned_to.is_none() {
        return Ok(Decided::nothing());
    }
    Ok(SubscriptionEvent::LicenceUnassigned { licence_id, ordinal: licence.ordinal }.into())
}
