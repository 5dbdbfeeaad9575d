//! Carries out what the scripts have in mind for the connection; the handlers see only the plan.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures::stream;

use super::Model;
use super::answer::Answer;
use super::faults::Strike;
use super::kinds::Transport;
use super::server::NoAnswer;
use super::world::Sim;

const DELAY_MS: u64 = 1_000;
const DRIP_MS: u64 = 2_000;
const TIMEOUT_MS: u64 = 20_000;
const RETRY_AFTER_MS: u64 = 1_000;
const DRIP_PARTS: usize = 20;

pub async fn layer<M: Model>(State(sim): State<Sim<M>>, mut request: Request, next: Next) -> Response {
    let plan = sim.faults().plan(request.method(), request.uri().path());
    request.extensions_mut().insert(plan.clone());
    match plan.transport {
        None => next.run(request).await,
        Some(strike) => struck(strike, request, next).await,
    }
}

async fn struck(strike: Strike<Transport>, request: Request, next: Next) -> Response {
    let ms = |default: u64| Duration::from_millis(strike.ms.unwrap_or(default));
    match strike.kind {
        Transport::Delay => {
            tokio::time::sleep(ms(DELAY_MS)).await;
            next.run(request).await
        }
        Transport::Drip => drip(next.run(request).await, ms(DRIP_MS)).await,
        Transport::Reset => {
            let mut response = StatusCode::OK.into_response();
            response.extensions_mut().insert(NoAnswer::Closed);
            response
        }
        Transport::TooManyRequests => later(StatusCode::TOO_MANY_REQUESTS, ms(RETRY_AFTER_MS)),
        Transport::Unavailable => later(StatusCode::SERVICE_UNAVAILABLE, ms(RETRY_AFTER_MS)),
        Transport::FailBefore => failed(),
        Transport::FailAfter => {
            next.run(request).await;
            failed()
        }
        Transport::TimeoutAfter => {
            let response = next.run(request).await;
            tokio::time::sleep(ms(TIMEOUT_MS)).await;
            response
        }
    }
}

fn failed() -> Response {
    Answer::trouble(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong.").into_response()
}

fn later(status: StatusCode, after: Duration) -> Response {
    let seconds = after.as_millis().div_ceil(1_000).to_string();
    let answer = Answer::trouble(status, "try_later", "Too much at once; try again later.");
    ([(header::RETRY_AFTER, seconds)], answer).into_response()
}

/// The same bytes in small parts, spread over `time`.
async fn drip(response: Response, time: Duration) -> Response {
    let (mut head, body) = response.into_parts();
    let Ok(body) = to_bytes(body, usize::MAX).await else { return failed() };
    let part = body.len().div_ceil(DRIP_PARTS).max(1);
    let pause = time / u32::try_from(DRIP_PARTS).unwrap_or(1);
    head.headers.remove(header::CONTENT_LENGTH);
    let parts = stream::unfold(body, move |mut rest| async move {
        if rest.is_empty() {
            return None;
        }
        tokio::time::sleep(pause).await;
        let next: Bytes = rest.split_to(part.min(rest.len()));
        Some((Ok::<_, Infallible>(next), rest))
    });
    Response::from_parts(head, Body::from_stream(parts))
}
