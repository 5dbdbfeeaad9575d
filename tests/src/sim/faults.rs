//! Fault scripts: which requests and webhooks go wrong, and how. They live in memory; a restart ends them.

use std::collections::BTreeMap;

use axum::http::Method;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::chance::dice;
use super::kinds::{Kind, Transport, Webhook};

/// Faults in what a simulator does and shows.
pub trait ContentFault: Clone + Serialize + DeserializeOwned + Send + Sync + 'static {
    /// Whether it makes sense for that request; others neither see nor use it up.
    fn concerns(&self, method: &Method, path: &str) -> bool;
    /// Whether it makes sense for webhooks.
    fn concerns_webhooks(&self) -> bool {
        false
    }
}

/// A script as `POST /sim/faults` takes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script<C> {
    #[serde(default, rename = "match")]
    pub matching: Matching,
    pub fault: Kind<C>,
    /// How often it strikes.
    #[serde(default = "once")]
    pub times: u64,
    /// How many matching requests it lets pass first.
    #[serde(default)]
    pub after: u64,
    pub ms: Option<u64>,
    pub seed: Option<u64>,
    /// The part of matching requests it strikes, from 0 to 1, chosen by `seed`.
    pub share: Option<f64>,
}

/// `path` is a prefix; with `*`, which stands for anything, it is the whole path. For webhooks it is the event's type,
/// or the path they are delivered to.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Matching {
    pub method: Option<String>,
    pub path: Option<String>,
}

/// A script and how far it has come.
#[derive(Clone, Debug, Serialize)]
pub struct Running<C> {
    #[serde(flatten)]
    pub script: Script<C>,
    /// Matching requests seen.
    pub seen: u64,
    /// Requests it struck.
    pub hits: u64,
}

pub struct Faults<C> {
    last_id: u64,
    running: BTreeMap<u64, Running<C>>,
}

impl<C> Default for Faults<C> {
    fn default() -> Self {
        Self { last_id: 0, running: BTreeMap::new() }
    }
}

/// One fault that strikes, with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strike<K> {
    pub kind: K,
    pub ms: Option<u64>,
    pub seed: u64,
}

/// What goes wrong with one request.
#[derive(Clone, Debug)]
pub struct Plan<C> {
    pub transport: Option<Strike<Transport>>,
    pub content: Option<Strike<C>>,
    /// The effect happens, its answer does not go out.
    pub answer_withheld: bool,
}

impl<C> Default for Plan<C> {
    fn default() -> Self {
        Self { transport: None, content: None, answer_withheld: false }
    }
}

impl<C: ContentFault> Faults<C> {
    pub fn add(&mut self, script: Script<C>) -> u64 {
        self.last_id += 1;
        self.running.insert(self.last_id, Running { script, seen: 0, hits: 0 });
        self.last_id
    }

    pub fn clear(&mut self) {
        self.running.clear();
    }

    pub fn running(&self) -> &BTreeMap<u64, Running<C>> {
        &self.running
    }

    /// At most one fault of the connection and one of the content per request; the first script that strikes wins.
    pub fn plan(&mut self, method: &Method, path: &str) -> Plan<C> {
        let transport = self.first(|script| script.fault.transport().filter(|_| script.matching.request(method, path)));
        let content = self.first(|script| {
            let kind = script.fault.content().filter(|kind| kind.concerns(method, path))?;
            script.matching.request(method, path).then(|| kind.clone())
        });
        let answer_withheld = transport.as_ref().is_some_and(|strike| strike.kind.withholds_answer());
        Plan { transport, content, answer_withheld }
    }

    /// Everything that happens to one webhook on its way.
    pub fn webhook_fates(&mut self, event: &str, url: &str) -> Vec<Strike<Webhook>> {
        let path = path_of(url);
        let pick = |script: &Script<C>| script.fault.webhook().filter(|_| script.matching.webhook(event, path));
        self.running.values_mut().filter_map(|running| running.strike(pick)).collect()
    }

    /// What one webhook says wrongly. Only a script that names webhooks is meant.
    pub fn webhook_content(&mut self, event: &str, url: &str) -> Option<Strike<C>> {
        let path = path_of(url);
        self.first(|script| {
            let kind = script.fault.content().filter(|kind| kind.concerns_webhooks())?;
            (script.matching.path.is_some() && script.matching.webhook(event, path)).then(|| kind.clone())
        })
    }

    fn first<K>(&mut self, pick: impl Fn(&Script<C>) -> Option<K>) -> Option<Strike<K>> {
        self.running.values_mut().find_map(|running| running.strike(&pick))
    }
}

impl<C> Running<C> {
    fn strike<K>(&mut self, pick: impl Fn(&Script<C>) -> Option<K>) -> Option<Strike<K>> {
        if self.hits >= self.script.times {
            return None;
        }
        let kind = pick(&self.script)?;
        self.seen += 1;
        let seed = self.script.seed.unwrap_or(0);
        if self.seen <= self.script.after || !self.script.share.is_none_or(|share| dice(seed, self.seen) < share) {
            return None;
        }
        self.hits += 1;
        Some(Strike { kind, ms: self.script.ms, seed })
    }
}

impl Matching {
    fn request(&self, method: &Method, path: &str) -> bool {
        self.method(method.as_str()) && self.path.as_deref().is_none_or(|wanted| fits(wanted, path))
    }

    fn webhook(&self, event: &str, path: &str) -> bool {
        let target = |wanted: &str| if wanted.starts_with('/') { fits(wanted, path) } else { fits(wanted, event) };
        self.method("POST") && self.path.as_deref().is_none_or(target)
    }

    fn method(&self, method: &str) -> bool {
        self.method.as_deref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
    }
}

fn once() -> u64 {
    1
}

fn path_of(url: &str) -> &str {
    url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).unwrap_or("/")
}

fn fits(wanted: &str, text: &str) -> bool {
    match wanted.split_once('*') {
        None => text.starts_with(wanted),
        Some((start, rest)) => text.strip_prefix(start).is_some_and(|text| fits_rest(rest, text)),
    }
}

/// What follows a `*`: it may begin anywhere, and the last part has to end the text.
fn fits_rest(rest: &str, text: &str) -> bool {
    match rest.split_once('*') {
        None => text.ends_with(rest),
        Some((part, rest)) => text.match_indices(part).any(|(at, _)| fits_rest(rest, &text[at + part.len()..])),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Fault {
        Upside,
        Down,
    }

    impl ContentFault for Fault {
        fn concerns(&self, method: &Method, _: &str) -> bool {
            (method == Method::GET) == (*self == Self::Down)
        }
    }

    fn faults(scripts: &[&str]) -> Faults<Fault> {
        let mut faults = Faults::default();
        for script in scripts {
            faults.add(serde_json::from_str(script).unwrap());
        }
        faults
    }

    #[test]
    fn a_path_is_a_prefix_or_has_stars() {
        let cases = [
            ("/v1/orders", "/v1/orders/1/cancel", true),
            ("/v1/*/cancel", "/v1/orders/1/cancel", true),
            ("/v1/*/cancel", "/v1/orders/1", false),
            ("/v1/*s/*", "/v1/orders/1", true),
            ("*", "", true),
            ("order.", "order.completed", true),
            ("/v1/orders/*", "/v1/orders", false),
        ];
        for (wanted, text, expected) in cases {
            assert_eq!(fits(wanted, text), expected, "{wanted} {text}");
        }
    }

    #[test]
    fn scripts_strike_after_and_as_often_as_they_say() {
        let mut faults = faults(&[r#"{"match":{"method":"post","path":"/v1"},"fault":"429","after":1,"times":2}"#]);
        let struck: Vec<bool> = (0..5).map(|_| faults.plan(&Method::POST, "/v1/orders").transport.is_some()).collect();
        assert_eq!(struck, [false, true, true, false, false]);
        assert!(faults.plan(&Method::GET, "/v1/orders").transport.is_none());
    }

    #[test]
    fn a_share_is_the_same_for_the_same_seed_and_about_that_large() {
        let script = r#"{"fault":"reset","times":100000,"seed":7,"share":0.25}"#;
        let run = || {
            let mut faults = faults(&[script]);
            (0..1_000).map(|_| faults.plan(&Method::GET, "/v1").transport.is_some()).collect::<Vec<_>>()
        };
        assert_eq!(run(), run());
        assert!((200..300).contains(&run().iter().filter(|struck| **struck).count()));
    }

    #[test]
    fn the_first_script_goes_first_and_content_faults_come_beside() {
        let mut faults = faults(&[
            r#"{"fault":"500_after"}"#,
            r#"{"fault":"timeout_after"}"#,
            r#"{"fault":"upside"}"#,
            r#"{"fault":"down"}"#,
            r#"{"fault":"webhook_lost","match":{"path":"order."}}"#,
        ]);
        let first = faults.plan(&Method::POST, "/v1/orders");
        assert_eq!((first.transport.unwrap().kind, first.content.unwrap().kind), (Transport::FailAfter, Fault::Upside));
        let second = faults.plan(&Method::GET, "/v1/orders");
        assert_eq!(
            (second.transport.unwrap().kind, second.content.unwrap().kind),
            (Transport::TimeoutAfter, Fault::Down)
        );
        assert!(second.answer_withheld);
        assert!(faults.webhook_fates("billing.closed", "http://x/hook").is_empty());
        assert_eq!(faults.webhook_fates("order.completed", "http://x/hook").len(), 1);
    }

    #[test]
    fn a_fault_nobody_knows_is_refused_by_name() {
        let refused = serde_json::from_str::<Script<Fault>>(r#"{"fault":"sideways"}"#).unwrap_err();
        assert!(refused.to_string().contains("no such fault"), "{refused}");
    }
}
