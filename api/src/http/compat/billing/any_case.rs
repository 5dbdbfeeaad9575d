//! Routes in any case: the earlier service did not tell `/Rest/V1` from `/rest/v1`.

use axum::Router;
use axum::extract::Request;
use axum::http::Uri;
use tower::ServiceExt;

use super::PREFIX;

/// Reads the paths of this surface, and no others, in small letters before they are routed.
pub fn in_any_case(router: Router) -> Router {
    Router::new().fallback_service(router.map_request(lowered))
}

fn lowered(mut request: Request) -> Request {
    if let Some(uri) = lowered_uri(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

/// `None` where nothing changes.
fn lowered_uri(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let ours = path.get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX));
    if !ours || !path.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return None;
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = format!("{}{query}", path.to_ascii_lowercase()).parse().ok();
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_this_surface_is_read_in_any_case() {
        let read = |uri: &str| lowered_uri(&uri.parse().unwrap()).map(|uri| uri.to_string());
        assert_eq!(read("/compat/billing/rest/v1/invoices"), None);
        assert_eq!(read("/Compat/BILLING/Rest/V1/Invoices/7").as_deref(), Some("/compat/billing/rest/v1/invoices/7"));
        assert_eq!(read("/compat/billing/REST/health?A=B").as_deref(), Some("/compat/billing/rest/health?A=B"));
        for other in ["/V1/invoices", "/compat/Licensing/accounts", "/compat", "/", "/compat/billin", "/compat/billiné"]
        {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
