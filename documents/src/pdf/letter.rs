//! Letter head, address, facts and title; header and footer of every page.

use domain::document::Party;

use super::Letter;
use super::flow::{Align, Flow};
use super::page::{Colour, HEIGHT, LEFT, Mark, Meaning, Page, RIGHT, Shape, Style, WIDTH};
use super::tree::Role;
use crate::Kind;
use domain::invoice::InvoiceKind;

/// Where the address begins: in the window of an envelope (DIN 5008, form B).
const ADDRESS: f32 = 138.0;
/// Left edge of the facts beside the address.
const FACTS: f32 = 338.0;
/// Base line of a page's footer.
const FOOTER: f32 = HEIGHT - 40.0;

/// The upper part of the first page.
pub fn head(flow: &mut Flow<'_>, letter: Letter<'_>) {
    seller(flow, letter);
    let address = addressee(flow, letter);
    let facts = facts(flow, letter);
    flow.y = address.max(facts).max(244.0) + 34.0;
    title(flow, letter);
}

fn seller(flow: &mut Flow<'_>, Letter { sheet, language }: Letter<'_>) {
    flow.bar((0.0, 0.0), (WIDTH, 5.0), Colour::Accent);
    let name = flow.element(Role::Paragraph);
    let style = Style::bold(15.0).coloured(Colour::Accent);
    for (line, y) in flow.faces.wrap(&sheet.seller.name, style, 280.0).iter().zip([58.0, 76.0, 94.0]) {
        flow.text((LEFT, y), Align::Left, style, (Meaning::Part(name), line));
    }
    let own = address(&sheet.seller, None).into_iter();
    let country = language.country(&sheet.seller.country).to_owned();
    let vat_id = sheet.seller.vat_id.iter().map(|id| format!("{} {id}", language.words().vat_id));
    let node = flow.element(Role::Paragraph);
    let mut y = 48.0;
    for line in own.chain([country]).chain(vat_id) {
        flow.text((RIGHT, y), Align::Right, Style::grey(8.0), (Meaning::Part(node), &line));
        y += 11.0;
    }
}

/// Answers with where it ends.
fn addressee(flow: &mut Flow<'_>, Letter { sheet, language }: Letter<'_>) -> f32 {
    let sender: Vec<String> = [sheet.seller.name.clone()].into_iter().chain(address(&sheet.seller, None)).collect();
    let sender = sender.join(" \u{b7} ");
    flow.text((LEFT, ADDRESS), Align::Left, Style::grey(6.5), (Meaning::Decoration, &sender));
    flow.bar((LEFT, ADDRESS + 3.5), (flow.faces.width(&sender, Style::grey(6.5)), 0.4), Colour::Hair);
    let abroad = (sheet.buyer.country != sheet.seller.country).then(|| language.country(&sheet.buyer.country));
    let node = flow.element(Role::Paragraph);
    let mut y = ADDRESS + 20.0;
    for (n, said) in [sheet.buyer.name.clone()].into_iter().chain(address(&sheet.buyer, abroad)).enumerate() {
        let style = if n == 0 { Style::bold(10.0) } else { Style::regular(10.0) };
        for line in flow.faces.wrap(&said, style, FACTS - LEFT - 24.0) {
            flow.text((LEFT, y), Align::Left, style, (Meaning::Part(node), &line));
            y += 14.0;
        }
    }
    y
}

/// An address as it is written on an envelope. An address of lines alone holds its city already.
fn address(party: &Party, country: Option<&str>) -> Vec<String> {
    let city: Vec<&str> = [&party.postal_code, &party.city].into_iter().flatten().map(String::as_str).collect();
    let city = Some(city.join(" ")).filter(|city| !city.is_empty());
    party.address.iter().cloned().chain(city).chain(country.map(str::to_uppercase)).collect()
}

/// What an accountant looks for first. Answers with where it ends.
fn facts(flow: &mut Flow<'_>, letter: Letter<'_>) -> f32 {
    let mut y = ADDRESS;
    for (label, value) in said(letter) {
        let node = flow.element(Role::Paragraph);
        flow.text((FACTS, y), Align::Left, Style::grey(8.5), (Meaning::Part(node), &format!("{label} ")));
        let style = Style::regular(9.0);
        for line in flow.faces.wrap(&value, style, RIGHT - FACTS - 84.0) {
            flow.text((RIGHT, y), Align::Right, style, (Meaning::Part(node), line.trim_end()));
            y += 13.0;
        }
        y += 1.5;
    }
    y
}

fn said(Letter { sheet, language }: Letter<'_>) -> Vec<(&'static str, String)> {
    let words = language.words();
    let mut said = vec![(words.number, sheet.number.clone()), (words.date, language.day(sheet.issued_on))];
    match sheet.kind {
        Kind::Invoice(InvoiceKind::Order) => said.push((words.tax_point, language.day(sheet.tax_point))),
        Kind::Invoice(InvoiceKind::Period) | Kind::CreditNote | Kind::CommissionStatement => {
            said.push((words.period, language.month(sheet.period)));
        }
    }
    said.extend(sheet.due_on.map(|day| (words.due, language.day(day))));
    said.extend(sheet.corrects.as_ref().map(|invoice| (words.corrects, invoice.number.clone())));
    said.extend(sheet.reference.clone().map(|reference| (words.reference, reference)));
    said.extend(sheet.buyer.vat_id.clone().map(|id| (words.your_vat_id, id)));
    said
}

fn title(flow: &mut Flow<'_>, Letter { sheet, language }: Letter<'_>) {
    let node = flow.element(Role::Heading);
    let title = format!("{} {}", language.title(sheet.kind), sheet.number);
    for line in flow.faces.wrap(&title, Style::bold(19.0), RIGHT - LEFT) {
        flow.text((LEFT, flow.y), Align::Left, Style::bold(19.0), (Meaning::Part(node), &line));
        flow.y += 24.0;
    }
    flow.y -= 2.0;
}

/// Header and footer, once it is known how many pages there are.
pub fn margins(flow: &mut Flow<'_>, Letter { sheet, language }: Letter<'_>) {
    let pages = flow.pages.len();
    let title = format!("{} {}", language.title(sheet.kind), sheet.number);
    let vat_id = sheet.seller.vat_id.iter().map(|id| format!("{} {id}", language.words().vat_id));
    let sender: Vec<String> = [sheet.seller.name.clone()].into_iter().chain(vat_id).collect();
    let (sender, grey) = (sender.join(" \u{b7} "), Style::grey(7.5));
    for (number, page) in (1..).zip(&mut flow.pages) {
        if number > 1 {
            let style = Style::bold(8.5).coloured(Colour::Accent);
            bar(page, (0.0, 0.0), (WIDTH, 5.0), Colour::Accent);
            text(page, Meaning::Header, (LEFT, 48.0), style, sheet.seller.name.clone());
            let x = RIGHT - flow.faces.width(&title, Style::grey(8.5));
            text(page, Meaning::Header, (x, 48.0), Style::grey(8.5), title.clone());
        }
        bar(page, (LEFT, FOOTER - 14.0), (RIGHT - LEFT, 0.5), Colour::Hair);
        text(page, Meaning::Footer, (LEFT, FOOTER), grey, sender.clone());
        let of = format!("{title} \u{b7} {}", language.page(number, pages));
        let x = RIGHT - flow.faces.width(&of, grey);
        text(page, Meaning::Footer, (x, FOOTER), grey, of);
    }
}

fn bar(page: &mut Page, (x, y): (f32, f32), (width, height): (f32, f32), colour: Colour) {
    page.marks.push(Mark { meaning: Meaning::Decoration, shape: Shape::Bar { x, y, width, height, colour } });
}

fn text(page: &mut Page, meaning: Meaning, (x, y): (f32, f32), style: Style, text: String) {
    page.marks.push(Mark { meaning, shape: Shape::Text { x, y, style, text } });
}
