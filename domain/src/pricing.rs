//! What a customer pays for a seat, and what its reseller pays: looked up in price rules, never remembered.

mod rates;

use std::collections::{HashMap, HashSet};

use chrono::NaiveDate;
use rust_decimal::Decimal;
use uuid::Uuid;

pub use rates::Rates;

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

    /// The formula of the first scope with a rule in force that speaks of this currency; in it the latest.
    fn find(&self, scopes: &[Scope], currency: Currency, on: NaiveDate) -> Option<Formula> {
        let in_force = |rule: &&PriceRule| rule.effective_from <= on && speaks_of(&rule.formula, currency);
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
    let basis = Basis::of(service, buyer.currency, &book.rates, on)?;
    let asked = Question { book, service, buyer, on, basis };
    match buyer.reseller_id {
        Some(reseller) => asked.end_customer_quote(reseller),
        None => {
            let formula = asked.seller_formula(buyer.customer_id, None);
            let unit_price = basis.apply(formula)?;
            Ok(unit_price.map(|unit_price| Quote::new(service, formula, unit_price, None)))
        }
    }
}

/// One price looked for, with what it is looked up in.
struct Question<'a> {
    book: &'a RuleBook,
    service: &'a Service,
    buyer: &'a Buyer,
    on: NaiveDate,
    basis: Basis,
}

impl Question<'_> {
    /// Without a reseller price there is no price: nobody could say what the reseller earns or owes.
    fn end_customer_quote(&self, reseller: Uuid) -> Result<Option<Quote>, Refusal> {
        let Some(reseller_price) = self.basis.apply(self.seller_formula(reseller, None))? else { return Ok(None) };
        let (formula, unit_price) = match self.resellers_own_formula(reseller) {
            Some(formula) => {
                let price = self.basis.of_reseller(reseller_price).apply(formula)?;
                (formula, price.map(|price| higher(price, reseller_price)))
            }
            None => {
                let formula = self.seller_formula(self.buyer.customer_id, Some(reseller));
                (formula, self.basis.apply(formula)?)
            }
        };
        Ok(unit_price.map(|unit_price| Quote::new(self.service, formula, unit_price, Some(reseller_price))))
    }

    /// What the seller's rules say; where they say nothing, the list price.
    fn seller_formula(&self, customer: Uuid, reseller: Option<Uuid>) -> Formula {
        let scopes = levels(Author::Seller, customer, reseller, Some(self.service.id));
        self.book.find(&scopes, self.buyer.currency, self.on).unwrap_or(Formula::List)
    }

    fn resellers_own_formula(&self, reseller: Uuid) -> Option<Formula> {
        let scopes = levels(Author::Reseller(reseller), self.buyer.customer_id, None, Some(self.service.id));
        self.book.find(&scopes, self.buyer.currency, self.on)
    }
}

impl Quote {
    fn new(service: &Service, formula: Formula, unit_price: UnitPrice, reseller: Option<UnitPrice>) -> Self {
        Self {
            unit_price,
            reseller_unit_price: reseller,
            unit_cost: service.unit_cost,
            discountable: !matches!(formula, Formula::Fixed { .. }),
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

/// A fixed price says nothing to those who pay in another currency.
fn speaks_of(formula: &Formula, currency: Currency) -> bool {
    match formula {
        Formula::Fixed { price } => price.currency() == currency,
        Formula::MarkupOnCost { .. } | Formula::Margin { .. } | Formula::DiscountOnList { .. } | Formula::List => true,
    }
}

fn higher(a: UnitPrice, b: UnitPrice) -> UnitPrice {
    if a.amount() < b.amount() { b } else { a }
}

/// What formulas start from, in the buyer's currency; absent without an exchange rate.
#[derive(Debug, Clone, Copy)]
struct Basis {
    cost: Option<Decimal>,
    list: Option<Decimal>,
    currency: Currency,
}

impl Basis {
    fn of(service: &Service, currency: Currency, rates: &Rates, on: NaiveDate) -> Result<Self, Refusal> {
        let cost = rates.convert(service.unit_cost, currency, on)?;
        let list = rates.convert(service.list_price, currency, on)?;
        Ok(Self { cost, list, currency })
    }

    /// In a reseller's own rules, cost is what the reseller pays, never the provider's cost.
    fn of_reseller(self, reseller_price: UnitPrice) -> Self {
        Self { cost: Some(reseller_price.amount()), ..self }
    }

    /// Multiplies before dividing and rounds once.
    fn apply(self, formula: Formula) -> Result<Option<UnitPrice>, Refusal> {
        let hundred = Decimal::ONE_HUNDRED;
        let price = match formula {
            Formula::MarkupOnCost { percent } => self.cost.map(|cost| {
                let factor = hundred.checked_add(percent)?;
                cost.checked_mul(factor)?.checked_div(hundred)
            }),
            Formula::Margin { percent } => self.cost.map(|cost| {
                let share = hundred.checked_sub(percent)?;
                cost.checked_mul(hundred)?.checked_div(share)
            }),
            Formula::DiscountOnList { percent } => self.list.map(|list| {
                let factor = hundred.checked_sub(percent)?;
                list.checked_mul(factor)?.checked_div(hundred)
            }),
            Formula::List => self.list.map(Some),
            Formula::Fixed { price } => (price.currency() == self.currency).then_some(Some(price.amount())),
        };
        price.map(|amount| self.representable(amount)).transpose()
    }

    fn representable(self, amount: Option<Decimal>) -> Result<UnitPrice, Refusal> {
        let amount = amount.filter(|amount| amount.abs() < UNIT_PRICE_LIMIT).ok_or(Refusal::AmountOverflow)?;
        Ok(UnitPrice::rounded(amount, self.currency))
    }
}
