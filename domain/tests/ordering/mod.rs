//! Words for tests about orders: what is asked, and what happened.
#![allow(dead_code)]

use chrono::{DateTime, NaiveDate, Utc};
use domain::account::AccountStatus;
use domain::decider::{OwnedAsked, fold};
use domain::order::{
    LineOutcome, OrderCommand, OrderEvent, OrderRules, OrderState, OrderingAccount, PaymentMode, PlaceOrder,
    RequestedLine,
};
use domain::pricing::Quote;
use domain::service::{BillingCycle, Offer, Service, ServiceStatus, Term};
use domain::tax::{TaxCategory, Treatment};
use domain::{Actor, Asked, Currency, Decided, Decider, Money, Refusal, UnitPrice, ids};
use rust_decimal::Decimal;
use uuid::Uuid;

pub const ORDER: Uuid = Uuid::from_u128(0x0d);
pub const ACCOUNT: Uuid = Uuid::from_u128(0xacc);

pub fn at() -> DateTime<Utc> {
    "2026-10-03T09:00:00Z".parse().unwrap()
}

pub fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub fn eur(amount: &str) -> Money {
    Money::rounded(amount.parse::<Decimal>().unwrap(), Currency::EUR)
}

/// 1 to 300 seats, cost 14.00, list price 20.00.
pub fn office_basic() -> Service {
    Service {
        id: ids::service("ccp", "OB"),
        provider: "ccp".to_owned(),
        sku: "OB".to_owned(),
        offer: Offer {
            name: "Office Basic".to_owned(),
            description: "Mail and documents".to_owned(),
            publisher: "Officeware".to_owned(),
            term: Term::Month,
            billing_cycle: BillingCycle::Month,
            min_quantity: 1,
            max_quantity: 300,
            cancellation_window_hours: Some(168),
            features: vec!["mail".to_owned()],
        },
        list_price: eur("20.00"),
        unit_cost: eur("14.00"),
        status: ServiceStatus::Active,
    }
}

/// An order of one line of Office Basic per quantity, each at 17.50 and 19 % tax.
pub fn order(quantities: &[u32]) -> PlaceOrder {
    PlaceOrder {
        order_id: ORDER,
        account: OrderingAccount { account_id: ACCOUNT, status: AccountStatus::Active },
        customer_id: Uuid::from_u128(0xc),
        reseller_id: None,
        customer_suspended: false,
        customer_closed: false,
        customer_is_billed: true,
        discount_percent: Decimal::ZERO,
        name: Some("October".to_owned()),
        payment: PaymentMode::Invoice,
        purchase_order: Some("PO-77".to_owned()),
        start_on: None,
        today: day("2026-10-03"),
        currency: Currency::EUR,
        lines: (1..).zip(quantities).map(|(line, quantity)| requested(line, *quantity)).collect(),
        tax: domestic(),
    }
}

fn requested(line: u32, quantity: u32) -> RequestedLine {
    let service = office_basic();
    let price = Quote {
        unit_price: UnitPrice::from(eur("17.50")),
        reseller_unit_price: None,
        unit_cost: service.unit_cost,
        discountable: true,
        exchange_rate: None,
    };
    RequestedLine { line, service_id: service.id, service: Some(service), quantity, price: Some(price) }
}

pub fn asked(command: OrderCommand) -> OwnedAsked<OrderCommand> {
    OwnedAsked { at: at(), by: Actor::system("test"), command }
}

pub fn decide(state: &OrderState, command: &OrderCommand) -> Result<Decided<OrderEvent>, Refusal> {
    OrderRules::decide(state, &Asked { at: at(), by: &Actor::system("test"), command })
}

pub fn place(order: PlaceOrder) -> OrderCommand {
    OrderCommand::Place(Box::new(order))
}

pub fn submit(provider_order_id: &str) -> OrderCommand {
    OrderCommand::MarkSubmitted { provider_order_id: provider_order_id.to_owned() }
}

pub fn refuse(line: Option<u32>) -> OrderCommand {
    OrderCommand::RefuseAtSubmission { line, reason: "sku-unavailable".to_owned() }
}

pub fn record(lines: Vec<(u32, LineOutcome)>) -> OrderCommand {
    OrderCommand::RecordOutcome { lines }
}

pub fn provisioned(line: u32) -> (u32, LineOutcome) {
    let subscription_id = ids::subscription(ORDER, line);
    (line, LineOutcome::Provisioned { subscription_id, provider_subscription_id: format!("psub-{line}") })
}

pub fn rejected(line: u32) -> (u32, LineOutcome) {
    (line, LineOutcome::Rejected { reason: "sold-out".to_owned() })
}

pub fn given_up(line: u32) -> (u32, LineOutcome) {
    (line, LineOutcome::Cancelled { reason: "cancelled-at-provider".to_owned() })
}

/// The history with what the command adds to it.
pub fn after(mut history: Vec<OrderEvent>, command: OrderCommand) -> Vec<OrderEvent> {
    let decided = decide(&fold::<OrderRules>(&history), &command).unwrap();
    history.extend(decided.events);
    history
}

pub fn placed(quantities: &[u32]) -> Vec<OrderEvent> {
    after(Vec::new(), place(order(quantities)))
}

/// Placed, to be paid before it goes out.
pub fn prepaid(quantities: &[u32]) -> Vec<OrderEvent> {
    after(Vec::new(), place(PlaceOrder { payment: PaymentMode::Prepaid, ..order(quantities) }))
}

pub fn scheduled(quantities: &[u32]) -> Vec<OrderEvent> {
    after(Vec::new(), place(PlaceOrder { start_on: Some(day("2026-11-01")), ..order(quantities) }))
}

pub fn submitted(quantities: &[u32]) -> Vec<OrderEvent> {
    after(placed(quantities), submit("po-1"))
}

pub fn is_submitted(provider_order_id: &str) -> OrderEvent {
    OrderEvent::OrderSubmitted { provider_order_id: provider_order_id.to_owned() }
}

pub fn line_provisioned(line: u32) -> OrderEvent {
    let subscription_id = ids::subscription(ORDER, line);
    OrderEvent::OrderLineProvisioned { line, subscription_id, provider_subscription_id: format!("psub-{line}") }
}

pub fn line_rejected(line: u32, reason: &str) -> OrderEvent {
    OrderEvent::OrderLineRejected { line, reason: reason.to_owned() }
}

pub fn line_cancelled(line: u32, reason: &str) -> OrderEvent {
    OrderEvent::OrderLineCancelled { line, reason: reason.to_owned() }
}

pub fn invalid(state: &'static str) -> Refusal {
    Refusal::InvalidState { state }
}

/// Seller and customer in one country: the standard rate.
fn domestic() -> Treatment {
    Treatment { category: TaxCategory::S, rate: Decimal::from(19), note: None }
}
