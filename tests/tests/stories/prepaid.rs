//! Orders that are paid in advance, from the checkout to what is given back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cancelled;
mod given_up;
mod paid;
mod retaxed;
mod tokens;
mod unpaid;
mod waiting;

use reqwest::Method;
use serde_json::{Value, json};
use tests::business_time::DevClock;
use tests::client::{Answer, Client};
use tests::invariants::{self, System};
use tests::story::{self, Cast, cast, new_key};
use tests::world::World;

/// A world with somebody who pays in advance, and the wallet it pays with.
struct Till {
    world: World,
    cast: Cast,
    wallet: Client,
}

impl Till {
    async fn open() -> anyhow::Result<Self> {
        Self::of(World::start().await?)
    }

    async fn open_at(clock: &str) -> anyhow::Result<(Self, DevClock)> {
        let till = Self::of(World::start_at(clock).await?)?;
        let clock = DevClock::new(&till.world.settings.api_url())?;
        Ok((till, clock))
    }

    fn of(world: World) -> anyhow::Result<Self> {
        let gateways = world.settings.gateways.as_ref().unwrap();
        let wallet = Client::new(&gateways.url(), &gateways.wallet_key)?;
        Ok(Self { cast: cast(&world)?, wallet, world })
    }

    /// A direct customer.
    fn buyer(&self) -> &Client {
        &self.cast.other
    }

    fn buyer_id(&self) -> &str {
        &self.world.sample.other_customer_id
    }

    fn wish(&self, lines: &[(&str, u32)]) -> anyhow::Result<Value> {
        self.wish_for(&self.world.sample.other_account_id, lines)
    }

    /// Services by their provider's names.
    fn wish_for(&self, account: &str, lines: &[(&str, u32)]) -> anyhow::Result<Value> {
        let lines = lines.iter().map(|(sku, seats)| Ok((self.world.service(sku)?, *seats)));
        let mut wish = story::order_of(account, &lines.collect::<anyhow::Result<Vec<_>>>()?);
        wish["payment"] = json!("prepaid");
        Ok(wish)
    }

    async fn orders(&self, lines: &[(&str, u32)]) -> anyhow::Result<String> {
        let order = self.buyer().post("/v1/orders", &new_key(), &self.wish(lines)?, 201).await?;
        assert_eq!((&order.body["status"], &order.body["payment"]), (&json!("placed"), &json!("prepaid")));
        order.id()
    }

    /// The customer's checkout; answers the payment.
    async fn checks_out(&self, order: &str) -> anyhow::Result<Answer> {
        checks_out(self.buyer(), order).await
    }

    async fn pays(&self, order: &str) -> anyhow::Result<Answer> {
        let payment = self.checks_out(order).await?;
        self.sees_payment(&payment.id()?, "succeeded").await
    }

    async fn sees_payment(&self, id: &str, status: &str) -> anyhow::Result<Answer> {
        self.buyer().wait_until(&format!("/v1/payments/{id}"), |body| body["status"] == status).await
    }

    async fn sees(&self, order: &str, status: &str) -> anyhow::Result<Value> {
        Ok(self.buyer().wait_until(&path(order), |body| body["status"] == status).await?.body)
    }

    async fn cancels(&self, order: &str) -> anyhow::Result<Answer> {
        story::ask(self.buyer(), Method::PUT, &format!("{}/cancel", path(order)), None, None).await
    }

    /// What the next charges come to.
    async fn will_come_to(&self, outcome: &str, times: u32) -> anyhow::Result<()> {
        let charges = json!({ "method": "POST", "path": "/v1/payment-requests" });
        let script = json!({ "match": charges, "fault": format!("outcome:{outcome}"), "times": times });
        story::expect(story::ask(&self.wallet, Method::POST, "/sim/faults", None, Some(&script)).await?, 200)?;
        Ok(())
    }

    /// Somebody at the wallet ends a charge.
    async fn comes_to(&self, order: &str, status: &str) -> anyhow::Result<()> {
        let asked = self.wallet.get(&format!("/v1/payment-requests?reference={order}")).await?;
        let path = format!("/sim/payment-requests/{}", asked.text_of("payment_request_id")?);
        let edit = json!({ "status": status });
        story::expect(story::ask(&self.wallet, Method::PATCH, &path, None, Some(&edit)).await?, 200)?;
        Ok(())
    }

    /// Money that really moved for an order, as `operation amount`.
    async fn moved(&self, order: &str) -> anyhow::Result<Vec<String>> {
        let ledger = self.wallet.get("/sim/ledger").await?.body;
        let effects = ledger["effects"].as_array().unwrap().iter().filter(|effect| effect["reference"] == order);
        let told = effects.map(|effect| format!("{} {}", text(&effect["operation"]), text(&effect["amount"])));
        Ok(told.collect())
    }

    /// The order's invoice and credit notes, as the operator sees them.
    async fn papers(&self, order: &str) -> anyhow::Result<(Value, Vec<Value>)> {
        let (operator, position) = (&self.cast.operator, story::head(&self.world).await?);
        let invoice = domain::ids::order_invoice(order.parse()?);
        let invoice = operator.get_at(&format!("/v1/invoices/{invoice}"), position).await?.body;
        let mut notes = Vec::new();
        for credit in invoice["credit_notes"].as_array().unwrap() {
            notes.push(operator.get_at(&format!("/v1/credit-notes/{}", text(&credit["id"])), position).await?.body);
        }
        Ok((invoice, notes))
    }

    async fn balance(&self) -> anyhow::Result<Value> {
        let path = format!("/v1/customers/{}/balance", self.buyer_id());
        Ok(self.buyer().get_at(&path, story::head(&self.world).await?).await?.body["balances"].clone())
    }

    /// The names of what happened to something.
    async fn history(&self, aggregate: &str, id: &str) -> anyhow::Result<Vec<String>> {
        let path = format!("/v1/audit/streams/{aggregate}/{id}");
        Ok(story::each(&story::all_pages(&self.cast.auditor, &path, 100).await?, "type"))
    }

    async fn agrees(&self, terms: &Value) -> anyhow::Result<()> {
        let path = format!("/v1/customers/{}/terms", self.buyer_id());
        story::expect(story::ask(&self.cast.operator, Method::PUT, &path, None, Some(terms)).await?, 200)?;
        Ok(())
    }

    async fn holds(&self) -> anyhow::Result<()> {
        let report = invariants::check(&System::of(&self.world, None)).await?;
        assert_eq!(report.violations(), 0, "{}", report.complaints());
        Ok(())
    }
}

async fn checks_out(client: &Client, order: &str) -> anyhow::Result<Answer> {
    story::expect(tries_to_check_out(client, order).await?, 202)
}

async fn tries_to_check_out(client: &Client, order: &str) -> anyhow::Result<Answer> {
    let path = format!("{}/checkout", path(order));
    story::ask(client, Method::POST, &path, Some(&new_key()), None).await
}

fn path(order: &str) -> String {
    format!("/v1/orders/{order}")
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn amount(body: &Value, member: &str) -> String {
    text(&body[member]["amount"])
}

/// Payment, provisioning and invoice of an order.
fn processes(order: &Value) -> [String; 3] {
    ["payment", "provisioning", "invoice"].map(|process| text(&order["processes"][process]["state"]))
}
