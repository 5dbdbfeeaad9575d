//! The lines of a document as a table.

use super::Letter;
use super::flow::Align;
use super::table::{Cell, Column, Table};
use crate::sheet::{CommissionLine, Line, Of, Seats, ServiceLine};
use crate::words::Language;
use crate::{Kind, Sheet};
use domain::commission_account::CommissionKind;

pub fn table(Letter { sheet, language }: Letter<'_>) -> Table {
    let columns = match sheet.kind {
        Kind::Invoice(_) | Kind::CreditNote => of_services(sheet, language),
        Kind::CommissionStatement => of_commissions(sheet, language),
    };
    Table { columns, rows: sheet.lines.iter().map(|line| row(line, language)).collect() }
}

fn column(title: impl Into<String>, width: f32, align: Align) -> Column {
    Column { title: title.into(), width, align }
}

fn of_services(sheet: &Sheet, language: Language) -> Vec<Column> {
    let words = language.words();
    vec![
        column("#", 26.0, Align::Right),
        column(words.service, 161.0, Align::Left),
        column(words.days, 124.0, Align::Left),
        column(words.quantity, 48.0, Align::Right),
        column(words.unit_price, 60.0, Align::Right),
        column(format!("{} {}", words.amount, sheet.currency.code()), 62.88, Align::Right),
    ]
}

fn of_commissions(sheet: &Sheet, language: Language) -> Vec<Column> {
    let (words, code) = (language.words(), sheet.currency.code());
    vec![
        column("#", 26.0, Align::Right),
        column(words.of_document, 206.0, Align::Left),
        column(words.period, 90.0, Align::Left),
        column(format!("{} {code}", words.base), 86.0, Align::Right),
        column(format!("{} {code}", words.commission), 73.88, Align::Right),
    ]
}

fn row(line: &Line, language: Language) -> Vec<Cell> {
    match &line.of {
        Of::Service(service) => of_service(line, service, language),
        Of::Commission(commission) => of_commission(line, commission, language),
    }
}

fn of_service(line: &Line, service: &ServiceLine, language: Language) -> Vec<Cell> {
    let days = format!("{} \u{2013} {}", language.short_day(service.from), language.short_day(service.last_day()));
    let seats = service.seats.as_ref();
    vec![
        line.line.to_string().into(),
        Cell { main: service.service_name.clone(), sub: explained(service, language) },
        Cell { main: days, sub: seats.and_then(|seats| part(seats, language)).into_iter().collect() },
        seats.map(|seats| language.number(seats.quantity.into())).unwrap_or_default().into(),
        seats.map(|seats| language.number(seats.unit_price.amount())).unwrap_or_default().into(),
        language.amount(line.net).into(),
    ]
}

/// What happened, for whom, and what was taken off.
fn explained(service: &ServiceLine, language: Language) -> Vec<String> {
    let words = language.words();
    let what = language.charge(service.charge);
    let what = match service.seats {
        Some(_) => what.to_owned(),
        None => format!("{what} \u{b7} {}", words.part_of_line),
    };
    let customer = service.end_customer_name.as_ref().map(|name| format!("{} {name}", words.for_customer));
    let discount = service.seats.map(|seats| seats.discount).filter(|discount| !discount.amount().is_zero());
    let discount = discount.map(|discount| format!("{} {}", words.discount, language.amount(discount)));
    std::iter::once(what).chain(customer).chain(discount).collect()
}

fn part(seats: &Seats, language: Language) -> Option<String> {
    let (days, of) = (seats.factor.days(), seats.factor.of());
    (days != of).then(|| language.part(days, of))
}

fn of_commission(line: &Line, commission: &CommissionLine, language: Language) -> Vec<Cell> {
    let words = language.words();
    let documents: Vec<&str> =
        [&commission.credit_note, &commission.invoice].into_iter().flatten().map(String::as_str).collect();
    let document = format!("{}, {} {}", documents.join(" \u{b7} "), words.line, commission.of_line);
    let back = (commission.kind == CommissionKind::Reversed).then(|| words.goes_back.to_owned());
    let sub = [Some(commission.end_customer_name.clone()), back].into_iter().flatten().collect();
    vec![
        line.line.to_string().into(),
        Cell { main: document, sub },
        language.month(commission.period).into(),
        language.amount(commission.base).into(),
        language.amount(line.net).into(),
    ]
}
