//! Free loopback ports, claimed so that two worlds started at the same moment never choose the same one.

use std::collections::BTreeMap;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;

/// Below the range from which the kernel takes the local ends of outgoing connections: those would take a port
/// between our look and the server's start.
const FIRST_PORT: u16 = 15_000;
const PORT_COUNT: u16 = 17_000;
const ATTEMPTS: usize = 200;

/// Claims are advisory file locks: they end with the process, however it ends.
static CLAIMS: Mutex<Vec<File>> = Mutex::new(Vec::new());

/// Claims a free loopback port for the rest of this process's life.
pub fn reserve() -> anyhow::Result<u16> {
    let mut candidates = std::iter::repeat_with(random_port).take(ATTEMPTS);
    candidates.find(|port| claim(*port)).context("no free loopback port found")
}

/// The ports of `names` as kept in `path` from the last start, newly chosen where one is missing or taken by now.
pub fn kept(path: &Path, names: &[&str]) -> anyhow::Result<BTreeMap<String, u16>> {
    let before: BTreeMap<String, u16> =
        std::fs::read_to_string(path).ok().and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default();
    let mut ports = BTreeMap::new();
    for name in names {
        let old = before.get(*name).copied().filter(|port| claim(*port));
        ports.insert((*name).to_string(), old.map_or_else(reserve, Ok)?);
    }
    super::folders::write_private(path, &serde_json::to_string_pretty(&ports)?)?;
    Ok(ports)
}

fn random_port() -> u16 {
    let bytes = super::random_bytes(2);
    FIRST_PORT + u16::from_le_bytes([bytes[0], bytes[1]]) % PORT_COUNT
}

fn claim(port: u16) -> bool {
    let Ok(lock) = open_lock(port) else { return false };
    if lock.try_lock().is_err() || TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_err() {
        return false;
    }
    CLAIMS.lock().unwrap_or_else(PoisonError::into_inner).push(lock);
    true
}

fn open_lock(port: u16) -> anyhow::Result<File> {
    let folder = std::env::temp_dir().join(format!("cloudsales-ports-{}", super::unprivileged::effective_uid()?));
    super::folders::create_private(&folder)?;
    Ok(File::options().create(true).append(true).open(folder.join(port.to_string()))?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_reserved_port_is_not_given_twice() {
        let port = reserve().unwrap();
        assert!(!claim(port));
        assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
    }

    #[test]
    fn kept_ports_change_only_when_taken() {
        let path = std::env::temp_dir().join(crate::world::unique_name("ports"));
        let old = reserve().unwrap();
        std::fs::write(&path, format!("{{\"api\":{old}}}")).unwrap();
        let ports = kept(&path, &["api", "nats"]).unwrap();
        assert_ne!(ports["api"], old);
        assert_ne!(ports["api"], ports["nats"]);
        std::fs::remove_file(path).unwrap();
    }
}
