//! All subscriptions at the provider, a page at a time.

use super::CcpClient;
use super::call::Call;
use super::subscriptions::LONGEST_ANSWER;
use crate::outcome::Failure;
use crate::translate::{self, ProviderSubscription};
use crate::wire;

/// Characters at most of a cursor: it travels in an address.
const CURSOR_CHARS: usize = 2_000;

/// One page of all subscriptions.
#[derive(Debug)]
pub struct SubscriptionPage {
    pub items: Vec<ProviderSubscription>,
    /// Where the next page begins; `None` on the last one.
    pub next: Option<String>,
}

impl CcpClient {
    /// The page that begins at `cursor`, the first one without.
    ///
    /// # Errors
    /// The [`Failure`] that left the question without an answer.
    pub async fn subscription_page(&self, cursor: Option<&str>) -> Result<SubscriptionPage, Failure> {
        let call = Call::read("list_subscriptions", &["v1", "subscriptions"]);
        let call = Call { longest_answer: LONGEST_ANSWER, ..call };
        let call = cursor.into_iter().fold(call, |call, cursor| call.with("cursor", cursor));
        let page = self.perform(&call, read).await.expected()?;
        if page.next.as_deref().is_some_and(|next| Some(next) == cursor || next.len() > CURSOR_CHARS) {
            return Err(Failure::undecodable("a cursor that leads nowhere"));
        }
        Ok(page)
    }
}

fn read(body: Vec<u8>) -> Result<SubscriptionPage, Failure> {
    let page: wire::Page<wire::Subscription> = translate::decode(&body)?;
    let items = page.items.into_iter().map(translate::subscription).collect::<Result<_, _>>()?;
    Ok(SubscriptionPage { items, next: page.next_cursor })
}
