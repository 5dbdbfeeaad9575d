//! A credit note as the API shows it.

use chrono::NaiveDate;
use domain::credit_note::{CreditNote, CreditNoteLine, CreditNoteRules, CreditNoteState, Settlement};
use domain::{Money, PersonalRef};
use projections::credit_notes::CreditNotes;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::v1::money::{MoneyBody, TaxBody};
use crate::http::v1::resource::{Head, Resource, View, text};

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditNote)]
pub struct CreditNoteBody {
    #[serde(flatten)]
    pub head: Head,
    #[schema(example = "CN-2026-000001")]
    pub number: String,
    /// The billed party.
    pub customer_id: Uuid,
    /// What it corrects; `null` where a period brought more credits than charges.
    pub invoice_id: Option<Uuid>,
    #[schema(example = "INV-2026-000001")]
    pub invoice_number: Option<String>,
    #[schema(example = "2026-10")]
    pub period: String,
    /// Why it was given; `null` where a billing run made it, and after erasure.
    #[schema(example = "Two seats were never used.")]
    pub reason: Option<String>,
    /// `issued`, and `settled` once it is said where its total goes.
    pub status: &'static str,
    /// The book date.
    pub issued_on: NaiveDate,
    pub currency: &'static str,
    #[schema(value_type = MoneyBody)]
    pub net: Money,
    pub taxes: Vec<TaxBody>,
    #[schema(value_type = MoneyBody)]
    pub total: Money,
    /// `balance` or `refund`: what was to become of what was paid already.
    pub settle: &'static str,
    pub settlement: Option<SettlementBody>,
    pub lines: Vec<LineBody>,
}

/// Where the total went; the three add up to it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditNoteSettlement)]
pub struct SettlementBody {
    /// Off what was left to pay of the invoice.
    #[schema(value_type = MoneyBody)]
    pub invoice: Money,
    /// To the customer's balance.
    #[schema(value_type = MoneyBody)]
    pub balance: Money,
    /// Back the way it came.
    #[schema(value_type = MoneyBody)]
    pub refund: Money,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = CreditNoteLine)]
pub struct LineBody {
    /// Counted from 1.
    pub line: u32,
    /// The invoice's number of it; `null` without invoice.
    pub invoice_line: Option<u32>,
    pub service_name: String,
    pub order_id: Uuid,
    pub subscription_id: Uuid,
    pub account_id: Uuid,
    /// Whose service it is, when its reseller is billed for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end_customer_id: Option<Uuid>,
    /// `new`, `renew`, `cycle`, `increase`, `decrease`, `cancel` or `credit`.
    pub charge: &'static str,
    pub from: NaiveDate,
    /// The first day after it.
    pub to: NaiveDate,
    /// What is given back; below zero where a credit is itself taken back, or a charge is set off.
    #[schema(value_type = MoneyBody)]
    pub net: Money,
}

/// The resource.
#[derive(Debug)]
pub struct CreditNoteResource;

impl Resource for CreditNoteResource {
    type Rules = CreditNoteRules;
    type Noun = CreditNotes;
    type Content = CreditNote;
    type Body = CreditNoteBody;
    const PATH: &'static str = "/v1/credit-notes";

    fn of_state(state: &CreditNoteState) -> Option<&CreditNote> {
        state.known()
    }

    fn of_row(state: &CreditNoteState) -> Option<&CreditNote> {
        state.known()
    }

    fn personal(note: &CreditNote) -> Vec<PersonalRef> {
        note.issued.reason.into_iter().collect()
    }

    fn body(note: &CreditNote, head: Head, view: &View<'_>) -> CreditNoteBody {
        let (issued, invoice) = (&note.issued, note.issued.invoice.as_ref());
        CreditNoteBody {
            head,
            number: issued.number.clone(),
            customer_id: issued.customer_id,
            invoice_id: invoice.map(|invoice| invoice.invoice_id),
            invoice_number: invoice.map(|invoice| invoice.number.clone()),
            period: issued.period.to_string(),
            reason: issued.reason.and_then(|reason| text(view.fields(reason), "reason")),
            status: note.status(),
            issued_on: issued.issued_on,
            currency: issued.currency.code(),
            net: issued.net,
            taxes: issued.taxes.iter().map(TaxBody::from).collect(),
            total: issued.total,
            settle: issued.settle.name(),
            settlement: note.settlement.map(SettlementBody::from),
            lines: issued.lines.iter().map(|line| LineBody::of(line, invoice.is_some())).collect(),
        }
    }
}

impl From<Settlement> for SettlementBody {
    fn from(settlement: Settlement) -> Self {
        let Settlement { invoice, balance, refund } = settlement;
        Self { invoice, balance, refund }
    }
}

impl LineBody {
    fn of(credited: &CreditNoteLine, corrects: bool) -> Self {
        let line = &credited.of;
        Self {
            line: credited.line,
            invoice_line: corrects.then_some(line.line),
            service_name: line.service_name.clone(),
            order_id: line.order_id,
            subscription_id: line.subscription_id,
            account_id: line.account_id,
            end_customer_id: line.end_customer_id,
            charge: line.charge.name(),
            from: line.from,
            to: line.to,
            net: credited.net,
        }
    }
}
