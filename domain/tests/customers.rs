//! Customers and their accounts: what may happen to them, and that folding is the same however it is cut.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use chrono::{DateTime, Utc};
use cqrs_es::test::{AggregateTestExecutor, TestFramework};
use domain::account::{AccountCommand, AccountEvent, AccountRules, AccountState, AccountStatus, OpenAccount};
use domain::customer::{
    ContactDetails, CustomerCommand, CustomerEvent, CustomerKind, CustomerRules, CustomerStatus, PostalAddress,
    RegisterCustomer, Terms,
};
use domain::decider::{Fact, OwnedAsked, fold};
use domain::price_rule::PriceRuleRules;
use domain::service::ServiceRules;
use domain::{Actor, Asked, Currency, Decided, Decider, Folded, PersonalKind, PersonalRef, Refusal, codec, ids};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

const CUSTOMER: Uuid = Uuid::from_u128(1);
const RESELLER: Uuid = Uuid::from_u128(2);
const ACCOUNT: Uuid = Uuid::from_u128(3);

fn asked<C>(command: C) -> OwnedAsked<C> {
    OwnedAsked { at: DateTime::<Utc>::UNIX_EPOCH, by: Actor::system("test"), command }
}

fn given<D: Decider>(events: &[D::Event]) -> AggregateTestExecutor<Folded<D>> {
    TestFramework::<Folded<D>>::with(()).given(events.to_vec())
}

fn decide<D: Decider>(events: &[D::Event], command: &D::Command) -> Result<Decided<D::Event>, Refusal> {
    let asked = Asked { at: DateTime::<Utc>::UNIX_EPOCH, by: &Actor::system("test"), command };
    D::decide(&fold::<D>(events), &asked)
}

fn contact() -> ContactDetails {
    ContactDetails { name: "Contact One".to_owned(), email: "one@customer.example".to_owned(), phone: None }
}

fn registration() -> RegisterCustomer {
    RegisterCustomer {
        customer_id: CUSTOMER,
        name: "Acker".to_owned(),
        kind: CustomerKind::Direct,
        reseller: Some(RESELLER),
        seller_entity: "main".to_owned(),
        country: "DE".to_owned(),
        legal_name: None,
        vat_id: Some("DE123456789".to_owned()),
        electronic_address: None,
        buyer_reference: None,
        contact: contact(),
        address: Some(PostalAddress {
            street: "Feldweg 1".to_owned(),
            city: "Ulm".to_owned(),
            postal_code: "89073".to_owned(),
            country: "DE".to_owned(),
        }),
        terms: Terms::standard(Currency::EUR),
    }
}

fn registered() -> CustomerEvent {
    decide::<CustomerRules>(&[], &CustomerCommand::Register(registration())).unwrap().events.remove(0)
}

#[test]
fn registering_keeps_people_out_of_the_event() {
    let decided = decide::<CustomerRules>(&[], &CustomerCommand::Register(registration())).unwrap();
    let CustomerEvent::CustomerRegistered(event) = &decided.events[0] else { panic!("{:?}", decided.events) };
    assert_eq!((event.customer_id, event.reseller_id, event.kind), (CUSTOMER, Some(RESELLER), CustomerKind::Direct));
    let reference = |what| PersonalRef { subject: ids::subject(CUSTOMER, what), revision: 1 };
    assert_eq!((event.contact, event.address), (reference("contact"), Some(reference("address"))));
    let fields: Vec<_> = decided.personal.iter().map(|data| json!(data.fields)).collect();
    assert_eq!(fields[0], json!({"name": "Contact One", "email": "one@customer.example", "phone": null}));
    assert_eq!(fields[1], json!({"street": "Feldweg 1", "city": "Ulm", "postal_code": "89073", "country": "DE"}));
    assert!(decided.personal.iter().all(|data| data.kind == PersonalKind::Person && data.customer_id == CUSTOMER));
    let stored = codec::encode(&decided.events[0].clone().into()).unwrap();
    assert!(!stored.contains("Contact One") && !stored.contains("Feldweg"), "{stored}");
}

#[test]
fn contact_fields_read_back_as_the_same_contact() {
    let contact = ContactDetails { phone: Some("+49 731 1".to_owned()), ..contact() };
    assert_eq!(serde_json::from_value::<ContactDetails>(contact.to_fields().into()).unwrap(), contact);
    assert_eq!(json!(contact), json!(contact.to_fields()));
}

#[test]
fn a_registered_customer_is_active_with_its_terms() {
    let state = fold::<CustomerRules>(&[registered()]);
    let customer = state.known().unwrap();
    assert_eq!((customer.id, customer.status, customer.status.name()), (CUSTOMER, CustomerStatus::Active, "active"));
    assert_eq!(customer.terms, Terms::standard(Currency::EUR));
}

#[test]
fn registering_again_changes_nothing() {
    given::<CustomerRules>(&[registered()])
        .when(asked(CustomerCommand::Register(registration())))
        .then_expect_events(vec![]);
    let other = RegisterCustomer { customer_id: ACCOUNT, ..registration() };
    given::<CustomerRules>(&[registered()])
        .when(asked(CustomerCommand::Register(other)))
        .then_expect_error(Refusal::InvalidState { state: "active" });
}

#[test]
fn only_a_direct_customer_may_have_a_reseller() {
    let nested = RegisterCustomer { kind: CustomerKind::Reseller, ..registration() };
    given::<CustomerRules>(&[])
        .when(asked(CustomerCommand::Register(nested.clone())))
        .then_expect_error(Refusal::ResellerNotAllowed);
    let reseller = RegisterCustomer { reseller: None, ..nested };
    assert_eq!(decide::<CustomerRules>(&[], &CustomerCommand::Register(reseller)).unwrap().events.len(), 1);
}

#[test]
fn terms_are_replaced_and_percentages_plain() {
    let percent = |text: &str| text.parse::<Decimal>().unwrap();
    let terms = Terms { discount_percent: percent("12.50"), ..Terms::standard(Currency::EUR) };
    let set = CustomerCommand::SetTerms { terms: terms.clone() };
    let decided = decide::<CustomerRules>(&[registered()], &set).unwrap();
    assert_eq!(json!(decided.events[0])["CommercialTermsSet"]["terms"]["discount_percent"], json!("12.5"));
    let history = [registered(), decided.events[0].clone()];
    assert_eq!(fold::<CustomerRules>(&history).known().unwrap().terms, terms);
    given::<CustomerRules>(&history).when(asked(set)).then_expect_events(vec![]);
}

#[test]
fn terms_of_nobody_are_not_found() {
    given::<CustomerRules>(&[])
        .when(asked(CustomerCommand::SetTerms { terms: Terms::standard(Currency::EUR) }))
        .then_expect_error(Refusal::NotFound);
}

fn opened() -> AccountEvent {
    AccountEvent::AccountOpened {
        account_id: ACCOUNT,
        customer_id: CUSTOMER,
        reseller_id: None,
        name: "Office".to_owned(),
        contact: None,
    }
}

fn linked() -> AccountEvent {
    AccountEvent::AccountLinked { provider_account_id: "p-1".to_owned() }
}

fn refused() -> AccountEvent {
    AccountEvent::AccountRefused { reason: "no service there".to_owned() }
}

fn open() -> AccountCommand {
    AccountCommand::Open(OpenAccount {
        account_id: ACCOUNT,
        customer_id: CUSTOMER,
        reseller_id: None,
        name: "Office".to_owned(),
        contact: None,
    })
}

fn link(id: &str) -> AccountCommand {
    AccountCommand::Link { provider_account_id: id.to_owned() }
}

fn refuse() -> AccountCommand {
    AccountCommand::Refuse { reason: "no service there".to_owned() }
}

fn close() -> AccountCommand {
    AccountCommand::Close { has_live_subscriptions: false }
}

fn rename(name: &str, contact: Option<ContactDetails>) -> AccountCommand {
    AccountCommand::ChangeDetails { name: name.to_owned(), contact }
}

/// Every state of an account, by its history.
fn histories() -> [(&'static str, Vec<AccountEvent>); 4] {
    [
        ("pending", vec![opened()]),
        ("active", vec![opened(), linked()]),
        ("refused", vec![opened(), refused()]),
        ("closed", vec![opened(), linked(), AccountEvent::AccountClosed {}]),
    ]
}

/// Columns: pending, active, refused, closed. A name is the event written, `-` a success without one, `x` a refusal.
#[test]
fn every_state_answers_every_command() {
    let table = [
        (open(), ["-", "-", "-", "-"]),
        (link("p-1"), ["AccountLinked", "-", "x", "x"]),
        (link("p-2"), ["AccountLinked", "x", "x", "x"]),
        (refuse(), ["AccountRefused", "x", "-", "x"]),
        (rename("Works", None), ["AccountDetailsChanged", "AccountDetailsChanged", "AccountDetailsChanged", "x"]),
        (close(), ["x", "AccountClosed", "AccountClosed", "-"]),
    ];
    for (command, answers) in table {
        for ((state, history), expected) in histories().into_iter().zip(answers) {
            let answer = match decide::<AccountRules>(&history, &command) {
                Ok(decided) => decided.events.first().map_or("-", Fact::name),
                Err(refusal) => {
                    assert_eq!(refusal, Refusal::InvalidState { state });
                    "x"
                }
            };
            assert_eq!(answer, expected, "{command:?} while {state}");
            assert_eq!(fold::<AccountRules>(&history).known().unwrap().status.name(), state);
        }
    }
}

#[test]
fn nothing_but_opening_is_possible_before_it() {
    for command in [link("p-1"), refuse(), close(), rename("x", None)] {
        given::<AccountRules>(&[]).when(asked(command)).then_expect_error(Refusal::NotFound);
    }
    given::<AccountRules>(&[]).when(asked(open())).then_expect_events(vec![opened()]);
}

#[test]
fn an_account_in_use_stays_open() {
    let in_use = AccountCommand::Close { has_live_subscriptions: true };
    given::<AccountRules>(&[opened(), linked()]).when(asked(in_use)).then_expect_error(Refusal::HasSubscriptions);
}

#[test]
fn contacts_of_an_account_never_reuse_a_revision() {
    let mut history = vec![opened()];
    let mut revisions = Vec::new();
    for contact in [Some(contact()), None, Some(contact())] {
        let decided = decide::<AccountRules>(&history, &rename("Office", contact)).unwrap();
        revisions.extend(decided.personal.iter().map(|data| (data.reference.revision, data.customer_id)));
        history.extend(decided.events);
    }
    assert_eq!(revisions, [(1, CUSTOMER), (2, CUSTOMER)]);
    let AccountState::Known(account) = fold::<AccountRules>(&history) else { panic!("no account") };
    let subject = ids::subject(ACCOUNT, "contact");
    assert_eq!((account.contact, account.contact_revision), (Some(PersonalRef { subject, revision: 2 }), 2));
    assert_eq!(account.status, AccountStatus::Pending);
}

#[test]
fn details_that_already_hold_are_no_change() {
    given::<AccountRules>(&[opened()]).when(asked(rename("Office", None))).then_expect_events(vec![]);
}

/// One event of each name, as the golden files have them.
fn samples<D: Decider>() -> Vec<D::Event> {
    let sample = |(name, version): &(&str, &str)| {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
        let path = format!("{folder}/{}/{name}.{version}.json", D::TYPE.name());
        let event = codec::decode(D::TYPE.name(), name, version, &std::fs::read_to_string(path).unwrap()).unwrap();
        D::Event::of(&event).unwrap().clone()
    };
    D::Event::ALL.iter().map(sample).collect()
}

/// Any order of events, also ones the rules would never write, cut anywhere and kept as JSON in between.
fn cut_anywhere<D: Decider>(picks: &[prop::sample::Index], cut: &prop::sample::Index) {
    let samples = samples::<D>();
    let events: Vec<_> = picks.iter().map(|pick| pick.get(&samples).clone()).collect();
    let (before, after) = events.split_at(cut.index(events.len() + 1));
    let kept = serde_json::to_string(&fold::<D>(before)).unwrap();
    let mut state: D::State = serde_json::from_str(&kept).unwrap();
    after.iter().for_each(|event| D::evolve(&mut state, event));
    assert_eq!(state, fold::<D>(&events));
}

proptest! {
    #[test]
    fn folding_in_parts_is_folding_the_whole(
        picks in prop::collection::vec(any::<prop::sample::Index>(), 0..20),
        cut: prop::sample::Index,
    ) {
        cut_anywhere::<CustomerRules>(&picks, &cut);
        cut_anywhere::<AccountRules>(&picks, &cut);
        cut_anywhere::<ServiceRules>(&picks, &cut);
        cut_anywhere::<PriceRuleRules>(&picks, &cut);
    }
}
