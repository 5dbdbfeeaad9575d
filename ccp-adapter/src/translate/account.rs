//! Accounts.

use uuid::Uuid;

use super::ProviderAccount;
use super::check::{agreed, id, our_ref};
use crate::outcome::Failure;
use crate::wire;

/// `account_id` is ours, of the account that was asked about.
pub fn account(wire: wire::Account, account_id: Uuid) -> Result<ProviderAccount, Failure> {
    let external_ref = wire.external_ref;
    let about_it = external_ref.is_none() || our_ref(external_ref.as_deref()) == Some(account_id);
    agreed(about_it, || "the answer is about another account than was asked".to_owned())?;
    Ok(ProviderAccount { id: id(wire.account_id, "account id")? })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::json;

    use super::*;

    #[test]
    fn an_account_is_the_one_asked_about() {
        let ours = Uuid::from_u128(7);
        let cases = [
            (json!({"account_id": "acc-1"}), Some("acc-1")),
            (json!({"account_id": "acc-1", "external_ref": null, "name": "Acme"}), Some("acc-1")),
            (json!({"account_id": "acc-1", "external_ref": ours}), Some("acc-1")),
            (json!({"account_id": "acc-1", "external_ref": Uuid::from_u128(8)}), None),
            (json!({"account_id": "acc-1", "external_ref": "somebody's"}), None),
            (json!({"account_id": ""}), None),
            (json!({"account_id": ".."}), None),
        ];
        for (sent, expected) in cases {
            let read = account(serde_json::from_value(sent.clone()).unwrap(), ours);
            assert_eq!(read.ok().map(|account| account.id).as_deref(), expected, "{sent}");
        }
    }
}
