//! `GET /v1/admin/roles`

use axum::extract::{Request, State};
use axum::response::Response;
use chrono::{DateTime, Utc};
use commands::Operation;
use event_log::lease;
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody};
use crate::http::values;
use crate::presence::{self, Process};
use crate::readers;
use crate::roles::Role;

/// One role in one process.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = RunningRole)]
pub struct RoleBody {
    #[schema(example = "project")]
    pub role: String,
    /// Host with what tells its process ids from others of that name, process id and start of the process, as it holds
    /// its leases.
    #[schema(example = "node-1@4026531836.f9966bcf/4711/123456")]
    pub process: String,
    #[schema(example = "node-1")]
    pub node: String,
    pub pid: Option<u32>,
    /// `running`, or `silent` when the process has said nothing for some seconds.
    pub state: &'static str,
    pub started_at: DateTime<Utc>,
    pub seen_at: DateTime<Utc>,
    /// The readers of the log that this role moves in this process. Of several processes with a role one has each.
    pub readers: Vec<String>,
}

/// List which process has which role, the newest process first
#[utoipa::path(
    get, path = "/v1/admin/roles", tag = "admin", operation_id = "list_roles",
    params(("customer_id" = Option<uuid::Uuid>, Query), ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query),
        ("min_position" = Option<i64>, Query)),
    responses((status = 200, body = crate::http::v1::list::Listed<RoleBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_roles(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListRoles, request).await?;
    let _ = reading.query.optional("customer_id", values::uuid);
    let page = api.page_of_log(&mut reading).await?;
    let head = event_log::page::head(api.pool()).await?;
    let processes = presence::processes(api.pool()).await?;
    let all: Vec<RoleBody> = processes.iter().flat_map(RoleBody::of).collect();
    let after = usize::try_from(page.before.unwrap_or(0)).unwrap_or(0);
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let next = i64::try_from(after + limit).ok().filter(|_| after + limit < all.len());
    api.list(&page, head, all.into_iter().skip(after).take(limit).collect(), next)
}

impl RoleBody {
    fn of(process: &Process) -> Vec<Self> {
        let pid = process.process.split('/').nth(1).and_then(|pid| pid.parse().ok());
        let body = |role: &String| Self {
            role: role.clone(),
            process: process.process.clone(),
            node: lease::node_of(&process.process).to_owned(),
            pid,
            state: if process.running { "running" } else { "silent" },
            started_at: process.started_at,
            seen_at: process.seen_at,
            readers: process.readers.iter().filter(|reader| role_of(reader).name() == role).cloned().collect(),
        };
        process.roles.iter().map(body).collect()
    }
}

/// Read models belong to one role, every other reader of the log to the other.
fn role_of(reader: &str) -> Role {
    if readers::is_read_model(reader) { Role::Project } else { Role::React }
}
