//! Words for tests about invoices and credit notes: what is on them, and what is asked of them.
#![allow(dead_code)]

use chrono::NaiveDate;
use domain::billing::{ChargeKind, DayFactor, InvoiceLine, Period, Totals};
use domain::credit_note::{CorrectedInvoice, CreditNoteLine, IssuedCreditNote, Settle};
use domain::decider::fold;
use domain::document::{DocumentFormat, Party, StoredDocument};
use domain::invoice::{
    AppliedCredit, BookedPayment, CreditedLine, Invoice, InvoiceCommand, InvoiceContents, InvoiceEvent, InvoiceKind,
    InvoiceRules, IssuedInvoice,
};
use domain::tax::{TaxAmount, TaxCategory, Treatment, taxes_in};
use domain::{Currency, Money, codec};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::people::{ACCOUNT, CUSTOMER, decide};

pub const INVOICE: Uuid = Uuid::from_u128(0x1f);
pub const NOTE: Uuid = Uuid::from_u128(0xc0);
pub const PAYMENT: Uuid = Uuid::from_u128(0x9a);
pub const RUN: Uuid = Uuid::from_u128(0x5a);

/// What the log takes as one event.
pub const EVENT_LIMIT_BYTES: usize = 256 * 1024;

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn october() -> Period {
    "2026-10".parse().unwrap()
}

pub fn eur(amount: &str) -> Money {
    Money::rounded(amount.parse::<Decimal>().unwrap(), Currency::EUR)
}

pub fn german() -> Treatment {
    Treatment { category: TaxCategory::S, rate: Decimal::from(19), note: None }
}

/// One seat for a month at that net.
pub fn line(n: u32, net: Money) -> InvoiceLine {
    InvoiceLine {
        line: n,
        order_id: Uuid::from_u128(0x0d),
        account_id: ACCOUNT,
        end_customer_id: None,
        end_customer_name: None,
        subscription_id: Uuid::from_u128(0x5b),
        service_name: "Office Basic".to_owned(),
        sku: "OB".to_owned(),
        charge: ChargeKind::New,
        from: day("2026-10-03"),
        to: day("2026-11-03"),
        n: n - 1,
        quantity: 1,
        factor: DayFactor::WHOLE,
        unit_price: net.into(),
        discount: Money::zero(net.currency()),
        amount: net,
        unit_cost: eur("8.00"),
        cost: eur("8.00"),
        reseller_amount: None,
        commission: None,
        bill_on: None,
    }
}

/// October's, with 19 % tax.
pub fn contents_of(lines: Vec<InvoiceLine>) -> InvoiceContents {
    InvoiceContents {
        invoice_id: INVOICE,
        kind: InvoiceKind::Period,
        customer_id: CUSTOMER,
        reseller_id: None,
        seller_entity: "cloudsales-de".to_owned(),
        period: october(),
        n: 0,
        run_id: Some(RUN),
        order_id: None,
        currency: Currency::EUR,
        tax_point: day("2026-10-31"),
        treatment: german(),
        totals: Totals::of(Currency::EUR, &lines, &german()).unwrap(),
        line_count: u32::try_from(lines.len()).unwrap(),
        lines,
    }
}

/// A line for each net.
pub fn contents(nets: &[&str]) -> InvoiceContents {
    contents_of((1..).zip(nets).map(|(n, net)| line(n, eur(net))).collect())
}

/// As many lines of 10.00.
pub fn many(lines: u32) -> InvoiceContents {
    contents_of((1..=lines).map(|n| line(n, eur("10.00"))).collect())
}

pub fn party(name: &str) -> Party {
    Party {
        name: name.to_owned(),
        country: "DE".to_owned(),
        address: vec!["Feldweg 1".to_owned()],
        postal_code: Some("89073".to_owned()),
        city: Some("Ulm".to_owned()),
        vat_id: Some("DE123456789".to_owned()),
        electronic_address: None,
    }
}

/// On the first of November, due in thirty days.
pub fn issuing(contents: InvoiceContents) -> IssuedInvoice {
    IssuedInvoice {
        number: "INV-2026-000001".to_owned(),
        issued_on: day("2026-11-01"),
        due_on: day("2026-12-01"),
        seller: party("Cloudsales GmbH"),
        buyer: party("Acker Landhandel GmbH"),
        reference: "PO-7".to_owned(),
        collect_at: None,
        contents,
    }
}

pub fn issue(contents: InvoiceContents) -> InvoiceCommand {
    InvoiceCommand::Issue(Box::new(issuing(contents)))
}

pub fn draft(contents: InvoiceContents) -> InvoiceCommand {
    InvoiceCommand::Draft(Box::new(contents))
}

/// Nets of 100.00 and 50.00: 178.50 to pay.
pub fn two_lines() -> InvoiceContents {
    contents(&["100.00", "50.00"])
}

pub fn issued() -> Vec<InvoiceEvent> {
    told(&[issue(two_lines())])
}

/// The history of what was asked, one after the other.
pub fn told(commands: &[InvoiceCommand]) -> Vec<InvoiceEvent> {
    commands.iter().fold(Vec::new(), after)
}

pub fn after(mut history: Vec<InvoiceEvent>, command: &InvoiceCommand) -> Vec<InvoiceEvent> {
    let events = decide::<InvoiceRules>(&history, command).unwrap_or_else(|refusal| panic!("{command:?}: {refusal}"));
    history.extend(events.events);
    history
}

pub fn invoice(history: &[InvoiceEvent]) -> Invoice {
    fold::<InvoiceRules>(history).known().unwrap().clone()
}

/// Money that came in, all of it for this invoice.
pub fn pay(amount: &str) -> InvoiceCommand {
    paid_with(PAYMENT, amount, amount)
}

pub fn paid_with(payment_id: Uuid, amount: &str, applied: &str) -> InvoiceCommand {
    let (amount, applied) = (eur(amount), eur(applied));
    InvoiceCommand::BookPayment(Box::new(BookedPayment { payment_id, amount, applied, received_on: day("2026-11-20") }))
}

/// Of the first line, with its tax, all of it off what is left to pay.
pub fn credit(net: &str) -> AppliedCredit {
    let lines = vec![CreditedLine { line: 1, net: eur(net) }];
    let (taxes, tax, net) = taxes_in(&german(), Currency::EUR, &[eur(net)]).unwrap();
    let total = net.plus(tax).unwrap();
    AppliedCredit { credit_note_id: NOTE, lines, taxes, total, applied: total }
}

pub fn apply(credit: AppliedCredit) -> InvoiceCommand {
    InvoiceCommand::ApplyCredit(Box::new(credit))
}

pub fn stored(format: DocumentFormat) -> StoredDocument {
    StoredDocument { format, sha256: "9f86d081".repeat(8), size: 9_183 }
}

/// On the invoice of [`issued`]: a note on each of these of its lines.
pub fn note_of(lines: Vec<InvoiceLine>) -> IssuedCreditNote {
    let totals = Totals::of(Currency::EUR, &lines, &german()).unwrap();
    let lines: Vec<CreditNoteLine> =
        lines.into_iter().map(|line| CreditNoteLine { line: line.line, net: line.amount, of: line }).collect();
    IssuedCreditNote {
        credit_note_id: NOTE,
        number: "CN-2026-000001".to_owned(),
        issued_on: day("2026-11-10"),
        customer_id: CUSTOMER,
        reseller_id: None,
        seller_entity: "cloudsales-de".to_owned(),
        invoice: Some(CorrectedInvoice {
            invoice_id: INVOICE,
            number: "INV-2026-000001".to_owned(),
            issued_on: day("2026-11-01"),
        }),
        period: october(),
        run_id: None,
        reason: None,
        settle: Settle::Balance,
        currency: Currency::EUR,
        tax_point: day("2026-10-31"),
        treatment: german(),
        net: totals.net,
        taxes: totals.taxes,
        total: totals.total,
        seller: party("Cloudsales GmbH"),
        buyer: party("Acker Landhandel GmbH"),
        reference: "PO-7".to_owned(),
        line_count: u32::try_from(lines.len()).unwrap(),
        lines,
    }
}

/// What the rate makes of it.
pub fn taxed(net: Money, amount: Money) -> TaxAmount {
    TaxAmount { category: TaxCategory::S, rate: Decimal::from(19), base: net, amount, note: None }
}

/// The longest texts a line can have, each in the characters that take most bytes.
pub fn long_worded(n: u32) -> InvoiceLine {
    let text = "\u{1F5C3}".repeat(domain::text::MAX_BYTES / 4);
    InvoiceLine {
        end_customer_id: Some(CUSTOMER),
        end_customer_name: Some(text.clone()),
        service_name: text.clone(),
        sku: text,
        ..line(n, eur("10.00"))
    }
}

/// Bytes of the longest of these events as the log keeps it.
pub fn longest_bytes<E: Clone + Into<domain::Event>>(events: &[E]) -> usize {
    events.iter().map(|event| codec::encode(&event.clone().into()).unwrap().len()).max().unwrap_or(0)
}
