//! `DELETE /compat/licensing/accounts/{id}/subscriptions/{sid}`

use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use commands::Operation;
use commands::order::CancelOrder;
use commands::subscription::CancelSubscription;
use domain::order::Order;

use super::Licensing;
use super::answer::Refused;
use super::visit::{Thing, Visit};
use crate::clock;
use crate::http::problem::{Problem, ProblemType};

/// End a subscription: at once within its window, else at the end of its term
pub async fn cancel(
    State(licensing): State<Licensing>,
    Path((account, id)): Path<(String, String)>,
    request: Request,
) -> Result<StatusCode, Refused> {
    let visit = licensing.visit(Operation::CancelSubscription, request).await?;
    match licensing.thing(&visit, &account, &id).await? {
        Thing::Ordered(order) => licensing.cancel_order(&visit, &order).await?,
        Thing::Subscription(core) => {
            let subscription_id = core.started.subscription_id;
            let command = CancelSubscription { subscription_id, change_id: clock::new_id(), effective: None };
            licensing.api.bus.execute(&visit.context(&licensing)?, &command).await.map_err(Problem::from)?;
        }
    }
    Ok(StatusCode::ACCEPTED)
}

impl Licensing {
    /// What has not started is ended with its order, if nothing else hangs on that.
    async fn cancel_order(&self, visit: &Visit, order: &Order) -> Result<(), Refused> {
        if order.lines.len() > 1 {
            return Err(Problem::from(ProblemType::InvalidState).into());
        }
        let command = CancelOrder { order_id: order.details.order_id };
        self.api.bus.execute(&visit.context(self)?, &command).await.map_err(Problem::from)?;
        Ok(())
    }
}
