//! Commission: earned by the lines of invoices, taken back with credit notes, each entry on one statement.

use std::collections::BTreeMap;

use domain::Event;
use domain::billing::{InvoiceLine, Period};
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
    /// What of it went back because the invoice was void or given up, with no credit note.
    withdrawn: BTreeMap<Line, Decimal>,
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
    wrong.extend(kept(papers, &accounts));
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
                    let (line, amount) = ((document, entry.line), entry.amount.amount());
                    *self.reversed.entry(line).or_default() += amount;
                    if credit_note_id.is_none() {
                        *self.withdrawn.entry(line).or_default() += amount;
                    }
                    waiting.push((*period, -amount));
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

/// Never more goes back than was earned, or than a credit note says that stands in an invoice's place.
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
    wrong
}

/// Only what was given up and is paid after all earns again, never more than went back then; and that is never more
/// than was earned.
fn earned_again(papers: &Papers, accounts: &Accounts) -> Vec<String> {
    let mut wrong = Vec::new();
    for ((document, line), again) in &accounts.restored {
        let of = |amounts: &BTreeMap<Line, Decimal>| amounts.get(&(*document, *line)).copied().unwrap_or_default();
        let (back, earned) = (of(&accounts.withdrawn), of(&accounts.accrued));
        let is_paid = papers.invoices.get(document).is_some_and(|invoice| invoice.status == InvoiceStatus::Paid);
        let is_part = again.abs() <= back.abs() && back.abs() <= earned.abs();
        if !is_paid || !is_part || again.is_sign_negative() != back.is_sign_negative() {
            let told = format!("{back} of {earned} went back, and {again} was earned once more");
            wrong.push(format!("line {line} of {document}: {told}"));
        }
    }
    wrong
}

/// A line keeps of its commission what credit notes have left of it, whatever became of it meanwhile: what went back
/// because the invoice was given up is there again once it is paid. Of what is void or given up nothing is kept.
fn kept(papers: &Papers, accounts: &Accounts) -> Vec<String> {
    let mut wrong = Vec::new();
    for (id, invoice) in papers.issued_invoices() {
        for line in &invoice.contents.lines {
            let of = |amounts: &BTreeMap<Line, Decimal>| amounts.get(&(*id, line.line)).copied().unwrap_or_default();
            let kept = of(&accounts.accrued) + of(&accounts.restored) - of(&accounts.reversed);
            let left = left(invoice, line);
            if left != Some(kept) {
                wrong.push(format!("line {} of {id} keeps {kept} of its commission, and {left:?} is left", line.line));
            }
        }
    }
    wrong
}

/// `None` when it cannot be reckoned.
fn left(invoice: &Invoice, line: &InvoiceLine) -> Option<Decimal> {
    let gone = matches!(invoice.status, InvoiceStatus::Void | InvoiceStatus::Uncollectible);
    let Some(commission) = line.commission.filter(|_| !gone) else { return Some(Decimal::ZERO) };
    let credits = invoice.credits.iter().flat_map(|credit| &credit.lines);
    let credited = sum(credits.filter(|of| of.line == line.line).map(|of| of.net));
    if credited.is_zero() {
        return Some(commission.amount());
    }
    let share = commission.amount().checked_mul(credited)?.checked_div(line.amount.amount())?;
    Some(commission.amount() - rounded(share, commission.currency()))
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
