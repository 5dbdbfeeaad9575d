//! Sums, reckoned again from the lines with nothing of the product's own arithmetic but its decimals.

use std::collections::BTreeMap;

use domain::billing::InvoiceLine;
use domain::credit_note::CreditNote;
use domain::invoice::{Invoice, InvoiceStatus};
use domain::tax::TaxAmount;
use domain::{Currency, Money};
use rust_decimal::{Decimal, RoundingStrategy};
use uuid::Uuid;

use super::Papers;

pub(super) fn check(papers: &Papers) -> Vec<String> {
    let invoices = papers.invoices.iter().flat_map(|(id, invoice)| told("invoice", id, of_invoice(invoice)));
    let notes = papers.notes.iter().flat_map(|(id, note)| told("credit note", id, of_note(note)));
    let corrected = papers.invoices.iter().flat_map(|(id, invoice)| told("invoice", id, credits(papers, invoice)));
    invoices.chain(notes).chain(corrected).collect()
}

fn told(what: &str, id: &Uuid, wrong: Vec<String>) -> Vec<String> {
    wrong.into_iter().map(|wrong| format!("the {what} {id}: {wrong}")).collect()
}

/// The sum as a plain number.
pub(super) fn sum(amounts: impl IntoIterator<Item = Money>) -> Decimal {
    amounts.into_iter().map(Money::amount).sum()
}

/// Rounded once, half away from zero.
pub(super) fn rounded(exact: Decimal, currency: Currency) -> Decimal {
    let digits = u32::from(currency.exponent().unwrap_or(2));
    exact.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero)
}

fn of_invoice(invoice: &Invoice) -> Vec<String> {
    let contents = &invoice.contents;
    let (lines, totals) = (&contents.lines, &contents.totals);
    let mut wrong = Vec::new();
    let mut equal = |what: &str, one: Decimal, other: Decimal| {
        if one != other {
            wrong.push(format!("{what}: {one} is not {other}"));
        }
    };
    equal("net and its lines", totals.net.amount(), sum(lines.iter().map(|line| line.amount)));
    equal("discounts and its lines", totals.discounts.amount(), sum(lines.iter().map(|line| line.discount)));
    equal("charges less discounts", totals.charges.amount() - totals.discounts.amount(), totals.net.amount());
    equal("total", totals.total.amount(), totals.net.amount() + sum(totals.taxes.iter().map(|tax| tax.amount)));
    if !lines.is_empty() {
        equal("taxed", totals.net.amount(), sum(totals.taxes.iter().map(|tax| tax.base)));
    }
    equal("lines", Decimal::from(contents.line_count), Decimal::from(lines.len()));
    equal("what is left to pay", invoice.balance.amount(), totals.total.amount() - settled(invoice));
    wrong.extend(totals.taxes.iter().filter_map(tax));
    wrong.extend((1..).zip(lines).filter_map(|(number, line)| self::line(number, line)));
    let owes = !invoice.balance.amount().is_zero();
    match invoice.status {
        InvoiceStatus::Paid if owes => wrong.push("it is paid and something is left".to_owned()),
        InvoiceStatus::Issued if !owes => wrong.push("nothing is left and it is not paid".to_owned()),
        _ => {}
    }
    if invoice.balance.amount().is_sign_negative() && owes {
        wrong.push(format!("more was paid than was to be paid: {}", invoice.balance.amount()));
    }
    wrong
}

/// What is paid, credited or taken from the balance.
fn settled(invoice: &Invoice) -> Decimal {
    let credited = sum(invoice.credits.iter().map(|credit| credit.applied));
    let paid = sum(invoice.payments.iter().map(|payment| payment.applied));
    invoice.applied_credit.amount() + credited + paid
}

fn tax(tax: &TaxAmount) -> Option<String> {
    let expected = rounded(tax.base.amount() * tax.rate / Decimal::ONE_HUNDRED, tax.base.currency());
    let amount = tax.amount.amount();
    (amount != expected).then(|| format!("{} % of {} is {expected}, not {amount}", tax.rate, tax.base.amount()))
}

/// Number, days and the one rounding of what was charged before its discount, and of its cost.
fn line(number: u32, line: &InvoiceLine) -> Option<String> {
    if line.line != number {
        return Some(format!("line {} stands where {number} should", line.line));
    }
    let at = |price: Decimal, currency| {
        let parts = price * Decimal::from(line.quantity) * Decimal::from(line.factor.days());
        rounded(parts / Decimal::from(line.factor.of()), currency)
    };
    let charged = at(line.unit_price.amount(), line.currency());
    let billed = line.amount.amount() + line.discount.amount();
    let cost = at(line.unit_cost.amount(), line.unit_cost.currency());
    let wrong = line.from >= line.to || charged != billed || cost != line.cost.amount();
    wrong.then(|| format!("line {number} is {billed} at a cost of {}, not {charged} at {cost}", line.cost.amount()))
}

fn of_note(note: &CreditNote) -> Vec<String> {
    let issued = &note.issued;
    let mut wrong = Vec::new();
    let mut equal = |what: &str, one: Decimal, other: Decimal| {
        if one != other {
            wrong.push(format!("{what}: {one} is not {other}"));
        }
    };
    equal("net and its lines", issued.net.amount(), sum(issued.lines.iter().map(|line| line.net)));
    equal("total", issued.total.amount(), issued.net.amount() + sum(issued.taxes.iter().map(|tax| tax.amount)));
    equal("taxed", issued.net.amount(), sum(issued.taxes.iter().map(|tax| tax.base)));
    equal("lines", Decimal::from(issued.line_count), Decimal::from(issued.lines.len()));
    match &note.settlement {
        Some(parts) => {
            let whole = sum([parts.invoice, parts.balance, parts.refund]);
            equal("settled", whole, issued.total.amount());
        }
        None => wrong.push("nobody knows where its total went".to_owned()),
    }
    wrong
}

/// What credit notes say of an invoice and what it says of them, and that no line gives back more than it has.
fn credits(papers: &Papers, invoice: &Invoice) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut left: BTreeMap<u32, Decimal> =
        invoice.contents.lines.iter().map(|line| (line.line, line.amount.amount())).collect();
    for credit in &invoice.credits {
        let note = papers.notes.get(&credit.credit_note_id);
        let told = note.map(|note| (note.issued.total, note.settlement.map(|parts| parts.invoice)));
        if told != Some((credit.total, Some(credit.applied))) {
            wrong.push(format!("the credit note {} says otherwise", credit.credit_note_id));
        }
        for credited in &credit.lines {
            *left.entry(credited.line).or_default() -= credited.net.amount();
        }
    }
    let exhausted = invoice.contents.lines.iter().filter(|line| {
        let (had, left) = (line.amount.amount(), left.get(&line.line).copied().unwrap_or_default());
        !left.is_zero() && left.is_sign_negative() != had.is_sign_negative()
    });
    wrong.extend(exhausted.map(|line| format!("line {} gave back more than it has", line.line)));
    let credited = sum(invoice.credits.iter().map(|credit| credit.total));
    if credited > invoice.contents.totals.total.amount() {
        wrong.push(format!("{credited} of it was credited"));
    }
    let ours = |note: &&CreditNote| note.issued.invoice.as_ref().is_some_and(|of| of.invoice_id == invoice.id());
    let notes = papers.notes.values().filter(ours).count();
    if notes != invoice.credits.len() {
        wrong.push(format!("{notes} credit notes are about it and it knows {}", invoice.credits.len()));
    }
    wrong
}
