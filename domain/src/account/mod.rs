//! Management accounts: where a customer's subscriptions hang at the provider.

mod command;
mod decide;
mod event;
mod state;

pub use command::{AccountCommand, OpenAccount};
pub use event::AccountEvent;
pub use state::{Account, AccountState, AccountStatus};

use crate::decider::Decider;
use crate::{AggregateType, Asked, Decided, Refusal};

/// The rules of an account.
#[derive(Debug, Clone, Copy)]
pub struct AccountRules;

impl Decider for AccountRules {
    const TYPE: AggregateType = AggregateType::Account;
    type State = AccountState;
    type Command = AccountCommand;
    type Event = AccountEvent;

    fn decide(state: &AccountState, asked: &Asked<'_, AccountCommand>) -> Result<Decided<AccountEvent>, Refusal> {
        decide::decide(state, asked)
    }

    fn evolve(state: &mut AccountState, event: &AccountEvent) {
        state.evolve(event);
    }
}
