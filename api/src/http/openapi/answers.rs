//! Which headers go with which answers. It is said once for all operations, by what they are: whether they need a
//! token, read, or take a key, and whether their answer tells its version. What only one sends it names itself.

use std::collections::BTreeMap;

use utoipa::openapi::path::Operation;
use utoipa::openapi::{Header, Object, OpenApi as Built, Ref, RefOr, Response, Schema, Type};

use super::{FAILED, REFUSED};

/// Every header there is, what it is and what it says.
const TOLD: [(&str, Type, &str); 14] = [
    ("X-Request-Id", Type::String, "The caller's `X-Request-Id`; without a fit one, an id of ours."),
    ("traceparent", Type::String, "W3C Trace Context: our step, in the caller's trace if it sent one."),
    (
        "RateLimit-Policy",
        Type::String,
        "The quota this request was taken from, in requests per seconds: `\"writes\";q=600;w=60`. Absent when the \
            caller is not known.",
    ),
    (
        "RateLimit",
        Type::String,
        "What is left of the quota, and the seconds until it is full again or, when nothing is left, until one more \
            request is let through: `\"writes\";r=599;t=1`. Absent when the caller is not known.",
    ),
    ("ETag", Type::String, "The version in quotes, for `If-Match`; of a document its SHA-256, for `If-None-Match`."),
    (
        "Event-Position",
        Type::Integer,
        "The log's position of the last event of this write; as `min_position` of a read it makes the write be seen.",
    ),
    ("Read-Position", Type::Integer, "The log's position up to which this answer shows everything, at least."),
    ("Location", Type::String, "The path of what was made or started."),
    (
        "Idempotency-Replayed",
        Type::String,
        "`true` when this is the answer to an earlier request with the same key; else absent.",
    ),
    ("Retry-After", Type::Integer, "Seconds to wait before repeating the request; absent where that does not help."),
    ("WWW-Authenticate", Type::String, "With 401: what the bearer token lacks."),
    ("Cache-Control", Type::String, "Whether the answer may be kept, and by whom."),
    ("Vary", Type::String, "The request's headers that decide which answer it is."),
    ("Content-Disposition", Type::String, "The file name to save it as."),
];

type Schemas = BTreeMap<String, RefOr<Schema>>;

/// Describes the headers of every answer of every operation.
pub fn describe(document: &mut Built) {
    let components = document.components.get_or_insert_with(Default::default);
    let told = TOLD.into_iter().map(|(name, kind, says)| (name.to_owned(), RefOr::T(header(kind, says))));
    components.headers.extend(told);
    for path in document.paths.paths.values_mut() {
        path.get.iter_mut().for_each(|operation| of_operation(operation, true, &components.schemas));
        let writes = [&mut path.put, &mut path.post, &mut path.delete, &mut path.patch];
        writes.into_iter().flatten().for_each(|operation| of_operation(operation, false, &components.schemas));
    }
}

fn header(kind: Type, says: &str) -> Header {
    let mut header = Header::new(Object::with_type(kind));
    header.description = Some(says.to_owned());
    header
}

fn of_operation(operation: &mut Operation, reads: bool, schemas: &Schemas) {
    let kind = Kind { reads, counted: operation.security.is_some(), keyed: takes_a_key(operation) };
    for (status, answer) in &mut operation.responses.responses {
        let RefOr::T(answer) = answer else { continue };
        let ours = kind.headers(status, tells_its_version(answer, schemas)).into_iter().map(str::to_owned);
        let own = std::mem::take(&mut answer.headers).into_keys();
        answer.headers = own.chain(ours).map(|name| (name.clone(), reference(&name))).collect();
    }
}

fn reference(name: &str) -> RefOr<Header> {
    RefOr::Ref(Ref::new(format!("#/components/headers/{name}")))
}

/// What an operation is, as far as its headers go.
#[derive(Clone, Copy)]
struct Kind {
    reads: bool,
    /// It needs a token, and so is taken from a quota.
    counted: bool,
    keyed: bool,
}

impl Kind {
    fn headers(self, status: &str, versioned: bool) -> Vec<&'static str> {
        let (refused, failed) = (status == REFUSED, status == FAILED);
        let done = !refused && !failed;
        let sent = [
            ("X-Request-Id", true),
            ("traceparent", true),
            ("RateLimit-Policy", self.counted),
            ("RateLimit", self.counted),
            ("Read-Position", done && self.counted && self.reads),
            ("Event-Position", done && self.keyed),
            ("Idempotency-Replayed", done && self.keyed),
            ("ETag", done && versioned),
            ("Location", status == "201"),
            ("Cache-Control", !done),
            ("Retry-After", failed || (refused && self.counted)),
            ("WWW-Authenticate", refused && self.counted),
        ];
        sent.into_iter().filter_map(|(name, sent)| sent.then_some(name)).collect()
    }
}

/// Quotes and what has no token take none.
fn takes_a_key(operation: &Operation) -> bool {
    let mut parameters = operation.parameters.iter().flatten();
    parameters.any(|parameter| matches!(parameter, RefOr::T(parameter) if parameter.name == "Idempotency-Key"))
}

fn tells_its_version(answer: &Response, schemas: &Schemas) -> bool {
    answer.content.values().any(|content| match content {
        RefOr::T(content) => content.schema.as_ref().is_some_and(|schema| has_version(schema, schemas)),
        RefOr::Ref(_) => false,
    })
}

fn has_version(schema: &RefOr<Schema>, schemas: &Schemas) -> bool {
    match schema {
        RefOr::Ref(named) => {
            let named = named.ref_location.rsplit('/').next().and_then(|name| schemas.get(name));
            named.is_some_and(|schema| has_version(schema, schemas))
        }
        RefOr::T(Schema::Object(object)) => object.properties.contains_key("version"),
        RefOr::T(Schema::AllOf(parts)) => parts.items.iter().any(|part| has_version(part, schemas)),
        RefOr::T(_) => false,
    }
}
