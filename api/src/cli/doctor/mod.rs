//! `cloudsales doctor`: looks at everything the product stands on, and says what to do.

mod keys;
mod log;
mod mail;
mod nats;
mod postgres;
mod readers;

use clap::Args;
use comfy_table::Table;
use serde::Serialize;

use super::{AWAY, FOUND};
use crate::config::{Mode, Settings};

#[derive(Debug, Args)]
pub struct Asked {
    /// Also go through the whole log: holes, counts, readers ahead of it
    #[arg(long)]
    invariants: bool,
    /// One JSON document instead of a table
    #[arg(long)]
    json: bool,
}

/// How it is with one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    /// Worth knowing; nothing has to be done.
    Note,
    /// Has to be put right.
    Wrong,
    /// Cannot be reached.
    Away,
}

/// What was found, and what to do about it.
#[derive(Debug, Serialize)]
struct Finding {
    check: &'static str,
    verdict: Verdict,
    found: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'static str>,
}

impl Finding {
    fn ok(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Ok, found: found.into(), advice: None }
    }

    fn note(check: &'static str, found: impl Into<String>, advice: &'static str) -> Self {
        Self { check, verdict: Verdict::Note, found: found.into(), advice: Some(advice) }
    }

    fn wrong(check: &'static str, found: impl Into<String>, advice: &'static str) -> Self {
        Self { check, verdict: Verdict::Wrong, found: found.into(), advice: Some(advice) }
    }

    fn away(check: &'static str, found: impl Into<String>, advice: &'static str) -> Self {
        Self { check, verdict: Verdict::Away, found: found.into(), advice: Some(advice) }
    }

    /// What only development may live with.
    fn unsafe_outside_development(mode: Mode, check: &'static str, found: String, advice: &'static str) -> Self {
        match mode {
            Mode::Development => Self::note(check, found, advice),
            Mode::Production => Self::wrong(check, found, advice),
        }
    }
}

/// Looks at everything. What cannot be reached hides only what lies behind it.
pub async fn run(settings: &Settings, asked: &Asked) -> anyhow::Result<u8> {
    let mode = format!("{:?}", settings.mode).to_lowercase();
    let mut findings = vec![Finding::ok("configuration", format!("can be used; mode {mode}"))];
    findings.extend(keys::look(settings).await);
    findings.extend(mail::look(settings).await);
    match postgres::connect(&settings.database_url).await {
        Ok(mut connection) => {
            findings.extend(postgres::look(&mut connection, settings).await?);
            if postgres::is_migrated(&findings) {
                findings.extend(readers::look(&mut connection).await?);
                let log = log::head(&mut connection).await?;
                findings.extend(nats::look(settings, Some(log)).await);
                if asked.invariants {
                    findings.extend(log::look(&mut connection).await?);
                }
            } else {
                findings.extend(nats::look(settings, None).await);
            }
        }
        Err(finding) => {
            findings.push(finding);
            findings.extend(nats::look(settings, None).await);
        }
    }
    print(&findings, asked.json)?;
    Ok(status(&findings))
}

fn print(findings: &[Finding], json: bool) -> anyhow::Result<()> {
    if json {
        println!("{}", serde_json::to_string_pretty(findings)?);
        return Ok(());
    }
    let mut table = Table::new();
    table.set_header(["check", "", "found", "what to do"]);
    for finding in findings {
        let verdict = format!("{:?}", finding.verdict).to_lowercase();
        table.add_row([finding.check, &verdict, &finding.found, finding.advice.unwrap_or_default()]);
    }
    println!("{table}");
    Ok(())
}

fn status(findings: &[Finding]) -> u8 {
    let any = |verdict| findings.iter().any(|finding| finding.verdict == verdict);
    match (any(Verdict::Away), any(Verdict::Wrong)) {
        (true, _) => AWAY,
        (false, true) => FOUND,
        (false, false) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_finding_is_the_exit_status() {
        let (ok, note) = (Finding::ok("a", ""), Finding::note("b", "", ""));
        let (wrong, away) = (Finding::wrong("c", "", ""), Finding::away("d", "", ""));
        assert_eq!(status(&[ok, note]), 0);
        assert_eq!(status(&[Finding::ok("a", ""), wrong]), FOUND);
        assert_eq!(status(&[Finding::wrong("c", "", ""), away]), AWAY);
    }

    #[test]
    fn only_development_may_live_with_what_is_unsafe() {
        let found = |mode| Finding::unsafe_outside_development(mode, "fsync", String::new(), "").verdict;
        assert_eq!((found(Mode::Development), found(Mode::Production)), (Verdict::Note, Verdict::Wrong));
    }
}
