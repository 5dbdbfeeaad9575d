//! Rows and indexes of the books beside the documents themselves: made once more from the log.

use std::collections::BTreeMap;

use domain::Event;
use domain::balance::BalanceEvent;
use domain::billing_run::BillingRunEvent;
use domain::commission_account::CommissionAccountEvent;
use domain::customer::CustomerEvent;
use domain::invoice::{Invoice, InvoiceEvent, InvoiceStatus};
use rust_decimal::Decimal;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use super::Papers;
use crate::invariants::evidence::Evidence;

/// What is read of them. Sums are by customer and currency.
pub(in crate::invariants) struct BookRows {
    /// What is left of each invoice.
    receivables: BTreeMap<Uuid, Decimal>,
    accounts: Vec<AccountSums>,
    commissions: CommissionRows,
    /// With whether nobody has resolved it.
    discrepancies: BTreeMap<Uuid, bool>,
}

/// What a customer owes in a currency, told in three ways.
#[derive(FromRow)]
struct AccountSums {
    customer_id: Uuid,
    currency: String,
    /// By the entries of its statement of account.
    entries: Decimal,
    /// By what is left of its invoices.
    open: Decimal,
    /// To its credit.
    credit: Decimal,
}

#[derive(FromRow)]
struct CommissionRows {
    entries: i64,
    waiting: i64,
    statements: i64,
}

const SUMS: &str = "with live as (select generation from readers where name = 'billing'), \
    parts as ( \
        select customer_id, currency, amount as entries, 0 as open, 0 as credit from read_ledger t join live using (generation) \
        union all select customer_id, currency, 0, open, 0 from read_receivables t join live using (generation) \
        union all select customer_id, currency, 0, 0, amount from read_balances t join live using (generation)) \
    select customer_id, currency, sum(entries) as entries, sum(open) as open, sum(credit) as credit \
    from parts group by 1, 2";
const COMMISSIONS: &str = "with live as (select generation from readers where name = 'billing') select \
    (select count(*) from read_commissions join live using (generation)) as entries, \
    (select count(*) from read_commissions join live using (generation) where statement_id is null) as waiting, \
    (select count(*) from read_commission_statements join live using (generation)) as statements";

/// Queries of the write side's indexes, by name.
pub(in crate::invariants) const INDEXES: [(&str, &str); 7] = [
    ("due_invoices", "select invoice_id, due_on::text from index_due_invoices"),
    ("open_invoices", "select invoice_id, customer_id::text from index_open_invoices"),
    ("balances", "select balance_id, customer_id::text from index_balances"),
    ("discrepancies", "select discrepancy_id, open::text from index_discrepancies"),
    ("commission_statements", "select statement_id, account_id::text from index_commission_statements"),
    ("customer_aliases", "select customer_id, alias::text from index_customer_aliases"),
    ("invoice_aliases", "select invoice_id, alias::text from index_invoice_aliases"),
];

impl BookRows {
    pub async fn gather(tx: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let live = "t join readers r on r.generation = t.generation and r.name = 'billing'";
        let receivables = format!("select t.id, t.open from read_receivables {live}");
        let receivables: Vec<(Uuid, Decimal)> = sqlx::query_as(&receivables).fetch_all(&mut *tx).await?;
        let discrepancies = format!("select t.id, t.status = 'open' from read_billing_discrepancies {live}");
        let discrepancies: Vec<(Uuid, bool)> = sqlx::query_as(&discrepancies).fetch_all(&mut *tx).await?;
        Ok(Self {
            receivables: receivables.into_iter().collect(),
            accounts: sqlx::query_as(SUMS).fetch_all(&mut *tx).await?,
            commissions: sqlx::query_as(COMMISSIONS).fetch_one(&mut *tx).await?,
            discrepancies: discrepancies.into_iter().collect(),
        })
    }
}

/// What the read side shows otherwise than the log says.
pub(in crate::invariants) fn differences(evidence: &Evidence) -> Vec<String> {
    let until = evidence.position_of("billing");
    let papers = Papers::of(|| evidence.until(until));
    let shown = &evidence.books;
    let mut found = receivables(&papers, shown);
    let differing = shown.accounts.iter().filter(|sums| sums.entries != sums.open - sums.credit);
    found.extend(differing.map(|sums| {
        format!(
            "the account of {} in {} is {}, not {}",
            sums.customer_id,
            sums.currency,
            sums.entries,
            sums.open - sums.credit
        )
    }));
    let told = commissions(evidence, until);
    let commissions = &shown.commissions;
    if told != [commissions.entries, commissions.waiting, commissions.statements] {
        found.push(format!(
            "{} commissions, {} waiting, {} statements, and not {told:?}",
            commissions.entries, commissions.waiting, commissions.statements
        ));
    }
    if discrepancies(evidence, until) != shown.discrepancies {
        found.push(format!("the {} rows of discrepancies are not those of the log", shown.discrepancies.len()));
    }
    found
}

/// Whoever wrote an invoice off expects nothing of it.
fn receivables(papers: &Papers, shown: &BookRows) -> Vec<String> {
    let left = |invoice: &Invoice| match invoice.status {
        InvoiceStatus::Void | InvoiceStatus::Uncollectible => Decimal::ZERO,
        _ => invoice.balance.amount(),
    };
    let expected: BTreeMap<Uuid, Decimal> =
        papers.issued_invoices().map(|(id, invoice)| (*id, left(invoice))).collect();
    let other = expected.iter().filter(|(id, left)| shown.receivables.get(id) != Some(left));
    let other = other.map(|(id, left)| format!("{left} is left of {id}, and {:?} is shown", shown.receivables.get(id)));
    let unknown = shown.receivables.keys().filter(|id| !expected.contains_key(id));
    other.chain(unknown.map(|id| format!("{id} is shown as owed and was never issued"))).collect()
}

/// Entries, those no statement has yet, and statements.
fn commissions(evidence: &Evidence, until: i64) -> [i64; 3] {
    use CommissionAccountEvent as E;
    let (mut entries, mut stated, mut statements) = (0, 0, 0);
    for recorded in evidence.until(until) {
        let Ok(Event::CommissionAccount(event)) = recorded.event() else { continue };
        let count = |length: usize| i64::try_from(length).unwrap_or(i64::MAX);
        match event {
            E::CommissionAccrued { entries: new, .. } | E::CommissionReversed { entries: new, .. } => {
                entries += count(new.len());
            }
            E::CommissionStatementIssued(issued) => {
                statements += 1;
                stated += count(issued.lines.len());
            }
            E::CommissionStatementLinesAdded { lines, .. } => stated += count(lines.len()),
            E::CommissionStatementDocumentStored { .. } | E::CommissionSettled { .. } => {}
        }
    }
    [entries, entries - stated, statements]
}

fn discrepancies(evidence: &Evidence, until: i64) -> BTreeMap<Uuid, bool> {
    let mut open = BTreeMap::new();
    for recorded in evidence.until(until) {
        match recorded.event() {
            Ok(Event::BillingRun(BillingRunEvent::BillingDiscrepancyFound(found))) => {
                open.insert(found.discrepancy_id, true);
            }
            Ok(Event::BillingRun(BillingRunEvent::BillingDiscrepancyResolved { discrepancy_id, .. })) => {
                open.insert(*discrepancy_id, false);
            }
            _ => {}
        }
    }
    open
}

/// The write side's indexes as the log makes them, by name.
pub(in crate::invariants) fn indexes(evidence: &Evidence) -> Vec<(&'static str, Vec<(Uuid, String)>)> {
    let until = evidence.position_of("indexes");
    let papers = Papers::of(|| evidence.until(until));
    let open = || papers.issued_invoices().filter(|(_, invoice)| invoice.status == InvoiceStatus::Issued);
    let due = open().filter(|(_, invoice)| !invoice.overdue);
    let due = due.filter_map(|(id, invoice)| Some((*id, invoice.issue.as_ref()?.due_on.to_string())));
    let open = open().map(|(id, invoice)| (*id, invoice.contents.customer_id.to_string()));
    let found = discrepancies(evidence, until).into_iter().map(|(id, open)| (id, open.to_string()));
    let (mut balances, mut statements) = (BTreeMap::new(), BTreeMap::new());
    for recorded in evidence.until(until) {
        match recorded.event() {
            Ok(Event::Balance(BalanceEvent::BalanceCredited { customer_id, .. })) => {
                balances.extend(Uuid::parse_str(&recorded.aggregate_id).map(|id| (id, customer_id.to_string())));
            }
            Ok(Event::CommissionAccount(CommissionAccountEvent::CommissionStatementIssued(issued))) => {
                statements.insert(issued.statement_id, recorded.aggregate_id.clone());
            }
            _ => {}
        }
    }
    vec![
        ("due_invoices", due.collect()),
        ("open_invoices", open.collect()),
        ("balances", balances.into_iter().collect()),
        ("discrepancies", found.collect()),
        ("commission_statements", statements.into_iter().collect()),
        ("customer_aliases", numbered(evidence, is_registration)),
        ("invoice_aliases", numbered(evidence, is_issue)),
    ]
}

/// Whatever the indexes give a small number: 1, 2, 3 … in the order of the log.
fn numbered(evidence: &Evidence, has_one: fn(&Event) -> bool) -> Vec<(Uuid, String)> {
    let until = evidence.position_of("indexes");
    let named = evidence.until(until).filter(|recorded| recorded.event().is_ok_and(has_one));
    let ids = named.filter_map(|recorded| Uuid::parse_str(&recorded.aggregate_id).ok());
    (1..).zip(ids).map(|(alias, id): (i64, Uuid)| (id, alias.to_string())).collect()
}

fn is_registration(event: &Event) -> bool {
    matches!(event, Event::Customer(CustomerEvent::CustomerRegistered(_)))
}

fn is_issue(event: &Event) -> bool {
    matches!(event, Event::Invoice(InvoiceEvent::InvoiceIssued(_)))
}
