//! The seller's exchange rates: which may be set, and what is kept of them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{DateTime, NaiveDate, Utc};
use cqrs_es::test::TestFramework;
use domain::decider::{OwnedAsked, fold};
use domain::exchange_rates::{ExchangeRate, ExchangeRatesCommand, ExchangeRatesEvent, ExchangeRatesRules};
use domain::{Actor, Currency, Folded, Refusal};

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn rate(rate: &str, from: &str) -> ExchangeRate {
    ExchangeRate { base: Currency::EUR, quote: Currency::USD, rate: rate.parse().unwrap(), effective_from: day(from) }
}

fn was_set(ExchangeRate { base, quote, rate, effective_from }: ExchangeRate) -> ExchangeRatesEvent {
    ExchangeRatesEvent::ExchangeRateSet { base, quote, rate, effective_from }
}

fn set(history: &[ExchangeRatesEvent], rate: ExchangeRate) -> Result<Vec<ExchangeRatesEvent>, Refusal> {
    let command = ExchangeRatesCommand::Set { rate, today: day("2026-10-05") };
    let asked = OwnedAsked { at: DateTime::<Utc>::UNIX_EPOCH, by: Actor::system("test"), command };
    TestFramework::<Folded<ExchangeRatesRules>>::with(()).given(history.to_vec()).when(asked).inspect_result()
}

#[test]
fn a_day_has_one_rate_and_the_same_again_is_nothing() {
    let first = rate("1.0842", "2026-10-05");
    assert_eq!(set(&[], first), Ok(vec![was_set(first)]));
    assert_eq!(set(&[was_set(first)], rate("1.08420", "2026-10-05")), Ok(vec![]));
    let other = rate("1.1", "2026-10-05");
    assert_eq!(set(&[was_set(first)], other), Ok(vec![was_set(other)]));
    let later = rate("1.2", "2026-10-06");
    let state = fold::<ExchangeRatesRules>(&[was_set(first), was_set(later), was_set(other)]);
    assert_eq!(state.rates().collect::<Vec<_>>(), [other, later]);
}

#[test]
fn a_rate_does_not_reach_into_the_past() {
    let past = rate("1.0842", "2026-10-04");
    assert_eq!(set(&[], past), Err(Refusal::EffectiveInPast));
    assert_eq!(set(&[was_set(past)], past), Ok(vec![]), "it already holds");
}

#[test]
fn rates_have_bounds_and_two_currencies() {
    for good in ["0.0000000001", "1000000000", "157.25", "1.08420000000000"] {
        assert!(set(&[], rate(good, "2026-10-05")).is_ok(), "{good}");
    }
    for bad in ["0", "-1", "0.00000000001", "1000000001"] {
        let refused = set(&[], rate(bad, "2026-10-05"));
        assert!(matches!(refused, Err(Refusal::InvalidExchangeRate { .. })), "{bad} gave {refused:?}");
    }
    let itself = ExchangeRate { quote: Currency::EUR, ..rate("1", "2026-10-05") };
    assert!(matches!(set(&[], itself), Err(Refusal::InvalidExchangeRate { .. })));
}

#[test]
fn rates_are_kept_plain() {
    let events = set(&[], rate("1.08420", "2026-10-05")).unwrap();
    assert!(serde_json::to_string(&events[0]).unwrap().contains(r#""rate":"1.0842""#));
}
