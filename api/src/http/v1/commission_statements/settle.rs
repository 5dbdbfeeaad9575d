//! `POST /v1/commission-statements/{id}/settle`

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use commands::bus::ReceiptBody;
use commands::commission::SettleStatement;
use commands::{Context, Operation, Receipt};
use domain::commission_account::Settlement;
use event_log::personal::Fields as Personal;
use projections::commissions;
use utoipa::ToSchema;
use uuid::Uuid;

use super::body::StatementBody;
use crate::http::api::{self, Api};
use crate::http::fields::{Fields, FromFields};
use crate::http::headers::AnswerHeaders;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::v1::resource::View;
use crate::http::values;

const WAYS: [(&str, Settlement); 2] = [("payout", Settlement::Payout), ("offset", Settlement::Offset)];

/// How the reseller got it.
#[derive(Debug, ToSchema)]
#[schema(as = SettleCommissionStatement, example = json!({"how": "payout", "reference": "SEPA 2026-11-05/17"}))]
pub struct NewSettlement {
    /// `payout`: money was paid to the reseller. `offset`: it was set off against what the reseller owes.
    #[schema(value_type = String)]
    pub how: Settlement,
    /// Of the payout, or of what it was set off against. It is kept for ever, and names no people.
    pub reference: String,
}

impl FromFields for NewSettlement {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let how = f.required("how", values::one_of(&WAYS));
        let reference = f.required("reference", values::text);
        Some(Self { how: how?, reference: reference? })
    }
}

/// Settle a commission statement
#[utoipa::path(
    post, path = "/v1/commission-statements/{id}/settle", tag = "commissions",
    operation_id = "settle_commission_statement",
    params(("id" = Uuid, Path), ("Idempotency-Key" = String, Header), ("If-Match" = Option<String>, Header)),
    request_body = NewSettlement,
    responses((status = 200, body = StatementBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn settle_commission_statement(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (context, asked) = api.write::<NewSettlement>(Operation::SettleCommissionStatement, request).await?;
    let statement_id = api::path_id(&id)?;
    let settle = SettleStatement { statement_id, how: asked.how, reference: asked.reference };
    let receipt = api.bus.execute(&context, &settle).await?;
    answer(&api, &context, &receipt, statement_id).await
}

/// The statement at the version the command left its account in.
async fn answer(api: &Api, context: &Context, receipt: &Receipt, statement_id: Uuid) -> Result<Response, Problem> {
    let ReceiptBody::Resource { stream, version } = &receipt.answer else { return Err(Problem::internal()) };
    let account_id = api::path_id(&stream.id)?;
    let folded = commissions::of_log(api.pool(), account_id, *version, statement_id).await?;
    let folded = folded.ok_or_else(Problem::internal)?;
    let fields = Personal::new();
    let view = View { actor: &context.actor, now: context.at, seller: api.bus.seller(), fields: &fields };
    let headers = AnswerHeaders {
        version: Some(*version),
        event_position: Some(api.event_position(receipt).await?),
        replayed: receipt.replayed,
        ..AnswerHeaders::default()
    };
    Ok((headers, Json(StatementBody::of(statement_id, &folded, view.is_staff()))).into_response())
}
