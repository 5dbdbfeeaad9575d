//! The serving loop: HTTP/1.1 connections with limits in number, head size and time.

use std::collections::BTreeMap;
use std::io;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http::Request;
use hyper::body::{Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::ServiceExt;

use super::limits::{CONNECTION_BUFFER_BYTES, CONNECTIONS, DRAIN_TIMEOUT, HEADER_READ_TIMEOUT};

/// Pause after a failed accept: it mostly means that file descriptors are used up for the moment.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Limits of the connections, apart from those of requests.
#[derive(Debug, Clone, Copy)]
pub struct ConnectionLimits {
    pub connections: usize,
    pub header_read_timeout: Duration,
    pub drain_timeout: Duration,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        let header_read_timeout = HEADER_READ_TIMEOUT;
        Self { connections: CONNECTIONS, header_read_timeout, drain_timeout: DRAIN_TIMEOUT }
    }
}

/// Serves until `stop`; then takes no new connections and gives open requests the time to finish.
pub async fn serve(listener: TcpListener, router: Router, limits: ConnectionLimits, stop: CancellationToken) {
    let connections = Connections::new(limits.connections);
    let tasks = TaskTracker::new();
    let mut next_id = 0;
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let Some(stream) = usable(accepted).await else { continue };
        next_id += 1;
        // Nobody idle to send away: the newcomer goes.
        let Some(connection) = connections.admit(next_id) else { continue };
        tasks.spawn(converse(stream, router.clone(), limits, (connection, stop.clone())));
    }
    tasks.close();
    if tokio::time::timeout(limits.drain_timeout, tasks.wait()).await.is_err() {
        tracing::warn!(connections = tasks.len(), "closing connections whose requests did not finish in time");
        connections.close_all();
    }
}

async fn usable(accepted: io::Result<(TcpStream, std::net::SocketAddr)>) -> Option<TcpStream> {
    match accepted {
        Ok((stream, _)) => stream.set_nodelay(true).ok().map(|()| stream),
        Err(error) => {
            tracing::warn!(%error, "accepting a connection failed");
            tokio::time::sleep(ACCEPT_PAUSE).await;
            None
        }
    }
}

async fn converse(
    stream: TcpStream,
    router: Router,
    limits: ConnectionLimits,
    (connection, stop): (Admitted, CancellationToken),
) {
    let state = Arc::clone(&connection.state);
    let service = service_fn(|request: Request<Incoming>| {
        let busy = state.begin();
        let answer = router.clone().oneshot(request.map(Body::new));
        async move { answer.await.map(|answer| answer.map(|inner| BusyBody { inner, _busy: busy })) }
    });
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new());
    builder.header_read_timeout(limits.header_read_timeout).max_buf_size(CONNECTION_BUFFER_BYTES);
    let mut conversation = pin!(builder.serve_connection(TokioIo::new(stream), service));
    // Errors are the client's: it went away, was too slow, or did not speak HTTP.
    tokio::select! {
        _ = conversation.as_mut() => return,
        () = connection.state.close.cancelled() => return,
        () = stop.cancelled() => conversation.as_mut().graceful_shutdown(),
    }
    tokio::select! {
        _ = conversation => {}
        () = connection.state.close.cancelled() => {}
    }
}

/// The open connections by age, so that an idle one can make room.
#[derive(Debug, Clone)]
struct Connections {
    most: usize,
    open: Arc<Mutex<BTreeMap<u64, Arc<ConnectionState>>>>,
}

#[derive(Debug, Default)]
struct ConnectionState {
    /// Requests begun so far, and those being answered.
    begun: AtomicUsize,
    busy: AtomicUsize,
    close: CancellationToken,
}

/// A connection's place, given back when dropped.
struct Admitted {
    id: u64,
    state: Arc<ConnectionState>,
    connections: Connections,
}

impl Connections {
    fn new(most: usize) -> Self {
        Self { most, open: Arc::default() }
    }

    /// A place for the connection; when all are taken, that of an idle one. `None` when all are at work.
    fn admit(&self, id: u64) -> Option<Admitted> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= self.most {
            let idlest = idlest(&open)?;
            open.remove(&idlest)?.close.cancel();
        }
        let state = Arc::new(ConnectionState::default());
        open.insert(id, Arc::clone(&state));
        Some(Admitted { id, state, connections: self.clone() })
    }

    fn close_all(&self) {
        let open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.values().for_each(|state| state.close.cancel());
    }
}

/// The oldest that never sent a request, else the oldest between two requests. Who connects and says nothing, or a
/// byte now and then, thus cannot keep others out. Whose body is still coming is not idle: it may be anybody's upload,
/// it has to end in time, and `BODIES_COMING` leaves half of the places to others.
fn idlest(open: &BTreeMap<u64, Arc<ConnectionState>>) -> Option<u64> {
    let idle = || open.iter().filter(|(_, state)| state.busy.load(Ordering::Acquire) == 0);
    let silent = idle().find(|(_, state)| state.begun.load(Ordering::Acquire) == 0);
    silent.or_else(|| idle().next()).map(|(id, _)| *id)
}

impl Drop for Admitted {
    fn drop(&mut self) {
        self.connections.open.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.id);
    }
}

/// Marks a connection as at work while it lives.
struct Busy(Arc<ConnectionState>);

impl ConnectionState {
    fn begin(self: &Arc<Self>) -> Busy {
        self.begun.fetch_add(1, Ordering::AcqRel);
        self.busy.fetch_add(1, Ordering::AcqRel);
        Busy(Arc::clone(self))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.busy.fetch_sub(1, Ordering::AcqRel);
    }
}

/// An answer's body: the connection is at work until the last byte is on its way.
struct BusyBody {
    inner: Body,
    _busy: Busy,
}

impl HttpBody for BusyBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.inner).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
#[path = "server_tests.rs"]
mod tests;
