//! Publishing in order with a window of unacknowledged messages, until something does not fit.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use event_log::mirror::MirrorError;
use event_log::page::{self, PAGE};
use event_log::{LogError, Recorded, crash, patience};
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use super::decide::Action;
use super::wake::Wake;
use super::window::{Fate, Window};
use super::{Outage, Relay, Setback, message};

/// How often the stream is compared with the log although all seems well.
const INSPECT: Duration = Duration::from_secs(1);

type Page = Result<Vec<Arc<Recorded>>, LogError>;

pub(super) struct Pump<'a> {
    relay: &'a Relay,
    outage: &'a mut Outage,
    log_id: Uuid,
    /// Read from the log, not yet published.
    ready: VecDeque<Arc<Recorded>>,
    /// The page after that, on its way while this one is published.
    ahead: Option<AbortOnDropHandle<Page>>,
    window: Window,
    /// Refused or lost.
    doubtful: Vec<i64>,
    /// The next position to read.
    next: i64,
    /// Which event the one before that was.
    last_read: Option<Arc<Recorded>>,
    /// The last position known to be stored.
    stored: i64,
    /// The last position of the page under way.
    page_end: i64,
    /// Whether the log may hold more than was read.
    more: bool,
}

impl<'a> Pump<'a> {
    pub(super) fn new(relay: &'a Relay, outage: &'a mut Outage, (log_id, after): (Uuid, i64)) -> Self {
        Self {
            relay,
            outage,
            log_id,
            ready: VecDeque::new(),
            ahead: None,
            window: Window::new(),
            doubtful: Vec::new(),
            next: after + 1,
            last_read: None,
            stored: after,
            page_end: after,
            more: true,
        }
    }

    pub(super) async fn run(&mut self, wake: &mut Wake) -> Result<Infallible, Setback> {
        let mut inspect = interval_at(Instant::now() + INSPECT, INSPECT);
        inspect.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            self.publish().await?;
            if self.ready.is_empty() && self.more {
                self.read().await?;
                continue;
            }
            tokio::select! {
                biased;
                _ = inspect.tick() => self.inspect(wake).await?,
                (position, fate) = self.window.next() => self.settle(position, fate)?,
                () = wake.wait(self.next), if self.ready.is_empty() => self.more = true,
            }
        }
    }

    /// The positions at which the stream may hold something that is not ours.
    pub(super) async fn unconfirmed(mut self) -> Vec<i64> {
        self.doubtful.extend(self.window.drain().await);
        self.doubtful
    }

    /// Reads the next page, and the event before it once more: if that is another one than it was, the log was put
    /// back to an earlier state and the stream holds what never happened.
    async fn read(&mut self) -> Result<(), Setback> {
        let page = match self.ahead.take() {
            Some(page) => page.await.map_err(|_| Setback::Moved)?,
            None => self.page().await,
        };
        let mut events = VecDeque::from(page?);
        if self.next > 1 {
            let before = events.pop_front().filter(|event| event.position == self.next - 1);
            let before = before.ok_or(Setback::Moved)?;
            if self.last_read.as_ref().is_some_and(|last_read| !last_read.is(&before)) {
                return Err(Setback::Moved);
            }
            self.last_read = Some(before);
        }
        self.more = i64::try_from(events.len()).is_ok_and(|read| read >= PAGE);
        if events.is_empty() && self.window.is_empty() {
            self.outage.over(self.stored);
        }
        if let Some(last) = events.back() {
            self.next = last.position + 1;
            self.last_read = Some(Arc::clone(last));
            self.page_end = last.position;
            self.ready = events;
            self.ahead = self.more.then(|| AbortOnDropHandle::new(tokio::spawn(self.page())));
            crash::point("relay.before_publish");
        }
        Ok(())
    }

    /// The events from the one before the next.
    fn page(&self) -> impl Future<Output = Page> + Send + 'static {
        let (pool, before) = (self.relay.pool.clone(), (self.next - 2).max(0));
        async move { patience::answer(&pool, page::after(&pool, before, PAGE + 1)).await }
    }

    async fn publish(&mut self) -> Result<(), Setback> {
        while self.window.has_room()
            && let Some(event) = self.ready.pop_front()
        {
            let mirror = &self.relay.mirror;
            let sent = mirror.jetstream().send_publish(mirror.config.subject(&event), message::of(&event, self.log_id));
            let ack = sent.await.map_err(|e| MirrorError::Client(e.into()))?;
            self.window.push(event.position, ack);
        }
        Ok(())
    }

    /// Takes note of one publish, and of all after it whose fate is known too.
    fn settle(&mut self, position: i64, fate: Fate) -> Result<(), Setback> {
        let mut known = Some((position, fate));
        let mut published = 0;
        while let Some((position, fate)) = known {
            match fate {
                Fate::Stored { again } => {
                    self.stored = position;
                    published += u64::from(!again);
                }
                Fate::Refused | Fate::Lost => {
                    self.doubtful.push(position);
                    return Err(if fate == Fate::Lost { Setback::Unacknowledged } else { Setback::Fenced });
                }
            }
            known = self.window.next_known();
        }
        self.outage.over(self.stored);
        metrics::counter!("relay_published_total").increment(published);
        metrics::gauge!("relay_position").set(self.stored as f64);
        if self.stored == self.page_end {
            crash::point("relay.after_publish");
        }
        Ok(())
    }

    /// Whether the stream still is what it was left as; another relay may also simply be ahead.
    async fn inspect(&mut self, wake: &Wake) -> Result<(), Setback> {
        let stored = self.stored;
        let found = self.relay.observe(&[]).await?;
        let published = self.next - 1 - i64::try_from(self.ready.len()).unwrap_or(i64::MAX);
        let head = found.log.head.max(wake.committed());
        metrics::gauge!("relay_position").set(self.stored as f64);
        metrics::gauge!("relay_lag_events").set((head - self.stored).max(0) as f64);
        match found.action {
            Action::Resume { after } if found.log_id == self.log_id && (stored..=published).contains(&after) => Ok(()),
            _ => Err(Setback::Moved),
        }
    }
}
