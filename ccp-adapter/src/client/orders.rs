//! Orders at the provider.

use reqwest::Method;
use uuid::Uuid;

use super::CcpClient;
use super::call::Call;
use crate::outcome::{Failure, Outcome, RefusedBy};
use crate::translate::{self, ProviderOrder};
use crate::wire;

const PATH: &[&str] = &["v1", "orders"];

/// An order as the provider gets it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderAtProvider {
    /// Ours.
    pub order_id: Uuid,
    /// The provider's id of the account.
    pub provider_account_id: String,
    /// Line number counted from 1, SKU, seats.
    pub lines: Vec<(u32, String, u32)>,
}

impl CcpClient {
    /// Places the order. Done means accepted: what becomes of its lines is read later.
    pub async fn place_order(&self, op: Uuid, order: &OrderAtProvider) -> Outcome<ProviderOrder> {
        let numbers: Vec<u32> = order.lines.iter().map(|(line, ..)| *line).collect();
        let read = |body: Vec<u8>| translate::accepted_order(translate::decode(&body)?, order.order_id, &numbers);
        match Call::write("place_order", Method::POST, PATH, op).json(&wire_order(order)) {
            Ok(call) => self.perform(&call, read).await.of_a_collection(),
            Err(failure) => Outcome::NotReached(failure),
        }
    }

    /// The order that was placed under our `order_id`.
    ///
    /// # Errors
    /// The [`Failure`] that left the question without an answer.
    pub async fn find_order(&self, order_id: Uuid) -> Result<Option<ProviderOrder>, Failure> {
        let call = Call::read("find_order", PATH).with("external_ref", order_id);
        let found = self.perform(&call, |body| read(&body)).await.found()?;
        found.map(|order| about(order.external_ref.is_none_or(|its| its == order_id), order)).transpose()
    }

    /// The order of this id at the provider.
    ///
    /// # Errors
    /// The [`Failure`] that left the question without an answer.
    pub async fn order(&self, provider_order_id: &str) -> Result<Option<ProviderOrder>, Failure> {
        if !translate::is_id(provider_order_id) {
            return Ok(None);
        }
        let path = ["v1", "orders", provider_order_id];
        let found = self.perform(&Call::read("read_order", &path), |body| read(&body)).await.found()?;
        found.map(|order| about(order.id == provider_order_id, order)).transpose()
    }

    /// Asks the provider to cancel what it has not yet provisioned. Done means it will; the lines are read later.
    pub async fn cancel_order(&self, op: Uuid, provider_order_id: &str) -> Outcome<()> {
        if !translate::is_id(provider_order_id) {
            return Outcome::Refused(RefusedBy::not_found());
        }
        let path = ["v1", "orders", provider_order_id, "cancel"];
        self.perform(&Call::write("cancel_order", Method::POST, &path, op), |_| Ok(())).await
    }
}

fn wire_order(order: &OrderAtProvider) -> wire::NewOrder<'_> {
    let lines = order
        .lines
        .iter()
        .map(|(line, sku, quantity)| wire::NewLine { line_ref: *line, sku, quantity: *quantity })
        .collect();
    wire::NewOrder { external_ref: order.order_id, account_id: &order.provider_account_id, lines }
}

fn read(body: &[u8]) -> Result<ProviderOrder, Failure> {
    translate::order(translate::decode(body)?)
}

fn about(it: bool, order: ProviderOrder) -> Result<ProviderOrder, Failure> {
    if it { Ok(order) } else { Err(Failure::undecodable("the answer is about another order than was asked")) }
}
