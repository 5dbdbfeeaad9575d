//! The customers and accounts that every new development world begins with. Loading them again changes nothing: every
//! request has a key of its own.

use std::collections::BTreeMap;

use anyhow::Context;
use serde_json::{Value, json};

use super::description::{Sample, Site};
use crate::client::Client;

/// Services of the simulator's catalogue: with fewer the sync is still under way.
const SERVICES: usize = 12;

/// Loads the sample and waits until it can be used: accounts active, catalogue synced.
///
/// # Errors
/// With the request that was not answered as expected.
pub async fn load(site: &Site) -> anyhow::Result<Sample> {
    let operator = Client::new(&site.api, &site.token("operator", None).await?)?;
    let reseller_id = customer(&operator, "nordwind", "Nordwind Systemhaus", "reseller").await?;
    let reseller = operator.with_token(&site.token("reseller", Some(&reseller_id)).await?);
    let customer_id = customer(&reseller, "acker", "Acker Landtechnik", "direct").await?;
    let direct_customer_id = customer(&operator, "monat", "Monat Verlag", "direct").await?;
    let other_customer_id = customer(&operator, "baltic", "Baltic Trading", "direct").await?;
    let account_id = account(&reseller, "acker", &customer_id).await?;
    let other_account_id = account(&operator, "baltic", &other_customer_id).await?;
    let services = services(&operator).await?;
    for account in [&account_id, &other_account_id] {
        let active = |body: &Value| body["status"] == "active";
        operator.wait_until(&format!("/v1/accounts/{account}"), active).await?;
    }
    Ok(Sample {
        reseller_id,
        customer_id,
        account_id,
        direct_customer_id,
        other_customer_id,
        other_account_id,
        services,
    })
}

async fn customer(client: &Client, key: &str, name: &str, kind: &str) -> anyhow::Result<String> {
    let body = json!({
        "name": name, "kind": kind, "country": "DE", "currency": "EUR", "vat_id": "DE123456789",
        "contact": { "name": format!("Purchasing {name}"), "email": format!("purchasing@{key}.example") },
    });
    client.post("/v1/customers", &format!("sample/customer/{key}"), &body, 201).await?.id()
}

async fn account(client: &Client, key: &str, customer_id: &str) -> anyhow::Result<String> {
    let body = json!({ "customer_id": customer_id, "name": "Main" });
    client.post("/v1/accounts", &format!("sample/account/{key}"), &body, 201).await?.id()
}

/// The synced catalogue: ids by SKU.
async fn services(client: &Client) -> anyhow::Result<BTreeMap<String, String>> {
    let synced = |body: &Value| body["data"].as_array().is_some_and(|services| services.len() >= SERVICES);
    let listed = client.wait_until("/v1/services?limit=100", synced).await?;
    let services = listed.body["data"].as_array().context("no list of services")?;
    let pair = |service: &Value| Some((service["sku"].as_str()?.to_owned(), service["id"].as_str()?.to_owned()));
    Ok(services.iter().filter_map(pair).collect())
}
