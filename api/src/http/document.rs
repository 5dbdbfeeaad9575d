//! Answers that are documents: which format is wanted, and the bytes with what goes with them.

use std::collections::BTreeMap;

use axum::extract::Request;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use commands::Operation;
use domain::document::{DocumentFormat, DocumentKey};
use http::{HeaderName, HeaderValue, header};
use projections::model;
use tracing::error;
use utoipa::openapi::schema::Schema;
use utoipa::openapi::{ContentBuilder, Header, RefOr, ResponseBuilder};
use utoipa::{IntoParams, IntoResponses, PartialSchema};

use super::api::Api;
use super::headers::AnswerHeaders;
use super::problem::{Problem, ProblemType};
use super::query::Query;
use super::reading::Reading;
use crate::archive::{ArchiveError, Document};

/// What decides, beside the address, which document is answered and to whom: caches keep answers apart by it.
const VARY: &str = "Accept, Authorization";

/// What a request for a document says besides which one.
#[derive(Debug)]
pub struct Wanted {
    pub format: DocumentFormat,
    /// `If-None-Match`: what the caller has already.
    known: Option<String>,
}

impl Wanted {
    /// The parameter decides, then `Accept`, else it is a PDF.
    pub fn read(query: &mut Query, headers: &HeaderMap) -> Self {
        let named = query.one_of("format", &DocumentFormat::ALL.map(DocumentFormat::name));
        let named = named.and_then(|name| DocumentFormat::parse(&name));
        let format = named.or_else(|| accepted(headers)).unwrap_or(DocumentFormat::Pdf);
        let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()).map(str::to_owned);
        Self { format, known }
    }

    fn has(&self, tag: &str) -> bool {
        self.known.as_ref().is_some_and(|known| known.split(',').any(|one| one.trim() == tag))
    }
}

/// The first format a client names; wild cards name none.
fn accepted(headers: &HeaderMap) -> Option<DocumentFormat> {
    let values = headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let mut kinds = values.flat_map(|value| value.split(',')).filter_map(|range| range.split(';').next());
    kinds.find_map(|kind| {
        let kind = kind.trim().to_ascii_lowercase();
        DocumentFormat::ALL
            .into_iter()
            .find(|format| documents::media_type(*format).starts_with(&kind) && !kind.is_empty())
    })
}

/// What a request for a document may say, for the OpenAPI document.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "it only describes")]
pub struct DocumentQuery {
    #[param(example = "pdf")]
    format: Option<String>,
    min_position: Option<i64>,
}

/// How such a request is answered, for the OpenAPI document.
#[derive(Debug)]
pub struct DocumentAnswers;

impl IntoResponses for DocumentAnswers {
    fn responses() -> BTreeMap<String, RefOr<utoipa::openapi::Response>> {
        let written = DocumentFormat::ALL.into_iter().fold(ResponseBuilder::new(), |response, format| {
            let media_type = documents::media_type(format);
            let kind = media_type.split(';').next().unwrap_or(media_type);
            response.content(kind, ContentBuilder::new().schema(Some(schema(format))).build())
        });
        let known = ResponseBuilder::new().description("The caller has it already.");
        let headed = |response: ResponseBuilder, names: &[&str]| {
            names.iter().fold(response, |response, name| response.header(*name, Header::default()))
        };
        let written = headed(written, &["ETag", "Vary", "Cache-Control", "Content-Disposition"]);
        let known = headed(known, &["ETag", "Vary"]);
        [("200", written.build()), ("304", known.build())]
            .map(|(status, response)| (status.to_owned(), RefOr::T(response)))
            .into()
    }
}

fn schema(format: DocumentFormat) -> RefOr<Schema> {
    match format {
        DocumentFormat::Pdf => Vec::<u8>::schema(),
        DocumentFormat::Ubl | DocumentFormat::Csv => String::schema(),
        DocumentFormat::Json => serde_json::Value::schema(),
    }
}

impl Api {
    /// Who asks for a document, and in which form; returns once the read model is as far as they know.
    ///
    /// # Errors
    /// As [`reading`](Self::reading) and [`wait_for`](Self::wait_for).
    pub async fn reading_document(&self, operation: Operation, request: Request) -> Result<(Reading, Wanted), Problem> {
        let headers = request.headers().clone();
        let mut reading = self.reading(operation, request).await?;
        let wanted = Wanted::read(&mut reading.query, &headers);
        reading.finish()?;
        self.wait_for(model::BILLING, reading.min_position).await?;
        Ok((reading, wanted))
    }

    /// The document, which the caller may see.
    ///
    /// # Errors
    /// 409 when there is none of this format, 503 when the store is away.
    pub async fn document(&self, key: DocumentKey, wanted: &Wanted, position: i64) -> Result<Response, Problem> {
        let document = self.reads.archive.get(key, wanted.format).await?;
        let tag = format!("\"{}\"", document.sha256);
        let position = AnswerHeaders { read_position: Some(position), ..AnswerHeaders::default() };
        if wanted.has(&tag) {
            let headers = [(header::ETAG, tag), (header::VARY, VARY.to_owned())];
            return Ok((StatusCode::NOT_MODIFIED, position, headers).into_response());
        }
        let headers = [
            (header::CONTENT_TYPE, documents::media_type(wanted.format).to_owned()),
            (header::CONTENT_DISPOSITION, disposition(&document, wanted.format)),
            (header::ETAG, tag),
            (header::VARY, VARY.to_owned()),
            // For ever the same, but not everybody's to see.
            (header::CACHE_CONTROL, "private, max-age=31536000, immutable".to_owned()),
        ];
        Ok((position, written(headers), document.bytes).into_response())
    }
}

/// Numbers are letters, digits and hyphens.
fn disposition(document: &Document, format: DocumentFormat) -> String {
    format!("attachment; filename=\"{}.{}\"", document.number, documents::extension(format))
}

/// A number prefix from configuration may hold anything: what is no header value is left out.
fn written<const N: usize>(headers: [(HeaderName, String); N]) -> HeaderMap {
    let valid = |(name, value): (HeaderName, String)| Some((name, HeaderValue::from_str(&value).ok()?));
    headers.into_iter().filter_map(valid).collect()
}

impl From<ArchiveError> for Problem {
    fn from(failure: ArchiveError) -> Self {
        match failure {
            ArchiveError::NotAvailable => ProblemType::DocumentNotAvailable.into(),
            ArchiveError::Log(failure) => failure.into(),
            ArchiveError::Rejected(failure) => failure.into(),
            ArchiveError::Store(failure) => {
                error!(error = %failure, "the store of documents is away");
                ProblemType::Unavailable.into()
            }
            ArchiveError::Faulty(_) | ArchiveError::Altered { .. } => {
                error!(error = %failure, "a document is not what it should be");
                ProblemType::Internal.into()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn format(query: Option<&str>, accept: &str) -> DocumentFormat {
        let mut headers = HeaderMap::new();
        headers.insert(header::ACCEPT, accept.parse().unwrap());
        Wanted::read(&mut Query::parse(query).unwrap(), &headers).format
    }

    #[test]
    fn the_parameter_decides_then_what_is_accepted_then_it_is_a_pdf() {
        assert_eq!(format(Some("format=csv"), "application/pdf"), DocumentFormat::Csv);
        assert_eq!(format(None, "image/png, application/xml;q=0.9"), DocumentFormat::Ubl);
        assert_eq!(format(None, "text/csv"), DocumentFormat::Csv);
        assert_eq!(format(None, "Application/JSON"), DocumentFormat::Json);
        assert_eq!(format(None, "*/*"), DocumentFormat::Pdf);
        assert_eq!(format(None, ""), DocumentFormat::Pdf);
    }
}
