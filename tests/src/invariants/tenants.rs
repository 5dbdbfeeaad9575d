//! Whose data an event is, and who saw what was not its own.

use std::collections::HashMap;

use domain::Event;
use domain::account::AccountEvent;
use domain::order::OrderEvent;
use domain::subscription::SubscriptionEvent;
use event_log::Recorded;
use uuid::Uuid;

use super::evidence::Evidence;
use super::{Finding, people};
use crate::driver::Stories;

pub(super) fn check(evidence: &Evidence, stories: Option<&Stories>) -> Finding {
    let mut violations: Vec<String> = strangers(&evidence.events);
    violations.extend(people::misplaced(evidence));
    let peeks = stories.map(|stories| stories.peeks.as_slice()).unwrap_or_default();
    let seen = peeks.iter().filter(|(_, status)| *status == 200);
    violations.extend(seen.map(|(path, _)| format!("{path} was shown to another tenant")));
    Finding::new(20, "nobody's data is another's", evidence.events.len() + peeks.len(), violations)
}

/// Events that do not carry the customer of the account they belong to.
fn strangers(events: &[Recorded]) -> Vec<String> {
    let mut customer_of_account: HashMap<Uuid, Uuid> = HashMap::new();
    let mut account_of: HashMap<&str, Uuid> = HashMap::new();
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
        let owner = match event {
            Event::Account(_) => Uuid::parse_str(&recorded.aggregate_id).ok(),
            Event::Order(_) | Event::Subscription(_) => account_of.get(recorded.aggregate_id.as_str()).copied(),
            Event::Customer(_)
            | Event::Service(_)
            | Event::PriceRule(_)
            | Event::Drift(_)
            | Event::Calendar(_)
            | Event::ExchangeRates(_)
            | Event::Invoice(_)
            | Event::CreditNote(_)
            | Event::Balance(_)
            | Event::NumberSeries(_)
            | Event::ChargeLedger(_)
            | Event::BillingRun(_)
            | Event::CommissionAccount(_) => continue,
        };
        if owner.and_then(|account| customer_of_account.get(&account).copied()) != recorded.customer_id {
            wrong.push(format!("position {} is under another customer than its account", recorded.position));
        }
    }
    wrong
}

fn owner(customer_of_account: &HashMap<Uuid, Uuid>, account: Uuid) -> Option<Uuid> {
    customer_of_account.get(&account).copied()
}
