//! Lines of an invoice: charges at the price of whoever is billed, each rounded once.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Charge, ChargeKey, ChargeKind, DayFactor, Subject, commission, minus};
use crate::customer::{BillTo, Commission};
use crate::{Currency, Money, Refusal, UnitPrice};

/// How many entries a list in one event has at most; the rest follows in further events of the same append.
pub const EVENT_ENTRIES: usize = 200;
/// Bytes of JSON a list in one event has at most, far below what the log takes as one event.
const EVENT_BYTES: usize = 160 * 1024;

/// A list divided among events, in its order; without entries there is no part.
pub fn in_events<T: Serialize + Clone>(entries: &[T]) -> Vec<Vec<T>> {
    let mut parts: Vec<Vec<T>> = Vec::new();
    let mut bytes = 0;
    for entry in entries {
        let size = serde_json::to_string(entry).map_or(EVENT_BYTES, |json| json.len());
        bytes += size;
        match parts.last_mut().filter(|part| part.len() < EVENT_ENTRIES && bytes <= EVENT_BYTES) {
            Some(part) => part.push(entry.clone()),
            None => {
                parts.push(vec![entry.clone()]);
                bytes = size;
            }
        }
    }
    parts
}

/// Who is invoiced for a customer's services, and at which price. Found anew whenever a line is invoiced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Route {
    /// A direct customer, or a reseller for its own accounts: their price, which is a reseller's reseller price.
    Own,
    /// The end customer at its price; its reseller earns commission.
    Agency { reseller_id: Uuid },
    /// The reseller at the reseller price; no commission.
    Resale { reseller_id: Uuid },
}

impl Route {
    /// `bill_to` means something only to those who have a reseller.
    pub const fn of(reseller_id: Option<Uuid>, bill_to: BillTo) -> Self {
        match (reseller_id, bill_to) {
            (None, BillTo::Customer | BillTo::Reseller) => Self::Own,
            (Some(reseller_id), BillTo::Customer) => Self::Agency { reseller_id },
            (Some(reseller_id), BillTo::Reseller) => Self::Resale { reseller_id },
        }
    }

    /// Who gets the invoice for this customer's services.
    pub const fn billed_party(self, customer_id: Uuid) -> Uuid {
        match self {
            Self::Own | Self::Agency { .. } => customer_id,
            Self::Resale { reseller_id } => reseller_id,
        }
    }
}

/// What a line depends on besides its charge.
#[derive(Debug, Clone, Copy)]
pub struct LineTerms<'a> {
    pub route: Route,
    /// Percent, 0 to 100, of the billed party. The reseller price knows none.
    pub discount_percent: Decimal,
    /// The reseller's; `None` where nobody earns any, or where a reseller is told what to bill on.
    pub commission: Option<&'a Commission>,
    /// Whose service it is, where its reseller is billed for it.
    pub end_customer: Option<EndCustomer<'a>>,
}

/// What a line tells of the end customer whose reseller is billed.
#[derive(Debug, Clone, Copy)]
pub struct EndCustomer<'a> {
    pub name: &'a str,
    /// Percent, 0 to 100, of its own terms.
    pub discount_percent: Decimal,
}

/// One line of an invoice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct InvoiceLine {
    /// Counted from 1.
    pub line: u32,
    pub order_id: Uuid,
    pub account_id: Uuid,
    /// Whose service it is, when its reseller is billed for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_customer_id: Option<Uuid>,
    /// Its name when the line was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_customer_name: Option<String>,
    pub subscription_id: Uuid,
    pub service_name: String,
    /// The provider's name of the service.
    pub sku: String,
    pub charge: ChargeKind,
    pub from: NaiveDate,
    /// The first day after it.
    pub to: NaiveDate,
    /// How many charges of this kind the day had before: with subscription, kind and day the charge's name.
    pub n: u32,
    /// Seats; negative where they are credited.
    pub quantity: i64,
    pub factor: DayFactor,
    pub unit_price: UnitPrice,
    /// What was taken off; negative on a credit.
    pub discount: Money,
    /// Net.
    pub amount: Money,
    /// In the provider's currency, as is the next.
    pub unit_cost: Money,
    pub cost: Money,
    /// At the reseller price, without discount; with a reseller only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reseller_amount: Option<Money>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commission: Option<Money>,
    /// What the reseller bills its end customer, when the reseller is billed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bill_on: Option<BillOn>,
}

/// A charge at the end customer's own price, on its own terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BillOn {
    pub unit_price: UnitPrice,
    pub discount: Money,
    /// Net.
    pub amount: Money,
}

impl InvoiceLine {
    /// The line of a charge, under this number.
    ///
    /// # Errors
    /// [`Refusal::AmountOverflow`] when an amount cannot be represented, or prices are in different currencies.
    pub fn new(line: u32, subject: &Subject, charge: &Charge, terms: &LineTerms<'_>) -> Result<Self, Refusal> {
        let billed = Billed::of(charge, terms);
        let currency = billed.unit_price.currency();
        let undiscounted = charge.at(billed.unit_price)?.money(currency)?;
        let amount = billed.net(charge)?;
        let reseller_amount = billed.reseller_amount(charge)?;
        let commission = match terms.commission {
            Some(commission) if billed.earns => commission::accrued(commission, amount, reseller_amount)?,
            Some(_) | None => None,
        };
        let end_customer = terms.end_customer.as_ref().filter(|_| billed.names_the_customer);
        Ok(Self {
            line,
            order_id: subject.order_id,
            account_id: subject.account_id,
            end_customer_id: billed.names_the_customer.then_some(subject.customer_id),
            end_customer_name: end_customer.map(|customer| customer.name.to_owned()),
            subscription_id: subject.subscription_id,
            service_name: subject.service_name.clone(),
            sku: subject.sku.clone(),
            charge: charge.key.kind,
            from: charge.key.from,
            to: charge.to,
            n: charge.key.n,
            quantity: charge.quantity,
            factor: charge.factor,
            unit_price: billed.unit_price,
            discount: minus(undiscounted, amount)?,
            amount,
            unit_cost: charge.prices.unit_cost,
            cost: charge.cost()?,
            reseller_amount,
            commission,
            bill_on: end_customer.map(|customer| BillOn::of(charge, customer)).transpose()?,
        })
    }

    /// The charge it bills, by name.
    pub const fn charge_key(&self) -> ChargeKey {
        let Self { subscription_id, charge, from, n, .. } = *self;
        ChargeKey { subscription_id, kind: charge, from, n }
    }

    pub fn currency(&self) -> Currency {
        self.amount.currency()
    }
}

impl BillOn {
    fn of(charge: &Charge, customer: &EndCustomer<'_>) -> Result<Self, Refusal> {
        let terms = LineTerms {
            route: Route::Own,
            discount_percent: customer.discount_percent,
            commission: None,
            end_customer: None,
        };
        let billed = Billed::of(charge, &terms);
        let amount = billed.net(charge)?;
        let undiscounted = charge.at(billed.unit_price)?.money(billed.unit_price.currency())?;
        Ok(Self { unit_price: billed.unit_price, discount: minus(undiscounted, amount)?, amount })
    }
}

/// How one charge is priced on one route.
struct Billed {
    unit_price: UnitPrice,
    /// Percent.
    discount: Decimal,
    reseller_unit_price: Option<UnitPrice>,
    earns: bool,
    names_the_customer: bool,
}

impl Billed {
    /// Who bought without a reseller has no reseller price for that term: what it agreed to pay is billed instead.
    fn of(charge: &Charge, terms: &LineTerms<'_>) -> Self {
        let prices = &charge.prices;
        let discount = if prices.discountable { terms.discount_percent } else { Decimal::ZERO };
        let (unit_price, reseller_unit_price) = (prices.unit_price, prices.reseller_unit_price);
        let own = Self { unit_price, discount, reseller_unit_price: None, earns: false, names_the_customer: false };
        match terms.route {
            Route::Own => own,
            Route::Agency { .. } => Self { reseller_unit_price, earns: true, ..own },
            Route::Resale { .. } => Self {
                unit_price: reseller_unit_price.unwrap_or(unit_price),
                discount: Decimal::ZERO,
                names_the_customer: true,
                ..own
            },
        }
    }

    fn net(&self, charge: &Charge) -> Result<Money, Refusal> {
        let left = Decimal::ONE_HUNDRED.checked_sub(self.discount).ok_or(Refusal::AmountOverflow)?;
        charge.at(self.unit_price)?.percent(left)?.money(self.unit_price.currency())
    }

    fn reseller_amount(&self, charge: &Charge) -> Result<Option<Money>, Refusal> {
        let amount = |price: UnitPrice| charge.at(price)?.money(price.currency());
        self.reseller_unit_price.map(amount).transpose()
    }
}
