//! The archive: documents are rendered once, stored, noted in the log, and the same bytes for ever.

mod keep;
mod source;
mod store;

pub use keep::Keeper;
pub use source::Source;
pub use store::{Store, StoreError};

use std::sync::Arc;

use bytes::Bytes;
use commands::document::RecordDocuments;
use commands::{Bus, Context, Key, Rejection, Trace};
use documents::RenderError;
use domain::document::{DocumentFormat, DocumentKey, StoredDocument};
use event_log::LogError;
use sha2::{Digest, Sha256};
use thiserror::Error;
use tokio::sync::Semaphore;

/// Documents rendered at once in one process: each keeps a processor busy.
const AT_ONCE: usize = 2;

/// Renders, stores and serves documents. Clones share everything.
#[derive(Debug, Clone)]
pub struct Archive {
    bus: Bus,
    store: Store,
    rendering: Arc<Semaphore>,
}

/// A document with what there is to say about it.
#[derive(Debug, Clone)]
pub struct Document {
    pub number: String,
    /// Of the bytes, in lower hexadecimal digits.
    pub sha256: String,
    pub bytes: Bytes,
}

/// Why there is no document.
#[derive(Debug, Error)]
pub enum ArchiveError {
    #[error("there is no such document")]
    NotAvailable,
    #[error("a document cannot be rendered: {0}")]
    Faulty(String),
    #[error("the stored bytes of {path} are not those that were stored")]
    Altered { path: String },
    #[error("the store of documents: {0}")]
    Store(#[from] object_store::Error),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Rejected(#[from] Rejection),
}

impl Archive {
    pub fn new(bus: Bus, store: Store) -> Self {
        Self { bus, store, rendering: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// The stored document; one that is not stored yet is rendered while the caller waits.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub async fn get(&self, key: DocumentKey, format: DocumentFormat) -> Result<Document, ArchiveError> {
        let source = Source::load(self.bus.pool(), key).await?;
        if let Some(stored) = source.stored(format) {
            return self.read(&source, stored).await;
        }
        let bytes = self.render(&source, format).await?;
        let stored = self.put(key, format, bytes.clone()).await?;
        self.record(key, format.name(), vec![stored.clone()]).await?;
        // Somebody else may have been faster: what was noted first is what counts.
        let source = Source::load(self.bus.pool(), key).await?;
        match source.stored(format) {
            Some(first) if first.sha256 != stored.sha256 => self.read(&source, first).await,
            Some(_) | None => Ok(Document { number: source.number().to_owned(), sha256: stored.sha256, bytes }),
        }
    }

    /// Has what is kept ready rendered, stored and noted. Answers with how many there are.
    ///
    /// # Errors
    /// [`ArchiveError`].
    pub async fn keep_ready(&self, key: DocumentKey) -> Result<usize, ArchiveError> {
        let source = Source::load(self.bus.pool(), key).await?;
        let sheet = source.sheet(self.bus.pool()).await?;
        let wanted = DocumentFormat::ALL.into_iter().filter(|format| documents::is_kept_ready(&sheet, *format));
        let mut stored = Vec::new();
        for format in wanted.filter(|format| source.stored(*format).is_none()) {
            let bytes = self.render(&source, format).await?;
            stored.push(self.put(key, format, bytes).await?);
        }
        let count = stored.len();
        if count > 0 {
            self.record(key, "ready", stored).await?;
        }
        Ok(count)
    }

    async fn read(&self, source: &Source, stored: &StoredDocument) -> Result<Document, ArchiveError> {
        let path = store::path(source.key(), stored.format, &stored.sha256);
        let bytes = match self.store.get(&path).await {
            Err(object_store::Error::NotFound { .. }) => self.restore(source, stored).await?,
            other => other?,
        };
        if sha256(&bytes) != stored.sha256 {
            return Err(ArchiveError::Altered { path: path.to_string() });
        }
        Ok(Document { number: source.number().to_owned(), sha256: stored.sha256.clone(), bytes })
    }

    /// A store that lost an object gets it again, if it is still the same.
    async fn restore(&self, source: &Source, stored: &StoredDocument) -> Result<Bytes, ArchiveError> {
        let bytes = self.render(source, stored.format).await?;
        let path = store::path(source.key(), stored.format, &stored.sha256);
        if sha256(&bytes) != stored.sha256 {
            return Err(ArchiveError::Altered { path: path.to_string() });
        }
        tracing::error!(%path, "a stored document was gone and is rendered again");
        self.put(source.key(), stored.format, bytes.clone()).await?;
        Ok(bytes)
    }

    async fn render(&self, source: &Source, format: DocumentFormat) -> Result<Bytes, ArchiveError> {
        let sheet = source.sheet(self.bus.pool()).await?;
        // It is never closed.
        let _slot = self.rendering.acquire().await.map_err(|_| ArchiveError::Faulty("the end".to_owned()))?;
        let rendered = tokio::task::spawn_blocking(move || documents::render(&sheet, format)).await;
        let bytes = rendered.map_err(|error| ArchiveError::Faulty(error.to_string()))??;
        Ok(bytes.into())
    }

    async fn put(
        &self,
        key: DocumentKey,
        format: DocumentFormat,
        bytes: Bytes,
    ) -> Result<StoredDocument, ArchiveError> {
        let sha256 = sha256(&bytes);
        let size = bytes.len() as u64;
        self.store.put(&store::path(key, format, &sha256), bytes).await?;
        Ok(StoredDocument { format, sha256, size })
    }

    /// `what` tells apart the commands about one document.
    async fn record(&self, key: DocumentKey, what: &str, stored: Vec<StoredDocument>) -> Result<(), ArchiveError> {
        let name = format!("document/{}/{}/{what}", key.name(), key.id());
        let trace = Trace { correlation_id: name.clone(), causation_id: name.clone(), traceparent: None };
        let context = Context::system("documents", self.bus.now(), Key::system(name), trace);
        self.bus.execute(&context, &RecordDocuments { document: key, stored }).await?;
        Ok(())
    }
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

impl From<RenderError> for ArchiveError {
    fn from(error: RenderError) -> Self {
        match error {
            RenderError::NotAvailable => Self::NotAvailable,
            RenderError::Faulty(why) => Self::Faulty(why),
        }
    }
}
