//! Operations: what becomes of a change that the provider has accepted.

use super::check::{agreed, id};
use super::refusal::{REJECTED_BY_PROVIDER, line_reason};
use super::{ProviderOperation, ProviderOperationStatus};
use crate::outcome::Failure;
use crate::wire;

/// The operation's id.
pub fn accepted(wire: wire::Accepted) -> Result<String, Failure> {
    id(wire.operation_id, "operation id")
}

pub fn operation(wire: wire::Operation) -> Result<ProviderOperation, Failure> {
    let operation_id = id(wire.operation_id, "operation id")?;
    let status = match wire.status {
        wire::OperationStatus::Running => ProviderOperationStatus::Running,
        wire::OperationStatus::Succeeded => {
            agreed(wire.effective_on.is_some(), || format!("{operation_id}: a success without its day"))?;
            ProviderOperationStatus::Succeeded { effective_on: wire.effective_on.unwrap_or_default() }
        }
        wire::OperationStatus::Failed => {
            let reason = line_reason(wire.reason.as_deref()).unwrap_or(REJECTED_BY_PROVIDER);
            ProviderOperationStatus::Failed { reason: reason.to_owned() }
        }
    };
    Ok(ProviderOperation { id: operation_id, subscription_id: id(wire.subscription_id, "subscription id")?, status })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::{Value, json};

    use super::*;

    fn read(sent: &Value) -> Result<ProviderOperation, Failure> {
        super::super::decode(sent.to_string().as_bytes()).and_then(operation)
    }

    #[test]
    fn every_status_has_a_word_of_ours() {
        let reason = |reason: &str| ProviderOperationStatus::Failed { reason: reason.to_owned() };
        let succeeded = ProviderOperationStatus::Succeeded { effective_on: "2026-10-05".parse().unwrap() };
        let cases = [
            (json!({"status": "running"}), ProviderOperationStatus::Running),
            (json!({"status": "succeeded", "effective_on": "2026-10-05"}), succeeded),
            (json!({"status": "failed", "reason": "window_closed"}), reason("window-closed")),
            (json!({"status": "failed", "reason": "Mr Smith has not paid"}), reason(REJECTED_BY_PROVIDER)),
            (json!({"status": "failed"}), reason(REJECTED_BY_PROVIDER)),
        ];
        for (mut sent, status) in cases {
            sent["operation_id"] = json!("op-1");
            sent["subscription_id"] = json!("s-1");
            let expected = ProviderOperation { id: "op-1".to_owned(), subscription_id: "s-1".to_owned(), status };
            assert_eq!(read(&sent).unwrap(), expected, "{sent}");
        }
    }

    #[test]
    fn odd_operations_are_undecodable() {
        let cases = [
            json!({"operation_id": "op-1", "subscription_id": "s-1", "status": "succeeded"}),
            json!({"operation_id": "op-1", "subscription_id": "s-1", "status": "dreaming"}),
            json!({"operation_id": "a b", "subscription_id": "s-1", "status": "running"}),
            json!({"operation_id": "op-1", "status": "running"}),
        ];
        for sent in cases {
            assert!(read(&sent).is_err(), "{sent}");
        }
        assert!(super::super::decode(b"{}").and_then(accepted).is_err());
    }
}
