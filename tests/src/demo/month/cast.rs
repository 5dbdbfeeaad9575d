//! Who is in the worked month: the seller with its catalogue and rules, a direct customer, resellers with theirs.

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use super::{Pair, client_of};
use crate::business_time::DevClock;
use crate::client::Client;
use crate::story;
use crate::world::description::Site;
use crate::world::{random_bytes, random_hex};

/// Somebody with a token and, unless it only sells, an account.
#[derive(Debug, Clone)]
pub struct Customer {
    pub id: String,
    pub name: String,
    pub client: Client,
    pub account_id: String,
}

/// How a reseller and its end customer do business.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Variant {
    /// The end customer is billed; its reseller earns what is above the reseller price.
    Difference,
    /// The same, with twelve percent for the reseller.
    Percent,
    /// The reseller is billed.
    Resale,
    /// The end customer is billed, and is Dutch.
    Dutch,
}

/// Whose price rules make the month's prices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rules {
    /// The seller's for everybody and for a service, as the page has them: in a world of its own.
    OfSeller,
    /// The same for the month's customers only: in any world.
    OfCustomers,
}

/// The seller's side: its clients and what it sells.
#[derive(Debug, Clone)]
pub struct Seller {
    site: Site,
    pub operator: Client,
    provider: Client,
    pub office: String,
    pub archive: String,
    pub guard: String,
}

impl Seller {
    /// Finds the services, and sees to it that they cost what they cost when the month begins.
    pub(super) async fn of(site: &Site, clock: &DevClock) -> anyhow::Result<Self> {
        let operator = client_of(site, "operator", None).await?;
        let provider = Client::new(&site.ccp_sim, "")?;
        clock.advance("P0D").await?;
        let mut seller = Self {
            site: site.clone(),
            operator,
            provider,
            office: String::new(),
            archive: String::new(),
            guard: String::new(),
        };
        seller.office_costs("14.00", clock).await?;
        let listed = seller.operator.get("/v1/services?limit=100").await?;
        let services = story::data(&listed);
        let id = |sku: &str| {
            let found = services.iter().find(|service| service["sku"] == sku);
            found.and_then(|service| service["id"].as_str()).map(str::to_owned).with_context(|| format!("no {sku}"))
        };
        (seller.office, seller.archive, seller.guard) =
            (id("office-business")?, id("archive-storage")?, id("mail-guard")?);
        Ok(seller)
    }

    /// Lets Office Business cost this much at the provider, and waits until everybody has heard of it.
    pub(super) async fn office_costs(&self, amount: &str, clock: &DevClock) -> anyhow::Result<()> {
        let body = json!({ "sku": "office-business", "unit_cost": { "amount": amount, "currency": "EUR" } });
        let answer = story::ask(&self.provider, Method::POST, "/sim/catalogue", None, Some(&body)).await?;
        story::expect(answer, 200)?;
        clock.advance("P0D").await?;
        Ok(())
    }

    /// Of the next order.
    pub(super) async fn provider_rejects_second_line(&self) -> anyhow::Result<()> {
        let orders = json!({ "method": "POST", "path": "/v1/orders" });
        let body = json!({ "match": orders, "fault": "reject_line", "seed": 1 });
        let answer = story::ask(&self.provider, Method::POST, "/sim/faults", None, Some(&body)).await?;
        story::expect(answer, 200).map(drop)
    }

    pub(super) async fn registers_direct(&self, rules: Rules) -> anyhow::Result<Customer> {
        let monat = self.registers("Monat Verlag", "direct", "DE811569869", None).await?;
        let mut everybody = json!({ "kind": "markup_on_cost", "percent": "25" });
        let mut guard = json!({ "kind": "margin", "percent": "15", "service_id": self.guard });
        if rules == Rules::OfCustomers {
            everybody["customer_id"] = json!(monat.id);
            guard["customer_id"] = json!(monat.id);
        }
        sets(&self.operator, &everybody).await?;
        sets(&self.operator, &guard).await?;
        self.has_account(monat).await
    }

    pub(super) async fn registers_pair(&self, variant: Variant) -> anyhow::Result<Pair> {
        let reseller = self.registers("Nordwind Systemhaus", "reseller", "DE136695976", None).await?;
        if variant == Variant::Percent {
            self.agrees(&reseller, json!({ "commission": { "scheme": "percent", "percent": "12" } })).await?;
        }
        let mut prices = json!({ "kind": "markup_on_cost", "percent": "15" });
        prices["customer_id"] = json!(reseller.id);
        sets(&self.operator, &prices).await?;
        let vat_id = if variant == Variant::Dutch { "NL123456789B01" } else { "DE129273398" };
        let customer = self.registers("Acker Landtechnik", "direct", vat_id, Some(&reseller.id)).await?;
        if variant == Variant::Resale {
            self.agrees(&customer, json!({ "bill_to": "reseller" })).await?;
        }
        let own = json!({ "kind": "discount_on_list", "percent": "5", "customer_id": customer.id });
        sets(&reseller.client, &own).await?;
        let customer = self.has_account(customer).await?;
        Ok(Pair { variant, reseller, customer, subscription: String::new() })
    }

    /// A business with an address, under a name of its own.
    async fn registers(
        &self,
        name: &str,
        kind: &str,
        vat_id: &str,
        reseller_id: Option<&str>,
    ) -> anyhow::Result<Customer> {
        let (country, name) = (&vat_id[..2], format!("{name} {}", random_hex(3)));
        let mut body = json!({
            "name": name, "kind": kind, "country": country, "currency": "EUR", "vat_id": vat_id,
            "legal_name": format!("{name} GmbH"),
            "contact": { "name": "Rita Rechnung", "email": "invoices@month.example" },
            "address": { "street": "Am Markt 7", "city": "Lübeck", "postal_code": "23552", "country": country },
        });
        if let Some(reseller_id) = reseller_id {
            body["reseller_id"] = reseller_id.into();
        }
        let id = self.operator.post("/v1/customers", &story::new_key(), &body, 201).await?.id()?;
        let role = if kind == "reseller" { "reseller" } else { "customer" };
        let client = client_of(&self.site, role, Some(&id)).await?;
        Ok(Customer { id, name, client, account_id: String::new() })
    }

    async fn has_account(&self, customer: Customer) -> anyhow::Result<Customer> {
        let account_id = story::opens_active_account(&self.operator, &customer.id).await?;
        Ok(Customer { account_id, ..customer })
    }

    /// Terms of thirty days without discount, and what differs from that.
    async fn agrees(&self, customer: &Customer, mut terms: Value) -> anyhow::Result<()> {
        terms["currency"] = json!("EUR");
        let path = format!("/v1/customers/{}/terms", customer.id);
        story::expect(story::ask(&self.operator, Method::PUT, &path, None, Some(&terms)).await?, 200)?;
        Ok(())
    }
}

/// A price rule under an id of its author's.
async fn sets(author: &Client, rule: &Value) -> anyhow::Result<()> {
    let bytes: [u8; 16] = random_bytes(16).try_into().ok().context("not sixteen bytes")?;
    let id = uuid::Builder::from_random_bytes(bytes).into_uuid();
    let answer = story::ask(author, Method::PUT, &format!("/v1/price-rules/{id}"), None, Some(rule)).await?;
    ensure!(answer.status == 201, "the rule {rule} was refused: {}", answer.text);
    Ok(())
}
