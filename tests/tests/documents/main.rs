//! Electronic invoices against the published schema and rules, run by a program that shares no code with the product.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use documents::{render, samples};
use domain::document::DocumentFormat;
use tests::validator;

fn ubl(sheet: &documents::Sheet) -> String {
    String::from_utf8(render(sheet, DocumentFormat::Ubl).unwrap()).unwrap()
}

#[test]
fn every_sample_keeps_the_published_rules() {
    let samples = samples::all().unwrap();
    let mut documents: Vec<String> = samples.iter().map(|(_, sheet)| ubl(sheet)).collect();
    documents.push(ubl(&samples::long(500).unwrap()));
    validator::ensure_valid(&documents).unwrap();
}

#[test]
fn what_is_broken_is_found() {
    let month = ubl(&samples::month().unwrap());
    let broken = [
        ("744.88", "744.89", "BR-CO-15"),
        ("<cbc:Percent>19<", "<cbc:Percent>18<", "BR-S-09"),
        ("<cbc:IssueDate>2026-11-01</cbc:IssueDate>", "", "XSD"),
        ("380</cbc:InvoiceTypeCode>", "999</cbc:InvoiceTypeCode>", "BR-CL-01"),
    ];
    let documents: Vec<String> = broken.iter().map(|(from, to, _)| month.replace(from, to)).collect();
    for (failures, (.., rule)) in validator::failures(&documents).unwrap().iter().zip(broken) {
        assert!(failures.iter().any(|failure| failure.starts_with(rule)), "{rule}: {failures:?}");
    }
}
