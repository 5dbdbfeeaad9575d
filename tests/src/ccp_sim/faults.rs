//! The faults only this provider has: what goes wrong with orders, changes and reads.

use axum::http::Method;
use serde::{Deserialize, Serialize};

use crate::sim::faults::ContentFault;

pub type Plan = crate::sim::faults::Plan<Fault>;
pub type Strike = crate::sim::faults::Strike<Fault>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// A GET shows the version before; a bill is not closed yet.
    Stale,
    /// One line of the order (of index `seed`, the first by default), or the whole change, is rejected when it completes.
    RejectLine,
    /// Only the order's first line is provisioned.
    Partial,
}

impl Plan {
    pub fn stale(&self) -> bool {
        self.content.as_ref().is_some_and(|strike| strike.kind == Fault::Stale)
    }
}

impl ContentFault for Fault {
    fn concerns(&self, method: &Method, path: &str) -> bool {
        let order = method == Method::POST && path == "/v1/orders";
        match self {
            Self::Stale => method == Method::GET,
            Self::Partial => order,
            Self::RejectLine => order || (method != Method::GET && path.starts_with("/v1/subscriptions/")),
        }
    }
}
