//! Commission against a real log: earned and given back in the append of the document, stated once, settled at once, and
//! read the same from the beginning as event by event.

use chrono::NaiveDate;
use commands::Rejection;
use commands::bus::ReceiptBody;
use commands::commission::SettleStatement;
use commands::credit_note::CreditInvoice;
use commands::invoice::{VoidInvoice, WriteOffInvoice};
use commands::payment::{PayInvoice, ReceivePayment, RecordOutcome};
use domain::billing::credit::Wanted;
use domain::billing::{Period, Route};
use domain::commission_account::{CommissionAccountRules, CommissionAccountState, CommissionKind, Settlement};
use domain::credit_note::{CreditReason, Settle};
use domain::customer::CustomerKind;
use domain::payment::{PaymentOutcome, UnknownReason};
use domain::{Currency, Refusal, ids};
use event_log::Reader as _;
use projections::{model, rebuild};
use tests::log_world::{
    Bill, IssueStatement, LogProcess, LogWorld, WriteInvoice, at, check_log, customer, euro, operator, persist, system,
};
use uuid::Uuid;

fn today() -> NaiveDate {
    at().date_naive()
}

/// The month that was billed last.
fn month() -> Period {
    Period::of(Period::of(today()).first_day().pred_opt().unwrap())
}

/// A reseller with an end customer.
struct Pair {
    reseller_id: Uuid,
    customer_id: Uuid,
}

impl Pair {
    async fn registered(process: &LogProcess) -> Self {
        let (mut reseller, customer) = (customer("Nordwind"), customer("Acker"));
        reseller.details.kind = CustomerKind::Reseller;
        for (name, who) in [("Nordwind", &reseller), ("Acker", &customer)] {
            process.bus.execute(&operator(name), who).await.unwrap();
        }
        Self { reseller_id: reseller.details.customer_id, customer_id: customer.details.customer_id }
    }

    /// 100.00 net, of which the reseller earns 10.00.
    fn bill(&self, n: u32) -> Bill {
        Bill { route: Route::Agency { reseller_id: self.reseller_id }, ..Bill::own(self.customer_id, month(), n) }
    }

    async fn issues(&self, process: &LogProcess, n: u32) -> Uuid {
        let write = WriteInvoice { bill: self.bill(n), issued_on: Some(today()) };
        persist(&process.bus, &system(&format!("issue {n}")), &write).await.unwrap();
        write.bill.invoice_id()
    }

    /// Whether there is one that was not there before.
    async fn states(&self, process: &LogProcess, key: &str, period: Period) -> bool {
        let issue = IssueStatement { reseller_id: self.reseller_id, period };
        let receipt = persist(&process.bus, &system(key), &issue).await.unwrap();
        receipt.answer == ReceiptBody::Other("true".to_owned())
    }

    async fn account(&self, process: &LogProcess) -> CommissionAccountState {
        let id = ids::commission_account(self.reseller_id, Currency::EUR);
        process.bus.state::<CommissionAccountRules>(id).await.unwrap().state.clone()
    }

    /// Kind, period and amount of what waits.
    async fn waiting(&self, process: &LogProcess) -> Vec<(CommissionKind, String, String)> {
        let account = self.account(process).await;
        let shown =
            account.waiting.iter().map(|line| (line.kind, line.period.to_string(), line.amount.amount().to_string()));
        shown.collect()
    }

    fn statement(&self, period: Period) -> Uuid {
        ids::commission_statement(self.reseller_id, Currency::EUR, period)
    }
}

async fn credits(process: &LogProcess, key: &str, invoice_id: Uuid, cents: i64) {
    let credit = CreditInvoice {
        credit_note_id: ids::derived(&["test", "credit note", key]),
        invoice_id,
        wanted: Wanted::Lines(vec![(1, euro(cents))]),
        reason: CreditReason { text: "Goodwill".to_owned() },
        settle: Settle::Balance,
    };
    process.bus.execute(&operator(key), &credit).await.unwrap();
}

async fn receives(process: &LogProcess, key: &str, invoice_id: Uuid, cents: i64) {
    let receive = ReceivePayment {
        payment_id: ids::derived(&["test", "payment", key]),
        invoice_id,
        amount: euro(cents),
        received_on: today(),
        reference: "SEPA 17".to_owned(),
    };
    process.bus.execute(&operator(key), &receive).await.unwrap();
}

/// Its payer's gateway is asked for what is left of it; answers the payment.
async fn asks_gateway(process: &LogProcess, key: &str, invoice_id: Uuid) -> Uuid {
    let payment_id = ids::derived(&["test", "payment", key]);
    let pay = PayInvoice { payment_id, invoice_id, automatic: false };
    process.bus.execute(&operator(key), &pay).await.unwrap();
    payment_id
}

async fn documents(world: &LogWorld, what: &str) -> Vec<String> {
    let sql = "select payload->'NumberAllotted'->>'number' from events where event_type = 'NumberAllotted' \
               and payload->'NumberAllotted'->>'number' like $1 order by position";
    sqlx::query_scalar(sql).bind(what).fetch_all(&world.app).await.unwrap()
}

fn earned(period: Period, amount: &str) -> (CommissionKind, String, String) {
    (CommissionKind::Accrued, period.to_string(), amount.to_owned())
}

fn given_back(period: Period, amount: &str) -> (CommissionKind, String, String) {
    (CommissionKind::Reversed, period.to_string(), amount.to_owned())
}

fn earned_again(period: Period, amount: &str) -> (CommissionKind, String, String) {
    (CommissionKind::Restored, period.to_string(), amount.to_owned())
}

#[tokio::test]
async fn an_invoice_earns_its_period_and_a_correction_takes_from_its_own() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let pair = Pair::registered(&process).await;
    let (october, november) = (month(), month().next());
    let invoice_id = pair.issues(&process, 0).await;
    assert_eq!(pair.waiting(&process).await, [earned(october, "10.00")]);

    // 3.33 of 100.00 takes 0.333 of 10.00, the next as much; together they take what 6.66 takes.
    credits(&process, "first", invoice_id, 333).await;
    credits(&process, "second", invoice_id, 333).await;
    let waiting = pair.waiting(&process).await;
    assert_eq!(waiting, [earned(october, "10.00"), given_back(november, "-0.33"), given_back(november, "-0.34")]);

    assert!(pair.states(&process, "statement", october).await);
    assert!(!pair.states(&process, "statement again", october).await);
    assert_eq!(pair.waiting(&process).await.len(), 2, "what is November's is not on October's statement");
    let statement = pair.account(&process).await.statements[&pair.statement(october)].clone();
    assert_eq!((statement.net, statement.total), (euro(1_000), euro(1_190)));
    assert_eq!((statement.number.as_str(), statement.issued_on), ("CS-2026-000001", october.end()));

    // Given up: all that is left goes back, once, and what is credited later takes nothing more.
    process.bus.execute(&operator("write off"), &WriteOffInvoice { invoice_id }).await.unwrap();
    credits(&process, "third", invoice_id, 333).await;
    assert_eq!(pair.waiting(&process).await.last(), Some(&given_back(november, "-9.33")));
    assert_eq!(pair.waiting(&process).await.len(), 3);

    // The sum is negative: it waits, and nobody takes a number for it.
    assert!(!pair.states(&process, "November's", november).await);
    assert_eq!(documents(&world, "CS-%").await, ["CS-2026-000001"]);
    for n in 1..=2 {
        pair.issues(&process, n).await;
    }
    let waiting = pair.waiting(&process).await;
    assert_eq!(waiting[3..], [earned(november, "10.00"), earned(november, "10.00")], "October has its statement");
    assert!(pair.states(&process, "December's", november.next()).await);
    let statement = pair.account(&process).await.statements[&pair.statement(november.next())].clone();
    assert_eq!((statement.net, statement.number.as_str()), (euro(1_000), "CS-2026-000002"));
    assert_eq!(pair.waiting(&process).await, []);
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn a_void_invoice_earns_nothing_and_the_one_in_its_place_does() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let pair = Pair::registered(&process).await;
    let invoice_id = pair.issues(&process, 0).await;
    process.bus.execute(&operator("void"), &VoidInvoice { invoice_id }).await.unwrap();
    process.bus.execute(&operator("void again"), &VoidInvoice { invoice_id }).await.unwrap();
    pair.issues(&process, 1).await;
    let expected = [earned(month(), "10.00"), given_back(month().next(), "-10.00"), earned(month(), "10.00")];
    assert_eq!(pair.waiting(&process).await, expected);
    let account = pair.account(&process).await;
    assert_eq!(
        account.due(month().next()).iter().map(|line| line.id()).collect::<std::collections::BTreeSet<_>>().len(),
        3
    );
}

#[tokio::test]
async fn what_was_given_up_earns_again_once_it_is_paid() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let pair = Pair::registered(&process).await;
    let (october, november) = (month(), month().next());
    let invoice_id = pair.issues(&process, 0).await;
    process.bus.execute(&operator("write off"), &WriteOffInvoice { invoice_id }).await.unwrap();

    // 20.00 net are credited, and 50.00 of the 95.20 that are left come in: it is not paid yet.
    credits(&process, "a fifth", invoice_id, 2_000).await;
    receives(&process, "half", invoice_id, 5_000).await;
    let given_up = [earned(october, "10.00"), given_back(november, "-10.00")];
    assert_eq!(pair.waiting(&process).await, given_up);
    receives(&process, "rest", invoice_id, 4_520).await;
    let paid = [given_up.as_slice(), &[earned_again(november, "8.00")]].concat();
    assert_eq!(pair.waiting(&process).await, paid);

    // More money earns nothing, and what is credited from then on takes its share back.
    receives(&process, "too much", invoice_id, 1_000).await;
    credits(&process, "a tenth", invoice_id, 1_000).await;
    assert_eq!(pair.waiting(&process).await[2..], [earned_again(november, "8.00"), given_back(november, "-1.00")]);
    assert!(pair.states(&process, "November's", november).await);
    assert_eq!(pair.account(&process).await.statements[&pair.statement(november)].net, euro(700));
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn what_was_given_up_and_is_credited_to_the_end_earns_what_was_paid_of_it() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let pair = Pair::registered(&process).await;
    let november = month().next();
    let invoice_id = pair.issues(&process, 0).await;
    receives(&process, "half", invoice_id, 5_950).await;
    process.bus.execute(&operator("write off"), &WriteOffInvoice { invoice_id }).await.unwrap();
    credits(&process, "other half", invoice_id, 5_000).await;
    let expected = [earned(month(), "10.00"), given_back(november, "-10.00"), earned_again(november, "5.00")];
    assert_eq!(pair.waiting(&process).await, expected);
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn what_was_given_up_earns_again_once_a_gateway_has_paid_it() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let pair = Pair::registered(&process).await;
    let (october, november) = (month(), month().next());
    // One is being paid when it is given up, the other is paid because somebody asks for it after that.
    let (one, other) = (pair.issues(&process, 0).await, pair.issues(&process, 1).await);
    let early = asks_gateway(&process, "early", one).await;
    for (key, invoice_id) in [("give up one", one), ("give up the other", other)] {
        process.bus.execute(&operator(key), &WriteOffInvoice { invoice_id }).await.unwrap();
    }
    let late = asks_gateway(&process, "late", other).await;
    let (in_october, in_november) = (earned(october, "10.00"), given_back(november, "-10.00"));
    let given_up = [in_october.clone(), in_october, in_november.clone(), in_november];
    assert_eq!(pair.waiting(&process).await, given_up);

    // Nobody knows what came of it, then it has succeeded, and that is told once more.
    let (unclear, succeeded) = (PaymentOutcome::Unknown(UnknownReason::NoAnswer), PaymentOutcome::Succeeded);
    let told = [("unclear", unclear, 0), ("paid", succeeded, 1), ("paid again", succeeded, 1)];
    for (before, payment_id) in [early, late].into_iter().enumerate() {
        for (key, outcome, times) in told {
            let record = RecordOutcome { payment_id, outcome };
            process.bus.execute(&system(&format!("{key} {payment_id}")), &record).await.unwrap();
            let restored = vec![earned_again(november, "10.00"); before + times];
            let expected = [given_up.as_slice(), restored.as_slice()].concat();
            assert_eq!(pair.waiting(&process).await, expected, "{key} {payment_id}");
        }
    }
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn whoever_states_while_others_issue_loses_and_repeats_nothing() {
    let world = LogWorld::new().await.unwrap();
    let (one, other) = (world.process().await.unwrap(), world.process().await.unwrap());
    let pair = Pair::registered(&one).await;
    let issue = async |n: u32| {
        let process = if n.is_multiple_of(2) { &one } else { &other };
        pair.issues(process, n).await;
    };
    let state = async |n: u32, period: Period| {
        let process = if n.is_multiple_of(2) { &one } else { &other };
        pair.states(process, &format!("state {n}"), period).await
    };
    let periods = [month(), month(), month().next(), month().next()];
    let (_, made) = tokio::join!(
        futures::future::join_all((0..30).map(issue)),
        futures::future::join_all((0..).zip(periods).map(|(n, period)| state(n, period))),
    );
    // Somebody who remembers nothing.
    let account = pair.account(&world.process().await.unwrap()).await;
    assert_eq!(account.statements.len(), made.iter().filter(|made| **made).count(), "each was made by one of them");
    let stated: i64 = {
        let sql = "select coalesce(sum((payload->'CommissionStatementIssued'->>'line_count')::bigint), 0)::bigint \
                   from events where event_type = 'CommissionStatementIssued'";
        sqlx::query_scalar(sql).fetch_one(&world.app).await.unwrap()
    };
    assert_eq!(stated + i64::try_from(account.waiting.len()).unwrap(), 30);
    assert_eq!(documents(&world, "CS-%").await.len(), account.statements.len());
    check_log(&world.app).await.unwrap();
}

#[tokio::test]
async fn a_statement_can_be_settled_the_moment_it_is_there() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let pair = Pair::registered(&process).await;
    pair.issues(&process, 0).await;
    let statement_id = pair.statement(month());
    let settle =
        |reference: &str| SettleStatement { statement_id, how: Settlement::Payout, reference: reference.to_owned() };
    let early = process.bus.execute(&operator("early"), &settle("SEPA 17")).await;
    assert!(matches!(early, Err(Rejection::NotFound)), "{early:?}");
    assert!(pair.states(&process, "statement", month()).await);
    process.bus.execute(&operator("settle"), &settle("SEPA 17")).await.unwrap();
    process.bus.execute(&operator("again"), &settle("SEPA 17")).await.unwrap();
    let other = process.bus.execute(&operator("otherwise"), &settle("SEPA 18")).await;
    assert!(matches!(other, Err(Rejection::Refused(Refusal::InvalidState { state: "settled" }))), "{other:?}");
    assert_eq!(pair.account(&process).await.statements[&statement_id].status(), "settled");
}

/// Rows of one table without their generation, by id.
async fn rows(world: &LogWorld, table: &str) -> Vec<serde_json::Value> {
    let sql = format!(
        "select to_jsonb(t) - 'generation' from {table} t join readers r on r.name = $1 and r.generation = t.generation \
         order by t.id"
    );
    sqlx::query_scalar(&sql).bind(model::BILLING).fetch_all(&world.app).await.unwrap()
}

#[tokio::test]
async fn a_rebuild_reads_what_was_read_event_by_event() {
    let world = LogWorld::new().await.unwrap();
    let process = world.process().await.unwrap();
    let pair = Pair::registered(&process).await;
    for n in 0..3 {
        pair.issues(&process, n).await;
    }
    credits(&process, "credit", pair.bill(0).invoice_id(), 3_800).await;
    assert!(pair.states(&process, "statement", month()).await);
    let settle = SettleStatement {
        statement_id: pair.statement(month()),
        how: Settlement::Offset,
        reference: "INV 7".to_owned(),
    };
    process.bus.execute(&operator("settle"), &settle).await.unwrap();
    pair.issues(&process, 3).await;

    let billing = projections::all().into_iter().find(|model| model.name() == model::BILLING).unwrap();
    rebuild::bring_up_to_date(&world.app, &billing).await.unwrap();
    let events = event_log::page::after(&world.app, 0, 1_000).await.unwrap();
    let mut connection = world.app.acquire().await.unwrap();
    let generation: i32 = sqlx::query_scalar("select generation from readers where name = $1")
        .bind(model::BILLING)
        .fetch_one(&mut *connection)
        .await
        .unwrap();
    for events in events.chunks(2) {
        billing.apply(&mut connection, generation, events).await.unwrap();
    }
    let tables = ["read_commission_accounts", "read_commissions", "read_commission_statements"];
    let mut step_by_step = Vec::new();
    for table in tables {
        step_by_step.push(rows(&world, table).await);
    }
    assert_eq!(step_by_step.iter().map(Vec::len).collect::<Vec<_>>(), [1, 5, 1]);
    rebuild::rebuild(&world.app, &billing, |_, _| {}).await.unwrap();
    for (table, before) in tables.iter().zip(&step_by_step) {
        assert_eq!(rows(&world, table).await, *before, "{table}");
    }
    let told = step_by_step[1].iter().filter(|row| !row["statement_id"].is_null()).count();
    assert_eq!(told, 3, "{:?}", step_by_step[1]);
    let statement = &step_by_step[2][0];
    assert_eq!(
        (&statement["status"], statement["period"].as_str()),
        (&"settled".into(), Some(month().to_string().as_str()))
    );
}
