//! `/docs`: the reference page, and what every problem means. Everything is embedded; nothing is loaded from elsewhere.

use axum::Router;
use axum::extract::Path;
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::{self, Next};
use axum::response::{Html, Redirect, Response};
use axum::routing::get;

use super::api::Api;
use super::problem::problems_page;

/// Only what this server itself delivers.
const POLICY: &str = "default-src 'none'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; frame-ancestors 'none'";

/// The pages.
pub fn router() -> Router<Api> {
    let configuration = serde_json::json!({
        "url": "/openapi.json", "withDefaultFonts": false, "telemetry": false, "hideClientButton": true,
    });
    scalar_api_reference::axum::router("/docs", &configuration)
        .with_state(())
        .route("/docs/problems", get(|| async { Html(problems_page()) }))
        .route("/problems/{slug}", get(problem))
        .layer(middleware::from_fn(only_from_here))
}

/// A problem's `type` leads to its explanation.
async fn problem(Path(slug): Path<String>) -> Redirect {
    let slug: String = slug.chars().filter(|c| c.is_ascii_lowercase() || *c == '-').take(64).collect();
    Redirect::to(&format!("/docs/problems#{slug}"))
}

async fn only_from_here(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    response
}
