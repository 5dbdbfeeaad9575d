//! Billing some billed parties of a run, all in one append: what the provider's bills bring, what differs, the documents,
//! and the ledgers that keep anything from being billed twice.

use std::collections::BTreeSet;

use domain::billing::{Period, ProviderLine};
use domain::billing_run::{BilledParty, BillingRunCommand, BillingRunRules, DiscrepancyResolution, StartedRun};
use domain::charge_ledger::{ChargeLedgerCommand, ChargeLedgerRules};
use domain::customer::CustomerRules;
use domain::invoice::InvoiceRules;
use domain::{AggregateType, StreamId, ids};
use uuid::Uuid;

use super::compare::{self, Compared};
use super::documents::{self, Documents};
use super::gather::AccountHistory;
use super::party::BilledPartyTerms;
use super::settle;
use crate::{Answer, Command, Failure, Operation, Work};

/// The provider's bill of one account, and our side of it.
#[derive(Debug, Clone)]
pub struct AccountBill {
    pub account_id: Uuid,
    /// Whose account it is.
    pub customer_id: Uuid,
    /// What the lines are of: each whole.
    pub months: BTreeSet<Period>,
    pub lines: Vec<ProviderLine>,
    pub history: AccountHistory,
}

/// One billed party with the bills of all its accounts.
#[derive(Debug, Clone)]
pub struct PartyBill {
    pub customer_id: Uuid,
    pub accounts: Vec<AccountBill>,
}

/// Bills these parties. One that is done already, by whoever was faster, is left out.
#[derive(Debug)]
pub struct BillParties {
    pub run_id: Uuid,
    pub parties: Vec<PartyBill>,
}

impl Command for BillParties {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let run = work.read::<BillingRunRules>(self.run_id).await?;
        let known = run.state.known().ok_or(Failure::NotFound)?;
        let started = known.started.clone();
        let left: Vec<&PartyBill> = self.parties.iter().filter(|party| !known.is_done(party.customer_id)).collect();
        drop(run);
        read_ahead(work, &started, &left).await?;
        let mut billed = Vec::with_capacity(left.len());
        for party in left {
            billed.push(bill(work, &started, party).await?);
        }
        let done = BillingRunCommand::Bill { parties: billed };
        work.decide::<BillingRunRules>(self.run_id, &done, started.customer_id).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::BillingRun, self.run_id)))
    }
}

/// What nearly every party needs, in a few queries.
async fn read_ahead(work: &mut Work<'_>, run: &StartedRun, parties: &[&PartyBill]) -> Result<(), Failure> {
    let accounts = || parties.iter().flat_map(|party| &party.accounts);
    let customers = parties.iter().map(|party| party.customer_id).chain(accounts().map(|bill| bill.customer_id));
    work.read_all::<CustomerRules>(customers).await?;
    work.read_all::<ChargeLedgerRules>(accounts().map(|bill| bill.account_id)).await?;
    let mut firsts = Vec::with_capacity(parties.len());
    for party in parties {
        let customer = work.read::<CustomerRules>(party.customer_id).await?;
        let currency = customer.state.known().map(|customer| customer.terms.currency);
        firsts.extend(currency.map(|currency| ids::period_invoice(party.customer_id, currency, run.period, 0)));
    }
    work.read_all::<InvoiceRules>(firsts).await
}

async fn bill(work: &mut Work<'_>, run: &StartedRun, bill: &PartyBill) -> Result<BilledParty, Failure> {
    let terms = BilledPartyTerms::read(work, bill).await?;
    let mut compared = Vec::with_capacity(bill.accounts.len());
    for account in bill.accounts.iter().filter(|account| terms.pays_for(account)) {
        let ledger = work.read::<ChargeLedgerRules>(account.account_id).await?;
        compared.push((account, compare::compare(account, &ledger.state, run.period)?));
    }
    let documents = documents::plan(work, run, &terms, &compared).await?;
    for (account, compared) in &compared {
        import(work, run, account, compared).await?;
        for discrepancy_id in &compared.settled {
            settle::settle_in(work, *discrepancy_id, DiscrepancyResolution::Accept, None).await?;
        }
    }
    note(work, run, &compared, &documents).await?;
    documents::write(work, run, &terms, documents).await
}

/// New lines, once and for all.
async fn import(work: &mut Work<'_>, run: &StartedRun, bill: &AccountBill, compared: &Compared) -> Result<(), Failure> {
    if compared.new_lines.is_empty() {
        return Ok(());
    }
    let (account_id, customer_id) = (bill.account_id, bill.customer_id);
    let line_ids = compared.new_lines.iter().map(|line| line.line_id.clone()).collect();
    let import = ChargeLedgerCommand::Import { run_id: run.run_id, line_ids };
    work.decide::<ChargeLedgerRules>(account_id, &import, Some(customer_id)).await?;
    let import = BillingRunCommand::Import { account_id, customer_id, lines: compared.new_lines.clone() };
    work.decide::<BillingRunRules>(run.run_id, &import, Some(customer_id)).await
}

/// Differences nobody has listed before, each with the draft that it keeps.
async fn note(
    work: &mut Work<'_>,
    run: &StartedRun,
    compared: &[(&AccountBill, Compared)],
    documents: &Documents,
) -> Result<(), Failure> {
    for (account, compared) in compared {
        let mut discrepancies = Vec::new();
        for judged in &compared.judged {
            let Some(mut discrepancy) = judged.found.clone() else { continue };
            discrepancy.invoice_id = documents.draft_kept_by(judged);
            discrepancies.push(discrepancy.discrepancy_id);
            let find = BillingRunCommand::Find(Box::new(discrepancy));
            work.decide::<BillingRunRules>(run.run_id, &find, Some(account.customer_id)).await?;
        }
        let note = ChargeLedgerCommand::Note { run_id: run.run_id, discrepancies };
        work.decide::<ChargeLedgerRules>(account.account_id, &note, Some(account.customer_id)).await?;
    }
    Ok(())
}
