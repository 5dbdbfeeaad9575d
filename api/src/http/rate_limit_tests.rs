#![allow(clippy::unwrap_used)]
use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use governor::clock::FakeRelativeClock;
use tower::ServiceExt;

use super::*;
use crate::http::edge::{Edge, guard};

fn limiter(per_minute: u32) -> (Limiter<FakeRelativeClock>, FakeRelativeClock) {
    let clock = FakeRelativeClock::default();
    (Limiter::new("writes", NonZeroU32::new(per_minute).unwrap(), clock.clone()), clock)
}

#[test]
fn the_whole_quota_is_let_through_and_not_one_more() {
    for quota in [1, 2, 7, 600, 3_000] {
        let (limiter, _) = limiter(quota);
        for n in 1..=quota {
            let standing = limiter.take("tenant");
            assert_eq!((standing.allowed, standing.remaining), (true, quota - n), "{n} of {quota}");
        }
        let refused = limiter.take("tenant");
        assert_eq!((refused.allowed, refused.remaining), (false, 0), "{quota}");
        assert_eq!(refused.reset_s, 60_u32.div_ceil(quota), "{quota}");
    }
}

#[test]
fn what_was_used_comes_back_evenly() {
    let (limiter, clock) = limiter(6);
    while limiter.take("tenant").allowed {}
    clock.advance(Duration::from_millis(9_999));
    let refused = limiter.take("tenant");
    assert_eq!((refused.allowed, refused.reset_s), (false, 1));
    clock.advance(Duration::from_millis(1));
    assert_eq!(limiter.take("tenant"), Standing { allowed: true, remaining: 0, reset_s: 10 });
    clock.advance(Duration::from_secs(60));
    assert_eq!(limiter.take("tenant"), Standing { allowed: true, remaining: 5, reset_s: 10 });
}

#[test]
fn nobody_uses_up_what_is_anothers() {
    let (limiter, _) = limiter(1);
    assert!(limiter.take("one").allowed && !limiter.take("one").allowed);
    assert!(limiter.take("other").allowed);
}

#[test]
fn tenants_whose_quota_is_full_again_are_forgotten() {
    let (limiter, clock) = limiter(60);
    for tenant in 0..RATE_SWEEP / 2 {
        limiter.take(&tenant.to_string());
    }
    clock.advance(Duration::from_secs(61));
    for _ in 0..RATE_SWEEP {
        limiter.take("busy");
    }
    assert_eq!(limiter.tenants.len(), 1);
}

async fn asked(app: &Router, method: &str, tenant: &str) -> Response {
    let request = Request::builder().method(method).uri("/").header("tenant", tenant).body(Body::empty());
    app.clone().oneshot(request.unwrap()).await.unwrap()
}

fn app(writes: u32, reads: u32) -> Router {
    let handler = async |request: Request| {
        let tenant = request.headers()["tenant"].to_str().unwrap();
        if tenant == "nobody" {
            return "not asked who".into_response();
        }
        let meter = request.extensions().get::<Meter>().unwrap();
        meter.take(tenant).map(|()| "done").into_response()
    };
    let quota = |n| NonZeroU32::new(n).unwrap();
    let limits = RateLimits::per_minute(quota(writes), quota(reads));
    Router::new()
        .route("/", get(handler).post(handler))
        .layer(axum::middleware::from_fn_with_state(Edge::new(uuid::Uuid::nil, limits), guard))
}

#[tokio::test]
async fn every_answer_tells_where_its_tenant_stands() {
    let app = app(1, 2);
    let told = |response: &Response| {
        let text = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        (response.status().as_u16(), text("ratelimit-policy"), text("ratelimit"), text("retry-after"))
    };
    let text = |text: &str| Some(text.to_owned());
    let (reads, writes) = (text("\"reads\";q=2;w=60"), text("\"writes\";q=1;w=60"));
    let first = asked(&app, "GET", "a").await;
    assert_eq!(told(&first), (200, reads.clone(), text("\"reads\";r=1;t=30"), None));
    let second = asked(&app, "GET", "a").await;
    assert_eq!(told(&second), (200, reads.clone(), text("\"reads\";r=0;t=30"), None));
    let third = asked(&app, "GET", "a").await;
    assert_eq!(told(&third), (429, reads, text("\"reads\";r=0;t=30"), text("30")));
    // Writes are counted by themselves.
    assert_eq!(told(&asked(&app, "POST", "a").await), (200, writes.clone(), text("\"writes\";r=0;t=60"), None));
    assert_eq!(told(&asked(&app, "POST", "a").await), (429, writes, text("\"writes\";r=0;t=60"), text("60")));
    assert_eq!(told(&asked(&app, "POST", "nobody").await), (200, None, None, None));
}
