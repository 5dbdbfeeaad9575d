//! What the provider says about one account: its bill of the run's month, and of those before that may bring more.

use commands::billing::Gathered;
use commands::billing::waits::ReadBill;
use commands::index::IndexedAccount;

use super::Stepping;
use crate::outcome::{Failure, FailureKind};
use crate::perform::Adapter;

/// Why an account is parked.
pub(super) const UNKNOWN: &str = "The provider does not know the account.";
pub(super) const UNREADABLE: &str = "The provider's bill cannot be read.";
pub(super) const SPOILT: &str = "The history of the account's subscriptions cannot be read.";

/// What came of asking.
#[derive(Debug)]
pub(super) enum Asked {
    Bill(ReadBill),
    /// The month's bill is not closed yet.
    Open,
    /// Asking again changes nothing.
    Broken(&'static str),
    NotReached(Failure),
    /// The step was over before it was this one's turn.
    NoTime,
}

impl Adapter {
    /// The run's month first: while that is open, nothing else matters.
    pub(super) async fn ask(&self, stepping: &Stepping<'_>, account: &IndexedAccount, ours: &Gathered) -> Asked {
        if stepping.is_over() {
            return Asked::NoTime;
        }
        if ours.history.is_spoilt {
            return Asked::Broken(SPOILT);
        }
        let mut lines = Vec::new();
        for period in ours.months.iter().rev() {
            let bill = match self.client.bill(&account.provider_account_id, *period).await {
                Ok(Some(bill)) => bill,
                Ok(None) => return Asked::Broken(UNKNOWN),
                Err(failure) if failure.kind == FailureKind::Undecodable => {
                    tracing::warn!(account = %account.account_id, %period, %failure, "a bill cannot be read");
                    return Asked::Broken(UNREADABLE);
                }
                Err(failure) => return Asked::NotReached(failure),
            };
            if *period == stepping.run.period && !bill.closed && !stepping.takes_what_is_there() {
                return Asked::Open;
            }
            lines.extend(bill.lines);
        }
        Asked::Bill(ReadBill { months: ours.months.clone(), lines })
    }
}
