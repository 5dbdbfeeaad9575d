//! The description of the API: it is the one in the checkout, whole, and needs nothing from elsewhere.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::process::Command;

use commands::Operation;
use commands::authorise::TABLE;
use serde_json::{Map, Value, json};
use tests::client::Client;
use tests::story::{self, cast};
use tests::world::{World, tools};

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../api/openapi.json");
const HINT: &str = "api/openapi.json is not what the code says: `cargo run -p api -- openapi > api/openapi.json`";
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn committed() -> String {
    std::fs::read_to_string(COMMITTED).expect(HINT)
}

/// Method, path and description of every operation.
pub fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths: &Map<String, Value> = document["paths"].as_object().unwrap();
    let of_path = |(path, item): (&String, &Value)| {
        let named = METHODS.iter().filter(|method| item.get(**method).is_some());
        named.map(|method| ((*method).to_owned(), path.clone(), item[*method].clone())).collect::<Vec<_>>()
    };
    paths.iter().flat_map(of_path).collect()
}

#[test]
fn the_committed_description_is_what_the_program_prints() {
    let printed = Command::new(tools::own_binary("cloudsales").unwrap()).arg("openapi").output().unwrap();
    assert!(printed.status.success());
    assert!(String::from_utf8(printed.stdout).unwrap() == committed(), "{HINT}");
}

#[test]
fn every_operation_has_a_row_and_every_row_an_operation() {
    let document: Value = serde_json::from_str(&committed()).unwrap();
    assert_eq!(document["openapi"].as_str().map(|version| &version[..3]), Some("3.1"));
    let mut named = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let id = operation["operationId"].as_str().unwrap().to_owned();
        let bearer = operation.get("security").is_some();
        assert_eq!(bearer, path.starts_with("/v1/") && !path.starts_with("/v1/webhooks/"), "{method} {path}");
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{method} {path} has no summary");
        if bearer {
            assert!(named.insert(id.clone()), "{id} twice");
        }
        let header = |name: &str| operation["parameters"].as_array().into_iter().flatten().any(|p| p["name"] == name);
        let keyed = bearer && method == "post" && id != "quote_order";
        assert!(!keyed || header("Idempotency-Key"), "{id} does not tell of its key");
    }
    let rows: BTreeSet<String> = TABLE
        .iter()
        .filter(|row| row.operation != Operation::System)
        .map(|row| row.operation.name().to_owned())
        .collect();
    assert_eq!(named, rows);
}

/// Refusals and failures are problems, and the format asks for a word about every answer.
#[test]
fn every_answer_is_described() {
    let document: Value = serde_json::from_str(&committed()).unwrap();
    for (method, path, operation) in operations(&document) {
        let answers = operation["responses"].as_object().unwrap();
        for (status, answer) in answers {
            let what = format!("{status} of {method} {path}");
            assert!(answer["description"].as_str().is_some_and(|text| !text.is_empty()), "{what}");
            let is_problem = ["4XX", "5XX"].contains(&status.as_str());
            assert_eq!(answer["content"].get("application/problem+json").is_some(), is_problem, "{what}");
        }
        assert!(["4XX", "5XX"].iter().all(|status| answers.contains_key(*status)), "{method} {path}");
    }
}

/// Whoever makes a client from the description reads with it what is answered.
#[test]
fn what_a_change_was_between_is_described_as_it_is() {
    let document: Value = serde_json::from_str(&committed()).unwrap();
    for name in ["Change", "Happened"] {
        for side in ["from", "to"] {
            let described = &document["components"]["schemas"][name]["properties"][side]["type"];
            assert_eq!(*described, json!(["integer", "string", "null"]), "{side} of {name}");
        }
    }
}

/// Addresses that a page loads from: in its scripts, style sheets, pictures and frames.
fn loaded_from(page: &str) -> Vec<String> {
    let mut found = Vec::new();
    for tag in page.split('<').skip(1) {
        let tag = tag.split('>').next().unwrap_or_default();
        let name = tag.split(|c: char| c.is_whitespace()).next().unwrap_or_default().to_lowercase();
        if ["script", "link", "img", "iframe", "style", "source"].contains(&name.as_str()) {
            for attribute in ["src=", "href=", "srcset="] {
                found.extend(tag.split(attribute).skip(1).map(|rest| {
                    rest.trim_start_matches(['"', '\'']).split(['"', '\'', ' ']).next().unwrap_or_default().to_owned()
                }));
            }
        }
    }
    found
}

async fn stands_alone(client: &Client, path: &str) -> anyhow::Result<()> {
    let page = client.get(path).await?;
    assert!(story::header(&page, "content-type").is_some_and(|kind| kind.starts_with("text/html")), "{path}");
    let policy = story::header(&page, "content-security-policy").unwrap_or_default();
    assert!(policy.contains("default-src 'none'") && !policy.contains("http"), "{policy}");
    for address in loaded_from(&page.text) {
        assert!(!address.contains("//"), "{path} loads {address}");
        if address.starts_with('/') {
            client.get(&address).await?;
        }
    }
    assert!(!page.text.contains("@import") && !page.text.to_lowercase().contains("url(http"));
    Ok(())
}

#[tokio::test]
async fn the_description_is_served_with_its_pages() -> anyhow::Result<()> {
    let world = World::start().await?;
    let cast = cast(&world)?;
    let anybody = cast.operator.with_token("");
    let served = anybody.get("/openapi.json").await?;
    assert!(served.body == serde_json::from_str::<Value>(&committed())?, "{HINT}");
    for path in ["/docs", "/docs/problems"] {
        stands_alone(&anybody, path).await?;
    }
    let problem = anybody.get("/problems/quantity-limit").await?;
    assert!(problem.text.contains("id=\"quantity-limit\""));
    anybody.get("/.well-known/jwks.json").await?;
    Ok(())
}

#[test]
fn what_a_page_loads_is_found() {
    let page =
        "<html><script src=\"https://cdn.example/x.js\"></script><link rel=x href='/a.css'><a href=\"http://x\">";
    assert_eq!(loaded_from(page), ["https://cdn.example/x.js", "/a.css"]);
}
