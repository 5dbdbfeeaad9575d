//! Payments against a real log: one at a time per invoice whoever asks, what comes of it booked once, and nothing lost
//! where payments, credit notes and money from outside meet.

use chrono::NaiveDate;
use commands::credit_note::CreditInvoice;
use commands::payment::{PayInvoice, ReceivePayment, RecordOutcome, ResolvePayment, pay_all};
use commands::{Receipt, Rejection};
use domain::balance::BalanceRules;
use domain::billing::Period;
use domain::billing::credit::Wanted;
use domain::credit_note::{CreditReason, Settle};
use domain::invoice::{Invoice, InvoiceRules};
use domain::payment::{
    DeclineReason, Payment, PaymentOutcome, PaymentRules, PaymentStatus, RefundCause, ResolvedBy, UnknownReason,
};
use domain::{Currency, Money, Refusal, ids};
use futures::future::join_all;
use tests::log_world::{
    Bill, LogProcess, LogWorld, WriteInvoice, at, check_log, customer, euro, eventually, operator, persist, system,
};
use uuid::Uuid;

fn today() -> NaiveDate {
    at().date_naive()
}

/// The nth invoice of a customer: 119.00.
async fn issued(process: &LogProcess, name: &str, n: u32) -> Uuid {
    let acme = customer(name);
    let customer_id = acme.details.customer_id;
    if n == 0 {
        process.bus.execute(&operator(name), &acme).await.unwrap();
    }
    let last_month = Period::of(Period::of(today()).first_day().pred_opt().unwrap());
    let write = WriteInvoice { bill: Bill::own(customer_id, last_month, n), issued_on: Some(today()) };
    persist(&process.bus, &system(&format!("{name} {n}")), &write).await.unwrap();
    write.bill.invoice_id()
}

async fn invoice(process: &LogProcess, id: Uuid) -> Invoice {
    process.bus.current::<InvoiceRules>(id).await.unwrap().state.known().unwrap().clone()
}

async fn payment(process: &LogProcess, id: Uuid) -> Payment {
    process.bus.current::<PaymentRules>(id).await.unwrap().state.known().unwrap().clone()
}

/// To the customer's credit.
async fn credit(process: &LogProcess, name: &str) -> Money {
    let id = ids::balance(customer(name).details.customer_id, Currency::EUR);
    process.bus.current::<BalanceRules>(id).await.unwrap().state.amount().unwrap_or(euro(0))
}

/// The nth attempt of a test.
fn id(n: u32) -> Uuid {
    ids::derived(&["test", "payment", &n.to_string()])
}

async fn pay(process: &LogProcess, invoice_id: Uuid, n: u32) -> Result<Receipt, Rejection> {
    let pay = PayInvoice { payment_id: id(n), invoice_id, automatic: false };
    persist(&process.bus, &operator(&format!("pay {n}")), &pay).await
}

async fn came_to(process: &LogProcess, n: u32, outcome: PaymentOutcome, key: &str) {
    let record = RecordOutcome { payment_id: id(n), outcome };
    persist(&process.bus, &system(&format!("outcome {n} {key}")), &record).await.unwrap();
}

async fn receive(process: &LogProcess, invoice_id: Uuid, cents: i64, n: u32) -> Result<Receipt, Rejection> {
    let reference = "SEPA 17".to_owned();
    let (payment_id, received_on) = (id(n), today());
    let receive = ReceivePayment { payment_id, invoice_id, amount: euro(cents), received_on, reference };
    persist(&process.bus, &operator(&format!("receive {n}")), &receive).await
}

async fn count(world: &LogWorld, event_type: &str) -> i64 {
    let sql = "select count(*) from events where event_type = $1";
    sqlx::query_scalar(sql).bind(event_type).fetch_one(&world.app).await.unwrap()
}

fn refused_with(answer: &Result<Receipt, Rejection>, refusal: &Refusal) -> bool {
    matches!(answer, Err(Rejection::Refused(told)) if told == refusal)
}

#[tokio::test]
async fn one_payment_of_an_invoice_is_open_however_many_ask() {
    let world = LogWorld::new().await.unwrap();
    let (one, other) = (world.process().await.unwrap(), world.process().await.unwrap());
    let invoice_id = issued(&one, "Acme", 0).await;
    let answers = join_all((0..40).map(|n| pay(if n % 2 == 0 { &one } else { &other }, invoice_id, n))).await;
    let started = answers.iter().filter(|answer| answer.is_ok()).count();
    let refused = answers.iter().filter(|answer| refused_with(answer, &Refusal::PaymentInProgress)).count();
    assert_eq!((started, refused), (1, 39), "{answers:?}");
    assert_eq!((count(&world, "PaymentStarted").await, count(&world, "PaymentAttempted").await), (1, 1));
    let open = invoice(&one, invoice_id).await.collection.open.unwrap().payment_id;
    let n = (0..40).find(|n| id(*n) == open).unwrap();
    assert_eq!(payment(&one, open).await.started.amount, euro(11_900));

    // Nobody knows whether it was charged: it stays the only one, also under new keys.
    came_to(&one, n, PaymentOutcome::Unknown(UnknownReason::NoAnswer), "time-out").await;
    assert_eq!(invoice(&one, invoice_id).await.payment().name(), "unknown");
    let answers = join_all((50..60).map(|n| pay(&other, invoice_id, n))).await;
    assert!(answers.iter().all(|answer| refused_with(answer, &Refusal::PaymentInProgress)), "{answers:?}");

    // It was not: one more can be tried, and one only.
    came_to(&other, n, PaymentOutcome::Declined(DeclineReason::InsufficientBalance), "asked").await;
    assert_eq!(invoice(&one, invoice_id).await.payment().reason(), Some("insufficient_balance"));
    let answers = join_all((60..80).map(|n| pay(if n % 2 == 0 { &one } else { &other }, invoice_id, n))).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn a_success_is_booked_once_however_often_it_is_told() {
    let world = LogWorld::new().await.unwrap();
    let (one, other) = (world.process().await.unwrap(), world.process().await.unwrap());
    let invoice_id = issued(&one, "Acme", 0).await;
    pay(&one, invoice_id, 0).await.unwrap();
    // A webhook, its repetition, a poll, an operator's finding after a time-out: by several processes.
    let told = (0..20).map(async |n| {
        let process = if n % 2 == 0 { &one } else { &other };
        let outcome = match n % 5 {
            0 => PaymentOutcome::Unknown(UnknownReason::NoAnswer),
            1 => PaymentOutcome::Expired,
            _ => PaymentOutcome::Succeeded,
        };
        came_to(process, 0, outcome, &n.to_string()).await;
    });
    join_all(told).await;
    assert_eq!(payment(&one, id(0)).await.status, PaymentStatus::Ended(PaymentOutcome::Succeeded));
    let paid = invoice(&one, invoice_id).await;
    assert_eq!((paid.status.name(), paid.payments.len(), paid.balance), ("paid", 1, euro(0)));
    assert_eq!(paid.collection.open, None);
    assert_eq!((count(&world, "PaymentBooked").await, count(&world, "InvoicePaid").await), (1, 1));
    assert_eq!(credit(&one, "Acme").await, euro(0));

    // What fails afterwards changes nothing, and the operator has nothing to find out.
    came_to(&other, 0, PaymentOutcome::Declined(DeclineReason::Other), "late").await;
    let by = ResolvedBy { evidence: "Seen.".to_owned() };
    let resolve = ResolvePayment { payment_id: id(0), charged: false, by };
    let late = one.bus.execute(&operator("resolve"), &resolve).await;
    assert!(refused_with(&late, &Refusal::InvalidState { state: "succeeded" }), "{late:?}");
    let again = pay(&one, invoice_id, 1).await;
    assert!(refused_with(&again, &Refusal::AlreadyPaid), "{again:?}");
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn what_meets_on_one_invoice_adds_up() {
    let world = LogWorld::new().await.unwrap();
    let (one, other) = (world.process().await.unwrap(), world.process().await.unwrap());
    for round in 0..8 {
        let name = format!("Customer {round}");
        let invoice_id = issued(&one, &name, 0).await;
        let (paying, outside) = (10 * round, 10 * round + 1);
        pay(&one, invoice_id, paying).await.unwrap();
        let note = CreditInvoice {
            credit_note_id: ids::derived(&["test", "note", &name]),
            invoice_id,
            wanted: Wanted::Gross(euro(2_000)),
            reason: CreditReason { text: "Goodwill.".to_owned() },
            settle: Settle::Balance,
        };
        let key = operator(&format!("credit {round}"));
        let (_, received, credited) = tokio::join!(
            came_to(&one, paying, PaymentOutcome::Succeeded, "webhook"),
            receive(&other, invoice_id, 5_000, outside),
            persist(&other.bus, &key, &note),
        );
        received.unwrap();
        credited.unwrap();
        // 119.00 came by the wallet, 50.00 from outside, and 20.00 are credited: 70.00 too much, in whatever order.
        let paid = invoice(&one, invoice_id).await;
        assert_eq!((paid.status.name(), paid.balance, paid.payments.len()), ("paid", euro(0), 2), "{round}");
        assert_eq!(credit(&one, &name).await, euro(7_000), "{round}");
        assert_eq!(payment(&one, id(outside)).await.started.means.name(), "outside");
    }
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn money_that_comes_too_late_goes_back() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let invoice_id = issued(&process, "Acme", 0).await;
    pay(&process, invoice_id, 0).await.unwrap();
    came_to(&process, 0, PaymentOutcome::Expired, "hook").await;
    assert_eq!(invoice(&process, invoice_id).await.payment().name(), "failed");
    receive(&process, invoice_id, 12_000, 1).await.unwrap();
    assert_eq!(credit(&process, "Acme").await, euro(100));

    // The expired one was charged after all: all of it goes back, by way of the balance.
    came_to(&process, 0, PaymentOutcome::Succeeded, "late hook").await;
    let late = payment(&process, id(0)).await;
    assert_eq!(late.status, PaymentStatus::Ended(PaymentOutcome::Succeeded));
    let refunds: Vec<_> = late.refunds.iter().map(|refund| (refund.amount, refund.cause)).collect();
    assert_eq!(refunds, [(euro(11_900), RefundCause::Balance)]);
    assert_eq!(credit(&process, "Acme").await, euro(100));
    let booked = invoice(&process, invoice_id).await.payments;
    let applied: Vec<Money> = booked.iter().map(|payment| payment.applied).collect();
    assert_eq!(applied, [euro(11_900), euro(0)]);

    // A late success while the next one is under way pays; what the next one brings goes back.
    let invoice_id = issued(&process, "Acme", 1).await;
    pay(&process, invoice_id, 2).await.unwrap();
    came_to(&process, 2, PaymentOutcome::Unreachable, "refused").await;
    pay(&process, invoice_id, 3).await.unwrap();
    came_to(&process, 2, PaymentOutcome::Succeeded, "late hook").await;
    assert_eq!(invoice(&process, invoice_id).await.status.name(), "paid");
    came_to(&process, 3, PaymentOutcome::Succeeded, "hook").await;
    assert_eq!(payment(&process, id(3)).await.refunds.len(), 1);
    assert_eq!(invoice(&process, invoice_id).await.collection.open, None);
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn everything_is_paid_once_also_when_the_request_breaks_off_and_is_made_again() {
    let world = LogWorld::new().await.unwrap();
    let (one, other) = (world.process().await.unwrap(), world.process().await.unwrap());
    let mut invoices = Vec::new();
    for n in 0..60 {
        invoices.push(issued(&one, "Acme", n).await);
    }
    // One is being paid, one is paid: neither is tried.
    pay(&one, invoices[0], 0).await.unwrap();
    receive(&one, invoices[1], 11_900, 1).await.unwrap();

    let key = operator("pay all");
    let broken = async {
        let started = async || Ok(count(&world, "PaymentStarted").await > 10);
        tokio::select! {
            answer = pay_all(&one.bus, &key) => drop(answer),
            reached = eventually("some payments", tests::log_world::PATIENCE, started) => reached.unwrap(),
        }
    };
    broken.await;
    let again = join_all([&one, &other, &one, &other].map(|process| pay_all(&process.bus, &key))).await;
    let receipts: Vec<Receipt> = again.into_iter().map(Result::unwrap).collect();
    assert!(receipts.iter().all(|receipt| receipt.answer == receipts[0].answer), "{receipts:?}");
    let per_invoice: Vec<i64> = sqlx::query_scalar(
        "select count(*) from events where event_type = 'PaymentAttempted' group by aggregate_id order by 1",
    )
    .fetch_all(&world.app)
    .await
    .unwrap();
    assert_eq!(per_invoice, [1; 59], "every invoice but the one that was paid, and each once");

    // Much later it is the same answer, whatever there is to pay by then.
    issued(&one, "Acme", 60).await;
    let kept = pay_all(&other.bus, &key).await.unwrap();
    assert!(kept.replayed && kept.answer == receipts[0].answer, "{kept:?}");
    let fresh = pay_all(&other.bus, &operator("pay all once more")).await.unwrap();
    let told = commands::bus::ReceiptBody::Other(r#"{"attempted":1,"skipped":59}"#.to_owned());
    assert_eq!(fresh.answer, told);
    check_log(&world.app).await.unwrap();
}
