//! Every document of the month in every format: valid, complete, and the same bytes for ever.

use anyhow::Context;
use reqwest::Method;
use serde_json::Value;
use sha2::{Digest, Sha256};
use tests::client::Client;
use tests::demo::month::Month;
use tests::story::{self, all_pages};
use tests::validator;
use tests::world::World;

use super::{amount, told};

const FORMATS: [(&str, &str); 4] =
    [("pdf", "application/pdf"), ("ubl", "application/xml"), ("csv", "text/csv"), ("json", "application/json")];
/// What no document may say, since each goes to the customer.
const HIDDEN: [&str; 3] = ["cost", "margin", "commission"];
/// What its own statement does not say to a reseller.
const HIDDEN_FROM_RESELLERS: [&str; 2] = ["cost", "margin"];

/// A kind of document: its list, and its stream in the log.
#[derive(Clone, Copy)]
struct Kind {
    path: &'static str,
    aggregate: &'static str,
    /// What is said to nobody else than the seller, if anything is.
    hidden: &'static [&'static str],
}

const KINDS: [Kind; 3] = [
    Kind { path: "/v1/invoices", aggregate: "invoice", hidden: &HIDDEN },
    Kind { path: "/v1/credit-notes", aggregate: "credit_note", hidden: &HIDDEN },
    Kind { path: "/v1/commission-statements", aggregate: "commission_account", hidden: &HIDDEN_FROM_RESELLERS },
];

pub(super) async fn all(world: &World, month: &Month) -> anyhow::Result<()> {
    let operator = &month.seller.operator;
    let (mut counts, mut invoices) = (Vec::new(), Vec::new());
    for kind in KINDS {
        let documents = all_pages(operator, kind.path, 100).await?;
        for document in &documents {
            let owner = owner_of(month, document);
            let ubl = is_right(world, kind, document, owner).await.with_context(|| told(&document["number"]))?;
            invoices.push(ubl);
        }
        counts.push(documents.len());
    }
    // Five invoices each month; one correction; three resellers who earn, twice.
    assert_eq!(counts, [10, 1, 6]);
    validator::ensure_valid(&invoices)
}

/// Whoever the document is for.
fn owner_of<'a>(month: &'a Month, document: &Value) -> &'a Client {
    let resellers = month.pairs.iter().map(|pair| &pair.reseller);
    let customers = month.pairs.iter().map(|pair| &pair.customer);
    let everybody = resellers.chain(customers).chain([&month.monat]);
    let id = document["customer_id"].as_str().or(document["reseller_id"].as_str()).unwrap();
    &everybody.into_iter().find(|customer| customer.id == id).unwrap().client
}

/// The electronic invoice among them.
async fn is_right(world: &World, kind: Kind, document: &Value, owner: &Client) -> anyhow::Result<String> {
    let operator = world.operator()?;
    let path = format!("{}/{}/document", kind.path, told(&document["id"]));
    let (mut hashes, mut ubl) = (Vec::new(), String::new());
    for (format, content_type) in FORMATS {
        let url = format!("{path}?format={format}");
        let first = download(owner, &url, content_type).await?;
        assert_eq!(
            download(&operator, &url, content_type).await?,
            first,
            "{format} differs when it is asked for again"
        );
        says_what_it_should(kind, format, &first, document)?;
        hashes.push(hex::encode(Sha256::digest(&first)));
        if format == "ubl" {
            ubl = String::from_utf8(first)?;
        }
    }
    by_accept(owner, &path).await?;
    let events = "select payload::text from events where event_type like '%DocumentStored'";
    let stored = story::texts(world, events).await?.join("\n");
    for hash in hashes {
        assert_eq!(stored.matches(&hash).count(), 1, "the {} {path} was not stored once", kind.aggregate);
    }
    Ok(ubl)
}

async fn download(client: &Client, url: &str, content_type: &str) -> anyhow::Result<Vec<u8>> {
    let answer = client.request(Method::GET, url).send().await?;
    let status = answer.status().as_u16();
    let kind = answer.headers().get("content-type").and_then(|kind| kind.to_str().ok()).unwrap_or_default().to_owned();
    let bytes = answer.bytes().await?;
    assert_eq!(status, 200, "{url}: {}", String::from_utf8_lossy(&bytes));
    assert!(kind.starts_with(content_type), "{url} is {kind}");
    Ok(bytes.to_vec())
}

async fn by_accept(client: &Client, path: &str) -> anyhow::Result<()> {
    let request = client.request(Method::GET, path).header("Accept", "text/csv");
    let answer = story::expect(client.send(request).await?, 200)?;
    assert!(story::header(&answer, "content-type").is_some_and(|kind| kind.starts_with("text/csv")));
    Ok(())
}

fn says_what_it_should(kind: Kind, format: &str, bytes: &[u8], document: &Value) -> anyhow::Result<()> {
    let text = match format {
        "pdf" => pdf_text(bytes)?,
        _ => String::from_utf8(bytes.to_vec())?,
    };
    let number = told(&document["number"]);
    assert!(text.contains(&number), "{number} is not in its {format}: {text}");
    for sum in sums_in(format, document) {
        // A page is written for people, in the language of their country.
        let is_there = text.contains(&sum) || (format == "pdf" && text.contains(&sum.replace('.', ",")));
        assert!(is_there, "{sum} of {number} is not in its {format}: {text}");
    }
    for hidden in kind.hidden {
        assert!(!text.to_lowercase().contains(hidden), "{hidden} in the {format} of {number}: {text}");
    }
    Ok(())
}

/// A table has the lines and nothing else; every other format has the sums.
fn sums_in(format: &str, document: &Value) -> Vec<String> {
    if format != "csv" {
        return vec![amount(document, "net"), amount(document, "total")];
    }
    let lines = document["lines"].as_array().unwrap();
    lines.iter().map(|line| amount(line, if line["net"].is_null() { "amount" } else { "net" })).collect()
}

fn pdf_text(bytes: &[u8]) -> anyhow::Result<String> {
    let document = lopdf::Document::load_mem(bytes)?;
    let pages: Vec<u32> = document.get_pages().into_keys().collect();
    Ok(document.extract_text(&pages)?)
}
