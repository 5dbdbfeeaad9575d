//! `GET /v1/customers/{id}/statement`

use axum::extract::{Path, Request, State};
use axum::response::{IntoResponse, Response};
use chrono::{Datelike, Months, NaiveDate, NaiveTime};
use commands::Operation;
use domain::calendar::add_months;
use domain::customer::Customer;
use domain::{Currency, Money};
use projections::ledger::{self, Account, LedgerEntry, Place, Wanted};
use projections::page::Shown;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::balance::customer;
use crate::http::api::Api;
use crate::http::headers::AnswerHeaders;
use crate::http::problem::{Problem, ProblemBody, ProblemType};
use crate::http::query::Query;
use crate::http::reading::Asked;
use crate::http::v1::list::Listed;
use crate::http::v1::money::MoneyBody;
use crate::http::values;

/// Months a statement covers when only one end of it is named, and at most.
const MONTHS: u32 = 12;
const MONTHS_AT_MOST: u32 = 24;

/// A customer's account in one currency. Above zero the customer owes; below, something is to its credit.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Statement)]
pub struct StatementBody {
    pub customer_id: Uuid,
    /// ISO 4217.
    pub currency: &'static str,
    /// All in which there ever was an entry.
    pub currencies: Vec<&'static str>,
    pub from: NaiveDate,
    /// The first day after it.
    pub to: NaiveDate,
    /// Before the first day.
    #[schema(value_type = MoneyBody)]
    pub opening_balance: Money,
    /// At the end of the last day: the opening balance and all entries of these days, also those of other pages.
    #[schema(value_type = MoneyBody)]
    pub closing_balance: Money,
    #[serde(flatten)]
    pub entries: Listed<EntryBody>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = StatementEntry)]
pub struct EntryBody {
    /// The book date.
    pub on: NaiveDate,
    /// `invoice`, `credit_note`, `payment` (what paid an invoice), `overpayment` (what came in beyond that), `refund`,
    /// `refund_failed`, `balance_applied`, `void`, `uncollectible` or `recovered` (what was given up was paid or credited
    /// after all).
    pub kind: String,
    /// Of the document; `null` on overpayments and refunds.
    #[schema(example = "INV-2026-000001")]
    pub number: Option<String>,
    pub invoice_id: Option<Uuid>,
    pub credit_note_id: Option<Uuid>,
    pub payment_id: Option<Uuid>,
    pub refund_id: Option<Uuid>,
    /// Above zero where more is owed, below where less is.
    #[schema(value_type = MoneyBody)]
    pub amount: Money,
    /// What went from the customer's balance to the invoice; the sum of the two stays as it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<MoneyBody>)]
    pub applied: Option<Money>,
    /// What is owed after it.
    #[schema(value_type = MoneyBody)]
    pub balance: Money,
}

impl From<LedgerEntry> for EntryBody {
    fn from(entry: LedgerEntry) -> Self {
        Self {
            on: entry.place.booked_on,
            kind: entry.kind,
            number: entry.number,
            invoice_id: entry.invoice_id,
            credit_note_id: entry.credit_note_id,
            payment_id: entry.payment_id,
            refund_id: entry.refund_id,
            amount: entry.amount,
            applied: entry.moved,
            balance: entry.running,
        }
    }
}

/// Which days, in which currency.
#[derive(Debug, Clone, Copy)]
struct Question {
    from: Option<NaiveDate>,
    to: Option<NaiveDate>,
    currency: Option<Currency>,
}

impl Question {
    /// Judges both ends together.
    fn read(q: &mut Query) -> Self {
        let (from, to) = (q.date("from"), q.date("to"));
        if let (Some(from), Some(to)) = (from, to) {
            if to <= from {
                q.reject::<()>("to", "It lies after from.");
            } else if to > add_months(from, MONTHS_AT_MOST) {
                q.reject::<()>("to", format!("A statement covers at most {MONTHS_AT_MOST} months."));
            }
        }
        Self { from, to, currency: q.optional("currency", values::currency) }
    }

    /// An end that is absent follows from the other one; without both it is the year of `today`.
    fn days(self, today: NaiveDate) -> (NaiveDate, NaiveDate) {
        let new_year = today.with_ordinal(1).unwrap_or(today);
        match (self.from, self.to) {
            (Some(from), Some(to)) => (from, to),
            (Some(from), None) => (from, add_months(from, MONTHS)),
            (None, Some(to)) => (to.checked_sub_months(Months::new(MONTHS)).unwrap_or(to), to),
            (None, None) => (new_year, add_months(new_year, MONTHS)),
        }
    }

    fn wanted(self, customer: &Customer, today: NaiveDate, page: &Asked) -> Result<Wanted, Problem> {
        let (from, to) = self.days(today);
        let currency = self.currency.unwrap_or(customer.terms.currency);
        Ok(Wanted { customer_id: customer.id, currency, from, to, after: place(page)?, limit: page.limit })
    }
}

/// Get a customer's statement of account, oldest first
///
/// Without `from` and `to` that of the present year; with one of them, that of twelve months.
#[utoipa::path(
    get, path = "/v1/customers/{id}/statement", tag = "customers", operation_id = "get_statement",
    params(
        ("id" = uuid::Uuid, Path), ("from" = Option<NaiveDate>, Query),
        ("to" = Option<NaiveDate>, Query, description = "The first day after it, at most 24 months later."),
        ("currency" = Option<String>, Query, description = "By default that of the customer's terms."),
        ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = StatementBody), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn get_statement(
    State(api): State<Api>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::GetStatement, request).await?;
    let question = Question::read(&mut reading.query);
    let page = api.page_of(&mut reading, projections::model::BILLING).await?;
    let Shown { position, content: customer } = customer(&api, &reading, &id).await?;
    let today = api.bus.seller().entity(&customer.seller_entity).day_at(api.bus.now());
    let wanted = question.wanted(&customer, today, &page)?;
    let shown = ledger::account(api.pool(), &wanted).await?;
    let body = StatementBody::of(&api, &wanted, &page, shown.content);
    let headers = AnswerHeaders { read_position: Some(shown.position.min(position)), ..AnswerHeaders::default() };
    Ok((headers, axum::Json(body)).into_response())
}

/// Where the last page ended.
fn place(page: &Asked) -> Result<Option<Place>, Problem> {
    let Some((moment, id)) = page.moment() else { return Ok(None) };
    let parts = id.split_once('.').and_then(|(position, n)| Some((position.parse().ok()?, n.parse().ok()?)));
    let (position, n) = parts.ok_or(ProblemType::InvalidCursor)?;
    Ok(Some(Place { booked_on: moment.date_naive(), position, n }))
}

impl StatementBody {
    fn of(api: &Api, wanted: &Wanted, page: &Asked, account: Account) -> Self {
        let entries = account.entries.into_iter().map(EntryBody::from).collect();
        let next = account.next.map(|place| {
            (place.booked_on.and_time(NaiveTime::MIN).and_utc(), format!("{}.{}", place.position, place.n))
        });
        Self {
            customer_id: wanted.customer_id,
            currency: wanted.currency.code(),
            currencies: account.currencies.iter().map(Currency::code).collect(),
            from: wanted.from,
            to: wanted.to,
            opening_balance: account.opening,
            closing_balance: account.closing,
            entries: api.listing_by_time(page, entries, next),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn question(raw: &str) -> Result<Question, Problem> {
        let mut query = Query::parse(Some(raw)).unwrap();
        let question = Question::read(&mut query);
        query.finish(Some(question))
    }

    #[test]
    fn absent_ends_are_found() {
        let cases = [
            ("", "2026-01-01", "2027-01-01"),
            ("from=2026-03-15", "2026-03-15", "2027-03-15"),
            ("to=2026-03-15", "2025-03-15", "2026-03-15"),
            ("from=2026-03-15&to=2028-03-15", "2026-03-15", "2028-03-15"),
        ];
        for (raw, from, to) in cases {
            assert_eq!(question(raw).unwrap().days(day("2026-11-10")), (day(from), day(to)), "{raw}");
        }
    }

    #[test]
    fn ends_that_do_not_fit_are_refused() {
        for raw in ["from=2026-03-15&to=2026-03-15", "from=2026-03-15&to=2026-03-14", "from=2026-03-15&to=2028-03-16"] {
            assert_eq!(question(raw).unwrap_err().kind(), ProblemType::InvalidQuery, "{raw}");
        }
    }
}
