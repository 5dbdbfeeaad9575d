//! Where the bytes lie: a folder, or a bucket.

use std::path::Path as FilePath;
use std::sync::Arc;

use bytes::Bytes;
use domain::document::{DocumentFormat, DocumentKey};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode};
use thiserror::Error as ThisError;
use url::Url;

/// Objects that are written once and never changed. Clones share it.
#[derive(Debug, Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    /// Of the bucket's part that is ours.
    prefix: Path,
}

/// Why a store cannot be used.
#[derive(Debug, ThisError)]
pub enum StoreError {
    #[error("documents_store is no folder that can be used: {0}")]
    NoFolder(#[from] std::io::Error),
    #[error("documents_store cannot be used: {0}")]
    Unusable(#[from] Error),
}

impl Store {
    /// A folder by its path, which is made when it is missing, or a bucket by its address (`s3://bucket/prefix`).
    /// Credentials, region and endpoint of a bucket are taken from the environment (`AWS_…`).
    ///
    /// # Errors
    /// When it is neither, cannot be made, or this build has no such stores.
    pub fn open(place: &str) -> Result<Self, StoreError> {
        match Url::parse(place) {
            Ok(url) => Ok(Self::bucket(&url)?),
            Err(_) => Self::folder(FilePath::new(place)),
        }
    }

    fn folder(path: &FilePath) -> Result<Self, StoreError> {
        std::fs::create_dir_all(path)?;
        // What the log says is stored must survive the machine.
        let objects = Arc::new(LocalFileSystem::new_with_prefix(path)?.with_fsync(true));
        Ok(Self { objects, prefix: Path::default() })
    }

    fn bucket(url: &Url) -> Result<Self, Error> {
        let settings = std::env::vars().filter(|(name, _)| name.starts_with("AWS_"));
        let settings = settings.map(|(name, value)| (name.to_lowercase(), value));
        let (objects, prefix) = object_store::parse_url_opts(url, settings)?;
        Ok(Self { objects: objects.into(), prefix })
    }

    /// Writes an object; one of that name is there already with the same bytes, for its name says which.
    ///
    /// # Errors
    /// When the store is away.
    pub async fn put(&self, path: &Path, bytes: Bytes) -> Result<(), Error> {
        match self.objects.put_opts(&self.place(path), bytes.into(), PutMode::Create.into()).await {
            Ok(_) | Err(Error::AlreadyExists { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// # Errors
    /// When there is no such object, or the store is away.
    pub async fn get(&self, path: &Path) -> Result<Bytes, Error> {
        self.objects.get(&self.place(path)).await?.bytes().await
    }

    fn place(&self, path: &Path) -> Path {
        self.prefix.parts().chain(path.parts()).collect()
    }
}

/// Found by people by document, and never two different ones under one name.
pub fn path(key: DocumentKey, format: DocumentFormat, sha256: &str) -> Path {
    let name = format!("{sha256}.{}", documents::extension(format));
    Path::from_iter([key.name().to_owned(), key.id().to_string(), name])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use uuid::Uuid;

    use super::*;

    #[tokio::test]
    async fn what_is_written_stays_as_it_is() {
        let folder = std::env::temp_dir().join(format!("cloudsales-documents-{}", std::process::id()));
        let store = Store::open(folder.to_str().unwrap()).unwrap();
        let key = DocumentKey::Invoice { invoice_id: Uuid::nil() };
        let path = path(key, DocumentFormat::Pdf, "abc");
        assert!(matches!(store.get(&path).await, Err(Error::NotFound { .. })));
        store.put(&path, Bytes::from_static(b"first")).await.unwrap();
        store.put(&path, Bytes::from_static(b"second")).await.unwrap();
        assert_eq!(store.get(&path).await.unwrap(), "first");
        assert!(folder.join("invoice").join(Uuid::nil().to_string()).join("abc.pdf").is_file());
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn what_is_no_store_is_refused() {
        assert!(Store::open("ftp://somewhere/else").is_err());
    }
}
