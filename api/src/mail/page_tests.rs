#![allow(clippy::unwrap_used)]

use super::*;

fn texts() -> Texts {
    Texts::load().unwrap()
}

fn common(name: &str) -> Value {
    context! {
        name, seller => "Cloudsales GmbH", seller_address => vec!["Musterstraße 1", "10115 Berlin"],
        customer => "Monat & Söhne",
    }
}

fn invoice(left: Option<&str>, collected_on: Option<&str>) -> Value {
    context! {
        number => "INV-2026-000001", issued_on => "1. November 2026", due_on => "1. Dezember 2026", period => "Oktober 2026",
        total => "744,88\u{a0}EUR", from_balance => (), left, collected_on,
        link => "https://shop.example/v1/invoices/7/document?format=pdf",
    }
}

#[test]
fn a_letter_says_the_same_as_text_and_as_html() {
    let words = invoice(Some("744,88\u{a0}EUR"), None);
    let page = texts().page(Language::German, "invoice_issued", &words, &common("Ada Example")).unwrap();
    assert_eq!(page.subject, "Rechnung INV-2026-000001 von Cloudsales GmbH: 744,88 EUR");
    let expected = "Guten Tag Ada Example,\n\n\
        dies ist die Rechnung INV-2026-000001 vom 1. November 2026 für Oktober 2026.\n\n\
        \u{20} Rechnung:        INV-2026-000001\n\
        \u{20} Gesamtbetrag:    744,88 EUR\n\
        \u{20} Noch zu zahlen:  744,88 EUR\n\
        \u{20} Fällig am:       1. Dezember 2026\n\n\
        Bitte zahlen Sie 744,88 EUR bis zum 1. Dezember 2026.\n\n\
        Ihre Rechnung als PDF:\nhttps://shop.example/v1/invoices/7/document?format=pdf\n\n\
        -- \nCloudsales GmbH, Musterstraße 1, 10115 Berlin\n\n\
        Sie erhalten diese Nachricht als Ansprechperson von Monat & Söhne. In welcher Sprache und worüber Sie \
        benachrichtigt werden, bestimmen Ihre Benachrichtigungseinstellungen.\n";
    assert_eq!(page.text, expected);
    for part in ["<html lang=\"de\">", "<strong>INV-2026-000001</strong>", "Monat &amp; Söhne", "<a href=\"https:"] {
        assert!(page.html.contains(part), "{part} is not in {}", page.html);
    }
}

#[test]
fn what_is_filled_in_begins_neither_a_line_nor_a_tag() {
    let evil = "Ada\n\n-> Click | http://evil.example\r\nBcc: all@shop.example <script>alert(1)</script>";
    let page = texts().page(Language::English, "invoice_issued", &invoice(None, None), &common(evil)).unwrap();
    assert!(!page.subject.contains(char::is_control) && !page.html.contains("<script"), "{}", page.html);
    assert!(
        page.text.lines().all(|line| !line.starts_with("http://evil") && !line.starts_with("Bcc")),
        "{}",
        page.text
    );
    assert!(!page.html.contains("href=\"http://evil"), "{}", page.html);
}

#[test]
fn every_letter_has_all_its_words_in_every_language() {
    let all = context! {
        order => "Office", ordered_on => "1 May", partly => true, prepaid => true, step => "last_reminder", days => 30,
        reseller => false, suspended_on => "1 June", amount => "1", received_on => "1 May", rest => (), reason => "why",
        next_on => (), until => "1 June", lines => vec![context! { outcome => "Provided", what => "2 × Office" }],
        ..invoice(Some("1"), Some("1 May"))
    };
    let texts = texts();
    for (name, _) in TEXTS.iter().filter(|(name, _)| !name.ends_with("footer.txt")) {
        let (tag, file) = name.split_once('/').unwrap();
        let language = if tag == "de" { Language::German } else { Language::English };
        let page = texts.page(language, file.trim_end_matches(".txt"), &all, &common("Ada")).unwrap();
        assert!(!page.subject.is_empty() && !page.subject.contains(['{', '\n']), "{name}: {}", page.subject);
        assert!(!page.text.contains("  \n") && !page.text.contains("{%"), "{name}: {}", page.text);
    }
}

#[test]
fn a_word_that_is_missing_is_a_mistake() {
    assert!(texts().page(Language::English, "invoice_issued", &context! {}, &common("Ada")).is_err());
}
