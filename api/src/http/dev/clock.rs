//! `POST /dev/clock`, `GET /dev/clock`: development only.

use axum::Json;
use axum::extract::{Request, State};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::dev_clock::{MAX_DAYS, Mover, Span, Stands, Stuck};
use crate::http::api::Api;
use crate::http::body::read_json_bytes;
use crate::http::fields::{Fields, FromFields, parse_body};
use crate::http::problem::{Problem, ProblemBody, ProblemType};
use crate::http::values::Fault;

/// How far business time is to move.
#[derive(Debug, Deserialize, ToSchema)]
#[schema(example = json!({"advance": "P1M"}))]
pub struct AdvanceBody {
    /// An ISO 8601 duration of months, days or hours, ten years at most.
    pub advance: String,
}

/// Where everything stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct ClockBody {
    /// Business time.
    pub now: DateTime<Utc>,
    /// The log's last position; after a move every reader has applied it.
    pub position: i64,
}

impl From<Stands> for ClockBody {
    fn from(stands: Stands) -> Self {
        Self { now: stands.now, position: stands.position }
    }
}

struct Asked(Span);

impl FromFields for Asked {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        f.required("advance", span).map(Self)
    }
}

fn span(text: &str) -> Result<Span, Fault> {
    let detail = "An ISO 8601 duration of months, days or hours, like P1M, P10D or PT36H, ten years at most.";
    Span::parse(text).ok_or_else(|| Fault::new(ProblemType::InvalidValue, detail))
}

/// Move business time forward, day by day (development only)
#[utoipa::path(
    post, path = "/dev/clock", tag = "development", operation_id = "move_clock",
    request_body = AdvanceBody,
    responses((status = 200, body = ClockBody, description = "Everything that followed is done."),
        (status = "4XX", body = ProblemBody)),
)]
pub async fn move_clock(State(api): State<Api>, request: Request) -> Result<Json<ClockBody>, Problem> {
    let mover = mover(&api)?;
    let (parts, body) = request.into_parts();
    let Asked(span) = parse_body(&read_json_bytes(&parts.headers, body).await?)?;
    // A caller that hangs up does not stop the clock in the middle of a day.
    let moved = tokio::spawn(async move { mover.advance(span).await }).await;
    let stands = moved.map_err(|_| Problem::internal())?.map_err(|stuck| problem(&stuck))?;
    Ok(Json(stands.into()))
}

/// Business time (development only)
#[utoipa::path(
    get, path = "/dev/clock", tag = "development", operation_id = "get_clock",
    responses((status = 200, body = ClockBody), (status = "4XX", body = ProblemBody)),
)]
pub async fn get_clock(State(api): State<Api>) -> Result<Json<ClockBody>, Problem> {
    let stands = mover(&api)?.stands().await.map_err(|stuck| problem(&stuck))?;
    Ok(Json(stands.into()))
}

fn mover(api: &Api) -> Result<Mover, Problem> {
    api.dev.as_ref().map(|dev| dev.mover.clone()).ok_or_else(Problem::not_found)
}

/// In development the inside may be told: what holds the clock is what the developer looks for.
fn problem(stuck: &Stuck) -> Problem {
    tracing::warn!(%stuck, "the clock stopped");
    match stuck {
        Stuck::TooFar => Problem::new(ProblemType::InvalidValue, format!("At most {MAX_DAYS} days at a time.")),
        Stuck::Simulator(_) | Stuck::Due(_) | Stuck::Database(_) => ProblemType::Unavailable.into(),
        Stuck::Unfinished { .. } => Problem::new(ProblemType::Unavailable, stuck.to_string()),
    }
}
