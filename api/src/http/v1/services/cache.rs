//! What was shown of the catalogue, kept until something it is made of changes.
//!
//! An answer is kept with the position it was made at. It is given again only where the directory has applied nothing
//! since that could have changed it; then it also shows every later position, and says so. Nobody has to be told of
//! changes: the directory writes down where the last one was, in the transaction that applies it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use chrono::NaiveDate;
use moka::sync::Cache;
use projections::catalogue::{self, Standing};
use serde::Serialize;
use sqlx::PgPool;

use crate::http::cursor::CursorScope;
use crate::http::headers::AnswerHeaders;
use crate::http::limits::CATALOGUE_BYTES;
use crate::http::problem::Problem;

/// How long the directory's standing is taken as known: a reader that asks for no position sees it this much later.
const KNOWN_FOR: Duration = Duration::from_millis(20);

/// What an answer depends on besides the log: who asks for what, and the days it is at the seller's entities, because
/// prices begin on days.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Question {
    pub scope: CursorScope,
    pub before: Option<i64>,
    pub limit: i64,
    pub days: Vec<NaiveDate>,
}

#[derive(Debug)]
struct Kept {
    body: Bytes,
    /// Of the one service shown.
    version: Option<i64>,
    made_at: Standing,
}

/// The answers of one process. Clones share them.
#[derive(Debug, Clone)]
pub struct Catalogue {
    kept: Cache<Question, Arc<Kept>>,
    standing: Arc<Mutex<Option<(Instant, Standing)>>>,
    /// Held by whoever asks the database; the others wait for what it learns.
    asking: Arc<tokio::sync::Mutex<()>>,
}

impl Default for Catalogue {
    fn default() -> Self {
        let weight = |_: &Question, kept: &Arc<Kept>| u32::try_from(kept.body.len()).unwrap_or(u32::MAX);
        let kept = Cache::builder().max_capacity(CATALOGUE_BYTES).weigher(weight).build();
        Self { kept, standing: Arc::default(), asking: Arc::default() }
    }
}

impl Catalogue {
    /// Where the directory stands, at `min_position` or later if it has got there.
    ///
    /// # Errors
    /// Any database error.
    pub async fn standing(&self, pool: &PgPool, min_position: Option<i64>) -> Result<Standing, sqlx::Error> {
        if let Some(standing) = self.still_known(min_position) {
            return Ok(standing);
        }
        let _asking = self.asking.lock().await;
        if let Some(standing) = self.still_known(min_position) {
            return Ok(standing);
        }
        let asked = Instant::now();
        let standing = catalogue::standing(pool).await?;
        *self.known() = Some((asked, standing));
        Ok(standing)
    }

    fn still_known(&self, min_position: Option<i64>) -> Option<Standing> {
        let (seen, standing) = (*self.known())?;
        let far_enough = min_position.is_none_or(|position| standing.position >= position);
        (far_enough && seen.elapsed() < KNOWN_FOR).then_some(standing)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Option<(Instant, Standing)>> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The kept answer, if it still holds where the directory stands.
    pub fn answer(&self, question: &Question, standing: Standing) -> Option<Response> {
        let kept = self.kept.get(question)?;
        let holds = kept.made_at.generation == standing.generation && standing.changed <= kept.made_at.position;
        holds.then(|| kept.response(standing.position))
    }

    /// Keeps an answer that was read after the directory stood there, and gives it.
    ///
    /// # Errors
    /// Internal, when the body cannot be written as JSON.
    pub fn keep(
        &self,
        question: Question,
        made_at: Standing,
        version: Option<i64>,
        body: &impl Serialize,
    ) -> Result<Response, Problem> {
        let body = serde_json::to_vec(body).map_err(|_| Problem::internal())?;
        let kept = Arc::new(Kept { body: body.into(), version, made_at });
        self.kept.insert(question, Arc::clone(&kept));
        Ok(kept.response(made_at.position))
    }
}

impl Kept {
    fn response(&self, position: i64) -> Response {
        let headers =
            AnswerHeaders { version: self.version, read_position: Some(position), ..AnswerHeaders::default() };
        (headers, [(header::CONTENT_TYPE, "application/json")], self.body.clone()).into_response()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::http::query::Query;

    fn question(viewer: &str) -> Question {
        let scope = CursorScope::new("/v1/services", viewer, &Query::parse(None).unwrap());
        Question { scope, before: None, limit: 25, days: vec![NaiveDate::MIN] }
    }

    fn at(position: i64, changed: i64) -> Standing {
        Standing { generation: 1, position, changed }
    }

    fn shown(catalogue: &Catalogue, standing: Standing) -> Option<i64> {
        let answer = catalogue.answer(&question("a"), standing)?;
        Some(answer.headers()["read-position"].to_str().unwrap().parse().unwrap())
    }

    #[test]
    fn an_answer_holds_until_something_it_is_made_of_changes() {
        let catalogue = Catalogue::default();
        assert_eq!(shown(&catalogue, at(10, 3)), None);
        catalogue.keep(question("a"), at(10, 3), None, &"prices").unwrap();
        assert_eq!(shown(&catalogue, at(10, 3)), Some(10));
        assert_eq!(shown(&catalogue, at(12, 3)), Some(12), "later, and nothing changed");
        assert_eq!(shown(&catalogue, at(9, 3)), Some(9), "never more than is known to be shown");
        assert_eq!(shown(&catalogue, at(12, 11)), None, "something changed");
        assert_eq!(shown(&catalogue, Standing { generation: 2, ..at(10, 3) }), None, "rebuilt");
    }

    #[test]
    fn everybody_and_every_day_has_its_own() {
        let catalogue = Catalogue::default();
        catalogue.keep(question("a"), at(10, 3), Some(2), &"prices").unwrap();
        assert!(catalogue.answer(&question("b"), at(10, 3)).is_none());
        let tomorrow = Question { days: vec![NaiveDate::MAX], ..question("a") };
        assert!(catalogue.answer(&tomorrow, at(10, 3)).is_none());
        let answer = catalogue.answer(&question("a"), at(10, 3)).unwrap();
        assert_eq!(answer.headers()["etag"], "\"2\"");
    }
}
