//! Billing runs in each of their states.

use chrono::{DateTime, Utc};
use domain::billing_run::{BillingRunCommand as C, BillingRunEvent, BillingRunRules, DiscrepancyResolution as R};

use super::machine::{Machine, Question, Situation};
use super::people::CUSTOMER;
use super::running::{bill, find, import, park, party, resolve, start, told};

pub fn machine() -> Machine<BillingRunRules> {
    let status = |state: &domain::billing_run::BillingRunState| state.known().map(|run| run.status.name());
    Machine { title: "Billing run", status, situations: situations(), questions: questions() }
}

fn situations() -> Vec<Situation<BillingRunRules>> {
    let done = || bill(vec![party(CUSTOMER)]);
    let histories: [(&'static str, Vec<BillingRunEvent>); 7] = [
        ("(none)", Vec::new()),
        ("waiting", told(&[start()])),
        ("running, a difference found", told(&[start(), import(1), find()])),
        ("running, a party done", told(&[start(), import(1), done()])),
        ("running, an account parked", told(&[start(), park()])),
        ("completed, a difference resolved", told(&[start(), find(), resolve(R::Accept, None), done(), C::Complete])),
        ("completed, an account parked", told(&[start(), park(), C::Complete])),
    ];
    let at = DateTime::<Utc>::UNIX_EPOCH;
    histories.into_iter().map(|(name, history)| Situation { name, history, at }).collect()
}

fn questions() -> Vec<Question<BillingRunRules>> {
    vec![
        Question::new("Start", |_| start()),
        Question::new("Import", |_| import(1)),
        Question::new("Import, more than 200 lines", |_| import(201)),
        Question::new("Find", |_| find()),
        Question::new("Resolve", |_| resolve(R::Accept, None)),
        Question::new("Resolve, otherwise", |_| resolve(R::Dispute, None)),
        Question::new("Park", |_| park()),
        Question::new("Bill", |_| bill(vec![party(CUSTOMER)])),
        Question::new("Complete", |_| C::Complete),
        Question::new("Retry", |_| C::Retry),
    ]
}
