//! Lists that come in pages: all of them, within bounds, and never round in a circle.

use std::collections::HashSet;

use serde::de::DeserializeOwned;

use super::CcpClient;
use super::call::Call;
use crate::outcome::Failure;
use crate::{translate, wire};

/// More pages than any provider has.
const MOST_PAGES: usize = 1_000;
/// Characters at most of a cursor: it travels in an address.
const CURSOR_CHARS: usize = 2_000;

/// The cursors met so far in one list.
#[derive(Default)]
struct Cursors {
    seen: HashSet<String>,
}

impl Cursors {
    /// # Errors
    /// Undecodable when `next` was met before, is too long, or one too many.
    fn meet(&mut self, next: &str) -> Result<(), Failure> {
        if next.len() > CURSOR_CHARS {
            return Err(Failure::undecodable("a cursor that is too long"));
        }
        if self.seen.len() + 1 >= MOST_PAGES {
            return Err(Failure::undecodable(format!("a list of more than {MOST_PAGES} pages")));
        }
        if self.seen.insert(next.to_owned()) {
            Ok(())
        } else {
            Err(Failure::undecodable("a cursor that was met before"))
        }
    }
}

/// What a list comes in.
pub(super) trait Page: DeserializeOwned {
    fn next_cursor(&self) -> Option<&str>;
}

impl<T: DeserializeOwned> Page for wire::Page<T> {
    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }
}

impl CcpClient {
    /// All items of the list that `first` begins, of at most `most_bytes` in all.
    pub(super) async fn all_pages<W: DeserializeOwned>(
        &self,
        first: impl Fn() -> Call<'static>,
        most_bytes: usize,
    ) -> Result<Vec<W>, Failure> {
        let pages = self.pages::<wire::Page<W>>(first, most_bytes).await?;
        let pages = pages.ok_or_else(|| Failure::undecodable("the provider does not offer this call"))?;
        Ok(pages.into_iter().flat_map(|page| page.items).collect())
    }

    /// All pages of the list that `first` begins, of at most `most_bytes` in all; `None` when the provider knows nothing
    /// of what the list is about.
    pub(super) async fn pages<P: Page>(
        &self,
        first: impl Fn() -> Call<'static>,
        most_bytes: usize,
    ) -> Result<Option<Vec<P>>, Failure> {
        let (mut pages, mut bytes, mut cursors) = (Vec::new(), 0, Cursors::default());
        let mut call = first();
        loop {
            let read = |body: Vec<u8>| Ok((translate::decode::<P>(&body)?, body.len()));
            let Some((page, page_bytes)) = self.perform(&call, read).await.found()? else { return Ok(None) };
            bytes += page_bytes;
            if bytes > most_bytes {
                return Err(Failure::undecodable(format!("a list of more than {most_bytes} bytes")));
            }
            let next = page.next_cursor().map(str::to_owned);
            pages.push(page);
            let Some(next) = next else { return Ok(Some(pages)) };
            cursors.meet(&next)?;
            call = first().with("cursor", next);
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn a_list_ends() {
        let mut cursors = Cursors::default();
        assert!(cursors.meet("a").is_ok());
        assert!(cursors.meet("b").is_ok());
        assert_eq!(cursors.meet("a").unwrap_err().detail, "a cursor that was met before");
        assert!(cursors.meet(&"x".repeat(2_001)).is_err());
        let mut endless = Cursors::default();
        let met = (0..5_000).take_while(|n: &u32| endless.meet(&n.to_string()).is_ok()).count();
        assert_eq!(met + 1, MOST_PAGES);
    }
}
