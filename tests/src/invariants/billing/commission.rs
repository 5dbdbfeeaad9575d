//! Commission: earned by the lines of invoices, taken back with credit notes, each entry on one statement.

use std::collections::BTreeMap;

use domain::Event;
use domain::billing::Period;
use domain::commission_account::{CommissionAccountEvent, IssuedStatement};
use domain::invoice::{Invoice, InvoiceStatus};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::Papers;
use super::sums::{rounded, sum};
use crate::invariants::evidence::Evidence;

/// Document and line.
type Line = (Uuid, u32);

/// Everything the commission accounts say.
#[derive(Default)]
struct Accounts {
    accrued: BTreeMap<Line, Decimal>,
    /// Earned once more, after all of it had gone back.
    restored: BTreeMap<Line, Decimal>,
    /// By the invoice, or by the credit note that stands in its place; above zero goes back.
    reversed: BTreeMap<Line, Decimal>,
    /// By stream: what no statement has yet.
    waiting: BTreeMap<String, Vec<(Period, Decimal)>>,
    /// With all lines, and what waited for each when it was issued.
    statements: Vec<(IssuedStatement, Vec<Decimal>)>,
}

pub(super) fn check(evidence: &Evidence, papers: &Papers) -> Vec<String> {
    let accounts = Accounts::of(evidence);
    let mut wrong = earned(papers, &accounts);
    wrong.extend(taken_back(papers, &accounts));
    wrong.extend(earned_again(papers, &accounts));
    wrong.extend(accounts.statements.iter().flat_map(|(statement, waited)| statement_sums(statement, waited)));
    wrong
}

impl Accounts {
    fn of(evidence: &Evidence) -> Self {
        let mut accounts = Self::default();
        for recorded in &evidence.events {
            if let Ok(Event::CommissionAccount(event)) = recorded.event() {
                accounts.apply(&recorded.aggregate_id, event);
            }
        }
        accounts
    }

    fn apply(&mut self, stream: &str, event: &CommissionAccountEvent) {
        use CommissionAccountEvent as E;
        let waiting = self.waiting.entry(stream.to_owned()).or_default();
        match event {
            E::CommissionAccrued { invoice_id, entries, period, again, .. } => {
                let earned = if *again { &mut self.restored } else { &mut self.accrued };
                for entry in entries {
                    *earned.entry((*invoice_id, entry.line)).or_default() += entry.amount.amount();
                    waiting.push((*period, entry.amount.amount()));
                }
            }
            E::CommissionReversed { invoice_id, credit_note_id, entries, period, .. } => {
                let document = invoice_id.or(*credit_note_id).unwrap_or_default();
                for entry in entries {
                    *self.reversed.entry((document, entry.line)).or_default() += entry.amount.amount();
                    waiting.push((*period, -entry.amount.amount()));
                }
            }
            E::CommissionStatementIssued(issued) => {
                let is_due = |(period, _): &(Period, Decimal)| *period <= issued.period;
                let due = waiting.iter().copied().filter(is_due).map(|(_, amount)| amount).collect();
                waiting.retain(|entry| !is_due(entry));
                self.statements.push(((**issued).clone(), due));
            }
            E::CommissionStatementLinesAdded { statement_id, lines } => {
                let mut all = self.statements.iter_mut();
                if let Some((statement, _)) = all.find(|(statement, _)| statement.statement_id == *statement_id) {
                    statement.lines.extend(lines.iter().cloned());
                }
            }
            E::CommissionStatementDocumentStored { .. } | E::CommissionSettled { .. } => {}
        }
    }
}

/// What invoices say they earn, and what was entered.
fn earned(papers: &Papers, accounts: &Accounts) -> Vec<String> {
    let mut expected: BTreeMap<Line, Decimal> = BTreeMap::new();
    for (id, invoice) in papers.issued_invoices() {
        expected.extend(commissions(invoice).map(|(line, amount)| ((*id, line), amount)));
    }
    if expected == accounts.accrued {
        return Vec::new();
    }
    let other = expected.iter().filter(|(line, amount)| accounts.accrued.get(line) != Some(amount));
    let lacking = other.map(|((id, line), amount)| format!("line {line} of {id} earns {amount}, which is not entered"));
    let invented = accounts.accrued.keys().filter(|line| !expected.contains_key(line));
    lacking.chain(invented.map(|(id, line)| format!("line {line} of {id} earned what it does not say"))).collect()
}

fn commissions(invoice: &Invoice) -> impl Iterator<Item = (u32, Decimal)> {
    let lines = invoice.contents.lines.iter();
    let said = lines.filter_map(|line| Some((line.line, line.commission?.amount())));
    said.filter(|(_, amount)| !amount.is_zero())
}

/// All of a void invoice goes back, as does all a credit note takes that stands in an invoice's place; never more than
/// was earned.
fn taken_back(papers: &Papers, accounts: &Accounts) -> Vec<String> {
    let mut wrong = Vec::new();
    for ((document, line), reversed) in &accounts.reversed {
        let again = accounts.restored.get(&(*document, *line)).copied().unwrap_or_default();
        let earned = accounts.accrued.get(&(*document, *line)).map(|earned| *earned + again);
        let note = papers.notes.get(document);
        let noted = note.and_then(|note| note.issued.lines.iter().find(|of| of.line == *line)?.of.commission);
        let most = earned.or(noted.map(domain::Money::amount)).unwrap_or_default();
        if reversed.abs() > most.abs()
            || (!reversed.is_zero() && reversed.is_sign_negative() != most.is_sign_negative())
        {
            wrong.push(format!("{reversed} of {most} went back of line {line} of {document}"));
        }
    }
    let gone = |status| matches!(status, InvoiceStatus::Void | InvoiceStatus::Uncollectible);
    for (id, invoice) in papers.invoices.iter().filter(|(_, invoice)| gone(invoice.status)) {
        let kept = commissions(invoice).filter(|(line, amount)| accounts.reversed.get(&(*id, *line)) != Some(amount));
        wrong.extend(kept.map(|(line, _)| format!("line {line} of {id} keeps its commission")));
    }
    wrong
}

/// Only what was given up and is paid after all earns again, and never more than went back.
fn earned_again(papers: &Papers, accounts: &Accounts) -> Vec<String> {
    let mut wrong = Vec::new();
    for ((document, line), again) in &accounts.restored {
        let back = accounts.reversed.get(&(*document, *line)).copied().unwrap_or_default();
        let is_paid = papers.invoices.get(document).is_some_and(|invoice| invoice.status == InvoiceStatus::Paid);
        if !is_paid || again.abs() > back.abs() || again.is_sign_negative() != back.is_sign_negative() {
            wrong.push(format!("line {line} of {document} earned {again} once more, of which {back} had gone back"));
        }
    }
    wrong
}

/// A statement has everything that waited for it, and its sums are those of its lines.
fn statement_sums(statement: &IssuedStatement, waited: &[Decimal]) -> Vec<String> {
    let mut wrong = Vec::new();
    let lines: Vec<Decimal> = statement.lines.iter().map(|line| line.amount.amount()).collect();
    if lines != waited {
        wrong.push(format!("{} has {} entries and {} waited", statement.number, lines.len(), waited.len()));
    }
    let net = statement.net.amount();
    if net != lines.iter().sum::<Decimal>() || net.is_sign_negative() {
        wrong.push(format!("the net of {} is {net}", statement.number));
    }
    let taxes = sum(statement.taxes.iter().map(|tax| tax.amount));
    let expected: Decimal = statement
        .taxes
        .iter()
        .map(|tax| rounded(tax.base.amount() * tax.rate / Decimal::ONE_HUNDRED, tax.base.currency()))
        .sum();
    if taxes != expected || statement.total.amount() != net + taxes {
        wrong.push(format!("the total of {} is {}", statement.number, statement.total.amount()));
    }
    wrong
}
