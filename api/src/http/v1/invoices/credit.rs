//! `POST /v1/invoices/{id}/credit-notes`

use axum::extract::{Path, Request, State};
use axum::response::Response;
use commands::Operation;
use commands::credit_note::CreditInvoice;
use domain::Money;
use domain::billing::credit::Wanted;
use domain::credit_note::{CreditReason, Settle};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::clock;
use crate::http::api::{self, Api};
use crate::http::fields::{Fields, FromFields};
use crate::http::limits;
use crate::http::problem::{Problem, ProblemBody, ProblemType};
use crate::http::v1::credit_notes::body::{CreditNoteBody, CreditNoteResource};
use crate::http::v1::money::MoneyBody;
use crate::http::values;

/// What is given back: net amounts by line, or one amount with tax, which is split over all lines in proportion.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = CreditNoteIn, example = json!({"lines": [{"line": 1, "net": {"amount": "38.00", "currency": "EUR"}}],
    "reason": "Two seats were never used."}))]
pub struct CreditNoteIn {
    /// 1 to 200; either these or `amount`.
    pub lines: Option<Vec<CreditLineIn>>,
    /// Tax included.
    #[schema(value_type = Option<MoneyBody>)]
    pub amount: Option<serde_json::Value>,
    /// For the customer to read.
    pub reason: String,
    /// What becomes of what was paid already: it goes to the customer's `balance` (default), or as a `refund` back over
    /// the payments it came with. What cannot go back that way is the customer's balance.
    pub settle: Option<String>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[schema(as = CreditNoteLineIn)]
pub struct CreditLineIn {
    /// The invoice's number of it.
    pub line: u32,
    /// At most what earlier credit notes left of it.
    #[schema(value_type = MoneyBody)]
    pub net: serde_json::Value,
}

/// What the body says, checked.
struct Asked {
    wanted: Wanted,
    reason: CreditReason,
    settle: Settle,
}

impl FromFields for Asked {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let wanted = wanted(f);
        let reason = f.required("reason", values::text).map(|text| CreditReason { text });
        let settle = f.optional("settle", values::one_of(&[("balance", Settle::Balance), ("refund", Settle::Refund)]));
        Some(Self { wanted: wanted?, reason: reason?, settle: settle.unwrap_or(Settle::Balance) })
    }
}

/// One of the two, and only one.
fn wanted(f: &mut Fields<'_>) -> Option<Wanted> {
    match (f.is_absent("lines"), f.is_absent("amount")) {
        (false, true) => {
            let lines = f.required_list::<Line>("lines", 1..=limits::CREDIT_LINES)?;
            Some(Wanted::Lines(lines.into_iter().map(|Line(line, net)| (line, net)).collect()))
        }
        (true, false) => f.required_object::<Money>("amount").map(Wanted::Gross),
        (true, true) => f.reject("lines", ProblemType::MissingField, "Lines or an amount is required."),
        (false, false) => f.reject("amount", ProblemType::InvalidValue, "It is either lines or an amount."),
    }
}

struct Line(u32, Money);

impl FromFields for Line {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let line = f.required_integer("line", 1..=i64::from(u32::MAX));
        let net = f.required_object("net");
        Some(Self(u32::try_from(line?).ok()?, net?))
    }
}

/// Credit an invoice
///
/// It is taken off what is left to pay first; what was paid already goes to the customer's balance, or the way it came.
/// A refund of which nothing can go back is refused: `refund-not-supported`. The reseller's commission goes back in
/// proportion.
#[utoipa::path(
    post, path = "/v1/invoices/{id}/credit-notes", tag = "invoices", operation_id = "credit_invoice",
    params(("id" = uuid::Uuid, Path), ("Idempotency-Key" = String, Header), ("If-Match" = Option<String>, Header)),
    request_body = CreditNoteIn,
    responses((status = 201, body = CreditNoteBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn credit_invoice(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (context, Asked { wanted, reason, settle }) = api.write::<Asked>(Operation::CreditInvoice, request).await?;
    let (credit_note_id, invoice_id) = (clock::new_id(), api::path_id(&id)?);
    let credit = CreditInvoice { credit_note_id, invoice_id, wanted, reason, settle };
    let receipt = api.bus.execute(&context, &credit).await?;
    api.answer::<CreditNoteResource>(&context, receipt).await
}
