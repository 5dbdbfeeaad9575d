//! The OpenAPI document, generated from the handlers.

mod answers;

use std::collections::BTreeMap;

use utoipa::openapi::OpenApi as Built;
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{RefOr, Response};
use utoipa::{Modify, OpenApi};

use super::router;

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Cloudsales",
        description = "Sells cloud services of a provider to customers, directly and through resellers. \
            Money is a decimal string with a currency; times are UTC; writes take an Idempotency-Key."
    ),
    tags(
        (name = "customers"), (name = "accounts"), (name = "catalogue"), (name = "orders"), (name = "subscriptions"),
        (name = "invoices"), (name = "payments"), (name = "billing"), (name = "commissions"), (name = "notifications"), (name = "audit"),
        (name = "admin"),
        (name = "webhooks"), (name = "development"),
    ),
    modifiers(&Bearer),
    components(schemas(super::problem::ProblemBody)),
)]
pub struct Document;

/// The statuses of what the caller is refused, and of what fails here.
const REFUSED: &str = "4XX";
const FAILED: &str = "5XX";

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, document: &mut Built) {
        let scheme = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        document.components.get_or_insert_with(Default::default).add_security_scheme("bearer", scheme);
    }
}

/// The whole document.
pub fn document() -> Built {
    let mut document = router::operations().split_for_parts().1;
    // The manifest names none, which would be written as one without a name.
    document.info.license = None;
    for path in document.paths.paths.values_mut() {
        let methods = [&mut path.get, &mut path.put, &mut path.post, &mut path.delete, &mut path.patch];
        for operation in methods.into_iter().flatten() {
            complete(&mut operation.responses.responses);
        }
    }
    answers::describe(&mut document);
    document
}

/// What holds of every operation is said once, here: refusals and our own failures are problems, in a media type of
/// their own, and each answer has the word of description that the format asks for.
fn complete(answers: &mut BTreeMap<String, RefOr<Response>>) {
    for (status, answer) in &mut *answers {
        let RefOr::T(answer) = answer else { continue };
        if status == REFUSED {
            let problems = std::mem::take(&mut answer.content).into_values();
            answer.content = problems.map(|problem| ("application/problem+json".to_owned(), problem)).collect();
        }
        if answer.description.is_empty() {
            described(status).clone_into(&mut answer.description);
        }
    }
    if let Some(RefOr::T(mut problem)) = answers.get(REFUSED).cloned() {
        described(FAILED).clone_into(&mut problem.description);
        answers.insert(FAILED.to_owned(), RefOr::T(problem));
    }
}

fn described(status: &str) -> &'static str {
    match status {
        "201" => "Made.",
        "202" => "Under way.",
        REFUSED => "Nothing was done; the problem says why.",
        FAILED => "Whether it was done is told by the same request with the same key.",
        _ => "As it stands.",
    }
}
