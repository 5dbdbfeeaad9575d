//! The places of requests. Each holds one from its beginning to its answer: among those at work, or, while it waits for
//! the rest of its body, among those that send. Who sends slowly thus keeps nobody from being worked on.

use std::fmt;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use axum::body::{Body, HttpBody};
use axum::extract::Request;
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

use super::limits::{BODIES_COMING, REQUESTS_IN_FLIGHT};
use super::problem::{Problem, ProblemType};

/// The free places of both kinds.
#[derive(Debug, Clone)]
pub struct Places {
    pub at_work: Arc<Semaphore>,
    pub sending: Arc<Semaphore>,
}

/// One request's place, given back when dropped.
#[derive(Debug)]
pub struct Place(Mutex<OwnedSemaphorePermit>);

/// All places of a kind are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoPlace;

impl Places {
    /// As many as `limits.rs` says.
    pub fn new() -> Self {
        let places = |count| Arc::new(Semaphore::new(count));
        Self { at_work: places(REQUESTS_IN_FLIGHT), sending: places(BODIES_COMING) }
    }

    /// A place at work.
    ///
    /// # Errors
    /// When all are taken.
    pub fn take(&self) -> Result<Arc<Place>, NoPlace> {
        Ok(Arc::new(Place(Mutex::new(permit(&self.at_work)?))))
    }

    /// The request with a body that holds the request's place where it belongs, and tells when it is read to its end or
    /// no longer wanted: it drops its sender. A body that is never read leaves the place as it is.
    pub fn watch(&self, request: Request, place: &Arc<Place>) -> (Request, oneshot::Receiver<()>) {
        let (done, body_done) = oneshot::channel();
        let watch = |inner: Body| {
            if inner.is_end_stream() {
                return inner;
            }
            let (places, place) = (self.clone(), Arc::clone(place));
            Body::new(WatchedBody { inner, done: Some(done), places, place, waits: false })
        };
        (request.map(watch), body_done)
    }
}

impl Default for Places {
    fn default() -> Self {
        Self::new()
    }
}

impl Place {
    /// The old place is given back once there is another.
    fn change(&self, kind: &Arc<Semaphore>) -> Result<(), NoPlace> {
        let other = permit(kind)?;
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = other;
        Ok(())
    }
}

fn permit(kind: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, NoPlace> {
    Arc::clone(kind).try_acquire_owned().map_err(|_| NoPlace)
}

impl fmt::Display for NoPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("all places are taken")
    }
}

impl std::error::Error for NoPlace {}

impl From<NoPlace> for Problem {
    fn from(NoPlace: NoPlace) -> Self {
        ProblemType::Overloaded.into()
    }
}

struct WatchedBody {
    inner: Body,
    done: Option<oneshot::Sender<()>>,
    places: Places,
    place: Arc<Place>,
    /// Whether the place is one among those that send.
    waits: bool,
}

impl WatchedBody {
    /// A request waits from the moment that its body makes it wait until it has all of it. What comes in one piece with
    /// its head, as most do, never waits and asks for no other place.
    fn settle(&mut self, pending: bool, ended: bool) -> Result<(), NoPlace> {
        let waits = !ended && (self.waits || pending);
        if waits != self.waits {
            self.place.change(if waits { &self.places.sending } else { &self.places.at_work })?;
            self.waits = waits;
        }
        Ok(())
    }
}

impl HttpBody for WatchedBody {
    type Data = Bytes;
    type Error = axum::Error;

    /// Without a place to go to the body breaks off with [`NoPlace`]: whoever reads it has begun nothing yet, and ends
    /// by itself instead of being cut off in the middle of something.
    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = Pin::new(&mut self.inner).poll_frame(cx);
        let ended = matches!(frame, Poll::Ready(None)) || self.inner.is_end_stream();
        if ended || matches!(frame, Poll::Ready(Some(Err(_)))) {
            self.done = None;
        }
        match self.settle(frame.is_pending(), ended) {
            Ok(()) => frame,
            Err(no_place) => Poll::Ready(Some(Err(axum::Error::new(no_place)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}
