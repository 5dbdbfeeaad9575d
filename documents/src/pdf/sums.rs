//! Sums, and what there is to say about them.

use domain::Money;

use super::Letter;
use super::flow::{Align, Flow};
use super::page::{Colour, LEFT, Meaning, RIGHT, Style};
use super::tree::{Node, Role};
use crate::Kind;

/// Left edge of the sums.
const SUMS: f32 = 318.0;
const ROW: f32 = 16.0;
const PADDING: f32 = 5.0;

pub fn draw(flow: &mut Flow<'_>, letter: Letter<'_>) {
    let sums = Sums::of(letter);
    let rows = sums.plain.len() + sums.settled.len() + 2;
    if !flow.fits(ROW * f32::from(u16::try_from(rows).unwrap_or(u16::MAX)) + 64.0) {
        flow.next_page();
    }
    flow.y += 12.0;
    let table = flow.element(Role::Table);
    for said in &sums.plain {
        row(flow, table, said, Style::regular(9.0));
    }
    if sums.settled.is_empty() {
        strong(flow, table, &sums.total);
    } else {
        line(flow);
        row(flow, table, &sums.total, Style::bold(9.0));
        for said in &sums.settled {
            row(flow, table, said, Style::regular(9.0));
        }
        strong(flow, table, &sums.due);
    }
    flow.y += 22.0;
    notes(flow, letter);
}

/// The one sum everybody looks for.
fn strong(flow: &mut Flow<'_>, table: Node, said: &Row) {
    line(flow);
    flow.bar((SUMS, flow.y + 0.8), (RIGHT - SUMS, ROW + 5.0), Colour::Tint);
    flow.y += 1.0;
    row(flow, table, said, Style::bold(11.0));
}

fn line(flow: &mut Flow<'_>) {
    flow.y += 6.0;
    flow.bar((SUMS, flow.y), (RIGHT - SUMS, 0.8), Colour::Accent);
}

fn row(flow: &mut Flow<'_>, table: Node, (label, amount): &Row, style: Style) {
    flow.y += ROW;
    let row = flow.tree.add(table, Role::Row);
    let (name, value) = (flow.tree.add(row, Role::RowHeader), flow.tree.add(row, Role::Cell));
    flow.text((SUMS + PADDING, flow.y), Align::Left, style, (Meaning::Part(name), label));
    flow.text((RIGHT - PADDING, flow.y), Align::Right, style, (Meaning::Part(value), amount));
}

/// A label and an amount.
type Row = (String, String);

struct Sums {
    /// What leads to the total.
    plain: Vec<Row>,
    total: Row,
    /// What is paid of it already.
    settled: Vec<Row>,
    due: Row,
}

impl Sums {
    fn of(Letter { sheet, language }: Letter<'_>) -> Self {
        let words = language.words();
        let row = |label: &str, money: Money| (label.to_owned(), language.amount(money));
        let off = |label: &str, money: Money| (label.to_owned(), negated(&language.amount(money)));
        let mut plain = Vec::new();
        if !sheet.discounts.amount().is_zero() {
            plain.extend([row(words.charges, sheet.charges), off(words.discounts, sheet.discounts)]);
        }
        plain.push(row(words.net, sheet.net));
        plain.extend(sheet.taxes.iter().map(|tax| row(&language.tax(tax), tax.amount)));
        let total = match sheet.kind {
            Kind::Invoice(_) => words.total,
            Kind::CreditNote => words.credit_total,
            Kind::CommissionStatement => words.commission_total,
        };
        let settled = [(words.applied_credit, sheet.applied_credit), (words.paid, sheet.paid)];
        let settled = settled.into_iter().filter(|(_, money)| !money.amount().is_zero());
        Self {
            plain,
            total: (total.to_owned(), language.money(sheet.total)),
            settled: settled.map(|(label, money)| off(label, money)).collect(),
            due: (words.due_amount.to_owned(), language.money(sheet.due)),
        }
    }
}

/// What is taken off, with its sign; what is taken off a credit counts up.
fn negated(amount: &str) -> String {
    match amount.strip_prefix('\u{2212}') {
        Some(amount) => amount.to_owned(),
        None => format!("\u{2212}{amount}"),
    }
}

fn notes(flow: &mut Flow<'_>, Letter { sheet, language }: Letter<'_>) {
    let (style, place) = (Style::regular(9.0), (LEFT, RIGHT - LEFT));
    for note in sheet.taxes.iter().filter_map(|tax| language.tax_note(tax)) {
        flow.paragraph(&note, style, place);
        flow.y += 5.0;
    }
    flow.paragraph(&language.terms(sheet), style, place);
}
