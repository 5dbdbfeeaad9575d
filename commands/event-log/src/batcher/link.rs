//! The batcher's one session, replaced when it is lost.

use std::sync::Arc;

use sqlx::postgres::PgConnectOptions;
use tokio::sync::Mutex;
use tracing::info;

use crate::append::session::{Session, SessionError};

/// A batch takes milliseconds. The server itself ends one that takes this long, which waits for something then, and it
/// is sent again.
const SETTINGS: [(&str, &str); 2] = [("statement_timeout", "15s"), ("idle_in_transaction_session_timeout", "10s")];

/// Shared by all batches under way.
pub(super) struct Link {
    options: PgConnectOptions,
    session: Mutex<Option<Arc<Session>>>,
}

impl Link {
    /// Not connected yet.
    pub(super) fn new(options: PgConnectOptions) -> Self {
        Self { options: options.options(SETTINGS), session: Mutex::default() }
    }

    /// The session of the moment; the first who needs one connects.
    ///
    /// # Errors
    /// Any of [`Session::connect`].
    pub(super) async fn session(&self) -> Result<Arc<Session>, SessionError> {
        let mut session = self.session.lock().await;
        if let Some(standing) = session.as_ref().filter(|session| !session.is_closed()) {
            return Ok(Arc::clone(standing));
        }
        let new = Arc::new(Session::connect(&self.options).await?);
        info!("connected to the log");
        *session = Some(Arc::clone(&new));
        Ok(new)
    }

    /// Nothing more is sent over this one. Whoever has a batch under way over it may still be answered.
    pub(super) async fn leave(&self, left: &Arc<Session>) {
        let mut session = self.session.lock().await;
        if session.as_ref().is_some_and(|session| Arc::ptr_eq(session, left)) {
            *session = None;
        }
    }
}
