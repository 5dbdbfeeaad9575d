//! A session of the log that takes batches one behind the other, without waiting for the answer to the one before.
//!
//! Each batch is a transaction of its own all the same. `sqlx`, which everything else goes through, sends the next
//! statement when the last one is answered; then the server would idle for as long as that takes.

use std::error::Error;
use std::io;

use futures::TryStreamExt;
use sqlx::postgres::PgConnectOptions;
use thiserror::Error;
use tokio_postgres::{Client, Statement};
use tokio_util::task::AbortOnDropHandle;
use tracing::debug;

use super::arguments::Argument;
use super::arrays::{self, Arrays};
use super::one::{self, One};
use super::{Row, Submission, Verdict, verdict, verdicts};
use crate::address::{self, BadAddress};
use crate::error::is_transient_code;

/// Shared by those who have a batch under way over it.
pub(crate) struct Session {
    client: Client,
    append_batch: Statement,
    append_event: Statement,
    /// Sends and receives. The connection is cut when nobody holds the session any more.
    _transport: AbortOnDropHandle<()>,
}

/// No answer to a batch. Whether it was written is unknown unless the server itself refuses it.
#[derive(Debug, Error)]
pub(crate) enum SessionError {
    #[error("the server does not answer")]
    Silent,
    #[error("no connection: {0}")]
    NoConnection(String),
    #[error(transparent)]
    BadAddress(#[from] BadAddress),
    #[error("{}", in_words(.0))]
    Postgres(#[from] tokio_postgres::Error),
}

impl SessionError {
    /// Whether trying again may help: the connection or the server, not the batch, is at fault.
    pub(crate) fn is_transient(&self) -> bool {
        match self {
            // With the same address others have connected before the batcher did.
            Self::Silent | Self::NoConnection(_) | Self::BadAddress(_) => true,
            Self::Postgres(error) => match error.code() {
                Some(code) => is_transient_code(code.code()),
                None => error.is_closed() || error.source().is_some_and(<dyn Error>::is::<io::Error>),
            },
        }
    }
}

/// Without the server's details, which may quote what was to be written.
fn in_words(error: &tokio_postgres::Error) -> String {
    match error.as_db_error() {
        Some(refused) => format!("{} ({})", refused.message(), refused.code().code()),
        None => match error.source() {
            Some(cause) => format!("{error}: {cause}"),
            None => error.to_string(),
        },
    }
}

impl Session {
    /// Connects and prepares.
    ///
    /// # Errors
    /// Any [`SessionError`].
    pub(crate) async fn connect(options: &PgConnectOptions) -> Result<Self, SessionError> {
        let (config, tls) = address::of(options).await?;
        let (client, connection) = config.connect(tls).await.map_err(|error| match error.as_db_error() {
            Some(_) => SessionError::Postgres(error),
            None => SessionError::NoConnection(in_words(&error)),
        })?;
        let transport = tokio::spawn(async move {
            if let Err(error) = connection.await {
                // Whoever has a batch under way is told, too.
                debug!(error = in_words(&error), "the batcher's connection has ended");
            }
        });
        let append_batch = client.prepare(arrays::CALL).await?;
        let append_event = client.prepare(one::CALL).await?;
        Ok(Self { client, append_batch, append_event, _transport: AbortOnDropHandle::new(transport) })
    }

    /// Nothing can be sent over it any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.client.is_closed()
    }

    /// As [`super::append`].
    pub(crate) async fn append(&self, batch: &[Submission]) -> Result<Vec<Verdict>, SessionError> {
        if let Some(one) = One::of(batch) {
            let rows = self.call(&self.append_event, one.bound_to(Vec::new())).await?;
            let head = rows.first().map(|row| row.try_get(0)).transpose()?.flatten();
            if let Some(verdict) = verdict(head) {
                return Ok(vec![verdict]);
            }
        }
        self.again(batch).await
    }

    /// As [`super::again`].
    pub(crate) async fn again(&self, batch: &[Submission]) -> Result<Vec<Verdict>, SessionError> {
        let arrays = Arrays::of(batch);
        let rows = self.call(&self.append_batch, arrays.bound_to(Vec::new())).await?;
        let rows = rows.iter().map(Row::try_from).collect::<Result<_, _>>()?;
        Ok(verdicts(&arrays, rows, batch.len()))
    }

    async fn call(
        &self,
        statement: &Statement,
        arguments: Vec<Argument<'_>>,
    ) -> Result<Vec<tokio_postgres::Row>, tokio_postgres::Error> {
        self.client.query_raw(statement, arguments).await?.try_collect().await
    }
}

/// The columns of [`arrays::CALL`], in its order.
impl TryFrom<&tokio_postgres::Row> for Row {
    type Error = tokio_postgres::Error;

    fn try_from(row: &tokio_postgres::Row) -> Result<Self, Self::Error> {
        Ok(Self {
            command: row.try_get(0)?,
            verdict: row.try_get(1)?,
            first_position: row.try_get(2)?,
            last_position: row.try_get(3)?,
            fingerprint: row.try_get(4)?,
            status: row.try_get(5)?,
            aggregate_type: row.try_get(6)?,
            aggregate_id: row.try_get(7)?,
            version: row.try_get(8)?,
            outcome: row.try_get(9)?,
        })
    }
}
