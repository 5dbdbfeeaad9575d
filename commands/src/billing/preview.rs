//! What a billed party's invoice of a month would be.

use std::collections::{BTreeMap, BTreeSet};

use domain::billing::{ChargeKey, InvoiceLine, Period};
use domain::billing_run::StartedRun;
use domain::charge_ledger::{ChargeLedgerRules, ChargeLedgerState};
use domain::customer::CustomerRules;
use domain::invoice::InvoiceContents;
use domain::{Currency, Refusal};
use uuid::Uuid;

use super::compare::{self, ToBill};
use super::party::BilledPartyTerms;
use super::{AccountBill, PartyBill, documents, gather, scope};
use crate::{Bus, Context, Failure, Key, Operation, Trace, Work};

/// Whoever reads for it; under this key nothing is kept.
const NAME: &str = "preview";

/// What the month's invoices would be if they were made now, one per currency: the charges of that month that follow from
/// our own history, the provider being assumed to bill all of them, and what an operator has accepted or passed on and
/// no document has yet. For a month that is not over: what is known so far, coming cycles included.
///
/// What a document has is left out, and so is a currency in which the month is invoiced already: what is left of that
/// comes with a later month. Whose services another party is billed for has nothing to preview. Amounts may be below
/// zero: then a credit note would be made instead.
///
/// # Errors
/// [`Failure::NotFound`] without such a customer; [`Failure::Refused`] when an amount cannot be represented;
/// [`Failure::Log`].
pub async fn preview(bus: &Bus, customer_id: Uuid, period: Period) -> Result<Vec<InvoiceContents>, Failure> {
    let context = context(bus);
    // Nothing is written: it reads like a run, and sees what that would.
    let mut work = Work::new(bus, &context, Operation::PreviewInvoice, true);
    let customer = work.read::<CustomerRules>(customer_id).await?;
    customer.state.known().ok_or(Failure::NotFound)?;
    let bill = our_side(bus, customer_id, period).await?;
    let terms = BilledPartyTerms::read(&mut work, &bill).await?;
    let mut lines: BTreeMap<&'static str, (Currency, Vec<InvoiceLine>)> = BTreeMap::new();
    let mut accounts: Vec<&AccountBill> = bill.accounts.iter().filter(|bill| terms.pays_for(bill)).collect();
    accounts.sort_by_key(|bill| terms.rank(bill));
    for account in accounts {
        let ledger = work.read::<ChargeLedgerRules>(account.account_id).await?;
        let Some(line_terms) = terms.line_terms(account) else { continue };
        for to_bill in expected(account, &ledger.state, period)? {
            let line = InvoiceLine::new(0, to_bill.subject(), &to_bill.charge, &line_terms)?;
            lines.entry(line.currency().code()).or_insert_with(|| (line.currency(), Vec::new())).1.push(line);
        }
    }
    let mut invoices = Vec::new();
    for (currency, lines) in lines.into_values() {
        if let Some(n) = documents::free(&mut work, customer_id, currency, period).await? {
            let numbered = (1..).zip(lines).map(|(number, line)| InvoiceLine { line: number, ..line }).collect();
            let contents = documents::contents(&as_if_run(bus, period), &terms, (currency, n), numbered)?;
            invoices.push(InvoiceContents { run_id: None, ..contents });
        }
    }
    Ok(invoices)
}

/// The party's accounts as a run would see them, without the provider's lines.
async fn our_side(bus: &Bus, customer_id: Uuid, period: Period) -> Result<PartyBill, Failure> {
    let accounts = scope::of(bus.pool(), Some(customer_id), period).await?;
    let ids: Vec<Uuid> = accounts.iter().map(|account| account.account_id).collect();
    let mut histories = gather::histories(bus.pool(), &ids).await?;
    let bill = |account: &crate::index::IndexedAccount| AccountBill {
        account_id: account.account_id,
        customer_id: account.customer_id,
        months: BTreeSet::from([period]),
        lines: Vec::new(),
        history: histories.remove(&account.account_id).unwrap_or_default(),
    };
    Ok(PartyBill { customer_id, accounts: accounts.iter().map(bill).collect() })
}

fn expected(bill: &AccountBill, ledger: &ChargeLedgerState, period: Period) -> Result<Vec<ToBill>, Refusal> {
    let billed: BTreeSet<&ChargeKey> = ledger.billed.values().flatten().collect();
    let mut expected = Vec::new();
    for history in &bill.history.subscriptions {
        let charges = history.charges_through(period).into_iter();
        let is_due = |key: &ChargeKey| period.contains(key.from) || ledger.accepted.contains(key);
        let due = charges.filter(|charge| is_due(&charge.key) && !compare::is_billed(&billed, &charge.key));
        expected.extend(due.map(|charge| ToBill { history: history.clone(), charge, passed_on: None }));
    }
    expected.extend(compare::waiting(bill, ledger, period)?);
    Ok(expected)
}

fn context(bus: &Bus) -> Context {
    let trace = Trace { correlation_id: NAME.to_owned(), causation_id: NAME.to_owned(), traceparent: None };
    Context::system(NAME, bus.now(), Key::system(NAME), trace)
}

fn as_if_run(bus: &Bus, period: Period) -> StartedRun {
    StartedRun {
        run_id: Uuid::nil(),
        period,
        seller_entity: None,
        customer_id: None,
        on_demand: true,
        started_at: bus.now(),
    }
}
