//! The provider's catalogue.

use std::collections::HashSet;

use domain::service::CatalogueItem;

use super::CcpClient;
use super::call::Call;
use crate::outcome::Failure;
use crate::translate;

/// Bytes at most of the whole catalogue.
const LONGEST_LIST: usize = 64 << 20;

impl CcpClient {
    /// The whole catalogue: what it lacks is withdrawn, so part of it is no answer.
    ///
    /// # Errors
    /// The [`Failure`] that left the question without an answer; a SKU that comes twice, because the catalogue
    /// changed while its pages were read, is undecodable.
    pub async fn catalogue(&self) -> Result<Vec<CatalogueItem>, Failure> {
        let first = || Call::read("read_catalogue", &["v1", "catalogue"]);
        let wire = self.all_pages(first, LONGEST_LIST).await?;
        let read = |item| translate::catalogue_item(item, self.provider());
        let items = wire.into_iter().map(read).collect::<Result<Vec<_>, _>>()?;
        let mut seen = HashSet::with_capacity(items.len());
        let each_once = items.iter().all(|item| seen.insert(item.sku.as_str()));
        if each_once { Ok(items) } else { Err(Failure::undecodable("a catalogue with one SKU twice")) }
    }
}
