//! Whose data an event is, and who saw what was not its own.

use std::collections::HashMap;

use domain::Event;
use domain::account::AccountEvent;
use domain::balance::BalanceEvent;
use domain::billing_run::BillingRunEvent;
use domain::commission_account::CommissionAccountEvent;
use domain::credit_note::CreditNoteEvent;
use domain::invoice::InvoiceEvent;
use domain::notification_preferences::NotificationPreferencesEvent;
use domain::order::OrderEvent;
use domain::payment::PaymentEvent;
use domain::subscription::SubscriptionEvent;
use event_log::Recorded;
use uuid::Uuid;

use super::evidence::Evidence;
use super::{Finding, people};
use crate::driver::Stories;

pub(super) fn check(evidence: &Evidence, stories: Option<&Stories>) -> Finding {
    let mut violations: Vec<String> = strangers(&evidence.events);
    violations.extend(people::misplaced(evidence));
    violations.extend(evidence.misfiled.iter().cloned());
    let peeks = stories.map(|stories| stories.peeks.as_slice()).unwrap_or_default();
    let seen = peeks.iter().filter(|(_, status)| *status == 200);
    violations.extend(seen.map(|(path, _)| format!("{path} was shown to another tenant")));
    Finding::new(20, "nobody's data is another's", evidence.events.len() + peeks.len(), violations)
}

/// Events that do not carry the customer of the account they belong to.
fn strangers(events: &[Recorded]) -> Vec<String> {
    let mut customer_of_account: HashMap<Uuid, Uuid> = HashMap::new();
    let mut account_of: HashMap<&str, Uuid> = HashMap::new();
    let mut booked = Booked::default();
    let mut wrong = Vec::new();
    for recorded in events {
        let Ok(event) = recorded.event() else { continue };
        match event {
            Event::Account(AccountEvent::AccountOpened { account_id, customer_id, .. }) => {
                customer_of_account.insert(*account_id, *customer_id);
            }
            Event::Order(OrderEvent::OrderPlaced { details } | OrderEvent::OrderScheduled { details, .. }) => {
                account_of.insert(&recorded.aggregate_id, details.account_id);
                wrong.extend(
                    (owner(&customer_of_account, details.account_id) != Some(details.customer_id)).then(|| {
                        format!("the order {} names another customer than its account", recorded.aggregate_id)
                    }),
                );
            }
            Event::Subscription(SubscriptionEvent::SubscriptionStarted(started)) => {
                account_of.insert(&recorded.aggregate_id, started.account_id);
            }
            _ => {}
        }
        let account = match event {
            Event::Account(_) | Event::ChargeLedger(_) => Uuid::parse_str(&recorded.aggregate_id).ok(),
            Event::Order(_) | Event::Subscription(_) => account_of.get(recorded.aggregate_id.as_str()).copied(),
            Event::Invoice(_)
            | Event::CreditNote(_)
            | Event::Balance(_)
            | Event::CommissionAccount(_)
            | Event::Payment(_)
            | Event::NotificationPreferences(_)
            | Event::BillingRun(_) => {
                wrong.extend(booked.strange(event, recorded));
                continue;
            }
            Event::Customer(_)
            | Event::Service(_)
            | Event::PriceRule(_)
            | Event::Drift(_)
            | Event::Calendar(_)
            | Event::ExchangeRates(_)
            | Event::NumberSeries(_) => continue,
        };
        if account.and_then(|account| customer_of_account.get(&account).copied()) != recorded.customer_id {
            wrong.push(format!("position {} is under another customer than its account", recorded.position));
        }
    }
    wrong
}

fn owner(customer_of_account: &HashMap<Uuid, Uuid>, account: Uuid) -> Option<Uuid> {
    customer_of_account.get(&account).copied()
}

/// Whose each document, balance and commission account is, as its stream said first.
#[derive(Default)]
struct Booked<'a>(HashMap<&'a str, Uuid>);

impl<'a> Booked<'a> {
    /// What is wrong with an event of the books: it names another customer than its stream, or lies under another.
    fn strange(&mut self, event: &Event, recorded: &'a Recorded) -> Option<String> {
        let named = names(event);
        if let Event::BillingRun(_) = event {
            // A run is the seller's; what it says of one customer lies under that customer, or under nobody. All of one
            // for a single customer may lie under that.
            if let Event::BillingRun(BillingRunEvent::BillingRunStarted(started)) = event {
                self.0.extend(started.customer_id.map(|id| (recorded.aggregate_id.as_str(), id)));
            }
            let of_run = self.0.get(recorded.aggregate_id.as_str()).copied();
            let fits = [None, named, of_run].contains(&recorded.customer_id);
            return (!fits).then(|| format!("position {} is under another customer than it names", recorded.position));
        }
        let owner = match named {
            Some(named) => *self.0.entry(&recorded.aggregate_id).or_insert(named),
            None => self.0.get(recorded.aggregate_id.as_str()).copied()?,
        };
        let fits = recorded.customer_id == Some(owner) && named.is_none_or(|named| named == owner);
        (!fits).then(|| {
            format!("position {} is not under the customer of its {}", recorded.position, recorded.aggregate_type)
        })
    }
}

/// The customer an event of the books names: the billed party, the reseller of a commission, the customer of an account.
fn names(event: &Event) -> Option<Uuid> {
    match event {
        Event::Invoice(InvoiceEvent::InvoiceDrafted(contents)) => Some(contents.customer_id),
        Event::Invoice(InvoiceEvent::InvoiceIssued(issued)) => Some(issued.contents.customer_id),
        Event::CreditNote(CreditNoteEvent::CreditNoteIssued(issued)) => Some(issued.customer_id),
        Event::Balance(
            BalanceEvent::BalanceCredited { customer_id, .. } | BalanceEvent::BalanceDebited { customer_id, .. },
        ) => Some(*customer_id),
        Event::CommissionAccount(
            CommissionAccountEvent::CommissionAccrued { reseller_id, .. }
            | CommissionAccountEvent::CommissionReversed { reseller_id, .. },
        ) => Some(*reseller_id),
        Event::CommissionAccount(CommissionAccountEvent::CommissionStatementIssued(issued)) => Some(issued.reseller_id),
        Event::Payment(PaymentEvent::PaymentStarted(started)) => Some(started.customer_id),
        Event::NotificationPreferences(NotificationPreferencesEvent::PreferencesSet { customer_id, .. }) => {
            Some(*customer_id)
        }
        Event::BillingRun(BillingRunEvent::BillingRunStarted(started)) => started.customer_id,
        Event::BillingRun(
            BillingRunEvent::ProviderChargesImported { customer_id, .. }
            | BillingRunEvent::AccountParked { customer_id, .. },
        ) => Some(*customer_id),
        Event::BillingRun(BillingRunEvent::BillingDiscrepancyFound(found)) => Some(found.customer_id),
        _ => None,
    }
}
