//! What may happen to a management account.

use uuid::Uuid;

use super::{Account, AccountCommand, AccountEvent, AccountState, AccountStatus, OpenAccount};
use crate::customer::ContactDetails;
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
        (AccountStatus::Pending, AccountCommand::Link { provider_account_id }) => {
            Ok(AccountEvent::AccountLinked { provider_account_id: provider_account_id.clone() }.into())
        }
        (AccountStatus::Active, AccountCommand::Link { provider_account_id })
            if account.provider_account_id.as_ref() == Some(provider_account_id) =>
        {
            Ok(Decided::nothing())
        }
        (AccountStatus::Pending, AccountCommand::Refuse { reason }) => {
            Ok(AccountEvent::AccountRefused { reason: reason.clone() }.into())
        }
        (AccountStatus::Refused, AccountCommand::Refuse { .. }) => Ok(Decided::nothing()),
        (
            AccountStatus::Pending | AccountStatus::Active | AccountStatus::Refused,
            AccountCommand::ChangeDetails { name, contact },
        ) => Ok(change_details(account, name, contact.as_ref())),
        (AccountStatus::Active | AccountStatus::Refused, AccountCommand::Close { has_live_subscriptions }) => {
            close(*has_live_subscriptions)
        }
        (AccountStatus::Closed, AccountCommand::Close { .. }) => Ok(Decided::nothing()),
        (
            status,
            AccountCommand::Open(_)
            | AccountCommand::Link { .. }
            | AccountCommand::Refuse { .. }
            | AccountCommand::ChangeDetails { .. }
            | AccountCommand::Close { .. },
        ) => Err(Refusal::InvalidState { state: status.name() }),
    }
}

/// A contact always becomes a new revision: its fields are not in the state, so equality cannot be seen here.
fn change_details(account: &Account, name: &str, contact: Option<&ContactDetails>) -> Decided<AccountEvent> {
    if account.name == name && contact.is_none() && account.contact.is_none() {
        return Decided::nothing();
    }
    let revision = account.contact_revision.saturating_add(1);
    let contact = contact.map(|contact| person(account.id, account.customer_id, revision, contact));
    let event = AccountEvent::AccountDetailsChanged {
        name: name.to_owned(),
        contact: contact.as_ref().map(|contact| contact.reference),
    };
    Decided::from(event).with_personal(contact)
}

fn close(has_live_subscriptions: bool) -> Result<Decided<AccountEvent>, Refusal> {
    if has_live_subscriptions {
        return Err(Refusal::HasSubscriptions);
    }
    Ok(AccountEvent::AccountClosed {}.into())
}

fn person(account_id: Uuid, customer_id: Uuid, revision: i32, contact: &ContactDetails) -> PersonalData {
    let reference = PersonalRef { subject: ids::subject(account_id, "contact"), revision };
    PersonalData { reference, customer_id, kind: PersonalKind::Person, fields: contact.to_fields() }
}
