//! UBL 2.1 after EN 16931; with the Peppol profile where the buyer can be reached over Peppol.
//!
//! The model and its rules are those of the crate `en16931`: what it finds fault with is never written.

mod lines;
mod parties;

use chrono::NaiveDate;
use domain::Money;
use domain::customer::ElectronicAddress;
use domain::tax::{TaxAmount, TaxCategory};
use en16931::invoice::{
    Code, DocumentTotals, InvoiceBuilder, PaymentInstructions, Period, PrecedingInvoice, VatBreakdown,
};
use en16931::profiles::{EN16931, En16931, PEPPOL_BIS_3, PeppolBis3};
use en16931::{Date, DocumentReference, Invoice, InvoiceAmount, Percentage, Profile, Validated};
use en16931_formats::Syntax;

use crate::words::Language;
use crate::{Kind, RenderError, Sheet};

/// The Peppol process of an invoice (BT-23).
const BILLING: &str = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0";
/// "Instrument not defined" (UNTDID 4461): how a customer pays is agreed elsewhere.
const ANY_MEANS: &str = "1";
/// The decimals an amount has at most in EN 16931.
const DECIMALS: u32 = 2;

/// EN 16931 knows two decimals at most.
pub fn is_available(sheet: &Sheet) -> bool {
    domain::money::decimals(sheet.currency) <= DECIMALS
}

/// # Errors
/// [`RenderError::NotAvailable`] in a currency of three decimals, [`RenderError::Faulty`] with the rules that are broken.
pub fn write(sheet: &Sheet) -> Result<Vec<u8>, RenderError> {
    if !is_available(sheet) {
        return Err(RenderError::NotAvailable);
    }
    if reachable(sheet) {
        let invoice = model(sheet, &PEPPOL_BIS_3)?;
        // An address no network knows does not keep the buyer from its invoice.
        if let Ok(valid) = Validated::<PeppolBis3>::new(invoice) {
            return Ok(en16931_formats::write(&valid, Syntax::Ubl).xml.into_bytes());
        }
    }
    let invoice = model(sheet, &EN16931)?;
    let valid = Validated::<En16931>::new(invoice).map_err(|rejected| RenderError::Faulty(rejected.to_string()))?;
    Ok(en16931_formats::write(&valid, Syntax::Ubl).xml.into_bytes())
}

/// Self-billing is a process of its own in Peppol, which a reseller would have to take part in.
fn reachable(sheet: &Sheet) -> bool {
    let both: [&Option<ElectronicAddress>; 2] = [&sheet.seller.electronic_address, &sheet.buyer.electronic_address];
    sheet.kind != Kind::CommissionStatement && both.iter().all(|address| address.is_some())
}

fn model(sheet: &Sheet, profile: &'static Profile) -> Result<Invoice, RenderError> {
    let language = Language::of(&sheet.buyer.country);
    let code = match sheet.kind {
        Kind::Invoice(_) => "380",
        Kind::CreditNote => "381",
        Kind::CommissionStatement => "389",
    };
    let currency = sheet.currency.code();
    let mut invoice =
        Invoice::builder(profile.specification_id, &*sheet.number, date(sheet.issued_on)?, code, currency)
            .totals(totals(sheet)?)
            .payment_terms(language.terms(sheet))
            .invoicing_period(days(sheet.days())?)
            .payment(PaymentInstructions {
                means_code: Some(Code::new(ANY_MEANS)),
                remittance_information: Some(sheet.number.clone()),
                ..PaymentInstructions::default()
            });
    invoice = parties::add(invoice, sheet);
    if profile.id == PEPPOL_BIS_3.id {
        invoice = invoice.business_process(BILLING);
    }
    if let Some(reference) = &sheet.reference {
        invoice = invoice.buyer_reference(reference);
    }
    for tax in &sheet.taxes {
        invoice = invoice.vat_breakdown(breakdown(tax, language)?);
    }
    for line in &sheet.lines {
        invoice = invoice.line(lines::line(sheet, line, language)?);
    }
    finished(invoice, sheet)
}

/// What the builder has no word for.
fn finished(invoice: InvoiceBuilder, sheet: &Sheet) -> Result<Invoice, RenderError> {
    let invoice = if sheet.kind == Kind::CreditNote { invoice.credit_note() } else { invoice };
    let mut invoice = invoice.build();
    invoice.due_date = sheet.due_on.map(date).transpose()?;
    invoice.vat_point_date = Some(date(sheet.tax_point)?);
    if let Some(corrected) = &sheet.corrects {
        invoice.preceding_invoices.push(PrecedingInvoice {
            reference: DocumentReference::new(&*corrected.number),
            issue_date: Some(date(corrected.issued_on)?),
        });
    }
    Ok(invoice)
}

fn totals(sheet: &Sheet) -> Result<DocumentTotals, RenderError> {
    let net = amount(sheet.net)?;
    let total = amount(sheet.total)?;
    let due = amount(sheet.due)?;
    let paid = total.checked_sub(due).map_err(faulty)?;
    Ok(DocumentTotals {
        line_total: net,
        taxable_total: net,
        vat_total: Some(total.checked_sub(net).map_err(faulty)?),
        gross_total: total,
        paid: (!paid.is_zero()).then_some(paid),
        due,
        ..DocumentTotals::default()
    })
}

fn breakdown(tax: &TaxAmount, language: Language) -> Result<VatBreakdown, RenderError> {
    let reason_code = match tax.category {
        TaxCategory::AE => Some("VATEX-EU-AE"),
        TaxCategory::G => Some("VATEX-EU-G"),
        TaxCategory::S | TaxCategory::E => None,
    };
    Ok(VatBreakdown {
        taxable_amount: amount(tax.base)?,
        tax_amount: amount(tax.amount)?,
        category: Code::new(tax.category.code()),
        rate: Some(Percentage::new(tax.rate)),
        exemption_reason: language.tax_note(tax),
        exemption_reason_code: reason_code.map(Code::new),
    })
}

fn days((start, end): (NaiveDate, NaiveDate)) -> Result<Period, RenderError> {
    Ok(Period { start: Some(date(start)?), end: Some(date(end)?) })
}

fn date(day: NaiveDate) -> Result<Date, RenderError> {
    Date::parse(&day.to_string()).map_err(faulty)
}

fn amount(money: Money) -> Result<InvoiceAmount, RenderError> {
    InvoiceAmount::from_decimal_exact(money.amount()).map_err(faulty)
}

fn faulty(error: impl std::fmt::Display) -> RenderError {
    RenderError::Faulty(error.to_string())
}
