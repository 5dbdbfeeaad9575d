//! The customers and accounts that commands are about.

use std::sync::Arc;

use anyhow::Context as _;
use chrono::{DateTime, Utc};
use commands::account::OpenAccount;
use commands::customer::RegisterCustomer;
use commands::{Bus, Command, Context, Key, Trace};
use domain::customer::{ContactDetails, CustomerKind, Terms};
use domain::{Actor, Currency, Role};
use futures::{StreamExt, TryStreamExt};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::random::{Random, new_id};

/// Customers the accounts belong to, in turns.
const CUSTOMERS: usize = 100;
/// Commands under way while the fleet is made.
const AT_ONCE: usize = 256;
/// Characters of a name that make the payload of the two events about 350 bytes.
const NAME_OPENED: usize = 190;
const NAME_CHANGED: usize = 305;

/// An account, and who may change it.
#[derive(Debug, Clone, Copy)]
pub struct Owned {
    pub account_id: Uuid,
    pub customer_id: Uuid,
}

/// Made once per log, shared by all workers.
#[derive(Debug)]
pub struct Fleet {
    pub accounts: Vec<Owned>,
}

impl Fleet {
    /// Registers the customers and opens `count` accounts.
    ///
    /// # Errors
    /// When a command is rejected.
    pub async fn register(bus: &Bus, count: usize) -> anyhow::Result<Arc<Self>> {
        let customers: Vec<Uuid> = (0..CUSTOMERS).map(|_| new_id()).collect();
        for customer_id in &customers {
            let command = RegisterCustomer { details: customer(*customer_id) };
            bus.execute(&context(staff()), &command).await.context("a customer is rejected")?;
        }
        let owners = customers.iter().cycle().take(count).copied();
        let accounts = futures::stream::iter(owners).map(|owner| async move {
            let (account_id, mut random) = (new_id(), Random::default());
            open(bus, Owned { account_id, customer_id: owner }, &mut random).await
        });
        let accounts = accounts.buffer_unordered(AT_ONCE).try_collect().await?;
        Ok(Arc::new(Self { accounts }))
    }

    pub fn any(&self, random: &mut Random) -> Owned {
        self.accounts[random.below(self.accounts.len())]
    }
}

/// Opens an account: reads the customer's stream, begins a new one.
async fn open(bus: &Bus, account: Owned, random: &mut Random) -> anyhow::Result<Owned> {
    let Owned { account_id, customer_id } = account;
    let command = OpenAccount { account_id, customer_id, name: random.name(NAME_OPENED), contact: None };
    execute(bus, customer_id, &command).await?;
    Ok(account)
}

/// One command of a customer: one in five opens an account, the others change one of the fleet's.
///
/// # Errors
/// When it is rejected.
pub async fn command(bus: &Bus, fleet: &Fleet, random: &mut Random) -> anyhow::Result<i64> {
    let Owned { account_id, customer_id } = fleet.any(random);
    if random.fifth() {
        let name = random.name(NAME_OPENED);
        let command = OpenAccount { account_id: new_id(), customer_id, name, contact: None };
        return execute(bus, customer_id, &command).await;
    }
    change(bus, Owned { account_id, customer_id }, random).await
}

/// Changes an account's name. The position of the event.
///
/// # Errors
/// When it is rejected.
pub async fn change(bus: &Bus, account: Owned, random: &mut Random) -> anyhow::Result<i64> {
    let Owned { account_id, customer_id } = account;
    let name = random.name(NAME_CHANGED);
    let command = commands::account::ChangeAccount { account_id, name, contact: None };
    execute(bus, customer_id, &command).await
}

/// Executes as that customer, under a new key; the position of the last event.
async fn execute<C: Command>(bus: &Bus, customer_id: Uuid, command: &C) -> anyhow::Result<i64> {
    let receipt = bus.execute(&context(buyer(customer_id)), command).await.context("a command is rejected")?;
    anyhow::ensure!(!receipt.replayed, "a new key was answered with an old outcome");
    Ok(receipt.last_position)
}

/// What an HTTP request would bring along.
fn context(actor: Actor) -> Context {
    let request = new_id().to_string();
    let fingerprint = Sha256::digest(request.as_bytes()).to_vec();
    let key = Key { tenant: commands::context::tenant(&actor), key: request.clone(), fingerprint };
    let trace = Trace { correlation_id: request.clone(), causation_id: request, traceparent: None };
    Context { actor, at: now(), key, if_match: None, trace }
}

pub fn buyer(customer_id: Uuid) -> Actor {
    Actor { subject: "buyer@customer.example".to_owned(), role: Role::Customer, customer_id: Some(customer_id) }
}

fn staff() -> Actor {
    Actor { subject: "operator@seller.example".to_owned(), role: Role::Operator, customer_id: None }
}

#[expect(clippy::disallowed_methods, reason = "a load generator stands where the wiring does")]
pub fn now() -> DateTime<Utc> {
    Utc::now()
}

/// The name a peer's commands carry, so that payloads are as large as ours.
pub fn peer_name(opens: bool, random: &mut Random) -> String {
    random.name(if opens { NAME_OPENED } else { NAME_CHANGED })
}

fn customer(customer_id: Uuid) -> domain::customer::RegisterCustomer {
    domain::customer::RegisterCustomer {
        customer_id,
        name: "Measured Ltd".to_owned(),
        kind: CustomerKind::Direct,
        reseller: None,
        seller_entity: "seller".to_owned(),
        country: "DE".to_owned(),
        legal_name: None,
        vat_id: None,
        electronic_address: None,
        buyer_reference: None,
        contact: ContactDetails { name: "Buyer".to_owned(), email: "buyer@customer.example".to_owned(), phone: None },
        address: None,
        terms: Terms::standard(Currency::EUR),
    }
}
