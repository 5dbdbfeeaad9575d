//! A running world with a hand in its log: invoices without the month that would lead to them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::NaiveDate;
use commands::{Answer, Command, Failure, Operation, Work, balance, credit_note};
use domain::balance::BalanceSource;
use domain::billing::{Document, InvoiceLine, Period, Route, Totals, negated};
use domain::{AggregateType, Currency, Money, StreamId, ids};
use serde_json::{Value, json};
use tests::log_world::{Bill, LogProcess, WriteInvoice, euro, persist, system};
use tests::story::{self, Cast, cast, new_key};
use tests::world::World;
use uuid::Uuid;

const BEGINS: &str = "2026-02-16T09:30:00Z";

pub fn january() -> Period {
    Period::parse("2026-01").unwrap()
}

/// In euro, as the API writes it.
pub fn money(amount: &str) -> Value {
    json!({ "amount": amount, "currency": "EUR" })
}

/// A running world, and a hand in its log.
pub struct Books {
    pub world: World,
    pub cast: Cast,
    log: LogProcess,
}

impl Books {
    pub async fn open() -> anyhow::Result<Self> {
        Self::open_with(Vec::new()).await
    }

    /// With further variables for the product.
    pub async fn open_with(further: Vec<(String, String)>) -> anyhow::Result<Self> {
        let world = World::start_at_with(BEGINS, further).await?;
        let app = &world.settings.databases.app;
        Ok(Self { log: LogProcess::start(app, app).await?, cast: cast(&world)?, world })
    }

    /// 119.00 for somebody without reseller.
    pub fn of(&self, customer_id: Uuid, n: u32) -> Bill {
        Bill::own(customer_id, january(), n)
    }

    /// The same for the customer that has nothing to do with the others.
    pub fn others(&self, n: u32) -> Bill {
        self.of(self.world.sample.other_customer_id.parse().unwrap(), n)
    }

    /// The same for the end customer, with a commission of 10.00.
    pub fn agency(&self, n: u32) -> Bill {
        let sample = &self.world.sample;
        let route = Route::Agency { reseller_id: sample.reseller_id.parse().unwrap() };
        let (customer_id, account_id) = (sample.customer_id.parse().unwrap(), sample.account_id.parse().unwrap());
        Bill { customer_id, account_id, route, period: january(), n }
    }

    pub async fn write<C: Command>(&self, command: &C) -> anyhow::Result<()> {
        persist(&self.log.bus, &system(&new_key()), command).await?;
        Ok(())
    }

    /// Its path.
    pub async fn issue(&self, bill: Bill, on: &str) -> anyhow::Result<String> {
        self.write(&WriteInvoice { bill, issued_on: Some(on.parse()?) }).await?;
        Ok(format!("/v1/invoices/{}", bill.invoice_id()))
    }

    /// Its path.
    pub async fn draft(&self, bill: Bill) -> anyhow::Result<String> {
        self.write(&WriteInvoice { bill, issued_on: None }).await?;
        Ok(format!("/v1/invoices/{}", bill.invoice_id()))
    }

    /// Money comes in for an invoice, not by a gateway.
    pub async fn pay(&self, bill: Bill, cents: i64) -> anyhow::Result<()> {
        let path = format!("/v1/invoices/{}/payments", bill.invoice_id());
        let body = json!({ "amount": euro(cents), "received_on": "2026-02-10", "reference": "Transfer" });
        self.cast.operator.post(&path, &new_key(), &body, 201).await?;
        Ok(())
    }

    /// What is to a customer's credit is paid out.
    pub async fn take_out(&self, customer_id: Uuid, amount: Money) -> anyhow::Result<()> {
        self.write(&TakeOut { customer_id, amount }).await
    }

    /// Of a customer, as the seller sees it now.
    pub async fn balance(&self, customer: &str) -> anyhow::Result<Value> {
        let path = format!("/v1/customers/{customer}/balance");
        Ok(self.cast.operator.get_at(&path, story::head(&self.world).await?).await?.body)
    }
}

struct TakeOut {
    customer_id: Uuid,
    amount: Money,
}

impl Command for TakeOut {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        balance::debit_in(work, self.customer_id, self.amount, BalanceSource::Payment(Uuid::nil())).await?;
        Ok(Answer::resource(200, StreamId::new(AggregateType::Balance, ids::balance(self.customer_id, Currency::EUR))))
    }
}

/// The bill the other way round, as when everything in it was cancelled.
pub struct InsteadOfInvoice {
    pub bill: Bill,
    pub issued_on: NaiveDate,
}

impl Command for InsteadOfInvoice {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let mut contents = self.bill.contents()?;
        let credited = contents.lines.clone().into_iter().map(InvoiceLine::turned).collect::<Result<Vec<_>, _>>()?;
        let totals = Totals::of(Currency::EUR, &credited, &contents.treatment)?;
        assert_eq!(totals.total, negated(contents.totals.total)?);
        if let Document::CreditNote(totals) = totals.document()? {
            contents.totals = totals;
        }
        // As the note shows them: turned once more.
        contents.lines = credited.into_iter().map(InvoiceLine::turned).collect::<Result<_, _>>()?;
        let id = ids::period_credit_note(contents.customer_id, Currency::EUR, contents.period, contents.n);
        credit_note::issue_instead_in(work, contents, self.issued_on).await?;
        Ok(Answer::resource(201, StreamId::new(AggregateType::CreditNote, id)))
    }
}
