//! `PATCH /compat/licensing/accounts/{id}/subscriptions/{sid}/expiration`

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use commands::Operation;
use commands::subscription::{ExtendSubscription, NewEnd};

use super::Licensing;
use super::answer::Refused;
use super::body::{NewExpiration, end_covering, moment};
use super::visit::Thing;
use crate::clock;
use crate::http::problem::{Problem, ProblemType};

/// Prolong the running term
pub async fn change(
    State(licensing): State<Licensing>,
    Path((account, id)): Path<(String, String)>,
    request: Request,
) -> Result<StatusCode, Refused> {
    let visit = licensing.visit(Operation::ExtendSubscription, request).await?;
    let wanted = moment(&visit.body::<NewExpiration>()?.expires).ok_or(Refused::Invalid)?;
    let ends_on = end_covering(wanted).filter(|_| wanted > licensing.api.bus.now()).ok_or(Refused::Invalid)?;
    let Thing::Subscription(core) = licensing.thing(&visit, &account, &id).await? else {
        return Err(Problem::from(ProblemType::InvalidState).into());
    };
    let subscription_id = core.started.subscription_id;
    let command = ExtendSubscription { subscription_id, change_id: clock::new_id(), to: NewEnd::On(ends_on) };
    licensing.api.bus.execute(&visit.context(&licensing)?, &command).await.map_err(Problem::from)?;
    Ok(StatusCode::ACCEPTED)
}
