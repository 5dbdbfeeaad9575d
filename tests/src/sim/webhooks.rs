//! Queues webhooks for delivery, after the fault scripts have had their say.

use chrono::TimeDelta;
use serde_json::{Value, json};

use super::faults::Strike;
use super::hooks::Hook;
use super::kinds::Webhook;
use super::memory::Remembered;
use super::world::Change;
use super::{Model, clock};

const REPEAT_MS: u64 = 200;
const REORDER_MS: u64 = 1_000;
const LATE_MS: u64 = 5_000;

impl<M: Model> Change<'_, M> {
    /// Tells that address, as far as the fault scripts let it.
    pub fn notify(&mut self, url: &str, kind: &str, data: &Value) {
        let fates = self.faults().webhook_fates(kind, url);
        let has = |kind| fates.iter().find(|strike| strike.kind == kind);
        if has(Webhook::Lost).is_some() {
            return;
        }
        let hook = Hook { late: has(Webhook::Late).is_some(), ..self.hook(url, kind, data) };
        if has(Webhook::Forged).is_some() {
            self.queue(Hook { forged: true, late: false, ..hook.clone() }, 0);
        }
        let held_ms = held_ms(has(Webhook::Late), LATE_MS).or(held_ms(has(Webhook::Reorder), REORDER_MS)).unwrap_or(0);
        self.queue(hook.clone(), held_ms);
        if let Some(again_ms) = self::held_ms(has(Webhook::Repeat), REPEAT_MS) {
            self.queue(hook, held_ms + again_ms);
        }
    }

    fn hook(&self, url: &str, kind: &str, data: &Value) -> Hook {
        Hook {
            number: 0,
            id: clock::new_id("msg"),
            kind: kind.to_owned(),
            body: json!({"type": kind, "timestamp": clock::text(self.real_now), "data": data}).to_string(),
            url: url.to_owned(),
            due_at: self.real_now,
            late: false,
            forged: false,
        }
    }

    fn queue(&mut self, mut hook: Hook, held_ms: u64) {
        hook.number = self.state.memory().hooks.next_number();
        hook.due_at += i64::try_from(held_ms).ok().and_then(TimeDelta::try_milliseconds).unwrap_or_default();
        self.put(Remembered::Hook(hook));
    }
}

fn held_ms(strike: Option<&Strike<Webhook>>, usual_ms: u64) -> Option<u64> {
    strike.map(|strike| strike.ms.unwrap_or(usual_ms))
}
