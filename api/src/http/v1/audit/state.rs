//! `GET /v1/audit/streams/{aggregate}/{id}/state`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use commands::Operation;
use domain::balance::BalanceRules;
use domain::billing_run::{BillingRunRules, RunSummary};
use domain::charge_ledger::ChargeLedgerRules;
use domain::commission_account::CommissionAccountRules;
use domain::exchange_rates::ExchangeRatesRules;
use domain::number_series::NumberSeriesRules;
use domain::price_rule::PriceRuleRules;
use domain::{AggregateType, Decider};
use event_log::Recorded;
use event_log::personal::Fields;
use event_log::stream::{self, Versioned};
use projections::price_rules;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use uuid::Uuid;

use super::billing;
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody, ProblemType};
use crate::http::reading::Reading;
use crate::http::v1::accounts::body::AccountResource;
use crate::http::v1::admin::drift_body::DriftResource;
use crate::http::v1::billing_runs::body::RunBody;
use crate::http::v1::credit_notes::body::CreditNoteResource;
use crate::http::v1::customers::body::CustomerResource;
use crate::http::v1::exchange_rates::body::RateBody;
use crate::http::v1::invoices::body::InvoiceResource;
use crate::http::v1::notification_preferences::body::PreferencesResource;
use crate::http::v1::orders::body::OrderResource;
use crate::http::v1::payments::body::PaymentResource;
use crate::http::v1::price_rules::body::RuleBody;
use crate::http::v1::resource::{Head, Resource, View};
use crate::http::v1::services::body::{Sees, ServiceBody};
use crate::http::v1::subscriptions::body::SubscriptionResource;
use crate::http::values;

/// What a stream's events came to at one point.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AuditState)]
pub struct StateBody {
    pub aggregate: String,
    pub aggregate_id: String,
    pub version: i64,
    /// Of the last event folded.
    pub position: i64,
    /// With the resource's field names; personal data is left out.
    #[schema(value_type = Object)]
    pub state: Value,
}

/// The state of a stream at a version, time or position
#[utoipa::path(
    get, path = "/v1/audit/streams/{aggregate}/{id}/state", tag = "audit", operation_id = "get_audit_state",
    params(
        ("aggregate" = String, Path), ("id" = String, Path), ("at_version" = Option<i64>, Query),
        ("at_time" = Option<DateTime<Utc>>, Query), ("at_position" = Option<i64>, Query),
        ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = StateBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn get_audit_state(
    State(api): State<Api>,
    Path((aggregate, id)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::GetAuditState, request).await?;
    let wanted = Wanted {
        version: reading.query.position("at_version"),
        time: reading.query.optional("at_time", values::date_time),
        position: reading.query.position("at_position"),
    };
    reading.finish()?;
    api.wait_for_log(reading.min_position).await?;
    let head = event_log::page::head(api.pool()).await?;
    let kind = AggregateType::parse(&aggregate).ok_or_else(Problem::not_found)?;
    let events = stream::events(api.pool(), &aggregate, &id, 0).await?;
    let until = wanted.last(&events)?;
    let last = events.get(until).ok_or_else(Problem::not_found)?;
    let events = events.get(..=until).unwrap_or_default();
    let folding = Folding { api: &api, reading: &reading, id: &id, events, is_past: wanted.is_past() };
    let state = folding.state(kind)?;
    let body =
        StateBody { aggregate, aggregate_id: id.clone(), version: last.sequence, position: last.position, state };
    api.one(head, last.sequence, &body)
}

/// Up to where to fold; at most one of the three.
struct Wanted {
    version: Option<i64>,
    time: Option<DateTime<Utc>>,
    position: Option<i64>,
}

impl Wanted {
    fn given(&self) -> usize {
        let given = [self.version.is_some(), self.time.is_some(), self.position.is_some()];
        given.into_iter().filter(|given| *given).count()
    }

    /// A point of the stream was named, be it the last one.
    fn is_past(&self) -> bool {
        self.given() > 0
    }

    /// The index of the last event that counts. A version the stream does not have is absent.
    fn last(&self, events: &[Recorded]) -> Result<usize, Problem> {
        if self.given() > 1 {
            return Err(ProblemType::InvalidQuery.into());
        }
        let found = match (self.version, self.time, self.position) {
            (Some(version), ..) => events.iter().rposition(|event| event.sequence == version),
            (_, Some(time), _) => events.iter().rposition(|event| event.recorded_at <= time),
            (.., Some(position)) => events.iter().rposition(|event| event.position <= position),
            (None, None, None) => events.len().checked_sub(1),
        };
        found.ok_or_else(Problem::not_found)
    }
}

struct Folding<'a> {
    api: &'a Api,
    reading: &'a Reading,
    id: &'a str,
    events: &'a [Recorded],
    /// Otherwise it is the present state.
    is_past: bool,
}

impl Folding<'_> {
    fn state(&self, aggregate: AggregateType) -> Result<Value, Problem> {
        match aggregate {
            AggregateType::Customer => self.resource::<CustomerResource>(),
            AggregateType::Account => self.resource::<AccountResource>(),
            AggregateType::Order => self.resource::<OrderResource>(),
            AggregateType::Subscription => self.resource::<SubscriptionResource>(),
            AggregateType::Service => {
                let folded = self.fold::<domain::service::ServiceRules>()?;
                let service = folded.state.known().ok_or_else(Problem::not_found)?;
                value(&ServiceBody::of(service, &folded, None, Sees { reseller_price: true, cost: true }))
            }
            AggregateType::PriceRule => self.price_rules(),
            AggregateType::ExchangeRates => self.exchange_rates(),
            AggregateType::Drift => self.resource::<DriftResource>(),
            AggregateType::Calendar => Err(Problem::not_found()),
            AggregateType::Invoice => self.resource::<InvoiceResource>(),
            AggregateType::CreditNote => self.resource::<CreditNoteResource>(),
            AggregateType::BillingRun => self.billing_run(),
            AggregateType::Balance => {
                billing::balance(&self.fold::<BalanceRules>()?.state).ok_or_else(Problem::not_found)
            }
            AggregateType::Payment => self.resource::<PaymentResource>(),
            AggregateType::NotificationPreferences => self.resource::<PreferencesResource>(),
            AggregateType::NumberSeries => Ok(billing::number_series(&self.fold::<NumberSeriesRules>()?.state)),
            AggregateType::ChargeLedger => Ok(billing::charge_ledger(&self.fold::<ChargeLedgerRules>()?.state)),
            AggregateType::CommissionAccount => {
                Ok(billing::commission_account(&self.fold::<CommissionAccountRules>()?.state))
            }
        }
    }

    fn billing_run(&self) -> Result<Value, Problem> {
        let folded = self.fold::<BillingRunRules>()?;
        let run = RunSummary::from(folded.state.known().ok_or_else(Problem::not_found)?);
        let id = Uuid::parse_str(self.id).map_err(|_| Problem::not_found())?;
        value(&RunBody::of(Head::of(id, &folded, true), &run, true))
    }

    /// The rules of one author and scope, each as its own resource.
    fn price_rules(&self) -> Result<Value, Problem> {
        let folded = self.fold::<PriceRuleRules>()?;
        let rows = folded.state.rules().filter_map(|rule| price_rules::of_events(self.events, rule.rule_id));
        let rules: Vec<RuleBody> = rows.map(|row| RuleBody::of(&row, true)).collect();
        Ok(serde_json::json!({ "rules": value(&rules)? }))
    }

    /// The rates of one pair by day.
    fn exchange_rates(&self) -> Result<Value, Problem> {
        let folded = self.fold::<ExchangeRatesRules>()?;
        let rates: Vec<RateBody> = folded.state.rates().map(|rate| RateBody::of(&rate, folded.version)).collect();
        Ok(serde_json::json!({ "rates": value(&rates)? }))
    }

    fn resource<R: Resource>(&self) -> Result<Value, Problem> {
        let folded = self.fold::<R::Rules>()?;
        let content = R::of_state(&folded.state).ok_or_else(Problem::not_found)?;
        let fields = Fields::new();
        let view =
            View { actor: &self.reading.actor, now: self.now(&folded), seller: self.api.bus.seller(), fields: &fields };
        let id = Uuid::parse_str(self.id).map_err(|_| Problem::not_found())?;
        value(&R::body(content, Head::of(id, &folded, true), &view))
    }

    /// What may be done depends on the time. The past is shown as of its last event, whenever somebody asks for it.
    fn now<S>(&self, folded: &Versioned<S>) -> DateTime<Utc> {
        let last = folded.touched.as_ref().filter(|_| self.is_past);
        last.map_or_else(|| self.api.bus.now(), |mark| mark.at)
    }

    fn fold<D: Decider>(&self) -> Result<Versioned<D::State>, Problem> {
        let mut folded = Versioned::default();
        for event in self.events {
            stream::fold_one::<D>(&mut folded, event)?;
        }
        Ok(folded)
    }
}

fn value(body: &impl Serialize) -> Result<Value, Problem> {
    serde_json::to_value(body).map_err(|_| Problem::internal())
}
