//! JSON, with the names the API has for the same things.

use domain::credit_note::{CorrectedInvoice, Settle};
use domain::document::Party;
use domain::invoice::InvoiceKind;
use domain::tax::TaxAmount;
use domain::{Money, UnitPrice};
use serde::Serialize;
use uuid::Uuid;

use crate::sheet::{Line, Of, Sheet};
use crate::{Kind, RenderError};

#[derive(Serialize)]
struct Document<'a> {
    document: &'static str,
    id: Uuid,
    number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<InvoiceKind>,
    issued_on: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    due_on: Option<String>,
    period: String,
    tax_point: String,
    seller: &'a Party,
    buyer: &'a Party,
    #[serde(skip_serializing_if = "Option::is_none")]
    reference: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    corrects: Option<&'a CorrectedInvoice>,
    #[serde(skip_serializing_if = "Option::is_none")]
    settle: Option<Settle>,
    currency: &'static str,
    charges: Money,
    discounts: Money,
    net: Money,
    taxes: Vec<Tax<'a>>,
    total: Money,
    applied_credit: Money,
    paid: Money,
    /// What was left to pay when it was issued.
    balance: Money,
    lines: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Tax<'a> {
    category: &'static str,
    rate: String,
    base: Money,
    amount: Money,
    note: Option<&'a str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Entry<'a> {
    Service {
        line: u32,
        order_id: Uuid,
        account_id: Uuid,
        #[serde(skip_serializing_if = "Option::is_none")]
        end_customer_id: Option<Uuid>,
        #[serde(skip_serializing_if = "Option::is_none")]
        end_customer_name: Option<&'a str>,
        subscription_id: Uuid,
        sku: &'a str,
        service_name: &'a str,
        charge: &'static str,
        from: String,
        to: String,
        #[serde(skip_serializing_if = "Option::is_none")]
        quantity: Option<i64>,
        #[serde(skip_serializing_if = "Option::is_none")]
        factor: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        unit_price: Option<UnitPrice>,
        #[serde(skip_serializing_if = "Option::is_none")]
        discount: Option<Money>,
        amount: Money,
    },
    Commission {
        line: u32,
        kind: &'static str,
        #[serde(skip_serializing_if = "Option::is_none")]
        invoice: Option<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        credit_note: Option<&'a str>,
        of_line: u32,
        end_customer_id: Uuid,
        end_customer_name: &'a str,
        period: String,
        base: Money,
        amount: Money,
    },
}

/// # Errors
/// None that data could cause.
pub fn write(sheet: &Sheet) -> Result<Vec<u8>, RenderError> {
    let (document, kind) = match sheet.kind {
        Kind::Invoice(kind) => ("invoice", Some(kind)),
        Kind::CreditNote => ("credit_note", None),
        Kind::CommissionStatement => ("commission_statement", None),
    };
    let document = Document {
        document,
        id: sheet.id,
        number: &sheet.number,
        kind,
        issued_on: sheet.issued_on.to_string(),
        due_on: sheet.due_on.map(|day| day.to_string()),
        period: sheet.period.to_string(),
        tax_point: sheet.tax_point.to_string(),
        seller: &sheet.seller,
        buyer: &sheet.buyer,
        reference: sheet.reference.as_deref(),
        corrects: sheet.corrects.as_ref(),
        settle: sheet.settle,
        currency: sheet.currency.code(),
        charges: sheet.charges,
        discounts: sheet.discounts,
        net: sheet.net,
        taxes: sheet.taxes.iter().map(tax).collect(),
        total: sheet.total,
        applied_credit: sheet.applied_credit,
        paid: sheet.paid,
        balance: sheet.due,
        lines: sheet.lines.iter().map(entry).collect(),
    };
    let mut bytes = serde_json::to_vec_pretty(&document).map_err(|error| RenderError::Faulty(error.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

fn tax(tax: &TaxAmount) -> Tax<'_> {
    Tax {
        category: tax.category.code(),
        rate: tax.rate.normalize().to_string(),
        base: tax.base,
        amount: tax.amount,
        note: tax.note.as_deref(),
    }
}

fn entry(line: &Line) -> Entry<'_> {
    match &line.of {
        Of::Service(service) => Entry::Service {
            line: line.line,
            order_id: service.order_id,
            account_id: service.account_id,
            end_customer_id: service.end_customer_id,
            end_customer_name: service.end_customer_name.as_deref(),
            subscription_id: service.subscription_id,
            sku: &service.sku,
            service_name: &service.service_name,
            charge: service.charge.name(),
            from: service.from.to_string(),
            to: service.to.to_string(),
            quantity: service.seats.map(|seats| seats.quantity),
            factor: service.seats.map(|seats| seats.factor.to_string()),
            unit_price: service.seats.map(|seats| seats.unit_price),
            discount: service.seats.map(|seats| seats.discount),
            amount: line.net,
        },
        Of::Commission(commission) => Entry::Commission {
            line: line.line,
            kind: commission.kind.name(),
            invoice: commission.invoice.as_deref(),
            credit_note: commission.credit_note.as_deref(),
            of_line: commission.of_line,
            end_customer_id: commission.end_customer_id,
            end_customer_name: &commission.end_customer_name,
            period: commission.period.to_string(),
            base: commission.base,
            amount: line.net,
        },
    }
}
