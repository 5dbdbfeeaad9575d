//! Customers: what may happen to them, and that folding is the same however it is cut.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod people;

use chrono::{DateTime, Utc};
use domain::account::AccountRules;
use domain::customer::{
    Change, ChangeDetails, ContactDetails, CustomerCommand, CustomerEvent, CustomerKind, CustomerRules, CustomerStatus,
    CustomerSuspendedBy, PostalAddress, RegisterCustomer, Terms,
};
use domain::decider::{Fact, fold};
use domain::price_rule::PriceRuleRules;
use domain::service::ServiceRules;
use domain::{Currency, Decider, PersonalKind, PersonalRef, Refusal, codec, ids};
use people::{ACCOUNT, CUSTOMER, RESELLER, asked, contact, decide, given};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;
use uuid::Uuid;

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

/// Every state of a customer, by its history.
fn histories() -> [(&'static str, Vec<CustomerEvent>); 4] {
    let suspended = |by| CustomerEvent::CustomerSuspended { by };
    [
        ("active", vec![registered()]),
        ("suspended by an operator", vec![registered(), suspended(CustomerSuspendedBy::Operator)]),
        ("suspended by dunning", vec![registered(), suspended(CustomerSuspendedBy::Dunning)]),
        ("closed", vec![registered(), CustomerEvent::CustomerClosed {}]),
    ]
}

fn details() -> ChangeDetails {
    let now = fold::<CustomerRules>(&[registered()]).known().unwrap().details();
    ChangeDetails {
        name: now.name,
        seller_entity: now.seller_entity,
        country: now.country,
        legal_name: now.legal_name,
        vat_id: now.vat_id,
        electronic_address: now.electronic_address,
        buyer_reference: now.buyer_reference,
        contact: None,
        address: Change::Keep,
    }
}

fn renamed() -> CustomerCommand {
    CustomerCommand::ChangeDetails(ChangeDetails { name: "Other".to_owned(), ..details() })
}

const fn close(has_open_accounts: bool, has_balance: bool) -> CustomerCommand {
    CustomerCommand::Close { has_open_accounts, has_balance }
}

/// Columns as in [`histories`]. A name is the event written, `-` a success without one, a slug the refusal.
#[test]
fn every_state_answers_every_command() {
    let (operator, dunning) = (CustomerSuspendedBy::Operator, CustomerSuspendedBy::Dunning);
    let move_to = |reseller| CustomerCommand::Move { reseller };
    let (closed, changed) = ("invalid-state", "CustomerDetailsChanged");
    let (suspended, reinstated) = ("CustomerSuspended", "CustomerReinstated");
    let erase = CustomerCommand::ErasePersonalData { subjects: vec![ids::subject(CUSTOMER, "contact")] };
    let terms = Terms { payment_days: 7, ..Terms::standard(Currency::EUR) };
    let table = [
        (CustomerCommand::Register(registration()), ["-", "-", "-", "-"]),
        (
            CustomerCommand::SetTerms { terms },
            ["CommercialTermsSet", "CommercialTermsSet", "CommercialTermsSet", closed],
        ),
        (CustomerCommand::SetTerms { terms: Terms::standard(Currency::EUR) }, ["-", "-", "-", "-"]),
        (renamed(), [changed, changed, changed, closed]),
        (CustomerCommand::ChangeDetails(details()), ["-", "-", "-", "-"]),
        (move_to(None), ["CustomerMoved", "CustomerMoved", "CustomerMoved", closed]),
        (move_to(Some(RESELLER)), ["-", "-", "-", "-"]),
        (CustomerCommand::Suspend { by: operator }, [suspended, "-", suspended, closed]),
        (CustomerCommand::Suspend { by: dunning }, [suspended, "-", "-", closed]),
        (CustomerCommand::Reinstate { by: operator }, ["-", reinstated, reinstated, closed]),
        (CustomerCommand::Reinstate { by: dunning }, ["-", "-", reinstated, closed]),
        (close(true, true), ["has-accounts", "has-accounts", "has-accounts", "-"]),
        (close(false, true), ["has-balance", "has-balance", "has-balance", "-"]),
        (close(false, false), ["CustomerClosed", "CustomerClosed", "CustomerClosed", "-"]),
        (erase, ["PersonalDataErased"; 4]),
        (CustomerCommand::ErasePersonalData { subjects: Vec::new() }, ["-", "-", "-", "-"]),
    ];
    for (command, answers) in table {
        for ((state, history), expected) in histories().into_iter().zip(answers) {
            let answer = match decide::<CustomerRules>(&history, &command) {
                Ok(decided) => decided.events.first().map_or("-", Fact::name),
                Err(refusal) => refusal.slug(),
            };
            assert_eq!(answer, expected, "{command:?} while {state}");
        }
    }
}

#[test]
fn nothing_but_registering_is_possible_before_it() {
    let commands = [
        renamed(),
        CustomerCommand::Move { reseller: None },
        CustomerCommand::Suspend { by: CustomerSuspendedBy::Operator },
        CustomerCommand::Reinstate { by: CustomerSuspendedBy::Operator },
        close(false, false),
        CustomerCommand::ErasePersonalData { subjects: vec![CUSTOMER] },
    ];
    for command in commands {
        given::<CustomerRules>(&[]).when(asked(command)).then_expect_error(Refusal::NotFound);
    }
}

#[test]
fn a_reseller_cannot_become_somebodys_customer() {
    let reseller = RegisterCustomer { kind: CustomerKind::Reseller, reseller: None, ..registration() };
    let registered = decide::<CustomerRules>(&[], &CustomerCommand::Register(reseller)).unwrap().events;
    given::<CustomerRules>(&registered)
        .when(asked(CustomerCommand::Move { reseller: Some(RESELLER) }))
        .then_expect_error(Refusal::ResellerNotAllowed);
}

#[test]
fn what_holds_after_each_event_is_what_it_says() {
    let customer = |events: &[CustomerEvent]| fold::<CustomerRules>(events).known().unwrap().clone();
    let suspended = CustomerEvent::CustomerSuspended { by: CustomerSuspendedBy::Dunning };
    let mut history = vec![registered(), suspended];
    let now = customer(&history);
    assert_eq!((now.status, now.suspended_by), (CustomerStatus::Suspended, Some(CustomerSuspendedBy::Dunning)));
    history.push(CustomerEvent::CustomerReinstated {});
    let now = customer(&history);
    assert_eq!((now.status, now.suspended_by, now.erased_at), (CustomerStatus::Active, None, None));
    history.push(CustomerEvent::CustomerMoved { reseller_id: None });
    let at = DateTime::<Utc>::UNIX_EPOCH;
    history.push(CustomerEvent::PersonalDataErased { subjects: vec![CUSTOMER], at });
    history.push(CustomerEvent::CustomerClosed {});
    let now = customer(&history);
    assert_eq!((now.reseller_id, now.erased_at, now.status), (None, Some(at), CustomerStatus::Closed));
}

#[test]
fn persons_of_a_customer_never_reuse_a_revision() {
    let address = PostalAddress {
        street: "Am Hafen 2".to_owned(),
        city: "Kiel".to_owned(),
        postal_code: "24103".to_owned(),
        country: "DE".to_owned(),
    };
    let mut history = vec![registered()];
    let mut revisions = Vec::new();
    let changes = [
        (Some(contact()), Change::Keep),
        (None, Change::Remove),
        (Some(contact()), Change::Replace(address.clone())),
        (None, Change::Replace(address)),
    ];
    for (contact, address) in changes {
        let change = CustomerCommand::ChangeDetails(ChangeDetails { contact, address, ..details() });
        let decided = decide::<CustomerRules>(&history, &change).unwrap();
        revisions.extend(decided.personal.iter().map(|data| (data.reference, data.kind)));
        history.extend(decided.events);
    }
    let person =
        |what, revision| (PersonalRef { subject: ids::subject(CUSTOMER, what), revision }, PersonalKind::Person);
    let expected = [person("contact", 2), person("contact", 3), person("address", 2), person("address", 3)];
    assert_eq!(revisions, expected);
    let now = fold::<CustomerRules>(&history);
    let now = now.known().unwrap();
    assert_eq!((now.contact, now.address), (expected[1].0, Some(expected[3].0)));
}

#[test]
fn many_persons_are_erased_in_events_of_two_hundred() {
    let subjects: Vec<Uuid> = (0..401).map(Uuid::from_u128).collect();
    let erase = CustomerCommand::ErasePersonalData { subjects: subjects.clone() };
    let decided = decide::<CustomerRules>(&[registered()], &erase).unwrap();
    let named: Vec<Vec<Uuid>> = decided
        .events
        .iter()
        .map(|event| {
            let CustomerEvent::PersonalDataErased { subjects, .. } = event else { panic!("{event:?}") };
            subjects.clone()
        })
        .collect();
    assert_eq!(named.iter().map(Vec::len).collect::<Vec<_>>(), [200, 200, 1]);
    assert_eq!(named.concat(), subjects);
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
