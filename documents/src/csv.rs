//! CSV (RFC 4180, UTF-8): one row per line, for spreadsheets and imports.

use domain::tax::Treatment;

use crate::sheet::{CommissionLine, Line, Of, ServiceLine, Sheet};
use crate::{Kind, RenderError};

const SERVICES: [&str; 18] = [
    "number",
    "line",
    "order_id",
    "account_id",
    "end_customer_id",
    "end_customer",
    "subscription_id",
    "sku",
    "service",
    "charge",
    "from",
    "to",
    "quantity",
    "factor",
    "unit_price",
    "discount",
    "amount",
    "currency",
];
const COMMISSIONS: [&str; 12] = [
    "number",
    "line",
    "kind",
    "invoice",
    "credit_note",
    "of_line",
    "end_customer_id",
    "end_customer",
    "period",
    "base",
    "amount",
    "currency",
];
const TAX: [&str; 2] = ["tax_category", "tax_rate"];

/// # Errors
/// None that data could cause.
pub fn write(sheet: &Sheet) -> Result<Vec<u8>, RenderError> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let names: &[&str] = match sheet.kind {
        Kind::Invoice(_) | Kind::CreditNote => &SERVICES,
        Kind::CommissionStatement => &COMMISSIONS,
    };
    table.write_record(names.iter().chain(&TAX)).map_err(faulty)?;
    for line in &sheet.lines {
        let cells = match &line.of {
            Of::Service(service) => of_service(sheet, line, service),
            Of::Commission(commission) => of_commission(sheet, line, commission),
        };
        let cells = cells.into_iter().chain(tax(&sheet.treatment)).map(guarded);
        table.write_record(cells).map_err(faulty)?;
    }
    table.into_inner().map_err(|error| faulty(error.into_error()))
}

fn of_service(sheet: &Sheet, line: &Line, service: &ServiceLine) -> Vec<String> {
    let seats = service.seats.as_ref();
    vec![
        sheet.number.clone(),
        line.line.to_string(),
        service.order_id.to_string(),
        service.account_id.to_string(),
        service.end_customer_id.map(|id| id.to_string()).unwrap_or_default(),
        service.end_customer_name.clone().unwrap_or_default(),
        service.subscription_id.to_string(),
        service.sku.clone(),
        service.service_name.clone(),
        service.charge.name().to_owned(),
        service.from.to_string(),
        service.to.to_string(),
        seats.map(|seats| seats.quantity.to_string()).unwrap_or_default(),
        seats.map(|seats| seats.factor.to_string()).unwrap_or_default(),
        seats.map(|seats| seats.unit_price.amount().to_string()).unwrap_or_default(),
        seats.map(|seats| seats.discount.amount().to_string()).unwrap_or_default(),
        line.net.amount().to_string(),
        sheet.currency.code().to_owned(),
    ]
}

fn of_commission(sheet: &Sheet, line: &Line, commission: &CommissionLine) -> Vec<String> {
    vec![
        sheet.number.clone(),
        line.line.to_string(),
        commission.kind.name().to_owned(),
        commission.invoice.clone().unwrap_or_default(),
        commission.credit_note.clone().unwrap_or_default(),
        commission.of_line.to_string(),
        commission.end_customer_id.to_string(),
        commission.end_customer_name.clone(),
        commission.period.to_string(),
        commission.base.amount().to_string(),
        line.net.amount().to_string(),
        sheet.currency.code().to_owned(),
    ]
}

fn tax(treatment: &Treatment) -> [String; 2] {
    [treatment.category.code().to_owned(), treatment.rate.normalize().to_string()]
}

/// Spreadsheets take a cell that begins like a formula for one; an apostrophe in front makes it text. Numbers stay.
fn guarded(cell: String) -> String {
    let like_a_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
    if like_a_formula && cell.parse::<rust_decimal::Decimal>().is_err() { format!("'{cell}") } else { cell }
}

fn faulty(error: impl std::fmt::Display) -> RenderError {
    RenderError::Faulty(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_like_a_formula_is_text_and_numbers_stay_numbers() {
        let cases = [
            ("=HYPERLINK(\"http://x\")", "'=HYPERLINK(\"http://x\")"),
            ("@SUM(A1)", "'@SUM(A1)"),
            ("+49 30 1", "'+49 30 1"),
            ("-1-1", "'-1-1"),
            ("\tx", "'\tx"),
            ("-20.32", "-20.32"),
            ("-3", "-3"),
            ("Office", "Office"),
            ("", ""),
        ];
        for (cell, wanted) in cases {
            assert_eq!(guarded(cell.to_owned()), wanted);
        }
    }
}
