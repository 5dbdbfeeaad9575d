//! The documents of a billed party: one per currency, an invoice that is issued or waits as a draft, or a credit note.

use std::collections::BTreeMap;

use domain::billing::matching::keeps_draft;
use domain::billing::{ChargeKey, Document, InvoiceLine, LineTerms, Period, Route, Totals};
use domain::billing_run::{BilledParty, StartedRun};
use domain::charge_ledger::{ChargeLedgerCommand, ChargeLedgerRules};
use domain::credit_note::CreditNoteRules;
use domain::invoice::{InvoiceContents, InvoiceKind, InvoiceRules};
use domain::{Currency, Refusal, ids};
use uuid::Uuid;

use super::AccountBill;
use super::compare::{Compared, Judged, ToBill};
use super::party::BilledPartyTerms;
use super::scope;
use crate::{Failure, Work, credit_note, invoice};

/// What a party gets, decided before anything is written.
#[derive(Debug, Default)]
pub(super) struct Documents {
    planned: Vec<Planned>,
    /// Currencies in which the period was invoiced before.
    skipped: u32,
}

#[derive(Debug)]
struct Planned {
    contents: InvoiceContents,
    becomes: Becomes,
    ledgers: Vec<Billed>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Becomes {
    Issued,
    Draft,
    /// Its totals and lines are turned.
    CreditNote,
}

/// What of one account is on a document.
#[derive(Debug)]
struct Billed {
    account_id: Uuid,
    customer_id: Uuid,
    charges: Vec<ChargeKey>,
    passed_on: Vec<String>,
}

/// The lines of one currency, not yet numbered.
struct Sheet<'a> {
    currency: Currency,
    lines: Vec<(&'a AccountBill, &'a ToBill, InvoiceLine)>,
    judged: Vec<&'a Judged>,
}

impl Documents {
    /// The draft that waits for this difference.
    pub fn draft_kept_by(&self, judged: &Judged) -> Option<Uuid> {
        let differs = judged.is_in_question() && !judged.group.theirs.is_empty();
        let is_kept = |planned: &&Planned| {
            planned.becomes == Becomes::Draft
                && planned.ledgers.iter().any(|billed| billed.charges.iter().any(|charge| judged.has(charge)))
        };
        self.planned.iter().filter(|_| differs).find(is_kept).map(|planned| planned.contents.invoice_id)
    }
}

/// Reckons everything. What cannot be reckoned refuses before anything is written.
pub(super) async fn plan(
    work: &mut Work<'_>,
    run: &StartedRun,
    terms: &BilledPartyTerms,
    compared: &[(&AccountBill, Compared)],
) -> Result<Documents, Failure> {
    let mut documents = Documents::default();
    for (_, sheet) in sheets(terms, compared)? {
        let Some(n) = free(work, terms.customer.id, sheet.currency, run.period).await? else {
            documents.skipped += 1;
            continue;
        };
        if !sheet.lines.is_empty() {
            documents.planned.extend(sheet.document(run, terms, n)?);
        }
    }
    Ok(documents)
}

/// How many invoices of this party, currency and period were withdrawn; `None` when one stands, or a credit note
/// instead.
pub(super) async fn free(
    work: &mut Work<'_>,
    party: Uuid,
    currency: Currency,
    period: Period,
) -> Result<Option<u32>, Failure> {
    let mut n = 0;
    loop {
        let invoice = work.read::<InvoiceRules>(ids::period_invoice(party, currency, period, n)).await?;
        match invoice.state.known() {
            Some(invoice) if invoice.is_withdrawn() => n += 1,
            Some(_) => return Ok(None),
            None => break,
        }
    }
    let note = work.read::<CreditNoteRules>(ids::period_credit_note(party, currency, period, n)).await?;
    Ok(note.state.known().is_none().then_some(n))
}

/// By code of currency: those that have lines, and those in which there was something to charge in the period.
fn sheets<'a>(
    terms: &'a BilledPartyTerms,
    compared: &'a [(&'a AccountBill, Compared)],
) -> Result<BTreeMap<&'static str, Sheet<'a>>, Refusal> {
    let mut sheets = BTreeMap::new();
    let mut ranked: Vec<&(&AccountBill, Compared)> = compared.iter().collect();
    ranked.sort_by_key(|(bill, _)| terms.rank(bill));
    for (bill, compared) in ranked {
        let Some(line_terms) = terms.line_terms(bill) else { continue };
        for to_bill in &compared.to_bill {
            let line = InvoiceLine::new(0, to_bill.subject(), &to_bill.charge, &line_terms)?;
            sheet(&mut sheets, line.currency()).lines.push((bill, to_bill, line));
        }
        for judged in &compared.judged {
            if let Some(ours) = judged.group.ours.first() {
                sheet(&mut sheets, currency(&ours.charge.prices, &line_terms)).judged.push(judged);
            }
        }
    }
    Ok(sheets)
}

fn sheet<'s, 'a>(sheets: &'s mut BTreeMap<&'static str, Sheet<'a>>, currency: Currency) -> &'s mut Sheet<'a> {
    sheets.entry(currency.code()).or_insert_with(|| Sheet { currency, lines: Vec::new(), judged: Vec::new() })
}

fn currency(prices: &domain::billing::Prices, terms: &LineTerms<'_>) -> Currency {
    match terms.route {
        Route::Own | Route::Agency { .. } => prices.unit_price,
        Route::Resale { .. } => prices.reseller_unit_price.unwrap_or(prices.unit_price),
    }
    .currency()
}

impl Sheet<'_> {
    /// `None` when more is credited than charged while its differences are in question: a credit note cannot wait as a
    /// draft, so its charges wait for the next run.
    fn document(self, run: &StartedRun, terms: &BilledPartyTerms, n: u32) -> Result<Option<Planned>, Refusal> {
        let waits = keeps_draft(self.judged.iter().map(|judged| (&judged.group, judged.is_in_question())))?;
        let ledgers = self.ledgers();
        let numbered = (1..).zip(self.lines).map(|(number, (_, _, line))| InvoiceLine { line: number, ..line });
        let lines: Vec<InvoiceLine> = numbered.collect();
        let contents = contents(run, terms, (self.currency, n), lines)?;
        Ok(match contents.totals.clone().document()? {
            Document::Invoice(_) => {
                let becomes = if waits { Becomes::Draft } else { Becomes::Issued };
                Some(Planned { contents, becomes, ledgers })
            }
            Document::CreditNote(_) if waits => None,
            Document::CreditNote(totals) => {
                let lines = contents.lines.into_iter().map(InvoiceLine::turned).collect::<Result<_, _>>()?;
                let contents = InvoiceContents { totals, lines, ..contents };
                Some(Planned { contents, becomes: Becomes::CreditNote, ledgers })
            }
        })
    }

    fn ledgers(&self) -> Vec<Billed> {
        let mut ledgers: BTreeMap<Uuid, Billed> = BTreeMap::new();
        for (bill, to_bill, _) in &self.lines {
            let (account_id, customer_id) = (bill.account_id, bill.customer_id);
            let new = || Billed { account_id, customer_id, charges: Vec::new(), passed_on: Vec::new() };
            let billed = ledgers.entry(account_id).or_insert_with(new);
            match &to_bill.passed_on {
                Some(line_id) => billed.passed_on.push(line_id.clone()),
                None => billed.charges.push(to_bill.charge.key),
            }
        }
        ledgers.into_values().collect()
    }
}

/// An invoice's contents from its lines; `n` counts those withdrawn before it.
pub(super) fn contents(
    run: &StartedRun,
    terms: &BilledPartyTerms,
    (currency, n): (Currency, u32),
    lines: Vec<InvoiceLine>,
) -> Result<InvoiceContents, Refusal> {
    let treatment = terms.treatment(run.period);
    let party = &terms.customer;
    Ok(InvoiceContents {
        invoice_id: ids::period_invoice(party.id, currency, run.period, n),
        kind: InvoiceKind::Period,
        customer_id: party.id,
        reseller_id: party.reseller_id,
        seller_entity: terms.entity.id.clone(),
        period: run.period,
        n,
        run_id: Some(run.run_id),
        order_id: None,
        currency,
        tax_point: run.period.last_day(),
        totals: Totals::of(currency, &lines, &treatment)?,
        treatment,
        line_count: u32::try_from(lines.len()).map_err(|_| Refusal::AmountOverflow)?,
        lines,
    })
}

/// Writes the documents, and in the ledgers what is on them.
pub(super) async fn write(
    work: &mut Work<'_>,
    run: &StartedRun,
    terms: &BilledPartyTerms,
    documents: Documents,
) -> Result<BilledParty, Failure> {
    let customer_id = terms.customer.id;
    let mut party = BilledParty { customer_id, issued: 0, drafts: 0, credit_notes: 0, skipped: documents.skipped };
    let issued_on = scope::book_date(work.bus().seller(), &terms.entity.id, run);
    for Planned { contents, becomes, ledgers } in documents.planned {
        let credit_note_id = ids::period_credit_note(customer_id, contents.currency, contents.period, contents.n);
        let document_id = if becomes == Becomes::CreditNote { credit_note_id } else { contents.invoice_id };
        match becomes {
            Becomes::Issued => {
                invoice::issue_in(work, contents, issued_on).await?;
                party.issued += 1;
            }
            Becomes::Draft => {
                invoice::draft_in(work, contents).await?;
                party.drafts += 1;
            }
            Becomes::CreditNote => {
                credit_note::issue_instead_in(work, contents, issued_on).await?;
                party.credit_notes += 1;
            }
        }
        for billed in ledgers {
            let Billed { account_id, customer_id, charges, passed_on } = billed;
            let bill = ChargeLedgerCommand::Bill { document_id, charges, passed_on };
            work.decide::<ChargeLedgerRules>(account_id, &bill, Some(customer_id)).await?;
        }
    }
    Ok(party)
}
