//! Streams of billing that are no resource of their own, in the words of the resources they are behind.

use domain::balance::BalanceState;
use domain::billing::ChargeKey;
use domain::billing_run::DiscrepancyResolution;
use domain::charge_ledger::{ChargeLedgerState, NotedDiscrepancy, PassedOn};
use domain::commission_account::{CommissionAccountState, Statement};
use domain::number_series::NumberSeriesState;
use serde_json::{Value, json};
use uuid::Uuid;

/// `None` when nothing was ever credited, as everywhere here before the first event.
pub fn balance(state: &BalanceState) -> Option<Value> {
    match state {
        BalanceState::Unknown => None,
        BalanceState::Known { customer_id, amount } => {
            Some(json!({ "customer_id": customer_id, "currency": amount.currency().code(), "balance": amount }))
        }
    }
}

pub fn number_series(state: &NumberSeriesState) -> Value {
    json!({ "last": state.last })
}

/// Its id is the account's.
pub fn charge_ledger(state: &ChargeLedgerState) -> Value {
    let charges = |keys: &mut dyn Iterator<Item = &ChargeKey>| keys.map(charge).collect::<Vec<_>>();
    let billed = |(document_id, keys): (&Uuid, &std::collections::BTreeSet<ChargeKey>)| json!({ "document_id": document_id, "charges": charges(&mut keys.iter()) });
    json!({
        "imported": state.imported,
        "billed": state.billed.iter().map(billed).collect::<Vec<_>>(),
        "accepted": charges(&mut state.accepted.iter()),
        "passed_on": state.passed_on.iter().map(passed_on).collect::<Vec<_>>(),
        "discrepancies": state.discrepancies.iter().map(noted).collect::<Vec<_>>(),
    })
}

fn charge(key: &ChargeKey) -> Value {
    let ChargeKey { subscription_id, kind, from, n } = key;
    json!({ "subscription_id": subscription_id, "charge": kind.name(), "from": from, "n": n })
}

fn passed_on(passed: &PassedOn) -> Value {
    json!({ "line_id": passed.line.line_id, "document_id": passed.document_id })
}

fn noted((id, noted): (&Uuid, &NotedDiscrepancy)) -> Value {
    let status = noted.resolution.map_or("open", DiscrepancyResolution::status);
    json!({ "id": id, "run_id": noted.run_id, "status": status })
}

/// What waits for a statement, and the statements there are.
pub fn commission_account(state: &CommissionAccountState) -> Value {
    json!({
        "commissions": state.waiting,
        "statements": state.statements.iter().map(statement).collect::<Vec<_>>(),
    })
}

fn statement((id, statement): (&Uuid, &Statement)) -> Value {
    let Statement { number, period, issued_on, net, total, .. } = statement;
    let status = statement.status();
    json!({
        "id": id, "number": number, "period": period, "issued_on": issued_on, "net": net, "total": total, "status": status,
    })
}
