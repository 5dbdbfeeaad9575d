//! Asking for a sync of the catalogue.

use std::time::Duration;

use domain::ids;
use domain::process::{Effect, catalogue};
use sqlx::PgPool;
use uuid::Uuid;

use crate::work::AnswerBody;
use crate::{
    Answer, Command, Failure, Operation, Work,
    effects::{self, Wanted},
};

/// On demand. The work itself is an effect; see [`ask_for_sync`].
#[derive(Debug)]
pub struct RequestSync {
    pub sync_id: Uuid,
}

impl Command for RequestSync {
    const OPERATION: Operation = Operation::SyncCatalogue;

    async fn run(&self, _work: &mut Work<'_>) -> Result<Answer, Failure> {
        let body = serde_json::json!({ "id": self.sync_id });
        Ok(Answer { status: 202, body: AnswerBody::Other(body) })
    }
}

/// Makes sure that a sync named by its cause takes place once: a request, a webhook, a day.
///
/// # Errors
/// Any database error.
pub async fn ask_for_sync(pool: &PgPool, cause: &str) -> Result<(), sqlx::Error> {
    let op_id = ids::derived(&["catalogue-sync", cause]);
    let effect = &Effect::SyncCatalogue {};
    let wanted =
        Wanted { process: catalogue::NAME, op_id, position: None, correlation_id: None, effect, delay: Duration::ZERO };
    effects::ask_in_tx(pool, &wanted).await
}
