//! Amounts as clients write them.

use axum::http::StatusCode;
use iso_currency::Currency;
use rust_decimal::Decimal;

use crate::sim::answer::Answer;

/// More than nothing, in a currency that exists, with no more digits than it has.
///
/// # Errors
/// The refusal.
pub fn checked(amount: Decimal, currency: &str) -> Result<(), Answer> {
    let Some(known) = Currency::from_code(currency) else {
        return Err(invalid("currency is three capital letters of ISO 4217."));
    };
    let digits = u32::from(known.exponent().unwrap_or(0));
    if amount <= Decimal::ZERO || amount.normalize().scale() > digits {
        return Err(invalid("amount is more than nothing, with the digits of its currency."));
    }
    Ok(())
}

pub fn invalid(message: &str) -> Answer {
    Answer::trouble(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", message)
}
