//! Documents as tables, the way an operator would look at them.

use anyhow::Context;
use chrono::{Months, NaiveDate};
use comfy_table::{CellAlignment, Table, presets::UTF8_HORIZONTAL_ONLY};
use serde_json::Value;

use super::{Customer, Month, amount, text};
use crate::story;

const COLUMNS: [&str; 10] =
    ["line", "what", "charge", "from", "to", "seats", "factor", "unit price", "amount", "cost*"];

/// The invoice of the month before that day.
pub(super) async fn invoice(month: &Month, customer: &Customer, end: NaiveDate) -> anyhow::Result<()> {
    let invoice = month.invoice_of(customer, end - Months::new(1)).await?;
    sheet(month, customer, &invoice)
}

/// The invoice of a prepaid order of Monat's.
pub(super) async fn paid_in_advance(month: &Month, order: &str) -> anyhow::Result<()> {
    sheet(month, &month.monat, &month.order_invoice(order).await?)
}

fn sheet(month: &Month, customer: &Customer, invoice: &Value) -> anyhow::Result<()> {
    let number = text(invoice, "number")?;
    let (issued, due) = (text(invoice, "issued_on")?, text(invoice, "due_on")?);
    println!("\n  {number} to {}, for {}, issued {issued}, due {due}", customer.name, text(invoice, "period")?);
    let mut table = Table::new();
    table.load_style(UTF8_HORIZONTAL_ONLY).set_header(COLUMNS);
    for column in [5, 7, 8, 9] {
        table.column_mut(column).context("no such column")?.set_cell_alignment(CellAlignment::Right);
    }
    for line in invoice["lines"].as_array().context("no lines")? {
        table.add_row(row(line)?);
    }
    println!("{table}");
    let tax = &invoice["taxes"][0];
    println!(
        "  net {}   tax {} {} % {}   total {}   left to pay {}",
        amount(&invoice["net"])?,
        plain(&tax["category"]),
        plain(&tax["rate"]),
        amount(&tax["amount"])?,
        amount(&invoice["total"])?,
        amount(&invoice["balance"])?,
    );
    println!("  {}/v1/invoices/{}/document?format=pdf|ubl|csv|json", month.site.api, text(invoice, "id")?);
    Ok(())
}

fn row(line: &Value) -> anyhow::Result<[String; 10]> {
    Ok([
        plain(&line["line"]),
        plain(&line["service_name"]),
        plain(&line["charge"]),
        plain(&line["from"]),
        plain(&line["to"]),
        plain(&line["quantity"]),
        plain(&line["factor"]),
        amount(&line["unit_price"])?.to_owned(),
        amount(&line["amount"])?.to_owned(),
        amount(&line["cost"])?.to_owned(),
    ])
}

/// A reseller's statements.
pub(super) async fn statement(reseller: &Customer) -> anyhow::Result<()> {
    let path = format!("/v1/commission-statements?customer_id={}", reseller.id);
    for statement in story::data(&reseller.client.get(&path).await?).iter().rev() {
        println!(
            "\n  {} to {}, for {}: commission {}, with tax {}",
            text(statement, "number")?,
            reseller.name,
            text(statement, "period")?,
            amount(&statement["net"])?,
            amount(&statement["total"])?,
        );
    }
    Ok(())
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
