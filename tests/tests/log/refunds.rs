//! Refunds against a real log: no more goes back than came in, whoever asks; what did not arrive is credited once; and
//! what the balance pays meanwhile is not sent back as well.

use commands::payment::{PayInvoice, ReceivePayment, RecordOutcome, RecordRefund, RefundOutcome, RefundPayment};
use commands::{Receipt, Rejection};
use domain::balance::BalanceRules;
use domain::billing::{Period, sum};
use domain::invoice::{Invoice, InvoiceRules};
use domain::payment::{Payment, PaymentOutcome, PaymentRules, RefundStatus};
use domain::{Currency, Money, Refusal, ids};
use futures::future::{join, join_all};
use tests::log_world::{
    Bill, LogProcess, LogWorld, WriteInvoice, at, check_log, customer, euro, operator, persist, system,
};
use uuid::Uuid;

const WHOLE: i64 = 11_900;

fn bill(n: u32) -> Bill {
    let last_month = Period::of(Period::of(at().date_naive()).first_day().pred_opt().unwrap());
    Bill::own(customer("Acme").details.customer_id, last_month, n)
}

fn id(what: &str, n: u32) -> Uuid {
    ids::derived(&["test", what, &n.to_string()])
}

fn payment_id() -> Uuid {
    id("payment", 0)
}

/// The nth invoice of Acme: 119.00.
async fn issue(process: &LogProcess, n: u32) {
    let write = WriteInvoice { bill: bill(n), issued_on: Some(at().date_naive()) };
    persist(&process.bus, &system(&format!("invoice {n}")), &write).await.unwrap();
}

/// Acme has one invoice and pays it by its wallet, after `beforehand` came in for it otherwise.
async fn paid(process: &LogProcess, beforehand: i64) {
    process.bus.execute(&operator("Acme"), &customer("Acme")).await.unwrap();
    issue(process, 0).await;
    let pay = PayInvoice { payment_id: payment_id(), invoice_id: bill(0).invoice_id(), automatic: false };
    persist(&process.bus, &operator("pay"), &pay).await.unwrap();
    if beforehand > 0 {
        let receive = ReceivePayment {
            payment_id: id("transfer", 0),
            invoice_id: bill(0).invoice_id(),
            amount: euro(beforehand),
            received_on: at().date_naive(),
            reference: "SEPA 17".to_owned(),
        };
        persist(&process.bus, &operator("receive"), &receive).await.unwrap();
    }
    let record = RecordOutcome { payment_id: payment_id(), outcome: PaymentOutcome::Succeeded };
    persist(&process.bus, &system("succeeded"), &record).await.unwrap();
}

async fn refund(process: &LogProcess, cents: i64, n: u32) -> Result<Receipt, Rejection> {
    let (refund_id, credit_note_id) = (id("refund", n), id("credit note", n));
    let refund = RefundPayment { payment_id: payment_id(), refund_id, credit_note_id, amount: Some(euro(cents)) };
    persist(&process.bus, &operator(&format!("refund {n}")), &refund).await
}

async fn payment(process: &LogProcess) -> Payment {
    process.bus.current::<PaymentRules>(payment_id()).await.unwrap().state.known().unwrap().clone()
}

async fn invoice(process: &LogProcess, n: u32) -> Invoice {
    process.bus.current::<InvoiceRules>(bill(n).invoice_id()).await.unwrap().state.known().unwrap().clone()
}

/// To Acme's credit.
async fn credit(process: &LogProcess) -> Money {
    let balance = ids::balance(customer("Acme").details.customer_id, Currency::EUR);
    process.bus.current::<BalanceRules>(balance).await.unwrap().state.amount().unwrap_or(euro(0))
}

fn on_its_way(payment: &Payment) -> Money {
    sum(Currency::EUR, payment.refunds.iter().map(|refund| refund.amount)).unwrap()
}

#[tokio::test]
async fn no_more_goes_back_than_came_in_however_many_ask() {
    let world = LogWorld::new().await.unwrap();
    let (one, other) = (world.process().await.unwrap(), world.process().await.unwrap());
    paid(&one, 0).await;
    let answers = join_all((0..30).map(|n| refund(if n % 2 == 0 { &one } else { &other }, 1_000, n))).await;
    let limit = Refusal::RefundLimit { left: euro(900) };
    let refused = answers.iter().filter(|answer| matches!(answer, Err(Rejection::Refused(told)) if *told == limit));
    assert_eq!((answers.iter().filter(|answer| answer.is_ok()).count(), refused.count()), (11, 19), "{answers:?}");
    let (payment, invoice) = (payment(&one).await, invoice(&one, 0).await);
    assert_eq!((on_its_way(&payment), payment.refundable()), (euro(11_000), Ok(euro(900))));
    assert_eq!((invoice.credits.len(), invoice.held(), invoice.status.name()), (11, Ok(euro(900)), "paid"));
    assert_eq!(credit(&one).await, euro(0));
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn what_did_not_arrive_is_credited_once() {
    let world = LogWorld::new().await.unwrap();
    let (one, other) = (world.process().await.unwrap(), world.process().await.unwrap());
    paid(&one, 0).await;
    refund(&one, 5_000, 0).await.unwrap();
    let refund_id = payment(&one).await.refunds[0].id;
    let told = (0..20).map(async |n| {
        let process = if n % 2 == 0 { &one } else { &other };
        let outcome = if n % 5 == 0 { RefundOutcome::Unknown } else { RefundOutcome::Failed };
        let record = RecordRefund { payment_id: payment_id(), refund_id, outcome };
        persist(&process.bus, &system(&format!("told {n}")), &record).await.unwrap();
    });
    join_all(told).await;
    assert_eq!((credit(&one).await, payment(&one).await.refunds[0].status), (euro(5_000), RefundStatus::Failed));

    // Once more: what is to its credit, and what the invoice still holds.
    refund(&other, WHOLE, 1).await.unwrap();
    let payment = payment(&one).await;
    assert_eq!((credit(&one).await, payment.refundable()), (euro(0), Ok(euro(0))));
    assert_eq!(invoice(&one, 0).await.held(), Ok(euro(0)));
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn what_the_balance_pays_is_not_sent_back_as_well() {
    for round in 0..8 {
        let world = LogWorld::new().await.unwrap();
        let (one, other) = (world.process().await.unwrap(), world.process().await.unwrap());
        paid(&one, 10_000).await;
        assert_eq!(credit(&one).await, euro(10_000));
        let (answer, ()) = join(refund(&one, 10_000, round), issue(&other, 1)).await;
        let (sent, taken) = (on_its_way(&payment(&one).await), invoice(&one, 1).await.applied_credit);
        match answer {
            Ok(_) => assert_eq!((sent, taken), (euro(10_000), euro(0))),
            Err(Rejection::Refused(Refusal::RefundLimit { left })) => {
                assert_eq!((left, sent, taken), (euro(1_900), euro(0), euro(10_000)));
            }
            Err(other) => panic!("{other}"),
        }
        assert_eq!(credit(&one).await, euro(0));
        check_log(&world.app).await.unwrap();
    }
}
