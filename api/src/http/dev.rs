//! Development only: tokens for any role, and the business clock.

pub mod clock;

use axum::Json;
use axum::extract::{Request, State};
use domain::Role;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::api::Api;
use super::body::read_json_bytes;
use super::dev_tokens::TokenRequest;
use super::fields::{Fields, FromFields, parse_body};
use super::problem::{Problem, ProblemBody, ProblemType};
use super::values;

/// Tokens survive restarts: thirty days are long enough to forget while developing that there are any.
const TTL_S: u64 = 30 * 24 * 3600;

const ROLES: [(&str, Role); 5] = [
    ("customer", Role::Customer),
    ("reseller", Role::Reseller),
    ("operator", Role::Operator),
    ("auditor", Role::Auditor),
    ("service", Role::Service),
];

struct Asked {
    role: Role,
    customer_id: Option<Uuid>,
}

impl FromFields for Asked {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let role = f.required("role", values::one_of(&ROLES));
        let customer_id = f.optional("customer_id", values::uuid);
        if matches!(role, Some(Role::Customer | Role::Reseller)) && f.is_absent("customer_id") {
            return f.reject("customer_id", ProblemType::MissingField, "This role is a customer's: say whose.");
        }
        Some(Self { role: role?, customer_id })
    }
}

/// A bearer token.
#[derive(Debug, Serialize, ToSchema)]
pub struct TokenBody {
    pub token: String,
}

/// Make a token (development only)
#[utoipa::path(
    post, path = "/dev/token", tag = "development", operation_id = "make_token",
    request_body(content = Object, example = json!({"role": "operator"})),
    responses((status = 200, body = TokenBody), (status = "4XX", body = ProblemBody)),
)]
pub async fn make_token(State(api): State<Api>, request: Request) -> Result<Json<TokenBody>, Problem> {
    let dev = api.dev.as_ref().ok_or_else(Problem::not_found)?;
    let (parts, body) = request.into_parts();
    let asked: Asked = parse_body(&read_json_bytes(&parts.headers, body).await?)?;
    let customer_id = asked.customer_id.filter(|_| matches!(asked.role, Role::Customer | Role::Reseller));
    let subject = customer_id.map_or_else(|| asked.role.name().to_owned(), |id| format!("{}-{id}", asked.role.name()));
    let wish = TokenRequest { role: asked.role, customer_id, subject, ttl_s: TTL_S };
    let token = dev.key.mint(&dev.rules, &wish).map_err(|error| {
        tracing::error!(%error, "a development token could not be made");
        Problem::internal()
    })?;
    Ok(Json(TokenBody { token }))
}

/// The development key set
#[utoipa::path(
    get, path = "/.well-known/jwks.json", tag = "development", operation_id = "get_jwks",
    responses((status = 200, body = Object), (status = "4XX", body = ProblemBody)),
)]
pub async fn get_jwks(State(api): State<Api>) -> Result<Json<serde_json::Value>, Problem> {
    let dev = api.dev.as_ref().ok_or_else(Problem::not_found)?;
    Ok(Json(dev.key.jwks().clone()))
}
