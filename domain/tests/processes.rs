//! What the product does by itself: given events, then effects.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::{BTreeMap, HashMap};

use chrono::NaiveDate;
use domain::account::AccountEvent;
use domain::order::{OrderDetails, OrderEvent, PaymentMode};
use domain::process::provision::ProvisionState;
use domain::process::{Effect, Process, Provision, catalogue};
use domain::service::{BillingCycle, CatalogueItem, Offer, ServiceCommand, Term};
use domain::{AggregateType, Currency, Event, Money, StreamId, ids};
use uuid::Uuid;

const ACCOUNT: Uuid = Uuid::from_u128(0xacc);
const OTHER_ACCOUNT: Uuid = Uuid::from_u128(0xacc2);
const FIRST: Uuid = Uuid::from_u128(1);
const SECOND: Uuid = Uuid::from_u128(2);

/// A process with all its instances, fed as the runtime feeds it: states are stored between two events.
#[derive(Default)]
struct Running(HashMap<String, String>);

impl Running {
    fn sees(&mut self, aggregate: AggregateType, id: Uuid, event: impl Into<Event>) -> Vec<Effect> {
        let (stream, event) = (StreamId::new(aggregate, id), event.into());
        let Some((key, news)) = Provision::news(&event, &stream) else {
            return Vec::new();
        };
        let mut state = self.state(&key);
        let effects = Provision::react(&mut state, news);
        self.0.insert(key, serde_json::to_string(&state).unwrap());
        effects
    }

    fn account(&mut self, id: Uuid, event: AccountEvent) -> Vec<Effect> {
        self.sees(AggregateType::Account, id, event)
    }

    fn order(&mut self, id: Uuid, event: OrderEvent) -> Vec<Effect> {
        self.sees(AggregateType::Order, id, event)
    }

    fn state(&self, key: &str) -> ProvisionState {
        self.0.get(key).map(|stored| serde_json::from_str(stored).unwrap()).unwrap_or_default()
    }
}

fn opened(account_id: Uuid) -> AccountEvent {
    let (customer_id, name) = (Uuid::from_u128(0xc), "Main".to_owned());
    AccountEvent::AccountOpened { account_id, customer_id, reseller_id: None, name, contact: None }
}

fn linked() -> AccountEvent {
    AccountEvent::AccountLinked { provider_account_id: "acct-1".to_owned() }
}

fn details(order_id: Uuid, account_id: Uuid, payment: PaymentMode) -> OrderDetails {
    OrderDetails {
        order_id,
        account_id,
        customer_id: Uuid::from_u128(0xc),
        reseller_id: None,
        name: None,
        payment,
        purchase_order: None,
        ordered_at: "2026-10-03T09:00:00Z".parse().unwrap(),
        currency: Currency::EUR,
        lines: Vec::new(),
        net: Money::zero(Currency::EUR),
        taxes: Vec::new(),
        total: Money::zero(Currency::EUR),
    }
}

fn placed(order_id: Uuid, account_id: Uuid) -> OrderEvent {
    OrderEvent::OrderPlaced { details: details(order_id, account_id, PaymentMode::Invoice) }
}

fn paid() -> OrderEvent {
    let (payment_id, at) = (Uuid::from_u128(0xa1), "2026-10-05T09:00:04Z".parse().unwrap());
    OrderEvent::OrderPaid { payment_id, account_id: ACCOUNT, at }
}

#[test]
fn an_opened_account_is_opened_at_the_provider() {
    let mut provision = Running::default();
    assert_eq!(provision.account(ACCOUNT, opened(ACCOUNT)), [Effect::OpenAccount { account_id: ACCOUNT }]);
}

#[test]
fn an_order_on_a_linked_account_goes_out_at_once() {
    let mut provision = Running::default();
    provision.account(ACCOUNT, opened(ACCOUNT));
    provision.account(ACCOUNT, linked());
    assert_eq!(provision.order(FIRST, placed(FIRST, ACCOUNT)), [Effect::SubmitOrder { order_id: FIRST }]);
}

#[test]
fn orders_on_a_pending_account_go_out_once_it_is_linked_in_the_order_they_came() {
    let mut provision = Running::default();
    provision.account(ACCOUNT, opened(ACCOUNT));
    assert_eq!(provision.order(FIRST, placed(FIRST, ACCOUNT)), []);
    assert_eq!(provision.order(SECOND, placed(SECOND, ACCOUNT)), []);
    let expected = [Effect::SubmitOrder { order_id: FIRST }, Effect::SubmitOrder { order_id: SECOND }];
    assert_eq!(provision.account(ACCOUNT, linked()), expected);
    assert_eq!(provision.account(ACCOUNT, linked()), []);
}

#[test]
fn accounts_do_not_release_each_others_orders() {
    let mut provision = Running::default();
    assert_eq!(provision.order(FIRST, placed(FIRST, ACCOUNT)), []);
    assert_eq!(provision.account(OTHER_ACCOUNT, linked()), []);
    assert_eq!(provision.state(&ACCOUNT.to_string()).waiting, [FIRST]);
}

#[test]
fn a_refused_account_that_is_linked_by_hand_still_releases_its_orders() {
    let mut provision = Running::default();
    provision.order(FIRST, placed(FIRST, ACCOUNT));
    assert_eq!(provision.account(ACCOUNT, AccountEvent::AccountRefused { reason: "unknown-country".to_owned() }), []);
    assert_eq!(provision.account(ACCOUNT, linked()), [Effect::SubmitOrder { order_id: FIRST }]);
}

/// Whoever is to send them out finds the account closed, and cancels them.
#[test]
fn a_closed_account_releases_what_waited_for_it() {
    let mut provision = Running::default();
    provision.order(FIRST, placed(FIRST, ACCOUNT));
    provision.order(SECOND, paid());
    let expected = [Effect::SubmitOrder { order_id: FIRST }, Effect::SubmitOrder { order_id: SECOND }];
    assert_eq!(provision.account(ACCOUNT, AccountEvent::AccountClosed {}), expected);
    assert_eq!(provision.account(ACCOUNT, AccountEvent::AccountClosed {}), []);
}

#[test]
fn nothing_waits_for_a_closed_account() {
    for before in [vec![], vec![linked()]] {
        let mut provision = Running::default();
        for event in before.into_iter().chain([AccountEvent::AccountClosed {}]) {
            assert_eq!(provision.account(ACCOUNT, event), []);
        }
        assert_eq!(provision.order(SECOND, paid()), [Effect::SubmitOrder { order_id: SECOND }]);
        assert!(provision.state(&ACCOUNT.to_string()).waiting.is_empty());
    }
}

#[test]
fn a_state_stored_before_closing_was_remembered_is_read() {
    let stored = format!(r#"{{"linked":false,"waiting":["{FIRST}"]}}"#);
    let mut provision = Running([(ACCOUNT.to_string(), stored)].into());
    let expected = [Effect::SubmitOrder { order_id: FIRST }];
    assert_eq!(provision.account(ACCOUNT, AccountEvent::AccountClosed {}), expected);
}

#[test]
fn prepaid_and_scheduled_orders_do_not_go_out() {
    let mut provision = Running::default();
    provision.account(ACCOUNT, linked());
    let details = details(FIRST, ACCOUNT, PaymentMode::Prepaid);
    assert_eq!(provision.order(FIRST, OrderEvent::OrderPlaced { details: details.clone() }), []);
    let start_on = NaiveDate::from_ymd_opt(2026, 11, 1).unwrap();
    assert_eq!(provision.order(FIRST, OrderEvent::OrderScheduled { details, start_on }), []);
    assert!(provision.state(&ACCOUNT.to_string()).waiting.is_empty());
}

#[test]
fn a_prepaid_order_goes_out_once_it_is_paid_and_the_account_is_there() {
    let mut provision = Running::default();
    provision.account(ACCOUNT, linked());
    assert_eq!(provision.order(FIRST, paid()), [Effect::SubmitOrder { order_id: FIRST }]);
    let mut provision = Running::default();
    provision.account(ACCOUNT, opened(ACCOUNT));
    assert_eq!(provision.order(FIRST, paid()), []);
    assert_eq!(provision.account(ACCOUNT, linked()), [Effect::SubmitOrder { order_id: FIRST }]);
}

#[test]
fn a_submitted_order_is_watched_and_a_cancellation_is_passed_on() {
    let mut provision = Running::default();
    let submitted = OrderEvent::OrderSubmitted { provider_order_id: "po-1".to_owned() };
    assert_eq!(provision.order(FIRST, submitted), [Effect::WatchOrder { order_id: FIRST }]);
    let effects = provision.order(FIRST, OrderEvent::OrderCancellationRequested {});
    assert_eq!(effects, [Effect::CancelOrder { order_id: FIRST }]);
    assert_eq!(provision.state(&FIRST.to_string()), ProvisionState::default());
}

#[test]
fn effects_say_what_and_about_what() {
    let effects = [
        (Effect::OpenAccount { account_id: ACCOUNT }, ACCOUNT.to_string()),
        (Effect::SubmitOrder { order_id: FIRST }, FIRST.to_string()),
        (Effect::WatchOrder { order_id: FIRST }, FIRST.to_string()),
        (Effect::CancelOrder { order_id: FIRST }, FIRST.to_string()),
        (Effect::SyncCatalogue {}, "catalogue".to_owned()),
    ];
    for (effect, subject) in effects {
        let stored = serde_json::to_value(&effect).unwrap();
        assert_eq!(stored["kind"], effect.name());
        assert_eq!(effect.subject(), subject);
        assert_eq!(serde_json::from_value::<Effect>(stored).unwrap(), effect);
    }
}

#[test]
fn the_catalogue_is_read_once_a_day() {
    let day = |d| NaiveDate::from_ymd_opt(2026, 10, d).unwrap();
    assert_eq!(catalogue::due(None, day(3)), Some(Effect::SyncCatalogue {}));
    assert_eq!(catalogue::due(Some(day(2)), day(3)), Some(Effect::SyncCatalogue {}));
    assert_eq!(catalogue::due(Some(day(3)), day(3)), None);
}

fn item(sku: &str, name: &str) -> CatalogueItem {
    CatalogueItem {
        service_id: ids::service("ccp", sku),
        provider: "ccp".to_owned(),
        sku: sku.to_owned(),
        offer: Offer {
            name: name.to_owned(),
            description: String::new(),
            publisher: "Officeware".to_owned(),
            term: Term::Month,
            billing_cycle: BillingCycle::Month,
            min_quantity: 1,
            max_quantity: 300,
            cancellation_window_hours: None,
            features: Vec::new(),
        },
        list_price: Money::zero(Currency::EUR),
        unit_cost: Money::zero(Currency::EUR),
    }
}

#[test]
fn what_the_catalogue_no_longer_holds_is_withdrawn_and_the_rest_synced() {
    let active = ["OB", "AR"].map(|sku| ids::service("ccp", sku));
    let offered = vec![item("OB", "Office"), item("NEW", "Backup"), item("OB", "Office Basic")];
    let asked: BTreeMap<Uuid, Option<String>> = catalogue::commands(&active, offered)
        .into_iter()
        .map(|(service, command)| match command {
            ServiceCommand::Sync(item) => (service, Some(item.offer.name)),
            ServiceCommand::Withdraw => (service, None),
        })
        .collect();
    let expected = [("OB", Some("Office Basic")), ("AR", None), ("NEW", Some("Backup"))];
    let expected = expected.map(|(sku, name)| (ids::service("ccp", sku), name.map(str::to_owned)));
    assert_eq!(asked, BTreeMap::from(expected));
}
