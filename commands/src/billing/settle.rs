//! A difference is settled: in its run, in the ledger of its account, and with the draft that it kept.

use std::collections::BTreeSet;

use domain::billing::matching::{DiscrepancyKind, Expected, Group, keeps_draft};
use domain::billing::{Charge, ChargeKey, InvoiceLine, Prices, ProviderLine};
use domain::billing_run::{
    BillingDiscrepancy, BillingRunCommand, BillingRunRules, DiscrepancyNote, DiscrepancyResolution,
};
use domain::charge_ledger::{ChargeLedgerCommand, ChargeLedgerRules};
use domain::invoice::{Invoice, InvoiceRules, InvoiceStatus};
use domain::{Refusal, StreamId};
use uuid::Uuid;

use super::compare::lines_to_pass_on;
use super::gather;
use crate::{Answer, Command, Failure, Operation, Work, index, invoice};

/// What an operator decides about a difference.
#[derive(Debug)]
pub struct ResolveDiscrepancy {
    pub discrepancy_id: Uuid,
    pub resolution: DiscrepancyResolution,
    pub note: DiscrepancyNote,
}

impl Command for ResolveDiscrepancy {
    const OPERATION: Operation = Operation::ResolveDiscrepancy;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let run = settle_in(work, self.discrepancy_id, self.resolution, Some(self.note.clone())).await?;
        Ok(Answer::resource(200, run))
    }
}

/// Settles it, as part of the append at hand; `note` is an operator's. When nothing keeps its draft any more, the draft
/// is issued with it, on the day it is at the seller entity. The run's stream is answered.
///
/// # Errors
/// [`Failure::NotFound`] without such a difference; [`Failure::Refused`] when it was resolved otherwise, or the provider
/// has nothing that could be passed on.
pub(super) async fn settle_in(
    work: &mut Work<'_>,
    discrepancy_id: Uuid,
    resolution: DiscrepancyResolution,
    note: Option<DiscrepancyNote>,
) -> Result<StreamId, Failure> {
    let run_id = index::run_of_discrepancy(work.bus().pool(), discrepancy_id).await?.ok_or(Failure::NotFound)?;
    let stream = StreamId::new(domain::AggregateType::BillingRun, run_id);
    let run = work.read::<BillingRunRules>(run_id).await?;
    let known = run.state.known().and_then(|run| run.discrepancies.get(&discrepancy_id)).ok_or(Failure::NotFound)?;
    let (found, is_open) = (known.found.clone(), known.resolution.is_none());
    drop(run);
    let customer = Some(found.customer_id);
    let resolve = BillingRunCommand::Resolve { discrepancy_id, resolution, note };
    work.decide::<BillingRunRules>(run_id, &resolve, customer).await?;
    if !is_open {
        return Ok(stream);
    }
    let (charges, lines) = follows(work, &found, resolution).await?;
    let settle = ChargeLedgerCommand::Settle { discrepancy_id, resolution, charges, lines };
    work.decide::<ChargeLedgerRules>(found.account_id, &settle, customer).await?;
    for draft in drafts_of(work, &found).await? {
        issue_if_free(work, draft, discrepancy_id).await?;
    }
    Ok(stream)
}

/// What is billed because of it.
async fn follows(
    work: &mut Work<'_>,
    found: &BillingDiscrepancy,
    resolution: DiscrepancyResolution,
) -> Result<(Vec<ChargeKey>, Vec<ProviderLine>), Failure> {
    match (resolution, found.kind) {
        (DiscrepancyResolution::Accept, DiscrepancyKind::Missing) => {
            Ok((found.charges.iter().map(|charge| charge.key).collect(), Vec::new()))
        }
        // Where both sides have it, ours is billed anyway; what only they have is nothing of ours.
        (DiscrepancyResolution::Accept | DiscrepancyResolution::Dispute, _) => Ok((Vec::new(), Vec::new())),
        (DiscrepancyResolution::PassOn, _) => {
            let lines = passed_on(work, found).await?;
            if lines.is_empty() { Err(Refusal::NothingToPassOn.into()) } else { Ok((Vec::new(), lines)) }
        }
    }
}

async fn passed_on(work: &mut Work<'_>, found: &BillingDiscrepancy) -> Result<Vec<ProviderLine>, Failure> {
    let mut histories = gather::histories(work.bus().pool(), &[found.account_id]).await?;
    let history = histories.remove(&found.account_id).unwrap_or_default();
    let of_it = history
        .subscriptions
        .iter()
        .find(|history| history.subject.provider_subscription_id == found.provider_subscription_id);
    Ok(of_it.map(|history| lines_to_pass_on(found, history)).unwrap_or_default())
}

/// Drafts that have charges of the difference on them.
async fn drafts_of(work: &mut Work<'_>, found: &BillingDiscrepancy) -> Result<Vec<Uuid>, Failure> {
    let ledger = work.read::<ChargeLedgerRules>(found.account_id).await?;
    let has_one = |billed: &BTreeSet<ChargeKey>| found.charges.iter().any(|charge| billed.contains(&charge.key));
    let documents: Vec<Uuid> =
        ledger.state.billed.iter().filter(|(_, billed)| has_one(billed)).map(|(id, _)| *id).collect();
    let mut drafts = Vec::new();
    for id in documents {
        let invoice = work.read::<InvoiceRules>(id).await?;
        if invoice.state.known().is_some_and(|invoice| invoice.status == InvoiceStatus::Draft) {
            drafts.push(id);
        }
    }
    Ok(drafts)
}

async fn issue_if_free(work: &mut Work<'_>, draft: Uuid, settled: Uuid) -> Result<(), Failure> {
    let draft = work.read::<InvoiceRules>(draft).await?;
    let draft = draft.state.known().ok_or(Failure::NotFound)?;
    let found = found_about(work, draft).await?;
    let open = found.iter().map(|(found, is_open)| (found, *is_open && found.discrepancy_id != settled));
    let groups = groups(draft, open);
    if keeps_draft(groups.iter().map(|(group, is_open)| (group, *is_open)))? {
        return Ok(());
    }
    let today = work.bus().seller().entity(&draft.contents.seller_entity).day_at(work.context.at);
    invoice::issue_in(work, draft.contents.clone(), today).await
}

/// The differences of the draft's accounts: those its own run found, and what is open from others. Whether each is open.
async fn found_about(work: &mut Work<'_>, draft: &Invoice) -> Result<Vec<(BillingDiscrepancy, bool)>, Failure> {
    let accounts: BTreeSet<Uuid> = draft.contents.lines.iter().map(|line| line.account_id).collect();
    let ids: Vec<Uuid> = accounts.iter().copied().collect();
    let open = index::open_discrepancies(work.bus().pool(), &ids).await?;
    let runs: BTreeSet<Uuid> = open.into_iter().map(|(_, run)| run).chain(draft.contents.run_id).collect();
    let mut found = Vec::new();
    for run in runs {
        let run = work.read::<BillingRunRules>(run).await?;
        let known = run.state.known().into_iter().flat_map(|run| run.discrepancies.values());
        let about = known.filter(|discrepancy| accounts.contains(&discrepancy.found.account_id));
        found.extend(about.map(|discrepancy| (discrepancy.found.clone(), discrepancy.resolution.is_none())));
    }
    Ok(found)
}

/// The sides again as they were when the draft was made: its differences with what the provider asks, what was missing,
/// and everything else on it as agreed.
fn groups<'a>(draft: &Invoice, found: impl Iterator<Item = (&'a BillingDiscrepancy, bool)>) -> Vec<(Group, bool)> {
    let on_it: BTreeSet<ChargeKey> = draft.contents.lines.iter().map(InvoiceLine::charge_key).collect();
    let mut told = BTreeSet::new();
    let mut groups = Vec::new();
    for (found, is_open) in found {
        let has_some = found.charges.iter().any(|charge| on_it.contains(&charge.key));
        let is_missing = found.kind == DiscrepancyKind::Missing && draft.contents.run_id.is_some();
        if has_some || is_missing {
            told.extend(found.charges.iter().map(|charge| charge.key));
            let invoiced = |charge: &Charge| has_some && !on_it.contains(&charge.key);
            groups.push((group(found, invoiced), is_open && has_some));
        }
    }
    let agreed = draft.contents.lines.iter().filter(|line| !told.contains(&line.charge_key()));
    groups.extend(agreed.map(|line| (of_line(line), false)));
    groups
}

fn group(found: &BillingDiscrepancy, invoiced: impl Fn(&Charge) -> bool) -> Group {
    let expected = |charge: &Charge| Expected {
        provider_subscription_id: found.provider_subscription_id.clone(),
        charge: *charge,
        invoiced: invoiced(charge),
    };
    Group {
        provider_subscription_id: found.provider_subscription_id.clone(),
        kind: found.charge,
        from: found.from,
        ours: found.charges.iter().map(expected).collect(),
        theirs: found.lines.clone(),
    }
}

/// A line that nobody questions: it counts by what it costs.
fn of_line(line: &InvoiceLine) -> Group {
    let prices = Prices {
        unit_price: line.unit_price,
        reseller_unit_price: None,
        unit_cost: line.unit_cost,
        discountable: false,
    };
    let charge = Charge { key: line.charge_key(), to: line.to, quantity: line.quantity, factor: line.factor, prices };
    let provider_subscription_id = line.subscription_id.to_string();
    Group {
        ours: vec![Expected { provider_subscription_id: provider_subscription_id.clone(), charge, invoiced: false }],
        provider_subscription_id,
        kind: line.charge,
        from: line.from,
        theirs: Vec::new(),
    }
}
