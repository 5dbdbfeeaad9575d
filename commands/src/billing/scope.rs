//! Whom a run bills: billed parties, each with its accounts.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::billing::Period;
use domain::billing_run::{BillingRun, StartedRun};
use sqlx::PgPool;
use uuid::Uuid;

use crate::index::{self, IndexedAccount};
use crate::seller::Seller;
use crate::{Bus, Failure, Rejection, bus};

/// Months before the run's whose late lines are looked for.
pub const MONTHS_BACK: u32 = 3;

/// A billed party with the accounts it is billed for: its own, and those of its end customers whose bill it gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    pub customer_id: Uuid,
    pub accounts: Vec<IndexedAccount>,
}

impl Party {
    /// Subscriptions it has or had.
    pub fn size(&self) -> usize {
        let count = |account: &IndexedAccount| usize::try_from(account.subscriptions).unwrap_or_default();
        self.accounts.iter().map(count).sum()
    }
}

/// Everybody whom the run is for, by id. A hint, as every index: who is really billed for an account is read when it
/// is billed.
///
/// # Errors
/// [`Rejection`] when the database is away.
pub async fn parties(bus: &Bus, run: &StartedRun) -> Result<Vec<Party>, Rejection> {
    let found = of(bus.pool(), run.customer_id, run.period).await;
    let found = found.map_err(|error| bus::rejection(Failure::from(error)))?;
    Ok(by_party(found.into_iter().filter(|account| is_for(bus.seller(), run, account))))
}

/// It has been neither billed nor parked.
pub fn is_left(party: &Party, run: &BillingRun) -> bool {
    let is_parked = |account: &IndexedAccount| run.parked.contains_key(&account.account_id);
    !run.is_done(party.customer_id) && !party.accounts.iter().any(is_parked)
}

pub(super) async fn of(pool: &PgPool, party: Option<Uuid>, period: Period) -> Result<Vec<IndexedAccount>, sqlx::Error> {
    index::billable_accounts(pool, party, earliest(period).first_day()).await
}

/// A customer of an entity that configuration no longer has belongs to the first.
fn is_for(seller: &Seller, run: &StartedRun, account: &IndexedAccount) -> bool {
    run.seller_entity.as_ref().is_none_or(|entity| seller.entity(&account.seller_entity).id == *entity)
}

fn by_party(accounts: impl Iterator<Item = IndexedAccount>) -> Vec<Party> {
    let mut parties: BTreeMap<Uuid, Vec<IndexedAccount>> = BTreeMap::new();
    for account in accounts {
        parties.entry(account.party).or_default().push(account);
    }
    parties.into_iter().map(|(customer_id, accounts)| Party { customer_id, accounts }).collect()
}

/// The months of a run: its own, and those before it that may still bring late lines; newest first.
pub(super) fn months(period: Period) -> impl Iterator<Item = Period> {
    let before = |period: &Period| period.first_day().pred_opt().map(Period::of);
    let count = usize::try_from(MONTHS_BACK).unwrap_or_default() + 1;
    std::iter::successors(Some(period), before).take(count)
}

fn earliest(period: Period) -> Period {
    months(period).last().unwrap_or(period)
}

/// The book date of a run's documents at a seller entity.
pub(super) fn book_date(seller: &Seller, entity: &str, run: &StartedRun) -> NaiveDate {
    if run.on_demand { seller.entity(entity).day_at(run.started_at) } else { run.period.end() }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn late_lines_are_looked_for_in_three_months() {
        let months: Vec<String> = months(Period::parse("2027-02").unwrap()).map(|period| period.to_string()).collect();
        assert_eq!(months, ["2027-02", "2027-01", "2026-12", "2026-11"]);
    }
}
