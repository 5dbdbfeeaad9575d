//! What a reseller's commission account is, folded from its events.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CommissionAccountEvent, CommissionEntry, Settlement, StatementLine};
use crate::Money;
use crate::billing::{Period, negated};
use crate::document::{DocumentFormat, StoredDocument};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CommissionAccountState {
    /// What no statement has yet, in the order in which it came.
    pub waiting: Vec<StatementLine>,
    /// Without their lines, which are the events'.
    pub statements: BTreeMap<Uuid, Statement>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Statement {
    pub number: String,
    pub period: Period,
    pub issued_on: NaiveDate,
    pub net: Money,
    pub total: Money,
    pub documents: Vec<StoredDocument>,
    /// How and under which reference, once it is settled.
    pub settled: Option<(Settlement, String)>,
}

impl Statement {
    pub const fn status(&self) -> &'static str {
        if self.settled.is_some() { "settled" } else { "issued" }
    }

    /// The document of that format, once it is stored.
    pub fn document(&self, format: DocumentFormat) -> Option<&StoredDocument> {
        self.documents.iter().find(|document| document.format == format)
    }
}

impl CommissionAccountState {
    pub(super) fn evolve(&mut self, event: &CommissionAccountEvent) {
        use CommissionAccountEvent as E;
        match event {
            E::CommissionAccrued { invoice_id, end_customer_id, period, entries, .. } => {
                self.waiting.extend(entries.iter().map(|entry| StatementLine {
                    invoice_id: Some(*invoice_id),
                    credit_note_id: None,
                    end_customer_id: *end_customer_id,
                    line: entry.line,
                    base: entry.base,
                    amount: entry.amount,
                    period: *period,
                }));
            }
            E::CommissionReversed { invoice_id, credit_note_id, end_customer_id, period, entries, .. } => {
                self.waiting.extend(entries.iter().map(turned).map(|entry| StatementLine {
                    invoice_id: *invoice_id,
                    credit_note_id: *credit_note_id,
                    end_customer_id: *end_customer_id,
                    line: entry.line,
                    base: entry.base,
                    amount: entry.amount,
                    period: *period,
                }));
            }
            E::CommissionStatementIssued(issued) => {
                self.waiting.clear();
                let statement = Statement {
                    number: issued.number.clone(),
                    period: issued.period,
                    issued_on: issued.issued_on,
                    net: issued.net,
                    total: issued.total,
                    documents: Vec::new(),
                    settled: None,
                };
                self.statements.insert(issued.statement_id, statement);
            }
            // They stopped waiting with the event before.
            E::CommissionStatementLinesAdded { .. } => {}
            E::CommissionStatementDocumentStored { statement_id, document } => {
                if let Some(statement) = self.statements.get_mut(statement_id) {
                    statement.documents.push(document.clone());
                }
            }
            E::CommissionSettled { statement_id, how, reference } => {
                if let Some(statement) = self.statements.get_mut(statement_id) {
                    statement.settled = Some((*how, reference.clone()));
                }
            }
        }
    }
}

/// What goes back counts against what is earned. Amounts were checked when they were decided.
fn turned(entry: &CommissionEntry) -> CommissionEntry {
    let (base, amount) = (negated(entry.base).unwrap_or(entry.base), negated(entry.amount).unwrap_or(entry.amount));
    CommissionEntry { base, amount, ..*entry }
}
