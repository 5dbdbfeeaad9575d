//! The provider's bills.

use std::collections::BTreeMap;

use domain::billing::Period;

use super::CcpClient;
use super::call::Call;
use super::paging::Page;
use crate::outcome::Failure;
use crate::translate::{self, ProviderBill};
use crate::wire;

/// Bytes at most of a page: room for tens of thousands of lines.
const LONGEST_PAGE: usize = 16 << 20;
/// Bytes at most of a whole bill.
const LONGEST_BILL: usize = 256 << 20;

impl Page for wire::BillPage {
    fn next_cursor(&self) -> Option<&str> {
        self.next_cursor.as_deref()
    }
}

impl CcpClient {
    /// The bill of one of the provider's accounts and a month; `None` when the provider knows no such account. It is
    /// closed when every page says so. A line that comes twice, because one was added while the pages were read, counts
    /// as it came last.
    ///
    /// # Errors
    /// The [`Failure`] that left the question without an answer; part of a bill is none.
    pub async fn bill(&self, provider_account_id: &str, period: Period) -> Result<Option<ProviderBill>, Failure> {
        let first = || {
            let call = Call::read("read_bill", &["v1", "billing"]);
            let call = Call { longest_answer: LONGEST_PAGE, ..call };
            call.with("account_id", provider_account_id).with("period", period.to_string())
        };
        let Some(pages) = self.pages::<wire::BillPage>(first, LONGEST_BILL).await? else { return Ok(None) };
        let closed = pages.iter().all(|page| page.closed);
        let mut lines = Vec::new();
        let mut places: BTreeMap<String, usize> = BTreeMap::new();
        for wire in pages.into_iter().flat_map(|page| page.lines) {
            let line = translate::bill_line(wire)?;
            match places.get(&line.line_id) {
                Some(place) => lines[*place] = line,
                None => {
                    places.insert(line.line_id.clone(), lines.len());
                    lines.push(line);
                }
            }
        }
        Ok(Some(ProviderBill { closed, lines }))
    }
}
