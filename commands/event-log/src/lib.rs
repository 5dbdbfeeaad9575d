//! The event log in PostgreSQL: the only writer of the `events` table.
//!
//! Writing goes through [`Batcher`], which gathers commands and appends them in one round trip; [`append::append`] alone
//! is for what must be written in a transaction with something else. Reading in order is
//! `where position > $1 order by position`: positions are handed out under a lock held until commit, so nothing can
//! appear behind a reader. The consumer runtime in [`reader`] applies each event exactly once per named reader.

mod address;
pub mod append;
pub mod attempt;
pub mod batcher;
pub mod crash;
pub mod error;
pub mod freshness;
pub mod lease;
pub mod migrate;
pub mod mirror;
pub mod page;
pub mod parking;
pub mod patience;
pub mod personal;
pub mod reader;
pub mod recorded;
pub mod release;
pub mod source;
pub mod store;
pub mod stream;
pub mod tail;

pub use append::{NewEvent, StoredOutcome, Submission, Verdict};
pub use batcher::{Batcher, Ticket};
pub use error::{AppendError, LogError};
pub use freshness::Freshness;
pub use reader::{ApplyError, Reader};
pub use recorded::Recorded;
pub use tail::Tail;
