//! The gateways as their handlers see them.

use chrono::{DateTime, TimeDelta, Utc};

use super::faults::Fault;
use super::state::State;
use crate::sim::clock;

pub type Sim = crate::sim::Sim<State>;
pub type Change<'a> = crate::sim::Change<'a, State>;
pub type Asked = crate::sim::writes::Asked<Fault>;
pub type By = crate::sim::writes::By<Fault>;

impl Change<'_> {
    /// When what is accepted now comes to its outcome, in real time; a script may say after how long.
    pub fn completes_at(&self, scripted_ms: Option<u64>) -> DateTime<Utc> {
        let ms = scripted_ms.unwrap_or_else(|| u64::from(clock::some_ms(&self.own.delay_ms)));
        self.real_now + i64::try_from(ms).ok().and_then(TimeDelta::try_milliseconds).unwrap_or_default()
    }
}
