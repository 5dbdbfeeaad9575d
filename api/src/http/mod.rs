//! HTTP: the foundations every endpoint stands on, and the endpoints.

pub mod api;
pub mod auth;
pub mod body;
pub mod cursor;
pub mod dev;
pub mod dev_tokens;
pub mod docs;
pub mod edge;
pub mod fields;
pub mod headers;
pub mod internal;
pub mod json;
pub mod jwks;
pub mod limits;
pub mod openapi;
pub mod problem;
pub mod query;
pub mod rate_limit;
pub mod reading;
pub mod refusals;
pub mod router;
pub mod server;
pub mod trace;
pub mod v1;
pub mod values;
pub mod webhooks;
