//! Billing runs: asking the provider for its bills, account by account, and having what they show billed.

use commands::billing::StartBillingRun;
use commands::effects::{Due, Performed};
use domain::billing::Period;
use std::time::Duration;
use uuid::Uuid;

use crate::perform::{Adapter, Answered, Step, done};

impl Adapter {
    /// The run of a month that has ended; its own start asks for everything else.
    pub(crate) async fn start_billing(&self, due: &Due, entity: &str, period: Period) -> Step {
        let start = StartBillingRun { entity: entity.to_owned(), period };
        self.answer(due, "start", &start).await.map_err(Answered::unforeseen)?;
        Ok(done("started"))
    }

    pub(crate) async fn run_billing(&self, _due: &Due, _run_id: Uuid) -> Step {
        Ok(Performed::Wait { after: Duration::from_hours(1), why: "the month is not billed yet".to_owned() })
    }
}
