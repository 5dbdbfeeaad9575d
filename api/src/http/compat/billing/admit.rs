//! Whether a request may come in, and who acts in it.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName};
use commands::Context;
use domain::{Actor, Role};
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use super::Billing;
use super::answer::Refused;
use crate::http::body::read_bytes;
use crate::http::limits::BODY_BYTES;

const TOKEN: HeaderName = HeaderName::from_static("x-token");

/// Who acts: a machine of the seller's.
fn service() -> Actor {
    Actor { subject: "compat-billing".to_owned(), role: Role::Service, customer_id: None }
}

/// What the write side knows numbers by.
const ALIASES: &str = "indexes";

impl Billing {
    /// What is done in the name of this request. Nothing is read from a body; it may not be too large all the same.
    ///
    /// # Errors
    /// 401, 429, and what is wrong with the body's size.
    pub async fn admit(&self, request: Request) -> Result<Context, Refused> {
        let (parts, body) = request.into_parts();
        if !self.knows(&parts.headers) {
            return Err(Refused::NoToken);
        }
        let actor = service();
        self.api.meter(&actor, &parts)?;
        read_bytes(body, BODY_BYTES).await?;
        Ok(self.api.context(actor, &parts, crate::clock::new_id().to_string(), &[])?)
    }

    /// In a time that does not tell how much of it is right.
    fn knows(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.token else { return true };
        let mut given = headers.get_all(TOKEN).iter();
        let (Some(given), None) = (given.next(), given.next()) else { return false };
        given.as_bytes().ct_eq(token.expose_secret().as_bytes()).into()
    }

    /// Lets numbers and a read model come to where the log is: older clients know no positions and expect to see what
    /// they did.
    ///
    /// # Errors
    /// 503 when they do not get there in time.
    pub async fn up_to_date(&self, model: Option<&str>) -> Result<(), Refused> {
        let head = event_log::page::head(self.api.pool()).await.map_err(crate::http::problem::Problem::from)?;
        for reader in [Some(ALIASES), model].into_iter().flatten() {
            self.api.wait_for(reader, Some(head)).await?;
        }
        Ok(())
    }
}

/// A number in a path: what is none names nothing.
///
/// # Errors
/// Not found.
pub fn number(text: &str) -> Result<i64, Refused> {
    let plain = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|number| plain && *number > 0).ok_or(Refused::NotFound)
}
