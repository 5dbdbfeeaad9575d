//! Comparing everything the provider has with what we hold. What can be taken over is; the rest is for the operator.
//!
//! A run is worked on in steps, each committed before the next: a page that fails is read again, and nothing is
//! concluded from pages that were not read.

mod correct;
mod notice;
mod one_sided;
mod page;
mod settle;

use std::collections::HashSet;
use std::time::Duration;

use commands::drift::runs::{self, Run};
use commands::effects::{Due, Performed};
use domain::reconcile::{Ours, Theirs};
use domain::subscription::{SubscriptionCore, SubscriptionState};
use tokio::time::Instant;
use uuid::Uuid;

use crate::backoff;
use crate::client::SubscriptionPage;
use crate::outcome::{Failure, FailureKind};
use crate::perform::{self, Adapter, Step, done, log_away};
use crate::translate::ProviderSubscription;

/// Work on one run until it gives way to others; well below the lease of an effect.
const STEP: Duration = Duration::from_secs(20);

impl Adapter {
    /// One step of a run, or all of it when it is short.
    pub(crate) async fn reconcile(&self, due: &Due, run_id: Uuid) -> Step {
        let until = Instant::now() + STEP;
        let run = runs::find(self.bus.pool(), run_id).await.map_err(log_away)?;
        let Some(run) = run.filter(|run| run.completed_at.is_none()) else { return Ok(done("it is complete")) };
        if runs::is_behind_another(self.bus.pool(), &run).await.map_err(log_away)? {
            return Ok(Performed::poll(backoff::behind_after(due.asked)));
        }
        if !run.scanned && !self.scan(due, &run, until).await? {
            return Ok(Performed::poll(Duration::ZERO));
        }
        if !self.one_sided(due, run_id, until).await? {
            return Ok(Performed::poll(Duration::ZERO));
        }
        self.close_settled(due, run_id).await?;
        let run = runs::find(self.bus.pool(), run_id).await.map_err(log_away)?.unwrap_or(run);
        runs::complete(self.bus.pool(), run_id).await.map_err(log_away)?;
        metrics::counter!("reconcile_runs_total").increment(1);
        Ok(done(format!("{} found, {} adopted", run.found, run.adopted)))
    }

    /// Reads pages until the last or until the time is over. True when the last one was read. A list that leads round
    /// in a circle has no last page: it is begun anew, and after some tries it is for the operator.
    async fn scan(&self, due: &Due, run: &Run, until: Instant) -> Result<bool, Performed> {
        let (mut next, mut way) = (run.next_page.clone(), Way::default());
        loop {
            let page = match self.client.subscription_page(next.as_deref()).await {
                Ok(page) => page,
                Err(failure) => {
                    // It may be the cursor that it no longer takes.
                    if failure.kind == FailureKind::Undecodable && next.is_some() {
                        runs::scan_again(self.bus.pool(), run.run_id).await.map_err(log_away)?;
                    }
                    return Err(perform::not_reached(due, &failure));
                }
            };
            way.shows_more = way.shows_more || self.shows_more(run.run_id, &page).await?;
            self.read_page(due, run.run_id, &page).await?;
            match way.onward(page.next, Instant::now() >= until) {
                Onward::Nowhere => return Ok(true),
                Onward::Later => return Ok(false),
                Onward::To(cursor) => next = Some(cursor),
                Onward::Round(told) => {
                    runs::scan_again(self.bus.pool(), run.run_id).await.map_err(log_away)?;
                    return Err(perform::not_reached(due, &Failure::undecodable(told)));
                }
            }
        }
    }

    /// Whether a page ends with what no page of this run has shown.
    async fn shows_more(&self, run_id: Uuid, page: &SubscriptionPage) -> Result<bool, Performed> {
        let Some(last) = page.items.last() else { return Ok(false) };
        let seen = runs::has_seen(self.bus.pool(), run_id, &last.id).await.map_err(log_away)?;
        Ok(!seen)
    }
}

/// The pages of one step.
#[derive(Default)]
struct Way {
    /// The cursors that were followed.
    met: HashSet<String>,
    /// One of them showed what none before it had, in whatever step.
    shows_more: bool,
}

/// What follows a page.
#[derive(Debug, PartialEq, Eq)]
enum Onward {
    /// It was the last.
    Nowhere,
    /// The next one is for the next step.
    Later,
    To(String),
    /// Pages that were read before, and how that shows.
    Round(&'static str),
}

impl Way {
    /// A circle may be longer than a step, which meets its own cursors only: then nothing new was shown when its time is
    /// over.
    fn onward(&mut self, next: Option<String>, is_over: bool) -> Onward {
        match next {
            None => Onward::Nowhere,
            Some(_) if is_over && self.shows_more => Onward::Later,
            Some(_) if is_over => Onward::Round("pages that show nothing new"),
            Some(cursor) if self.met.insert(cursor.clone()) => Onward::To(cursor),
            Some(_) => Onward::Round("a cursor that was met before"),
        }
    }
}

/// As the comparison wants it; `None` when nothing was started under that id.
fn ours(state: &SubscriptionState) -> Option<Ours> {
    state.known().map(|known| of_core(&known.core))
}

fn of_core(core: &SubscriptionCore) -> Ours {
    Ours {
        subscription_id: core.started.subscription_id,
        customer_id: core.started.customer_id,
        provider_subscription_id: core.started.provider_subscription_id.clone(),
        status: core.status,
        quantity: core.quantity,
        ends_on: core.ends_on,
        renewal: core.renewal,
        revision: core.provider_revision,
        changing: core.change.is_some(),
    }
}

pub(crate) fn theirs(read: &ProviderSubscription) -> Theirs {
    Theirs {
        provider_subscription_id: read.id.clone(),
        provider_account_id: read.account_id.clone(),
        sku: read.sku.clone(),
        status: read.status.ours(),
        quantity: read.quantity,
        starts_on: read.starts_on,
        ends_on: read.ends_on,
        auto_renew: read.auto_renew,
        revision: read.revision,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn to(cursor: &str) -> Option<String> {
        Some(cursor.to_owned())
    }

    #[test]
    fn a_step_ends_with_the_list_or_when_its_time_is_over() {
        let mut way = Way { shows_more: true, ..Way::default() };
        assert_eq!(way.onward(to("a"), false), Onward::To("a".to_owned()));
        assert_eq!(way.onward(to("b"), true), Onward::Later);
        assert_eq!(way.onward(None, true), Onward::Nowhere);
        assert_eq!(Way::default().onward(None, true), Onward::Nowhere);
    }

    #[test]
    fn a_circle_is_found_within_a_step_and_beyond_it() {
        let mut short = Way { shows_more: true, ..Way::default() };
        for cursor in ["a", "b"] {
            assert_eq!(short.onward(to(cursor), false), Onward::To(cursor.to_owned()));
        }
        assert_eq!(short.onward(to("a"), false), Onward::Round("a cursor that was met before"));
        let mut long = Way::default();
        assert_eq!(long.onward(to("a"), false), Onward::To("a".to_owned()));
        assert_eq!(long.onward(to("b"), true), Onward::Round("pages that show nothing new"));
    }
}
