//! Management accounts: what may happen to them.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod people;

use domain::account::{AccountCommand, AccountEvent, AccountRules, AccountState, AccountStatus, OpenAccount};
use domain::customer::{Change, ContactDetails};
use domain::decider::{Fact, fold};
use domain::{PersonalRef, Refusal, ids};
use people::{ACCOUNT, CUSTOMER, asked, contact, decide, given};

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
    AccountCommand::Link { provider_account_id: id.to_owned(), taken: false }
}

fn refuse() -> AccountCommand {
    AccountCommand::Refuse { reason: "no service there".to_owned() }
}

fn close() -> AccountCommand {
    AccountCommand::Close { has_live_subscriptions: false, has_open_orders: false }
}

fn link_existing(id: &str, taken: bool) -> AccountCommand {
    AccountCommand::LinkExisting { provider_account_id: id.to_owned(), taken }
}

fn rename(name: &str, contact: Change<ContactDetails>) -> AccountCommand {
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
        (link_existing("p-1", false), ["AccountLinked", "-", "AccountLinked", "x"]),
        (link_existing("p-1", true), ["duplicate", "-", "duplicate", "x"]),
        (link_existing("p-2", false), ["AccountLinked", "x", "AccountLinked", "x"]),
        (refuse(), ["AccountRefused", "x", "-", "x"]),
        (
            rename("Works", Change::Remove),
            ["AccountDetailsChanged", "AccountDetailsChanged", "AccountDetailsChanged", "x"],
        ),
        (close(), ["x", "AccountClosed", "AccountClosed", "-"]),
    ];
    for (command, answers) in table {
        for ((state, history), expected) in histories().into_iter().zip(answers) {
            let answer = match decide::<AccountRules>(&history, &command) {
                Ok(decided) => decided.events.first().map_or("-", Fact::name),
                Err(Refusal::ProviderAccountTaken) => "duplicate",
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
    for command in [link("p-1"), refuse(), close(), rename("x", Change::Keep)] {
        given::<AccountRules>(&[]).when(asked(command)).then_expect_error(Refusal::NotFound);
    }
    given::<AccountRules>(&[]).when(asked(open())).then_expect_events(vec![opened()]);
}

#[test]
fn an_account_in_use_stays_open() {
    for (has_live_subscriptions, has_open_orders) in [(true, false), (false, true), (true, true)] {
        let in_use = AccountCommand::Close { has_live_subscriptions, has_open_orders };
        given::<AccountRules>(&[opened(), linked()]).when(asked(in_use)).then_expect_error(Refusal::HasSubscriptions);
    }
}

#[test]
fn a_refused_account_is_closed_whatever_waits_for_it() {
    let waited_for = AccountCommand::Close { has_live_subscriptions: false, has_open_orders: true };
    let closed = vec![AccountEvent::AccountClosed {}];
    given::<AccountRules>(&[opened(), refused()]).when(asked(waited_for)).then_expect_events(closed);
}

#[test]
fn contacts_of_an_account_never_reuse_a_revision() {
    let mut history = vec![opened()];
    let mut revisions = Vec::new();
    for contact in [Change::Replace(contact()), Change::Remove, Change::Replace(contact())] {
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
    for (_, history) in histories() {
        for contact in [Change::Keep, Change::Remove] {
            given::<AccountRules>(&history).when(asked(rename("Office", contact))).then_expect_events(vec![]);
        }
    }
}

#[test]
fn a_contact_that_stays_keeps_its_revision() {
    let first = decide::<AccountRules>(&[opened()], &rename("Office", Change::Replace(contact()))).unwrap();
    let mut history = vec![opened()];
    history.extend(first.events);
    given::<AccountRules>(&history).when(asked(rename("Office", Change::Keep))).then_expect_events(vec![]);
    let decided = decide::<AccountRules>(&history, &rename("Works", Change::Keep)).unwrap();
    assert!(decided.personal.is_empty());
    history.extend(decided.events);
    let account = fold::<AccountRules>(&history);
    let account = account.known().unwrap();
    assert_eq!((account.name.as_str(), account.contact.map(|contact| contact.revision)), ("Works", Some(1)));
}

#[test]
fn what_is_linked_after_a_refusal_has_no_reason_left() {
    let account = fold::<AccountRules>(&[opened(), refused(), linked()]);
    let account = account.known().unwrap();
    assert_eq!((account.status, account.reason.as_deref()), (AccountStatus::Active, None));
    assert_eq!(account.provider_account_id.as_deref(), Some("p-1"));
}
