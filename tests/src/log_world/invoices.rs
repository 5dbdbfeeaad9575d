//! Invoices written straight into a log, without the month that would lead to them.

use chrono::NaiveDate;
use commands::{Answer, Command, Failure, Operation, Work, balance, invoice};
use domain::balance::BalanceSource;
use domain::billing::{Charge, EndCustomer, InvoiceLine, LineTerms, Period, Prices, Route, Subject, Totals};
use domain::customer::{Commission, CommissionScheme};
use domain::invoice::{InvoiceContents, InvoiceKind};
use domain::service::BillingCycle;
use domain::tax::{TaxCategory, Treatment};
use domain::{AggregateType, Currency, Money, Refusal, StreamId, UnitPrice, ids};
use rust_decimal::Decimal;
use uuid::Uuid;

const SEATS: u32 = 100;
/// Of the end customer, in every bill.
pub const END_CUSTOMER: &str = "Acker GmbH";

/// One line: 100 seats for a month at 1.00, at a cost of 0.80; 0.90 for a reseller.
#[derive(Debug, Clone, Copy)]
pub struct Bill {
    /// Whose seats they are.
    pub customer_id: Uuid,
    pub account_id: Uuid,
    pub route: Route,
    pub period: Period,
    /// Tells apart those of one billed party and period.
    pub n: u32,
}

impl Bill {
    /// 119.00 for a customer without reseller, tax included.
    pub fn own(customer_id: Uuid, period: Period, n: u32) -> Self {
        let account_id = ids::derived(&["test", "account", &customer_id.to_string()]);
        Self { customer_id, account_id, route: Route::Own, period, n }
    }

    pub fn invoice_id(&self) -> Uuid {
        ids::period_invoice(self.route.billed_party(self.customer_id), Currency::EUR, self.period, self.n)
    }

    /// # Errors
    /// None with these amounts.
    pub fn contents(&self) -> Result<InvoiceContents, Refusal> {
        let treatment = Treatment { category: TaxCategory::S, rate: Decimal::from(19), note: None };
        self.contents_at(UnitPrice::from(euro(100)), treatment)
    }

    /// So many cents in all, without tax.
    ///
    /// # Errors
    /// None with amounts that fit.
    pub fn exempt(&self, cents: i64) -> Result<InvoiceContents, Refusal> {
        let note = Some("Exempt from tax.".to_owned());
        let treatment = Treatment { category: TaxCategory::E, rate: Decimal::ZERO, note };
        self.contents_at(UnitPrice::rounded(Decimal::new(cents, 4), Currency::EUR), treatment)
    }

    fn contents_at(&self, unit_price: UnitPrice, treatment: Treatment) -> Result<InvoiceContents, Refusal> {
        let lines = vec![self.line(unit_price)?];
        Ok(InvoiceContents {
            invoice_id: self.invoice_id(),
            kind: InvoiceKind::Period,
            customer_id: self.route.billed_party(self.customer_id),
            reseller_id: match self.route {
                Route::Agency { reseller_id } => Some(reseller_id),
                Route::Own | Route::Resale { .. } => None,
            },
            seller_entity: "seller-de".to_owned(),
            period: self.period,
            n: self.n,
            run_id: None,
            order_id: None,
            currency: Currency::EUR,
            tax_point: self.period.last_day(),
            totals: Totals::of(Currency::EUR, &lines, &treatment)?,
            treatment,
            line_count: 1,
            lines,
        })
    }

    fn line(&self, unit_price: UnitPrice) -> Result<InvoiceLine, Refusal> {
        let subject = Subject {
            subscription_id: ids::derived(&["test", "subscription"]),
            provider_subscription_id: "sub-1".to_owned(),
            order_id: ids::derived(&["test", "order"]),
            account_id: self.account_id,
            customer_id: self.customer_id,
            service_name: "Office".to_owned(),
            sku: "office".to_owned(),
        };
        let prices = Prices {
            unit_price,
            reseller_unit_price: (self.route != Route::Own).then(|| UnitPrice::from(euro(90))),
            unit_cost: euro(80),
            discountable: true,
        };
        let from = self.period.first_day();
        let charge = Charge::prepaid(subject.subscription_id, from, BillingCycle::Month, SEATS, prices);
        let charge = charge.ok_or(Refusal::AmountOverflow)?;
        let commission = Commission { scheme: CommissionScheme::Difference, percent: None };
        let terms = LineTerms {
            route: self.route,
            discount_percent: Decimal::ZERO,
            commission: Some(&commission),
            end_customer: Some(EndCustomer { name: END_CUSTOMER, discount_percent: Decimal::ZERO }),
        };
        InvoiceLine::new(1, &subject, &charge, &terms)
    }
}

/// So many cents.
pub fn euro(cents: i64) -> Money {
    Money::rounded(Decimal::new(cents, 2), Currency::EUR)
}

/// Drafts it, or issues it with this book date.
#[derive(Debug, Clone, Copy)]
pub struct WriteInvoice {
    pub bill: Bill,
    pub issued_on: Option<NaiveDate>,
}

impl Command for WriteInvoice {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        let contents = self.bill.contents()?;
        match self.issued_on {
            Some(day) => invoice::issue_in(work, contents, day).await?,
            None => invoice::draft_in(work, contents).await?,
        }
        Ok(Answer::resource(201, StreamId::new(AggregateType::Invoice, self.bill.invoice_id())))
    }
}

/// Issues one of so many cents, tax included, for what gateways make of an amount.
#[derive(Debug, Clone, Copy)]
pub struct WriteExempt {
    pub bill: Bill,
    pub cents: i64,
    pub issued_on: NaiveDate,
}

impl Command for WriteExempt {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        invoice::issue_in(work, self.bill.exempt(self.cents)?, self.issued_on).await?;
        Ok(Answer::resource(201, StreamId::new(AggregateType::Invoice, self.bill.invoice_id())))
    }
}

/// Puts money to a customer's credit.
#[derive(Debug, Clone, Copy)]
pub struct Deposit {
    pub customer_id: Uuid,
    pub amount: Money,
}

impl Command for Deposit {
    const OPERATION: Operation = Operation::System;

    async fn run(&self, work: &mut Work<'_>) -> Result<Answer, Failure> {
        balance::credit_in(work, self.customer_id, self.amount, BalanceSource::Payment(Uuid::nil())).await?;
        let id = ids::balance(self.customer_id, self.amount.currency());
        Ok(Answer::resource(200, StreamId::new(AggregateType::Balance, id)))
    }
}
