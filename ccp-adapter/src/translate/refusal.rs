//! Refusals and reasons: the provider's codes into our slugs and sentences.

use crate::outcome::{NOT_FOUND, RefusedBy, UNFORESEEN};
use crate::wire;

/// What is said of a rejected line whose reason is in no table of ours.
pub const REJECTED_BY_PROVIDER: &str = "rejected-by-provider";
/// What is said of a cancelled line whose reason is in no table of ours.
pub const CANCELLED_BY_PROVIDER: &str = "cancelled-by-provider";

/// Characters at most of a code that we repeat to the operator.
const CODE_CHARS: usize = 64;

/// The provider's code, our slug, our sentence.
const CODES: &[(&str, &str, &str)] = &[
    ("account_closed", "account-not-usable", "The account is closed at the provider."),
    ("account_not_active", "account-not-usable", "The account is not active at the provider."),
    ("already_completed", "already-completed", "The provider has completed the order already."),
    ("country_not_supported", "country-not-supported", "The provider does not sell in that country."),
    ("idempotency_key_reused", "idempotency-key-reused", "The provider knows the operation with another content."),
    ("insufficient_capacity", "out-of-capacity", "The provider has no capacity left for it."),
    ("invalid_date", "invalid-date", "The provider does not accept that day."),
    ("invalid_quantity", "quantity-limit", "The provider does not sell that quantity."),
    ("invalid_request", "invalid-request", "The provider does not accept the request."),
    ("invalid_seats", "invalid-seats", "The provider does not know those seats."),
    ("invalid_state", "invalid-state", "The provider does not allow it in the present state."),
    ("not_found", NOT_FOUND, "The provider knows no such thing."),
    ("quantity_limit", "quantity-limit", "The provider does not sell that quantity."),
    ("rejected", REJECTED_BY_PROVIDER, "The provider rejected it."),
    ("sku_withdrawn", "service-withdrawn", "The provider no longer sells the service."),
    ("unknown_account", "account-not-usable", "The provider does not know the account."),
    ("unknown_sku", "unknown-service", "The provider does not know the service."),
    ("window_closed", "window-closed", "The time in which the provider allows it is over."),
];

/// What a definite no of this HTTP status, with this body, says.
pub fn refusal(status: u16, body: &[u8]) -> RefusedBy {
    let problem: wire::Problem = serde_json::from_slice(body).unwrap_or_default();
    let line = problem.line_ref.as_u64().and_then(|line| u32::try_from(line).ok()).filter(|line| *line >= 1);
    match problem.code.as_deref() {
        Some(code) => known(code).map_or_else(
            || RefusedBy::new(UNFORESEEN, line, format!("HTTP status {status} with the code {}", printable(code))),
            |(_, slug, sentence)| RefusedBy::new(slug, line, *sentence),
        ),
        None if status == 404 => RefusedBy::not_found(),
        None => RefusedBy::new(UNFORESEEN, line, format!("HTTP status {status} without a code")),
    }
}

/// Our slug for why a line did not come to be; `None` when we have none.
pub fn line_reason(reason: Option<&str>) -> Option<&'static str> {
    reason.and_then(known).map(|(_, slug, _)| *slug)
}

fn known(code: &str) -> Option<&'static (&'static str, &'static str, &'static str)> {
    CODES.iter().find(|(theirs, _, _)| *theirs == code)
}

/// A code is shown if it looks like one; free text may hold what nobody should see.
fn printable(code: &str) -> &str {
    let is_code =
        code.len() <= CODE_CHARS && code.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if is_code { code } else { "(not shown)" }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn every_known_code_has_a_slug_and_a_sentence() {
        for (code, slug, sentence) in CODES {
            let body = format!(r#"{{"code":"{code}","line_ref":2,"message":"secret"}}"#);
            assert_eq!(refusal(422, body.as_bytes()), RefusedBy::new(slug, Some(2), *sentence));
            assert!(slug.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{slug}");
            assert!(sentence.ends_with('.'), "{sentence}");
        }
        assert!(CODES.is_sorted_by(|a, b| a.0 < b.0), "each code once, in order");
    }

    #[test]
    fn odd_refusals_are_unforeseen_and_not_quoted() {
        // (status, body, our code, line, what the operator reads)
        let cases: [(u16, &str, &str, Option<u32>, &str); 10] = [
            (
                422,
                r#"{"code":"full_moon","line_ref":3}"#,
                UNFORESEEN,
                Some(3),
                "HTTP status 422 with the code full_moon",
            ),
            (422, r#"{"code":"Mr Smith"}"#, UNFORESEEN, None, "HTTP status 422 with the code (not shown)"),
            (409, r#"{"code":"rejected","line_ref":0}"#, REJECTED_BY_PROVIDER, None, "The provider rejected it."),
            (409, r#"{"code":"rejected","line_ref":"one"}"#, REJECTED_BY_PROVIDER, None, "The provider rejected it."),
            (409, r#"{"code":"rejected","line_ref":-1}"#, REJECTED_BY_PROVIDER, None, "The provider rejected it."),
            (409, r#"{"code":7}"#, UNFORESEEN, None, "HTTP status 409 without a code"),
            (400, "<html>secret</html>", UNFORESEEN, None, "HTTP status 400 without a code"),
            (400, r#"{"line_ref":1}"#, UNFORESEEN, Some(1), "HTTP status 400 without a code"),
            (404, "", NOT_FOUND, None, "The provider knows no such thing."),
            (404, r#"{"code":"not_found"}"#, NOT_FOUND, None, "The provider knows no such thing."),
        ];
        for (status, body, code, line, reason) in cases {
            assert_eq!(refusal(status, body.as_bytes()), RefusedBy::new(code, line, reason), "{body}");
        }
    }

    #[test]
    fn a_line_reason_is_a_slug_of_ours_or_none() {
        assert_eq!(line_reason(Some("unknown_sku")), Some("unknown-service"));
        assert_eq!(line_reason(Some("whatever")), None);
        assert_eq!(line_reason(None), None);
    }
}
