//! A wallet that answers anything.

use commands::payment::gateway::{
    Charge, Charged, Found, News, PaymentGateway, Refund, RefundFound, Refunding, RequestId,
};
use domain::Money;
use domain::money::Currency;
use domain::payment::{DeclineReason, PaymentOutcome, UnknownReason};
use serde_json::{Value, json};
use tests::odd::{Answer, OddServer, json as answer, with_header};
use tokio::net::TcpSocket;
use uuid::Uuid;

use crate::ground::{KEY, wallet_at};

const PAYMENT: Uuid = Uuid::from_u128(0x11);
const INVOICE: Uuid = Uuid::from_u128(0x22);
const NO_ANSWER: Charged = Charged::Ended(PaymentOutcome::Unknown(UnknownReason::NoAnswer));

fn asked(amount: &str, currency: Currency) -> Charge {
    let amount = Money::rounded(amount.parse().unwrap(), currency);
    Charge { payment_id: PAYMENT, reference: INVOICE, payer: None, amount }
}

fn request() -> RequestId {
    RequestId::parse("pay_1").unwrap()
}

async fn server(script: impl Fn() -> Answer + Send + Sync + 'static) -> OddServer {
    OddServer::start(move |_, _| script()).await.unwrap()
}

async fn charged(script: impl Fn() -> Answer + Send + Sync + 'static) -> Charged {
    let server = server(script).await;
    let charged = wallet_at(&server.url, KEY).charge(&asked("12.50", Currency::EUR)).await;
    assert_eq!(server.asked().len(), 1, "it is sent once, whatever is answered");
    charged
}

async fn found(body: Value) -> Found {
    let server = server(move || answer(200, &body.to_string())).await;
    wallet_at(&server.url, KEY).ask(&asked("12.50", Currency::EUR), Some(&request())).await
}

fn shown(changes: Value) -> Value {
    let mut shown = json!({ "payment_request_id": "pay_1", "operation_id": PAYMENT, "reference": INVOICE,
        "status": "succeeded", "amount": "12.50", "currency": "EUR" });
    for (name, value) in changes.as_object().unwrap() {
        shown[name] = value.clone();
    }
    shown
}

#[tokio::test]
async fn a_charge_says_what_was_agreed() {
    let accepted = r#"{"payment_request_id":"pay_1","status":"pending"}"#;
    for (amount, currency, expected) in
        [("12.5", Currency::EUR, "12.50"), ("1250", Currency::JPY, "1250"), ("0.125", Currency::KWD, "0.125")]
    {
        let server = server(move || answer(202, accepted)).await;
        let charged = wallet_at(&server.url, KEY).charge(&asked(amount, currency)).await;
        assert_eq!(charged, Charged::Accepted(request()));
        let call = server.asked().remove(0);
        assert_eq!(call.line, "POST /v1/payment-requests");
        assert_eq!(call.header("idempotency-key"), Some(PAYMENT.to_string().as_str()));
        assert_eq!(call.header("authorization"), Some("Bearer hush-wallet"));
        let body: Value = serde_json::from_str(&call.body).unwrap();
        let notification_url = "http://127.0.0.1:9/v1/webhooks/payments";
        assert_eq!(
            body,
            json!({ "amount": expected, "currency": currency.code(), "reference": INVOICE,
                "notification_url": notification_url })
        );
    }
}

#[tokio::test]
async fn nobody_listening_is_unreachable() {
    // Bound but not listening: the port is nobody else's meanwhile.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let wallet = wallet_at(&format!("http://{}", socket.local_addr().unwrap()), KEY);
    let charge = asked("12.50", Currency::EUR);
    assert_eq!(wallet.charge(&charge).await, Charged::Ended(PaymentOutcome::Unreachable));
    assert_eq!(wallet.ask(&charge, None).await, Found::Unanswered);
    let refund = Refund { refund_id: PAYMENT, payment_id: PAYMENT, request: request(), amount: charge.amount };
    assert_eq!(wallet.refund(&refund).await, Refunding::NotReached { retry_after: None });
    assert_eq!(wallet.ask_refund(&refund).await, RefundFound::Unanswered);
}

#[tokio::test]
async fn what_nobody_can_read_leaves_it_open_whether_it_was_charged() {
    let bytes = |text: &str| Answer::Bytes(text.as_bytes().to_vec());
    let half = "HTTP/1.1 202 Accepted\r\ncontent-length: 500\r\n\r\n{\"payment_request_id\":\"pay_1\"";
    let long = format!(r#"{{"payment_request_id":"pay_1","status":"{}"}}"#, "x".repeat(70_000));
    let name = format!(r#"{{"payment_request_id":"{}"}}"#, "x".repeat(201));
    let cases: Vec<(&str, Answer)> = vec![
        ("silence", Answer::Silence),
        ("hung up", Answer::HangUp),
        ("reset", Answer::Reset),
        ("half a body", bytes(half)),
        ("half a status", bytes("HTTP/1.1 20")),
        ("no HTTP", bytes("not HTTP at all\r\n\r\n")),
        ("nothing", answer(202, "")),
        ("no JSON", answer(202, "<html>")),
        ("no name", answer(202, r#"{"status":"pending"}"#)),
        ("a number for a name", answer(202, r#"{"payment_request_id":1}"#)),
        ("an empty name", answer(202, r#"{"payment_request_id":""}"#)),
        ("a name with a line end", answer(202, r#"{"payment_request_id":"a\r\nb"}"#)),
        ("a name too long", answer(202, &name)),
        ("too long", answer(202, &long)),
        ("a redirect", with_header(307, "location: /v1/payment-requests", "")),
        ("moved", with_header(301, "location: http://127.0.0.1:9/", "")),
        ("408", answer(408, "")),
        ("another under this key", answer(409, "{}")),
        ("500", answer(500, "")),
        ("502", answer(502, "")),
        ("closed, without saying until when", answer(503, "")),
        ("closed for a while", with_header(503, "retry-after: 7", "")),
        ("closed until nobody knows when", with_header(503, "retry-after: soon", "")),
        ("an unheard status", answer(799, "")),
    ];
    for (what, odd) in cases {
        assert_eq!(charged(move || odd.clone()).await, NO_ANSWER, "{what}");
    }
}

#[tokio::test]
async fn a_definite_no_is_one() {
    use DeclineReason as R;
    let unreachable = PaymentOutcome::Unreachable;
    let cases = [
        (answer(401, ""), unreachable),
        (answer(403, "no"), unreachable),
        (answer(404, ""), unreachable),
        (answer(429, ""), unreachable),
        (answer(400, ""), PaymentOutcome::Declined(R::Other)),
        (answer(422, r#"{"reason":"customer_not_found"}"#), PaymentOutcome::Declined(R::CustomerNotFound)),
        (answer(422, r#"{"reason":"a new word"}"#), PaymentOutcome::Declined(R::Other)),
    ];
    for (odd, expected) in cases {
        let what = format!("{odd:?}");
        assert_eq!(charged(move || odd.clone()).await, Charged::Ended(expected), "{what}");
    }
}

#[tokio::test]
async fn only_exactly_what_was_asked_for_counts_as_paid() {
    let paid = Found::Ended(request(), PaymentOutcome::Succeeded);
    let mismatch = Found::Ended(request(), PaymentOutcome::Unknown(UnknownReason::Mismatch));
    let declined = |reason| Found::Ended(request(), PaymentOutcome::Declined(reason));
    let cases = [
        (json!({}), paid.clone()),
        (json!({ "operation_id": null }), paid.clone()),
        (json!({ "payment_request_id": null }), paid.clone()),
        (json!({ "amount": "12.5" }), paid),
        (json!({ "amount": "12.51" }), mismatch.clone()),
        (json!({ "amount": "1250" }), mismatch.clone()),
        (json!({ "amount": "-12.50" }), mismatch.clone()),
        (json!({ "amount": "1e1" }), mismatch.clone()),
        (json!({ "amount": "12.50 " }), mismatch.clone()),
        (json!({ "currency": "USD" }), mismatch.clone()),
        (json!({ "currency": "eur" }), mismatch),
        (json!({ "amount": 12.5 }), Found::Unreadable),
        (json!({ "operation_id": INVOICE }), Found::Unreadable),
        (json!({ "operation_id": "?" }), Found::Unreadable),
        (json!({ "payment_request_id": "pay_2" }), Found::Unreadable),
        (json!({ "status": "SUCCEEDED" }), Found::Unreadable),
        (json!({ "status": "captured" }), Found::Unreadable),
        (json!({ "status": true }), Found::Unreadable),
        (json!({ "status": "pending", "amount": "1.00" }), Found::Open(request())),
        (json!({ "status": "failed" }), declined(DeclineReason::Other)),
        (json!({ "status": "failed", "reason": "currency_mismatch" }), declined(DeclineReason::CurrencyMismatch)),
        (json!({ "status": "failed", "reason": "?", "amount": "1.00" }), declined(DeclineReason::Other)),
        (json!({ "status": "expired" }), Found::Ended(request(), PaymentOutcome::Expired)),
    ];
    for (changes, expected) in cases {
        let body = shown(changes.clone());
        assert_eq!(found(body).await, expected, "{changes}");
    }
}

#[tokio::test]
async fn questions_are_answered_by_what_can_be_read_or_not_at_all() {
    let long = "x".repeat(70_000);
    let cases = [
        (answer(404, ""), Found::Nothing),
        (answer(200, "[]"), Found::Unreadable),
        (answer(204, ""), Found::Unreadable),
        (answer(400, ""), Found::Unreadable),
        (with_header(302, "location: /", ""), Found::Unreadable),
        (answer(401, ""), Found::Unanswered),
        (answer(500, ""), Found::Unanswered),
        (answer(503, ""), Found::Unanswered),
        (answer(200, &long), Found::Unanswered),
        (Answer::HangUp, Found::Unanswered),
        (Answer::Silence, Found::Unanswered),
    ];
    for (odd, expected) in cases {
        let what = format!("{odd:?}").chars().take(100).collect::<String>();
        let server = server(move || odd.clone()).await;
        let found = wallet_at(&server.url, KEY).ask(&asked("12.50", Currency::EUR), None).await;
        assert_eq!(found, expected, "{what}");
        assert_eq!(server.asked()[0].line, format!("GET /v1/payment-requests?reference={INVOICE}"));
    }
}

#[tokio::test]
async fn by_reference_only_what_bears_our_key_is_ours() {
    let cases = [
        (json!({}), Found::Ended(request(), PaymentOutcome::Succeeded)),
        (json!({ "operation_id": INVOICE }), Found::Nothing),
        (json!({ "operation_id": null }), Found::Unreadable),
        (json!({ "payment_request_id": null }), Found::Unreadable),
    ];
    for (changes, expected) in cases {
        let body = shown(changes.clone());
        let server = server(move || answer(200, &body.to_string())).await;
        let found = wallet_at(&server.url, KEY).ask(&asked("12.50", Currency::EUR), None).await;
        assert_eq!(found, expected, "{changes}");
    }
}

#[tokio::test]
async fn a_gateways_name_stays_one_segment_of_the_path() {
    for (name, line) in [
        ("a/b?c#d", "GET /v1/payment-requests/a%2Fb%3Fc%23d"),
        ("%2e%2e", "GET /v1/payment-requests/%252e%252e"),
        ("a:b@c", "GET /v1/payment-requests/a:b@c"),
    ] {
        let server = server(|| answer(404, "")).await;
        let request = RequestId::parse(name).unwrap();
        let found = wallet_at(&server.url, KEY).ask(&asked("12.50", Currency::EUR), Some(&request)).await;
        assert_eq!((found, server.asked()[0].line.as_str()), (Found::Nothing, line));
    }
}

#[tokio::test]
async fn refunds_are_read_by_our_key_and_to_the_cent() {
    let refund = Refund {
        refund_id: PAYMENT,
        payment_id: INVOICE,
        request: request(),
        amount: Money::rounded("5".parse().unwrap(), Currency::EUR),
    };
    let one = |operation: Uuid, status: &str, amount: &str| json!({ "refunds": [{ "refund_id": "r", "operation_id": operation, "status": status, "amount": amount }] });
    let cases = [
        (json!({}), RefundFound::Nothing),
        (one(INVOICE, "succeeded", "5.00"), RefundFound::Nothing),
        (one(PAYMENT, "pending", "5.00"), RefundFound::Open),
        (one(PAYMENT, "succeeded", "5.00"), RefundFound::Succeeded),
        (one(PAYMENT, "succeeded", "5.01"), RefundFound::Unreadable),
        (one(PAYMENT, "failed", "5.00"), RefundFound::Failed),
        (one(PAYMENT, "done", "5.00"), RefundFound::Unreadable),
        (json!({ "refunds": "none" }), RefundFound::Unreadable),
        (json!({ "payment_request_id": "pay_2" }), RefundFound::Unreadable),
    ];
    for (changes, expected) in cases {
        let body = shown(changes.clone());
        let server = server(move || answer(200, &body.to_string())).await;
        assert_eq!(wallet_at(&server.url, KEY).ask_refund(&refund).await, expected, "{changes}");
        assert_eq!(server.asked()[0].line, "GET /v1/payment-requests/pay_1");
    }
}

#[tokio::test]
async fn webhooks_are_hints_and_nothing_more() {
    let wallet = wallet_at("http://127.0.0.1:9", KEY);
    let body =
        json!({ "data": { "operation_id": PAYMENT, "reference": INVOICE, "amount": [], "status": 7 } }).to_string();
    for (kind, news) in [
        ("payment.succeeded", News::Paid),
        ("payment.failed", News::NotPaid),
        ("payment.expired", News::NotPaid),
        ("refund.succeeded", News::Refund),
        ("refund.failed", News::Refund),
    ] {
        let hint = wallet.hint(kind, body.as_bytes()).unwrap();
        assert_eq!((hint.operation_id, hint.reference, hint.news), (Some(PAYMENT), Some(INVOICE), news));
    }
    assert_eq!(wallet.hint("payment.created", body.as_bytes()), None);
    assert_eq!(wallet.hint("payment.succeeded", b"{}"), None);
    let vague = wallet.hint("payment.succeeded", br#"{"data":{"operation_id":"?"}}"#).unwrap();
    assert_eq!((vague.operation_id, vague.reference), (None, None));
}
