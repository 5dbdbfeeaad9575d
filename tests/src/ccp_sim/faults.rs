//! Fault scripts: which requests and webhooks go wrong, and how. They live in memory; a restart ends them.

use std::collections::BTreeMap;

use axum::http::Method;
use serde::{Deserialize, Serialize};

use super::seats::mix;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The answer comes `ms` late.
    Delay,
    /// The body trickles over `ms`.
    Drip,
    /// The connection is closed without an answer; nothing was done.
    Reset,
    #[serde(rename = "429")]
    TooManyRequests,
    #[serde(rename = "503")]
    Unavailable,
    /// 500, and nothing was done.
    #[serde(rename = "500_before")]
    FailBefore,
    /// Done, but answered 500.
    #[serde(rename = "500_after")]
    FailAfter,
    /// Done, but answered only after `ms`.
    TimeoutAfter,
    /// A GET shows the version before; a bill is not closed yet.
    Stale,
    /// One line of the order (of index `seed`, the first by default), or the whole change, is rejected when it completes.
    RejectLine,
    /// Only the order's first line is provisioned.
    Partial,
    WebhookLost,
    /// Delivered again `ms` later, under the same id.
    WebhookRepeat,
    /// Held for `ms`, so that later ones overtake it.
    WebhookReorder,
    /// Held for `ms`, and nobody waits for it.
    WebhookLate,
    /// A copy with a wrong signature goes ahead of it.
    WebhookForged,
}

/// A script as `POST /sim/faults` takes it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    #[serde(default, rename = "match")]
    pub matching: Matching,
    pub fault: Kind,
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
pub struct Running {
    #[serde(flatten)]
    pub script: Script,
    /// Matching requests seen.
    pub seen: u64,
    /// Requests it struck.
    pub hits: u64,
}

#[derive(Default)]
pub struct Faults {
    last_id: u64,
    running: BTreeMap<u64, Running>,
}

/// One fault that strikes, with its parameters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Strike {
    pub kind: Kind,
    pub ms: Option<u64>,
    pub seed: u64,
}

/// What goes wrong with one request.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    pub transport: Option<Strike>,
    pub content: Option<Strike>,
    /// The effect happens, its answer does not go out.
    pub answer_withheld: bool,
}

impl Plan {
    pub fn stale(&self) -> bool {
        self.content.as_ref().is_some_and(|strike| strike.kind == Kind::Stale)
    }
}

impl Faults {
    pub fn add(&mut self, script: Script) -> u64 {
        self.last_id += 1;
        self.running.insert(self.last_id, Running { script, seen: 0, hits: 0 });
        self.last_id
    }

    pub fn clear(&mut self) {
        self.running.clear();
    }

    pub fn running(&self) -> &BTreeMap<u64, Running> {
        &self.running
    }

    /// At most one fault of the connection and one of the content per request; the first script that strikes wins.
    pub fn plan(&mut self, method: &Method, path: &str) -> Plan {
        let transport = self.strike(Kind::is_transport, |script| script.matching.request(method, path));
        let content = self.strike(Kind::is_content, |script| {
            script.fault.concerns(method, path) && script.matching.request(method, path)
        });
        let answer_withheld =
            transport.as_ref().is_some_and(|strike| matches!(strike.kind, Kind::FailAfter | Kind::TimeoutAfter));
        Plan { transport, content, answer_withheld }
    }

    pub fn webhook_fates(&mut self, event: &str, url: &str) -> Vec<Strike> {
        let path = url.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).unwrap_or("/");
        let ids: Vec<u64> = self.running.keys().copied().collect();
        let matches = |script: &Script| script.fault.is_webhook() && script.matching.webhook(event, path);
        ids.into_iter().filter_map(|id| self.running.get_mut(&id)?.strike(&matches)).collect()
    }

    fn strike(&mut self, kind: fn(Kind) -> bool, matches: impl Fn(&Script) -> bool) -> Option<Strike> {
        self.running.values_mut().find_map(|running| running.strike(&|script| kind(script.fault) && matches(script)))
    }
}

impl Running {
    fn strike(&mut self, matches: &dyn Fn(&Script) -> bool) -> Option<Strike> {
        if self.hits >= self.script.times || !matches(&self.script) {
            return None;
        }
        self.seen += 1;
        let seed = self.script.seed.unwrap_or(0);
        if self.seen <= self.script.after || !self.script.share.is_none_or(|share| dice(seed, self.seen) < share) {
            return None;
        }
        self.hits += 1;
        Some(Strike { kind: self.script.fault, ms: self.script.ms, seed })
    }
}

impl Kind {
    fn is_webhook(self) -> bool {
        matches!(
            self,
            Self::WebhookLost | Self::WebhookRepeat | Self::WebhookReorder | Self::WebhookLate | Self::WebhookForged
        )
    }

    fn is_content(self) -> bool {
        matches!(self, Self::Stale | Self::RejectLine | Self::Partial)
    }

    /// Whether a content fault makes sense for that request; others neither see nor use it up.
    fn concerns(self, method: &Method, path: &str) -> bool {
        let order = method == Method::POST && path == "/v1/orders";
        match self {
            Self::Stale => method == Method::GET,
            Self::Partial => order,
            _ => order || (method != Method::GET && path.starts_with("/v1/subscriptions/")),
        }
    }

    fn is_transport(self) -> bool {
        !self.is_webhook() && !self.is_content()
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

/// A number from 0 to 1 that depends on the seed and on how many requests came before.
fn dice(seed: u64, n: u64) -> f64 {
    (mix(mix(seed) ^ n) >> 11) as f64 / (1u64 << 53) as f64
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

    fn faults(scripts: &[&str]) -> Faults {
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
            r#"{"fault":"partial"}"#,
            r#"{"fault":"stale"}"#,
            r#"{"fault":"webhook_lost","match":{"path":"order."}}"#,
        ]);
        let first = faults.plan(&Method::POST, "/v1/orders");
        assert_eq!((first.transport.unwrap().kind, first.content.unwrap().kind), (Kind::FailAfter, Kind::Partial));
        let second = faults.plan(&Method::GET, "/v1/orders");
        assert_eq!((second.transport.as_ref().unwrap().kind, second.stale()), (Kind::TimeoutAfter, true));
        assert!(second.answer_withheld);
        assert!(faults.webhook_fates("billing.closed", "http://x/hook").is_empty());
        assert_eq!(faults.webhook_fates("order.completed", "http://x/hook").len(), 1);
    }
}
