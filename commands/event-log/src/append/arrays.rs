//! A batch as the append function of the database takes it: flat, parallel arrays.

use std::collections::HashMap;

use domain::{PersonalData, StreamId};
use uuid::Uuid;

use super::arguments::Arguments;
use super::json::Json;
use super::{NewEvent, Submission};

/// The event that empties its customer's persons: nobody can append it without that happening.
pub(super) const ERASED: &str = "PersonalDataErased";

/// The batch as the function wants it. Commands and streams are named by ordinals from 1.
#[derive(Default)]
pub(super) struct Arrays<'a> {
    ids: Vec<Uuid>,
    fingerprints: Vec<&'a [u8]>,
    statuses: Vec<i16>,
    result_types: Vec<Option<&'a str>>,
    result_ids: Vec<Option<&'a str>>,
    result_versions: Vec<i64>,
    outcomes: Vec<Option<Json<'a>>>,
    pub(super) first_offsets: Vec<i32>,
    pub(super) last_offsets: Vec<i32>,
    read_commands: Vec<i32>,
    read_streams: Vec<i32>,
    read_types: Vec<&'a str>,
    read_ids: Vec<&'a str>,
    read_versions: Vec<i64>,
    /// Whether this is the batch's first read of the stream: those of the same version need no second look.
    read_firsts: Vec<bool>,
    events: EventArrays<'a>,
    persons: PersonArrays<'a>,
    founded: Foundations,
    streams: Streams<'a>,
    /// A stream is read after an earlier command has written it, or in two versions: the commands must be judged one
    /// by one.
    entangled: bool,
}

/// Which commands of the batch were decided on the pending result of an earlier one of it: they fall with that one, even
/// if somebody else has meanwhile written as many events.
#[derive(Default)]
struct Foundations {
    commands: Vec<i32>,
    on: Vec<i32>,
}

/// The streams of a batch, and what its commands so far do with them.
#[derive(Default)]
struct Streams<'a> {
    ordinals: HashMap<&'a StreamId, usize>,
    uses: Vec<Use>,
}

#[derive(Default)]
struct Use {
    /// As first read.
    version: Option<i64>,
    written: bool,
}

#[derive(Default)]
struct EventArrays<'a> {
    commands: Vec<i32>,
    streams: Vec<i32>,
    aggregates: Vec<&'a str>,
    aggregate_ids: Vec<&'a str>,
    sequences: Vec<i64>,
    types: Vec<&'a str>,
    versions: Vec<&'a str>,
    payloads: Vec<Json<'a>>,
    metadatas: Vec<Json<'a>>,
    ids: Vec<Uuid>,
    customers: Vec<Option<Uuid>>,
}

#[derive(Default)]
struct PersonArrays<'a> {
    commands: Vec<i32>,
    subjects: Vec<Uuid>,
    revisions: Vec<i32>,
    customers: Vec<Uuid>,
    kinds: Vec<&'a str>,
    fields: Vec<String>,
}

impl<'a> Arrays<'a> {
    pub(super) fn of(batch: &'a [Submission]) -> Self {
        let mut arrays = Self::default();
        for (command, submission) in (1..).zip(batch) {
            arrays.add(command, submission);
            arrays.founded.add(command, submission, batch);
        }
        arrays
    }

    fn add(&mut self, command: i32, submission: &'a Submission) {
        let before = ordinal(self.events.ids.len());
        let count = ordinal(submission.events.len());
        self.ids.push(submission.id);
        self.fingerprints.push(&submission.fingerprint);
        self.statuses.push(i16::try_from(submission.status).unwrap_or_default());
        self.result_types.push(submission.result.as_ref().map(|(stream, _)| stream.aggregate.name()));
        self.result_ids.push(submission.result.as_ref().map(|(stream, _)| stream.id.as_str()));
        self.result_versions.push(submission.result.as_ref().map_or(0, |(_, version)| *version));
        self.outcomes.push(submission.outcome.as_deref().map(Json));
        self.first_offsets.push(before + count.min(1));
        self.last_offsets.push(before + count);
        for (stream, version) in &submission.reads {
            let (ordinal, used) = self.streams.of(stream);
            self.read_commands.push(command);
            self.read_streams.push(ordinal);
            self.read_firsts.push(used.version.is_none());
            self.entangled |= used.written || *used.version.get_or_insert(*version) != *version;
            self.read_types.push(stream.aggregate.name());
            self.read_ids.push(&stream.id);
            self.read_versions.push(*version);
        }
        for event in &submission.events {
            let (ordinal, used) = self.streams.of(&event.stream);
            used.written = true;
            self.events.add(command, ordinal, event);
        }
        for record in &submission.personal {
            self.persons.add(command, record);
        }
        for event in submission.events.iter().filter(|event| event.event_type == ERASED) {
            self.persons.erase(command, event.customer_id);
        }
    }

    /// The arguments of [`CALL`].
    pub(super) fn bound_to<'q, B: Arguments<'q>>(&'q self, call: B) -> B {
        call.bind(&self.ids)
            .bind(&self.fingerprints)
            .bind(&self.statuses)
            .bind(&self.result_types)
            .bind(&self.result_ids)
            .bind(&self.result_versions)
            .bind(&self.outcomes)
            .bind(&self.first_offsets)
            .bind(&self.last_offsets)
            .bind(&self.read_commands)
            .bind(&self.read_streams)
            .bind(&self.read_types)
            .bind(&self.read_ids)
            .bind(&self.read_versions)
            .bind(&self.read_firsts)
            .bind(&self.events.commands)
            .bind(&self.events.streams)
            .bind(&self.events.aggregates)
            .bind(&self.events.aggregate_ids)
            .bind(&self.events.sequences)
            .bind(&self.events.types)
            .bind(&self.events.versions)
            .bind(&self.events.payloads)
            .bind(&self.events.metadatas)
            .bind(&self.events.ids)
            .bind(&self.events.customers)
            .bind(&self.persons.commands)
            .bind(&self.persons.subjects)
            .bind(&self.persons.revisions)
            .bind(&self.persons.customers)
            .bind(&self.persons.kinds)
            .bind(&self.persons.fields)
            .bind(&self.founded.commands)
            .bind(&self.founded.on)
            .bind(self.entangled)
    }
}

/// Only the few personal records are texts that the server casts.
pub(super) const CALL: &str = "select command, verdict, first_position, last_position, fingerprint, status, aggregate_type, \
    aggregate_id, version, outcome::text as outcome from append_batch( \
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, \
    $25, $26, $27, $28, $29, $30, $31, $32::text[]::json[], $33, $34, $35)";

impl Foundations {
    fn add(&mut self, command: i32, submission: &Submission, batch: &[Submission]) {
        for ticket in submission.depends_on.iter().filter(|ticket| ticket.is_pending()) {
            let on = (1..command).zip(batch).find(|(_, earlier)| earlier.ticket.is(ticket));
            if let Some((on, _)) = on {
                self.commands.push(command);
                self.on.push(on);
            }
        }
    }
}

impl<'a> Streams<'a> {
    /// A stream's ordinal and what was done with it before.
    fn of(&mut self, stream: &'a StreamId) -> (i32, &mut Use) {
        let next = self.uses.len();
        let index = *self.ordinals.entry(stream).or_insert(next);
        if index == next {
            self.uses.push(Use::default());
        }
        (ordinal(index) + 1, &mut self.uses[index])
    }
}

impl<'a> EventArrays<'a> {
    fn add(&mut self, command: i32, stream: i32, event: &'a NewEvent) {
        self.commands.push(command);
        self.streams.push(stream);
        self.aggregates.push(event.stream.aggregate.name());
        self.aggregate_ids.push(&event.stream.id);
        self.sequences.push(event.sequence);
        self.types.push(event.event_type);
        self.versions.push(event.event_version);
        self.payloads.push(Json(&event.payload));
        self.metadatas.push(Json(&event.metadata));
        self.ids.push(event.event_id);
        self.customers.push(event.customer_id);
    }
}

impl PersonArrays<'_> {
    fn add(&mut self, command: i32, record: &PersonalData) {
        self.commands.push(command);
        self.subjects.push(record.reference.subject);
        self.revisions.push(record.reference.revision);
        self.customers.push(record.customer_id);
        self.kinds.push(record.kind.name());
        self.fields.push(serde_json::Value::Object(record.fields.clone()).to_string());
    }

    /// A mark among the records, in the place of the command: what was written before it is emptied, what comes after
    /// it stays. A trigger of the table acts on it.
    fn erase(&mut self, command: i32, customer: Option<Uuid>) {
        self.commands.push(command);
        self.subjects.push(Uuid::nil());
        self.revisions.push(0);
        self.customers.push(customer.unwrap_or_default());
        self.kinds.push("erasure");
        self.fields.push("null".to_owned());
    }
}

/// Batches are bounded far below this.
fn ordinal(n: usize) -> i32 {
    i32::try_from(n).unwrap_or(i32::MAX)
}
