//! Accounts in each of their states.

use chrono::{DateTime, Utc};
use domain::account::{AccountCommand, AccountEvent, AccountRules, OpenAccount};
use domain::customer::Change;

use super::machine::{Machine, Question, Situation};
use super::people::{ACCOUNT, CUSTOMER, contact};

pub fn machine() -> Machine<AccountRules> {
    let status = |state: &domain::account::AccountState| state.known().map(|account| account.status.name());
    Machine { title: "Account", status, situations: situations(), questions: questions() }
}

fn situations() -> Vec<Situation<AccountRules>> {
    let opened = AccountEvent::AccountOpened {
        account_id: ACCOUNT,
        customer_id: CUSTOMER,
        reseller_id: None,
        name: "Office".to_owned(),
        contact: None,
    };
    let linked = AccountEvent::AccountLinked { provider_account_id: "p-1".to_owned() };
    let refused = AccountEvent::AccountRefused { reason: "unknown-country".to_owned() };
    let histories = [
        ("(none)", vec![]),
        ("pending", vec![opened.clone()]),
        ("active", vec![opened.clone(), linked.clone()]),
        ("refused", vec![opened.clone(), refused]),
        ("closed", vec![opened, linked, AccountEvent::AccountClosed {}]),
    ];
    let at = DateTime::<Utc>::UNIX_EPOCH;
    histories.into_iter().map(|(name, history)| Situation { name, history, at }).collect()
}

fn open() -> AccountCommand {
    AccountCommand::Open(OpenAccount {
        account_id: ACCOUNT,
        customer_id: CUSTOMER,
        reseller_id: None,
        name: "Office".to_owned(),
        contact: Some(contact()),
    })
}

fn link(id: &str) -> AccountCommand {
    AccountCommand::Link { provider_account_id: id.to_owned(), taken: false }
}

fn questions() -> Vec<Question<AccountRules>> {
    let rename = |name: &str| AccountCommand::ChangeDetails { name: name.to_owned(), contact: Change::Keep };
    let existing = |taken| AccountCommand::LinkExisting { provider_account_id: "p-2".to_owned(), taken };
    let close =
        |has_live_subscriptions, has_open_orders| AccountCommand::Close { has_live_subscriptions, has_open_orders };
    vec![
        Question::new("Open", |_| open()),
        Question::new("Link", |_| link("p-1")),
        Question::new("Link, to another one", |_| link("p-2")),
        Question::new("LinkExisting", move |_| existing(false)),
        Question::new("LinkExisting, which another account has", move |_| existing(true)),
        Question::new("Refuse", |_| AccountCommand::Refuse { reason: "unknown-country".to_owned() }),
        Question::new("ChangeDetails", move |_| rename("Works")),
        Question::new("ChangeDetails, to what they are", move |_| rename("Office")),
        Question::new("Close", move |_| close(false, false)),
        Question::new("Close, with live subscriptions", move |_| close(true, false)),
        Question::new("Close, with open orders", move |_| close(false, true)),
    ]
}
