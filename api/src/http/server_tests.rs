#![allow(clippy::unwrap_used)]
use std::net::SocketAddr;

use axum::routing::{get, post};
use futures::{Stream, StreamExt, stream};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::*;
use crate::http::edge::{Edge, guard};
use crate::http::limits::{HEADER_BYTES, HEADER_LINES, URI_BYTES};
use crate::http::rate_limit::RateLimits;

struct Running {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<()>,
    /// Lets `/wait` answer, and tells that it was reached.
    release: Arc<Notify>,
    reached: Arc<Notify>,
}

async fn start(limits: ConnectionLimits) -> Running {
    let (release, reached) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (wait, tell) = (Arc::clone(&release), Arc::clone(&reached));
    let waiting = move || async move {
        tell.notify_one();
        wait.notified().await;
        "waited"
    };
    let router = Router::new()
        .route("/", get(async || "fine"))
        .route("/wait", get(waiting))
        .route("/stream", get(async || Body::from_stream(endless())))
        .route("/echo", post(async |body: String| body))
        .layer(axum::middleware::from_fn_with_state(Edge::new(uuid::Uuid::nil, RateLimits::unlimited()), guard));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let task = tokio::spawn(serve(listener, router, limits, stop.clone()));
    Running { address, stop, task, release, reached }
}

/// One chunk, and then silence.
fn endless() -> impl Stream<Item = Result<Bytes, std::convert::Infallible>> {
    stream::once(async { Ok(Bytes::from_static(b"first")) }).chain(stream::pending())
}

async fn open(address: SocketAddr, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(address).await.unwrap();
    // A refused head may be answered and closed before all of it is sent.
    let _ = stream.write_all(bytes).await;
    stream
}

async fn to_the_end(mut stream: TcpStream) -> String {
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

async fn ask(address: SocketAddr, request: &str) -> String {
    to_the_end(open(address, request.as_bytes()).await).await
}

const PLAIN: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

fn impatient() -> ConnectionLimits {
    ConnectionLimits { header_read_timeout: Duration::from_millis(50), ..ConnectionLimits::default() }
}

#[tokio::test]
async fn requests_are_answered() {
    let running = start(ConnectionLimits::default()).await;
    assert!(ask(running.address, PLAIN).await.starts_with("HTTP/1.1 200"));
    let posted = "POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nhi";
    assert!(ask(running.address, posted).await.ends_with("hi"));
}

#[tokio::test]
async fn requests_of_two_meanings_end_the_connection() {
    let running = start(ConnectionLimits::default()).await;
    let second = "GET / HTTP/1.1\r\nHost: b\r\nConnection: close\r\n\r\n";
    let heads = [
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nx",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\nx",
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: +1\r\n\r\nx",
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nFolded: a\r\n b\r\n\r\n",
        "GET / HTTP/1.1\r\nHost : a\r\n\r\n",
    ];
    for head in heads {
        let answer = ask(running.address, &format!("{head}{second}")).await;
        assert!(answer.starts_with("HTTP/1.1 400"), "{head}: {answer}");
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{head}");
    }
    let both = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    let answer = ask(running.address, &format!("{both}{second}")).await;
    assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
}

#[tokio::test]
async fn oversized_heads_get_their_status() {
    let running = start(ConnectionLimits::default()).await;
    let ask = async |head: String| ask(running.address, &format!("{head}Connection: close\r\n\r\n")).await;
    for bytes in [URI_BYTES + 1, 64 * 1024, 65_535] {
        let answer = ask(format!("GET /{} HTTP/1.1\r\nHost: a\r\n", "a".repeat(bytes - 1))).await;
        assert!(answer.starts_with("HTTP/1.1 414"), "{bytes}: {answer}");
    }
    for bytes in [HEADER_BYTES, 100_000, 1_000_000] {
        let answer = ask(format!("GET / HTTP/1.1\r\nHost: a\r\nX: {}\r\n", "a".repeat(bytes))).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{bytes}: {answer}");
    }
    for lines in [HEADER_LINES, 200] {
        let headers: String = (0..lines).map(|n| format!("X{n}: 1\r\n")).collect();
        let answer = ask(format!("GET / HTTP/1.1\r\n{headers}")).await;
        assert!(answer.starts_with("HTTP/1.1 431"), "{lines}: {answer}");
    }
}

#[tokio::test]
async fn silent_and_slow_clients_are_closed() {
    let running = start(impatient()).await;
    for begun in ["", "G", "GET / HTTP/1.1\r\nHost: a\r\n"] {
        let answer = to_the_end(open(running.address, begun.as_bytes()).await).await;
        assert!(!answer.contains("200"), "{begun}: {answer}");
    }
}

#[tokio::test]
async fn idle_connections_make_room_and_busy_ones_stay() {
    let limits = ConnectionLimits { connections: 2, ..ConnectionLimits::default() };
    let running = start(limits).await;
    let busy = open(running.address, b"GET /wait HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").await;
    running.reached.notified().await;
    let silent = open(running.address, b"GET / HTTP/1.1\r\n").await;
    assert!(ask(running.address, PLAIN).await.starts_with("HTTP/1.1 200"));
    assert_eq!(to_the_end(silent).await, "");
    running.release.notify_one();
    assert!(to_the_end(busy).await.ends_with("waited"));
}

#[tokio::test]
async fn a_stream_is_not_cut_off_for_a_newcomer() {
    let limits = ConnectionLimits { connections: 1, ..ConnectionLimits::default() };
    let running = start(limits).await;
    let mut streaming = open(running.address, b"GET /stream HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let mut answer = Vec::new();
    while !answer.ends_with(b"first\r\n") {
        assert_ne!(streaming.read_buf(&mut answer).await.unwrap(), 0);
    }
    assert_eq!(ask(running.address, PLAIN).await, "");
    drop(streaming);
}

#[test]
fn who_never_asked_goes_first_and_whoever_is_busy_never() {
    let connections = Connections::new(3);
    let asked = connections.admit(1).unwrap();
    drop(asked.state.begin());
    let busy = connections.admit(2).unwrap();
    let _working = busy.state.begin();
    let silent = connections.admit(3).unwrap();
    let fourth = connections.admit(4).unwrap();
    assert!(silent.state.close.is_cancelled() && !asked.state.close.is_cancelled());
    let _fourth_works = fourth.state.begin();
    let fifth = connections.admit(5).unwrap();
    assert!(asked.state.close.is_cancelled() && !busy.state.close.is_cancelled());
    let _fifth_works = fifth.state.begin();
    assert!(connections.admit(6).is_none());
    drop(busy);
    assert!(connections.admit(7).is_some());
}

#[tokio::test]
async fn stopping_lets_open_requests_finish() {
    let running = start(ConnectionLimits::default()).await;
    let open_request = open(running.address, b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    let idle = open(running.address, b"").await;
    running.reached.notified().await;
    running.stop.cancel();
    assert_eq!(to_the_end(idle).await, "");
    running.release.notify_one();
    assert!(to_the_end(open_request).await.ends_with("waited"));
    running.task.await.unwrap();
    assert!(TcpStream::connect(running.address).await.is_err());
}

#[tokio::test]
async fn stopping_does_not_wait_for_ever() {
    let limits = ConnectionLimits { drain_timeout: Duration::from_millis(20), ..ConnectionLimits::default() };
    let running = start(limits).await;
    let stuck = open(running.address, b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n").await;
    running.reached.notified().await;
    running.stop.cancel();
    running.task.await.unwrap();
    assert_eq!(to_the_end(stuck).await, "");
}
