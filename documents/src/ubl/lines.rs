//! Lines: what the price is when part of a cycle is charged, and where discounts go.

use domain::Money;
use domain::billing::DayFactor;
use domain::money::round;
use en16931::invoice::{Code, InvoiceLine, Item, LineAllowanceCharge, LineVat, PriceDetails};
use en16931::{Percentage, Quantity, UnitPriceAmount};
use rust_decimal::Decimal;

use super::{amount, days, faulty};
use crate::sheet::{CommissionLine, Line, Of, Seats, ServiceLine};
use crate::words::Language;
use crate::{RenderError, Sheet};

/// A piece (UN/ECE Recommendation 20).
const PIECE: &str = "C62";
/// "Discount" (UNTDID 5189).
const DISCOUNT: &str = "95";
/// Decimals of the price of a part of a cycle.
const PRICE_DECIMALS: u32 = 8;

pub fn line(sheet: &Sheet, line: &Line, language: Language) -> Result<InvoiceLine, RenderError> {
    let vat = LineVat {
        category: Code::new(sheet.treatment.category.code()),
        rate: Some(Percentage::new(sheet.treatment.rate)),
    };
    let empty = InvoiceLine::new(
        line.line.to_string(),
        "",
        Quantity::ZERO,
        PIECE,
        amount(line.net)?,
        vat.category.clone(),
        vat.rate,
    );
    match &line.of {
        Of::Service(service) => of_service(empty, line, service, language),
        Of::Commission(commission) => {
            let counted = once(empty, line.net);
            Ok(counted.with_item(commission_item(commission, language)))
        }
    }
}

fn of_service(
    empty: InvoiceLine,
    line: &Line,
    service: &ServiceLine,
    language: Language,
) -> Result<InvoiceLine, RenderError> {
    let counted = match &service.seats {
        Some(seats) => seated(empty, seats, language)?,
        None => once(empty, line.net),
    };
    let period = days((service.from, service.last_day()))?;
    Ok(counted.with_period(period).with_item(service_item(service, language)))
}

/// Seats at the price of the charged part of a cycle. What was taken off is an allowance, what is taken back of it with
/// a credit a charge: neither may be below zero.
fn seated(mut line: InvoiceLine, seats: &Seats, language: Language) -> Result<InvoiceLine, RenderError> {
    line.quantity = Quantity::new(Decimal::from(seats.quantity));
    line.price = price(proportional(seats.unit_price.amount(), seats.factor)?);
    let discount = amount(seats.discount)?;
    let entry = LineAllowanceCharge {
        amount: discount.checked_abs().map_err(faulty)?,
        base_amount: None,
        percentage: None,
        reason: Some(language.words().discount.to_owned()),
        reason_code: None,
    };
    if discount.is_positive() {
        line.allowances.push(LineAllowanceCharge { reason_code: Some(Code::new(DISCOUNT)), ..entry });
    } else if discount.is_negative() {
        line.charges.push(entry);
    }
    Ok(line)
}

/// An amount that is no number of seats: once, with the sign in the quantity.
fn once(mut line: InvoiceLine, net: Money) -> InvoiceLine {
    line.quantity = if net.amount().is_sign_negative() { Quantity::new(-Decimal::ONE) } else { Quantity::ONE };
    line.price = price(net.amount().abs());
    line
}

fn proportional(price: Decimal, factor: DayFactor) -> Result<Decimal, RenderError> {
    let part = price.checked_mul(Decimal::from(factor.days()));
    let part = part.and_then(|part| part.checked_div(Decimal::from(factor.of())));
    part.map(|part| round(part, PRICE_DECIMALS)).ok_or_else(|| faulty("a price is too large"))
}

fn price(net: Decimal) -> PriceDetails {
    PriceDetails { net_price: UnitPriceAmount::new(net), ..PriceDetails::default() }
}

fn service_item(service: &ServiceLine, language: Language) -> Item {
    let charge = language.charge(service.charge);
    let part = service.seats.map(|seats| seats.factor).filter(|factor| factor.days() != factor.of());
    let part = part.map(|factor| language.part(factor.days(), factor.of()));
    let customer = service.end_customer_name.as_ref();
    let customer = customer.map(|name| format!("{} {name}", language.words().for_customer));
    let said = std::iter::once(charge.to_owned()).chain(part).chain(customer);
    Item {
        name: Some(service.service_name.clone()),
        description: Some(said.collect::<Vec<_>>().join(", ")),
        seller_identifier: Some(service.sku.clone()).filter(|sku| !sku.is_empty()),
        ..Item::default()
    }
}

fn commission_item(commission: &CommissionLine, language: Language) -> Item {
    let words = language.words();
    let document = commission.credit_note.as_ref().or(commission.invoice.as_ref());
    let document = document.map(String::as_str).unwrap_or_default();
    Item {
        name: Some(format!("{} {document}, {} {}", words.commission, words.line, commission.of_line)),
        description: Some(commission.end_customer_name.clone()).filter(|name| !name.is_empty()),
        ..Item::default()
    }
}
