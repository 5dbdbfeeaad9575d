//! What one client does all day: customers, accounts, orders, cancellations, mistakes, and looks over the fence.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::caller::Caller;
use super::journal::Received;
use crate::world::description::Site;

/// Between two requests of one client.
const PAUSE: Duration = Duration::from_millis(40);
/// Rounds of work for one customer before the next is registered.
const ROUNDS: u64 = 12;
/// How long to ask for a token in an outage.
const TOKEN_PATIENCE: Duration = Duration::from_secs(90);

/// Requests of each client that are sent once more at the end, spread over all it has made.
const AGAIN: usize = 12;

/// What was asked for under a key, by whom.
pub(super) struct Asked {
    by: Caller,
    method: Method,
    path: String,
    key: String,
    body: Value,
}

/// Orders that anybody placed, newest last, with their tenants.
pub(super) type Placed = Arc<Mutex<Vec<(String, String)>>>;

/// One client.
pub(super) struct Life {
    pub staff: Caller,
    pub site: Site,
    pub services: Vec<String>,
    /// Unique among all clients of all runs on this log.
    pub name: String,
    pub placed: Placed,
    pub stop: CancellationToken,
    pub count: u64,
    pub asked: Vec<Asked>,
}

impl Life {
    /// Works until told to stop; what was begun is brought to its answer.
    pub async fn live(mut self) -> anyhow::Result<()> {
        while !self.stop.is_cancelled() {
            let customer = self.register().await?;
            let own = self.become_customer(&customer).await?;
            let account = self.open_account(&own, &customer).await?;
            for round in 0..ROUNDS {
                if self.stop.is_cancelled() {
                    break;
                }
                self.work(&own, &account, round).await?;
            }
        }
        self.ask_again().await
    }

    /// The answer to a request that is remembered.
    async fn surely(
        &mut self,
        by: &Caller,
        (method, path): (Method, &str),
        key: &str,
        body: Value,
    ) -> anyhow::Result<Received> {
        let (path, key) = (path.to_owned(), key.to_owned());
        let answer = by.surely(method.clone(), &path, &key, body.clone()).await?;
        self.asked.push(Asked { by: by.clone(), method, path, key, body });
        Ok(answer)
    }

    /// Whatever broke since, a key does nothing more and is answered as it was: the journal shows whether that is so.
    async fn ask_again(self) -> anyhow::Result<()> {
        let step = self.asked.len().div_ceil(AGAIN).max(1);
        for Asked { by, method, path, key, body } in self.asked.into_iter().step_by(step) {
            by.surely(method, &path, &key, body).await?;
        }
        Ok(())
    }

    /// A name that nothing else has: whatever is lost or doubled can be seen by it.
    fn next(&mut self, what: &str) -> String {
        self.count += 1;
        format!("{}/{what}/{}", self.name, self.count)
    }

    async fn register(&mut self) -> anyhow::Result<String> {
        let name = self.next("customer");
        let body = json!({
            "name": name, "kind": "direct", "country": "DE", "currency": "EUR",
            "contact": { "name": "Purchasing", "email": "purchasing@load.example" },
        });
        let staff = self.staff.clone();
        id_of(&self.surely(&staff, (Method::POST, "/v1/customers"), &name, body).await?)
    }

    async fn become_customer(&self, customer: &str) -> anyhow::Result<Caller> {
        let deadline = Instant::now() + TOKEN_PATIENCE;
        loop {
            match self.site.token("customer", Some(customer)).await {
                Ok(token) => {
                    let client = self.staff.client.with_token(&token);
                    return Ok(Caller { client, tenant: customer.to_owned(), ..self.staff.clone() });
                }
                Err(error) => ensure!(Instant::now() < deadline, "no token: {error:#}"),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn open_account(&mut self, own: &Caller, customer: &str) -> anyhow::Result<String> {
        let name = self.next("account");
        let body = json!({ "customer_id": customer, "name": name });
        id_of(&self.surely(own, (Method::POST, "/v1/accounts"), &name, body).await?)
    }

    async fn work(&mut self, own: &Caller, account: &str, round: u64) -> anyhow::Result<()> {
        let order = self.order(own, account, round).await?;
        match round % 6 {
            0 => self.cancel(own, &order).await?,
            1 => self.err(own, account).await?,
            2 => self.look_over_the_fence(own).await?,
            3 => drop(self.register().await?),
            4 => {
                // Much later, so that the provider may have it already.
                tokio::time::sleep(PAUSE * 4).await;
                self.cancel(own, &order).await?;
            }
            _ => {}
        }
        tokio::time::sleep(PAUSE).await;
        Ok(())
    }

    async fn order(&mut self, own: &Caller, account: &str, round: u64) -> anyhow::Result<String> {
        let name = self.next("order");
        let lines: Vec<Value> = (0..=round % 2).map(|line| self.line(line)).collect();
        let body = json!({ "account_id": account, "name": name, "lines": lines });
        let answer = self.surely(own, (Method::POST, "/v1/orders"), &name, body.clone()).await?;
        let id = id_of(&answer)?;
        if self.count.is_multiple_of(5) {
            // As after a lost answer: the same key must do nothing more and say the same.
            own.surely(Method::POST, "/v1/orders", &name, body).await?;
        }
        self.placed.lock().unwrap_or_else(PoisonError::into_inner).push((own.tenant.clone(), id.clone()));
        Ok(id)
    }

    fn line(&self, line: u64) -> Value {
        let n = self.count + line;
        let chosen = usize::try_from(n).unwrap_or_default() % self.services.len().max(1);
        json!({ "service_id": self.services[chosen], "quantity": 1 + n * 7 % 30 })
    }

    async fn cancel(&mut self, own: &Caller, order: &str) -> anyhow::Result<()> {
        let key = self.next("cancel");
        let path = format!("/v1/orders/{order}/cancel");
        self.surely(own, (Method::PUT, path.as_str()), &key, Value::Null).await.map(drop)
    }

    /// An order that must be refused.
    async fn err(&mut self, own: &Caller, account: &str) -> anyhow::Result<()> {
        let name = self.next("mistake");
        let nothing = "00000000-0000-7000-8000-000000000000";
        let lines = json!([{ "service_id": nothing, "quantity": 1 }]);
        let body = json!({ "account_id": account, "name": name, "lines": lines });
        let answer = self.surely(own, (Method::POST, "/v1/orders"), &name, body).await?;
        ensure!(!answer.is_success(), "an order of nothing was accepted: {}", answer.body);
        Ok(())
    }

    async fn look_over_the_fence(&self, own: &Caller) -> anyhow::Result<()> {
        let foreign = {
            let placed = self.placed.lock().unwrap_or_else(PoisonError::into_inner);
            placed.iter().rev().find(|(tenant, _)| *tenant != own.tenant).map(|(_, order)| order.clone())
        };
        match foreign {
            Some(order) => own.peek(&format!("/v1/orders/{order}")).await,
            None => Ok(()),
        }
    }
}

fn id_of(answer: &Received) -> anyhow::Result<String> {
    ensure!(answer.is_success(), "refused: {} {}", answer.status, answer.body);
    Ok(answer.body["id"].as_str().with_context(|| format!("no id in {}", answer.body))?.to_owned())
}
