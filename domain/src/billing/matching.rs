//! Our history says what is charged, the provider's bill says when. What one has without the other, or differently, is
//! a discrepancy.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{Charge, ChargeKind, ProviderLine, from_minor_units, minor_units, minus, sum};
use crate::{Currency, Money, Refusal};

/// Percent of the expected cost by which a billed party's bill may differ and still be sent.
const TOLERATED_PERCENT: i128 = 5;
/// Whole units of the currency that are tolerated however little is expected.
const TOLERATED_AT_LEAST: Decimal = Decimal::from_parts(10, 0, 0, false, 0);

/// A charge of ours to be found on the provider's bill.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    pub provider_subscription_id: String,
    pub charge: Charge,
    /// On an invoice already: it explains a line of the provider's, and is not invoiced again.
    pub invoiced: bool,
}

/// How two sides differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiscrepancyKind {
    /// Ours without a line of the provider's.
    Missing,
    /// The provider's without a charge of ours.
    Unexpected,
    Quantity,
    /// By more than one minor unit, or in another currency.
    Amount,
    /// The provider gave back what no change of ours explains.
    Credit,
}

impl DiscrepancyKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Unexpected => "unexpected",
            Self::Quantity => "quantity",
            Self::Amount => "amount",
            Self::Credit => "credit",
        }
    }
}

/// What belongs together on both sides: of one subscription, kind and first day. What only the provider has stands
/// alone, line by line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    pub provider_subscription_id: String,
    pub kind: ChargeKind,
    pub from: NaiveDate,
    pub ours: Vec<Expected>,
    pub theirs: Vec<ProviderLine>,
}

type Key = (String, ChargeKind, NaiveDate);

/// The two sides of a bill, paired. Both have to reach back equally far: a charge that was invoiced before, but whose
/// line is not read again, would seem to be missing.
pub fn paired(expected: Vec<Expected>, lines: Vec<ProviderLine>) -> Vec<Group> {
    let mut groups: BTreeMap<Key, Group> = BTreeMap::new();
    for ours in expected {
        let key = (ours.provider_subscription_id.clone(), ours.charge.key.kind, ours.charge.key.from);
        group(&mut groups, key).ours.push(ours);
    }
    for theirs in lines {
        let key = (theirs.provider_subscription_id.clone(), theirs.charge.kind(), theirs.from);
        group(&mut groups, key).theirs.push(theirs);
    }
    explain_credits(&mut groups);
    groups.into_values().flat_map(Group::alone_if_only_theirs).collect()
}

fn group(groups: &mut BTreeMap<Key, Group>, key: Key) -> &mut Group {
    groups.entry(key).or_insert_with_key(|(provider_subscription_id, kind, from)| Group {
        provider_subscription_id: provider_subscription_id.clone(),
        kind: *kind,
        from: *from,
        ours: Vec::new(),
        theirs: Vec::new(),
    })
}

/// A provider may bill fewer seats as a credit: it is the line of a change of that day with as many seats.
fn explain_credits(groups: &mut BTreeMap<Key, Group>) {
    let credits: Vec<Key> = groups.keys().filter(|key| key.1 == ChargeKind::Credit).cloned().collect();
    for key in credits {
        let changes = [ChargeKind::Decrease, ChargeKind::Cancel].map(|kind| (key.0.clone(), kind, key.2));
        let seats = groups[&key].their_quantity();
        let fits = |change: &&Key| {
            groups.get(*change).is_some_and(|group| group.theirs.is_empty() && group.our_quantity() == seats)
        };
        let Some(change) = changes.iter().find(fits) else { continue };
        if let Some(credit) = groups.remove(&key) {
            group(groups, change.clone()).theirs = credit.theirs;
        }
    }
}

impl Group {
    /// `None` when both sides agree.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when a sum cannot be represented.
    pub fn discrepancy(&self) -> Result<Option<DiscrepancyKind>, Refusal> {
        Ok(match (self.ours.is_empty(), self.theirs.is_empty()) {
            (true, _) if self.kind == ChargeKind::Credit => Some(DiscrepancyKind::Credit),
            (true, _) => Some(DiscrepancyKind::Unexpected),
            (false, true) => Some(DiscrepancyKind::Missing),
            (false, false) if self.our_quantity() != self.their_quantity() => Some(DiscrepancyKind::Quantity),
            (false, false) if self.amounts_agree()? => None,
            (false, false) => Some(DiscrepancyKind::Amount),
        })
    }

    /// What is invoiced now: charges of ours which the provider bills too, with our quantity, days and price.
    pub fn to_invoice(&self) -> impl Iterator<Item = &Charge> {
        let billed = !self.theirs.is_empty();
        self.ours.iter().filter(move |ours| billed && !ours.invoiced).map(|ours| &ours.charge)
    }

    /// What the provider is expected to ask for what no invoice has yet; `None` where that is nothing.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when it cannot be represented.
    pub fn expected_cost(&self) -> Result<Option<Money>, Refusal> {
        cost(self.ours.iter().filter(|ours| !ours.invoiced))
    }

    /// By how much the provider asks for more or less than expected, without sign, in our currency of that cost, where
    /// it bills a charge of ours. In another currency nothing of it counts.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when it cannot be represented.
    pub fn difference(&self) -> Result<Option<Money>, Refusal> {
        let Some(ours) = cost(self.ours.iter())?.filter(|_| !self.theirs.is_empty()) else { return Ok(None) };
        let theirs = match self.their_amount(ours.currency())? {
            Some(theirs) => theirs,
            None => Money::zero(ours.currency()),
        };
        let difference = minor_units(minus(theirs, ours)?)?;
        from_minor_units(difference.abs(), ours.currency()).map(Some)
    }

    pub fn our_quantity(&self) -> i128 {
        self.ours.iter().map(|ours| i128::from(ours.charge.quantity)).sum()
    }

    pub fn their_quantity(&self) -> i128 {
        self.theirs.iter().map(|theirs| i128::from(theirs.quantity)).sum()
    }

    fn amounts_agree(&self) -> Result<bool, Refusal> {
        let same_currency = match cost(self.ours.iter())? {
            Some(ours) => self.their_amount(ours.currency())?.is_some(),
            None => true,
        };
        let difference = self.difference()?.map(minor_units).transpose()?;
        Ok(same_currency && difference.is_none_or(|units| units <= 1))
    }

    /// `None` when any of it is in another currency.
    fn their_amount(&self, currency: Currency) -> Result<Option<Money>, Refusal> {
        if self.theirs.iter().any(|theirs| theirs.amount.currency() != currency) {
            return Ok(None);
        }
        sum(currency, self.theirs.iter().map(|theirs| theirs.amount)).map(Some)
    }

    fn alone_if_only_theirs(self) -> Vec<Self> {
        if !self.ours.is_empty() {
            return vec![self];
        }
        let bare = Self { theirs: Vec::new(), ..self.clone() };
        self.theirs.into_iter().map(|theirs| Self { theirs: vec![theirs], ..bare.clone() }).collect()
    }
}

/// The rounded costs of charges of one term, and so of one currency.
fn cost<'a>(mut ours: impl Iterator<Item = &'a Expected>) -> Result<Option<Money>, Refusal> {
    let Some(first) = ours.next() else { return Ok(None) };
    let first = first.charge.cost()?;
    ours.try_fold(first, |sum, ours| sum.plus(ours.charge.cost()?)).map(Some)
}

/// Whether a billed party's invoice has to wait: open differences of quantity or amount add up to more than five
/// percent of its expected cost in that run, and to more than ten. Each currency of cost counts for itself. A group is
/// open (`true` beside it) as long as nobody has resolved its discrepancy.
///
/// # Errors
/// [`Refusal::AmountOverflow`] when a sum cannot be represented.
pub fn keeps_draft<'a>(groups: impl IntoIterator<Item = (&'a Group, bool)>) -> Result<bool, Refusal> {
    let (mut costs, mut differences) = (Sums::new(), Sums::new());
    for (group, is_open) in groups {
        add(&mut costs, group.expected_cost()?)?;
        if let (true, Some(DiscrepancyKind::Quantity | DiscrepancyKind::Amount)) = (is_open, group.discrepancy()?) {
            add(&mut differences, group.difference()?)?;
        }
    }
    differences.into_iter().try_fold(false, |draft, (code, difference)| {
        let cost = costs.get(code).copied().unwrap_or_else(|| Money::zero(difference.currency()));
        Ok(draft || is_too_much(cost, difference)?)
    })
}

/// By currency.
type Sums = BTreeMap<&'static str, Money>;

fn add(sums: &mut Sums, amount: Option<Money>) -> Result<(), Refusal> {
    let Some(amount) = amount else { return Ok(()) };
    let sum = sums.entry(amount.currency().code()).or_insert_with(|| Money::zero(amount.currency()));
    *sum = sum.plus(amount)?;
    Ok(())
}

fn is_too_much(cost: Money, differences: Money) -> Result<bool, Refusal> {
    // Against the exact share: rounded up it would tolerate what lies above it.
    let times_units = |money: Money, times: i128| minor_units(money)?.checked_mul(times).ok_or(Refusal::AmountOverflow);
    let is_above_share = times_units(differences, 100)? > times_units(cost, TOLERATED_PERCENT)?;
    Ok(is_above_share && differences.amount() > TOLERATED_AT_LEAST)
}
