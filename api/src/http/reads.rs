//! What reads share in one process: how far read models are, what was shown of the catalogue, what customers are,
//! and where documents are.

use domain::customer::CustomerKind;
use event_log::Freshness;
use moka::sync::Cache;
use uuid::Uuid;

use super::limits::CACHED_KINDS;
use super::v1::services::cache::Catalogue;
use crate::archive::Archive;

/// Clones share everything.
#[derive(Debug, Clone)]
pub struct Reads {
    pub freshness: Freshness,
    pub catalogue: Catalogue,
    /// What a customer is never changes.
    pub kinds: Cache<Uuid, CustomerKind>,
    pub archive: Archive,
}

impl Reads {
    pub fn new(freshness: Freshness, archive: Archive) -> Self {
        Self { freshness, catalogue: Catalogue::default(), kinds: Cache::new(CACHED_KINDS), archive }
    }
}
