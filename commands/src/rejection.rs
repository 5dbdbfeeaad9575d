//! Why a command came to nothing.

use domain::Refusal;
use event_log::{AppendError, LogError};
use thiserror::Error;
use tracing::error;

use crate::Failure;

/// A command that came to nothing: it wrote nothing, or, when unavailable, perhaps something under its key.
#[derive(Debug, Error)]
pub enum Rejection {
    #[error(transparent)]
    Refused(Refusal),
    #[error("no such thing exists")]
    NotFound,
    #[error("the role may not do this")]
    Forbidden,
    #[error("the version is another one")]
    Stale,
    #[error("the key belongs to another request")]
    KeyReused,
    #[error("the first request with the key is still being worked on")]
    InProgress,
    #[error("too many changes of the same thing at once")]
    Contention,
    #[error("too many commands at once")]
    Overloaded,
    #[error("the log cannot be reached")]
    Unavailable,
    #[error("an inner error")]
    Internal,
}

impl Rejection {
    /// Whether the same command under the same key, some time later, may come to another end.
    pub const fn passes(&self) -> bool {
        matches!(self, Self::InProgress | Self::Contention | Self::Overloaded | Self::Unavailable)
    }
}

impl From<Failure> for Rejection {
    fn from(failure: Failure) -> Self {
        rejection(failure)
    }
}

pub(crate) fn rejection(failure: Failure) -> Rejection {
    match failure {
        Failure::Refused(Refusal::NotFound) | Failure::NotFound => Rejection::NotFound,
        Failure::Refused(refusal) => Rejection::Refused(refusal),
        Failure::Forbidden => Rejection::Forbidden,
        Failure::Stale => Rejection::Stale,
        Failure::Log(LogError::Database(error)) if event_log::error::is_transient(&error) => Rejection::Unavailable,
        Failure::Log(error) => {
            error!(%error, "the log cannot be used");
            Rejection::Internal
        }
        Failure::Encoding(error) => {
            error!(%error, "an event cannot be encoded");
            Rejection::Internal
        }
    }
}

impl From<AppendError> for Rejection {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::QueueFull => Self::Overloaded,
            AppendError::TimedOut | AppendError::Stopping => Self::Unavailable,
            AppendError::Rejected => Self::Internal,
        }
    }
}
