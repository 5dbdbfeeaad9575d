//! The mirror: reachable, new enough, of this log, and how far behind.

use std::time::Duration;

use event_log::mirror::{Mirror, log_id_of};
use uuid::Uuid;

use super::Finding;
use crate::config::Settings;
use crate::wiring;

const PATIENCE: Duration = Duration::from_secs(5);
/// Older ones lose streams when they are killed.
const OLDEST: [u64; 3] = [2, 10, 23];
/// More than a relay at work leaves behind.
const LAG: i64 = 10_000;

/// Which log this is, and its last position.
#[derive(Debug, Clone, Copy)]
pub struct Log {
    pub id: Uuid,
    pub head: i64,
}

pub async fn look(settings: &Settings, log: Option<Log>) -> Vec<Finding> {
    let advice = "start nats-server with JetStream, or set nats_url; until then everything works from Postgres, slower";
    match tokio::time::timeout(PATIENCE, wiring::nats_once(settings)).await {
        Ok(Ok(nats)) => vec![version(&nats.server_info().version), stream(settings, nats, log).await],
        Ok(Err(error)) => vec![Finding::away("nats", format!("{error:#}"), advice)],
        Err(_) => vec![Finding::away("nats", "it does not answer", advice)],
    }
}

fn version(text: &str) -> Finding {
    let found = format!("version {text}");
    if is_new_enough(text) {
        return Finding::ok("nats", found);
    }
    Finding::wrong("nats", found, "use nats-server 2.10.23 or newer: older ones lose streams when killed")
}

/// A pre-release counts as its release.
fn is_new_enough(version: &str) -> bool {
    let plain = version.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<u64> = plain.split('.').map_while(|number| number.parse().ok()).collect();
    numbers.len() == OLDEST.len() && numbers.as_slice() >= OLDEST.as_slice()
}

async fn stream(settings: &Settings, nats: async_nats::Client, log: Option<Log>) -> Finding {
    let check = "mirror";
    let mirror = Mirror::new(nats, wiring::mirror(settings));
    let info = match mirror.info().await {
        Ok(Some(info)) => info,
        Ok(None) => {
            let found = format!("there is no stream {}", settings.nats_stream);
            return Finding::note(check, found, "a process with the role relay makes it");
        }
        Err(error) => {
            return Finding::away(check, error.to_string(), "switch JetStream on and let this login use it");
        }
    };
    let Some(log) = log else {
        return Finding::note(check, "it is there", "it is compared once the database is there");
    };
    let last = i64::try_from(info.state.last_sequence).unwrap_or(i64::MAX);
    let found = format!("stream {} holds up to {last} of {}", settings.nats_stream, log.head);
    let advice = "let a process with the role relay run: it puts the stream in order; nothing is lost";
    if log_id_of(&info) != Some(log.id) {
        return Finding::wrong(check, "the stream is of another log", advice);
    }
    if last > log.head || log.head - last > LAG {
        return Finding::wrong(check, found, advice);
    }
    Finding::ok(check, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        for new in ["2.10.23", "2.10.100", "2.11.0", "3.0.0", "2.12.0-RC.1"] {
            assert!(is_new_enough(new), "{new}");
        }
        for old in ["2.9.100", "2.10.22", "1.99.99", "", "2.10", "new"] {
            assert!(!is_new_enough(old), "{old}");
        }
    }
}
