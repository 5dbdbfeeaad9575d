//! What a letter about an invoice says.

use chrono::Days;
use domain::Money;
use domain::customer::CustomerKind;
use domain::invoice::{DunningStep, Invoice, InvoiceKind, Issue};
use minijinja::context;
use minijinja::value::Value;

use super::Voice;

/// Of one that is new.
pub fn issued(invoice: &Invoice, voice: &Voice<'_>) -> Value {
    let language = voice.language;
    let period = (invoice.contents.kind == InvoiceKind::Period).then_some(invoice.contents.period);
    context! {
        number => number(invoice),
        issued_on => invoice.issue.as_ref().map(|issue| language.day(issue.issued_on)),
        due_on => due_on(invoice, voice),
        period => period.map(|period| language.month(period)),
        total => language.money(invoice.contents.totals.total),
        from_balance => something(invoice.applied_credit, voice),
        left => something(invoice.balance, voice),
        collected_on => invoice.collection.next_at.map(|at| voice.day(at)),
        link => voice.invoice_link(invoice.id()),
    }
}

/// Of one that is overdue.
pub fn overdue(invoice: &Invoice, step: DunningStep, voice: &Voice<'_>, kind: CustomerKind) -> Value {
    let days = DunningStep::Suspension.days();
    let suspended_on = invoice.issue.as_ref().and_then(|issue| issue.due_on.checked_add_days(Days::new(days)));
    context! {
        step => step.name(),
        days,
        reseller => kind == CustomerKind::Reseller,
        number => number(invoice),
        due_on => due_on(invoice, voice),
        left => voice.language.money(invoice.balance),
        suspended_on => suspended_on.map(|day| voice.language.day(day)),
        link => voice.invoice_link(invoice.id()),
    }
}

pub fn number(invoice: &Invoice) -> Option<String> {
    invoice.issue.as_ref().map(|issue: &Issue| issue.number.clone())
}

pub fn due_on(invoice: &Invoice, voice: &Voice<'_>) -> Option<String> {
    invoice.issue.as_ref().map(|issue| voice.language.day(issue.due_on))
}

/// `None` for nothing at all.
pub fn something(amount: Money, voice: &Voice<'_>) -> Option<String> {
    (!amount.amount().is_zero()).then(|| voice.language.money(amount))
}
