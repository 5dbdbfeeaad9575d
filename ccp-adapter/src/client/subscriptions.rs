//! Subscriptions at the provider.

use std::collections::BTreeMap;

use super::CcpClient;
use super::call::Call;
use crate::outcome::Failure;
use crate::translate::{self, ProviderSubscription};

/// Bytes at most of an answer: room for 100 000 seats with their keys.
pub(super) const LONGEST_ANSWER: usize = 64 << 20;
/// Bytes at most of a whole list.
const LONGEST_LIST: usize = 512 << 20;

impl CcpClient {
    /// The subscription of this id at the provider.
    ///
    /// # Errors
    /// The [`Failure`] that left the question without an answer.
    pub async fn subscription(&self, id: &str) -> Result<Option<ProviderSubscription>, Failure> {
        if !translate::is_id(id) {
            return Ok(None);
        }
        let path = ["v1", "subscriptions", id];
        let call = Call { longest_answer: LONGEST_ANSWER, ..Call::read("read_subscription", &path) };
        let read = |body: Vec<u8>| translate::subscription(translate::decode(&body)?);
        let found = self.perform(&call, read).await.found()?;
        found.map(|found| about(found.id == id, found)).transpose()
    }

    /// All subscriptions, or those of one of the provider's accounts, by id. One that changed while the pages were
    /// read may come twice: the higher revision is kept.
    ///
    /// # Errors
    /// The [`Failure`] that left the question without an answer; part of a list is none.
    pub async fn subscriptions(&self, provider_account_id: Option<&str>) -> Result<Vec<ProviderSubscription>, Failure> {
        let first = || {
            let call = Call::read("list_subscriptions", &["v1", "subscriptions"]);
            let call = Call { longest_answer: LONGEST_ANSWER, ..call };
            provider_account_id.into_iter().fold(call, |call, account| call.with("account_id", account))
        };
        let mut by_id: BTreeMap<String, ProviderSubscription> = BTreeMap::new();
        for wire in self.all_pages(first, LONGEST_LIST).await? {
            let read = translate::subscription(wire)?;
            let read = about(provider_account_id.is_none_or(|account| account == read.account_id), read)?;
            if by_id.get(&read.id).is_none_or(|known| known.revision < read.revision) {
                by_id.insert(read.id.clone(), read);
            }
        }
        Ok(by_id.into_values().collect())
    }
}

fn about(it: bool, subscription: ProviderSubscription) -> Result<ProviderSubscription, Failure> {
    let other = || Failure::undecodable("the answer is about another subscription or account than was asked");
    if it { Ok(subscription) } else { Err(other()) }
}
