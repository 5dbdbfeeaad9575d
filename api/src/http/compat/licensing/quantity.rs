//! `PATCH /compat/licensing/accounts/{id}/subscriptions/{sid}/quantity`

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use commands::Operation;
use commands::subscription::ChangeQuantity;

use super::Licensing;
use super::answer::Refused;
use super::body::{NewQuantity, seats};
use super::visit::Thing;
use crate::clock;
use crate::http::problem::{Problem, ProblemType};

/// More seats, or fewer: at once where that is allowed, else at the renewal
pub async fn change(
    State(licensing): State<Licensing>,
    Path((account, id)): Path<(String, String)>,
    request: Request,
) -> Result<StatusCode, Refused> {
    let visit = licensing.visit(Operation::ChangeQuantity, request).await?;
    let to = seats(visit.body::<NewQuantity>()?.quantity).ok_or(Refused::Invalid)?;
    let Thing::Subscription(core) = licensing.thing(&visit, &account, &id).await? else {
        return Err(Problem::from(ProblemType::InvalidState).into());
    };
    let subscription_id = core.started.subscription_id;
    let command = ChangeQuantity { subscription_id, change_id: clock::new_id(), to, effective: None };
    licensing.api.bus.execute(&visit.context(&licensing)?, &command).await.map_err(Problem::from)?;
    Ok(StatusCode::ACCEPTED)
}
