//! `GET /v1/audit/events`

use axum::extract::{Request, State};
use axum::response::Response;
use commands::Operation;
use domain::{AggregateType, StreamId, event};
use projections::audit::{self, Filter};

use super::body::EventBody;
use crate::http::api::Api;
use crate::http::problem::{Problem, ProblemBody, ProblemType};
use crate::http::values::{self, Fault};

/// List events, oldest first
#[utoipa::path(
    get, path = "/v1/audit/events", tag = "audit", operation_id = "list_audit_events",
    params(
        ("stream" = Option<String>, Query, description = "`order/<id>`"), ("aggregate" = Option<String>, Query),
        ("type" = Option<String>, Query), ("actor" = Option<String>, Query), ("correlation" = Option<String>, Query),
        ("customer_id" = Option<uuid::Uuid>, Query),
        ("from" = Option<String>, Query, description = "A moment, or a day, which stands for its beginning in UTC."),
        ("to" = Option<String>, Query, description = "The first moment after them, written likewise."),
        ("after_position" = Option<i64>, Query),
        ("limit" = Option<i64>, Query), ("cursor" = Option<String>, Query), ("min_position" = Option<i64>, Query),
    ),
    responses((status = 200, body = crate::http::v1::list::Listed<EventBody>), (status = "4XX", body = ProblemBody)),
    security(("bearer" = [])),
)]
pub async fn list_audit_events(State(api): State<Api>, request: Request) -> Result<Response, Problem> {
    let mut reading = api.reading(Operation::ListAuditEvents, request).await?;
    let q = &mut reading.query;
    let stream = q.optional("stream", stream);
    let aggregate = q.optional("aggregate", aggregate);
    if let (Some(stream), Some(aggregate)) = (&stream, aggregate)
        && stream.aggregate != aggregate
    {
        q.reject::<()>("aggregate", "The stream is of another aggregate.");
    }
    let of_stream = stream.as_ref().map(|stream| stream.aggregate);
    let mut filter = Filter {
        aggregate: of_stream.or(aggregate).map(|aggregate| aggregate.to_string()),
        aggregate_id: stream.map(|stream| stream.id),
        event_type: q.optional("type", event_type),
        actor: q.optional("actor", values::identifier),
        correlation: q.optional("correlation", values::identifier),
        customer_id: q.optional("customer_id", values::uuid),
        from: q.optional("from", values::moment),
        to: q.optional("to", values::moment),
        after_position: q.position("after_position").unwrap_or(0),
        ..Filter::default()
    };
    let page = api.page_of_log(&mut reading).await?;
    filter.after_position = filter.after_position.max(page.before.unwrap_or(0));
    filter.limit = page.limit + 1;
    let (head, events) = audit::events(api.pool(), &filter).await?;
    let mut bodies = events.iter().map(EventBody::of).collect::<Result<Vec<_>, _>>()?;
    let limit = usize::try_from(page.limit).unwrap_or(usize::MAX);
    let more = bodies.len() > limit;
    bodies.truncate(limit);
    let next = bodies.last().filter(|_| more).map(|event| event.position);
    api.list(&page, head, bodies, next)
}

fn aggregate(name: &str) -> Result<AggregateType, Fault> {
    AggregateType::parse(name).ok_or_else(|| fault("There is no aggregate of this name, such as order."))
}

fn event_type(name: &str) -> Result<String, Fault> {
    let known = event::named(name).map(str::to_owned);
    known.ok_or_else(|| fault("There is no event of this name, such as OrderPlaced."))
}

fn stream(name: &str) -> Result<StreamId, Fault> {
    let (kind, id) = name.split_once('/').ok_or_else(|| fault("A stream is written order/<id>."))?;
    Ok(StreamId { aggregate: aggregate(kind)?, id: values::text(id)? })
}

fn fault(detail: &str) -> Fault {
    Fault::new(ProblemType::InvalidQuery, detail)
}
