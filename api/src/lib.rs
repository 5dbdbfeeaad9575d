//! The shell around the rules: configuration, wiring, roles, HTTP, command line.

pub mod archive;
pub mod cli;
pub mod clock;
pub mod config;
pub mod dev_clock;
pub mod due;
pub mod http;
pub mod mail;
pub mod payments;
pub mod presence;
pub mod readers;
pub mod rebuilds;
pub mod reconcile;
pub mod roles;
pub mod schedule;
pub mod serve;
pub mod telemetry;
pub mod threads;
pub mod wiring;
