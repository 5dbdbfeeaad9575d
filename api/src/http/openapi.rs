//! The OpenAPI document, generated from the handlers.

use utoipa::openapi::OpenApi as Built;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use super::router;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Cloudsales",
        description = "Sells cloud services of a provider to customers, directly and through resellers. \
            Money is a decimal string with a currency; times are UTC; writes take an Idempotency-Key."
    ),
    tags(
        (name = "customers"), (name = "accounts"), (name = "catalogue"), (name = "orders"), (name = "subscriptions"),
        (name = "invoices"), (name = "payments"), (name = "billing"), (name = "commissions"), (name = "notifications"), (name = "audit"),
        (name = "admin"),
        (name = "webhooks"), (name = "development"),
    ),
    modifiers(&Bearer),
    components(schemas(super::problem::ProblemBody)),
)]
pub struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Built) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_with(Default::default).add_security_scheme("bearer", scheme);
    }
}

/// The whole document.
pub fn document() -> Built {
    let mut document = router::operations().split_for_parts().1;
    // The manifest names none, which would be written as one without a name.
    document.info.license = None;
    document
}
