//! What a document is rendered from: the events of the append that issued it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use documents::{Named, Names, RenderError, Sheet};
use domain::commission_account::{CommissionAccountRules, IssuedStatement};
use domain::credit_note::{CreditNote, CreditNoteRules};
use domain::document::{DocumentFormat, DocumentKey, StoredDocument};
use domain::invoice::{Invoice, InvoiceEvent, InvoiceRules};
use domain::{Decider, Event};
use event_log::stream::{self, Versioned};
use event_log::{LogError, Recorded};
use projections::commissions;
use sqlx::PgPool;
use uuid::Uuid;

use super::ArchiveError;

/// A document that was issued.
#[derive(Debug)]
pub struct Source {
    key: DocumentKey,
    material: Material,
    stored: Vec<StoredDocument>,
}

#[derive(Debug)]
enum Material {
    /// As it was issued, with its number.
    Invoice(Box<Invoice>, String),
    CreditNote(Box<CreditNote>),
    Statement(Box<IssuedStatement>),
}

impl Source {
    /// Reads it from the log itself, so that it is there as soon as it was issued.
    ///
    /// # Errors
    /// [`ArchiveError::NotAvailable`] when it was not issued, [`ArchiveError::Log`].
    pub async fn load(pool: &PgPool, key: DocumentKey) -> Result<Self, ArchiveError> {
        let loaded = match key {
            DocumentKey::Invoice { invoice_id } => invoice(pool, invoice_id).await?,
            DocumentKey::CreditNote { credit_note_id } => credit_note(pool, credit_note_id).await?,
            DocumentKey::CommissionStatement { account_id, statement_id } => {
                statement(pool, account_id, statement_id).await?
            }
        };
        let (material, stored) = loaded.ok_or(ArchiveError::NotAvailable)?;
        Ok(Self { key, material, stored })
    }

    pub const fn key(&self) -> DocumentKey {
        self.key
    }

    pub fn number(&self) -> &str {
        match &self.material {
            Material::Invoice(_, number) => number,
            Material::CreditNote(note) => &note.issued.number,
            Material::Statement(issued) => &issued.number,
        }
    }

    pub fn stored(&self, format: DocumentFormat) -> Option<&StoredDocument> {
        self.stored.iter().find(|stored| stored.format == format)
    }

    /// # Errors
    /// [`ArchiveError`].
    pub async fn sheet(&self, pool: &PgPool) -> Result<Sheet, ArchiveError> {
        let sheet = match &self.material {
            Material::Invoice(invoice, _) => Sheet::of_invoice(invoice),
            Material::CreditNote(note) => Sheet::of_credit_note(&note.issued),
            Material::Statement(issued) => Sheet::of_statement(issued, &names(pool, issued).await?),
        };
        sheet.map_err(|error: RenderError| error.into())
    }
}

type Loaded = Option<(Material, Vec<StoredDocument>)>;

/// Paid or credited later it is still the same document.
async fn invoice(pool: &PgPool, id: Uuid) -> Result<Loaded, LogError> {
    let events = stream::events(pool, InvoiceRules::TYPE.name(), &id.to_string(), 0).await?;
    let issue =
        events.iter().rfind(|recorded| matches!(recorded.event(), Ok(Event::Invoice(InvoiceEvent::InvoiceIssued(_)))));
    let Some(issue) = issue.map(|recorded| recorded.command_id) else { return Ok(None) };
    let last = events.iter().rposition(|recorded| recorded.command_id == issue).unwrap_or_default();
    let (issued, later) = events.split_at(last + 1);
    let mut folded = Versioned::default();
    fold::<InvoiceRules>(&mut folded, issued)?;
    let Some(invoice) = folded.state.known().cloned() else { return Ok(None) };
    fold::<InvoiceRules>(&mut folded, later)?;
    let stored = folded.state.known().map(|invoice| invoice.documents.clone()).unwrap_or_default();
    let number = invoice.issue.as_ref().map(|issue| issue.number.clone()).unwrap_or_default();
    Ok(Some((Material::Invoice(Box::new(invoice), number), stored)))
}

fn fold<D: Decider>(folded: &mut Versioned<D::State>, events: &[Recorded]) -> Result<(), LogError> {
    events.iter().try_for_each(|recorded| stream::fold_one::<D>(folded, recorded))
}

async fn credit_note(pool: &PgPool, id: Uuid) -> Result<Loaded, LogError> {
    let loaded = stream::load::<CreditNoteRules, _>(pool, &id.to_string(), Versioned::default()).await?;
    let note = loaded.state.known().cloned();
    Ok(note
        .map(|note| (note.documents.clone(), note))
        .map(|(stored, note)| (Material::CreditNote(Box::new(note)), stored)))
}

async fn statement(pool: &PgPool, account_id: Uuid, id: Uuid) -> Result<Loaded, LogError> {
    let account =
        stream::load::<CommissionAccountRules, _>(pool, &account_id.to_string(), Versioned::default()).await?;
    let Some(known) = account.state.statements.get(&id) else { return Ok(None) };
    let folded = commissions::of_log(pool, account_id, account.version, id).await?;
    Ok(folded.map(|folded| (Material::Statement(Box::new(folded.state.issued)), known.documents.clone())))
}

/// How the documents are called that a statement is about.
async fn names(pool: &PgPool, issued: &IssuedStatement) -> Result<Names, ArchiveError> {
    let mut names = BTreeMap::new();
    for line in &issued.lines {
        let invoice = line.invoice_id.map(|invoice_id| DocumentKey::Invoice { invoice_id });
        let note = line.credit_note_id.map(|credit_note_id| DocumentKey::CreditNote { credit_note_id });
        for key in [invoice, note].into_iter().flatten() {
            if let Entry::Vacant(place) = names.entry(key.id()) {
                place.insert(named(pool, key).await?);
            }
        }
    }
    Ok(names)
}

async fn named(pool: &PgPool, key: DocumentKey) -> Result<Named, ArchiveError> {
    let source = Box::pin(Source::load(pool, key)).await?;
    let buyer = match &source.material {
        Material::Invoice(invoice, _) => {
            invoice.issue.as_ref().map(|issue| issue.buyer.name.clone()).unwrap_or_default()
        }
        Material::CreditNote(note) => note.issued.buyer.name.clone(),
        Material::Statement(issued) => issued.reseller.name.clone(),
    };
    Ok(Named { number: source.number().to_owned(), buyer })
}
