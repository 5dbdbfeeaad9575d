//! This system's own secrets: in no event, no outcome, no effect, no dead letter, no log, no answer.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::Context;
use futures::TryStreamExt;
use reqwest::Url;
use serde_json::Value;
use sqlx::{Connection, PgConnection};

use super::evidence::Evidence;
use super::needles::{Needles, Secret};
use super::{Finding, System};
use crate::world::World;
use crate::world::description::{Description, Tokens};

const CLAIM: &str = "no event, outcome, effect, dead letter, log or answer has a secret";

/// What a check reads of a log at once, and of a very long one in all: its end.
const CHUNK: usize = 1024 * 1024;
const NEWEST: u64 = 256 * 1024 * 1024;

/// Logs of others than the product: they may say what they were told.
const OTHERS: [&str; 7] = ["postgres", "nats", "ccp-sim", "payment-sim", "mail-sink", "dev", "bench"];

/// What is kept beside events, with what it is called.
const KEPT: &str = "select 'the outcome ' || id, outcome::text from command_results where outcome is not null \
    union all select 'the effect ' || op_id, concat_ws(' ', subject, correlation_id, effect::text, outcome) from effects \
    union all select 'the state of ' || process || ' ' || key, state::text from process_states \
    union all select 'the dead letter ' || id, reason from dead_letters \
    union all select 'what was done about ' || letter, reason from dead_letter_actions";

/// A test's world: what its processes know of each other, and its tokens.
pub(super) fn of_world(world: &World) -> Vec<Secret> {
    let settings = &world.settings;
    let (provider, databases) = (&settings.provider, &settings.databases);
    let mut secrets = vec![
        Secret::new("the provider's client secret", &provider.client_secret),
        Secret::new("the provider's webhook secret", &provider.webhook_secret),
    ];
    if let Some(gateways) = &settings.gateways {
        secrets.push(Secret::new("the wallet's key", &gateways.wallet_key));
        secrets.push(Secret::new("the token gateway's token", &gateways.token));
        secrets.push(Secret::new("the payments' webhook secret", &gateways.webhook_secret));
    }
    secrets.extend(tokens(&world.tokens));
    let urls = [&databases.owner, &databases.app, &databases.auditor, &world.admin_url];
    secrets.extend(urls.into_iter().filter_map(|url| password(url)));
    secrets
}

/// A described world, with what lies beside its data.
pub(super) fn of_description(world: &Description) -> Vec<Secret> {
    let hooks = &world.webhook_secrets;
    let mut secrets = vec![Secret::new("the provider's webhook secret", &hooks.ccp)];
    secrets.extend(hooks.payments.as_ref().map(|secret| Secret::new("the payments' webhook secret", secret)));
    secrets.extend(tokens(&world.tokens));
    secrets.extend(password(&world.postgres_url));
    let kept = std::fs::read_to_string(world.data_dir.join("secrets.json")).unwrap_or_default();
    members(&serde_json::from_str(&kept).unwrap_or_default(), &mut secrets);
    secrets
}

fn tokens(tokens: &Tokens) -> impl Iterator<Item = Secret> {
    let Tokens { operator, auditor, service, reseller, customer, other_customer } = tokens;
    let all = [
        ("operator", Some(operator)),
        ("auditor", Some(auditor)),
        ("service", Some(service)),
        ("reseller", reseller.as_ref()),
        ("customer", customer.as_ref()),
        ("other customer", other_customer.as_ref()),
    ];
    all.into_iter().filter_map(|(role, token)| Some(Secret::new(format!("the {role}'s token"), token?)))
}

fn password(url: &str) -> Option<Secret> {
    let url = Url::parse(url).ok()?;
    Some(Secret::new(format!("the database password of {}", url.username()), url.password()?))
}

/// Members that say they are secret.
fn members(value: &Value, secrets: &mut Vec<Secret>) {
    let Value::Object(members) = value else { return };
    for (name, member) in members {
        let is_secret = ["secret", "key", "token"].iter().any(|part| name.contains(part));
        match member.as_str().filter(|_| is_secret) {
            Some(text) => secrets.push(Secret::new(name, text)),
            None => self::members(member, secrets),
        }
    }
}

pub(super) async fn check(evidence: &Evidence, system: &System) -> anyhow::Result<Finding> {
    let needles = Needles::new(&system.secrets);
    if needles.is_empty() {
        return Ok(Finding::not_given(24, CLAIM));
    }
    let mut found = Found { needles: &needles, looked_at: 0, violations: Vec::new() };
    for event in &evidence.events {
        for text in [&event.payload, &event.metadata, &event.aggregate_id] {
            found.look(text.as_bytes(), || format!("the {} at {}", event.event_type, event.position));
        }
    }
    let mut connection = PgConnection::connect(&system.database_url).await.context("the database cannot be reached")?;
    let mut kept = sqlx::query_as::<_, (String, String)>(KEPT).fetch(&mut connection);
    while let Some((name, text)) = kept.try_next().await? {
        found.look(text.as_bytes(), || name.clone());
    }
    for file in system.logs.iter().flat_map(|folder| logs(folder)).chain(system.journal.clone()) {
        found.read(&file).with_context(|| format!("cannot read {}", file.display()))?;
    }
    Ok(Finding::new(24, CLAIM, found.looked_at, found.violations))
}

/// The product's own in a folder, which may not be there.
fn logs(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let is_ours = |path: &PathBuf| {
        let stem = path.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        path.extension().is_some_and(|extension| extension == "log") && !OTHERS.contains(&stem)
    };
    entries.filter(is_ours).collect()
}

struct Found<'a> {
    needles: &'a Needles<'a>,
    looked_at: usize,
    violations: Vec<String>,
}

impl Found<'_> {
    fn look(&mut self, text: &[u8], name: impl Fn() -> String) {
        self.looked_at += 1;
        let within = self.needles.within(text);
        self.violations.extend(within.into_iter().map(|secret| format!("{} has {secret}", name())));
    }

    /// Part by part, each with the end of the one before. Of a long file its end is read.
    fn read(&mut self, path: &Path) -> std::io::Result<()> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(NEWEST)))?;
        let mut file = file.take(NEWEST);
        let (mut text, overlap) = (Vec::with_capacity(CHUNK * 2), self.needles.overlap());
        loop {
            let read = Read::by_ref(&mut file).take(CHUNK as u64).read_to_end(&mut text)?;
            if read == 0 {
                return Ok(());
            }
            self.look(&text, || path.display().to_string());
            text.drain(..text.len().saturating_sub(overlap));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::world::folders;

    const KEY: &str = "0123456789abcdef0123";

    #[test]
    fn a_secret_between_two_parts_of_a_log_is_found_once_and_not_shown() {
        let folder = folders::scratch("secrets").unwrap();
        let text = format!("{}{KEY}\n", "x".repeat(CHUNK - 7));
        std::fs::write(folder.join("cloudsales.log"), &text).unwrap();
        std::fs::write(folder.join("ccp-sim.log"), &text).unwrap();
        std::fs::write(folder.join("notes.txt"), &text).unwrap();
        let secrets = [Secret::new("the key", KEY)];
        let needles = Needles::new(&secrets);
        let mut found = Found { needles: &needles, looked_at: 0, violations: Vec::new() };
        logs(&folder).iter().for_each(|file| found.read(file).unwrap());
        let log = folder.join("cloudsales.log").display().to_string();
        assert_eq!(found.violations, [format!("{log} has the key")]);
    }

    #[test]
    fn what_lies_beside_the_data_is_taken_by_its_names() {
        let mut secrets = Vec::new();
        let kept = serde_json::json!({
            "name": "a", "ccp_client_id": "cloudsales-dev", "ccp_client_secret": KEY, "payments": { "wallet_key": KEY },
        });
        members(&kept, &mut secrets);
        let names: Vec<&str> = secrets.iter().map(|secret| secret.name.as_str()).collect();
        assert_eq!(names, ["ccp_client_secret", "wallet_key"]);
    }

    #[test]
    fn a_database_address_has_its_password() {
        assert_eq!(password("postgres://app:pw@localhost/db").unwrap().name, "the database password of app");
        assert!(password("postgres://app@localhost/db").is_none());
    }
}
