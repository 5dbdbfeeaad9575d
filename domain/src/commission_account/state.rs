//! What a reseller's commission account is, folded from its events.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{CommissionAccountEvent, Settlement, StatementLine};
use crate::Money;
use crate::billing::Period;
use crate::document::{DocumentFormat, StoredDocument};

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CommissionAccountState {
    /// What no statement has yet, in the order in which it came.
    pub waiting: Vec<StatementLine>,
    /// Invoices whose commission went back whole, and was not earned after all.
    pub withdrawn: BTreeSet<Uuid>,
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
    /// What the statement of that period shows: everything waiting but what belongs to later periods.
    pub fn due(&self, period: Period) -> Vec<StatementLine> {
        self.waiting.iter().filter(|line| line.period <= period).cloned().collect()
    }

    /// That period, or the first one after it that has no statement.
    pub(super) fn open_period(&self, mut period: Period) -> Period {
        while self.statements.values().any(|statement| statement.period == period) {
            period = period.next();
        }
        period
    }

    pub(super) fn evolve(&mut self, event: &CommissionAccountEvent) {
        use CommissionAccountEvent as E;
        match event {
            E::CommissionAccrued { invoice_id, again, .. } => {
                if *again {
                    self.withdrawn.remove(invoice_id);
                }
                self.waiting.extend(event.entries());
            }
            E::CommissionReversed { invoice_id, credit_note_id, .. } => {
                self.withdrawn.extend(invoice_id.filter(|_| credit_note_id.is_none()));
                self.waiting.extend(event.entries());
            }
            E::CommissionStatementIssued(issued) => {
                self.waiting.retain(|line| line.period > issued.period);
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
