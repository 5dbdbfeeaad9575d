//! What a batch of events means for the rows of licences.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use domain::subscription::{GrantedLicence, SubscriptionEvent};
use domain::{Event, PersonalRef};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::noun::Mine;

/// Rows written in one statement.
const CHUNK: usize = 5_000;

/// A seat: its subscription and ordinal.
type Seat = (Uuid, i32);
type User = Option<(PersonalRef, DateTime<Utc>)>;

/// What a batch comes to. An ordinal is given once and never again, so granting goes before using, using before
/// removing, in whatever order the events came.
#[derive(Default)]
struct Seats<'a> {
    granted: Vec<(Uuid, &'a GrantedLicence)>,
    used: BTreeMap<Seat, User>,
    removed: BTreeSet<Seat>,
}

pub(super) async fn write(tx: &mut PgConnection, generation: i32, events: &[Mine<'_>]) -> Result<(), sqlx::Error> {
    let mut seats = Seats::default();
    for mine in events {
        seats.note(mine);
    }
    for chunk in seats.granted.chunks(CHUNK) {
        insert(tx, generation, chunk).await?;
    }
    let used: Vec<(Seat, User)> = seats.used.into_iter().collect();
    for chunk in used.chunks(CHUNK) {
        assign(tx, generation, chunk).await?;
    }
    let removed: Vec<Seat> = seats.removed.into_iter().collect();
    for chunk in removed.chunks(CHUNK) {
        remove(tx, generation, chunk).await?;
    }
    Ok(())
}

impl<'a> Seats<'a> {
    fn note(&mut self, mine: &Mine<'a>) {
        let Event::Subscription(event) = mine.event else { return };
        match event {
            SubscriptionEvent::LicencesGranted { licences } => {
                self.granted.extend(licences.iter().map(|licence| (mine.id, licence)));
            }
            SubscriptionEvent::LicencesRemoved { ordinals } => {
                self.removed.extend(ordinals.iter().map(|ordinal| (mine.id, column(*ordinal))));
            }
            SubscriptionEvent::LicenceAssigned { ordinal, user, assigned_at, .. } => {
                self.used.insert((mine.id, column(*ordinal)), Some((*user, *assigned_at)));
            }
            SubscriptionEvent::LicenceUnassigned { ordinal, .. } => {
                self.used.insert((mine.id, column(*ordinal)), None);
            }
            SubscriptionEvent::SubscriptionStarted(_)
            | SubscriptionEvent::QuantityChangeRequested { .. }
            | SubscriptionEvent::QuantityChangeConfirmed { .. }
            | SubscriptionEvent::QuantityChangeRejected { .. }
            | SubscriptionEvent::CancellationRequested { .. }
            | SubscriptionEvent::CancellationConfirmed { .. }
            | SubscriptionEvent::CancellationRejected { .. }
            | SubscriptionEvent::ExtensionRequested { .. }
            | SubscriptionEvent::ExtensionConfirmed { .. }
            | SubscriptionEvent::ExtensionRejected { .. }
            | SubscriptionEvent::SuspensionRequested { .. }
            | SubscriptionEvent::SuspensionConfirmed { .. }
            | SubscriptionEvent::SuspensionRejected { .. }
            | SubscriptionEvent::ResumptionRequested { .. }
            | SubscriptionEvent::ResumptionConfirmed { .. }
            | SubscriptionEvent::ResumptionRejected { .. }
            | SubscriptionEvent::RenewalInstructionSet { .. }
            | SubscriptionEvent::RenewalInstructionConfirmed { .. }
            | SubscriptionEvent::SubscriptionRenewed(_)
            | SubscriptionEvent::SubscriptionExpired { .. } => {}
        }
    }
}

/// An ordinal as its column holds it.
fn column(ordinal: u32) -> i32 {
    i32::try_from(ordinal).unwrap_or(i32::MAX)
}

async fn insert(tx: &mut PgConnection, generation: i32, rows: &[(Uuid, &GrantedLicence)]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "insert into read_licences (generation, subscription_id, ordinal, licence_id, key_subject, key_revision, added_on) \
         select $1, * from unnest($2::uuid[], $3::integer[], $4::uuid[], $5::uuid[], $6::integer[], $7::date[])",
    )
    .bind(generation)
    .bind(rows.iter().map(|(subscription, _)| *subscription).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, licence)| column(licence.ordinal)).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, licence)| licence.licence_id).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, licence)| licence.key.subject).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, licence)| licence.key.revision).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, licence)| licence.added_on).collect::<Vec<NaiveDate>>())
    .execute(tx)
    .await?;
    Ok(())
}

async fn assign(tx: &mut PgConnection, generation: i32, rows: &[(Seat, User)]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "update read_licences t set assigned_subject = u.subject, assigned_revision = u.revision, assigned_at = u.at \
         from unnest($2::uuid[], $3::integer[], $4::uuid[], $5::integer[], $6::timestamptz[]) \
            u(subscription_id, ordinal, subject, revision, at) \
         where t.generation = $1 and t.subscription_id = u.subscription_id and t.ordinal = u.ordinal",
    )
    .bind(generation)
    .bind(rows.iter().map(|((subscription, _), _)| *subscription).collect::<Vec<_>>())
    .bind(rows.iter().map(|((_, ordinal), _)| *ordinal).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, user)| user.map(|(user, _)| user.subject)).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, user)| user.map(|(user, _)| user.revision)).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, user)| user.map(|(_, at)| at)).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}

async fn remove(tx: &mut PgConnection, generation: i32, rows: &[Seat]) -> Result<(), sqlx::Error> {
    sqlx::query(
        "delete from read_licences t using unnest($2::uuid[], $3::integer[]) g(subscription_id, ordinal) \
         where t.generation = $1 and t.subscription_id = g.subscription_id and t.ordinal = g.ordinal",
    )
    .bind(generation)
    .bind(rows.iter().map(|(subscription, _)| *subscription).collect::<Vec<_>>())
    .bind(rows.iter().map(|(_, ordinal)| *ordinal).collect::<Vec<_>>())
    .execute(tx)
    .await?;
    Ok(())
}
