//! What may happen to a reseller's commission account.

use uuid::Uuid;

use super::{
    CommissionAccountCommand, CommissionAccountEvent, CommissionAccountState, CommissionEntry, Earnings,
    IssuedStatement, Reversed, Settlement,
};
use crate::billing::lines::{EVENT_ENTRIES, in_events};
use crate::billing::minor_units;
use crate::document::StoredDocument;
use crate::{Asked, Decided, Refusal};

pub(super) fn decide(
    state: &CommissionAccountState,
    asked: &Asked<'_, CommissionAccountCommand>,
) -> Result<Decided<CommissionAccountEvent>, Refusal> {
    use CommissionAccountCommand as C;
    match asked.command {
        C::Accrue { invoice_id, earnings } => accrue(state, *invoice_id, earnings, false),
        C::Restore { invoice_id, earnings } => restore(state, *invoice_id, earnings),
        C::Reverse { because_of, earnings } => reverse(state, *because_of, earnings),
        C::Issue(issued) => Ok(issue(state, issued)),
        C::StoreDocument { statement_id, document } => store(state, *statement_id, document),
        C::Settle { statement_id, how, reference } => settle(state, *statement_id, *how, reference),
    }
}

fn accrue(
    state: &CommissionAccountState,
    invoice_id: Uuid,
    earnings: &Earnings,
    again: bool,
) -> Result<Decided<CommissionAccountEvent>, Refusal> {
    let period = state.open_period(earnings.period);
    let entries = telling(&earnings.entries)?;
    let events = entries.chunks(EVENT_ENTRIES).map(|entries| CommissionAccountEvent::CommissionAccrued {
        reseller_id: earnings.reseller_id,
        invoice_id,
        end_customer_id: earnings.end_customer_id,
        period,
        again,
        entries: entries.to_vec(),
    });
    Ok(events.collect::<Vec<_>>().into())
}

/// Only what went back whole, and once: from then on the invoice is like any other.
fn restore(
    state: &CommissionAccountState,
    invoice_id: Uuid,
    earnings: &Earnings,
) -> Result<Decided<CommissionAccountEvent>, Refusal> {
    if !state.withdrawn.contains(&invoice_id) {
        return Ok(Decided::nothing());
    }
    accrue(state, invoice_id, earnings, true)
}

/// Of an invoice that is void or uncollectible nothing is left that could go back once more.
fn reverse(
    state: &CommissionAccountState,
    because_of: Reversed,
    earnings: &Earnings,
) -> Result<Decided<CommissionAccountEvent>, Refusal> {
    let (invoice_id, credit_note_id) = match because_of {
        Reversed::Withdrawn { invoice_id } => (Some(invoice_id), None),
        Reversed::Corrected { invoice_id, credit_note_id } => (Some(invoice_id), Some(credit_note_id)),
        Reversed::Credited { credit_note_id } => (None, Some(credit_note_id)),
    };
    if invoice_id.is_some_and(|id| state.withdrawn.contains(&id)) {
        return Ok(Decided::nothing());
    }
    let period = state.open_period(earnings.period);
    let entries = telling(&earnings.entries)?;
    let events = entries.chunks(EVENT_ENTRIES).map(|entries| CommissionAccountEvent::CommissionReversed {
        reseller_id: earnings.reseller_id,
        invoice_id,
        credit_note_id,
        end_customer_id: earnings.end_customer_id,
        period,
        entries: entries.to_vec(),
    });
    Ok(events.collect::<Vec<_>>().into())
}

/// Nothing earned is nothing to note.
fn telling(entries: &[CommissionEntry]) -> Result<Vec<CommissionEntry>, Refusal> {
    let mut telling = Vec::new();
    for entry in entries {
        if minor_units(entry.amount)? != 0 {
            telling.push(*entry);
        }
    }
    Ok(telling)
}

/// One statement per period; its id is its natural key.
fn issue(state: &CommissionAccountState, issued: &IssuedStatement) -> Decided<CommissionAccountEvent> {
    if state.statements.contains_key(&issued.statement_id) {
        return Decided::nothing();
    }
    let mut parts = in_events(&issued.lines).into_iter();
    let first = IssuedStatement { lines: parts.next().unwrap_or_default(), ..issued.clone() };
    let statement_id = issued.statement_id;
    let more = parts.map(|lines| CommissionAccountEvent::CommissionStatementLinesAdded { statement_id, lines });
    let first = CommissionAccountEvent::CommissionStatementIssued(Box::new(first));
    std::iter::once(first).chain(more).collect::<Vec<_>>().into()
}

fn store(
    state: &CommissionAccountState,
    statement_id: Uuid,
    document: &StoredDocument,
) -> Result<Decided<CommissionAccountEvent>, Refusal> {
    let statement = state.statements.get(&statement_id).ok_or(Refusal::NotFound)?;
    if statement.document(document.format).is_some() {
        return Ok(Decided::nothing());
    }
    let document = document.clone();
    Ok(CommissionAccountEvent::CommissionStatementDocumentStored { statement_id, document }.into())
}

fn settle(
    state: &CommissionAccountState,
    statement_id: Uuid,
    how: Settlement,
    reference: &str,
) -> Result<Decided<CommissionAccountEvent>, Refusal> {
    let statement = state.statements.get(&statement_id).ok_or(Refusal::NotFound)?;
    match &statement.settled {
        None => {
            let reference = reference.to_owned();
            Ok(CommissionAccountEvent::CommissionSettled { statement_id, how, reference }.into())
        }
        Some((already, with)) if *already == how && with == reference => Ok(Decided::nothing()),
        Some(_) => Err(Refusal::InvalidState { state: "settled" }),
    }
}
