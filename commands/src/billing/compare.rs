//! The two sides of one account's bill: what is invoiced now, what differs, and what has come right.

use std::collections::BTreeSet;
use std::sync::Arc;

use domain::billing::matching::{self, DiscrepancyKind, Expected, Group};
use domain::billing::passed_on::passed_on;
use domain::billing::{Charge, ChargeKey, History, Period, ProviderLine, Subject, minus, sum};
use domain::billing_run::BillingDiscrepancy;
use domain::charge_ledger::ChargeLedgerState;
use domain::{Money, Refusal, ids};
use uuid::Uuid;

use super::AccountBill;
use super::gather::missing;

/// How many charges or lines a difference names.
const NAMED: usize = 200;
/// Charges of what is passed on are counted from here, by their place in the ledger: none of ours is ever so many.
const PASSED_ON_FROM: u32 = 1_000;

/// A charge that goes on a document.
#[derive(Debug, Clone)]
pub(super) struct ToBill {
    pub history: Arc<History>,
    pub charge: Charge,
    /// The line of the provider's that is passed on with it, where it is none of ours.
    pub passed_on: Option<String>,
}

impl ToBill {
    pub fn subject(&self) -> &Subject {
        &self.history.subject
    }
}

/// What belongs together on both sides, and whether it agrees.
#[derive(Debug, Clone)]
pub(super) struct Judged {
    pub group: Group,
    /// Nobody has resolved the difference.
    pub is_open: bool,
    /// Not listed before.
    pub found: Option<BillingDiscrepancy>,
}

impl Judged {
    /// It counts against the document that is made now.
    pub fn is_in_question(&self) -> bool {
        self.is_open && self.group.ours.iter().any(|ours| !ours.invoiced)
    }

    pub fn has(&self, charge: &ChargeKey) -> bool {
        self.group.ours.iter().any(|ours| ours.charge.key == *charge)
    }
}

/// What a comparison came to.
#[derive(Debug, Clone, Default)]
pub(super) struct Compared {
    /// By subscription, in the order of days.
    pub to_bill: Vec<ToBill>,
    pub judged: Vec<Judged>,
    /// Open differences that a later line of the provider's, or what we learned later, has made good.
    pub settled: Vec<Uuid>,
    /// Lines that no run has imported before.
    pub new_lines: Vec<ProviderLine>,
}

/// Compares the bill with the account's history. `ledger` says what is billed already, by whatever document: a period's,
/// or that of a prepaid order.
pub(super) fn compare(bill: &AccountBill, ledger: &ChargeLedgerState, period: Period) -> Result<Compared, Refusal> {
    let billed: BTreeSet<&ChargeKey> = ledger.billed.values().flatten().collect();
    let charges = charges(bill, period);
    let groups = groups(bill, &charges, &billed, ledger);
    let mut judged = Vec::with_capacity(groups.len());
    let mut settled = Vec::new();
    for group in groups {
        let one = judge(bill, ledger, group)?;
        settled.extend(made_good(ledger, &one.group)?);
        judged.push(one);
    }
    let to_bill = to_bill(bill, ledger, &charges, &judged, period)?;
    let new_lines = bill.lines.iter().filter(|line| !ledger.imported.contains(&line.line_id)).cloned().collect();
    let to_bill = to_bill.into_iter().filter(|one| !is_billed(&billed, &one.charge.key)).collect();
    Ok(Compared { to_bill, judged, settled, new_lines })
}

/// Whether a document has the charge, under whichever of its names.
pub(super) fn is_billed(billed: &BTreeSet<&ChargeKey>, charge: &ChargeKey) -> bool {
    billed.range::<ChargeKey, _>(charge.names()).next().is_some()
}

/// Everything of ours up to the end of the period, by subscription.
fn charges(bill: &AccountBill, period: Period) -> Vec<(Arc<History>, Charge)> {
    let of = |history: &Arc<History>| {
        let charges = history.charges_through(period);
        charges.into_iter().map(|charge| (Arc::clone(history), charge)).collect::<Vec<_>>()
    };
    bill.history.subscriptions.iter().flat_map(of).collect()
}

/// Both sides as far as they reach back: the months that were asked, and days further back that a line is about.
fn groups(
    bill: &AccountBill,
    charges: &[(Arc<History>, Charge)],
    billed: &BTreeSet<&ChargeKey>,
    ledger: &ChargeLedgerState,
) -> Vec<Group> {
    let passed_on: BTreeSet<&str> = ledger.passed_on.iter().map(|passed| passed.line.line_id.as_str()).collect();
    // What was passed on is explained for good.
    let lines: Vec<ProviderLine> =
        bill.lines.iter().filter(|line| !passed_on.contains(line.line_id.as_str())).cloned().collect();
    let days: BTreeSet<_> = lines.iter().map(|line| (line.provider_subscription_id.as_str(), line.from)).collect();
    let expected = charges.iter().filter_map(|(history, charge)| {
        let provider_id = &history.subject.provider_subscription_id;
        let is_asked = bill.months.contains(&charge.period());
        (is_asked || days.contains(&(provider_id.as_str(), charge.key.from))).then(|| Expected {
            provider_subscription_id: provider_id.clone(),
            charge: *charge,
            invoiced: is_billed(billed, &charge.key),
        })
    });
    let mut groups = matching::paired(expected.collect(), lines.clone());
    // Of a month that was not asked, nothing is missing.
    groups.retain(|group| !group.theirs.is_empty() || bill.months.contains(&Period::of(group.from)));
    groups
}

fn judge(bill: &AccountBill, ledger: &ChargeLedgerState, group: Group) -> Result<Judged, Refusal> {
    // What is on a document that the provider does not bill was accepted, or paid in advance: nothing is open there.
    let is_settled = group.theirs.is_empty() && group.ours.iter().all(|ours| ours.invoiced);
    let Some(kind) = group.discrepancy()?.filter(|_| !is_settled) else {
        return Ok(Judged { group, is_open: false, found: None });
    };
    let id = discrepancy_id(&group, kind);
    let is_new = !ledger.discrepancies.contains_key(&id);
    let found = if is_new { Some(discrepancy(bill, &group, kind, id)?) } else { None };
    Ok(Judged { is_open: is_new || ledger.is_open(id), group, found })
}

/// One name per difference: lines that come later make another one.
fn discrepancy_id(group: &Group, kind: DiscrepancyKind) -> Uuid {
    let what = match kind {
        DiscrepancyKind::Missing => kind.name().to_owned(),
        DiscrepancyKind::Unexpected | DiscrepancyKind::Credit => line_ids(group),
        DiscrepancyKind::Quantity | DiscrepancyKind::Amount => format!("{}/{}", kind.name(), line_ids(group)),
    };
    ids::discrepancy(&group.provider_subscription_id, group.kind, group.from, &what)
}

fn line_ids(group: &Group) -> String {
    let ids: BTreeSet<&str> = group.theirs.iter().map(|line| line.line_id.as_str()).collect();
    ids.into_iter().collect::<Vec<_>>().join("/")
}

fn discrepancy(
    bill: &AccountBill,
    group: &Group,
    kind: DiscrepancyKind,
    discrepancy_id: Uuid,
) -> Result<BillingDiscrepancy, Refusal> {
    let theirs = match group.theirs.first().map(|line| line.amount.currency()) {
        Some(currency) if group.theirs.iter().all(|line| line.amount.currency() == currency) => {
            Some(sum(currency, group.theirs.iter().map(|line| line.amount))?)
        }
        Some(_) | None => None,
    };
    Ok(BillingDiscrepancy {
        discrepancy_id,
        customer_id: bill.customer_id,
        account_id: bill.account_id,
        subscription_id: bill
            .history_of(&group.provider_subscription_id)
            .map(|history| history.subject.subscription_id),
        provider_subscription_id: group.provider_subscription_id.clone(),
        kind,
        charge: group.kind,
        from: group.from,
        charges: group.ours.iter().take(NAMED).map(|ours| ours.charge).collect(),
        ours: our_cost(group)?,
        lines: group.theirs.iter().take(NAMED).cloned().collect(),
        theirs,
        invoice_id: None,
    })
}

/// What the provider is expected to ask, of what is invoiced already too.
fn our_cost(group: &Group) -> Result<Option<Money>, Refusal> {
    let mut costs = group.ours.iter().map(|ours| ours.charge.cost());
    let Some(first) = costs.next() else { return Ok(None) };
    costs.try_fold(first?, |total, cost| total.plus(cost?)).map(Some)
}

/// Differences listed before, about the same things, that are none any more: a line has come at last, was corrected, or
/// is explained by what we learned later.
fn made_good(ledger: &ChargeLedgerState, group: &Group) -> Result<Vec<Uuid>, Refusal> {
    if group.ours.is_empty() || group.theirs.is_empty() {
        return Ok(Vec::new());
    }
    let provider_id = &group.provider_subscription_id;
    let missed = group.ours.iter().map(|ours| missing(provider_id, &ours.charge));
    let unexplained =
        group.theirs.iter().map(|line| ids::discrepancy(provider_id, line.charge.kind(), line.from, &line.line_id));
    // As it was when it was listed: with the lines that were there then.
    let mut before = group.clone();
    before.theirs.retain(|line| ledger.imported.contains(&line.line_id));
    let differed = [DiscrepancyKind::Quantity, DiscrepancyKind::Amount]
        .into_iter()
        .flat_map(|kind| [discrepancy_id(&before, kind), discrepancy_id(group, kind)]);
    let now = group.discrepancy()?.map(|kind| discrepancy_id(group, kind));
    let names: BTreeSet<Uuid> = missed.chain(unexplained).chain(differed).collect();
    Ok(names.into_iter().filter(|id| Some(*id) != now && ledger.is_open(*id)).collect())
}

/// What goes on a document now: what both sides have, what an operator has accepted, and what is passed on.
fn to_bill(
    bill: &AccountBill,
    ledger: &ChargeLedgerState,
    charges: &[(Arc<History>, Charge)],
    judged: &[Judged],
    period: Period,
) -> Result<Vec<ToBill>, Refusal> {
    let agreed: BTreeSet<ChargeKey> =
        judged.iter().flat_map(|judged| judged.group.to_invoice()).map(|charge| charge.key).collect();
    let is_due = |charge: &Charge| agreed.contains(&charge.key) || ledger.accepted.contains(&charge.key);
    let ours = charges.iter().filter(|(_, charge)| is_due(charge));
    let mut to_bill: Vec<ToBill> = ours
        .map(|(history, charge)| ToBill { history: Arc::clone(history), charge: *charge, passed_on: None })
        .collect();
    to_bill.extend(waiting(bill, ledger, period)?);
    Ok(to_bill)
}

/// The provider's lines that an operator has passed on and no document has yet.
pub(super) fn waiting(bill: &AccountBill, ledger: &ChargeLedgerState, period: Period) -> Result<Vec<ToBill>, Refusal> {
    let mut waiting = Vec::new();
    for (n, passed) in (PASSED_ON_FROM..).zip(&ledger.passed_on) {
        let line = &passed.line;
        let history = bill.history_of(&line.provider_subscription_id);
        let Some(history) = history.filter(|_| passed.document_id.is_none() && line.from < period.end()) else {
            continue;
        };
        if let Some(charge) = passed_on(history, line, n)? {
            let passed_on = Some(line.line_id.clone());
            waiting.push(ToBill { history: Arc::clone(history), charge, passed_on });
        }
    }
    Ok(waiting)
}

/// What the customer is charged or given when a difference is passed on: lines that only the provider has as they are,
/// else by how much they differ. Empty where nothing says our price for it.
pub(super) fn lines_to_pass_on(found: &BillingDiscrepancy, history: &History) -> Vec<ProviderLine> {
    let lines = match found.kind {
        DiscrepancyKind::Missing => Vec::new(),
        DiscrepancyKind::Unexpected | DiscrepancyKind::Credit => found.lines.clone(),
        DiscrepancyKind::Quantity | DiscrepancyKind::Amount => difference(found).into_iter().collect(),
    };
    let is_priced = |line: &ProviderLine| passed_on(history, line, PASSED_ON_FROM).is_ok_and(|charge| charge.is_some());
    if lines.iter().all(is_priced) { lines } else { Vec::new() }
}

/// As one line, under the name of the difference.
fn difference(found: &BillingDiscrepancy) -> Option<ProviderLine> {
    let first = found.lines.first()?;
    let amount = minus(found.theirs?, found.ours?).ok()?;
    let theirs = found.lines.iter().try_fold(0i64, |seats, line| seats.checked_add(line.quantity))?;
    let ours = found.charges.iter().try_fold(0i64, |seats, charge| seats.checked_add(charge.quantity))?;
    // Where only the amount differs it is one piece, up or down.
    let piece = if amount.amount().is_sign_negative() { -1 } else { 1 };
    let quantity = if theirs == ours { piece } else { theirs.checked_sub(ours)? };
    Some(ProviderLine { line_id: found.discrepancy_id.to_string(), quantity, amount, ..first.clone() })
}

impl AccountBill {
    pub(super) fn history_of(&self, provider_subscription_id: &str) -> Option<&Arc<History>> {
        let is_it = |history: &&Arc<History>| history.subject.provider_subscription_id == provider_subscription_id;
        self.history.subscriptions.iter().find(is_it)
    }
}
