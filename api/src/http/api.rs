//! What handlers use: from a request to a command's context, and from a receipt or a row to an answer.

use std::sync::Arc;

use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, Uri, header, request};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use commands::bus::ReceiptBody;
use commands::context::tenant;
use commands::effects::Wake;
use commands::inbox::WebhookSecret;
use commands::{Bus, Context, Key, Operation, Receipt, Trace, authorise};
use domain::customer::{CustomerKind, CustomerRules};
use domain::{Actor, Role};
use event_log::stream::Versioned;
use projections::page::{Found, Row};
use sha2::{Digest, Sha256};
use sqlx::PgPool;
use uuid::Uuid;

use super::auth::{Authenticator, TokenRules};
use super::body::{read_json_bytes, read_optional_json_bytes};
use super::cursor::CursorKey;
use super::dev_tokens::DevKey;
use super::fields::{FromFields, Nothing, parse_body};
use super::headers::{AnswerHeaders, acceptable, idempotency_key, if_match, required_idempotency_key};
use super::problem::{Problem, ProblemType};
use super::query::Query;
use super::rate_limit::Meter;
use super::reads::Reads;
use super::trace::RequestIds;
use super::v1::resource::{Head, Resource, View};
use super::values::Fault;
use crate::clock;
use crate::dev_clock::Mover;

/// What every handler is given. Clones share it.
#[derive(Debug, Clone)]
pub struct Api(Arc<Desk>);

/// What an [`Api`] has.
#[derive(Debug)]
pub struct Desk {
    pub bus: Bus,
    pub reads: Reads,
    pub authenticator: Arc<Authenticator>,
    pub cursors: CursorKey,
    pub hooks: Hooks,
    /// Development only.
    pub dev: Option<Arc<Dev>>,
}

/// What webhooks need, and whom they wake.
#[derive(Debug, Clone)]
pub struct Hooks {
    pub ccp_secrets: Arc<[WebhookSecret]>,
    pub payment_secrets: Arc<[WebhookSecret]>,
    pub arrived: Wake,
    pub effects: Wake,
}

/// The development world's own key, the rules its tokens are made by, and its time.
#[derive(Debug)]
pub struct Dev {
    pub key: DevKey,
    pub rules: TokenRules,
    /// Moves business time.
    pub mover: Mover,
}

impl From<Desk> for Api {
    fn from(desk: Desk) -> Self {
        Self(Arc::new(desk))
    }
}

impl std::ops::Deref for Api {
    type Target = Desk;

    fn deref(&self) -> &Desk {
        &self.0
    }
}

impl Api {
    pub fn pool(&self) -> &PgPool {
        self.bus.pool()
    }

    /// Who asks, if its tenant may ask that much and it may do this at all.
    ///
    /// # Errors
    /// 401, 429, 403 and 406, in this order.
    pub async fn actor(&self, operation: Operation, parts: &request::Parts) -> Result<Actor, Problem> {
        let actor = self.authenticator.authenticate(&parts.headers).await?;
        self.admit(operation, &actor, parts).await?;
        acceptable(&parts.headers)?;
        Ok(actor)
    }

    /// The same on the surface of an earlier system.
    ///
    /// # Errors
    /// 401, 429 and 403, in this order.
    pub async fn older_actor(&self, operation: Operation, parts: &request::Parts) -> Result<Actor, Problem> {
        let actor = self.authenticator.authenticate_older(&parts.headers).await?;
        self.admit(operation, &actor, parts).await?;
        Ok(actor)
    }

    /// Takes the request from the quota of the actor's tenant.
    ///
    /// # Errors
    /// 429.
    pub fn meter(&self, actor: &Actor, parts: &request::Parts) -> Result<(), Problem> {
        parts.extensions.get::<Meter>().map_or(Ok(()), |meter| meter.take(&tenant(actor)))
    }

    async fn admit(&self, operation: Operation, actor: &Actor, parts: &request::Parts) -> Result<(), Problem> {
        self.meter(actor, parts)?;
        if !authorise::role_may(operation, actor) || !self.fits(actor).await? {
            return Err(ProblemType::Forbidden.into());
        }
        Ok(())
    }

    /// Whether the token's role is that of its customer. What a customer is never changes, so memory will do.
    async fn fits(&self, actor: &Actor) -> Result<bool, Problem> {
        let Some(id) = actor.customer_id else { return Ok(true) };
        let kind = self.kind(id).await?;
        Ok(match actor.role {
            Role::Customer => kind == Some(CustomerKind::Direct),
            Role::Reseller => kind == Some(CustomerKind::Reseller),
            Role::Operator | Role::Auditor | Role::Service | Role::System | Role::Provider => true,
        })
    }

    async fn kind(&self, id: Uuid) -> Result<Option<CustomerKind>, Problem> {
        if let Some(kind) = self.reads.kinds.get(&id) {
            return Ok(Some(kind));
        }
        let customer = self.bus.state::<CustomerRules>(id).await?;
        let kind = customer.state.known().map(|customer| customer.kind);
        kind.into_iter().for_each(|kind| self.reads.kinds.insert(id, kind));
        Ok(kind)
    }

    /// A command's context and body. Its key is required for POST.
    ///
    /// # Errors
    /// 401, 429, 403, 400, 413, 415, 422, in this order.
    pub async fn write<T: FromFields>(&self, operation: Operation, request: Request) -> Result<(Context, T), Problem> {
        let (parts, body) = request.into_parts();
        let actor = self.actor(operation, &parts).await?;
        let key = key(&parts.method, &parts.headers)?;
        let bytes = read_json_bytes(&parts.headers, body).await?;
        let context = self.context(actor, &parts, key, &bytes)?;
        self.without_parameters(&context, &parts.uri).await?;
        Ok((context, parse_body(&bytes)?))
    }

    /// The same for a command whose address says something, too: `read` reads its parameters.
    ///
    /// # Errors
    /// As [`Api::write`].
    pub async fn write_with_query<T: FromFields, Q>(
        &self,
        operation: Operation,
        request: Request,
        read: impl FnOnce(&mut Query, &Actor) -> Option<Q>,
    ) -> Result<(Context, Q, T), Problem> {
        let (parts, body) = request.into_parts();
        let actor = self.actor(operation, &parts).await?;
        let key = key(&parts.method, &parts.headers)?;
        let bytes = read_json_bytes(&parts.headers, body).await?;
        let mut query = Query::parse(parts.uri.query())?;
        let said = read(&mut query, &actor);
        let said = query.finish(said)?;
        let asked = parse_body(&bytes)?;
        Ok((self.context(actor, &parts, key, &bytes)?, said, asked))
    }

    /// The same for something that changes nothing and so has no key.
    ///
    /// # Errors
    /// As [`Api::write`].
    pub async fn write_without_key<T: FromFields>(
        &self,
        operation: Operation,
        request: Request,
    ) -> Result<(Context, T), Problem> {
        let (parts, body) = request.into_parts();
        let actor = self.actor(operation, &parts).await?;
        let bytes = read_json_bytes(&parts.headers, body).await?;
        no_parameters(&parts.uri)?;
        let asked = parse_body(&bytes)?;
        Ok((self.context(actor, &parts, clock::new_id().to_string(), &bytes)?, asked))
    }

    /// A command without a body, or with an empty object.
    ///
    /// # Errors
    /// As [`Api::write`].
    pub async fn write_without_body(&self, operation: Operation, request: Request) -> Result<Context, Problem> {
        let (context, Nothing) = self.write_optional(operation, request).await?;
        Ok(context)
    }

    /// A command whose body may be absent, which stands for an empty object.
    ///
    /// # Errors
    /// As [`Api::write`].
    pub async fn write_optional<T: FromFields>(
        &self,
        operation: Operation,
        request: Request,
    ) -> Result<(Context, T), Problem> {
        let (parts, body) = request.into_parts();
        let actor = self.actor(operation, &parts).await?;
        let key = key(&parts.method, &parts.headers)?;
        let bytes = read_optional_json_bytes(&parts.headers, body).await?;
        let context = self.context(actor, &parts, key, &bytes)?;
        self.without_parameters(&context, &parts.uri).await?;
        Ok((context, parse_body(&bytes)?))
    }

    /// Refuses a write with parameters in its address, unless its key has been used: then the bus says so, or what came
    /// of it when such parameters were not looked at.
    async fn without_parameters(&self, context: &Context, uri: &Uri) -> Result<(), Problem> {
        let Err(refused) = no_parameters(uri) else { return Ok(()) };
        let stored = event_log::append::stored_outcome(self.pool(), context.key.id()).await?;
        stored.map(drop).ok_or(refused)
    }

    /// A command's context.
    ///
    /// # Errors
    /// None that a request could cause.
    pub fn context(&self, actor: Actor, parts: &request::Parts, key: String, body: &[u8]) -> Result<Context, Problem> {
        let ids = parts.extensions.get::<Arc<RequestIds>>();
        let request_id = ids.map(|ids| ids.request_id.clone()).unwrap_or_default();
        Ok(Context {
            key: Key { tenant: tenant(&actor), key, fingerprint: fingerprint(parts.method.as_str(), &parts.uri, body) },
            if_match: if_match(&parts.headers),
            at: self.bus.now(),
            actor,
            trace: Trace {
                correlation_id: request_id.clone(),
                causation_id: request_id,
                traceparent: ids.map(|ids| ids.trace.as_str().to_owned()),
            },
        })
    }

    /// A command's answer: the resource at the version it left it in.
    ///
    /// # Errors
    /// When the log or the personal data cannot be read.
    pub async fn answer<R: Resource>(&self, context: &Context, receipt: Receipt) -> Result<Response, Problem> {
        let ReceiptBody::Resource { stream, version } = &receipt.answer else { return Err(Problem::internal()) };
        let folded = self.bus.state_at::<R::Rules>(&stream.id, *version).await?;
        let content = R::of_state(&folded.state).ok_or_else(Problem::internal)?;
        let id = path_id(&stream.id)?;
        let fields = event_log::personal::fields(self.pool(), &R::personal(content)).await?;
        let now = as_of(context, &receipt, &folded);
        let view = View { actor: &context.actor, now, seller: self.bus.seller(), fields: &fields };
        let body = R::body(content, Head::of(id, &folded, view.is_staff()), &view);
        let created = receipt.status == StatusCode::CREATED.as_u16();
        let headers = AnswerHeaders {
            version: Some(folded.version),
            event_position: Some(self.event_position(&receipt).await?),
            location: created.then(|| format!("{}/{id}", R::PATH)),
            replayed: receipt.replayed,
            ..AnswerHeaders::default()
        };
        Ok((status(receipt.status), headers, axum::Json(body)).into_response())
    }

    /// Where in the log the answer to a command stands: with its last event. Where it found everything as wished and
    /// wrote nothing, with the event that made its resource so, however far the log has gone on since.
    ///
    /// # Errors
    /// When the log cannot be read.
    pub async fn event_position(&self, receipt: &Receipt) -> Result<i64, Problem> {
        let ReceiptBody::Resource { stream, version } = &receipt.answer else { return Ok(receipt.last_position) };
        if receipt.at.is_none() {
            return Ok(receipt.last_position);
        }
        let made_so = event_log::stream::position(self.pool(), stream, *version).await?;
        Ok(made_so.unwrap_or(receipt.last_position))
    }

    /// A command's answer that is no stream's resource.
    ///
    /// # Errors
    /// Internal, when the kept answer is a resource.
    pub fn answer_other(&self, receipt: &Receipt) -> Result<Response, Problem> {
        let ReceiptBody::Other(json) = &receipt.answer else { return Err(Problem::internal()) };
        let headers = AnswerHeaders {
            event_position: Some(receipt.last_position),
            replayed: receipt.replayed,
            ..AnswerHeaders::default()
        };
        let json_type = [(header::CONTENT_TYPE, "application/json")];
        Ok((status(receipt.status), headers, json_type, json.clone()).into_response())
    }
}

/// The time at which an answer shows its resource, the same whenever it is answered again: that of the version's event,
/// or of the request, when that wrote nothing.
pub fn as_of<S>(context: &Context, receipt: &Receipt, folded: &Versioned<S>) -> DateTime<Utc> {
    receipt.at.or_else(|| folded.touched.as_ref().map(|mark| mark.at)).unwrap_or(context.at)
}

/// The key of a request: required where a repetition would make a second thing, fresh where none was given.
fn key(method: &Method, headers: &HeaderMap) -> Result<String, Problem> {
    if method == Method::POST {
        return required_idempotency_key(headers);
    }
    Ok(idempotency_key(headers)?.unwrap_or_else(|| clock::new_id().to_string()))
}

/// What a write is about is in its path and body: a parameter that nobody reads would be lost without a word.
fn no_parameters(uri: &Uri) -> Result<(), Problem> {
    Query::parse(uri.query())?.finish(Some(()))
}

/// Tells a request from another with the same key: method, path, query, body.
fn fingerprint(method: &str, uri: &Uri, body: &[u8]) -> Vec<u8> {
    let mut hash = Sha256::new();
    for part in [method.as_bytes(), uri.path().as_bytes(), uri.query().unwrap_or_default().as_bytes(), body] {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    // Half of it tells two requests apart as well, and every outcome keeps one for ever.
    hash.finalize().iter().take(16).copied().collect()
}

fn status(status: u16) -> StatusCode {
    StatusCode::from_u16(status).unwrap_or(StatusCode::OK)
}

/// An id in a path. What is no UUID names nothing.
///
/// # Errors
/// Not found.
pub fn path_id(text: &str) -> Result<Uuid, Problem> {
    super::values::uuid(text).map_err(|_| Problem::not_found())
}

/// The row looked for.
///
/// # Errors
/// Not found, or 503 when the aggregate is parked.
pub fn found<S>(found: Found<S>) -> Result<Row<S>, Problem> {
    match found {
        Found::Row(row) => Ok(row),
        Found::Absent => Err(Problem::not_found()),
        Found::Parked => Err(ProblemType::ReadModelParked.into()),
    }
}

/// Reads one of a few words.
pub fn word(choices: &'static [&'static str]) -> impl Fn(&str) -> Result<String, Fault> {
    move |text| {
        let known = choices.iter().find(|choice| **choice == text);
        known
            .map(|choice| (*choice).to_owned())
            .ok_or_else(|| Fault::new(ProblemType::InvalidValue, format!("One of {}.", choices.join(", "))))
    }
}
