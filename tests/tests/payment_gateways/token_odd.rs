//! A token gateway that answers anything, and configuration that is none.

use api::payments::{Absent, GatewayError, Patience, Token};
use commands::payment::gateway::{Charge, Charged, Found, PaymentGateway};
use domain::Money;
use domain::money::Currency;
use domain::payment::{DeclineReason, PaymentOutcome, UnknownReason};
use tests::odd::{Answer, OddServer, json as answer, with_header};

use crate::ground::{TOKEN, charge, token_at};

async fn outcome(odd: Answer) -> PaymentOutcome {
    let server = OddServer::start(move |_, _| odd.clone()).await.unwrap();
    let charged = token_at(&format!("{}/token/", server.url), TOKEN).charge(&charge("12.50")).await;
    assert_eq!(server.asked().len(), 1, "it is sent once, whatever is answered");
    match charged {
        Charged::Ended(outcome) => outcome,
        Charged::Accepted(request) => panic!("{request:?}"),
    }
}

#[tokio::test]
async fn a_charge_says_what_was_agreed_digit_by_digit() {
    for (amount, currency, expected) in [
        ("12.5", Currency::EUR, r#"{"customer_id":7,"currency":"EUR","value":12.50}"#),
        ("1250", Currency::JPY, r#"{"customer_id":7,"currency":"JPY","value":1250}"#),
        ("9007199254740993.01", Currency::EUR, r#"{"customer_id":7,"currency":"EUR","value":9007199254740993.01}"#),
    ] {
        let server = OddServer::start(|_, _| answer(200, r#"{"result":"true"}"#)).await.unwrap();
        let asked = Charge { amount: Money::rounded(amount.parse().unwrap(), currency), ..charge("1") };
        let charged = token_at(&format!("{}/token/", server.url), TOKEN).charge(&asked).await;
        assert_eq!(charged, Charged::Ended(PaymentOutcome::Succeeded));
        let call = server.asked().remove(0);
        assert_eq!((call.line.as_str(), call.body.as_str()), ("POST /token/", expected));
        assert_eq!((call.header("x-token"), call.header("idempotency-key")), (Some(TOKEN), None));
    }
}

#[tokio::test]
async fn every_answer_has_its_outcome() {
    use DeclineReason as R;
    let unknown = PaymentOutcome::Unknown(UnknownReason::NoAnswer);
    let cases = [
        (answer(200, r#"{"result":"true"}"#), PaymentOutcome::Succeeded),
        (answer(200, r#"{"result":"true","more":1}"#), PaymentOutcome::Succeeded),
        (answer(200, r#"{"result":"false"}"#), PaymentOutcome::Declined(R::InsufficientBalance)),
        (
            answer(400, r#"{"result":"false","error":"customer_not_found"}"#),
            PaymentOutcome::Declined(R::CustomerNotFound),
        ),
        (
            answer(400, r#"{"result":"false","error":"currency_mismatch"}"#),
            PaymentOutcome::Declined(R::CurrencyMismatch),
        ),
        (answer(400, r#"{"result":"false","error":"new"}"#), PaymentOutcome::Declined(R::Other)),
        (answer(400, r#"{"result":"false"}"#), PaymentOutcome::Declined(R::Other)),
        (answer(400, "no"), PaymentOutcome::Declined(R::Other)),
        (answer(403, "The token is wrong."), PaymentOutcome::Unreachable),
        (answer(404, ""), PaymentOutcome::Unreachable),
        (answer(429, ""), PaymentOutcome::Unreachable),
        (answer(200, r#"{"result":true}"#), unknown),
        (answer(200, r#"{"result":"yes"}"#), unknown),
        (answer(200, r#"{"result":"TRUE"}"#), unknown),
        (answer(200, ""), unknown),
        (answer(200, &"x".repeat(70_000)), unknown),
        (answer(201, r#"{"result":"true"}"#), unknown),
        (answer(400, r#"{"result":"true"}"#), unknown),
        (with_header(307, "location: /token/", ""), unknown),
        (answer(408, ""), unknown),
        (answer(500, r#"{"result":"false"}"#), unknown),
        (answer(503, ""), unknown),
        (with_header(503, "retry-after: 1", ""), unknown),
        (Answer::Silence, unknown),
        (Answer::HangUp, unknown),
        (Answer::Reset, unknown),
        (Answer::Bytes(b"HTTP/1.1 200 OK\r\ncontent-length: 17\r\n\r\n{\"result\":".to_vec()), unknown),
    ];
    for (odd, expected) in cases {
        let what = format!("{odd:?}").chars().take(100).collect::<String>();
        assert_eq!(outcome(odd).await, expected, "{what}");
    }
}

#[tokio::test]
async fn without_a_number_of_the_payer_nothing_is_sent() {
    let server = OddServer::start(|_, _| answer(200, r#"{"result":"true"}"#)).await.unwrap();
    let nobodys = Charge { payer: None, ..charge("12.50") };
    let charged = token_at(&server.url, TOKEN).charge(&nobodys).await;
    assert_eq!((charged, server.asked().len()), (Charged::Ended(PaymentOutcome::Unreachable), 0));
}

#[tokio::test]
async fn a_gateway_that_is_not_configured_charges_nothing() {
    let asked = charge("12.50");
    assert_eq!(Absent.charge(&asked).await, Charged::Ended(PaymentOutcome::Unreachable));
    assert_eq!(Absent.ask(&asked, None).await, Found::Unanswered);
}

#[test]
fn what_cannot_be_spoken_to_is_no_gateway() {
    let make = |url: &str, token: &str| Token::new(url, &token.into(), Patience::default());
    for url in ["", "gateway", "ftp://gateway", "http://u:p@gateway", "http://gateway?x=1", "http://gateway#x"] {
        assert!(matches!(make(url, TOKEN), Err(GatewayError::Address)), "{url}");
    }
    for token in ["a\r\nx-admin: 1", "a\nb", "a\0b", "\u{7f}"] {
        assert!(matches!(make("http://gateway", token), Err(GatewayError::Key)), "{token:?}");
    }
    let shown = format!("{:?}", make("http://gateway/token/", TOKEN).unwrap());
    assert!(!shown.contains("hush"), "{shown}");
}
