//! What came of a call: done, refused, not reached, or nobody knows.

use std::fmt;
use std::time::Duration;

use thiserror::Error;

/// The code of a refusal that nobody foresaw: a matter for the operator, not for the customer.
pub const UNFORESEEN: &str = "unforeseen";
/// The code of a refusal because the provider knows no such thing.
pub const NOT_FOUND: &str = "not-found";

/// Characters kept of a detail.
const DETAIL_CHARS: usize = 200;

/// What came of something asked of the provider. There is no bare error: whoever reads it knows what may have happened.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Outcome<T> {
    Done(T),
    /// A definite no: the provider did nothing, and asking again changes nothing.
    Refused(RefusedBy),
    /// The provider did nothing, or has never heard of it: safe to send again, and not a try that reached it.
    NotReached(Failure),
    /// The provider may have done it: ask before anything else.
    Unknown(Failure),
}

/// A definite no, in our words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefusedBy {
    /// A stable slug, [`UNFORESEEN`] when the provider's own code is not one we know.
    pub code: String,
    /// The order's line it is about, counted from 1.
    pub line: Option<u32>,
    /// A sentence for people; never the provider's own text.
    pub reason: String,
}

/// Why there is no usable answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{kind}: {detail}")]
pub struct Failure {
    pub kind: FailureKind,
    /// How long the provider, or our own breaker or rate limit, asks to be left alone.
    pub retry_after: Option<Duration>,
    /// For the operator: at most 200 characters, no secrets, nothing of an answer's body.
    pub detail: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// No connection, no answer in time, a connection lost, or the breaker holds the call back.
    Unreachable,
    /// Too many calls, by the provider's count or ours.
    Throttled,
    /// The provider says that it is broken or closed.
    ServerError,
    /// An answer that is too long, not what was agreed, or not about what was asked.
    Undecodable,
    /// The provider does not accept our credentials, even with a new token.
    Unauthorised,
}

impl FailureKind {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Unreachable => "unreachable",
            Self::Throttled => "throttled",
            Self::ServerError => "server_error",
            Self::Undecodable => "undecodable",
            Self::Unauthorised => "unauthorised",
        }
    }
}

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Failure {
    /// Cuts the detail to its limit and takes control characters out of it.
    pub fn new(kind: FailureKind, detail: impl AsRef<str>) -> Self {
        let printable = |c: char| if c.is_control() { ' ' } else { c };
        let detail = detail.as_ref().chars().take(DETAIL_CHARS).map(printable).collect();
        Self { kind, retry_after: None, detail }
    }

    pub fn unreachable(detail: impl AsRef<str>) -> Self {
        Self::new(FailureKind::Unreachable, detail)
    }

    pub fn undecodable(detail: impl AsRef<str>) -> Self {
        Self::new(FailureKind::Undecodable, detail)
    }

    #[must_use]
    pub fn with_retry_after(self, retry_after: Option<Duration>) -> Self {
        Self { retry_after, ..self }
    }

    /// It says something about the provider's health, not about what was asked.
    pub const fn is_outage(&self) -> bool {
        matches!(self.kind, FailureKind::Unreachable | FailureKind::ServerError)
    }
}

impl RefusedBy {
    pub fn new(code: &str, line: Option<u32>, reason: impl Into<String>) -> Self {
        Self { code: code.to_owned(), line, reason: reason.into() }
    }

    /// The provider knows no such thing.
    pub fn not_found() -> Self {
        Self::new(NOT_FOUND, None, "The provider knows no such thing.")
    }

    /// Nobody foresaw this refusal: it is for the operator to judge.
    pub fn is_unforeseen(&self) -> bool {
        self.code == UNFORESEEN
    }
}

impl<T> Outcome<T> {
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Outcome<U> {
        self.then(|value| Ok(change(value)))
    }

    /// Reads the answer further. What cannot be read leaves open whether it was done.
    pub fn then<U>(self, read: impl FnOnce(T) -> Result<U, Failure>) -> Outcome<U> {
        match self {
            Self::Done(value) => read(value).map_or_else(Outcome::Unknown, Outcome::Done),
            Self::Refused(refused) => Outcome::Refused(refused),
            Self::NotReached(failure) => Outcome::NotReached(failure),
            Self::Unknown(failure) => Outcome::Unknown(failure),
        }
    }

    /// For questions, where nothing can have happened: `None` when the provider knows no such thing.
    ///
    /// # Errors
    /// The [`Failure`] that left the question without an answer; any other refusal is undecodable, for nobody foresaw it.
    pub fn found(self) -> Result<Option<T>, Failure> {
        match self {
            Self::Done(value) => Ok(Some(value)),
            Self::Refused(refused) if refused.code == NOT_FOUND => Ok(None),
            Self::Refused(refused) => Err(Failure::undecodable(format!("a question was refused: {}", refused.reason))),
            Self::NotReached(failure) | Self::Unknown(failure) => Err(failure),
        }
    }

    /// For what must exist.
    ///
    /// # Errors
    /// As [`found`](Self::found), and when the provider knows no such thing.
    pub fn expected(self) -> Result<T, Failure> {
        self.found()?.ok_or_else(|| Failure::undecodable("the provider does not offer this call"))
    }

    /// For writes to a collection, which always exists: that the provider does not know it, nobody foresaw.
    pub(crate) fn of_a_collection(self) -> Self {
        match self {
            Self::Refused(refused) if refused.code == NOT_FOUND => {
                Self::Refused(RefusedBy::new(UNFORESEEN, None, "The provider does not offer this call."))
            }
            other => other,
        }
    }

    /// The label under which it is counted.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Refused(_) => "refused",
            Self::NotReached(_) => "not_reached",
            Self::Unknown(_) => "unknown",
        }
    }

    pub const fn failure(&self) -> Option<&Failure> {
        match self {
            Self::Done(_) | Self::Refused(_) => None,
            Self::NotReached(failure) | Self::Unknown(failure) => Some(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_detail_is_short_and_printable() {
        let failure = Failure::unreachable(format!("a\r\nb{}", "é".repeat(500)));
        assert_eq!(failure.detail.chars().count(), 200);
        assert!(failure.detail.starts_with("a  bé"));
    }

    #[test]
    fn an_answer_that_cannot_be_read_leaves_the_outcome_unknown() {
        let failure = Failure::undecodable("x");
        assert_eq!(Outcome::Done(1).then(|_| Err::<u8, _>(failure.clone())), Outcome::Unknown(failure.clone()));
        assert_eq!(Outcome::Done(1).map(|n| n + 1), Outcome::Done(2));
        let refused = Outcome::<u8>::Refused(RefusedBy::not_found());
        assert_eq!(refused.clone().then(|_| Err::<u8, _>(failure)), refused);
    }

    #[test]
    fn a_question_finds_nothing_or_fails() {
        assert_eq!(Outcome::Done(7).found(), Ok(Some(7)));
        assert_eq!(Outcome::<u8>::Refused(RefusedBy::not_found()).found(), Ok(None));
        let odd = Outcome::<u8>::Refused(RefusedBy::new(UNFORESEEN, None, "why")).found().unwrap_err();
        assert_eq!((odd.kind, odd.detail.as_str()), (FailureKind::Undecodable, "a question was refused: why"));
        let failure = Failure::unreachable("gone");
        assert_eq!(Outcome::<u8>::Unknown(failure.clone()).found(), Err(failure));
        assert_eq!(
            Outcome::<u8>::Refused(RefusedBy::not_found()).expected().unwrap_err().kind,
            FailureKind::Undecodable
        );
    }
}
