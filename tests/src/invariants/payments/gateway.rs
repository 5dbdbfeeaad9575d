//! What the gateways really took and gave back, by their own ledger, beside what is known here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context;
use domain::payment::{Payment, PaymentMeans, PaymentStatus, RefundStatus};
use rust_decimal::Decimal;
use serde::Deserialize;
use uuid::Uuid;

use super::{Paid, succeeded};

/// The simulator answers at once.
const ANSWER: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
pub(in crate::invariants) struct Ledger {
    pub effects: Vec<Entry>,
}

/// Money that really moved.
#[derive(Deserialize)]
pub(in crate::invariants) struct Entry {
    /// Our operation id; of the token gateway, which has none, one of its own.
    key: String,
    operation: Operation,
    /// Our invoice or order; the token gateway is not told.
    reference: Option<String>,
    amount: Decimal,
    currency: String,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Operation {
    Charge,
    Refund,
}

impl Ledger {
    pub async fn read(url: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().timeout(ANSWER).build()?;
        let ledger = http.get(format!("{url}/sim/ledger")).send().await.context("the gateways cannot be reached")?;
        Ok(ledger.error_for_status()?.json().await?)
    }

    /// By our ids; those of the token gateway have none.
    fn of(&self, operation: Operation) -> impl Iterator<Item = &Entry> {
        self.effects.iter().filter(move |entry| entry.operation == operation && entry.reference.is_some())
    }
}

/// The ledger as it was before the log was read, and as it was afterwards: in a world at work, what had moved before is
/// known here, and what is known here has moved by then.
pub(super) struct Ledgers {
    pub before: Ledger,
    pub after: Ledger,
}

pub(super) fn check(paid: &Paid, Ledgers { before, after }: &Ledgers) -> Vec<String> {
    let mut wrong = twice(after);
    wrong.extend(before.of(Operation::Charge).filter_map(|entry| charge(paid, entry)));
    wrong.extend(standing(paid, before));
    wrong.extend(before.of(Operation::Refund).filter_map(|entry| refund(paid, entry)));
    wrong.extend(missing(paid, after));
    wrong.extend(token(paid, before, after));
    wrong
}

fn twice(ledger: &Ledger) -> Vec<String> {
    let mut seen = BTreeSet::new();
    let again = ledger.effects.iter().filter(|entry| !seen.insert(entry.key.as_str()));
    again.map(|entry| format!("the gateway moved money twice for {}", entry.key)).collect()
}

fn payment<'a>(paid: &'a Paid, entry: &Entry) -> Option<&'a Payment> {
    paid.payments.get(&Uuid::parse_str(&entry.key).ok()?)
}

/// An operator has said what came of it, whatever the gateway knows.
fn by_hand(payment: &Payment) -> bool {
    payment.evidence.is_some()
}

fn is(entry: &Entry, amount: domain::Money) -> bool {
    entry.amount == amount.amount() && entry.currency == amount.currency().code()
}

fn charge(paid: &Paid, entry: &Entry) -> Option<String> {
    let Some(payment) = payment(paid, entry) else {
        return Some(format!("the gateway charged {} for {}, which nobody asked for", entry.amount, entry.key));
    };
    let (id, started) = (payment.id(), &payment.started);
    if entry.reference != Some(started.payable.id().to_string()) || started.means != PaymentMeans::Wallet {
        return Some(format!("the gateway charged {id} for {:?}", entry.reference));
    }
    let shown = match payment.status {
        _ if payment.status.is_open() || by_hand(payment) => true,
        _ if succeeded(payment) => is(entry, started.amount),
        PaymentStatus::Started | PaymentStatus::Ended(_) => false,
    };
    (!shown).then(|| {
        format!("the gateway charged {} {} for {id}, which is {}", entry.amount, entry.currency, payment.status.name())
    })
}

/// What came in or went back here, and did not move there.
fn missing(paid: &Paid, ledger: &Ledger) -> Vec<String> {
    let moved: BTreeSet<&str> = ledger.effects.iter().map(|entry| entry.key.as_str()).collect();
    let lacks = |id: Uuid| !moved.contains(id.to_string().as_str());
    let wallet = || paid.payments.values().filter(|payment| payment.started.means == PaymentMeans::Wallet);
    let charges = wallet().filter(|payment| succeeded(payment) && !by_hand(payment)).map(Payment::id);
    let refunds = wallet().flat_map(|payment| &payment.refunds);
    let refunds = refunds.filter(|refund| refund.status == RefundStatus::Succeeded).map(|refund| refund.id);
    let charges = charges.filter(|id| lacks(*id)).map(|id| format!("{id} succeeded, and the gateway took nothing"));
    let refunds =
        refunds.filter(|id| lacks(*id)).map(|id| format!("{id} succeeded, and the gateway gave nothing back"));
    charges.chain(refunds).collect()
}

/// Charges of one invoice or order that neither went back nor are the customer's balance: one at most.
fn standing(paid: &Paid, ledger: &Ledger) -> Vec<String> {
    let mut standing: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for entry in ledger.of(Operation::Charge) {
        let given_back = payment(paid, entry).is_some_and(|payment| {
            let pays = paid.booked(payment).is_some_and(|booked| !booked.applied.amount().is_zero());
            succeeded(payment) && !pays
        });
        if !given_back {
            standing.entry(entry.reference.as_deref().unwrap_or_default()).or_default().insert(&entry.key);
        }
    }
    let several = standing.into_iter().filter(|(_, charges)| charges.len() > 1);
    several.map(|(reference, charges)| format!("{reference} was charged {} times", charges.len())).collect()
}

fn refund(paid: &Paid, entry: &Entry) -> Option<String> {
    let id = Uuid::parse_str(&entry.key).ok();
    let known = id.and_then(|id| paid.payments.values().find_map(|payment| payment.refund(id)));
    let is_known = known.is_some_and(|refund| refund.status != RefundStatus::Failed && is(entry, refund.amount));
    (!is_known).then(|| format!("the gateway gave {} back for {}, which is not so here", entry.amount, entry.key))
}

/// The older gateway knows neither keys nor what it is for: amounts are counted.
fn token(paid: &Paid, before: &Ledger, after: &Ledger) -> Vec<String> {
    let (before, after) = (token_charges(before), token_charges(after));
    let mut bounds: BTreeMap<Amount, (usize, usize)> = BTreeMap::new();
    for payment in paid.payments.values().filter(|payment| payment.started.means == PaymentMeans::Token) {
        let amount = payment.started.amount;
        let (least, most) =
            bounds.entry((amount.amount().normalize(), amount.currency().code().to_owned())).or_default();
        *least += usize::from(succeeded(payment) && !by_hand(payment));
        *most += usize::from(succeeded(payment) || payment.status.is_open() || by_hand(payment));
    }
    let count = |of: &BTreeMap<Amount, usize>, amount| of.get(amount).copied().unwrap_or_default();
    let amounts: BTreeSet<&Amount> = before.keys().chain(bounds.keys()).collect();
    let odd = amounts.into_iter().filter(|amount| {
        let (least, most) = bounds.get(*amount).copied().unwrap_or_default();
        count(&before, *amount) > most || count(&after, *amount) < least
    });
    odd.map(|amount| format!("the token gateway took {} {} oftener or more seldom than known here", amount.0, amount.1))
        .collect()
}

/// In its currency.
type Amount = (Decimal, String);

fn token_charges(ledger: &Ledger) -> BTreeMap<Amount, usize> {
    let mut taken = BTreeMap::new();
    for entry in ledger.effects.iter().filter(|entry| entry.reference.is_none()) {
        *taken.entry((entry.amount.normalize(), entry.currency.clone())).or_default() += 1;
    }
    taken
}
