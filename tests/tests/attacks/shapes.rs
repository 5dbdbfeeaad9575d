//! What each operation is about: how its request names a thing, and what a caller who may do it is answered.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use api::http::openapi;
use serde_json::{Value, json};

use crate::ground::Ask;

/// The things of one owner.
#[derive(Clone, Debug)]
pub struct Things {
    pub customer: String,
    pub account: String,
    /// Fulfilled.
    pub order: String,
    /// Starts later, so it can be cancelled.
    pub scheduled: String,
    pub subscription: String,
    /// Not of this owner; the same for all.
    pub service: String,
}

/// How a request names whose thing it wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// In its path or as what its body is for: foreign and absent are both 404.
    Thing,
    /// By a filter: foreign and absent are both an empty list.
    Filter,
    /// As the reseller a new customer shall have: whoever is none is no valid reseller.
    Reseller,
    /// Not at all.
    Nothing,
}

/// How one operation is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    pub names: Names,
    pub allowed: &'static [u16],
    body: fn(&Things) -> Option<Value>,
    query: fn(&Things) -> String,
}

/// An operation as the document shows it.
#[derive(Clone, Debug)]
pub struct Documented {
    pub id: String,
    pub method: String,
    pub path: String,
    pub needs_token: bool,
}

const NO_BODY: fn(&Things) -> Option<Value> = |_| None;
const NO_QUERY: fn(&Things) -> String = |_| String::new();
const BY_CUSTOMER: fn(&Things) -> String = |things| format!("customer_id={}", things.customer);

const fn shape(names: Names, allowed: &'static [u16]) -> Shape {
    Shape { names, allowed, body: NO_BODY, query: NO_QUERY }
}

const fn filtered() -> Shape {
    Shape { query: BY_CUSTOMER, ..shape(Names::Filter, &[200]) }
}

fn order(things: &Things) -> Option<Value> {
    let line = json!({ "service_id": things.service, "quantity": 1 });
    Some(json!({ "account_id": things.account, "lines": [line] }))
}

fn customer(things: &Things) -> Option<Value> {
    let contact = json!({ "name": "Ada", "email": "ada@new.example" });
    let reseller = &things.customer;
    Some(json!({
        "name": "New", "kind": "direct", "country": "DE", "currency": "EUR", "contact": contact, "reseller_id": reseller,
    }))
}

/// The shape of an operation by its name; `None` for one that nobody has thought about yet.
pub fn of(operation: &str) -> Option<Shape> {
    let thing = shape(Names::Thing, &[200]);
    let nothing = shape(Names::Nothing, &[200]);
    Some(match operation {
        "list_customers" | "list_accounts" | "list_services" | "list_orders" | "list_subscriptions"
        | "list_audit_events" => filtered(),
        "get_customer" | "get_account" | "get_order" | "get_subscription" => thing,
        "list_account_subscriptions" | "list_account_licences" | "list_licences" | "get_history" | "list_changes" => {
            thing
        }
        // Several callers ask for the same; a change may be under way, or done already.
        "change_quantity" => {
            Shape { body: |_| Some(json!({ "quantity": 3 })), ..shape(Names::Thing, &[200, 202, 409]) }
        }
        "cancel_subscription" => {
            Shape { body: |_| Some(json!({ "effective": "term_end" })), ..shape(Names::Thing, &[200, 409]) }
        }
        "extend_subscription" => Shape {
            body: |_| Some(json!({ "ends_on": crate::forge::day(300) })),
            ..shape(Names::Thing, &[202, 409, 422])
        },
        "suspend_subscription" | "resume_subscription" => shape(Names::Thing, &[200, 202, 409]),
        "set_renewal" => Shape { body: |_| Some(json!({ "action": "renew" })), ..shape(Names::Thing, &[200, 409]) },
        "assign_licence" => Shape { body: |_| Some(json!({ "user": "Ada" })), ..shape(Names::Thing, &[200, 409]) },
        "unassign_licence" => shape(Names::Thing, &[200, 409]),
        "get_audit_stream" | "get_audit_state" => thing,
        "get_service" => Shape { query: BY_CUSTOMER, ..thing },
        "cancel_order" => thing,
        // It is no prepaid one.
        "check_out_order" => shape(Names::Thing, &[409]),
        "list_price_rules" => filtered(),
        // The id is whose thing it is, too: of several authors only one has it.
        "set_price_rule" => Shape {
            body: |things| Some(json!({ "customer_id": things.customer, "kind": "list" })),
            ..shape(Names::Thing, &[200, 201, 409, 422])
        },
        "get_price_rule" => shape(Names::Thing, &[200, 404]),
        "remove_price_rule" => shape(Names::Thing, &[204, 404]),
        "set_exchange_rate" => {
            Shape { body: |_| Some(json!({ "base": "EUR", "quote": "CHF", "rate": "0.9512" })), ..nothing }
        }
        "list_exchange_rates" => nothing,
        "place_order" => Shape { body: order, ..shape(Names::Thing, &[201]) },
        "quote_order" => Shape { body: order, ..thing },
        "list_tax_rates" | "list_projections" | "list_effects" | "list_dead_letters" | "list_roles" => nothing,
        "sync_catalogue" => shape(Names::Nothing, &[202]),
        // One at a time: another of the same model may still be under way.
        "rebuild_projection" => shape(Names::Nothing, &[202, 409]),
        "get_notification_preferences" => Shape { query: BY_CUSTOMER, ..thing },
        "set_notification_preferences" => {
            Shape { query: BY_CUSTOMER, body: |_| Some(json!({ "locale": "de" })), ..thing }
        }
        "list_drift" => nothing,
        "reconcile" => shape(Names::Nothing, &[202]),
        // Ids of neither differences, runs nor dead letters: known to nobody.
        "get_drift" | "get_reconcile" | "retry_dead_letter" | "discard_dead_letter" => shape(Names::Nothing, &[404]),
        "resolve_drift" => {
            Shape { body: |_| Some(json!({ "action": "ignore", "note": "Seen." })), ..shape(Names::Nothing, &[404]) }
        }
        "list_commissions" | "list_commission_statements" => filtered(),
        // Ids of no statements: known to nobody.
        "get_commission_statement" | "get_commission_statement_document" => shape(Names::Nothing, &[404]),
        "settle_commission_statement" => Shape {
            body: |_| Some(json!({ "how": "payout", "reference": "SEPA 17" })),
            ..shape(Names::Nothing, &[404])
        },
        _ => return of_customers_and_accounts(operation),
    })
}

fn of_customers_and_accounts(operation: &str) -> Option<Shape> {
    let thing = shape(Names::Thing, &[200]);
    Some(match operation {
        "register_customer" => Shape { body: customer, ..shape(Names::Reseller, &[201]) },
        "open_account" => Shape {
            body: |things| Some(json!({ "customer_id": things.customer, "name": "Further" })),
            ..shape(Names::Thing, &[201])
        },
        "change_account" => Shape { body: |_| Some(json!({ "name": "Renamed" })), ..thing },
        "close_account" | "close_customer" => shape(Names::Thing, &[409]),
        "change_customer" => Shape { body: |_| Some(json!({ "buyer_reference": "04011000-35" })), ..thing },
        "set_commercial_terms" => Shape { body: |_| Some(json!({ "payment_days": 14 })), ..thing },
        "suspend_customer" | "reinstate_customer" | "erase_personal_data" | "list_charges_to_bill_on" => thing,
        "link_existing_account" => {
            Shape { body: |_| Some(json!({ "provider_account_id": "acc-of-somebody" })), ..shape(Names::Thing, &[409]) }
        }
        _ => return of_billing(operation),
    })
}

fn of_billing(operation: &str) -> Option<Shape> {
    Some(match operation {
        "list_invoices" | "list_credit_notes" => filtered(),
        "get_balance" | "get_statement" => shape(Names::Thing, &[200]),
        "list_billing_runs" | "list_billing_discrepancies" => shape(Names::Nothing, &[200]),
        "generate_invoices" => Shape {
            body: |things| Some(json!({ "period": "2020-01", "customer_id": things.customer })),
            ..shape(Names::Thing, &[202])
        },
        "preview_invoice" => Shape { query: BY_CUSTOMER, ..shape(Names::Thing, &[200]) },
        // Ids of neither runs nor differences: known to nobody.
        "get_billing_run" | "retry_billing_run" | "get_billing_discrepancy" => shape(Names::Nothing, &[404]),
        "resolve_billing_discrepancy" => {
            Shape { body: |_| Some(json!({ "action": "accept", "note": "Seen." })), ..shape(Names::Nothing, &[404]) }
        }
        // Ids of no invoices: known to nobody.
        "get_invoice"
        | "get_invoice_document"
        | "issue_invoice"
        | "discard_invoice"
        | "void_invoice"
        | "write_off_invoice" => shape(Names::Nothing, &[404]),
        "get_credit_note" | "get_credit_note_document" => shape(Names::Nothing, &[404]),
        "list_payments" => filtered(),
        // Nothing was billed yet: nothing is to be paid.
        "pay_invoices" => shape(Names::Nothing, &[202]),
        // Ids of neither invoices nor payments: known to nobody.
        "pay_invoice" | "get_payment" => shape(Names::Nothing, &[404]),
        "receive_payment" => Shape {
            body: |_| {
                let amount = json!({ "amount": "12.50", "currency": "EUR" });
                Some(json!({ "amount": amount, "received_on": "2020-01-31", "reference": "SEPA 17" }))
            },
            ..shape(Names::Nothing, &[404])
        },
        "resolve_payment" => Shape {
            body: |_| Some(json!({ "outcome": "not_charged", "evidence": "Seen." })),
            ..shape(Names::Nothing, &[404])
        },
        "credit_invoice" => Shape {
            body: |_| {
                let amount = json!({ "amount": "12.50", "currency": "EUR" });
                Some(json!({ "amount": amount, "reason": "Goodwill." }))
            },
            ..shape(Names::Nothing, &[404])
        },
        // Ids of no payments: known to nobody.
        "refund_payment" => Shape {
            body: |_| Some(json!({ "amount": { "amount": "12.50", "currency": "EUR" } })),
            ..shape(Names::Nothing, &[404])
        },
        _ => return None,
    })
}

/// Well-formed, or one of the ways not to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    Good,
    /// No JSON; of a read, an unknown parameter.
    Malformed,
    /// A field that there is not.
    UnknownField,
}

impl Shape {
    pub fn request(&self, operation: &Documented, things: &Things, form: Form) -> Ask {
        let query = match (form, operation.method.as_str()) {
            (Form::Malformed | Form::UnknownField, "GET") => "nonsense=1".to_owned(),
            _ => (self.query)(things),
        };
        let path = path(&operation.path, things);
        let path = if query.is_empty() { path } else { format!("{path}?{query}") };
        let ask = if operation.method == "POST" { Ask::post(path) } else { Ask::new(&operation.method, path) };
        match (form, (self.body)(things)) {
            (_, _) if operation.method == "GET" => ask,
            (Form::Good, Some(body)) => ask.json(&body),
            (Form::Good, None) => ask,
            (Form::Malformed, _) => ask.bytes("{\"name\":"),
            (Form::UnknownField, body) => {
                let mut body = body.unwrap_or_else(|| json!({}));
                body["tenant_id"] = json!("somebody");
                ask.json(&body)
            }
        }
    }

    /// What a malformed request of somebody who may is told.
    pub fn complaint(operation: &Documented, form: Form) -> (u16, &'static str) {
        match form {
            _ if operation.method == "GET" => (400, "invalid-query"),
            Form::UnknownField => (422, "unknown-field"),
            Form::Good | Form::Malformed => (400, "malformed-json"),
        }
    }
}

fn path(template: &str, things: &Things) -> String {
    let id = match template {
        "/v1/orders/{id}/cancel" => &things.scheduled,
        path if path.starts_with("/v1/customers") => &things.customer,
        path if path.starts_with("/v1/accounts") => &things.account,
        path if path.starts_with("/v1/services") => &things.service,
        path if path.starts_with("/v1/subscriptions") => &things.subscription,
        _ => &things.order,
    };
    let licence = domain::ids::licence(things.subscription.parse().unwrap(), 1).to_string();
    let names = [
        ("{id}", id.as_str()),
        ("{sid}", &things.subscription),
        ("{lid}", &licence),
        ("{aggregate}", "order"),
        ("{name}", "orders"),
    ];
    names.iter().fold(template.to_owned(), |path, (name, value)| path.replace(name, value))
}

/// Every operation of the document.
pub fn documented() -> Vec<Documented> {
    let document: Value = serde_json::from_str(&openapi::document().to_json().unwrap()).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().unwrap().iter().filter(|(_, operation)| operation["operationId"].is_string());
        methods.map(|(method, operation)| Documented {
            id: operation["operationId"].as_str().unwrap().to_owned(),
            method: method.to_uppercase(),
            path: path.clone(),
            needs_token: operation["security"].as_array().is_some_and(|needed| !needed.is_empty()),
        })
    });
    operations.collect()
}
