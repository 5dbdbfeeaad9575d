//! The world the product runs in: database and message servers, simulators, the product itself, all as child processes.
//!
//! Development, tests and benchmarks start them through this one module, so that what was tested is what a developer sees.

pub mod backing;
pub mod database;
pub mod description;
pub mod folders;
pub mod gateways;
pub mod mail;
pub mod nats;
pub mod ports;
pub mod postgres;
pub mod process;
pub mod product;
pub mod running;
pub mod sample;
#[cfg(test)]
mod servers_tests;
mod shared;
pub mod tools;
pub mod unprivileged;

pub use running::World;
pub use shared::TestServers;

/// A fresh name for a database, a stream or a folder: the prefix and ten random hexadecimal digits.
pub fn unique_name(prefix: &str) -> String {
    let random = random_hex(5);
    format!("{prefix}_{random}")
}

/// Random bytes as lower-case hexadecimal text; good enough for passwords from 16 bytes on.
pub fn random_hex(bytes: usize) -> String {
    hex::encode(random_bytes(bytes))
}

/// Bytes from the operating system; an empty answer is impossible on a system that has started.
pub fn random_bytes(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    while getrandom::fill(&mut bytes).is_err() {
        std::thread::yield_now();
    }
    bytes
}
