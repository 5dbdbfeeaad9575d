//! The mirror message of an event: the stored bytes as body, CloudEvents 1.0 in the headers.

use async_nats::HeaderMap;
use async_nats::header::{HeaderValue, NATS_EXPECTED_LAST_SEQUENCE, NATS_MESSAGE_ID};
use async_nats::jetstream::message::PublishMessage;
use chrono::SecondsFormat;
use event_log::Recorded;
use event_log::mirror::LOG_ID_HEADER;
use uuid::Uuid;

const SOURCE: &str = "/cloudsales";
const TYPE_PREFIX: &str = "com.cloudsales";

/// The message that the stream accepts at sequence = position only.
pub(super) fn of(event: &Recorded, log_id: Uuid) -> PublishMessage {
    PublishMessage::build().headers(headers(event, log_id)).payload(event.to_body().into())
}

fn headers(event: &Recorded, log_id: Uuid) -> HeaderMap {
    let event_id = event.event_id.to_string();
    let mut headers = HeaderMap::new();
    headers.insert(NATS_EXPECTED_LAST_SEQUENCE, HeaderValue::from(event.position - 1));
    headers.insert(NATS_MESSAGE_ID, event_id.as_str());
    headers.insert(LOG_ID_HEADER, log_id.to_string());
    headers.insert("content-type", "application/json");
    headers.insert("ce-specversion", "1.0");
    headers.insert("ce-source", SOURCE);
    headers.insert("ce-id", event_id);
    headers.insert("ce-time", event.recorded_at.to_rfc3339_opts(SecondsFormat::Micros, true));
    insert(&mut headers, "ce-type", &format!("{TYPE_PREFIX}.{}.{}", event.aggregate_type, event.event_type));
    insert(&mut headers, "ce-subject", &event.aggregate_id);
    if let Some(traceparent) = traceparent(event) {
        insert(&mut headers, "traceparent", &traceparent);
    }
    headers
}

/// The client panics on a line break in a value it is given as text; such a value is left out, the body has it.
fn insert(headers: &mut HeaderMap, name: &str, value: &str) {
    if let Ok(value) = value.parse::<HeaderValue>() {
        headers.insert(name, value);
    }
}

fn traceparent(event: &Recorded) -> Option<String> {
    // Most events carry none, and reading the metadata costs more than looking for the name.
    event.metadata.contains("\"traceparent\"").then(|| event.meta().ok()?.traceparent).flatten()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    fn event(aggregate_id: &str, traceparent: Option<&str>) -> Recorded {
        let mut metadata = serde_json::json!({
            "actor": "a", "role": "operator", "at": "2026-01-02T03:04:05Z", "correlation_id": "c", "causation_id": "c",
        });
        if let Some(traceparent) = traceparent {
            metadata["traceparent"] = traceparent.into();
        }
        let body = serde_json::json!({
            "position": 42, "aggregate_type": "order", "aggregate_id": aggregate_id, "sequence": 1,
            "event_type": "OrderPlaced", "event_version": "1.0", "event_id": Uuid::from_u128(7),
            "command_id": Uuid::from_u128(8), "customer_id": null, "recorded_at": "2026-01-02T03:04:05.000006Z",
            "metadata": metadata, "payload": {"OrderPlaced": {}},
        });
        Recorded::from_body(body.to_string().as_bytes()).unwrap()
    }

    fn header(headers: &HeaderMap, name: &str) -> Option<String> {
        headers.get(name).map(ToString::to_string)
    }

    #[test]
    fn headers_are_a_cloud_event_fenced_by_its_position() {
        let headers = headers(&event("o-1", None), Uuid::from_u128(9));
        let expected = [
            ("Nats-Expected-Last-Sequence", "41"),
            ("Nats-Msg-Id", "00000000-0000-0000-0000-000000000007"),
            ("Cloudsales-Log-Id", "00000000-0000-0000-0000-000000000009"),
            ("content-type", "application/json"),
            ("ce-specversion", "1.0"),
            ("ce-source", "/cloudsales"),
            ("ce-id", "00000000-0000-0000-0000-000000000007"),
            ("ce-type", "com.cloudsales.order.OrderPlaced"),
            ("ce-subject", "o-1"),
            ("ce-time", "2026-01-02T03:04:05.000006Z"),
        ];
        for (name, value) in expected {
            assert_eq!(header(&headers, name).as_deref(), Some(value), "{name}");
        }
        assert_eq!(headers.len(), expected.len());
    }

    #[test]
    fn the_trace_goes_on_when_there_is_one() {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let headers = headers(&event("o-1", Some(trace)), Uuid::nil());
        assert_eq!(header(&headers, "traceparent").as_deref(), Some(trace));
    }

    #[test]
    fn a_line_break_cannot_become_a_header() {
        let headers = headers(&event("o-1\r\nce-type: forged", None), Uuid::nil());
        assert_eq!(header(&headers, "ce-subject"), None);
    }
}
