//! The answer to assigning a licence: that licence, as the list shows it at this version of its subscription.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use commands::bus::ReceiptBody;
use commands::{Context, Receipt};
use domain::PersonalRef;
use domain::subscription::SubscriptionRules;
use uuid::Uuid;

use super::licences::{LicenceBody, row};
use crate::http::api::Api;
use crate::http::headers::AnswerHeaders;
use crate::http::problem::Problem;

/// # Errors
/// When the log or the personal data cannot be read.
pub async fn answer(api: &Api, context: &Context, receipt: &Receipt, id: Uuid) -> Result<Response, Problem> {
    let ReceiptBody::Resource { stream, version } = &receipt.answer else { return Err(Problem::internal()) };
    let folded = api.bus.state_at::<SubscriptionRules>(&stream.id, *version).await?;
    let subscription = folded.state.known().ok_or_else(Problem::internal)?;
    let licence = subscription.licences.iter().find(|licence| licence.licence_id == id).map(row);
    let licence = licence.ok_or_else(Problem::internal)?;
    let references: Vec<PersonalRef> = LicenceBody::personal(&licence).collect();
    let fields = event_log::personal::fields(api.pool(), &references).await?;
    let headers = AnswerHeaders {
        version: Some(folded.version),
        event_position: Some(api.event_position(receipt).await?),
        replayed: receipt.replayed,
        ..AnswerHeaders::default()
    };
    let status = StatusCode::from_u16(receipt.status).map_err(|_| Problem::internal())?;
    Ok((status, headers, axum::Json(LicenceBody::of(&licence, &fields, &context.actor))).into_response())
}
