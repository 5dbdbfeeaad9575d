//! In which language a customer is told of what, and by which ways.

pub mod body;
pub mod get;
pub mod set;

use domain::Actor;
use uuid::Uuid;

use crate::http::query::Query;
use crate::http::values;

/// Whose preferences are meant: those of the customer that is named, or the caller's own. Who is no customer names one.
fn customer_id(query: &mut Query, actor: &Actor) -> Option<Uuid> {
    match actor.customer_id {
        Some(own) => query.optional("customer_id", values::uuid).or(Some(own)),
        None => query.required("customer_id", values::uuid),
    }
}
