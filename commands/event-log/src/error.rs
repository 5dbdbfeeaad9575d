//! What can go wrong between us and the log.

use domain::codec::CodecError;
use thiserror::Error;

/// Reading or moving in the log failed.
#[derive(Debug, Error)]
pub enum LogError {
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    #[error("position {position} cannot be read")]
    Codec { position: i64, source: CodecError },
    #[error("stream {stream} has a hole at {sequence}")]
    Hole { stream: String, sequence: i64 },
}

/// An append gave no verdict. Whether it took place is unknown until the same key is sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AppendError {
    /// The queue holds as much as it may; nothing was written.
    #[error("too many commands are waiting")]
    QueueFull,
    /// No answer within the time a caller waits.
    #[error("the log did not answer in time")]
    TimedOut,
    /// The process is stopping; nothing was written.
    #[error("the process is stopping")]
    Stopping,
    /// The database refuses this command's rows, which is a defect of ours.
    #[error("the log refuses the events")]
    Rejected,
}

/// Whether trying again may help: the connection or the server, not the statement, is at fault.
pub fn is_transient(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Database(db) => db.code().is_some_and(|code| is_transient_code(&code)),
        sqlx::Error::Io(_)
        | sqlx::Error::Tls(_)
        | sqlx::Error::Protocol(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        _ => false,
    }
}

/// By the server's own word (`SQLSTATE`): connection exceptions, insufficient resources, operator intervention, deadlock
/// and serialization, a lock not available, a standby that has not been promoted yet, a session closed for having waited
/// too long.
pub(crate) fn is_transient_code(code: &str) -> bool {
    ["08", "53", "57", "40", "55", "25006", "25P03"].iter().any(|class| code.starts_with(class))
}
