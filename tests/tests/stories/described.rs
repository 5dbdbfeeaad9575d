//! Answers held against the description of the API: which headers they carry, and which they should.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;

use api::http::openapi;
use serde_json::{Map, Value};
use tests::client::Answer;

/// What every answer over HTTP may carry without a word about it.
const OF_HTTP: [&str; 5] = ["connection", "content-length", "content-type", "date", "transfer-encoding"];
/// What an answer that does what was asked carries for certain, where its description names it.
const CERTAIN: [&str; 8] = [
    "etag",
    "event-position",
    "location",
    "ratelimit",
    "ratelimit-policy",
    "read-position",
    "traceparent",
    "x-request-id",
];

/// The description of the API.
pub struct Description(Value);

impl Description {
    /// As the code makes it.
    pub fn of_the_code() -> Self {
        Self(serde_json::from_str(&openapi::document().to_json().unwrap()).unwrap())
    }

    /// What an answer carries and should not, and the other way round; nothing about what is no operation.
    pub fn faults(&self, method: &str, path: &str, answer: &Answer) -> Vec<String> {
        let Some(answers) = self.answers(method, path).filter(|_| answer.status != 405) else { return Vec::new() };
        let status = answer.status.to_string();
        let family = format!("{}XX", answer.status / 100);
        let Some(described) = answers.get(&status).or_else(|| answers.get(&family)) else {
            return vec![format!("{status} is not described")];
        };
        let named: BTreeSet<String> =
            described["headers"].as_object().into_iter().flatten().map(|(name, _)| name.to_lowercase()).collect();
        let sent: BTreeSet<String> = answer.headers.keys().map(|name| name.as_str().to_owned()).collect();
        let unnamed = sent.difference(&named).filter(|name| !OF_HTTP.contains(&name.as_str()));
        let unsent = named.difference(&sent).filter(|name| answer.status < 400 && CERTAIN.contains(&name.as_str()));
        let unnamed = unnamed.map(|name| format!("{status} carries {name}, which is not described"));
        unnamed.chain(unsent.map(|name| format!("{status} is described with {name}, which it lacks"))).collect()
    }

    fn answers(&self, method: &str, path: &str) -> Option<&Map<String, Value>> {
        let path = path.split('?').next().unwrap_or_default();
        let fitting = self.0["paths"].as_object()?.iter().filter(|(template, _)| fits(template, path));
        // Where a name and a variable fit, it is the name.
        let (_, item) = fitting.min_by_key(|(template, _)| template.matches('{').count())?;
        item[method.to_lowercase()]["responses"].as_object()
    }
}

fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(wanted, given)| wanted == given || wanted.starts_with('{'))
}
