//! `POST /v1/admin/dead-letters/{id}/retry`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::dead_letter::{self, Letter, RetryDeadLetter};
use commands::{Context, Operation};
use event_log::ApplyError;
use event_log::release::{self, Released};
use serde::Serialize;
use tracing::{info, warn};
use utoipa::ToSchema;

use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::readers;

/// What is done about it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DeadLetterAction)]
pub struct ActionBody {
    pub id: String,
    /// `retrying` or `discarded`.
    #[schema(example = "retrying")]
    pub state: String,
}

/// Try a dead effect again, or let a parked aggregate go on
#[utoipa::path(
    post, path = "/v1/admin/dead-letters/{id}/retry", tag = "admin", operation_id = "retry_dead_letter",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 202, body = ActionBody, description = "Under way."), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn retry_dead_letter(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let context = api.write_without_body(Operation::RetryDeadLetter, request).await?;
    let letter = Letter::parse(&id).ok_or_else(Problem::not_found)?;
    let receipt = api.bus.execute(&context, &RetryDeadLetter(letter)).await?;
    // Also when replayed: the first try may have died between its outcome and this.
    match letter {
        Letter::Effect(op_id) => {
            dead_letter::redrive(api.pool(), op_id, &context).await?;
            api.hooks.effects.wake();
        }
        Letter::Parked(number) => let_go(&api, number, &context).await?,
    }
    api.answer_other(&receipt)
}

/// Applies what is parked with that event, as far as it can be applied by now.
pub(super) async fn let_go(api: &Api, number: i64, context: &Context) -> Result<(), Problem> {
    let Some(parked) = release::find(api.pool(), number).await? else { return Ok(()) };
    let mut tx = api.pool().begin().await?;
    dead_letter::note_in_tx(&mut tx, Letter::Parked(number), "retry", context).await?;
    tx.commit().await?;
    go_on(api, &parked).await
}

pub(super) async fn go_on(api: &Api, parked: &release::Parked) -> Result<(), Problem> {
    let Some(reader) = readers::named(&parked.reader, &api.hooks.effects) else { return Ok(()) };
    let aggregate = format!("{}/{}", parked.aggregate_type, parked.aggregate_id);
    let released = release::release(api.pool(), reader.as_ref(), parked).await;
    match released.map_err(unreleased)? {
        Released::All | Released::Nothing => info!(reader = parked.reader, aggregate, "a parked aggregate goes on"),
        Released::Still { position, reason } => {
            warn!(reader = parked.reader, aggregate, position, reason, "it still cannot be applied");
        }
    }
    Ok(())
}

/// Poison is an outcome; what else can fail is the database.
fn unreleased(error: ApplyError) -> Problem {
    match error {
        ApplyError::Database(error) => error.into(),
        ApplyError::Poison(_) => Problem::internal(),
    }
}
