//! The words of a document, in the languages there are: how it names things, days and amounts.

mod countries;
mod english;
mod german;
mod notes;

use chrono::{Datelike, NaiveDate};
use domain::Money;
use domain::billing::{ChargeKind, Period};
use rust_decimal::Decimal;

use crate::Kind;

/// A minus as wide as a plus; a hyphen is too short among digits.
const MINUS: char = '\u{2212}';
/// Joins a number with what belongs to it, so that no line ends between them.
const NO_BREAK: char = '\u{a0}';

/// German for buyers in Germany and Austria, English for everybody else.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    English,
    German,
}

/// The fixed words of one language.
#[derive(Debug)]
pub struct Words {
    pub number: &'static str,
    pub date: &'static str,
    pub due: &'static str,
    pub period: &'static str,
    pub tax_point: &'static str,
    pub reference: &'static str,
    pub your_vat_id: &'static str,
    pub vat_id: &'static str,
    pub corrects: &'static str,
    pub service: &'static str,
    pub of_document: &'static str,
    pub days: &'static str,
    pub quantity: &'static str,
    pub unit_price: &'static str,
    pub amount: &'static str,
    pub base: &'static str,
    pub commission: &'static str,
    pub charges: &'static str,
    pub discounts: &'static str,
    pub net: &'static str,
    pub total: &'static str,
    pub commission_total: &'static str,
    pub credit_total: &'static str,
    pub applied_credit: &'static str,
    pub paid: &'static str,
    pub due_amount: &'static str,
    pub line: &'static str,
    pub goes_back: &'static str,
    pub for_customer: &'static str,
    pub discount: &'static str,
    pub part_of_line: &'static str,
    months: [&'static str; 12],
    short_months: [&'static str; 12],
    decimal: char,
    thousands: char,
}

impl Language {
    /// Of whoever is in that country (ISO 3166-1 alpha-2).
    pub fn of(country: &str) -> Self {
        if matches!(country, "DE" | "AT") { Self::German } else { Self::English }
    }

    pub const fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::German => "de",
        }
    }

    pub const fn words(self) -> &'static Words {
        match self {
            Self::English => &english::WORDS,
            Self::German => &german::WORDS,
        }
    }

    /// What the document is called.
    pub const fn title(self, kind: Kind) -> &'static str {
        match (self, kind) {
            (Self::English, Kind::Invoice(_)) => "Invoice",
            (Self::English, Kind::CreditNote) => "Credit note",
            (Self::English, Kind::CommissionStatement) => "Commission statement",
            (Self::German, Kind::Invoice(_)) => "Rechnung",
            // "Gutschrift" means a self-billed invoice in German tax law.
            (Self::German, Kind::CreditNote) => "Rechnungskorrektur",
            (Self::German, Kind::CommissionStatement) => "Gutschrift über Provision",
        }
    }

    pub const fn charge(self, kind: ChargeKind) -> &'static str {
        match (self, kind) {
            (Self::English, ChargeKind::New) => "New subscription",
            (Self::English, ChargeKind::Renew) => "Renewal",
            (Self::English, ChargeKind::Cycle) => "Billing cycle",
            (Self::English, ChargeKind::Increase) => "Seats added",
            (Self::English, ChargeKind::Decrease) => "Seats removed",
            (Self::English, ChargeKind::Cancel) => "Cancellation",
            (Self::English, ChargeKind::Credit) => "Credit",
            (Self::German, ChargeKind::New) => "Neues Abonnement",
            (Self::German, ChargeKind::Renew) => "Verlängerung",
            (Self::German, ChargeKind::Cycle) => "Abrechnungszeitraum",
            (Self::German, ChargeKind::Increase) => "Zusätzliche Plätze",
            (Self::German, ChargeKind::Decrease) => "Entfallene Plätze",
            (Self::German, ChargeKind::Cancel) => "Kündigung",
            (Self::German, ChargeKind::Credit) => "Gutschrift des Anbieters",
        }
    }

    /// A part of a cycle, like `15 of 31 days`.
    pub fn part(self, days: u32, of: u32) -> String {
        match self {
            Self::English => format!("{days} of {of} days"),
            Self::German => format!("{days} von {of} Tagen"),
        }
    }

    pub fn page(self, page: usize, of: usize) -> String {
        match self {
            Self::English => format!("Page {page} of {of}"),
            Self::German => format!("Seite {page} von {of}"),
        }
    }

    /// A day in full, like `1 November 2026`.
    pub fn day(self, day: NaiveDate) -> String {
        let month = month(&self.words().months, day);
        match self {
            Self::English => format!("{} {month} {}", day.day(), day.year()),
            Self::German => format!("{}. {month} {}", day.day(), day.year()),
        }
    }

    /// A day in a table, like `1 Nov 2026` or `01.11.2026`.
    pub fn short_day(self, day: NaiveDate) -> String {
        match self {
            Self::English => format!("{} {} {}", day.day(), month(&self.words().short_months, day), day.year()),
            Self::German => day.format("%d.%m.%Y").to_string(),
        }
    }

    /// A month, like `October 2026`.
    pub fn month(self, period: Period) -> String {
        let first = period.first_day();
        format!("{} {}", month(&self.words().months, first), first.year())
    }

    /// A number with all its decimals.
    pub fn number(self, number: Decimal) -> String {
        let words = self.words();
        let text = number.abs().to_string();
        let (whole, decimals) = text.split_once('.').unwrap_or((&text, ""));
        let mut written = String::new();
        if number.is_sign_negative() && !number.is_zero() {
            written.push(MINUS);
        }
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place) % 3 == 0 {
                written.push(words.thousands);
            }
            written.push(digit);
        }
        if !decimals.is_empty() {
            written.push(words.decimal);
            written.push_str(decimals);
        }
        written
    }

    /// An amount without its currency.
    pub fn amount(self, money: Money) -> String {
        self.number(money.amount())
    }

    /// An amount with its currency.
    pub fn money(self, money: Money) -> String {
        let (amount, code) = (self.amount(money), money.currency().code());
        match self {
            Self::English => format!("{code}{NO_BREAK}{amount}"),
            Self::German => format!("{amount}{NO_BREAK}{code}"),
        }
    }

    /// Percent, without trailing zeros.
    pub fn percent(self, percent: Decimal) -> String {
        let number = self.number(percent.normalize());
        match self {
            Self::English => format!("{number}%"),
            Self::German => format!("{number}{NO_BREAK}%"),
        }
    }

    /// The name of a country; its code where there is no name for it here.
    pub fn country(self, code: &str) -> &str {
        countries::name(self, code).unwrap_or(code)
    }
}

fn month(names: &[&'static str; 12], day: NaiveDate) -> &'static str {
    usize::try_from(day.month0()).ok().and_then(|index| names.get(index).copied()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn numbers_are_written_as_people_write_them() {
        let cases = [
            ("0", "0", "0"),
            ("-20.32", "\u{2212}20.32", "\u{2212}20,32"),
            ("1500.00", "1,500.00", "1.500,00"),
            ("-1234567.5", "\u{2212}1,234,567.5", "\u{2212}1.234.567,5"),
            ("-0.00", "0.00", "0,00"),
            ("9.917647", "9.917647", "9,917647"),
            ("100", "100", "100"),
        ];
        for (number, english, german) in cases {
            let number: Decimal = number.parse().unwrap();
            assert_eq!(
                (Language::English.number(number), Language::German.number(number)),
                (english.into(), german.into())
            );
        }
    }

    #[test]
    fn days_are_written_as_people_write_them() {
        let day = NaiveDate::from_ymd_opt(2026, 3, 1).unwrap();
        assert_eq!(
            (Language::English.day(day), Language::English.short_day(day)),
            ("1 March 2026".into(), "1 Mar 2026".into())
        );
        assert_eq!(
            (Language::German.day(day), Language::German.short_day(day)),
            ("1. März 2026".into(), "01.03.2026".into())
        );
    }

    #[test]
    fn german_is_for_germany_and_austria() {
        let tags = ["DE", "AT", "CH", "FR", "US", ""].map(|country| Language::of(country).tag());
        assert_eq!(tags, ["de", "de", "en", "en", "en", "en"]);
    }
}
