//! What an invoice is, folded from its events.

mod collection;

pub use collection::{Collection, DunningStep, OpenAttempt};

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{AppliedCredit, BookedPayment, InvoiceContents, InvoiceEvent, IssuedInvoice};
use crate::billing::credit::CreditableLine;
use crate::billing::{InvoiceLine, minus, sum};
use crate::document::{DocumentFormat, Party, StoredDocument};
use crate::payment::PaymentOutcome;
use crate::{Money, Refusal};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceState {
    /// There is none of this id.
    #[default]
    Unknown,
    Known(Box<Invoice>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceStatus {
    Draft,
    Discarded,
    Issued,
    Paid,
    Void,
    Uncollectible,
}

impl InvoiceStatus {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Discarded => "discarded",
            Self::Issued => "issued",
            Self::Paid => "paid",
            Self::Void => "void",
            Self::Uncollectible => "uncollectible",
        }
    }
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Invoice {
    /// With all lines.
    pub contents: InvoiceContents,
    pub status: InvoiceStatus,
    /// `None` until it is issued.
    pub issue: Option<Issue>,
    /// Whether it was not paid in time.
    pub overdue: bool,
    /// What was paid from the customer's balance.
    pub applied_credit: Money,
    /// What is left to pay.
    pub balance: Money,
    pub payments: Vec<BookedPayment>,
    pub credits: Vec<AppliedCredit>,
    pub documents: Vec<StoredDocument>,
    #[serde(default)]
    pub collection: Collection,
}

/// How paying it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InvoicePayment {
    Unpaid,
    /// A gateway is at it.
    Processing,
    Paid,
    Failed(PaymentOutcome),
    /// It may have been charged.
    Unknown,
}

impl InvoicePayment {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unpaid => "unpaid",
            Self::Processing => "processing",
            Self::Paid => "paid",
            Self::Failed(_) => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// Why the last attempt failed.
    pub const fn reason(self) -> Option<&'static str> {
        match self {
            Self::Failed(outcome) => outcome.reason(),
            Self::Unpaid | Self::Processing | Self::Paid | Self::Unknown => None,
        }
    }
}

/// What an invoice gets when it is issued.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Issue {
    pub number: String,
    pub issued_on: NaiveDate,
    pub due_on: NaiveDate,
    pub seller: Party,
    pub buyer: Party,
    pub reference: String,
}

impl InvoiceState {
    pub fn known(&self) -> Option<&Invoice> {
        match self {
            Self::Unknown => None,
            Self::Known(invoice) => Some(invoice),
        }
    }

    pub(super) fn evolve(&mut self, event: &InvoiceEvent) {
        match (&mut *self, event) {
            (state, InvoiceEvent::InvoiceDrafted(contents)) => {
                *state = Self::Known(Box::new(Invoice::draft(contents)));
            }
            (state, InvoiceEvent::InvoiceIssued(issued)) => *state = Self::Known(Box::new(Invoice::issued(issued))),
            (Self::Known(invoice), event) => invoice.evolve(event),
            // A stream begins with a draft or an issue; without it there is nothing to fold into.
            (
                Self::Unknown,
                InvoiceEvent::InvoiceDiscarded {}
                | InvoiceEvent::InvoiceLinesAdded { .. }
                | InvoiceEvent::InvoiceOverdue { .. }
                | InvoiceEvent::BalanceApplied { .. }
                | InvoiceEvent::CreditApplied(_)
                | InvoiceEvent::CreditedLinesAdded { .. }
                | InvoiceEvent::PaymentBooked(_)
                | InvoiceEvent::InvoicePaid {}
                | InvoiceEvent::PaymentAttempted { .. }
                | InvoiceEvent::PaymentAttemptUnclear { .. }
                | InvoiceEvent::PaymentAttemptEnded { .. }
                | InvoiceEvent::CollectionPlanned { .. }
                | InvoiceEvent::DunningStepTaken { .. }
                | InvoiceEvent::DocumentStored { .. }
                | InvoiceEvent::InvoiceVoided {}
                | InvoiceEvent::InvoiceUncollectible {},
            ) => {}
        }
    }
}

impl Invoice {
    fn draft(contents: &InvoiceContents) -> Self {
        Self {
            contents: contents.clone(),
            status: InvoiceStatus::Draft,
            issue: None,
            overdue: false,
            applied_credit: Money::zero(contents.currency),
            balance: contents.totals.total,
            payments: Vec::new(),
            credits: Vec::new(),
            documents: Vec::new(),
            collection: Collection::default(),
        }
    }

    fn issued(issued: &IssuedInvoice) -> Self {
        let issue = Issue {
            number: issued.number.clone(),
            issued_on: issued.issued_on,
            due_on: issued.due_on,
            seller: issued.seller.clone(),
            buyer: issued.buyer.clone(),
            reference: issued.reference.clone(),
        };
        let (next_at, planned_at) = (issued.collect_at, issued.collect_at);
        let collection = Collection { next_at, planned_at, ..Collection::default() };
        Self { status: InvoiceStatus::Issued, issue: Some(issue), collection, ..Self::draft(&issued.contents) }
    }

    fn evolve(&mut self, event: &InvoiceEvent) {
        match event {
            // Both begin it anew, see above.
            InvoiceEvent::InvoiceDrafted(_) | InvoiceEvent::InvoiceIssued(_) => {}
            InvoiceEvent::InvoiceLinesAdded { lines } => self.contents.lines.extend(lines.iter().cloned()),
            InvoiceEvent::InvoiceDiscarded {} => self.status = InvoiceStatus::Discarded,
            InvoiceEvent::InvoiceOverdue { .. } => self.overdue = true,
            InvoiceEvent::BalanceApplied { amount } => {
                self.applied_credit = self.applied_credit.plus(*amount).unwrap_or(self.applied_credit);
                self.pay(*amount);
            }
            InvoiceEvent::CreditApplied(credit) => {
                self.pay(credit.applied);
                self.credits.push((**credit).clone());
            }
            InvoiceEvent::CreditedLinesAdded { credit_note_id, lines } => {
                let credit = self.credits.iter_mut().find(|credit| credit.credit_note_id == *credit_note_id);
                credit.into_iter().for_each(|credit| credit.lines.extend(lines));
            }
            InvoiceEvent::PaymentBooked(payment) => {
                self.pay(payment.applied);
                self.payments.push((**payment).clone());
            }
            InvoiceEvent::InvoicePaid {} => {
                self.status = InvoiceStatus::Paid;
                self.overdue = false;
                self.collection.next_at = None;
            }
            InvoiceEvent::PaymentAttempted { payment_id } => {
                self.collection.open = Some(OpenAttempt { payment_id: *payment_id, unclear: false });
                self.collection.attempts += 1;
            }
            InvoiceEvent::PaymentAttemptUnclear { payment_id } => {
                self.collection.open = Some(OpenAttempt { payment_id: *payment_id, unclear: true });
            }
            InvoiceEvent::PaymentAttemptEnded { outcome, at, next_attempt_at, .. } => {
                self.collection.open = None;
                self.collection.note(*outcome, *at);
                self.collection.next_at = *next_attempt_at;
            }
            InvoiceEvent::CollectionPlanned { at } => {
                self.collection.next_at = *at;
                self.collection.planned_at = self.collection.planned_at.or(*at);
            }
            InvoiceEvent::DunningStepTaken { step } => {
                self.collection.dunned.insert(*step);
            }
            InvoiceEvent::DocumentStored { document } => self.documents.push(document.clone()),
            InvoiceEvent::InvoiceVoided {} => {
                self.status = InvoiceStatus::Void;
                self.overdue = false;
                self.collection.next_at = None;
            }
            InvoiceEvent::InvoiceUncollectible {} => {
                self.status = InvoiceStatus::Uncollectible;
                self.collection.next_at = None;
            }
        }
    }

    /// Amounts were checked when they were decided: one that did not fit never became an event.
    fn pay(&mut self, amount: Money) {
        self.balance = minus(self.balance, amount).unwrap_or(self.balance);
    }

    pub const fn id(&self) -> Uuid {
        self.contents.invoice_id
    }

    /// How paying it stands, by whatever way.
    pub fn payment(&self) -> InvoicePayment {
        match (self.status, self.collection.open, self.collection.last) {
            (InvoiceStatus::Paid, _, _) => InvoicePayment::Paid,
            (_, Some(OpenAttempt { unclear: true, .. }), _) => InvoicePayment::Unknown,
            (_, Some(_), _) => InvoicePayment::Processing,
            (_, None, Some(outcome)) if outcome != PaymentOutcome::Succeeded => InvoicePayment::Failed(outcome),
            (_, None, _) => InvoicePayment::Unpaid,
        }
    }

    /// What it holds of what was paid, by whatever way: neither left to pay nor given back by a credit note.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when it cannot be represented.
    pub fn held(&self) -> Result<Money, Refusal> {
        let credited = sum(self.contents.currency, self.credits.iter().map(|credit| credit.total))?;
        minus(minus(self.contents.totals.total, credited)?, self.balance)
    }

    /// What credit notes have left of each line's net.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when a sum cannot be represented.
    pub fn lines_left(&self) -> Result<Vec<CreditableLine>, Refusal> {
        let mut credited: BTreeMap<u32, Money> = BTreeMap::new();
        for of in self.credits.iter().flat_map(|credit| &credit.lines) {
            let before = credited.get(&of.line).copied().unwrap_or_else(|| Money::zero(of.net.currency()));
            credited.insert(of.line, before.plus(of.net)?);
        }
        let left = |line: &InvoiceLine| {
            let left = credited.get(&line.line).map_or(Ok(line.amount), |credited| minus(line.amount, *credited))?;
            Ok(CreditableLine { line: line.line, left })
        };
        self.contents.lines.iter().map(left).collect()
    }

    /// What credit notes have left of its tax.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when a sum cannot be represented.
    pub fn tax_left(&self) -> Result<Money, Refusal> {
        let taxes = self.credits.iter().flat_map(|credit| &credit.taxes).map(|tax| tax.amount);
        minus(self.contents.totals.tax()?, sum(self.contents.currency, taxes)?)
    }

    /// The document of that format, once it is stored.
    pub fn document(&self, format: DocumentFormat) -> Option<&StoredDocument> {
        self.documents.iter().find(|document| document.format == format)
    }

    /// Whether another invoice may take its place in its period.
    pub const fn is_withdrawn(&self) -> bool {
        matches!(self.status, InvoiceStatus::Void | InvoiceStatus::Discarded)
    }
}
