//! Orders and what became of their lines.

use std::collections::HashSet;

use uuid::Uuid;

use super::check::{agreed, id, our_ref};
use super::refusal::{CANCELLED_BY_PROVIDER, REJECTED_BY_PROVIDER, line_reason};
use super::{ProviderLineStatus, ProviderOrder, ProviderOrderLine, ProviderOrderStatus};
use crate::outcome::Failure;
use crate::wire;

/// An order that was read.
pub fn order(wire: wire::Order) -> Result<ProviderOrder, Failure> {
    let lines = wire.lines.ok_or_else(|| Failure::undecodable("an order without lines"))?;
    let lines = lines.into_iter().map(line).collect::<Result<Vec<_>, _>>()?;
    let mut seen = HashSet::new();
    agreed(lines.iter().all(|line| seen.insert(line.line)), || "an order with one line twice".to_owned())?;
    Ok(ProviderOrder {
        id: id(wire.order_id, "order id")?,
        external_ref: our_ref(wire.external_ref.as_deref()),
        status: status(wire.status),
        lines,
    })
}

/// The answer to a new order, which may not name its lines yet: then all of `asked` are pending.
pub fn accepted_order(mut wire: wire::Order, order_id: Uuid, asked: &[u32]) -> Result<ProviderOrder, Failure> {
    let external_ref = our_ref(wire.external_ref.as_deref());
    let about_it = wire.external_ref.is_none() || external_ref == Some(order_id);
    agreed(about_it, || "the answer is about another order than was sent".to_owned())?;
    let pending = |line_ref: &u32| wire::OrderLine {
        line_ref: *line_ref,
        status: wire::LineStatus::Pending,
        subscription_id: None,
        reason: None,
    };
    wire.lines.get_or_insert_with(|| asked.iter().map(pending).collect());
    Ok(ProviderOrder { external_ref: Some(order_id), ..order(wire)? })
}

fn status(wire: wire::OrderStatus) -> ProviderOrderStatus {
    match wire {
        wire::OrderStatus::Accepted => ProviderOrderStatus::Accepted,
        wire::OrderStatus::Completed => ProviderOrderStatus::Completed,
        wire::OrderStatus::Partial => ProviderOrderStatus::Partial,
        wire::OrderStatus::Rejected => ProviderOrderStatus::Rejected,
        wire::OrderStatus::Cancelled => ProviderOrderStatus::Cancelled,
    }
}

fn line(wire: wire::OrderLine) -> Result<ProviderOrderLine, Failure> {
    agreed(wire.line_ref >= 1, || "an order line without a number".to_owned())?;
    Ok(ProviderOrderLine { line: wire.line_ref, status: line_status(wire)? })
}

fn line_status(wire: wire::OrderLine) -> Result<ProviderLineStatus, Failure> {
    let reason = |otherwise: &str| line_reason(wire.reason.as_deref()).unwrap_or(otherwise).to_owned();
    Ok(match wire.status {
        wire::LineStatus::Pending => ProviderLineStatus::Pending,
        wire::LineStatus::Provisioned => ProviderLineStatus::Provisioned {
            subscription_id: id(wire.subscription_id.unwrap_or_default(), "subscription id of a provisioned line")?,
        },
        wire::LineStatus::Rejected => ProviderLineStatus::Rejected { reason: reason(REJECTED_BY_PROVIDER) },
        wire::LineStatus::Cancelled => ProviderLineStatus::Cancelled { reason: reason(CANCELLED_BY_PROVIDER) },
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::{Value, json};

    use super::*;

    const OURS: Uuid = Uuid::from_u128(7);

    fn wire(sent: &Value) -> Result<wire::Order, Failure> {
        super::super::decode(sent.to_string().as_bytes())
    }

    fn read_line(line: Value) -> Result<ProviderLineStatus, Failure> {
        let read = order(wire(&json!({"order_id": "o-1", "status": "accepted", "lines": [line]}))?)?;
        assert_eq!(read.lines[0].line, 2);
        Ok(read.lines[0].status.clone())
    }

    #[test]
    fn every_status_has_a_word_of_ours() {
        let cases = [
            ("accepted", ProviderOrderStatus::Accepted, false),
            ("completed", ProviderOrderStatus::Completed, true),
            ("partial", ProviderOrderStatus::Partial, true),
            ("rejected", ProviderOrderStatus::Rejected, true),
            ("cancelled", ProviderOrderStatus::Cancelled, true),
        ];
        for (sent, status, is_final) in cases {
            let sent = json!({"order_id": "o-1", "external_ref": OURS, "status": sent, "lines": []});
            let read = order(wire(&sent).unwrap()).unwrap();
            assert_eq!((read.status, read.status.is_final()), (status, is_final));
            assert_eq!((read.id.as_str(), read.external_ref), ("o-1", Some(OURS)));
        }
    }

    #[test]
    fn every_line_status_has_a_word_of_ours() {
        let text = str::to_owned;
        let cases = [
            (json!({"line_ref": 2, "status": "pending"}), ProviderLineStatus::Pending),
            (
                json!({"line_ref": 2, "status": "provisioned", "subscription_id": "s-1", "reason": null}),
                ProviderLineStatus::Provisioned { subscription_id: text("s-1") },
            ),
            (
                json!({"line_ref": 2, "status": "rejected", "reason": "unknown_sku"}),
                ProviderLineStatus::Rejected { reason: text("unknown-service") },
            ),
            (
                json!({"line_ref": 2, "status": "rejected", "reason": "Mr Smith has not paid"}),
                ProviderLineStatus::Rejected { reason: text(REJECTED_BY_PROVIDER) },
            ),
            (
                json!({"line_ref": 2, "status": "cancelled"}),
                ProviderLineStatus::Cancelled { reason: text(CANCELLED_BY_PROVIDER) },
            ),
        ];
        for (sent, expected) in cases {
            assert_eq!(read_line(sent.clone()), Ok(expected), "{sent}");
        }
    }

    #[test]
    fn odd_orders_are_undecodable() {
        let line = json!({"line_ref": 1, "status": "pending"});
        let cases = [
            json!({"order_id": "o-1", "status": "accepted"}),
            json!({"order_id": "o-1", "status": "dreaming", "lines": []}),
            json!({"order_id": "", "status": "accepted", "lines": []}),
            json!({"order_id": "o-1", "status": "accepted", "lines": [line, line]}),
            json!({"order_id": "o-1", "status": "accepted", "lines": [{"line_ref": 0, "status": "pending"}]}),
            json!({"order_id": "o-1", "status": "accepted", "lines": [{"line_ref": -1, "status": "pending"}]}),
            json!({"order_id": "o-1", "status": "completed", "lines": [{"line_ref": 1, "status": "provisioned"}]}),
            json!({"order_id": "o-1", "status": "accepted", "lines": [{"line_ref": 1, "status": "lost"}]}),
        ];
        for sent in cases {
            assert!(wire(&sent).and_then(order).is_err(), "{sent}");
        }
    }

    #[test]
    fn an_order_of_somebody_else_has_no_id_of_ours() {
        for foreign in [json!(null), json!("4711")] {
            let sent = json!({"order_id": "o-1", "external_ref": foreign, "status": "accepted", "lines": []});
            assert_eq!(order(wire(&sent).unwrap()).unwrap().external_ref, None);
        }
    }

    #[test]
    fn a_new_order_has_all_its_lines_pending() {
        let sent = json!({"order_id": "o-1", "status": "accepted"});
        let read = accepted_order(wire(&sent).unwrap(), OURS, &[1, 2]).unwrap();
        let pending = |line| ProviderOrderLine { line, status: ProviderLineStatus::Pending };
        assert_eq!((read.external_ref, read.lines), (Some(OURS), vec![pending(1), pending(2)]));
        let foreign = json!({"order_id": "o-1", "external_ref": Uuid::from_u128(8), "status": "accepted"});
        assert!(accepted_order(wire(&foreign).unwrap(), OURS, &[1]).is_err());
    }
}
