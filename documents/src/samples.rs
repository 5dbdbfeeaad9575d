//! Sample documents: for tests, and for whoever wants to see what they look like.

mod lines;
mod parties;

use chrono::NaiveDate;
use domain::billing::{Period, Totals, minus, negated, sum};
use domain::commission_account::{CommissionKind, IssuedStatement, StatementLine};
use domain::credit_note::{CorrectedInvoice, CreditNoteLine, IssuedCreditNote, Settle};
use domain::document::Party;
use domain::invoice::{BookedPayment, Invoice, InvoiceContents, InvoiceKind, InvoiceStatus, Issue};
use domain::tax::{TaxCase, Treatment, treatment};
use domain::{Currency, Money, Refusal};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::{Named, Names, RenderError, Sheet};

const INVOICE: Uuid = Uuid::from_u128(0x1001);
const CREDIT_NOTE: Uuid = Uuid::from_u128(0x2001);

/// Every sample with its name.
///
/// # Errors
/// [`RenderError`], which a test would find.
pub fn all() -> Result<Vec<(&'static str, Sheet)>, RenderError> {
    Ok(vec![
        ("month", month()?),
        ("resale", resale()?),
        ("reverse-charge", reverse_charge()?),
        ("outside-eu", outside_eu()?),
        ("exempt", exempt()?),
        ("prepaid", prepaid()?),
        ("credit-note", credit_note()?),
        ("credit-instead", credit_instead()?),
        ("statement", statement()?),
    ])
}

/// The worked month of a direct customer: prorated lines and credits.
///
/// # Errors
/// [`RenderError`], which a test would find.
pub fn month() -> Result<Sheet, RenderError> {
    Sheet::of_invoice(&invoice(parties::monat(), lines::month()?, None)?)
}

/// A reseller billed for its end customers, with a discount and a balance.
///
/// # Errors
/// [`RenderError`], which a test would find.
pub fn resale() -> Result<Sheet, RenderError> {
    let mut invoice = invoice(parties::nordwind(), lines::resale()?, None)?;
    invoice.applied_credit = euro(2_500);
    Sheet::of_invoice(&invoice)
}

/// A business in another state of the European Union.
///
/// # Errors
/// [`RenderError`], which a test would find.
pub fn reverse_charge() -> Result<Sheet, RenderError> {
    Sheet::of_invoice(&invoice(parties::tulp(), lines::month()?, None)?)
}

/// Somebody outside the European Union, in a currency without decimals.
///
/// # Errors
/// [`RenderError`], which a test would find.
pub fn outside_eu() -> Result<Sheet, RenderError> {
    Sheet::of_invoice(&invoice(parties::sakura(), lines::plain(Currency::JPY, 3)?, None)?)
}

/// Somebody who is exempt for a reason of its own.
///
/// # Errors
/// [`RenderError`], which a test would find.
pub fn exempt() -> Result<Sheet, RenderError> {
    Sheet::of_invoice(&invoice(parties::base(), lines::plain(Currency::EUR, 1)?, Some("NATO forces, § 26 UStG"))?)
}

/// An order that was paid before it was invoiced.
///
/// # Errors
/// [`RenderError`], which a test would find.
pub fn prepaid() -> Result<Sheet, RenderError> {
    let mut invoice = invoice(parties::monat(), lines::plain(Currency::EUR, 2)?, None)?;
    invoice.contents.kind = InvoiceKind::Order;
    let total = invoice.contents.totals.total;
    let received_on = Period::of(day(2026, 10, 5)).first_day();
    invoice.payments.push(BookedPayment { payment_id: Uuid::nil(), amount: total, applied: total, received_on });
    invoice.status = InvoiceStatus::Paid;
    Sheet::of_invoice(&invoice)
}

/// An invoice of so many lines.
///
/// # Errors
/// [`RenderError`], which a test would find.
pub fn long(lines: u32) -> Result<Sheet, RenderError> {
    Sheet::of_invoice(&invoice(parties::monat(), lines::plain(Currency::EUR, lines)?, None)?)
}

/// In a currency of three decimals, which EN 16931 does not know.
///
/// # Errors
/// [`RenderError`], which a test would find.
pub fn three_decimals() -> Result<Sheet, RenderError> {
    Sheet::of_invoice(&invoice(parties::sakura(), lines::plain(Currency::KWD, 2)?, None)?)
}

/// Corrects the month: one line whole, one in part.
///
/// # Errors
/// [`RenderError`], which a test would find.
pub fn credit_note() -> Result<Sheet, RenderError> {
    let of: Vec<_> = lines::month()?.into_iter().filter(|line| matches!(line.line, 1 | 6)).collect();
    let nets = [euro(3_800), lines::net(&of, 6)?];
    let lines = (1..).zip(of).zip(nets).map(|((line, of), net)| CreditNoteLine { line, net, of }).collect();
    let corrected = CorrectedInvoice { invoice_id: INVOICE, number: number("INV"), issued_on: day(2026, 11, 1) };
    Sheet::of_credit_note(&noted(lines, Some(corrected))?)
}

/// A month in which more was credited than charged.
///
/// # Errors
/// [`RenderError`], which a test would find.
pub fn credit_instead() -> Result<Sheet, RenderError> {
    let turned = lines::month()?.into_iter().filter(|line| line.line != 4 && line.line != 1);
    let turned = turned.map(domain::billing::InvoiceLine::turned).collect::<Result<Vec<_>, _>>()?;
    let lines = (1..).zip(turned).map(|(line, of)| CreditNoteLine { line, net: of.amount, of }).collect();
    Sheet::of_credit_note(&noted(lines, None)?)
}

/// A reseller's commission, of which some goes back.
///
/// # Errors
/// [`RenderError`], which a test would find.
pub fn statement() -> Result<Sheet, RenderError> {
    let named = |number: &str| Named { number: number.to_owned(), buyer: "Acker GmbH".to_owned() };
    let names: Names = [(INVOICE, named("INV-2026-000002")), (CREDIT_NOTE, named("CN-2026-000001"))].into();
    let accrued = StatementLine {
        invoice_id: Some(INVOICE),
        credit_note_id: None,
        end_customer_id: Uuid::from_u128(7),
        line: 1,
        kind: CommissionKind::Accrued,
        base: euro(15_200),
        amount: euro(2_320),
        period: Period::of(day(2026, 10, 1)),
    };
    let second = StatementLine { line: 2, base: euro(1_839), amount: euro(281), ..accrued.clone() };
    let reversed = StatementLine {
        credit_note_id: Some(CREDIT_NOTE),
        kind: CommissionKind::Reversed,
        base: negated(euro(3_800))?,
        amount: negated(euro(580))?,
        ..accrued.clone()
    };
    let lines = vec![accrued, second, reversed];
    let net = sum(Currency::EUR, lines.iter().map(|line| line.amount))?;
    let (seller, reseller) = (parties::seller(), parties::nordwind());
    let treatment = treated(&reseller, None);
    let (taxes, tax, net) = domain::tax::taxes(&treatment, &[net])?;
    let issued = IssuedStatement {
        statement_id: Uuid::from_u128(0x3001),
        number: number("CS"),
        reseller_id: Uuid::from_u128(8),
        seller_entity: "cloudsales-de".to_owned(),
        period: Period::of(day(2026, 10, 1)),
        issued_on: day(2026, 11, 1),
        currency: Currency::EUR,
        treatment,
        net,
        taxes,
        total: net.plus(tax)?,
        seller,
        reseller,
        line_count: 3,
        lines,
    };
    Sheet::of_statement(&issued, &names)
}

fn invoice(
    buyer: Party,
    lines: Vec<domain::billing::InvoiceLine>,
    exempt_reason: Option<&str>,
) -> Result<Invoice, Refusal> {
    let currency = lines.first().map_or(Currency::EUR, domain::billing::InvoiceLine::currency);
    let treatment = treated(&buyer, exempt_reason);
    let totals = Totals::of(currency, &lines, &treatment)?;
    let total = totals.total;
    let contents = InvoiceContents {
        invoice_id: INVOICE,
        kind: InvoiceKind::Period,
        customer_id: Uuid::from_u128(6),
        reseller_id: None,
        seller_entity: "cloudsales-de".to_owned(),
        period: Period::of(day(2026, 10, 1)),
        n: 0,
        run_id: None,
        order_id: None,
        currency,
        tax_point: day(2026, 10, 31),
        treatment,
        totals,
        line_count: u32::try_from(lines.len()).unwrap_or_default(),
        lines,
    };
    let issue = Issue {
        number: number("INV"),
        issued_on: day(2026, 11, 1),
        due_on: day(2026, 12, 1),
        seller: parties::seller(),
        buyer,
        reference: "PO-4711".to_owned(),
    };
    Ok(Invoice {
        contents,
        status: InvoiceStatus::Issued,
        issue: Some(issue),
        overdue: false,
        applied_credit: Money::zero(currency),
        balance: total,
        payments: Vec::new(),
        credits: Vec::new(),
        documents: Vec::new(),
        collection: domain::invoice::Collection::default(),
    })
}

fn noted(lines: Vec<CreditNoteLine>, invoice: Option<CorrectedInvoice>) -> Result<IssuedCreditNote, Refusal> {
    let buyer = parties::monat();
    let treatment = treated(&buyer, None);
    let nets: Vec<Money> = lines.iter().map(|line| line.net).collect();
    let (taxes, tax, net) = domain::tax::taxes(&treatment, &nets)?;
    Ok(IssuedCreditNote {
        credit_note_id: CREDIT_NOTE,
        number: number("CN"),
        issued_on: day(2026, 11, 10),
        customer_id: Uuid::from_u128(6),
        reseller_id: None,
        seller_entity: "cloudsales-de".to_owned(),
        invoice,
        period: Period::of(day(2026, 10, 1)),
        run_id: None,
        reason: None,
        settle: Settle::Balance,
        currency: net.currency(),
        tax_point: day(2026, 10, 31),
        treatment,
        net,
        taxes,
        total: minus(net.plus(tax)?, Money::zero(net.currency()))?,
        seller: parties::seller(),
        buyer,
        reference: "PO-4711".to_owned(),
        line_count: u32::try_from(lines.len()).unwrap_or_default(),
        lines,
    })
}

fn treated(buyer: &Party, exempt_reason: Option<&str>) -> Treatment {
    let case = TaxCase {
        seller_country: "DE",
        customer_country: &buyer.country,
        vat_id: buyer.vat_id.as_deref(),
        exempt_reason,
    };
    treatment(&case, day(2026, 10, 31))
}

fn number(series: &str) -> String {
    format!("{series}-2026-000001")
}

fn euro(cents: i64) -> Money {
    Money::rounded(Decimal::new(cents, 2), Currency::EUR)
}

fn day(year: i32, month: u32, day: u32) -> NaiveDate {
    NaiveDate::from_ymd_opt(year, month, day).unwrap_or_default()
}
