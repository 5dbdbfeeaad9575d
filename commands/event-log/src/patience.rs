//! A database that is gone without a word: a firewall has forgotten the connection, or the machine behind it has lost its
//! power. Nothing comes over such a connection any more, not even its end. Whoever waits for an answer gives it up.

use std::io;
use std::time::Duration;

use sqlx::{Connection, PgConnection, PgPool};

/// How long a few small statements may take: as long as they may wait for a connection, and as long again.
pub fn of(pool: &PgPool) -> Duration {
    pool.options().get_acquire_timeout().saturating_mul(2)
}

/// What a small statement on a connection of that pool comes to, in time.
///
/// # Errors
/// Its own, and [`silent`].
pub async fn answer<T, E: From<sqlx::Error>>(pool: &PgPool, asked: impl Future<Output = Result<T, E>>) -> Result<T, E> {
    within(of(pool), asked).await
}

/// What something on a connection comes to, if it does within `limit`.
///
/// # Errors
/// Its own, and [`silent`].
pub async fn within<T, E: From<sqlx::Error>>(
    limit: Duration,
    asked: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    tokio::time::timeout(limit, asked).await.unwrap_or_else(|_| Err(silent().into()))
}

/// As good as a broken connection.
pub fn silent() -> sqlx::Error {
    sqlx::Error::Io(io::Error::new(io::ErrorKind::TimedOut, "the database does not answer"))
}

/// Whether a connection can go back to its pool: not when the answer to a statement that nobody waits for any more is
/// still due after `limit`. The pool itself would wait for it, and be short of that connection for as long.
///
/// Nothing is sent, and nothing waited for, when no answer is due. The pool's own question afterwards, whether the
/// connection is well, has no limit but the kernel's.
///
/// # Errors
/// Whatever is wrong with the connection, [`silent`] included.
pub async fn at_rest(connection: &mut PgConnection, limit: Duration) -> Result<bool, sqlx::Error> {
    within(limit, connection.flush()).await?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;
    use crate::error::is_transient;

    #[tokio::test]
    async fn what_never_answers_is_given_up_as_a_broken_connection_is() {
        let never = std::future::pending::<Result<(), sqlx::Error>>();
        let error = within(Duration::from_millis(10), never).await.unwrap_err();
        assert!(is_transient(&error), "{error}");
        let told = std::future::ready(Ok::<_, sqlx::Error>(7));
        assert_eq!(within(Duration::from_millis(10), told).await.unwrap(), 7);
    }
}
