//! Paying in advance: what is charged before the order goes out, and what comes back of it.

use anyhow::{Context, ensure};
use serde_json::{Value, json};

use super::{Month, amount, text};
use crate::story;

impl Month {
    /// The month, and on its fifth day an order that is paid in advance; answers that order's id.
    ///
    /// # Errors
    /// With the step that did not come out as told.
    pub async fn lives_and_pays_in_advance(&mut self) -> anyhow::Result<String> {
        let office = self.begins().await?;
        let order = self.pays_in_advance().await?;
        self.goes_on(&office).await?;
        Ok(order)
    }

    /// Monat pays 4 Office Business and 2 Archive Storage, and the provider does not have the storage.
    async fn pays_in_advance(&self) -> anyhow::Result<String> {
        self.on(5).await?;
        self.seller.provider_rejects_second_line().await?;
        let (client, seller) = (&self.monat.client, &self.seller);
        let mut wish = story::order_of(&self.monat.account_id, &[(&seller.office, 4), (&seller.archive, 2)]);
        wish["payment"] = json!("prepaid");
        let order = client.post("/v1/orders", &story::new_key(), &wish, 201).await?;
        let (net, total) = (amount(&order.body["net"])?, amount(&order.body["total"])?);
        self.say(&format!(
            "Monat orders 4 Office Business and 2 Archive Storage, prepaid: {net} net, {total} with tax"
        ))
        .await?;
        let path = format!("/v1/orders/{}/checkout", order.id()?);
        let payment = client.post(&path, &story::new_key(), &json!({}), 202).await?;
        self.settles().await?;
        let payment = client.get(&format!("/v1/payments/{}", payment.id()?)).await?.body;
        let invoice = self.order_invoice(&order.id()?).await?;
        self.say(&format!("checkout charges {}: {}, paid", amount(&payment["amount"])?, text(&invoice, "number")?))
            .await?;
        let ended = story::sees_order_end(client, &order.id()?, "partially_fulfilled").await?;
        let credit = invoice["credit_notes"][0]["id"].as_str().context("nothing was given back")?;
        let note = client.get(&format!("/v1/credit-notes/{credit}")).await?.body;
        ensure!(ended.body["lines"][1]["status"] == "rejected", "the storage was delivered: {}", ended.text);
        self.say(&format!(
            "the provider rejects the storage: {}, {} and {} tax, {} refunded",
            text(&note, "number")?,
            amount(&note["net"])?,
            amount(&note["taxes"][0]["amount"])?,
            amount(&payment["refunded"])?,
        ))
        .await?;
        order.id()
    }

    /// The invoice of a prepaid order, as the operator sees it.
    ///
    /// # Errors
    /// When there is none.
    pub async fn order_invoice(&self, order: &str) -> anyhow::Result<Value> {
        let id = domain::ids::order_invoice(order.parse()?);
        Ok(self.seller.operator.get(&format!("/v1/invoices/{id}")).await?.body)
    }
}
