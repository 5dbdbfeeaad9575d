//! Headers of commands and answers: idempotency keys, versions, positions.

use http::header::{ACCEPT, ETAG, IF_MATCH, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::limits::IDEMPOTENCY_KEY_BYTES;
use super::problem::{Problem, ProblemType};

pub const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
pub const IDEMPOTENCY_REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
pub const EVENT_POSITION: HeaderName = HeaderName::from_static("event-position");
pub const READ_POSITION: HeaderName = HeaderName::from_static("read-position");

/// The request's key, taken as it is: quotes are part of it.
///
/// # Errors
/// `idempotency-key-invalid`: two of them, or not 1 to 255 visible ASCII characters.
pub fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, Problem> {
    let mut values = headers.get_all(IDEMPOTENCY_KEY).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let bytes = value.as_bytes();
    let sized = (1..=IDEMPOTENCY_KEY_BYTES).contains(&bytes.len());
    let key = value.to_str().ok().filter(|_| sized && bytes.iter().all(u8::is_ascii_graphic));
    match (key, values.next()) {
        (Some(key), None) => Ok(Some(key.to_owned())),
        _ => Err(ProblemType::IdempotencyKeyInvalid.into()),
    }
}

/// The key of an operation that cannot do without one.
///
/// # Errors
/// `idempotency-key-missing`, and as [`idempotency_key`].
pub fn required_idempotency_key(headers: &HeaderMap) -> Result<String, Problem> {
    idempotency_key(headers)?.ok_or_else(|| ProblemType::IdempotencyKeyMissing.into())
}

/// The versions a writer is content with; `None` when any will do, by `*` or without such a header. Weak tags and
/// anything we never gave out fit no version.
pub fn if_match(headers: &HeaderMap) -> Option<Vec<i64>> {
    let values: Vec<&HeaderValue> = headers.get_all(IF_MATCH).iter().collect();
    let texts = || values.iter().filter_map(|value| value.to_str().ok()).map(str::trim);
    if values.is_empty() || texts().any(|text| text == "*") {
        return None;
    }
    Some(texts().flat_map(|tags| tags.split(',')).filter_map(|tag| version_of(tag.trim())).collect())
}

fn version_of(tag: &str) -> Option<i64> {
    let digits = tag.strip_prefix('"')?.strip_suffix('"')?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    plain.then(|| digits.parse().ok()).flatten()
}

/// What answers are made in: JSON, and documents, tables and streams where there are any.
const FORMATS: [&str; 8] = [
    "application/json",
    "application/problem+json",
    "application/pdf",
    "application/xml",
    "application/x-ndjson",
    "text/csv",
    "text/html",
    "text/event-stream",
];

/// Whether a client takes anything we have. Which of it an operation has, it says itself.
///
/// # Errors
/// `not-acceptable`.
pub fn acceptable(headers: &HeaderMap) -> Result<(), Problem> {
    let values: Vec<&str> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let mut ranges = values.iter().flat_map(|value| value.split(',')).map(str::trim).peekable();
    let anything = ranges.peek().is_none_or(|first| first.is_empty());
    if anything || ranges.any(takes_ours) { Ok(()) } else { Err(ProblemType::NotAcceptable.into()) }
}

fn takes_ours(range: &str) -> bool {
    let mut parts = range.split(';').map(|part| part.trim().to_ascii_lowercase());
    let kind = parts.next().unwrap_or_default();
    let refused = parts.any(|parameter| matches!(parameter.as_str(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
    let ours = match kind.strip_suffix("/*") {
        Some("*") => true,
        Some(family) => FORMATS.iter().any(|format| format.split('/').next() == Some(family)),
        None => FORMATS.contains(&kind.as_str()),
    };
    ours && !refused
}

/// What goes with an answer besides its body. Each is a header when it is there.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnswerHeaders {
    /// The aggregate's version: `ETag`.
    pub version: Option<i64>,
    /// The last event written: `Event-Position`.
    pub event_position: Option<i64>,
    /// How far the read model was when it answered: `Read-Position`.
    pub read_position: Option<i64>,
    /// The new resource's path: `Location`.
    pub location: Option<String>,
    /// Whether a stored outcome is told again: `Idempotency-Replayed`.
    pub replayed: bool,
}

impl AnswerHeaders {
    /// Adds them to a response's headers.
    pub fn write(&self, headers: &mut HeaderMap) {
        if let Some(tag) = self.version.and_then(|version| HeaderValue::from_str(&format!("\"{version}\"")).ok()) {
            headers.insert(ETAG, tag);
        }
        if let Some(position) = self.event_position {
            headers.insert(EVENT_POSITION, HeaderValue::from(position));
        }
        if let Some(position) = self.read_position {
            headers.insert(READ_POSITION, HeaderValue::from(position));
        }
        if let Some(path) = self.location.as_deref().and_then(|path| HeaderValue::from_str(path).ok()) {
            headers.insert(LOCATION, path);
        }
        if self.replayed {
            headers.insert(IDEMPOTENCY_REPLAYED, HeaderValue::from_static("true"));
        }
    }
}

impl axum::response::IntoResponseParts for AnswerHeaders {
    type Error = std::convert::Infallible;

    fn into_response_parts(
        self,
        mut parts: axum::response::ResponseParts,
    ) -> Result<axum::response::ResponseParts, Self::Error> {
        self.write(parts.headers_mut());
        Ok(parts)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn with(name: HeaderName, values: &[&[u8]]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_bytes(value).unwrap());
        }
        headers
    }

    #[test]
    fn keys_are_one_to_255_visible_characters() {
        for key in ["a", "\"quoted\"", "!~", &"k".repeat(255)] {
            let headers = with(IDEMPOTENCY_KEY, &[key.as_bytes()]);
            assert_eq!(required_idempotency_key(&headers).unwrap(), key);
        }
        let long = "k".repeat(256);
        let bad: [&[&[u8]]; 6] = [&[b""], &[long.as_bytes()], &["ü".as_bytes()], &[b"a b"], &[b"a", b"a"], &[b"a\tb"]];
        for values in bad {
            let problem = required_idempotency_key(&with(IDEMPOTENCY_KEY, values)).unwrap_err();
            assert_eq!(problem.kind(), ProblemType::IdempotencyKeyInvalid, "{values:?}");
        }
        let missing = required_idempotency_key(&HeaderMap::new()).unwrap_err();
        assert_eq!(missing.kind(), ProblemType::IdempotencyKeyMissing);
        assert_eq!(idempotency_key(&HeaderMap::new()).unwrap(), None);
    }

    #[test]
    fn versions_are_strong_tags() {
        let read = |values: &[&[u8]]| if_match(&with(IF_MATCH, values));
        assert_eq!(if_match(&HeaderMap::new()), None);
        assert_eq!((read(&[b"*"]), read(&[b"\"3\"", b" * "])), (None, None));
        assert_eq!(read(&[b"\"3\""]), Some(vec![3]));
        assert_eq!(read(&[b"\"3\", \"4\"", b"\"5\""]), Some(vec![3, 4, 5]));
        assert_eq!(read(&[b"W/\"3\", \"4\",", b"\xff"]), Some(vec![4]));
        let odd =
            ["W/\"3\"", "3", "\"\"", "\"x\"", "\"-1\"", "\"03\"", "\"9223372036854775808\"", "\"3", "", "W/*", ","];
        for odd in odd {
            assert_eq!(read(&[odd.as_bytes()]), Some(Vec::new()), "{odd}");
        }
    }

    #[test]
    fn a_client_must_take_something_we_have() {
        let takes = |values: &[&[u8]]| acceptable(&with(ACCEPT, values)).is_ok();
        assert!(acceptable(&HeaderMap::new()).is_ok());
        let good = [
            "",
            "*/*",
            "application/json",
            "Application/JSON;q=0.5",
            "application/*",
            "image/png, */*;q=0.1",
            "text/csv",
        ];
        for good in good {
            assert!(takes(&[good.as_bytes()]), "{good}");
        }
        assert!(takes(&[b"image/png", b"text/event-stream"]));
        for bad in ["image/png", "image/*", "text/plain, image/png", "*/*;q=0", "application/json; q=0.0", "nonsense"] {
            assert!(!takes(&[bad.as_bytes()]), "{bad}");
        }
    }

    #[test]
    fn answers_carry_what_is_known() {
        let mut headers = HeaderMap::new();
        AnswerHeaders::default().write(&mut headers);
        assert!(headers.is_empty());
        let full = AnswerHeaders {
            version: Some(3),
            event_position: Some(17),
            read_position: Some(18),
            location: Some("/v1/orders/1".to_owned()),
            replayed: true,
        };
        full.write(&mut headers);
        assert_eq!(headers[ETAG], "\"3\"");
        assert_eq!(
            (&headers[EVENT_POSITION], &headers[READ_POSITION]),
            (&"17".parse().unwrap(), &"18".parse().unwrap())
        );
        assert_eq!(headers[LOCATION], "/v1/orders/1");
        assert_eq!(headers[IDEMPOTENCY_REPLAYED], "true");
    }
}
