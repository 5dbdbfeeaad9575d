//! Which request this is: its id and its place in a trace (W3C Trace Context).

use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

use super::limits::REQUEST_ID_BYTES;

pub const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");

/// Ids of one request; the edge puts them among the request's extensions.
#[derive(Debug, PartialEq, Eq)]
pub struct RequestIds {
    /// What the client sent as `X-Request-Id`, or an id of ours. Echoed.
    pub request_id: String,
    /// The request id when it is a UUID, else an id of ours.
    id: Uuid,
    pub trace: TraceParent,
}

impl RequestIds {
    /// `new_id` makes ids; only the wiring knows how.
    pub fn of(headers: &HeaderMap, new_id: fn() -> Uuid) -> Self {
        let fresh = new_id();
        let request_id = client_request_id(headers).unwrap_or_else(|| fresh.to_string());
        let id = Uuid::try_parse(&request_id).unwrap_or(fresh);
        Self { request_id, id, trace: TraceParent::next(headers, new_id) }
    }

    /// A problem's `instance`.
    pub fn instance(&self) -> String {
        format!("urn:uuid:{}", self.id)
    }

    /// Adds both ids to a response's headers.
    pub fn write(&self, headers: &mut HeaderMap) {
        for (name, value) in [(REQUEST_ID, self.request_id.as_str()), (TRACEPARENT, self.trace.as_str())] {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        }
    }
}

fn client_request_id(headers: &HeaderMap) -> Option<String> {
    let mut values = headers.get_all(REQUEST_ID).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let fits = (1..=REQUEST_ID_BYTES).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic);
    value.to_str().ok().filter(|_| fits).map(str::to_owned)
}

/// One step of a trace, as it is sent: `00-<trace>-<span>-<flags>`. All that belongs together has the same trace id.
#[derive(Debug, PartialEq, Eq)]
pub struct TraceParent(String);

/// The caller's step.
#[derive(Debug, PartialEq, Eq)]
struct Parent<'a> {
    /// 32 lower-case hexadecimal digits.
    trace_id: &'a str,
    sampled: bool,
}

impl TraceParent {
    /// Our step after the caller's; the first of a new trace when the caller sent none, two, or a bad one.
    pub fn next(headers: &HeaderMap, new_id: fn() -> Uuid) -> Self {
        let mut values = headers.get_all(TRACEPARENT).iter();
        let parent = match (values.next(), values.next()) {
            (Some(only), None) => only.to_str().ok().and_then(Parent::parse),
            _ => None,
        };
        // The last half of a UUID is random in the versions we make, and never zero.
        let span_id = new_id().as_u128() & u128::from(u64::MAX);
        match parent {
            Some(Parent { trace_id, sampled }) => {
                Self(format!("00-{trace_id}-{span_id:016x}-{:02x}", u8::from(sampled)))
            }
            None => Self(format!("00-{}-{span_id:016x}-01", new_id().simple())),
        }
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn trace_id(&self) -> &str {
        self.0.split('-').nth(1).unwrap_or_default()
    }
}

impl<'a> Parent<'a> {
    /// Later versions may have more after the flags.
    fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.splitn(5, '-');
        let version = hex_part(parts.next()?, 2).filter(|version| *version != "ff")?;
        let trace_id = hex_part(parts.next()?, 32).filter(|id| id.bytes().any(|digit| digit != b'0'))?;
        hex_part(parts.next()?, 16).filter(|id| id.bytes().any(|digit| digit != b'0'))?;
        let flags = hex_part(parts.next()?, 2).and_then(|flags| u8::from_str_radix(flags, 16).ok())?;
        let complete = version != "00" || parts.next().is_none();
        complete.then_some(Self { trace_id, sampled: flags & 1 == 1 })
    }
}

fn hex_part(text: &str, digits: usize) -> Option<&str> {
    let lower_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    (text.len() == digits && text.bytes().all(lower_hex)).then_some(text)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    const PARENT: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn fixed_id() -> Uuid {
        Uuid::from_u128(0x0197_f3a4_6f6e_7d31_9c55_1f0f_3a2b_4c5d)
    }

    fn with(name: HeaderName, values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        headers
    }

    #[test]
    fn a_trace_goes_on_with_a_step_of_ours() {
        let next = TraceParent::next(&with(TRACEPARENT, &[PARENT]), fixed_id);
        assert_eq!(next.as_str(), "00-4bf92f3577b34da6a3ce929d0e0e4736-9c551f0f3a2b4c5d-01");
        assert_eq!(next.trace_id(), "4bf92f3577b34da6a3ce929d0e0e4736");
        let unsampled = TraceParent::next(&with(TRACEPARENT, &[&PARENT.replace("-01", "-00")]), fixed_id);
        assert_eq!(unsampled.as_str(), "00-4bf92f3577b34da6a3ce929d0e0e4736-9c551f0f3a2b4c5d-00");
        assert!(Parent::parse(&format!("{}-later", PARENT.replacen("00", "01", 1))).is_some());
    }

    #[test]
    fn bad_parents_begin_a_new_trace() {
        let bad = [
            PARENT.to_uppercase(),
            PARENT.replacen("00", "ff", 1),
            PARENT.replace("4bf92f3577b34da6a3ce929d0e0e4736", &"0".repeat(32)),
            PARENT.replace("00f067aa0ba902b7", &"0".repeat(16)),
            format!("{PARENT}-more"),
            "00".to_owned(),
            String::new(),
        ];
        for text in bad {
            assert_eq!(Parent::parse(&text), None, "{text}");
        }
        let two = TraceParent::next(&with(TRACEPARENT, &[PARENT, PARENT]), fixed_id);
        assert_eq!(two.trace_id(), fixed_id().simple().to_string());
    }

    #[test]
    fn request_ids_are_echoed_when_they_are_fit_to_print() {
        let echoed = RequestIds::of(&with(REQUEST_ID, &["job/42"]), fixed_id);
        assert_eq!((echoed.request_id.as_str(), echoed.instance()), ("job/42", format!("urn:uuid:{}", fixed_id())));
        let own = "11111111-2222-4333-8444-555555555555";
        assert_eq!(RequestIds::of(&with(REQUEST_ID, &[own]), fixed_id).instance(), format!("urn:uuid:{own}"));
        for bad in ["", "a b", "ü", &"x".repeat(129)] {
            assert_eq!(RequestIds::of(&with(REQUEST_ID, &[bad]), fixed_id).request_id, fixed_id().to_string(), "{bad}");
        }
        let mut headers = HeaderMap::new();
        echoed.write(&mut headers);
        assert_eq!(headers[REQUEST_ID], "job/42");
        assert!(headers.contains_key(TRACEPARENT));
    }
}
