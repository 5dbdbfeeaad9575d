//! What a test sees of the payment gateways and does to them: the ledger of all money that really moved, and trouble.

use anyhow::Context;
use reqwest::Method;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::Value;

use crate::client::Client;
use crate::story::{ask, expect};
use crate::world::World;

/// One movement of money, as the gateway has it on disk.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Movement {
    /// Our payment or refund; the token gateway gives it an id of its own.
    pub key: String,
    pub operation: Operation,
    /// Our invoice or order; the token gateway is not told.
    pub reference: Option<String>,
    /// Whom the token gateway charged, by our small number.
    pub customer_id: Option<i64>,
    pub amount: Decimal,
    pub currency: String,
    /// Whether anybody of us was told.
    pub answer_sent: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    Charge,
    Refund,
}

/// Every movement there ever was, in its order.
#[derive(Clone, Debug, Deserialize)]
pub struct Ledger {
    #[serde(rename = "effects")]
    pub movements: Vec<Movement>,
}

impl Ledger {
    /// What was charged for an invoice or order.
    pub fn charges(&self, reference: &str) -> Vec<&Movement> {
        self.of(Operation::Charge, reference)
    }

    /// What was given back of it.
    pub fn refunds(&self, reference: &str) -> Vec<&Movement> {
        self.of(Operation::Refund, reference)
    }

    /// What the gateway still has of it.
    pub fn standing(&self, reference: &str) -> Decimal {
        let sum = |movements: Vec<&Movement>| movements.iter().map(|movement| movement.amount).sum::<Decimal>();
        sum(self.charges(reference)) - sum(self.refunds(reference))
    }

    /// What was moved under one of our payments or refunds.
    pub fn under(&self, key: &str) -> Vec<&Movement> {
        self.movements.iter().filter(|movement| movement.key == key).collect()
    }

    fn of(&self, operation: Operation, reference: &str) -> Vec<&Movement> {
        let is_meant =
            |movement: &&Movement| movement.operation == operation && movement.reference.as_deref() == Some(reference);
        self.movements.iter().filter(is_meant).collect()
    }
}

/// The ledger as it is now.
///
/// # Errors
/// When the simulator does not answer.
pub async fn ledger(world: &World) -> anyhow::Result<Ledger> {
    let answer = desk(world)?.get("/sim/ledger").await?;
    serde_json::from_value(answer.body).context("the ledger cannot be read")
}

/// Has something go wrong with payments, like `{"fault": "outcome:expired", "match": {"path": "/v1/payment-requests"}}`.
///
/// # Errors
/// When the simulator does not take the script.
pub async fn payments_go_wrong(world: &World, script: &Value) -> anyhow::Result<()> {
    expect(ask(&desk(world)?, Method::POST, "/sim/faults", None, Some(script)).await?, 200)?;
    Ok(())
}

/// Ends everything that goes wrong with payments; what is on its way goes on.
///
/// # Errors
/// When the simulator does not answer.
pub async fn payments_heal(world: &World) -> anyhow::Result<()> {
    expect(ask(&desk(world)?, Method::DELETE, "/sim/faults", None, None).await?, 204)?;
    Ok(())
}

/// Somebody in the wallet's console ends a charge, whatever it has come to before: `succeeded`, `failed`, `expired`.
///
/// # Errors
/// When nothing was ever asked under that payment's id.
pub async fn wallet_ends(world: &World, reference: &str, status: &str) -> anyhow::Result<()> {
    let gateways = world.settings.gateways.as_ref().context("this world has no payment gateways")?;
    let wallet = Client::new(&gateways.url(), &gateways.wallet_key)?;
    let found = wallet.get(&format!("/v1/payment-requests?reference={reference}")).await?;
    let path = format!("/sim/payment-requests/{}", found.text_of("payment_request_id")?);
    let body = serde_json::json!({ "status": status });
    expect(ask(&wallet, Method::PATCH, &path, None, Some(&body)).await?, 200)?;
    Ok(())
}

/// A client of the simulator's control calls.
///
/// # Errors
/// When this world has none.
pub fn desk(world: &World) -> anyhow::Result<Client> {
    let gateways = world.settings.gateways.as_ref().context("this world has no payment gateways")?;
    Client::new(&gateways.url(), "")
}
