//! Documents over HTTP: who gets them, in which formats, the same bytes for ever.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::path::PathBuf;

use reqwest::Method;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::client::Client;
use tests::log_world::IssueStatement;
use tests::story::{self, Cast, new_key};
use tests::validator;

use crate::accounted::{Books, january};

const ON: &str = "2026-02-01";
/// What a document is stored as, one row each.
const STORED: &str = "select payload->e.event_type->'document'->>'format' from events e \
    where e.event_type like '%DocumentStored' order by position";

/// An answer that need not be text.
struct Got {
    status: u16,
    kind: String,
    disposition: String,
    tag: String,
    vary: String,
    bytes: Vec<u8>,
}

impl Got {
    fn text(&self) -> String {
        String::from_utf8(self.bytes.clone()).unwrap()
    }

    fn problem(&self) -> String {
        let body: Value = serde_json::from_slice(&self.bytes).unwrap();
        body["type"].as_str().unwrap().to_owned()
    }
}

async fn get(client: &Client, path: &str) -> anyhow::Result<Got> {
    fetch(client.request(Method::GET, path)).await
}

async fn fetch(request: reqwest::RequestBuilder) -> anyhow::Result<Got> {
    let answer = request.send().await?;
    let header =
        |name: &str| answer.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    Ok(Got {
        status: answer.status().as_u16(),
        kind: header("content-type"),
        disposition: header("content-disposition"),
        tag: header("etag"),
        vary: header("vary"),
        bytes: answer.bytes().await?.to_vec(),
    })
}

fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The document's path at the head of the log.
async fn document(books: &Books, noun: &str) -> anyhow::Result<String> {
    Ok(format!("{noun}/document?min_position={}", story::head(&books.world).await?))
}

#[tokio::test]
async fn an_invoice_is_had_in_every_format_and_always_the_same() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let path = document(&books, &books.issue(books.agency(0), ON).await?).await?;
    let customer = &books.cast.customer;
    let formats = [
        ("pdf", "application/pdf", "pdf"),
        ("ubl", "application/xml", "xml"),
        ("csv", "text/csv; charset=utf-8", "csv"),
        ("json", "application/json", "json"),
    ];
    for (format, kind, extension) in formats {
        let path = format!("{path}&format={format}");
        let first = get(customer, &path).await?;
        assert_eq!((first.status, first.kind.as_str()), (200, kind), "{}", String::from_utf8_lossy(&first.bytes));
        assert_eq!(first.disposition, format!("attachment; filename=\"INV-2026-000001.{extension}\""));
        assert_eq!(first.tag, format!("\"{}\"", sha256(&first.bytes)));
        let again = get(&books.cast.reseller, &path).await?;
        assert!(again.bytes == first.bytes && again.tag == first.tag, "{format}");
        let known = fetch(customer.request(Method::GET, &path).header("If-None-Match", &first.tag)).await?;
        assert_eq!((known.status, known.bytes.len()), (304, 0));
        // One address answers in several formats, and not to everybody: caches are told.
        assert_eq!([&first, &known].map(|got| got.vary.as_str()), ["Accept, Authorization"; 2]);
        let accepted = customer.request(Method::GET, &path.replace(&format!("&format={format}"), ""));
        let accepted = fetch(accepted.header("Accept", kind)).await?;
        assert!(accepted.bytes == first.bytes, "{format} by Accept");
    }
    assert!(get(customer, &path).await?.bytes.starts_with(b"%PDF-"));
    validator::ensure_valid(&[get(customer, &format!("{path}&format=ubl")).await?.text()])?;
    for hidden in ["cost", "0.80", "80.00", "reseller", "commission", "90.00"] {
        for format in ["ubl", "csv", "json"] {
            let said = get(customer, &format!("{path}&format={format}")).await?.text();
            assert!(!said.contains(hidden), "{hidden} in {said}");
        }
    }
    refused(&books, &path).await
}

/// Whoever does not see the invoice does not see its document; drafts have none.
async fn refused(books: &Books, path: &str) -> anyhow::Result<()> {
    let Cast { operator, auditor, service, other, customer, .. } = &books.cast;
    for (client, status) in [(operator, 200), (auditor, 200), (other, 404), (service, 403)] {
        assert_eq!(get(client, path).await?.status, status);
    }
    assert_eq!(get(operator, &format!("{path}&format=docx")).await?.status, 400);
    let draft = document(books, &books.draft(books.agency(1)).await?).await?;
    let draft = (get(operator, &draft).await?, get(customer, &draft).await?);
    assert_eq!((draft.0.status, draft.0.problem().as_str()), (409, "/problems/document-not-available"));
    assert_eq!(draft.1.status, 404);
    Ok(())
}

#[tokio::test]
async fn what_is_issued_is_stored_by_itself_and_what_is_lost_or_altered_is_noticed() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let path = books.issue(books.agency(0), ON).await?;
    let operator = &books.cast.operator;
    let done = |effects: &Value| {
        let effects = effects["data"].as_array().cloned().unwrap_or_default();
        effects.iter().any(|effect| effect["kind"] == "store_documents" && effect["state"] == "done")
    };
    operator.wait_until("/v1/admin/effects", done).await?;
    assert_eq!(story::texts(&books.world, STORED).await?, ["pdf", "ubl"]);

    let path = document(&books, &path).await?;
    let first = get(operator, &path).await?;
    assert_eq!(story::texts(&books.world, STORED).await?.len(), 2, "it was there");
    let file = stored(&books, &first);
    std::fs::remove_file(&file)?;
    let restored = get(operator, &path).await?;
    assert!(restored.status == 200 && restored.bytes == first.bytes);
    assert!(file.is_file(), "it is there again");
    std::fs::write(&file, b"%PDF-1.7 something else")?;
    let altered = get(operator, &path).await?;
    assert_eq!((altered.status, altered.problem().as_str()), (500, "/problems/internal"));
    Ok(())
}

fn stored(books: &Books, got: &Got) -> PathBuf {
    let id = books.agency(0).invoice_id().to_string();
    books.world.settings.documents.join("invoice").join(id).join(format!("{}.pdf", sha256(&got.bytes)))
}

#[tokio::test]
async fn credit_notes_and_commission_statements_are_documents_too() -> anyhow::Result<()> {
    let books = Books::open().await?;
    let invoice = books.issue(books.agency(0), ON).await?;
    let Cast { operator, customer, reseller, .. } = &books.cast;
    let credit = json!({ "amount": { "amount": "11.90", "currency": "EUR" }, "reason": "Kept to ourselves." });
    let note = operator.post(&format!("{invoice}/credit-notes"), &new_key(), &credit, 201).await?;
    let note = document(&books, &format!("/v1/credit-notes/{}", note.id()?)).await?;
    let ubl = get(customer, &format!("{note}&format=ubl")).await?;
    assert_eq!((ubl.status, ubl.disposition.as_str()), (200, "attachment; filename=\"CN-2026-000001.xml\""));
    let said = ubl.text();
    assert!(said.contains("<cbc:ID>INV-2026-000001</cbc:ID>") && !said.contains("Kept to ourselves"), "{said}");
    assert_eq!(get(customer, &note).await?.status, 200);

    let reseller_id = books.world.sample.reseller_id.parse()?;
    books.write(&IssueStatement { reseller_id, period: january() }).await?;
    let listed = operator.get_at("/v1/commission-statements", story::head(&books.world).await?).await?;
    let id = story::each(&story::data(&listed), "id").pop().unwrap();
    let statement = document(&books, &format!("/v1/commission-statements/{id}")).await?;
    let own = get(reseller, &format!("{statement}&format=ubl")).await?;
    assert_eq!((own.status, own.disposition.as_str()), (200, "attachment; filename=\"CS-2026-000001.xml\""));
    assert!(own.text().contains("INV-2026-000001"), "{}", own.text());
    validator::ensure_valid(&[said, own.text()])?;
    assert_eq!((get(reseller, &statement).await?.status, get(customer, &statement).await?.status), (200, 403));
    Ok(())
}
