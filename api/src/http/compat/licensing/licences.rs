//! `GET /compat/licensing/accounts/{id}/subscriptions/{sid}/licences`

use axum::Json;
use axum::extract::{Path, Request, State};
use commands::Operation;
use domain::PersonalRef;
use projections::model;
use projections::subscriptions::{LicenceRow, list_licences};

use super::Licensing;
use super::answer::Refused;
use super::body::LicenceItem;
use super::visit::Thing;
use crate::http::v1::resource::text;

/// Licences read at once.
const PAGE: i64 = 1_000;

/// The licences of a subscription; none until it has started
pub async fn list(
    State(licensing): State<Licensing>,
    Path((account, id)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Vec<LicenceItem>>, Refused> {
    let visit = licensing.visit(Operation::ListAccountLicences, request).await?;
    let Thing::Subscription(core) = licensing.thing(&visit, &account, &id).await? else {
        return Ok(Json(Vec::new()));
    };
    licensing.up_to_date(model::SUBSCRIPTIONS).await?;
    let (mut items, mut after) = (Vec::new(), Some(0));
    while let Some(seat) = after {
        let page = list_licences(licensing.api.pool(), core.started.subscription_id, seat, PAGE).await?;
        items.extend(licensing.shown(&page.rows).await?);
        after = page.next;
    }
    Ok(Json(items))
}

impl Licensing {
    async fn shown(&self, rows: &[LicenceRow]) -> Result<Vec<LicenceItem>, Refused> {
        let keys: Vec<PersonalRef> = rows.iter().map(|row| row.key).collect();
        let fields = event_log::personal::fields(self.api.pool(), &keys).await?;
        let item = |row: &LicenceRow| LicenceItem { id: row.licence_id, value: text(fields.get(&row.key), "key") };
        Ok(rows.iter().map(item).collect())
    }
}
