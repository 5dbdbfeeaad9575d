//! `POST /v1/admin/dead-letters/{id}/discard`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::dead_letter::{self, DiscardDeadLetter, Letter};
use commands::{Context, Operation};
use domain::Refusal;
use event_log::release;

use super::dead_letters_retry::{ActionBody, go_on};
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::refusals;
use crate::readers;

/// Give up a dead effect, or leave a parked event out
#[utoipa::path(
    post, path = "/v1/admin/dead-letters/{id}/discard", tag = "admin", operation_id = "discard_dead_letter",
    params(("id" = String, Path), ("Idempotency-Key" = String, Header)),
    responses((status = 200, body = ActionBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn discard_dead_letter(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let context = api.write_without_body(Operation::DiscardDeadLetter, request).await?;
    let letter = Letter::parse(&id).ok_or_else(Problem::not_found)?;
    refuse_of_a_read_model(&api, letter).await?;
    let receipt = api.bus.execute(&context, &DiscardDeadLetter(letter)).await?;
    // Also when replayed: the first try may have died between its outcome and this.
    match letter {
        Letter::Effect(op_id) => {
            dead_letter::give_up(api.pool(), op_id, &context).await?;
            api.hooks.effects.wake();
        }
        Letter::Parked(number) => leave_out(&api, number, &context).await?,
    }
    api.answer_other(&receipt)
}

/// Rows are what all events come to: one that is left out would make them something that never was.
async fn refuse_of_a_read_model(api: &Api, letter: Letter) -> Result<(), Problem> {
    let Letter::Parked(number) = letter else { return Ok(()) };
    let parked = release::find(api.pool(), number).await?;
    if parked.is_some_and(|parked| readers::is_read_model(&parked.reader)) {
        return Err(refusals::refused(&Refusal::InvalidState { state: "part of a read model" }));
    }
    Ok(())
}

/// The reader goes on without that event.
async fn leave_out(api: &Api, number: i64, context: &Context) -> Result<(), Problem> {
    let Some(parked) = release::find(api.pool(), number).await? else { return Ok(()) };
    let mut tx = api.pool().begin().await?;
    if dead_letter::note_in_tx(&mut tx, Letter::Parked(number), "discard", context).await? {
        release::forget(&mut tx, &parked, parked.position).await?;
    }
    tx.commit().await?;
    go_on(api, &parked).await
}
