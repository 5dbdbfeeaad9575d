//! What documents say, in every format: the same as the event, the same bytes again, and nothing nobody may see.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use documents::{RenderError, Sheet, render, samples};
use domain::document::DocumentFormat;
use lopdf::Document;

fn pdf(sheet: &Sheet) -> Vec<u8> {
    render(sheet, DocumentFormat::Pdf).unwrap()
}

/// What one reads in it; every kind of blank is one blank.
fn read(bytes: &[u8]) -> String {
    let document = Document::load_mem(bytes).unwrap();
    let pages: Vec<u32> = document.get_pages().into_keys().collect();
    let text = document.extract_text(&pages).unwrap();
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn text(sheet: &Sheet, format: DocumentFormat) -> String {
    String::from_utf8(render(sheet, format).unwrap()).unwrap()
}

#[test]
fn the_same_event_gives_the_same_bytes() {
    for (name, sheet) in samples::all().unwrap() {
        for format in DocumentFormat::ALL {
            assert!(render(&sheet, format).unwrap() == render(&sheet.clone(), format).unwrap(), "{name} as {format}");
        }
    }
}

#[test]
fn a_pdf_says_what_the_invoice_says() {
    let read = read(&pdf(&samples::month().unwrap()));
    let said = [
        "Cloudsales GmbH",
        "DE999999999",
        "Monat Verlag GmbH & Co. KG",
        "40212 Düsseldorf",
        "Rechnung INV-2026-000001",
        "1. November 2026",
        "Oktober 2026",
        "1. Dezember 2026",
        "PO-4711",
        "Office Business Premium",
        "19.10.2026 – 02.11.2026",
        "15 von 31 Tagen",
        "9,917647",
        "−1.487,67",
        "127,02",
        "625,95",
        "118,93",
        "744,88 EUR",
        "Seite 1 von 1",
    ];
    for said in said {
        assert!(read.contains(said), "{said:?} is not in {read}");
    }
}

#[test]
fn abroad_it_is_english_and_says_why_there_is_no_tax() {
    let read = read(&pdf(&samples::reverse_charge().unwrap()));
    for said in ["Invoice INV-2026-000001", "NETHERLANDS", "VAT 0%", "Reverse charge", "EUR 625.95", "1 December 2026"]
    {
        assert!(read.contains(said), "{said:?} is not in {read}");
    }
}

#[test]
fn balance_and_discount_are_shown_with_what_is_left_to_pay() {
    let read = read(&pdf(&samples::resale().unwrap()));
    for said in ["für Bäckerei Brot & Söhne KG", "Rabatt 10,50", "−10,50", "424,16 EUR", "−25,00", "399,16 EUR"]
    {
        assert!(read.contains(said), "{said:?} is not in {read}");
    }
}

#[test]
fn a_credit_note_names_its_invoice_and_a_statement_its_documents() {
    let note = read(&pdf(&samples::credit_note().unwrap()));
    for said in ["Rechnungskorrektur CN-2026-000001", "Korrigiert", "INV-2026-000001", "38,00", "127,83 EUR"] {
        assert!(note.contains(said), "{said:?} is not in {note}");
    }
    let statement = read(&pdf(&samples::statement().unwrap()));
    for said in ["Gutschrift über Provision CS-2026-000001", "INV-2026-000002", "CN-2026-000001", "−5,80", "24,05 EUR"]
    {
        assert!(statement.contains(said), "{said:?} is not in {statement}");
    }
}

#[test]
fn what_the_font_lacks_does_not_stop_a_document() {
    let read = read(&pdf(&samples::outside_eu().unwrap()));
    assert!(read.contains("JPY 525"), "{read}");
}

#[test]
fn a_thousand_lines_repeat_the_header_on_numbered_pages() {
    let bytes = pdf(&samples::long(1_000).unwrap());
    let document = Document::load_mem(&bytes).unwrap();
    let pages: Vec<u32> = document.get_pages().into_keys().collect();
    let last_but_one = document.extract_text(&[*pages.iter().rev().nth(1).unwrap()]).unwrap();
    assert!(pages.len() > 30);
    assert!(last_but_one.contains("Einzelpreis"), "{last_but_one}");
    assert!(last_but_one.contains(&format!("von {}", pages.len())), "{last_but_one}");
}

#[test]
fn a_pdf_is_archivable_and_tagged() {
    let document = Document::load_mem(&pdf(&samples::month().unwrap())).unwrap();
    let catalog = document.catalog().unwrap();
    assert!(catalog.has(b"StructTreeRoot") && catalog.has(b"MarkInfo") && catalog.has(b"OutputIntents"));
    assert_eq!(catalog.get(b"Lang").unwrap().as_str().unwrap(), b"de");
}

#[test]
fn no_document_of_a_customer_tells_cost_or_commission() {
    for (name, sheet) in samples::all().unwrap().into_iter().filter(|(name, _)| *name != "statement") {
        let texts = [DocumentFormat::Ubl, DocumentFormat::Csv, DocumentFormat::Json].map(|format| text(&sheet, format));
        let [_, csv, json] = &texts;
        for hidden in ["cost", "commission", "reseller", "margin"] {
            assert!(!csv.contains(hidden) && !json.contains(hidden), "{hidden} in {name}");
        }
        // The cost of the lines of the month.
        assert!(texts.iter().all(|text| !text.contains("350.00") && !text.contains("101.61")), "{name}");
    }
}

#[test]
fn ubl_carries_the_peppol_profile_where_the_buyer_can_be_reached() {
    let peppol = "#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0</cbc:CustomizationID>";
    let month = text(&samples::month().unwrap(), DocumentFormat::Ubl);
    assert!(month.contains(peppol) && month.contains("<cbc:BuyerReference>PO-4711<"), "{month}");
    for sheet in [samples::outside_eu().unwrap(), samples::exempt().unwrap(), samples::statement().unwrap()] {
        let plain = text(&sheet, DocumentFormat::Ubl);
        assert!(plain.contains("<cbc:CustomizationID>urn:cen.eu:en16931:2017</cbc:CustomizationID>"), "{plain}");
    }
}

#[test]
fn a_prorated_price_is_exact_to_eight_decimals() {
    // 17.50 × 15 ÷ 31
    let month = text(&samples::month().unwrap(), DocumentFormat::Ubl);
    assert!(month.contains(">8.46774194</cbc:PriceAmount>"), "{month}");
    let resale = text(&samples::resale().unwrap(), DocumentFormat::Ubl);
    assert!(resale.contains("<cbc:AllowanceChargeReasonCode>95<") && resale.contains(">25.00</cbc:PrepaidAmount>"));
}

#[test]
fn a_statement_is_the_resellers_own_invoice_written_by_the_seller() {
    let statement = text(&samples::statement().unwrap(), DocumentFormat::Ubl);
    assert!(statement.contains("<cbc:InvoiceTypeCode>389<"), "{statement}");
    let (supplier, customer) = (statement.find("Nordwind").unwrap(), statement.find("Cloudsales").unwrap());
    assert!(supplier < customer);
}

#[test]
fn three_decimals_have_no_ubl_and_everything_else() {
    let sheet = samples::three_decimals().unwrap();
    assert_eq!(render(&sheet, DocumentFormat::Ubl), Err(RenderError::NotAvailable));
    assert!(!documents::is_kept_ready(&sheet, DocumentFormat::Ubl));
    assert!(text(&sheet, DocumentFormat::Csv).contains("KWD"));
    assert!(read(&pdf(&sheet)).contains("KWD"));
}

#[test]
fn csv_has_a_row_per_line_and_json_the_names_of_the_api() {
    let csv = text(&samples::month().unwrap(), DocumentFormat::Csv);
    assert_eq!(csv.lines().count(), 7);
    assert!(csv.contains(",increase,2026-10-19,2026-11-03,15,15/31,17.50,0.00,127.02,EUR,S,19"), "{csv}");
    let json: serde_json::Value =
        serde_json::from_str(&text(&samples::resale().unwrap(), DocumentFormat::Json)).unwrap();
    assert_eq!(json["balance"], serde_json::json!({ "amount": "399.16", "currency": "EUR" }));
    assert_eq!(json["lines"][2]["end_customer_name"], "Bäckerei Brot & Söhne KG");
    assert_eq!(json["lines"][2]["discount"]["amount"], "10.50");
}
