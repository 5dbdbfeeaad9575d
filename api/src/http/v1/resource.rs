//! A resource of the API: one body for what a command answers and for what a query shows.

use commands::seller::Seller;
use domain::{Actor, Decider, PersonalRef, Role};
use event_log::personal::Fields;
use event_log::stream::Versioned;
use projections::noun::Noun;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;
use uuid::Uuid;

/// A noun with a body. The write side's state and the read model's row give the same content, and the content gives
/// the body: so the answer to a command equals the later GET.
pub trait Resource: 'static {
    type Rules: Decider;
    type Noun: Noun;
    /// What both states hold.
    type Content;
    type Body: Serialize;
    /// Where one of them is found, without its id.
    const PATH: &'static str;

    fn of_state(state: &<Self::Rules as Decider>::State) -> Option<&Self::Content>;
    fn of_row(state: &<Self::Noun as Noun>::State) -> Option<&Self::Content>;
    /// Whether the table of rights lets a caller read it that could otherwise see it.
    fn may_read(_content: &Self::Content, _actor: &Actor) -> bool {
        true
    }
    /// The personal data the body shows.
    fn personal(_content: &Self::Content) -> Vec<PersonalRef> {
        Vec::new()
    }
    fn body(content: &Self::Content, head: Head, view: &View<'_>) -> Self::Body;
}

/// Who looks, at what time, and the personal fields looked up for it.
#[derive(Debug)]
pub struct View<'a> {
    pub actor: &'a Actor,
    pub now: chrono::DateTime<chrono::Utc>,
    /// By whose days days are shown.
    pub seller: &'a Seller,
    pub fields: &'a Fields,
}

impl View<'_> {
    /// The seller's staff: sees cost and who did what.
    pub fn is_staff(&self) -> bool {
        matches!(self.actor.role, Role::Operator | Role::Auditor)
    }

    /// Whether the prices and the commission of that reseller may be shown. Whoever took its customer over sees what
    /// the customer has, but not what that one paid for it.
    pub fn sees_reseller_price(&self, of: Option<Uuid>) -> bool {
        let its_own = self.actor.role == Role::Reseller && of.is_some() && self.actor.customer_id == of;
        its_own || self.is_staff()
    }

    /// The fields behind a reference; `None` after erasure.
    pub fn fields(&self, reference: PersonalRef) -> Option<&Map<String, Value>> {
        self.fields.get(&reference)
    }
}

/// What every resource begins with.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Head {
    pub id: Uuid,
    pub created_at: chrono::DateTime<chrono::Utc>,
    pub updated_at: chrono::DateTime<chrono::Utc>,
    /// The aggregate's version; also the `ETag`.
    pub version: i64,
    /// Staff only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// Staff only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_by: Option<String>,
}

impl Head {
    pub fn of<S>(id: Uuid, folded: &Versioned<S>, staff: bool) -> Self {
        let (born, touched) = (folded.born.as_ref(), folded.touched.as_ref());
        Self {
            id,
            created_at: born.map(|mark| mark.at).unwrap_or_default(),
            updated_at: touched.map(|mark| mark.at).unwrap_or_default(),
            version: folded.version,
            created_by: born.filter(|_| staff).map(|mark| mark.by.clone()),
            updated_by: touched.filter(|_| staff).map(|mark| mark.by.clone()),
        }
    }
}

/// A person to talk to; `null` throughout after erasure.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ContactBody {
    pub name: Option<String>,
    pub email: Option<String>,
    pub phone: Option<String>,
}

impl ContactBody {
    pub fn of(fields: Option<&Map<String, Value>>) -> Self {
        Self { name: text(fields, "name"), email: text(fields, "email"), phone: text(fields, "phone") }
    }
}

/// One field as text.
pub fn text(fields: Option<&Map<String, Value>>, name: &str) -> Option<String> {
    fields.and_then(|fields| fields.get(name)).and_then(Value::as_str).map(str::to_owned)
}

/// Percent as the API writes it: a string without trailing zeros.
pub fn percent(value: rust_decimal::Decimal) -> String {
    value.normalize().to_string()
}
