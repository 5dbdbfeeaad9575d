//! Changes of subscriptions at the provider, and what becomes of them.

use chrono::NaiveDate;
use reqwest::Method;
use uuid::Uuid;

use super::CcpClient;
use super::call::Call;
use crate::outcome::{Failure, Outcome, RefusedBy};
use crate::translate::{self, ProviderOperation};
use crate::wire;

/// What a subscription is asked to become.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangeAtProvider {
    /// To that many seats; of those that go, the named ones first and then the newest.
    Quantity {
        quantity: u32,
        remove_seats: Vec<String>,
    },
    Cancel,
    /// `ends_on` is the first day after the term.
    Extend {
        ends_on: NaiveDate,
    },
    Suspend,
    Resume,
    /// What is to happen at the end of the term; `None` follows the quantity of that day.
    Renewal {
        auto_renew: bool,
        quantity: Option<u32>,
    },
}

impl ChangeAtProvider {
    /// The name it is counted under, the method, and the last part of the path.
    const fn call(&self) -> (&'static str, Method, Option<&'static str>) {
        match self {
            Self::Quantity { .. } => ("change_quantity", Method::PATCH, None),
            Self::Cancel => ("cancel_subscription", Method::POST, Some("cancel")),
            Self::Extend { .. } => ("extend_subscription", Method::POST, Some("extend")),
            Self::Suspend => ("suspend_subscription", Method::POST, Some("suspend")),
            Self::Resume => ("resume_subscription", Method::POST, Some("resume")),
            Self::Renewal { .. } => ("set_renewal", Method::PUT, Some("renewal")),
        }
    }

    fn body(&self) -> Option<wire::Change<'_>> {
        match self {
            Self::Quantity { quantity, remove_seats } => {
                Some(wire::Change::Quantity { quantity: *quantity, remove_seats: remove_seats.as_slice() })
            }
            Self::Extend { ends_on } => Some(wire::Change::Extension { ends_on: *ends_on }),
            Self::Renewal { auto_renew, quantity } => {
                Some(wire::Change::Renewal { auto_renew: *auto_renew, quantity: *quantity })
            }
            Self::Cancel | Self::Suspend | Self::Resume => None,
        }
    }
}

impl CcpClient {
    /// Asks for a change. Done means accepted, and names the operation: what becomes of it is read later.
    pub async fn change_subscription(&self, op: Uuid, id: &str, change: &ChangeAtProvider) -> Outcome<String> {
        if !translate::is_id(id) {
            return Outcome::Refused(RefusedBy::not_found());
        }
        let (name, method, last) = change.call();
        let path: Vec<&str> = ["v1", "subscriptions", id].into_iter().chain(last).collect();
        let call = Call::write(name, method, &path, op);
        let call = match change.body() {
            Some(body) => call.json(&body),
            None => Ok(call),
        };
        match call {
            Ok(call) => self.perform(&call, |body| translate::accepted(translate::decode(&body)?)).await,
            Err(failure) => Outcome::NotReached(failure),
        }
    }

    /// The operation of this id at the provider.
    ///
    /// # Errors
    /// The [`Failure`] that left the question without an answer.
    pub async fn operation(&self, id: &str) -> Result<Option<ProviderOperation>, Failure> {
        if !translate::is_id(id) {
            return Ok(None);
        }
        let path = ["v1", "operations", id];
        let read = |body: Vec<u8>| translate::operation(translate::decode(&body)?);
        let found = self.perform(&Call::read("read_operation", &path), read).await.found()?;
        found.map(|found| about(found.id == id, found)).transpose()
    }
}

fn about(it: bool, operation: ProviderOperation) -> Result<ProviderOperation, Failure> {
    if it { Ok(operation) } else { Err(Failure::undecodable("the answer is about another operation than was asked")) }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn bodies_are_as_agreed() {
        let seats = vec!["seat-2".to_owned()];
        let ends_on = "2027-01-31".parse().unwrap();
        let cases = [
            (ChangeAtProvider::Quantity { quantity: 7, remove_seats: Vec::new() }, json!({"quantity": 7})),
            (
                ChangeAtProvider::Quantity { quantity: 1, remove_seats: seats },
                json!({"quantity": 1, "remove_seats": ["seat-2"]}),
            ),
            (ChangeAtProvider::Extend { ends_on }, json!({"ends_on": "2027-01-31"})),
            (ChangeAtProvider::Renewal { auto_renew: false, quantity: None }, json!({"auto_renew": false})),
            (
                ChangeAtProvider::Renewal { auto_renew: true, quantity: Some(3) },
                json!({"auto_renew": true, "quantity": 3}),
            ),
            (ChangeAtProvider::Cancel, Value::Null),
            (ChangeAtProvider::Suspend, Value::Null),
            (ChangeAtProvider::Resume, Value::Null),
        ];
        for (change, expected) in cases {
            assert_eq!(serde_json::to_value(change.body()).unwrap(), expected, "{change:?}");
        }
    }
}
