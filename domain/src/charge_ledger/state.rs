//! What an account's charge ledger says, folded from its events.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::ChargeLedgerEvent;
use crate::billing::{ChargeKey, ProviderLine};
use crate::billing_run::DiscrepancyResolution;

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ChargeLedgerState {
    /// Every line of the provider's that was imported, by its id.
    pub imported: BTreeSet<String>,
    /// Every charge that is on a document, by document.
    pub billed: BTreeMap<Uuid, BTreeSet<ChargeKey>>,
    /// Charges that are billed although the provider does not bill them.
    pub accepted: BTreeSet<ChargeKey>,
    /// Lines of the provider's to be passed on, and the document they are on.
    pub passed_on: Vec<PassedOn>,
    pub discrepancies: BTreeMap<Uuid, NotedDiscrepancy>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PassedOn {
    pub line: ProviderLine,
    /// `None` as long as it is on no document.
    pub document_id: Option<Uuid>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NotedDiscrepancy {
    /// The run that found it.
    pub run_id: Uuid,
    /// `None` while it is open.
    pub resolution: Option<DiscrepancyResolution>,
}

impl ChargeLedgerState {
    /// Whether a document has the charge, under whichever of its names.
    pub fn is_billed(&self, charge: &ChargeKey) -> bool {
        self.billed.values().any(|charges| charges.range(charge.names()).next().is_some())
    }

    pub(super) fn is_billed_on(&self, document_id: Uuid, charge: &ChargeKey) -> bool {
        self.billed.get(&document_id).is_some_and(|charges| charges.contains(charge))
    }

    /// Whether it is to be passed on, or on a document already.
    pub(super) fn is_passed_on(&self, line_id: &str) -> bool {
        self.passed_on.iter().any(|passed| passed.line.line_id == line_id)
    }

    pub(super) fn is_passed_on_with(&self, document_id: Uuid, line_id: &str) -> bool {
        let is_it = |passed: &PassedOn| passed.line.line_id == line_id && passed.document_id == Some(document_id);
        self.passed_on.iter().any(is_it)
    }

    /// Whether the difference was found and nobody has settled it.
    pub fn is_open(&self, discrepancy: Uuid) -> bool {
        self.discrepancies.get(&discrepancy).is_some_and(|noted| noted.resolution.is_none())
    }

    /// Lines that wait to be passed on.
    pub fn to_pass_on(&self) -> impl Iterator<Item = &ProviderLine> {
        self.passed_on.iter().filter(|passed| passed.document_id.is_none()).map(|passed| &passed.line)
    }

    pub(super) fn evolve(&mut self, event: &ChargeLedgerEvent) {
        match event {
            ChargeLedgerEvent::ProviderLinesImported { line_ids, .. } => self.imported.extend(line_ids.iter().cloned()),
            ChargeLedgerEvent::ChargesBilled { document_id, charges, passed_on } => {
                self.billed.entry(*document_id).or_default().extend(charges);
                let on_it = |passed: &&mut PassedOn| passed_on.contains(&passed.line.line_id);
                self.passed_on.iter_mut().filter(on_it).for_each(|passed| passed.document_id = Some(*document_id));
            }
            ChargeLedgerEvent::ChargesReleased { document_id } => {
                self.billed.remove(document_id);
                let was_on_it = |passed: &&mut PassedOn| passed.document_id == Some(*document_id);
                self.passed_on.iter_mut().filter(was_on_it).for_each(|passed| passed.document_id = None);
            }
            ChargeLedgerEvent::DiscrepanciesNoted { run_id, discrepancies } => {
                let noted = NotedDiscrepancy { run_id: *run_id, resolution: None };
                self.discrepancies.extend(discrepancies.iter().map(|id| (*id, noted)));
            }
            ChargeLedgerEvent::DiscrepancySettled { discrepancy_id, resolution, charges, lines } => {
                if let Some(noted) = self.discrepancies.get_mut(discrepancy_id) {
                    noted.resolution = Some(*resolution);
                }
                self.accepted.extend(charges);
                self.passed_on.extend(lines.iter().map(|line| PassedOn { line: line.clone(), document_id: None }));
            }
        }
    }
}
