//! One attempt at a command: what it reads, what it decides, and the versions that must still hold at the append.

use std::collections::{BTreeSet, HashMap};
use std::future::Future;
use std::sync::Arc;

use domain::customer::{CustomerRules, CustomerState, CustomerStatus};
use domain::{Asked, Decider, PersonalData, Refusal, StreamId};
use event_log::stream::{self, Mark, Versioned};
use event_log::{LogError, NewEvent, Ticket, patience};
use thiserror::Error;
use uuid::Uuid;

use crate::authorise::{self, Operation};
use crate::entry::Entry;
use crate::states::Slot;
use crate::{Bus, Context};

/// Something a caller may ask for. Run again from the start when it lost a race, so it must only use `work`.
pub trait Command: Sync {
    const OPERATION: Operation;

    /// Reads, decides, and says what the answer is.
    fn run(&self, work: &mut Work<'_>) -> impl Future<Output = Result<Answer, Failure>> + Send;
}

/// What a success is answered with.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    /// 200, 201 or 202.
    pub status: u16,
    pub body: AnswerBody,
}

#[derive(Debug, Clone, PartialEq)]
pub enum AnswerBody {
    /// The resource of this stream, at the version the command leaves it in.
    Resource(StreamId),
    /// Something that is no stream's resource; kept with the key. Nothing personal, nothing secret.
    Other(serde_json::Value),
}

impl Answer {
    pub fn resource(status: u16, stream: StreamId) -> Self {
        Self { status, body: AnswerBody::Resource(stream) }
    }
}

/// Why an attempt ended without an answer.
#[derive(Debug, Error)]
pub enum Failure {
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// Absent, or not this caller's to see.
    #[error("no such thing exists")]
    NotFound,
    #[error("the role may not do this")]
    Forbidden,
    /// `If-Match` names another version.
    #[error("the version is another one")]
    Stale,
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("an event cannot be encoded")]
    Encoding(#[from] serde_json::Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Log(LogError::Database(error))
    }
}

/// The attempt. Nothing it does is visible to anybody before the bus commits it.
#[derive(Debug)]
pub struct Work<'a> {
    bus: &'a Bus,
    pub context: &'a Context,
    operation: Operation,
    /// Decide on freshly loaded states only.
    fresh: bool,
    streams: HashMap<StreamId, Touched>,
    pub(crate) log: Pending,
}

/// What goes into the submission.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    pub events: Vec<NewEvent>,
    pub personal: Vec<PersonalData>,
    pub tickets: Vec<Ticket>,
    /// It was decided on something that no version tells.
    pub entry: Option<Entry>,
}

struct Touched {
    /// The version it had when first seen.
    seen: i64,
    /// The state including what this attempt has decided.
    now: Slot,
    written: bool,
}

impl std::fmt::Debug for Touched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Touched").field("seen", &self.seen).field("written", &self.written).finish_non_exhaustive()
    }
}

impl<'a> Work<'a> {
    pub(crate) fn new(bus: &'a Bus, context: &'a Context, operation: Operation, fresh: bool) -> Self {
        Self { bus, context, operation, fresh, streams: HashMap::new(), log: Pending::default() }
    }

    /// The bus, for look-ups in the write-side indexes.
    pub fn bus(&self) -> &'a Bus {
        self.bus
    }

    /// The state of a stream; its version will be checked at the append. An absent stream is version 0.
    ///
    /// # Errors
    /// [`Failure::Log`].
    pub async fn read<D: Decider>(&mut self, id: impl std::fmt::Display) -> Result<Arc<Versioned<D::State>>, Failure> {
        self.read_stream::<D>(&StreamId::new(D::TYPE, id)).await
    }

    async fn read_stream<D: Decider>(&mut self, stream: &StreamId) -> Result<Arc<Versioned<D::State>>, Failure> {
        if let Some(state) = self.streams.get(stream).and_then(|touched| touched.now.state::<D>()) {
            return Ok(state);
        }
        let slot = self.look_up::<D>(stream).await?;
        let state = slot.state::<D>().unwrap_or_default();
        self.log.tickets.extend(slot.pending());
        self.streams.insert(stream.clone(), Touched { seen: state.version, now: slot, written: false });
        Ok(state)
    }

    /// Reads several streams of one kind in one query, so that each [`read`](Self::read) of them finds it here.
    ///
    /// # Errors
    /// [`Failure::Log`].
    pub async fn read_all<D: Decider>(&mut self, ids: impl IntoIterator<Item = Uuid>) -> Result<(), Failure> {
        let mut missing = BTreeSet::new();
        for stream in ids.into_iter().map(|id| StreamId::new(D::TYPE, id)) {
            if self.streams.contains_key(&stream) {
                continue;
            }
            match self.bus.states.get(&stream).filter(|_| !self.fresh) {
                Some(slot) => {
                    self.log.tickets.extend(slot.pending());
                    self.streams.insert(stream, Touched { seen: slot.version, now: slot, written: false });
                }
                None => {
                    missing.insert(stream.id);
                }
            }
        }
        if missing.is_empty() {
            return Ok(());
        }
        let missing: Vec<String> = missing.into_iter().collect();
        let pool = &self.bus.pool;
        let mut loaded = patience::answer(pool, stream::load_all::<D, _>(pool, &missing)).await?;
        for id in missing {
            let state = loaded.remove(&id).unwrap_or_default();
            let (stream, seen) = (StreamId::new(D::TYPE, id), state.version);
            let now = Slot::new::<D>(Arc::new(state), None);
            if seen > 0 {
                self.bus.states.remember(&stream, now.clone());
            }
            self.streams.insert(stream, Touched { seen, now, written: false });
        }
        Ok(())
    }

    async fn look_up<D: Decider>(&self, stream: &StreamId) -> Result<Slot, Failure> {
        if let Some(slot) = self.bus.states.get(stream).filter(|_| !self.fresh) {
            return Ok(slot);
        }
        // What is written stays written: only what came after it is read.
        Ok(Slot::new::<D>(self.bus.current::<D>(&stream.id).await?, None))
    }

    /// Makes sure that the caller has seen this version of the resource it asks about: where [`decide`](Self::decide)
    /// comes late, or not at all, before anything else is judged.
    ///
    /// # Errors
    /// [`Failure::Stale`] when `If-Match` names another version.
    pub fn must_match(&self, version: i64) -> Result<(), Failure> {
        if self.context.is_stale(version) { Err(Failure::Stale) } else { Ok(()) }
    }

    /// Lets an aggregate decide; its events become part of this attempt. `customer` is whose data they are. A closed
    /// reseller brings about nothing for its end customers.
    ///
    /// # Errors
    /// [`Failure::Refused`], [`Failure::Stale`] when `If-Match` names another version, [`Failure::Log`].
    pub async fn decide<D: Decider>(
        &mut self,
        id: impl std::fmt::Display,
        command: &D::Command,
        customer: Option<Uuid>,
    ) -> Result<(), Failure> {
        let stream = StreamId::new(D::TYPE, id);
        let is_barred = self.is_of_closed_reseller(customer).await?;
        let state = self.read_stream::<D>(&stream).await?;
        // The first stream a command writes is the resource its `If-Match` is about.
        if self.log.events.is_empty() {
            self.must_match(state.version)?;
        }
        let asked = Asked { at: self.context.at, by: &self.context.actor, command };
        let decided = D::decide(&state.state, &asked)?;
        self.log.personal.extend(decided.personal);
        if decided.events.is_empty() {
            return Ok(());
        }
        if is_barred {
            return Err(Refusal::CustomerClosed.into());
        }
        let metadata = self.context.metadata(customer);
        let json = serde_json::to_string(&metadata)?;
        let Some(touched) = self.streams.remove(&stream) else { return Ok(()) };
        let seen = touched.seen;
        // A state that nobody else holds grows in place: a command may decide thousands of times on one stream.
        drop(touched);
        let mut next = Arc::unwrap_or_clone(state);
        for event in decided.events {
            D::evolve(&mut next.state, &event);
            next.mark(next.version + 1, Mark::of(&metadata, 0));
            self.log.events.push(NewEvent::encode(
                stream.clone(),
                next.version,
                &event.into(),
                json.clone(),
                customer,
            )?);
        }
        let now = Slot::new::<D>(Arc::new(next), None);
        self.streams.insert(stream, Touched { seen, now, written: true });
        Ok(())
    }

    /// As [`decide`](Self::decide), for the first event of a stream whose id was just made up: nothing is read for it.
    /// Should it exist after all, the append conflicts, and the next attempt reads it.
    ///
    /// # Errors
    /// As [`decide`](Self::decide).
    pub async fn begin<D: Decider>(
        &mut self,
        id: impl std::fmt::Display,
        command: &D::Command,
        customer: Option<Uuid>,
    ) -> Result<(), Failure> {
        let stream = StreamId::new(D::TYPE, id);
        let id = stream.id.clone();
        let unknown = !self.streams.contains_key(&stream) && self.bus.states.get(&stream).is_none();
        if unknown && !self.fresh {
            let now = Slot::new::<D>(Arc::default(), None);
            self.streams.insert(stream, Touched { seen: 0, now, written: false });
        }
        self.decide::<D>(id, command, customer).await
    }

    /// Whether a reseller asks that is closed, and as a reseller.
    async fn is_of_closed_reseller(&mut self, customer: Option<Uuid>) -> Result<bool, Failure> {
        let actor = &self.context.actor;
        let resells = authorise::is_reselling(self.operation, actor, customer);
        let Some(reseller) = actor.customer_id.filter(|_| resells) else { return Ok(false) };
        let reseller = self.read::<CustomerRules>(reseller).await?;
        Ok(reseller.state.known().is_some_and(|reseller| reseller.status == CustomerStatus::Closed))
    }

    /// Checks that the caller may do this operation for that customer, and loads the customer.
    ///
    /// # Errors
    /// [`Failure::NotFound`] when the customer is absent or foreign, [`Failure::Forbidden`] when the role may not.
    pub async fn customer(&mut self, id: Uuid) -> Result<Arc<Versioned<CustomerState>>, Failure> {
        let customer = self.read::<CustomerRules>(id).await?;
        let known = customer.state.known().ok_or(Failure::NotFound)?;
        let owner = authorise::Owner { customer_id: known.id, reseller_id: known.reseller_id };
        match authorise::on(self.operation, &self.context.actor, owner) {
            authorise::Verdict::Allowed => Ok(customer),
            authorise::Verdict::Invisible => Err(Failure::NotFound),
            authorise::Verdict::Forbidden => Err(Failure::Forbidden),
        }
    }

    /// Every stream seen, with the version it had.
    pub(crate) fn seen(&self) -> Vec<(StreamId, i64)> {
        self.streams.iter().map(|(stream, touched)| (stream.clone(), touched.seen)).collect()
    }

    /// What was decided, and the streams read but not written, with the version they had.
    pub(crate) fn into_parts(self) -> (Pending, Vec<(StreamId, i64)>) {
        let unwritten = self.streams.into_iter().filter(|(_, touched)| !touched.written);
        (self.log, unwritten.map(|(stream, touched)| (stream, touched.seen)).collect())
    }

    /// The new states, pending under `ticket`.
    pub(crate) fn next(&self, ticket: &Ticket) -> Vec<(StreamId, Slot)> {
        let written = self.streams.iter().filter(|(_, touched)| touched.written);
        written.map(|(stream, touched)| (stream.clone(), touched.now.clone().under(ticket.clone()))).collect()
    }

    /// The version a stream has after this attempt.
    pub(crate) fn version(&self, stream: &StreamId) -> i64 {
        self.streams.get(stream).map_or(0, |touched| touched.now.version)
    }

    pub(crate) fn streams(&self) -> impl Iterator<Item = &StreamId> {
        self.streams.keys()
    }
}
