//! Invoices against a real log: numbers without gaps under races, balance and number in the append of the document.

use chrono::NaiveDate;
use commands::invoice::{self, DiscardInvoice, IssueInvoice, VoidInvoice, WriteOffInvoice};
use commands::{Context, Rejection, index};
use domain::balance::BalanceRules;
use domain::billing::Period;
use domain::customer::PostalAddress;
use domain::invoice::{Invoice, InvoiceRules};
use domain::{Currency, Money, Refusal, ids};
use event_log::Reader as _;
use tests::log_world::{
    Bill, Deposit, LogProcess, LogWorld, WriteInvoice, at, check_log, customer, euro, operator, persist, system,
};
use uuid::Uuid;

fn today() -> NaiveDate {
    at().date_naive()
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Of the month before this one.
fn bill(customer_id: Uuid, n: u32) -> Bill {
    Bill::own(customer_id, Period::of(Period::of(today()).first_day().pred_opt().unwrap()), n)
}

async fn registered(process: &LogProcess, name: &str) -> Uuid {
    let acme = customer(name);
    process.bus.execute(&operator(name), &acme).await.unwrap();
    acme.details.customer_id
}

async fn invoice(process: &LogProcess, id: Uuid) -> Invoice {
    process.bus.state::<InvoiceRules>(id).await.unwrap().state.known().unwrap().clone()
}

async fn left(process: &LogProcess, customer_id: Uuid) -> Option<Money> {
    let id = ids::balance(customer_id, Currency::EUR);
    process.bus.state::<BalanceRules>(id).await.unwrap().state.amount()
}

/// Every number there is with its document, in order of the log.
async fn numbers(world: &LogWorld) -> Vec<(String, String)> {
    let sql = "select payload->'NumberAllotted'->>'number', payload->'NumberAllotted'->>'document_id' from events \
               where event_type = 'NumberAllotted' order by position";
    sqlx::query_as(sql).fetch_all(&world.app).await.unwrap()
}

#[tokio::test]
async fn numbers_have_no_gap_however_many_processes_issue() {
    let world = LogWorld::new().await.unwrap();
    let (one, other) = (world.process().await.unwrap(), world.process().await.unwrap());
    let customer_id = registered(&one, "Acme").await;
    let issue = async |n: u32| {
        let write = WriteInvoice { bill: bill(customer_id, n), issued_on: Some(today()) };
        let process = if n.is_multiple_of(2) { &one } else { &other };
        persist(&process.bus, &system(&format!("issue {n}")), &write).await.unwrap();
        // Whoever asks again, for whatever reason, gets no second number.
        persist(&other.bus, &system(&format!("issue {n} again")), &write).await.unwrap();
        invoice(&one, write.bill.invoice_id()).await.issue.unwrap().number
    };
    let mut issued = futures::future::join_all((1..=40).map(issue)).await;
    issued.sort_unstable();
    let expected: Vec<String> = (1..=40).map(|n| format!("INV-2026-{n:06}")).collect();
    assert_eq!(issued, expected);
    let allotted = numbers(&world).await;
    assert_eq!(allotted.iter().map(|(number, _)| number.clone()).collect::<Vec<_>>(), expected);
    for (number, document) in allotted {
        assert_eq!(invoice(&one, document.parse().unwrap()).await.issue.unwrap().number, number);
    }

    // Each year of the book date has its own.
    let write = WriteInvoice { bill: bill(customer_id, 41), issued_on: Some(day("2027-01-01")) };
    one.bus.execute(&system("next year"), &write).await.unwrap();
    assert_eq!(invoice(&one, write.bill.invoice_id()).await.issue.unwrap().number, "INV-2027-000001");
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn an_invoice_names_its_parties_and_what_the_buyer_looks_for() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let address = PostalAddress {
        street: "Ring 5".to_owned(),
        city: "Utrecht".to_owned(),
        postal_code: "3511".to_owned(),
        country: "NL".to_owned(),
    };
    let mut business = customer("Bakker");
    business.details.country = "NL".to_owned();
    business.details.legal_name = Some("Bakker B.V.".to_owned());
    business.details.vat_id = Some("NL123456789B01".to_owned());
    business.details.buyer_reference = Some("Dept. 7".to_owned());
    business.details.address = Some(address.clone());
    let mut person = customer("Kim");
    person.details.address = Some(address);
    for (name, who) in [("business", &business), ("person", &person)] {
        process.bus.execute(&operator(name), who).await.unwrap();
        let write = WriteInvoice { bill: bill(who.details.customer_id, 0), issued_on: Some(today()) };
        process.bus.execute(&system(name), &write).await.unwrap();
    }
    let of = async |who: Uuid| invoice(&process, bill(who, 0).invoice_id()).await.issue.unwrap();

    let issue = of(business.details.customer_id).await;
    assert_eq!((issue.issued_on, issue.due_on), (today(), today() + chrono::Days::new(30)));
    assert_eq!(issue.reference, "Dept. 7");
    assert_eq!((issue.seller.name.as_str(), issue.seller.vat_id.as_deref()), ("Seller GmbH", Some("DE136695976")));
    assert_eq!(issue.seller.electronic_address.unwrap().scheme, "9930");
    assert_eq!((issue.buyer.name.as_str(), issue.buyer.country.as_str()), ("Bakker B.V.", "NL"));
    assert_eq!((issue.buyer.address, issue.buyer.city.as_deref()), (vec!["Ring 5".to_owned()], Some("Utrecht")));
    assert_eq!(issue.buyer.electronic_address.unwrap().id, "NL123456789B01");

    // Where a person lives is printed nowhere; without a purchase order our order's id is the reference.
    let issue = of(person.details.customer_id).await;
    assert_eq!((issue.buyer.name.as_str(), issue.buyer.address.len(), issue.buyer.city), ("Kim", 0, None));
    assert_eq!(issue.reference, ids::derived(&["test", "order"]).to_string());
    assert_eq!(issue.buyer.electronic_address, None);
}

#[tokio::test]
async fn the_balance_pays_what_it_can_and_comes_back_when_the_invoice_is_void() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let customer_id = registered(&process, "Acme").await;
    process.bus.execute(&system("credit"), &Deposit { customer_id, amount: euro(5_000) }).await.unwrap();
    let write = WriteInvoice { bill: bill(customer_id, 0), issued_on: Some(today()) };
    let id = write.bill.invoice_id();
    let receipt = process.bus.execute(&system("issue"), &write).await.unwrap();
    let seen = invoice(&process, id).await;
    assert_eq!((seen.applied_credit, seen.balance, seen.status.name()), (euro(5_000), euro(6_900), "issued"));
    assert_eq!(left(&process, customer_id).await, Some(euro(0)));
    // Registered, credited, and then all at once: issued, numbered, taken from the balance, applied.
    assert_eq!(receipt.last_position, 6);

    let voided = process.bus.execute(&operator("void"), &VoidInvoice { invoice_id: id }).await.unwrap();
    assert_eq!(voided.status, 200);
    assert_eq!(
        (left(&process, customer_id).await, invoice(&process, id).await.status.name()),
        (Some(euro(5_000)), "void")
    );
    process.bus.execute(&operator("void again"), &VoidInvoice { invoice_id: id }).await.unwrap();
    assert_eq!(left(&process, customer_id).await, Some(euro(5_000)));

    // Its number stays used. A balance that covers everything pays it.
    process.bus.execute(&system("more"), &Deposit { customer_id, amount: euro(10_000) }).await.unwrap();
    let write = WriteInvoice { bill: bill(customer_id, 1), issued_on: Some(today()) };
    process.bus.execute(&system("issue the next"), &write).await.unwrap();
    let seen = invoice(&process, write.bill.invoice_id()).await;
    assert_eq!((seen.issue.unwrap().number.as_str(), seen.status.name()), ("INV-2026-000002", "paid"));
    assert_eq!((seen.balance, left(&process, customer_id).await), (euro(0), Some(euro(3_100))));
    let paid = process.bus.execute(&operator("void it"), &VoidInvoice { invoice_id: write.bill.invoice_id() }).await;
    assert!(matches!(paid, Err(Rejection::Refused(Refusal::InvalidState { state: "paid" }))), "{paid:?}");
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn a_draft_is_issued_or_discarded_by_an_operator() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let customer_id = registered(&process, "Acme").await;
    let drafts = [0, 1].map(|n| bill(customer_id, n));
    for draft in drafts {
        let write = WriteInvoice { bill: draft, issued_on: None };
        process.bus.execute(&system(&format!("draft {}", draft.n)), &write).await.unwrap();
        assert_eq!(invoice(&process, draft.invoice_id()).await.issue, None);
    }
    let [first, second] = drafts.map(|draft| draft.invoice_id());
    let seen = |key: &str, version| Context { if_match: Some(vec![version]), ..operator(key) };
    let stale = process.bus.execute(&seen("issue", 7), &IssueInvoice { invoice_id: first }).await;
    assert!(matches!(stale, Err(Rejection::Stale)), "{stale:?}");
    process.bus.execute(&seen("issue", 1), &IssueInvoice { invoice_id: first }).await.unwrap();
    let issue = invoice(&process, first).await.issue.unwrap();
    assert_eq!((issue.number.as_str(), issue.issued_on), ("INV-2026-000001", today()));
    let stale = process.bus.execute(&seen("issue again", 1), &IssueInvoice { invoice_id: first }).await;
    assert!(matches!(stale, Err(Rejection::Stale)), "also where nothing is to be done: {stale:?}");

    process.bus.execute(&operator("discard"), &DiscardInvoice { invoice_id: second }).await.unwrap();
    for refused in [
        process.bus.execute(&operator("issue it"), &IssueInvoice { invoice_id: second }).await,
        process.bus.execute(&operator("void it"), &VoidInvoice { invoice_id: second }).await,
        process.bus.execute(&operator("write it off"), &WriteOffInvoice { invoice_id: second }).await,
        process.bus.execute(&operator("discard the other"), &DiscardInvoice { invoice_id: first }).await,
    ] {
        assert!(matches!(refused, Err(Rejection::Refused(Refusal::InvalidState { .. }))), "{refused:?}");
    }
    let absent = process.bus.execute(&operator("nobody's"), &IssueInvoice { invoice_id: Uuid::nil() }).await;
    assert!(matches!(absent, Err(Rejection::NotFound)), "{absent:?}");
    assert_eq!(numbers(&world).await.len(), 1);

    process.bus.execute(&operator("write off"), &WriteOffInvoice { invoice_id: first }).await.unwrap();
    assert_eq!(invoice(&process, first).await.status.name(), "uncollectible");
}

/// Lets the write-side indexes read the whole log.
async fn indexed(world: &LogWorld) {
    let head = world.head().await.unwrap();
    let events = event_log::page::after(&world.app, 0, head).await.unwrap();
    let mut connection = world.app.acquire().await.unwrap();
    index::Indexes.apply(&mut connection, 0, &events).await.unwrap();
}

#[tokio::test]
async fn what_is_not_paid_in_time_is_overdue_once() {
    let world = LogWorld::new().await.unwrap();
    let (one, other) = (world.process().await.unwrap(), world.process().await.unwrap());
    let customer_id = registered(&one, "Acme").await;
    // Thirty days to pay: of these three the first was due yesterday, the second is due today.
    let days = [31, 30, 5].map(|days| today() - chrono::Days::new(days));
    for (n, issued_on) in days.into_iter().enumerate() {
        let write = WriteInvoice { bill: bill(customer_id, u32::try_from(n).unwrap()), issued_on: Some(issued_on) };
        one.bus.execute(&system(&format!("issue {n}")), &write).await.unwrap();
    }
    indexed(&world).await;
    let (first, second) = tokio::join!(invoice::note_overdue(&one.bus), invoice::note_overdue(&other.bus));
    first.unwrap();
    second.unwrap();
    invoice::note_overdue(&one.bus).await.unwrap();
    let overdue = "select aggregate_id from events where event_type = 'InvoiceOverdue'";
    let overdue: Vec<String> = sqlx::query_scalar(overdue).fetch_all(&world.app).await.unwrap();
    assert_eq!(overdue, [bill(customer_id, 0).invoice_id().to_string()]);
    indexed(&world).await;
    let waiting = index::invoices_due_before(&world.app, NaiveDate::MAX, None, 10).await.unwrap();
    assert_eq!(waiting.len(), 2, "{waiting:?}");
    check_log(&world.app).await.unwrap();
}
