//! What a customer pays for a seat, and what its reseller pays: looked up in price rules, never remembered.

mod rates;

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

use rates::Converted;
pub use rates::Rates;
use serde::{Deserialize, Serialize};

use crate::price_rule::{Author, Formula, PriceRule, Scope};
use crate::service::Service;
use crate::{Currency, Money, Refusal, UnitPrice};

/// Unit prices stay below this, so that every amount made of one keeps all its currency's digits.
const UNIT_PRICE_LIMIT: Decimal = Decimal::from_parts(2_764_472_320, 232_830, 0, false, 0);

/// Whose price is asked for. A reseller buying for itself has no reseller; its price is the reseller price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Buyer {
    pub customer_id: Uuid,
    pub reseller_id: Option<Uuid>,
    /// The currency of its terms.
    pub currency: Currency,
}

/// The prices of one seat for one billing cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quote {
    /// In the buyer's currency, as is the next.
    pub unit_price: UnitPrice,
    /// What the buyer's reseller pays; set when it has one.
    pub reseller_unit_price: Option<UnitPrice>,
    /// In the provider's currency.
    pub unit_cost: Money,
    /// The billed party's discount applies: the price is not a fixed one.
    pub discountable: bool,
    /// What turned the provider's currency into the buyer's, when one of the prices was made that way.
    pub exchange_rate: Option<AppliedRate>,
}

/// An exchange rate a price was made with: one unit of `base` was worth `rate` units of the buyer's currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedRate {
    pub base: Currency,
    pub rate: Decimal,
}

/// The price rules that might matter, and the exchange rates.
#[derive(Debug, Clone, Default)]
pub struct RuleBook {
    rules: HashMap<Scope, Vec<PriceRule>>,
    rates: Rates,
}

impl RuleBook {
    pub fn new(rules: impl IntoIterator<Item = PriceRule>) -> Self {
        let mut book = Self::default();
        for rule in rules {
            book.rules.entry(rule.scope).or_default().push(rule);
        }
        book
    }

    /// Prices in other currencies than the provider's become possible.
    pub fn with_rates(self, rates: Rates) -> Self {
        Self { rates, ..self }
    }

    /// The formula of the first scope with a rule in force that gives a price on this basis; in it the latest.
    fn find(&self, scopes: &[Scope], basis: &Basis, on: NaiveDate) -> Option<Formula> {
        let in_force = |rule: &&PriceRule| rule.effective_from <= on && basis.carries(&rule.formula);
        scopes.iter().find_map(|scope| {
            let rules = self.rules.get(scope)?;
            rules.iter().filter(in_force).max_by_key(|rule| rule.effective_from).map(|rule| rule.formula)
        })
    }
}

impl FromIterator<PriceRule> for RuleBook {
    fn from_iter<I: IntoIterator<Item = PriceRule>>(rules: I) -> Self {
        Self::new(rules)
    }
}

/// Every scope whose rules may matter for these services, each once.
pub fn scopes(buyer: &Buyer, services: &[Uuid]) -> Vec<Scope> {
    let mut seen = HashSet::new();
    let services = services.iter().copied().map(Some).chain([None]);
    let all = services.flat_map(|service| {
        let mut all = levels(Author::Seller, buyer.customer_id, buyer.reseller_id, service);
        if let Some(reseller) = buyer.reseller_id {
            all.extend(levels(Author::Seller, reseller, None, service));
            all.extend(levels(Author::Reseller(reseller), buyer.customer_id, None, service));
        }
        all
    });
    all.filter(|scope| seen.insert(*scope)).collect()
}

/// The price of `service` for `buyer` on a day; `None` when there is none in the buyer's currency.
///
/// # Errors
/// [`Refusal::AmountOverflow`] when a price is too large to be represented.
pub fn price(book: &RuleBook, service: &Service, buyer: &Buyer, on: NaiveDate) -> Result<Option<Quote>, Refusal> {
    let asked = Question { book, service, buyer, on };
    let basis = Basis::of(service, buyer.currency, &book.rates, on)?;
    match buyer.reseller_id {
        Some(reseller) => asked.end_customer_quote(basis, reseller),
        None => {
            let made = asked.made(basis, &levels(Author::Seller, buyer.customer_id, None, Some(service.id)))?;
            Ok(made.map(|made| made.quote(service, None)))
        }
    }
}

/// One price looked for, with what it is looked up in.
struct Question<'a> {
    book: &'a RuleBook,
    service: &'a Service,
    buyer: &'a Buyer,
    on: NaiveDate,
}

/// A price and how it came about.
#[derive(Clone, Copy)]
struct Made {
    price: UnitPrice,
    formula: Formula,
    exchange_rate: Option<AppliedRate>,
}

impl Question<'_> {
    /// Without a reseller price there is no price: nobody could say what the reseller earns or owes.
    fn end_customer_quote(&self, basis: Basis, reseller: Uuid) -> Result<Option<Quote>, Refusal> {
        let service = Some(self.service.id);
        let Some(resellers) = self.made(basis, &levels(Author::Seller, reseller, None, service))? else {
            return Ok(None);
        };
        let own = levels(Author::Reseller(reseller), self.buyer.customer_id, None, service);
        let own_basis = basis.of_reseller(&resellers);
        let price = match self.book.find(&own, &own_basis, self.on) {
            Some(formula) => own_basis.make(formula)?.map(|made| made.at_least(resellers.price)),
            None => self.made(basis, &levels(Author::Seller, self.buyer.customer_id, Some(reseller), service))?,
        };
        Ok(price.map(|made| made.quote(self.service, Some(&resellers))))
    }

    /// What the first of these scopes that gives a price makes; without any, the list price.
    fn made(&self, basis: Basis, scopes: &[Scope]) -> Result<Option<Made>, Refusal> {
        basis.make(self.book.find(scopes, &basis, self.on).unwrap_or(Formula::List))
    }
}

impl Made {
    fn at_least(self, floor: UnitPrice) -> Self {
        Self { price: if self.price.amount() < floor.amount() { floor } else { self.price }, ..self }
    }

    fn quote(self, service: &Service, reseller: Option<&Self>) -> Quote {
        Quote {
            unit_price: self.price,
            reseller_unit_price: reseller.map(|made| made.price),
            unit_cost: service.unit_cost,
            discountable: !matches!(self.formula, Formula::Fixed { .. }),
            exchange_rate: self.exchange_rate.or(reseller.and_then(|made| made.exchange_rate)),
        }
    }
}

/// One author's scopes for a customer, the most particular first.
fn levels(author: Author, customer: Uuid, reseller: Option<Uuid>, service: Option<Uuid>) -> Vec<Scope> {
    let with_service = |customer_id, reseller_id| {
        let scope = Scope { author, customer_id, reseller_id, service_id: None };
        [Scope { service_id: service, ..scope }, scope]
    };
    let mut scopes = Vec::from(with_service(Some(customer), None));
    scopes.extend(reseller.into_iter().flat_map(|reseller| with_service(None, Some(reseller))));
    scopes.extend(with_service(None, None));
    scopes
}

/// What formulas start from, in the buyer's currency; absent without an exchange rate.
#[derive(Debug, Clone, Copy)]
struct Basis {
    cost: Option<Converted>,
    list: Option<Converted>,
    currency: Currency,
}

impl Basis {
    fn of(service: &Service, currency: Currency, rates: &Rates, on: NaiveDate) -> Result<Self, Refusal> {
        let cost = rates.convert(service.unit_cost, currency, on)?;
        let list = rates.convert(service.list_price, currency, on)?;
        Ok(Self { cost, list, currency })
    }

    /// In a reseller's own rules, cost is what the reseller pays, never the provider's cost.
    fn of_reseller(self, resellers: &Made) -> Self {
        let cost = Converted { amount: resellers.price.amount(), exchange_rate: resellers.exchange_rate };
        Self { cost: Some(cost), ..self }
    }

    /// Whether a formula gives a price here. A fixed price says nothing to those who pay in another currency, nor does
    /// a percentage of something that has no value in theirs.
    fn carries(&self, formula: &Formula) -> bool {
        match formula {
            Formula::MarkupOnCost { .. } | Formula::Margin { .. } => self.cost.is_some(),
            Formula::DiscountOnList { .. } | Formula::List => self.list.is_some(),
            Formula::Fixed { price } => price.currency() == self.currency,
        }
    }

    fn make(self, formula: Formula) -> Result<Option<Made>, Refusal> {
        let from = match formula {
            Formula::MarkupOnCost { .. } | Formula::Margin { .. } => self.cost,
            Formula::DiscountOnList { .. } | Formula::List => self.list,
            Formula::Fixed { price } => {
                let exact = Converted { amount: price.amount(), exchange_rate: None };
                (price.currency() == self.currency).then_some(exact)
            }
        };
        from.map(|from| {
            let amount = applied(formula, from.amount).filter(|amount| amount.abs() < UNIT_PRICE_LIMIT);
            let price = UnitPrice::rounded(amount.ok_or(Refusal::AmountOverflow)?, self.currency);
            Ok(Made { price, formula, exchange_rate: from.exchange_rate })
        })
        .transpose()
    }
}

/// The formula on its cost, list or fixed price: multiplies before dividing; not yet rounded.
fn applied(formula: Formula, amount: Decimal) -> Option<Decimal> {
    let hundred = Decimal::ONE_HUNDRED;
    match formula {
        Formula::MarkupOnCost { percent } => amount.checked_mul(hundred.checked_add(percent)?)?.checked_div(hundred),
        Formula::Margin { percent } => amount.checked_mul(hundred)?.checked_div(hundred.checked_sub(percent)?),
        Formula::DiscountOnList { percent } => amount.checked_mul(hundred.checked_sub(percent)?)?.checked_div(hundred),
        Formula::List | Formula::Fixed { .. } => Some(amount),
    }
}
