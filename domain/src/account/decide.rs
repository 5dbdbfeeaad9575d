//! What may happen to a management account.

use uuid::Uuid;

use super::{Account, AccountCommand, AccountEvent, AccountState, AccountStatus, OpenAccount};
use crate::customer::{Change, ContactDetails};
use crate::{Asked, Decided, PersonalData, PersonalKind, PersonalRef, Refusal, ids};

pub(super) fn decide(
    state: &AccountState,
    asked: &Asked<'_, AccountCommand>,
) -> Result<Decided<AccountEvent>, Refusal> {
    match (state, asked.command) {
        (AccountState::Unknown, AccountCommand::Open(wanted)) => Ok(open(wanted)),
        (AccountState::Known(account), command) => change(account, command),
        (
            AccountState::Unknown,
            AccountCommand::Link { .. }
            | AccountCommand::LinkExisting { .. }
            | AccountCommand::Refuse { .. }
            | AccountCommand::ChangeDetails { .. }
            | AccountCommand::Close { .. },
        ) => Err(Refusal::NotFound),
    }
}

fn open(wanted: &OpenAccount) -> Decided<AccountEvent> {
    let contact = wanted.contact.as_ref().map(|contact| person(wanted.account_id, wanted.customer_id, 1, contact));
    let event = AccountEvent::AccountOpened {
        account_id: wanted.account_id,
        customer_id: wanted.customer_id,
        reseller_id: wanted.reseller_id,
        name: wanted.name.clone(),
        contact: contact.as_ref().map(|contact| contact.reference),
    };
    Decided::from(event).with_personal(contact)
}

fn change(account: &Account, command: &AccountCommand) -> Result<Decided<AccountEvent>, Refusal> {
    match (account.status, command) {
        (_, AccountCommand::Open(wanted)) if wanted.account_id == account.id => Ok(Decided::nothing()),
        (
            AccountStatus::Active,
            AccountCommand::Link { provider_account_id, .. } | AccountCommand::LinkExisting { provider_account_id, .. },
        ) if account.provider_account_id.as_ref() == Some(provider_account_id) => Ok(Decided::nothing()),
        (AccountStatus::Pending, AccountCommand::Link { provider_account_id, taken })
        | (
            AccountStatus::Pending | AccountStatus::Refused,
            AccountCommand::LinkExisting { provider_account_id, taken },
        ) => link(provider_account_id, *taken),
        (AccountStatus::Pending, AccountCommand::Refuse { reason }) => {
            Ok(AccountEvent::AccountRefused { reason: reason.clone() }.into())
        }
        (AccountStatus::Refused, AccountCommand::Refuse { .. }) => Ok(Decided::nothing()),
        (
            AccountStatus::Pending | AccountStatus::Active | AccountStatus::Refused,
            AccountCommand::ChangeDetails { name, contact },
        ) => Ok(change_details(account, name, contact)),
        // What they are already is no change, also of one that is closed.
        (AccountStatus::Closed, AccountCommand::ChangeDetails { name, contact })
            if change_details(account, name, contact).events.is_empty() =>
        {
            Ok(Decided::nothing())
        }
        (AccountStatus::Active, AccountCommand::Close { has_live_subscriptions, has_open_orders }) => {
            close(*has_live_subscriptions || *has_open_orders)
        }
        // Its orders wait in vain: they hold nobody up, and are cancelled when it is closed.
        (AccountStatus::Refused, AccountCommand::Close { has_live_subscriptions, .. }) => {
            close(*has_live_subscriptions)
        }
        (AccountStatus::Closed, AccountCommand::Close { .. }) => Ok(Decided::nothing()),
        (
            status,
            AccountCommand::Open(_)
            | AccountCommand::Link { .. }
            | AccountCommand::LinkExisting { .. }
            | AccountCommand::Refuse { .. }
            | AccountCommand::ChangeDetails { .. }
            | AccountCommand::Close { .. },
        ) => Err(Refusal::InvalidState { state: status.name() }),
    }
}

fn link(provider_account_id: &str, taken: bool) -> Result<Decided<AccountEvent>, Refusal> {
    if taken {
        return Err(Refusal::ProviderAccountTaken);
    }
    Ok(AccountEvent::AccountLinked { provider_account_id: provider_account_id.to_owned() }.into())
}

fn change_details(account: &Account, name: &str, contact: &Change<ContactDetails>) -> Decided<AccountEvent> {
    let revision = account.contact_revision.saturating_add(1);
    let replaced = match contact {
        Change::Replace(contact) => Some(person(account.id, account.customer_id, revision, contact)),
        Change::Keep | Change::Remove => None,
    };
    let reference = match contact {
        Change::Keep => account.contact,
        Change::Remove | Change::Replace(_) => replaced.as_ref().map(|person| person.reference),
    };
    if account.name == name && account.contact == reference {
        return Decided::nothing();
    }
    let event = AccountEvent::AccountDetailsChanged { name: name.to_owned(), contact: reference };
    Decided::from(event).with_personal(replaced)
}

fn close(is_in_use: bool) -> Result<Decided<AccountEvent>, Refusal> {
    if is_in_use {
        return Err(Refusal::HasSubscriptions);
    }
    Ok(AccountEvent::AccountClosed {}.into())
}

fn person(account_id: Uuid, customer_id: Uuid, revision: i32, contact: &ContactDetails) -> PersonalData {
    let reference = PersonalRef { subject: ids::subject(account_id, "contact"), revision };
    PersonalData { reference, customer_id, kind: PersonalKind::Person, fields: contact.to_fields() }
}
