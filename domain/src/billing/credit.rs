//! Credit notes on an issued invoice: by lines, or by a gross amount; at the invoice's rate, never more than is left.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::allocate::split;
use super::{Exact, minor_units, minus, sum};
use crate::tax::{TaxAmount, Treatment};
use crate::{Money, Refusal};

/// One line of the invoice, with what earlier credit notes left of its net.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditableLine {
    /// The invoice's number of the line.
    pub line: u32,
    /// Net; negative on a line that was a credit itself.
    pub left: Money,
}

/// An issued invoice, as far as it can still be credited.
#[derive(Debug, Clone, Copy)]
pub struct Creditable<'a> {
    pub lines: &'a [CreditableLine],
    /// The invoice's tax less that of earlier credit notes.
    pub tax_left: Money,
    pub treatment: &'a Treatment,
}

/// What is to be credited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// Net amounts by line; a line may come more than once.
    Lines(Vec<(u32, Money)>),
    /// Tax included, split over all lines in proportion to what is left of them.
    Gross(Money),
}

/// A credit note's lines and sums, all above zero except the shares of negative lines.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Credit {
    /// The invoice's number of each line, and its net.
    pub lines: Vec<(u32, Money)>,
    pub net: Money,
    pub taxes: Vec<TaxAmount>,
    pub total: Money,
}

/// Why nothing is credited.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CreditRefused {
    #[error("Only {left} is left to be credited.")]
    AboveLimit { left: Money },
    #[error("The invoice has no line {line}.")]
    UnknownLine { line: u32 },
    #[error("A credit is an amount above zero.")]
    NotPositive,
    /// Of that line, or of the whole amount.
    #[error("The credit is in another currency than the invoice.")]
    OtherCurrency { line: Option<u32> },
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl Creditable<'_> {
    /// The credit note.
    ///
    /// # Errors
    /// A [`CreditRefused`]; above all that more is asked for than is left of a line or of the invoice.
    pub fn credit(&self, wanted: &Wanted) -> Result<Credit, CreditRefused> {
        match wanted {
            Wanted::Lines(lines) => self.by_lines(lines),
            Wanted::Gross(gross) => self.by_gross(*gross),
        }
    }

    /// Tax included.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when it cannot be represented.
    pub fn left(&self) -> Result<Money, Refusal> {
        self.net_left()?.plus(self.tax_left)
    }

    fn net_left(&self) -> Result<Money, Refusal> {
        sum(self.tax_left.currency(), self.lines.iter().map(|line| line.left))
    }

    fn by_lines(&self, wanted: &[(u32, Money)]) -> Result<Credit, CreditRefused> {
        let mut asked: Vec<(u32, Money)> = Vec::new();
        for (line, net) in wanted {
            self.check(*net, Some(*line))?;
            match asked.iter_mut().find(|(known, _)| known == line) {
                Some((_, sum)) => *sum = sum.plus(*net)?,
                None => asked.push((*line, *net)),
            }
        }
        for (line, net) in &asked {
            let known = self.lines.iter().find(|known| known.line == *line);
            let left = known.ok_or(CreditRefused::UnknownLine { line: *line })?.left;
            within(*net, left)?;
        }
        let net = sum(self.tax_left.currency(), asked.iter().map(|(_, net)| *net))?;
        if asked.is_empty() {
            return Err(CreditRefused::NotPositive);
        }
        within(net, self.net_left()?)?;
        Ok(self.note(asked, net, self.tax_on(net)?)?)
    }

    /// The last credit takes whatever tax is left, so that the taxes of all credits add up to the invoice's.
    fn tax_on(&self, net: Money) -> Result<Money, Refusal> {
        if net == self.net_left()? {
            return Ok(self.tax_left);
        }
        let tax = Exact::of(net.amount()).percent(self.treatment.rate)?.money(net.currency())?;
        Ok(lower(tax, self.tax_left))
    }

    fn by_gross(&self, gross: Money) -> Result<Credit, CreditRefused> {
        self.check(gross, None)?;
        within(gross, self.left()?)?;
        let net = self.net_of(gross)?;
        let weights: Vec<Money> = self.lines.iter().map(|line| line.left).collect();
        let shares = self.lines.iter().map(|line| line.line).zip(split(net, &weights)?);
        let lines = shares.filter(|(_, share)| !share.amount().is_zero()).collect();
        Ok(self.note(lines, net, minus(gross, net)?)?)
    }

    /// The net whose tax, rounded, makes the gross amount. Where no net does, the nearest one: its tax is less than a
    /// minor unit from the rate, and net and tax still add up. Neither exceeds what is left.
    fn net_of(&self, gross: Money) -> Result<Money, Refusal> {
        let with_tax = Decimal::ONE_HUNDRED.checked_add(self.treatment.rate).ok_or(Refusal::AmountOverflow)?;
        let net = Exact::of(gross.amount()).times(Decimal::ONE_HUNDRED)?.over(with_tax)?.money(gross.currency())?;
        let net = lower(net, self.net_left()?);
        let tax = lower(minus(gross, net)?, self.tax_left);
        minus(gross, tax)
    }

    fn check(&self, amount: Money, line: Option<u32>) -> Result<(), CreditRefused> {
        if amount.currency() != self.tax_left.currency() {
            return Err(CreditRefused::OtherCurrency { line });
        }
        if minor_units(amount)? <= 0 {
            return Err(CreditRefused::NotPositive);
        }
        Ok(())
    }

    fn note(&self, lines: Vec<(u32, Money)>, net: Money, tax: Money) -> Result<Credit, Refusal> {
        let Treatment { category, rate, note } = self.treatment.clone();
        let taxes = vec![TaxAmount { category, rate, base: net, amount: tax, note }];
        Ok(Credit { lines, net, taxes, total: net.plus(tax)? })
    }
}

fn within(amount: Money, left: Money) -> Result<(), CreditRefused> {
    if amount.amount() > left.amount() {
        return Err(CreditRefused::AboveLimit { left });
    }
    Ok(())
}

fn lower(one: Money, other: Money) -> Money {
    if other.amount() < one.amount() { other } else { one }
}

impl From<CreditRefused> for Refusal {
    fn from(refused: CreditRefused) -> Self {
        match refused {
            CreditRefused::AboveLimit { left } => Self::CreditLimit { left },
            CreditRefused::UnknownLine { line } => Self::UnknownLine { line },
            CreditRefused::NotPositive => Self::InvalidCredit,
            CreditRefused::OtherCurrency { line: Some(line) } => Self::LineCurrencyMismatch { line },
            CreditRefused::OtherCurrency { line: None } => Self::CurrencyMismatch,
            CreditRefused::Refused(refusal) => refusal,
        }
    }
}
