//! What the gateways really took and gave back, by their own ledger, beside what is known here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use anyhow::Context;
use domain::payment::{Payment, PaymentMeans, PaymentStatus, Refund, RefundStatus};
use rust_decimal::Decimal;
use serde::Deserialize;
use uuid::Uuid;

use super::{Paid, succeeded};

/// The simulator answers at once.
const ANSWER: Duration = Duration::from_secs(10);

#[derive(Deserialize)]
pub(super) struct Ledger {
    pub effects: Vec<Entry>,
}

/// Money that really moved.
#[derive(Deserialize)]
pub(super) struct Entry {
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
    pub(super) async fn read(url: &str) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().no_proxy().timeout(ANSWER).build()?;
        let ledger = http.get(format!("{url}/sim/ledger")).send().await.context("the gateways cannot be reached")?;
        Ok(ledger.error_for_status()?.json().await?)
    }

    /// By our ids; those of the token gateway have none.
    fn of(&self, operation: Operation) -> impl Iterator<Item = &Entry> {
        self.effects.iter().filter(move |entry| entry.operation == operation && entry.reference.is_some())
    }
}

pub(super) fn check(paid: &Paid, ledger: &Ledger) -> Vec<String> {
    let mut wrong = twice(ledger);
    wrong.extend(ledger.of(Operation::Charge).filter_map(|entry| charge(paid, entry)));
    wrong.extend(missing_charges(paid, ledger));
    wrong.extend(standing(paid, ledger));
    wrong.extend(refunds(paid, ledger));
    wrong.extend(token(paid, ledger));
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

fn missing_charges(paid: &Paid, ledger: &Ledger) -> Vec<String> {
    let charged: BTreeSet<&str> = ledger.of(Operation::Charge).map(|entry| entry.key.as_str()).collect();
    let wallet = paid.payments.values().filter(|payment| payment.started.means == PaymentMeans::Wallet);
    let invented = wallet.filter(|payment| {
        succeeded(payment) && !by_hand(payment) && !charged.contains(payment.id().to_string().as_str())
    });
    invented.map(|payment| format!("the payment {} succeeded, and the gateway took nothing", payment.id())).collect()
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

fn refunds(paid: &Paid, ledger: &Ledger) -> Vec<String> {
    let known: BTreeMap<String, &Refund> = paid
        .payments
        .values()
        .flat_map(|payment| &payment.refunds)
        .map(|refund| (refund.id.to_string(), refund))
        .collect();
    let other = ledger.of(Operation::Refund).filter(|entry| {
        let refund = known.get(&entry.key);
        !refund.is_some_and(|refund| refund.status != RefundStatus::Failed && is(entry, refund.amount))
    });
    let other = other.map(|entry| format!("the gateway gave {} back for {}, unknown here", entry.amount, entry.key));
    let done: BTreeSet<&str> = ledger.of(Operation::Refund).map(|entry| entry.key.as_str()).collect();
    let invented =
        known.iter().filter(|(id, refund)| refund.status == RefundStatus::Succeeded && !done.contains(id.as_str()));
    other
        .chain(invented.map(|(id, _)| format!("the refund {id} succeeded, and the gateway gave nothing back")))
        .collect()
}

/// The older gateway knows neither keys nor what it is for: amounts are counted.
fn token(paid: &Paid, ledger: &Ledger) -> Vec<String> {
    let mut taken: BTreeMap<(Decimal, String), usize> = BTreeMap::new();
    for entry in ledger.effects.iter().filter(|entry| entry.reference.is_none()) {
        *taken.entry((entry.amount.normalize(), entry.currency.clone())).or_default() += 1;
    }
    let mut bounds: BTreeMap<(Decimal, String), (usize, usize)> = BTreeMap::new();
    for payment in paid.payments.values().filter(|payment| payment.started.means == PaymentMeans::Token) {
        let amount = payment.started.amount;
        let (least, most) =
            bounds.entry((amount.amount().normalize(), amount.currency().code().to_owned())).or_default();
        *least += usize::from(succeeded(payment) && !by_hand(payment));
        *most += usize::from(succeeded(payment) || payment.status.is_open() || by_hand(payment));
    }
    let amounts: BTreeSet<_> = taken.keys().chain(bounds.keys()).collect();
    let odd = amounts.into_iter().filter_map(|amount| {
        let taken = taken.get(amount).copied().unwrap_or_default();
        let (least, most) = bounds.get(amount).copied().unwrap_or_default();
        (!(least..=most).contains(&taken))
            .then(|| format!("the token gateway took {} {} {taken} times, not {least} to {most}", amount.0, amount.1))
    });
    odd.collect()
}
