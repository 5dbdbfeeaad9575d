//! From a GET to its answer: who reads, what was asked, up to where the read model must be.

use std::time::Duration;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use commands::Operation;
use commands::context::tenant;
use domain::{Actor, PersonalRef, Role};
use projections::noun::Noun;
use projections::page::{self, Page, Row, Scope, Shown};
use projections::status;
use serde::Serialize;
use tokio::time::Instant;
use uuid::Uuid;

use super::api::{self, Api};
use super::cursor::{Cursor, CursorScope};
use super::headers::AnswerHeaders;
use super::problem::{Problem, ProblemType};
use super::query::Query;
use super::v1::list::Listed;
use super::v1::resource::{Head, Resource, View};

/// How long a read waits for its read model.
const PATIENCE: Duration = Duration::from_secs(5);

/// One read.
#[derive(Debug)]
pub struct Reading {
    pub actor: Actor,
    pub query: Query,
    pub min_position: Option<i64>,
    path: String,
}

/// Which part of a list was asked for.
#[derive(Debug)]
pub struct Asked {
    /// Where the last page ended.
    pub before: Option<i64>,
    /// Tells apart what has the same place in the order, where that happens.
    pub after_id: String,
    pub limit: i64,
    scope: CursorScope,
}

impl Reading {
    pub fn scope(&self) -> Scope {
        Scope::of(&self.actor)
    }

    /// Tells what is asked by whom from everything else that could be asked of this list or thing. To be taken before the
    /// parameters are finished.
    pub fn question(&self) -> CursorScope {
        CursorScope::new(&self.path, &viewer(&self.actor), &self.query)
    }

    /// The seller's staff.
    pub fn is_staff(&self) -> bool {
        matches!(self.actor.role, Role::Operator | Role::Auditor)
    }

    /// Whose commission and price rules the caller sees: a reseller its own, staff everybody's.
    pub fn own_reseller(&self) -> Option<Uuid> {
        match self.actor.role {
            Role::Customer | Role::Reseller => Some(self.actor.customer_id.unwrap_or(Uuid::nil())),
            Role::Operator | Role::Auditor | Role::Service | Role::System | Role::Provider => None,
        }
    }

    /// Ends the reading of parameters.
    ///
    /// # Errors
    /// `invalid-query` with everything that is wrong.
    pub fn finish(&mut self) -> Result<(), Problem> {
        self.min_position = self.query.min_position();
        let query = std::mem::replace(&mut self.query, Query::parse(None)?);
        query.finish(Some(()))
    }
}

impl Asked {
    /// Where the last page of a list in order of time ended.
    pub fn moment(&self) -> Option<(DateTime<Utc>, String)> {
        self.before.and_then(DateTime::from_timestamp_micros).map(|moment| (moment, self.after_id.clone()))
    }

    /// What this is a page of.
    pub fn scope(&self) -> &CursorScope {
        &self.scope
    }
}

impl Api {
    /// Who reads, and its parameters.
    ///
    /// # Errors
    /// 401, 429, 403, 400.
    pub async fn reading(&self, operation: Operation, request: Request) -> Result<Reading, Problem> {
        let (parts, _) = request.into_parts();
        let actor = self.actor(operation, &parts).await?;
        let query = Query::parse(parts.uri.query())?;
        Ok(Reading { actor, query, min_position: None, path: parts.uri.path().to_owned() })
    }

    /// The page asked for, once its read model shows what it must.
    ///
    /// # Errors
    /// 400 and 503.
    pub async fn page<R: Resource>(&self, reading: &mut Reading) -> Result<Asked, Problem> {
        self.page_of(reading, <R::Noun as Noun>::MODEL).await
    }

    /// The same for a list of a named read model.
    ///
    /// # Errors
    /// 400 and 503.
    pub async fn page_of(&self, reading: &mut Reading, model: &str) -> Result<Asked, Problem> {
        let asked = self.asked(reading)?;
        self.wait_for(model, reading.min_position).await?;
        Ok(asked)
    }

    /// The same for a list that is read from the log itself.
    ///
    /// # Errors
    /// 400.
    pub async fn page_of_log(&self, reading: &mut Reading) -> Result<Asked, Problem> {
        let asked = self.asked(reading)?;
        self.wait_for_log(reading.min_position).await?;
        Ok(asked)
    }

    fn asked(&self, reading: &mut Reading) -> Result<Asked, Problem> {
        let page = reading.query.page();
        let scope = reading.question();
        reading.finish()?;
        let (before, after_id) = match &page.cursor {
            Some(text) => {
                let cursor = self.cursors.open(&scope, text)?;
                (Some(cursor.sort_key.parse().map_err(|_| ProblemType::InvalidCursor)?), cursor.id)
            }
            None => (None, String::new()),
        };
        Ok(Asked { before, after_id, limit: i64::from(page.limit), scope })
    }

    /// The same for a list that every reader adds to.
    ///
    /// # Errors
    /// 400 and 503.
    pub async fn page_of_all(&self, reading: &mut Reading) -> Result<Asked, Problem> {
        let asked = self.asked(reading)?;
        // Where nothing in particular is waited for there is no need to know who they are.
        if reading.min_position.is_some() {
            let readers = status::readers(self.pool()).await?;
            let names: Vec<&str> = readers.iter().map(|reader| reader.name.as_str()).collect();
            self.wait_for_each(&names, reading.min_position).await?;
        }
        Ok(asked)
    }

    /// Waits until a read model shows `min_position`.
    ///
    /// # Errors
    /// 400 above the head, 503 when it takes too long.
    pub async fn wait_for(&self, model: &str, min_position: Option<i64>) -> Result<(), Problem> {
        self.wait_for_each(&[model], min_position).await
    }

    /// They go on all at once: one patience is enough for waiting for one after the other.
    async fn wait_for_each(&self, models: &[&str], min_position: Option<i64>) -> Result<(), Problem> {
        let Some(position) = min_position else { return Ok(()) };
        self.wait_for_log(min_position).await?;
        let deadline = Instant::now() + PATIENCE;
        for model in models {
            let patience = deadline.saturating_duration_since(Instant::now());
            if !self.reads.freshness.wait(self.pool(), model, position, patience).await? {
                return Err(ProblemType::ReadModelBehind.into());
            }
        }
        Ok(())
    }

    /// How far a reader is. What it writes up to there is in whatever is read afterwards, and so this is what that shows
    /// at least; asked for afterwards it could be more than was shown.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn position_of(&self, model: &str) -> Result<i64, Problem> {
        Ok(status::position(self.pool(), Some(model)).await?)
    }

    /// How far the last of all readers is; the same holds for what all of them write.
    ///
    /// # Errors
    /// When it cannot be read.
    pub async fn position_of_all(&self) -> Result<i64, Problem> {
        Ok(status::position(self.pool(), None).await?)
    }

    /// A position above the head of the log will not come by waiting.
    ///
    /// # Errors
    /// 400.
    pub async fn wait_for_log(&self, min_position: Option<i64>) -> Result<(), Problem> {
        let Some(position) = min_position else { return Ok(()) };
        if position > event_log::page::head(self.pool()).await? {
            return Err(ProblemType::MinPositionAhead.into());
        }
        Ok(())
    }

    /// One resource, if the caller may see it.
    ///
    /// # Errors
    /// 401, 403, 400, 503, 404.
    pub async fn show<R: Resource>(
        &self,
        operation: Operation,
        id: &str,
        request: Request,
    ) -> Result<Response, Problem> {
        let mut reading = self.reading(operation, request).await?;
        reading.finish()?;
        let id = api::path_id(id)?;
        self.wait_for(<R::Noun as Noun>::MODEL, reading.min_position).await?;
        let shown = page::get::<R::Noun>(self.pool(), id, reading.scope()).await?;
        let row = api::found(shown.content)?;
        if R::of_row(&row.folded.state).is_some_and(|content| !R::may_read(content, &reading.actor)) {
            return Err(ProblemType::Forbidden.into());
        }
        let body =
            self.bodies::<R>(&reading, std::slice::from_ref(&row)).await?.pop().ok_or_else(Problem::not_found)?;
        self.one(shown.position, row.folded.version, &body)
    }

    /// The answer with one body.
    ///
    /// # Errors
    /// None; it reads as the others do.
    pub fn one(&self, position: i64, version: i64, body: &impl Serialize) -> Result<Response, Problem> {
        let headers =
            AnswerHeaders { version: Some(version), read_position: Some(position), ..AnswerHeaders::default() };
        Ok((headers, axum::Json(body)).into_response())
    }

    /// The answer with a page of resources.
    ///
    /// # Errors
    /// When personal data cannot be read.
    pub async fn listed<R: Resource>(
        &self,
        reading: &Reading,
        asked: &Asked,
        shown: Shown<Page<Row<<R::Noun as Noun>::State>>>,
    ) -> Result<Response, Problem> {
        let bodies = self.bodies::<R>(reading, &shown.content.rows).await?;
        self.list(asked, shown.position, bodies, shown.content.next)
    }

    /// The answer with a page of anything.
    ///
    /// # Errors
    /// None; it reads as the others do.
    pub fn list<T: Serialize>(
        &self,
        asked: &Asked,
        position: i64,
        data: Vec<T>,
        next: Option<i64>,
    ) -> Result<Response, Problem> {
        let headers = AnswerHeaders { read_position: Some(position), ..AnswerHeaders::default() };
        Ok((headers, axum::Json(self.listing(asked, data, next))).into_response())
    }

    /// The answer with a page of what is in order of time: `next` is the last one's moment and id.
    pub fn list_by_time<T: Serialize>(
        &self,
        asked: &Asked,
        position: i64,
        data: Vec<T>,
        next: Option<(DateTime<Utc>, String)>,
    ) -> Response {
        let headers = AnswerHeaders { read_position: Some(position), ..AnswerHeaders::default() };
        (headers, axum::Json(self.listing_by_time(asked, data, next))).into_response()
    }

    /// Its body.
    pub fn listing_by_time<T>(&self, asked: &Asked, data: Vec<T>, next: Option<(DateTime<Utc>, String)>) -> Listed<T> {
        let seal = |(moment, id): (DateTime<Utc>, String)| {
            self.cursors.seal(&asked.scope, &Cursor { sort_key: moment.timestamp_micros().to_string(), id })
        };
        Listed { data, next_cursor: next.map(seal) }
    }

    /// The body of a page of anything.
    pub fn listing<T>(&self, asked: &Asked, data: Vec<T>, next: Option<i64>) -> Listed<T> {
        let seal = |key: i64| {
            let cursor = Cursor { sort_key: key.to_string(), id: String::new() };
            self.cursors.seal(&asked.scope, &cursor)
        };
        Listed { data, next_cursor: next.map(seal) }
    }

    async fn bodies<R: Resource>(
        &self,
        reading: &Reading,
        rows: &[Row<<R::Noun as Noun>::State>],
    ) -> Result<Vec<R::Body>, Problem> {
        let contents = || rows.iter().filter_map(|row| R::of_row(&row.folded.state));
        let references: Vec<PersonalRef> = contents().flat_map(R::personal).collect();
        let fields = event_log::personal::fields(self.pool(), &references).await?;
        let view = View { actor: &reading.actor, now: self.bus.now(), seller: self.bus.seller(), fields: &fields };
        let body = |row: &Row<<R::Noun as Noun>::State>| {
            let content = R::of_row(&row.folded.state)?;
            Some(R::body(content, Head::of(row.id, &row.folded, view.is_staff()), &view))
        };
        Ok(rows.iter().filter_map(body).collect())
    }
}

/// What a caller's view depends on: a page of one caller is not another's.
fn viewer(actor: &Actor) -> String {
    format!("{}/{}", actor.role.name(), tenant(actor))
}
