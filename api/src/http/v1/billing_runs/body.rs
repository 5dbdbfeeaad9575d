//! A billing run as the API shows it.

use axum::Json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use commands::bus::ReceiptBody;
use commands::{Context, Receipt};
use domain::Role;
use domain::billing_run::{BillingRunRules, RunSummary};
use event_log::stream::Versioned;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::http::api::{self, Api};
use crate::http::headers::AnswerHeaders;
use crate::http::problem::Problem;
use crate::http::v1::resource::Head;

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BillingRun)]
pub struct RunBody {
    #[serde(flatten)]
    pub head: Head,
    /// The month that is billed.
    #[schema(example = "2026-10")]
    pub period: String,
    /// The one billed party it is for; `null` when it is for all.
    pub customer_id: Option<Uuid>,
    /// The seller entity whose customers it is for; `null` when it is for those of all.
    #[schema(example = "de")]
    pub seller_entity: Option<String>,
    /// Asked for by somebody, not by the month's end.
    pub on_demand: bool,
    /// `waiting` (for the provider to close its bills), `running` or `completed`.
    #[schema(example = "completed")]
    pub status: &'static str,
    pub counts: CountsBody,
    /// Billed parties that are done.
    #[schema(example = 12)]
    pub parties: u32,
    /// Accounts whose bill at the provider cannot be had or read, at most 100 of them; their billed parties wait for a
    /// retry.
    pub parked: Vec<ParkedBody>,
    /// All that are parked.
    #[schema(example = 0)]
    pub parked_accounts: u32,
    /// Differences from the provider's bill that it found; staff only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 2)]
    pub discrepancies: Option<u32>,
    /// Those nobody has resolved; staff only.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = 1)]
    pub open_discrepancies: Option<u32>,
}

/// How far a run is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = BillingRunCounts)]
pub struct CountsBody {
    /// Lines of the provider's bill that no run had before.
    #[schema(example = 31)]
    pub imported: u32,
    /// Invoices.
    #[schema(example = 11)]
    pub issued: u32,
    /// Invoices that wait until a difference is resolved.
    #[schema(example = 1)]
    pub drafts: u32,
    /// Where more was given back than charged.
    pub credit_notes: u32,
    /// Invoices that were there already.
    pub skipped: u32,
}

/// An account whose bill at the provider cannot be had or read.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ParkedAccount)]
pub struct ParkedBody {
    pub account_id: Uuid,
    /// Whose account it is.
    pub customer_id: Uuid,
    pub reason: String,
}

impl RunBody {
    pub fn of(head: Head, run: &RunSummary, staff: bool) -> Self {
        let parked = run.parked.iter().map(|(account_id, parked)| ParkedBody {
            account_id: *account_id,
            customer_id: parked.customer_id,
            reason: parked.reason.clone(),
        });
        Self {
            head,
            period: run.started.period.to_string(),
            customer_id: run.started.customer_id,
            seller_entity: run.started.seller_entity.clone(),
            on_demand: run.started.on_demand,
            status: run.status.name(),
            counts: CountsBody {
                imported: run.counts.imported,
                issued: run.counts.issued,
                drafts: run.counts.drafts,
                credit_notes: run.counts.credit_notes,
                skipped: run.counts.skipped,
            },
            parties: run.parties,
            parked: parked.collect(),
            parked_accounts: run.parked_accounts,
            discrepancies: staff.then_some(run.discrepancies),
            open_discrepancies: staff.then_some(run.open_discrepancies),
        }
    }

    /// A row as it is shown; `None` where nobody has started it.
    pub fn of_row(id: Uuid, folded: &Versioned<Option<RunSummary>>, staff: bool) -> Option<Self> {
        folded.state.as_ref().map(|run| Self::of(Head::of(id, folded, staff), run, staff))
    }
}

/// The run at the version a command left it in, and where to see how it goes on.
///
/// # Errors
/// When the log cannot be read.
pub async fn answer(api: &Api, context: &Context, receipt: &Receipt) -> Result<Response, Problem> {
    let ReceiptBody::Resource { stream, version } = &receipt.answer else { return Err(Problem::internal()) };
    let folded = api.bus.state_at::<BillingRunRules>(&stream.id, *version).await?;
    let run = RunSummary::from(folded.state.known().ok_or_else(Problem::internal)?);
    let id = api::path_id(&stream.id)?;
    let staff = matches!(context.actor.role, Role::Operator | Role::Auditor);
    let headers = AnswerHeaders {
        version: Some(*version),
        event_position: Some(api.event_position(receipt).await?),
        location: Some(format!("/v1/billing-runs/{id}")),
        replayed: receipt.replayed,
        ..AnswerHeaders::default()
    };
    let status = StatusCode::from_u16(receipt.status).unwrap_or(StatusCode::ACCEPTED);
    Ok((status, headers, Json(RunBody::of(Head::of(id, &folded, staff), &run, staff))).into_response())
}
