//! What attackers send, and what they must get for it: the status and problem they are told, never a failure of ours,
//! never an event.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bodies;
mod canaries;
#[path = "../stories/described.rs"]
mod described;
mod edges;
mod failures;
mod forge;
mod framing;
mod grants;
mod ground;
mod hooks;
mod hooks_flow;
mod hooks_forged;
mod keys;
mod matrix;
mod parameters;
mod patience;
mod raw;
mod routes;
mod shapes;
mod tokens;
mod values;
