//! What a charge comes to: by the fraction of its amount, unless a script says otherwise.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    Succeeded,
    Failed(Reason),
    Expired,
    /// It stays open until somebody in the gateway's console ends it.
    Pending,
    /// Refused before anything was done.
    Unreachable,
    /// Charged, and never answered.
    Unanswered,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    InsufficientBalance,
    CustomerNotFound,
    CurrencyMismatch,
    Other,
}

impl Outcome {
    /// The amounts that come to something else than success, by their hundredths.
    pub fn of(amount: Decimal) -> Self {
        let hundredths = (amount.fract() * Decimal::ONE_HUNDRED).normalize();
        match (hundredths.mantissa(), hundredths.scale()) {
            (11, 0) => Self::Failed(Reason::InsufficientBalance),
            (12, 0) => Self::Failed(Reason::CustomerNotFound),
            (13, 0) => Self::Failed(Reason::CurrencyMismatch),
            (14, 0) => Self::Unreachable,
            (15, 0) => Self::Unanswered,
            (16, 0) => Self::Expired,
            _ => Self::Succeeded,
        }
    }

    /// By the name that scripts give it.
    pub fn named(name: &str) -> Option<Self> {
        Some(match name {
            "succeeded" => Self::Succeeded,
            "failed" | "declined" => Self::Failed(Reason::InsufficientBalance),
            "expired" => Self::Expired,
            "pending" => Self::Pending,
            "unreachable" => Self::Unreachable,
            "unanswered" => Self::Unanswered,
            reason => Self::Failed(Reason::named(reason)?),
        })
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed(reason) => reason.name(),
            Self::Expired => "expired",
            Self::Pending => "pending",
            Self::Unreachable => "unreachable",
            Self::Unanswered => "unanswered",
        }
    }
}

impl Reason {
    const ALL: [Self; 4] = [Self::InsufficientBalance, Self::CustomerNotFound, Self::CurrencyMismatch, Self::Other];

    fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.name() == name)
    }

    pub fn name(self) -> &'static str {
        match self {
            Self::InsufficientBalance => "insufficient_balance",
            Self::CustomerNotFound => "customer_not_found",
            Self::CurrencyMismatch => "currency_mismatch",
            Self::Other => "other",
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn the_hundredths_decide_in_every_currency() {
        let cases = [
            ("12.11", "insufficient_balance"),
            ("0.12", "customer_not_found"),
            ("7.130", "currency_mismatch"),
            ("1000.14", "unreachable"),
            ("5.15", "unanswered"),
            ("5.16", "expired"),
            ("5.99", "succeeded"),
            ("5.115", "succeeded"),
            ("11", "succeeded"),
        ];
        for (amount, expected) in cases {
            assert_eq!(Outcome::of(amount.parse().unwrap()).name(), expected, "{amount}");
        }
    }

    #[test]
    fn every_outcome_is_found_by_its_name() {
        for name in ["succeeded", "customer_not_found", "other", "expired", "pending", "unreachable", "unanswered"] {
            assert_eq!(Outcome::named(name).map(Outcome::name), Some(name));
        }
        assert_eq!(Outcome::named("declined"), Some(Outcome::Failed(Reason::InsufficientBalance)));
        assert_eq!(Outcome::named("paid"), None);
    }
}
