//! The outermost layer: ids, quotas, limits of the head, places, time, panics. What reaches a handler has passed
//! here, and every problem leaves with the request's id and trace.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use http::HeaderMap;
use tokio::sync::oneshot;
use uuid::Uuid;

use super::limits::{
    BODY_READ_TIMEOUT, CLOCK_TIMEOUT, HANDLER_TIMEOUT, HEADER_BYTES, HEADER_LINES, REQUESTS_IN_FLIGHT, URI_BYTES,
};
use super::places::Places;
use super::problem::{Problem, ProblemType, complete};
use super::query::decoded;
use super::rate_limit::RateLimits;
use super::trace::RequestIds;

/// The one operation that is slow on purpose: it answers when the days it was asked for are over.
const CLOCK: &str = "/dev/clock";

/// What the layer shares between requests.
#[derive(Debug, Clone)]
pub struct Edge {
    new_id: fn() -> Uuid,
    limits: RateLimits,
    places: Places,
    handler_timeout: Duration,
}

impl Edge {
    /// The limits of `limits.rs`; `new_id` makes ids.
    pub fn new(new_id: fn() -> Uuid, limits: RateLimits) -> Self {
        Self { new_id, limits, places: Places::new(), handler_timeout: HANDLER_TIMEOUT }
    }

    /// Requests being worked on, without those that wait for the rest of their body.
    pub fn in_flight(&self) -> usize {
        REQUESTS_IN_FLIGHT.saturating_sub(self.places.at_work.available_permits())
    }

    async fn answer(&self, request: Request, next: Next) -> Result<Response, Problem> {
        check_head(&request)?;
        let place = self.places.take()?;
        let timeout = if request.uri().path() == CLOCK { CLOCK_TIMEOUT } else { self.handler_timeout };
        let (request, body_done) = self.places.watch(request, &place);
        let work = AssertUnwindSafe(next.run(request)).catch_unwind();
        let outcome = within_time(work, body_done, timeout).await.ok_or(ProblemType::TooSlow)?;
        outcome.map_err(|_| {
            tracing::error!("a handler panicked");
            ProblemType::Internal.into()
        })
    }
}

/// The layer itself: `Router::layer(axum::middleware::from_fn_with_state(edge, guard))`.
pub async fn guard(State(edge): State<Edge>, mut request: Request, next: Next) -> Response {
    let ids = Arc::new(RequestIds::of(request.headers(), edge.new_id));
    let meter = edge.limits.meter(request.method());
    request.extensions_mut().insert(Arc::clone(&ids));
    request.extensions_mut().insert(meter.clone());
    let answer = edge.answer(request, next).await.unwrap_or_else(IntoResponse::into_response);
    let mut response = complete(answer, || ids.instance(), ids.trace.trace_id());
    ids.write(response.headers_mut());
    meter.write(response.headers_mut());
    response
}

fn check_head(request: &Request) -> Result<(), ProblemType> {
    let uri = request.uri();
    if uri.path().len() + uri.query().map_or(0, str::len) > URI_BYTES {
        return Err(ProblemType::UriTooLong);
    }
    if request.headers().len() > HEADER_LINES || header_bytes(request.headers()) > HEADER_BYTES {
        return Err(ProblemType::HeadersTooLarge);
    }
    if is_text(uri.path()) { Ok(()) } else { Err(ProblemType::NotFound) }
}

/// No address of ours has bytes that are no UTF-8, or control characters, which the database would refuse.
fn is_text(path: &str) -> bool {
    decoded(path).is_some_and(|path| !path.contains(char::is_control))
}

fn header_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}

/// The work's outcome, or `None` when it takes too long. A slow client's time to send its body is not counted:
/// reading it has a limit of its own.
async fn within_time<T>(
    work: impl Future<Output = T>,
    body_done: oneshot::Receiver<()>,
    timeout: Duration,
) -> Option<T> {
    let mut work = pin!(work);
    tokio::select! {
        biased;
        outcome = &mut work => return Some(outcome),
        _ = tokio::time::timeout(BODY_READ_TIMEOUT, body_done) => {}
    }
    tokio::time::timeout(timeout, work).await.ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use axum::Router;
    use axum::body::Body;
    use axum::routing::get;
    use bytes::Bytes;
    use futures::StreamExt;
    use tower::ServiceExt;

    use super::*;
    use crate::http::limits::BODIES_COMING;

    fn fixed_id() -> Uuid {
        Uuid::from_u128(0x0197_f3a4_6f6e_7d31_9c55_1f0f_3a2b_4c5d)
    }

    fn app(edge: &Edge) -> Router {
        Router::new()
            .route("/ok", get(async || "fine").post(async |body: Body| crate::http::body::read_bytes(body, 10).await))
            .route("/slow", get(std::future::pending::<()>))
            .route("/panic", get(async || -> String { panic!("secret of the inside") }))
            .fallback(async || Problem::from(ProblemType::NotFound))
            .method_not_allowed_fallback(async || Problem::from(ProblemType::MethodNotAllowed))
            .layer(axum::middleware::from_fn_with_state(edge.clone(), guard))
    }

    fn edge() -> Edge {
        Edge { handler_timeout: Duration::from_millis(20), ..Edge::new(fixed_id, RateLimits::unlimited()) }
    }

    async fn send(edge: &Edge, request: http::request::Builder) -> (http::response::Parts, serde_json::Value) {
        read(app(edge).oneshot(request.body(Body::empty()).unwrap()).await.unwrap()).await
    }

    async fn read(response: Response) -> (http::response::Parts, serde_json::Value) {
        let (parts, body) = response.into_parts();
        let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        (parts, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    #[tokio::test]
    async fn every_answer_has_its_ids() {
        let request = Request::get("/ok").header("x-request-id", "r-1");
        let (parts, _) = send(&edge(), request).await;
        assert_eq!((parts.status.as_u16(), &parts.headers["x-request-id"]), (200, &"r-1".parse().unwrap()));
        let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let (parts, body) = send(&edge(), Request::get("/none").header("traceparent", parent)).await;
        assert_eq!(parts.status, 404);
        assert_eq!(body["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");
        assert_eq!(body["instance"], format!("urn:uuid:{}", fixed_id()));
    }

    #[tokio::test]
    async fn unlisted_methods_are_told_which_there_are() {
        for method in ["TRACE", "PROPFIND", "DELETE"] {
            let (parts, body) = send(&edge(), Request::builder().method(method).uri("/ok")).await;
            assert_eq!((parts.status.as_u16(), body["type"].as_str()), (405, Some("/problems/method-not-allowed")));
            assert_eq!(parts.headers["allow"], "GET,HEAD,POST");
        }
    }

    #[tokio::test]
    async fn oversized_heads_are_refused() {
        let status = async |request| send(&edge(), request).await.0.status.as_u16();
        let uri = |bytes: usize| Request::get(format!("/ok?{}", "a".repeat(bytes - 3)));
        assert_eq!((status(uri(URI_BYTES)).await, status(uri(URI_BYTES + 1)).await), (200, 414));
        let lines =
            |count: usize| (0..count).fold(Request::get("/ok"), |request, n| request.header(format!("h{n}"), "1"));
        assert_eq!((status(lines(HEADER_LINES)).await, status(lines(HEADER_LINES + 1)).await), (200, 431));
        let bytes = |bytes: usize| Request::get("/ok").header("h", "v".repeat(bytes - 1));
        assert_eq!((status(bytes(HEADER_BYTES)).await, status(bytes(HEADER_BYTES + 1)).await), (200, 431));
    }

    #[tokio::test]
    async fn addresses_that_are_no_text_lead_nowhere() {
        for path in ["/ok%00", "/ok/%ff", "/%c3%28", "/ok%0a", "/%zz", "/ok%"] {
            let (parts, body) = send(&edge(), Request::get(path)).await;
            assert_eq!((parts.status.as_u16(), body["type"].as_str()), (404, Some("/problems/not-found")), "{path}");
        }
    }

    #[tokio::test]
    async fn slow_work_and_panics_are_problems() {
        let (parts, body) = send(&edge(), Request::get("/slow")).await;
        assert_eq!((parts.status.as_u16(), body["type"].as_str()), (503, Some("/problems/too-slow")));
        let (parts, body) = send(&edge(), Request::get("/panic")).await;
        assert_eq!((parts.status.as_u16(), body["type"].as_str()), (500, Some("/problems/internal")));
        assert!(!body.to_string().contains("secret"));
    }

    #[tokio::test]
    async fn the_257th_request_is_not_begun() {
        let edge = edge();
        let taken = edge.places.at_work.clone().acquire_many_owned(256).await.unwrap();
        let (parts, _) = send(&edge, Request::get("/ok")).await;
        assert_eq!((parts.status.as_u16(), &parts.headers["retry-after"]), (503, &"1".parse().unwrap()));
        drop(taken);
        assert_eq!(send(&edge, Request::get("/ok")).await.0.status, 200);
        assert_eq!(edge.in_flight(), 0);
    }

    /// A body that comes when it is sent, and the one who sends it.
    fn coming() -> (oneshot::Sender<Result<Bytes, std::convert::Infallible>>, Body) {
        let (sender, receiver) = oneshot::channel();
        (sender, Body::from_stream(receiver.into_stream().map(Result::unwrap)))
    }

    fn post(body: impl Into<Body>) -> Request {
        Request::post("/ok").body(body.into()).unwrap()
    }

    #[tokio::test]
    async fn the_bodys_time_is_not_the_handlers() {
        let (sender, body) = coming();
        // No time at all for the handler: it has to be done once the body is.
        let edge = Edge { handler_timeout: Duration::ZERO, ..Edge::new(fixed_id, RateLimits::unlimited()) };
        let sending = app(&edge).oneshot(post(body));
        let feeding = async {
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            sender.send(Ok(Bytes::from_static(b"late"))).unwrap();
        };
        let (response, ()) = tokio::join!(sending, feeding);
        assert_eq!(response.unwrap().status(), 200);
    }

    #[tokio::test]
    async fn whoever_waits_for_its_body_is_not_at_work() {
        let edge = edge();
        let places = || (edge.in_flight(), BODIES_COMING - edge.places.sending.available_permits());
        let (sender, body) = coming();
        let mut sending = pin!(app(&edge).oneshot(post(body)));
        assert!(sending.as_mut().now_or_never().is_none());
        assert_eq!(places(), (0, 1));
        sender.send(Ok(Bytes::from_static(b"late"))).unwrap();
        assert_eq!(sending.await.unwrap().status(), 200);
        assert_eq!(places(), (0, 0));
        // Nobody reads this body: the work goes on without it.
        let (_unread, body) = coming();
        let mut working = pin!(app(&edge).oneshot(Request::get("/slow").body(body).unwrap()));
        assert!(working.as_mut().now_or_never().is_none());
        assert_eq!(places(), (1, 0));
        assert_eq!(working.await.unwrap().status(), 503);
        assert_eq!(places(), (0, 0));
    }

    #[tokio::test]
    async fn bodies_that_come_slowly_keep_only_such_bodies_out() {
        let (edge, mut waiting) = (edge(), Vec::new());
        for _ in 0..BODIES_COMING {
            let (sender, body) = coming();
            let mut sending = Box::pin(app(&edge).oneshot(post(body)));
            assert!(sending.as_mut().now_or_never().is_none());
            waiting.push((sender, sending));
        }
        assert_eq!(send(&edge, Request::get("/ok")).await.0.status, 200);
        assert_eq!(app(&edge).oneshot(post("whole")).await.unwrap().status(), 200);
        let (_sender, body) = coming();
        let (parts, problem) = read(app(&edge).oneshot(post(body)).await.unwrap()).await;
        assert_eq!((parts.status.as_u16(), problem["type"].as_str()), (503, Some("/problems/overloaded")));
        assert_eq!(parts.headers["retry-after"], "1");
        let (sender, sending) = waiting.pop().unwrap();
        sender.send(Ok(Bytes::from_static(b"late"))).unwrap();
        assert_eq!(sending.await.unwrap().status(), 200);
        let (_sender, body) = coming();
        let next = app(&edge).oneshot(post(body));
        assert!(pin!(next).now_or_never().is_none());
    }

    #[tokio::test]
    async fn a_body_that_ends_when_all_are_at_work_is_not_begun_with() {
        let edge = edge();
        let (sender, body) = coming();
        let mut sending = pin!(app(&edge).oneshot(post(body)));
        assert!(sending.as_mut().now_or_never().is_none());
        let _taken = edge.places.at_work.clone().acquire_many_owned(256).await.unwrap();
        sender.send(Ok(Bytes::from_static(b"late"))).unwrap();
        let (parts, problem) = read(sending.await.unwrap()).await;
        assert_eq!((parts.status.as_u16(), problem["type"].as_str()), (503, Some("/problems/overloaded")));
        assert_eq!(parts.headers["retry-after"], "1");
        assert_eq!(edge.places.sending.available_permits(), BODIES_COMING);
    }
}
