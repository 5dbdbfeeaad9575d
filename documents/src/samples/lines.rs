//! What is charged in the samples.

use chrono::NaiveDate;
use domain::billing::lines::{EndCustomer, LineTerms, Route};
use domain::billing::{Charge, ChargeKey, ChargeKind, DayFactor, InvoiceLine, Prices, Subject};
use domain::{Currency, Money, Refusal, UnitPrice};
use rust_decimal::Decimal;
use uuid::Uuid;

use super::day;

struct Item {
    name: &'static str,
    sku: &'static str,
    /// Millionths.
    price: i64,
    /// Hundredths.
    cost: i64,
}

const OFFICE: Item = Item { name: "Office Business Premium", sku: "OB", price: 17_500_000, cost: 1_400 };
const ARCHIVE: Item = Item { name: "Archive Standard", sku: "AR", price: 150_000_000, cost: 12_000 };
const MAILGUARD: Item = Item { name: "Mailguard, advanced threat protection", sku: "MG", price: 9_917_647, cost: 843 };

/// The worked month.
pub fn month() -> Result<Vec<InvoiceLine>, Refusal> {
    use ChargeKind as K;
    let november = day(2026, 11, 3);
    let charges = [
        (&OFFICE, K::New, (day(2026, 10, 3), november), 25, (31, 31)),
        (&OFFICE, K::Increase, (day(2026, 10, 19), november), 15, (15, 31)),
        (&OFFICE, K::Decrease, (day(2026, 10, 22), november), -3, (12, 31)),
        (&ARCHIVE, K::New, (day(2026, 10, 15), day(2027, 10, 15)), 10, (365, 365)),
        (&ARCHIVE, K::Cancel, (day(2026, 10, 18), day(2027, 10, 15)), -10, (362, 365)),
        (&MAILGUARD, K::New, (day(2026, 10, 20), day(2026, 11, 20)), 7, (31, 31)),
    ];
    let own = terms(Route::Own, None);
    let lines = (1..).zip(charges).map(|(n, (item, kind, days, quantity, factor))| {
        let charge = charge(item, Currency::EUR, (kind, days), (quantity, factor))?;
        InvoiceLine::new(n, &subject(item), &charge, &own)
    });
    lines.collect()
}

/// Two end customers of a reseller.
pub fn resale() -> Result<Vec<InvoiceLine>, Refusal> {
    let reseller_id = Uuid::from_u128(8);
    let days = (day(2026, 10, 12), day(2026, 11, 12));
    let charges =
        [("Acker GmbH", 8, (31, 31)), ("Acker GmbH", 2, (15, 31)), ("Bäckerei Brot & Söhne KG", 12, (31, 31))];
    let lines = (1..).zip(charges).map(|(n, (customer, quantity, factor))| {
        let terms = terms(Route::Resale { reseller_id }, Some(customer));
        let kind = if factor.0 == factor.1 { ChargeKind::New } else { ChargeKind::Increase };
        let charge = charge(&OFFICE, Currency::EUR, (kind, days), (quantity, factor))?;
        let line = InvoiceLine::new(n, &subject(&OFFICE), &charge, &terms)?;
        // Something was taken off the last one.
        let off = Money::rounded(Decimal::new(if n == 3 { 1_050 } else { 0 }, 2), Currency::EUR);
        Ok(InvoiceLine { discount: off, amount: domain::billing::minus(line.amount, off)?, ..line })
    });
    lines.collect()
}

/// That many whole cycles.
pub fn plain(currency: Currency, count: u32) -> Result<Vec<InvoiceLine>, Refusal> {
    let days = (day(2026, 10, 1), day(2026, 11, 1));
    let items = [&OFFICE, &ARCHIVE, &MAILGUARD].into_iter().cycle();
    let own = terms(Route::Own, None);
    let lines = (1..=count).zip(items).map(|(n, item)| {
        let seats = i64::from(n % 40 + 1);
        InvoiceLine::new(
            n,
            &subject(item),
            &charge(item, currency, (ChargeKind::Cycle, days), (seats, (31, 31)))?,
            &own,
        )
    });
    lines.collect()
}

/// The net of a line.
pub fn net(lines: &[InvoiceLine], line: u32) -> Result<Money, Refusal> {
    lines.iter().find(|of| of.line == line).map(|of| of.amount).ok_or(Refusal::NotFound)
}

fn charge(
    item: &Item,
    currency: Currency,
    (kind, (from, to)): (ChargeKind, (NaiveDate, NaiveDate)),
    (quantity, (days, of)): (i64, (u32, u32)),
) -> Result<Charge, Refusal> {
    let unit_price = UnitPrice::rounded(Decimal::new(item.price, 6), currency);
    let unit_cost = Money::rounded(Decimal::new(item.cost, 2), Currency::EUR);
    let prices = Prices { unit_price, reseller_unit_price: Some(unit_price), unit_cost, discountable: true };
    let factor = DayFactor::new(days, of).ok_or(Refusal::NotFound)?;
    let key = ChargeKey { subscription_id: subject(item).subscription_id, kind, from, n: 0 };
    Ok(Charge { key, to, quantity, factor, prices })
}

fn subject(item: &Item) -> Subject {
    Subject {
        subscription_id: Uuid::from_u128(0x51),
        provider_subscription_id: String::new(),
        order_id: Uuid::from_u128(0x52),
        account_id: Uuid::from_u128(0x53),
        customer_id: Uuid::from_u128(0x54),
        service_name: item.name.to_owned(),
        sku: item.sku.to_owned(),
    }
}

fn terms(route: Route, end_customer: Option<&'static str>) -> LineTerms<'static> {
    let end_customer = end_customer.map(|name| EndCustomer { name, discount_percent: Decimal::ZERO });
    LineTerms { route, discount_percent: Decimal::ZERO, commission: None, end_customer }
}
