//! Who sells: the seller entities, from configuration.

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, TimeZone, Utc};
pub use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// One legal entity of the seller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SellerEntity {
    pub id: String,
    pub legal_name: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    pub vat_id: String,
    /// Printed on documents, one line each.
    pub address: Vec<String>,
    /// In front of the year in document numbers; empty with one entity.
    #[serde(default)]
    pub number_prefix: String,
    /// IANA name of the zone its days begin and end in; UTC unless said otherwise.
    #[serde(default = "utc")]
    pub time_zone: Tz,
    /// Countries whose customers belong to it.
    #[serde(default)]
    pub customer_countries: Vec<String>,
}

const fn utc() -> Tz {
    Tz::UTC
}

impl SellerEntity {
    /// The day it is there.
    pub fn day_at(&self, at: DateTime<Utc>) -> NaiveDate {
        at.with_timezone(&self.time_zone).date_naive()
    }

    /// The first moment after that day, there.
    pub fn end_of(&self, day: NaiveDate) -> DateTime<Utc> {
        let next = day.checked_add_days(Days::new(1)).unwrap_or(day).and_time(NaiveTime::MIN);
        // Where the clocks go forward at midnight the next day begins an hour later.
        let begins = [0, 1, 2, 3]
            .into_iter()
            .find_map(|hours| self.time_zone.from_local_datetime(&(next + TimeDelta::hours(hours))).earliest());
        begins.map_or_else(|| next.and_utc(), |begins| begins.with_timezone(&Utc))
    }
}

/// The seller: at least one entity; the first takes the customers of countries nobody lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seller {
    first: SellerEntity,
    others: Vec<SellerEntity>,
}

impl Seller {
    /// `None` without any entity.
    pub fn new(mut entities: Vec<SellerEntity>) -> Option<Self> {
        if entities.is_empty() {
            return None;
        }
        let others = entities.split_off(1);
        entities.pop().map(|first| Self { first, others })
    }

    pub fn entities(&self) -> impl Iterator<Item = &SellerEntity> {
        std::iter::once(&self.first).chain(&self.others)
    }

    /// The day it is at the first entity: what concerns no single customer goes by it.
    pub fn day_at(&self, at: DateTime<Utc>) -> NaiveDate {
        self.first.day_at(at)
    }

    /// The entity a customer of that country belongs to.
    pub fn entity_for(&self, country: &str) -> &SellerEntity {
        self.entities()
            .find(|entity| entity.customer_countries.iter().any(|listed| listed == country))
            .unwrap_or(&self.first)
    }

    /// The entity of that id; the first when configuration no longer has it.
    pub fn entity(&self, id: &str) -> &SellerEntity {
        self.entities().find(|entity| entity.id == id).unwrap_or(&self.first)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn entity(zone: &str) -> SellerEntity {
        let entity = serde_json::json!({
            "id": "e", "legal_name": "E", "country": "DE", "vat_id": "DE1", "address": [], "time_zone": zone,
        });
        serde_json::from_value(entity).unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    #[test]
    fn days_are_utc_days_unless_said_otherwise() {
        let text = r#"{"id":"e","legal_name":"E","country":"DE","vat_id":"DE1","address":[]}"#;
        let entity: SellerEntity = serde_json::from_str(text).unwrap();
        assert_eq!(entity.day_at(at("2026-10-31T23:59:59Z")), day("2026-10-31"));
        assert_eq!(entity.end_of(day("2026-10-31")), at("2026-11-01T00:00:00Z"));
    }

    #[test]
    fn days_end_at_midnight_there_in_summer_and_in_winter() {
        let berlin = entity("Europe/Berlin");
        assert_eq!(berlin.end_of(day("2026-07-01")), at("2026-07-01T22:00:00Z"));
        assert_eq!(berlin.end_of(day("2026-12-01")), at("2026-12-01T23:00:00Z"));
        assert_eq!(berlin.day_at(at("2026-07-01T22:00:00Z")), day("2026-07-02"));
        let auckland = entity("Pacific/Auckland");
        assert_eq!(auckland.end_of(day("2026-12-31")), at("2026-12-31T11:00:00Z"));
    }

    #[test]
    fn a_midnight_that_does_not_exist_is_an_hour_later() {
        // In Beirut the clocks went forward at midnight.
        let beirut = entity("Asia/Beirut");
        assert_eq!(beirut.end_of(day("2022-03-26")), at("2022-03-26T22:00:00Z"));
        assert_eq!(beirut.day_at(at("2022-03-26T22:00:00Z")), day("2022-03-27"));
        assert_eq!(beirut.day_at(at("2022-03-26T21:59:59Z")), day("2022-03-26"));
    }
}
