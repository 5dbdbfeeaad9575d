//! Accounts at the provider.

use reqwest::Method;
use uuid::Uuid;

use super::CcpClient;
use super::call::Call;
use crate::outcome::{Failure, Outcome};
use crate::translate::{self, ProviderAccount};
use crate::wire;

const PATH: &[&str] = &["v1", "accounts"];

impl CcpClient {
    /// Has an account under our `account_id`; the same one if it exists already. `country` is ISO 3166-1 alpha-2.
    pub async fn create_account(
        &self,
        op: Uuid,
        account_id: Uuid,
        name: &str,
        country: &str,
    ) -> Outcome<ProviderAccount> {
        let body = wire::NewAccount { external_ref: account_id, name, country };
        match Call::write("create_account", Method::POST, PATH, op).json(&body) {
            Ok(call) => self.perform(&call, |body| read(&body, account_id)).await.of_a_collection(),
            Err(failure) => Outcome::NotReached(failure),
        }
    }

    /// The account that was created under our `account_id`.
    ///
    /// # Errors
    /// The [`Failure`] that left the question without an answer.
    pub async fn find_account(&self, account_id: Uuid) -> Result<Option<ProviderAccount>, Failure> {
        let call = Call::read("find_account", PATH).with("external_ref", account_id);
        self.perform(&call, |body| read(&body, account_id)).await.found()
    }
}

fn read(body: &[u8], account_id: Uuid) -> Result<ProviderAccount, Failure> {
    translate::account(translate::decode(body)?, account_id)
}
