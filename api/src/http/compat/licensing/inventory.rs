//! `GET /compat/licensing/inventory`

use axum::Json;
use axum::extract::{Request, State};
use commands::Operation;
use domain::service::ServiceStatus;
use projections::services::{self, Filter};
use uuid::Uuid;

use super::Licensing;
use super::answer::Refused;
use super::body::Named;

/// Services read at once.
const PAGE: i64 = 100;

/// What can be bought here
pub async fn list(State(licensing): State<Licensing>, request: Request) -> Result<Json<Vec<Named>>, Refused> {
    licensing.visit(Operation::ListServices, request).await?;
    Ok(Json(licensing.inventory().await?))
}

impl Licensing {
    /// The services of the configured SKUs that are on sale, in the order of the configuration.
    async fn inventory(&self) -> Result<Vec<Named>, Refused> {
        let active = vec!["active".to_owned()];
        let mut filter = Filter { status: active, limit: PAGE, ..Filter::default() };
        let mut found: Vec<(usize, Named)> = Vec::new();
        loop {
            let page = services::list(self.api.pool(), &filter).await?.content;
            for row in &page.rows {
                let Some(service) = row.folded.state.known() else { continue };
                let place = self.skus.iter().position(|sku| *sku == service.sku);
                let named = Named { id: service.id, name: service.offer.name.clone() };
                found.extend(place.map(|place| (place, named)));
            }
            filter.before = page.next;
            if page.next.is_none() {
                found.sort_by_key(|(place, _)| *place);
                return Ok(found.into_iter().map(|(_, named)| named).collect());
            }
        }
    }

    /// Whether a service may be bought here: listed, and on sale.
    ///
    /// # Errors
    /// When the catalogue cannot be read.
    pub async fn sells(&self, service_id: Uuid) -> Result<bool, Refused> {
        let service = self.api.bus.state::<domain::service::ServiceRules>(service_id).await;
        let service = service.map_err(crate::http::problem::Problem::from)?;
        let listed = |sku: &String| self.skus.contains(sku);
        let known = service.state.known();
        Ok(known.is_some_and(|service| service.status == ServiceStatus::Active && listed(&service.sku)))
    }
}
