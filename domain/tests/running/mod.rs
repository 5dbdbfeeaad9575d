//! Words for tests about billing runs: what is asked of them.
#![allow(dead_code)]

use chrono::NaiveDate;
use domain::billing::matching::DiscrepancyKind;
use domain::billing::{ChargeKind, ProviderCharge, ProviderLine};
use domain::billing_run::{
    BilledParty, BillingDiscrepancy, BillingRun, BillingRunCommand as C, BillingRunEvent as E, BillingRunRules,
    DiscrepancyNote, DiscrepancyResolution as R, StartedRun,
};
use domain::decider::fold;
use domain::{Currency, Money, ids};
use rust_decimal::Decimal;
use uuid::Uuid;

use crate::people::{ACCOUNT, CUSTOMER, decide};

pub const DIFFERENCE: Uuid = Uuid::from_u128(0xd1);

pub fn started() -> StartedRun {
    StartedRun {
        run_id: ids::billing_run("cloudsales-de", "2026-10".parse().unwrap()),
        period: "2026-10".parse().unwrap(),
        seller_entity: Some("cloudsales-de".to_owned()),
        customer_id: None,
        on_demand: false,
        started_at: "2026-11-01T00:00:00Z".parse().unwrap(),
    }
}

pub fn start() -> C {
    C::Start(Box::new(started()))
}

pub fn day() -> NaiveDate {
    "2026-10-03".parse().unwrap()
}

pub fn lines(count: usize) -> Vec<ProviderLine> {
    let line = |n: usize| ProviderLine {
        line_id: format!("line-{n:04}"),
        provider_subscription_id: "sub-1".to_owned(),
        charge: ProviderCharge::New,
        quantity: 25,
        from: day(),
        to: "2026-11-03".parse().unwrap(),
        amount: Money::rounded(Decimal::from(350), Currency::EUR),
    };
    (0..count).map(line).collect()
}

pub fn import(count: usize) -> C {
    C::Import { account_id: ACCOUNT, customer_id: CUSTOMER, lines: lines(count) }
}

pub fn found(discrepancy_id: Uuid) -> BillingDiscrepancy {
    BillingDiscrepancy {
        discrepancy_id,
        customer_id: CUSTOMER,
        account_id: ACCOUNT,
        subscription_id: None,
        provider_subscription_id: "sub-1".to_owned(),
        kind: DiscrepancyKind::Unexpected,
        charge: ChargeKind::New,
        from: day(),
        charges: Vec::new(),
        ours: None,
        lines: lines(1),
        theirs: Some(lines(1)[0].amount),
        invoice_id: None,
    }
}

pub fn find() -> C {
    C::Find(Box::new(found(DIFFERENCE)))
}

pub fn resolve(resolution: R, note: Option<&str>) -> C {
    let note = note.map(|text| DiscrepancyNote { text: text.to_owned() });
    C::Resolve { discrepancy_id: DIFFERENCE, resolution, note }
}

pub fn park() -> C {
    C::Park { account_id: ACCOUNT, customer_id: CUSTOMER, reason: "The provider does not know the account.".to_owned() }
}

pub fn party(customer_id: Uuid) -> BilledParty {
    BilledParty { customer_id, issued: 1, drafts: 0, credit_notes: 0, skipped: 0 }
}

pub fn bill(parties: Vec<BilledParty>) -> C {
    C::Bill { parties }
}

pub fn told(commands: &[C]) -> Vec<E> {
    commands.iter().fold(Vec::new(), after)
}

pub fn after(mut history: Vec<E>, command: &C) -> Vec<E> {
    let decided = decide::<BillingRunRules>(&history, command);
    history.extend(decided.unwrap_or_else(|refusal| panic!("{command:?}: {refusal}")).events);
    history
}

pub fn run(history: &[E]) -> BillingRun {
    fold::<BillingRunRules>(history).known().unwrap().clone()
}
