//! The write side's hints about prices, services, customers, commission and what is to be collected: made once more
//! from the log.

use std::collections::{BTreeMap, BTreeSet};

use domain::Event;
use domain::commission_account::CommissionAccountEvent;
use domain::customer::{BillTo, Collection, CustomerRules};
use domain::invoice::{DunningStep, Invoice, InvoiceEvent, InvoiceRules, InvoiceStatus};
use domain::price_rule::PriceRuleEvent;
use domain::service::{Service, ServiceRules, ServiceStatus};
use uuid::Uuid;

use super::evidence::Evidence;
use super::fold;

/// Ids, each with the rest of its row as text.
type Rows = Vec<(Uuid, String)>;

/// Queries of the indexes, by name. What is absent is a dash.
pub(super) const INDEXES: [(&str, &str); 7] = [
    (
        "price_scopes",
        "select scope_id, concat_ws('/', author, coalesce(customer_id::text, '-'), coalesce(reseller_id::text, '-'), \
            coalesce(service_id::text, '-')) from index_price_scopes",
    ),
    ("price_rules", "select rule_id, concat_ws('/', scope_id::text, author) from index_price_rules"),
    ("services", "select service_id, concat_ws('/', provider, sku, active::text) from index_services"),
    (
        "parties",
        "select customer_id, concat_ws('/', coalesce(reseller_id::text, '-'), bill_to, seller_entity) \
            from index_parties",
    ),
    ("terms", "select customer_id, concat_ws('/', automatic::text, dunning::text) from index_terms"),
    ("commission_accounts", "select reseller_id, currency from index_commission_accounts"),
    (
        "collection",
        "select invoice_id, concat_ws('/', customer_id::text, seller_entity, due_on::text, \
            coalesce((extract(epoch from next_at) * 1000000)::bigint::text, '-'), unplanned::text, attempting::text, \
            coalesce(next_step_on::text, '-'), correlation_id) from index_collection",
    ),
];

/// The indexes as the log makes them, by name.
pub(super) fn indexes(evidence: &Evidence) -> Vec<(&'static str, Rows)> {
    let until = evidence.position_of("indexes");
    let [scopes, rules] = prices(evidence, until);
    let [parties, terms] = customers(evidence, until);
    vec![
        ("price_scopes", scopes),
        ("price_rules", rules),
        ("services", services(evidence, until)),
        ("parties", parties),
        ("terms", terms),
        ("commission_accounts", commission_accounts(evidence, until)),
        ("collection", collection(evidence, until)),
    ]
}

/// Scopes that ever had a rule, and where each rule is or last was.
fn prices(evidence: &Evidence, until: i64) -> [Rows; 2] {
    let (mut scopes, mut rules) = (BTreeMap::new(), BTreeMap::new());
    for recorded in evidence.until(until) {
        let (Ok(Event::PriceRule(PriceRuleEvent::PriceRuleSet { rule })), Ok(id)) =
            (recorded.event(), Uuid::parse_str(&recorded.aggregate_id))
        else {
            continue;
        };
        let author = rule.scope.author.code();
        let about = [rule.scope.customer_id, rule.scope.reseller_id, rule.scope.service_id].map(or_dash);
        scopes.insert(id, format!("{author}/{}", about.join("/")));
        rules.insert(rule.rule_id, format!("{id}/{author}"));
    }
    [scopes.into_iter().collect(), rules.into_iter().collect()]
}

fn services(evidence: &Evidence, until: i64) -> Rows {
    let services = fold::of_rules::<ServiceRules>(evidence.until(until)).into_iter();
    let row = |id: Uuid, service: &Service| {
        let active = service.status == ServiceStatus::Active;
        (id, format!("{}/{}/{active}", service.provider, service.sku))
    };
    services.filter_map(|(id, stream)| Some(row(id, stream.state.known()?))).collect()
}

/// Who is billed for each customer, and what its terms say about collecting.
fn customers(evidence: &Evidence, until: i64) -> [Rows; 2] {
    let (mut parties, mut terms) = (Rows::new(), Rows::new());
    for (id, stream) in fold::of_rules::<CustomerRules>(evidence.until(until)) {
        let Some(customer) = stream.state.known() else { continue };
        let bill_to = match customer.terms.bill_to {
            BillTo::Customer => "customer",
            BillTo::Reseller => "reseller",
        };
        parties.push((id, format!("{}/{bill_to}/{}", or_dash(customer.reseller_id), customer.seller_entity)));
        let automatic = customer.terms.collection == Collection::Automatic;
        terms.push((id, format!("{automatic}/{}", customer.terms.dunning)));
    }
    [parties, terms]
}

/// Resellers that ever earned commission, with the currency.
fn commission_accounts(evidence: &Evidence, until: i64) -> Rows {
    let mut earners = BTreeSet::new();
    for recorded in evidence.until(until) {
        if let Ok(Event::CommissionAccount(
            CommissionAccountEvent::CommissionAccrued { reseller_id, entries, .. }
            | CommissionAccountEvent::CommissionReversed { reseller_id, entries, .. },
        )) = recorded.event()
        {
            earners.extend(entries.iter().map(|entry| (*reseller_id, entry.amount.currency().code().to_owned())));
        }
    }
    earners.into_iter().collect()
}

/// Invoices that were issued and neither paid nor taken back.
fn collection(evidence: &Evidence, until: i64) -> Rows {
    let mut issued_by = BTreeMap::new();
    for recorded in evidence.until(until) {
        if let (Ok(Event::Invoice(InvoiceEvent::InvoiceIssued(_))), Ok(id), Ok(metadata)) =
            (recorded.event(), Uuid::parse_str(&recorded.aggregate_id), recorded.meta())
        {
            issued_by.insert(id, metadata.correlation_id);
        }
    }
    let invoices = fold::of_rules::<InvoiceRules>(evidence.until(until)).into_iter();
    invoices.filter_map(|(id, stream)| Some((id, unpaid(stream.state.known()?, issued_by.get(&id)?)?))).collect()
}

/// `None` when nothing is to be paid any more. Of what was given up nothing is planned.
fn unpaid(invoice: &Invoice, correlation_id: &str) -> Option<String> {
    let given_up = match invoice.status {
        InvoiceStatus::Issued => false,
        InvoiceStatus::Uncollectible => true,
        InvoiceStatus::Draft | InvoiceStatus::Discarded | InvoiceStatus::Paid | InvoiceStatus::Void => return None,
    };
    let due_on = invoice.issue.as_ref()?.due_on;
    let collection = &invoice.collection;
    let next_step = collection.dunned.last().map_or(Some(DunningStep::FirstReminder), |taken| taken.following());
    let next_step_on = next_step.filter(|_| !given_up).and_then(|step| step.day(due_on));
    let parts = [
        invoice.contents.customer_id.to_string(),
        invoice.contents.seller_entity.clone(),
        due_on.to_string(),
        or_dash(collection.next_at.map(|at| at.timestamp_micros())),
        (collection.planned_at.is_none() && !given_up).to_string(),
        collection.open.is_some().to_string(),
        or_dash(next_step_on),
        correlation_id.to_owned(),
    ];
    Some(parts.join("/"))
}

fn or_dash<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| "-".to_owned(), |value| value.to_string())
}
