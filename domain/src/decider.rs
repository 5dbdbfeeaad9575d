//! The shape every aggregate has: a pure `decide` and a pure `evolve`.

use std::fmt::Debug;

use chrono::{DateTime, Utc};
use cqrs_es::event_sink::EventSink;
use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::{Actor, AggregateType, Event, PersonalData, Refusal};

/// One aggregate's rules. `decide` says what happens, `evolve` says what it means; both are total and pure.
pub trait Decider: Sized + Send + Sync + 'static {
    /// Names the aggregate's streams.
    const TYPE: AggregateType;
    type State: Default + Clone + Debug + PartialEq + Serialize + DeserializeOwned + Send + Sync + 'static;
    type Command: Debug + Send + Sync;
    type Event: Fact;

    /// What follows from `asked` in `state`. No event means: what was asked already holds.
    ///
    /// # Errors
    /// A [`Refusal`] when the rules forbid it; then nothing happened.
    fn decide(state: &Self::State, asked: &Asked<'_, Self::Command>) -> Result<Decided<Self::Event>, Refusal>;

    /// Folds one event into the state. Never fails: what happened, happened.
    fn evolve(state: &mut Self::State, event: &Self::Event);
}

/// An event of one aggregate.
pub trait Fact: cqrs_es::DomainEvent + Into<Event> + 'static {
    /// Every `(name, version)` this build writes; each has a golden file.
    const ALL: &'static [(&'static str, &'static str)];
    /// The event's name as stored in `event_type`, e.g. `OrderPlaced`.
    fn name(&self) -> &'static str;
    /// The schema version this build writes, e.g. `1.0`.
    fn version(&self) -> &'static str;
    /// The event if the system-wide enum holds one of this aggregate.
    fn of(event: &Event) -> Option<&Self>;
}

/// A command with what it may not find out by itself: when, and by whom.
#[derive(Debug)]
pub struct Asked<'a, C> {
    /// Business time, fixed once per command.
    pub at: DateTime<Utc>,
    pub by: &'a Actor,
    pub command: &'a C,
}

/// What a decision brings: events, and the personal data or secrets they refer to.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Decided<E> {
    pub events: Vec<E>,
    pub personal: Vec<PersonalData>,
}

impl<E> Decided<E> {
    /// What was asked already holds: a success without an event.
    pub fn nothing() -> Self {
        Self { events: Vec::new(), personal: Vec::new() }
    }

    pub fn with_personal(mut self, personal: impl IntoIterator<Item = PersonalData>) -> Self {
        self.personal.extend(personal);
        self
    }
}

impl<E> From<Vec<E>> for Decided<E> {
    fn from(events: Vec<E>) -> Self {
        Self { events, personal: Vec::new() }
    }
}

impl<E> From<E> for Decided<E> {
    fn from(event: E) -> Self {
        vec![event].into()
    }
}

/// Folds a history from nothing.
pub fn fold<'a, D: Decider>(events: impl IntoIterator<Item = &'a D::Event>) -> D::State {
    let mut state = D::State::default();
    for event in events {
        D::evolve(&mut state, event);
    }
    state
}

/// A [`Decider`]'s state as a `cqrs_es` aggregate. The only bridge to that crate's traits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct Folded<D: Decider>(pub D::State);

impl<D: Decider> Default for Folded<D> {
    fn default() -> Self {
        Self(D::State::default())
    }
}

/// A command as `cqrs_es` hands it over: it owns what [`Asked`] borrows.
#[derive(Debug)]
pub struct OwnedAsked<C> {
    pub at: DateTime<Utc>,
    pub by: Actor,
    pub command: C,
}

impl<D: Decider> cqrs_es::Aggregate for Folded<D> {
    const TYPE: &'static str = D::TYPE.name();
    type Command = OwnedAsked<D::Command>;
    type Event = D::Event;
    type Error = Refusal;
    type Services = ();

    async fn handle(&mut self, command: Self::Command, _services: &(), sink: &EventSink<Self>) -> Result<(), Refusal> {
        let asked = Asked { at: command.at, by: &command.by, command: &command.command };
        let decided = D::decide(&self.0, &asked)?;
        for event in decided.events {
            sink.write(event, self).await;
        }
        Ok(())
    }

    fn apply(&mut self, event: D::Event) {
        D::evolve(&mut self.0, &event);
    }
}

/// Says once, for one aggregate's event enum, which names and versions exist; what the traits want follows.
macro_rules! facts {
    ($enum:ident in $system:ident { $($name:ident $version:literal),+ $(,)? }) => {
        impl $crate::decider::Fact for $enum {
            const ALL: &'static [(&'static str, &'static str)] = &[$((stringify!($name), $version)),+];

            fn name(&self) -> &'static str {
                match self { $(Self::$name { .. } => stringify!($name)),+ }
            }

            fn version(&self) -> &'static str {
                match self { $(Self::$name { .. } => $version),+ }
            }

            fn of(event: &$crate::Event) -> Option<&Self> {
                if let $crate::Event::$system(event) = event { Some(event) } else { None }
            }
        }

        impl cqrs_es::DomainEvent for $enum {
            fn event_type(&self) -> String {
                $crate::decider::Fact::name(self).to_owned()
            }

            fn event_version(&self) -> String {
                $crate::decider::Fact::version(self).to_owned()
            }
        }

        impl From<$enum> for $crate::Event {
            fn from(event: $enum) -> Self {
                Self::$system(event)
            }
        }
    };
}
pub(crate) use facts;
