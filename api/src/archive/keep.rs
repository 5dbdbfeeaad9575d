//! Keeps documents ready: the performer of their lane.

use std::time::Duration;

use commands::effects::{Due, Performed, Performer};
use domain::process::Effect;
use event_log::LogError;
use futures::future::BoxFuture;

use super::{Archive, ArchiveError};

/// How long to wait for the store.
const STORE: Duration = Duration::from_secs(5);

/// Has what was issued rendered and stored.
#[derive(Debug, Clone)]
pub struct Keeper {
    pub archive: Archive,
}

impl Performer for Keeper {
    fn perform<'a>(&'a self, due: &'a Due) -> BoxFuture<'a, Performed> {
        Box::pin(async move {
            let Effect::StoreDocuments { document } = &due.effect else {
                return Performed::Dead { reason: "no document".to_owned() };
            };
            match self.archive.keep_ready(*document).await {
                Ok(count) => Performed::Done { outcome: format!("stored {count}") },
                Err(error) => unstored(&error),
            }
        })
    }
}

fn unstored(error: &ArchiveError) -> Performed {
    let why = error.to_string();
    match error {
        ArchiveError::Log(LogError::Database(_)) => Performed::soon(why),
        ArchiveError::Rejected(rejection) if rejection.passes() => Performed::soon(why),
        ArchiveError::Store(_) => Performed::Wait { after: STORE, why },
        ArchiveError::NotAvailable
        | ArchiveError::Faulty(_)
        | ArchiveError::Altered { .. }
        | ArchiveError::Log(_)
        | ArchiveError::Rejected(_) => Performed::Dead { reason: why },
    }
}
