//! `GET /compat/licensing/accounts`

use axum::Json;
use axum::extract::{Request, State};
use commands::Operation;
use projections::accounts::{self, Filter};
use projections::{model, page};

use super::Licensing;
use super::answer::Refused;
use super::body::Named;

/// Accounts read at once.
const PAGE: i64 = 100;

/// The accounts of the caller's customer
pub async fn list(State(licensing): State<Licensing>, request: Request) -> Result<Json<Vec<Named>>, Refused> {
    let visit = licensing.visit(Operation::ListAccounts, request).await?;
    let own = visit.actor.customer_id.ok_or(Refused::NoAccess)?;
    licensing.up_to_date(model::DIRECTORY).await?;
    let open = ["pending", "active", "refused"].map(str::to_owned).to_vec();
    let mut filter = Filter { customer_id: Some(own), status: open, limit: PAGE, ..Filter::default() };
    let mut all = Vec::new();
    loop {
        let shown = accounts::list(licensing.api.pool(), page::Scope { customer: Some(own) }, &filter).await?.content;
        let known = shown.rows.iter().filter_map(|row| row.folded.state.known());
        all.extend(known.map(|account| Named { id: account.id, name: account.name.clone() }));
        filter.before = shown.next;
        if shown.next.is_none() {
            all.reverse();
            return Ok(Json(all));
        }
    }
}
