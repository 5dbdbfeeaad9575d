//! Orders that are paid in advance: what they cost, what is invoiced when they are paid, and what is given back.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod ordering;

use domain::billing::{ChargeKey, ChargeKind, DayFactor, InvoiceLine, Period, order as billing};
use domain::charge_ledger::{ChargeLedgerCommand, ChargeLedgerEvent, ChargeLedgerRules, ChargeLedgerState};
use domain::customer::{Commission, CommissionScheme};
use domain::decider::fold;
use domain::invoice::InvoiceKind;
use domain::order::{LineOutcome, Order, OrderCommand, OrderEvent, OrderRules, PaymentMode, PlaceOrder};
use domain::service::{BillingCycle, Service, Term};
use domain::tax::{TaxCategory, Treatment};
use domain::{Actor, Asked, Decider, Refusal, UnitPrice, ids};
use rust_decimal::Decimal;
use uuid::Uuid;

use ordering::*;

const PAYMENT: Uuid = Uuid::from_u128(0x9a);
const RESELLER: Uuid = Uuid::from_u128(0x4e);

/// Four seats of Office Basic for a month and two of an archive for a year.
fn wanted() -> PlaceOrder {
    let mut wanted = PlaceOrder { payment: PaymentMode::Prepaid, ..order(&[4, 2]) };
    let archive = &mut wanted.lines[1];
    let office = office_basic();
    let offer = domain::service::Offer { term: Term::Year, billing_cycle: BillingCycle::Year, ..office.offer.clone() };
    archive.service = Some(Service { sku: "AR".to_owned(), offer, unit_cost: eur("120.00"), ..office });
    let price = archive.price.as_mut().unwrap();
    (price.unit_price, price.unit_cost) = (UnitPrice::from(eur("150.00")), eur("120.00"));
    wanted
}

fn discounted(percent: i64) -> PlaceOrder {
    PlaceOrder { discount_percent: Decimal::from(percent), ..wanted() }
}

fn told(wanted: PlaceOrder, commands: &[OrderCommand]) -> Order {
    let history =
        commands.iter().fold(after(Vec::new(), place(wanted)), |history, command| after(history, command.clone()));
    fold::<OrderRules>(&history).known().unwrap().clone()
}

fn paid() -> [OrderCommand; 2] {
    paid_with(None)
}

fn paid_with(tax: Option<Treatment>) -> [OrderCommand; 2] {
    [OrderCommand::RequestPayment { payment_id: PAYMENT, tax }, OrderCommand::MarkPaid { payment_id: PAYMENT }]
}

fn paid_on(day: &str) -> billing::OrderPaid<'static> {
    billing::OrderPaid { on: ordering::day(day), seller_entity: "main", reseller_id: None, commission: None }
}

fn amounts(lines: &[InvoiceLine]) -> Vec<[String; 2]> {
    lines.iter().map(|line| [line.discount, line.amount].map(|money| money.amount().to_string())).collect()
}

#[test]
fn what_is_paid_in_advance_is_paid_less_the_discount() {
    let order = told(discounted(10), &[]);
    let amounts: Vec<_> = order.details.lines.iter().map(|line| line.amount).collect();
    assert_eq!(amounts, [eur("63.00"), eur("270.00")]);
    assert_eq!((order.details.net, order.details.total), (eur("333.00"), eur("396.27")));
    let by_invoice = told(PlaceOrder { payment: PaymentMode::Invoice, ..discounted(10) }, &[]);
    assert_eq!(by_invoice.details.net, eur("370.00"), "an invoice takes it off");
    let mut fixed = discounted(10);
    fixed.lines[0].price.as_mut().unwrap().discountable = false;
    assert_eq!(told(fixed, &[]).details.net, eur("340.00"), "a fixed price has none");
}

#[test]
fn without_anything_to_pay_there_is_nothing_to_pay_in_advance() {
    let problem = Err(Refusal::NothingToPrepay);
    assert_eq!(decide(&fold::<OrderRules>(&[]), &place(discounted(100))).map(|decided| decided.events), problem);
    let by_invoice = PlaceOrder { payment: PaymentMode::Invoice, ..discounted(100) };
    assert!(decide(&fold::<OrderRules>(&[]), &place(by_invoice)).is_ok());
}

#[test]
fn the_invoice_has_what_was_charged() {
    let order = told(wanted(), &paid());
    let contents = billing::invoice(&order, &paid_on("2026-10-05")).unwrap();
    assert_eq!((contents.invoice_id, contents.kind), (ids::order_invoice(ORDER), InvoiceKind::Order));
    assert_eq!((contents.tax_point, contents.period.to_string()), (day("2026-10-05"), "2026-10".to_owned()));
    let totals = &contents.totals;
    assert_eq!([totals.charges, totals.discounts, totals.net], [eur("370.00"), eur("0.00"), eur("370.00")]);
    assert_eq!((totals.taxes[0].amount, totals.total), (eur("70.30"), eur("440.30")));
    assert_eq!((contents.treatment.category, contents.treatment.rate), (TaxCategory::S, Decimal::from(19)));
    let told: Vec<_> =
        contents.lines.iter().map(|line| (line.line, line.charge, line.from, line.to, line.quantity)).collect();
    let expected = [
        (1, ChargeKind::New, day("2026-10-05"), day("2026-11-05"), 4),
        (2, ChargeKind::New, day("2026-10-05"), day("2027-10-05"), 2),
    ];
    assert_eq!(told, expected);
    assert_eq!(contents.lines[0].factor, DayFactor::new(31, 31).unwrap());
    assert_eq!(amounts(&contents.lines), [["0.00", "70.00"], ["0.00", "300.00"]]);
    assert_eq!([contents.lines[0].cost, contents.lines[1].cost], [eur("56.00"), eur("240.00")]);
    assert_eq!(contents.lines[0].subscription_id, ids::subscription(ORDER, 1));
}

#[test]
fn the_tax_is_that_of_the_day_it_is_paid() {
    let standard = |rate| Treatment { category: TaxCategory::S, rate: Decimal::from(rate), note: None };
    let history = after(after(Vec::new(), place(wanted())), paid_with(Some(standard(21)))[0].clone());
    let Some(OrderEvent::OrderPaymentRequested { retaxed: Some(retaxed), .. }) = history.last() else {
        panic!("nothing of the tax: {history:?}");
    };
    assert_eq!((retaxed.taxes[0].amount, retaxed.total), (eur("77.70"), eur("447.70")));
    let order = told(wanted(), &paid_with(Some(standard(21))));
    assert_eq!((order.details.net, order.details.total), (eur("370.00"), eur("447.70")));
    let contents = billing::invoice(&order, &paid_on("2027-01-02")).unwrap();
    assert_eq!((contents.treatment.rate, contents.totals.total), (Decimal::from(21), eur("447.70")));
    // As it was: nothing is said of it.
    let same = after(after(Vec::new(), place(wanted())), paid_with(Some(standard(19)))[0].clone());
    assert!(matches!(same.last(), Some(OrderEvent::OrderPaymentRequested { retaxed: None, .. })), "{same:?}");
}

#[test]
fn the_discount_is_shown_and_the_total_is_what_was_charged() {
    let order = told(discounted(7), &paid());
    let contents = billing::invoice(&order, &paid_on("2026-01-31")).unwrap();
    assert_eq!(amounts(&contents.lines), [["4.90", "65.10"], ["21.00", "279.00"]]);
    assert_eq!(contents.lines[0].to, day("2026-02-28"), "a cycle is clamped to the month's end");
    assert_eq!((contents.totals.charges, contents.totals.discounts), (eur("370.00"), eur("25.90")));
    assert_eq!(contents.totals.total, order.details.total);
}

#[test]
fn a_reseller_earns_on_what_its_customer_pays_in_advance() {
    let mut wanted = discounted(10);
    for (line, price) in wanted.lines.iter_mut().zip(["16.10", "138.00"]) {
        line.price.as_mut().unwrap().reseller_unit_price = Some(UnitPrice::from(eur(price)));
    }
    let order = told(wanted, &paid());
    let earned = |scheme, percent| {
        let terms = Commission { scheme, percent };
        let paid =
            billing::OrderPaid { reseller_id: Some(RESELLER), commission: Some(&terms), ..paid_on("2026-10-05") };
        let contents = billing::invoice(&order, &paid).unwrap();
        assert_eq!(contents.reseller_id, Some(RESELLER));
        contents.lines.iter().map(|line| line.commission).collect::<Vec<_>>()
    };
    assert_eq!(earned(CommissionScheme::Difference, None), [Some(eur("-1.40")), Some(eur("-6.00"))]);
    let twelve = Some(Decimal::from(12));
    assert_eq!(earned(CommissionScheme::Percent, twelve), [Some(eur("7.56")), Some(eur("32.40"))]);
    assert_eq!(earned(CommissionScheme::None, None), [None, None]);
}

#[test]
fn what_came_to_nothing_is_given_back() {
    let submitted = |outcomes: &[(u32, LineOutcome)]| {
        let commands: Vec<_> = paid().into_iter().chain([submit("po-1"), record(outcomes.to_vec())]).collect();
        billing::lost_lines(&told(wanted(), &commands))
    };
    assert_eq!(submitted(&[provisioned(1), rejected(2)]), [2]);
    assert_eq!(submitted(&[provisioned(1), given_up(2)]), [2]);
    assert_eq!(submitted(&[rejected(1), given_up(2)]), [1, 2]);
    assert_eq!(submitted(&[provisioned(1), provisioned(2)]), [0; 0]);
    assert_eq!(submitted(&[rejected(2)]), [0; 0], "it is not over yet");
    let refused: Vec<_> = paid().into_iter().chain([refuse(Some(1))]).collect();
    assert_eq!(billing::lost_lines(&told(wanted(), &refused)), [1, 2]);
    assert_eq!(billing::lost_lines(&told(wanted(), &[OrderCommand::Cancel])), [0; 0], "nobody paid");
}

#[test]
fn all_of_a_cancelled_order_is_given_back_also_what_the_provider_made_too_late() {
    let subscription_id = ids::subscription(ORDER, 1);
    let late = OrderCommand::RecordLate { line: 1, subscription_id, provider_subscription_id: "psub-1".to_owned() };
    let cancelled: Vec<_> = paid().into_iter().chain([OrderCommand::Cancel]).collect();
    assert_eq!(billing::lost_lines(&told(wanted(), &cancelled)), [1, 2]);
    let made: Vec<_> = cancelled.into_iter().chain([late]).collect();
    assert_eq!(billing::lost_lines(&told(wanted(), &made)), [1, 2]);
}

fn first_cycle(line: u32, from: &str) -> ChargeKey {
    ChargeKey { subscription_id: ids::subscription(ORDER, line), kind: ChargeKind::New, from: day(from), n: 0 }
}

fn bill(ledger: &ChargeLedgerState, document: u128, charge: ChargeKey) -> Result<Vec<ChargeLedgerEvent>, Refusal> {
    let document_id = Uuid::from_u128(document);
    let command = ChargeLedgerCommand::Bill { document_id, charges: vec![charge], passed_on: Vec::new() };
    let asked = Asked { at: at(), by: &Actor::system("test"), command: &command };
    ChargeLedgerRules::decide(ledger, &asked).map(|decided| decided.events)
}

#[test]
fn a_first_cycle_is_billed_once_whatever_day_it_begins() {
    let mut ledger = ChargeLedgerState::default();
    for event in bill(&ledger.clone(), 1, first_cycle(1, "2026-10-05")).unwrap() {
        ChargeLedgerRules::evolve(&mut ledger, &event);
    }
    for day in ["2026-10-04", "2026-10-05", "2026-11-12"] {
        assert!(ledger.is_billed(&first_cycle(1, day)), "{day}");
        assert_eq!(bill(&ledger, 2, first_cycle(1, day)), Err(Refusal::InvalidState { state: "billed" }));
    }
    let others = [
        first_cycle(2, "2026-10-05"),
        ChargeKey { kind: ChargeKind::Cycle, ..first_cycle(1, "2026-10-05") },
        // What is passed on of the provider's is counted apart.
        ChargeKey { n: 1_000, ..first_cycle(1, "2026-10-05") },
    ];
    assert!(others.iter().all(|other| !ledger.is_billed(other)));
    let release = ChargeLedgerCommand::Release { document_id: Uuid::from_u128(1) };
    let asked = Asked { at: at(), by: &Actor::system("test"), command: &release };
    for event in ChargeLedgerRules::decide(&ledger.clone(), &asked).unwrap().events {
        ChargeLedgerRules::evolve(&mut ledger, &event);
    }
    assert!(bill(&ledger, 2, first_cycle(1, "2026-11-12")).is_ok());
}

fn at_day(history: &[OrderEvent], command: &OrderCommand, text: &str) -> Result<Vec<OrderEvent>, Refusal> {
    let (at, by) = (text.parse().unwrap(), Actor::system("test"));
    let asked = Asked { at, by: &by, command };
    OrderRules::decide(&fold::<OrderRules>(history), &asked).map(|decided| decided.events)
}

#[test]
fn what_nobody_pays_is_cancelled_after_fourteen_days_and_never_while_a_payment_is_on_its_way() {
    let (cancel, request) = (OrderCommand::CancelUnpaid, paid()[0].clone());
    let placed = after(Vec::new(), place(wanted()));
    let cancelled =
        [line_cancelled(1, "not-paid"), line_cancelled(2, "not-paid"), OrderEvent::OrderCancelled {}].to_vec();
    assert_eq!(at_day(&placed, &cancel, "2026-10-17T08:59:59Z"), Ok(Vec::new()));
    assert_eq!(at_day(&placed, &cancel, "2026-10-17T09:00:00Z"), Ok(cancelled.clone()));
    let pending = after(placed, request);
    assert_eq!(at_day(&pending, &cancel, "2026-12-01T00:00:00Z"), Err(Refusal::PaymentInProgress));
    let failed = OrderCommand::MarkPaymentFailed { payment_id: PAYMENT, reason: "expired".to_owned() };
    assert_eq!(at_day(&after(pending.clone(), failed), &cancel, "2026-12-01T00:00:00Z"), Ok(cancelled));
    let paid = after(pending, paid()[1].clone());
    assert_eq!(at_day(&paid, &cancel, "2026-12-01T00:00:00Z"), Ok(Vec::new()));
    let by_invoice = after(Vec::new(), place(order(&[1])));
    assert_eq!(at_day(&by_invoice, &cancel, "2026-12-01T00:00:00Z"), Ok(Vec::new()));
}

#[test]
fn the_month_of_the_invoice_is_that_of_the_payment() {
    let contents = billing::invoice(&told(wanted(), &paid()), &paid_on("2026-11-01")).unwrap();
    assert_eq!(contents.period, Period::of(day("2026-11-30")));
}
