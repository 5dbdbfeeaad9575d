//! The faults that every simulator knows, by the names that scripts give them.

use serde::{Deserialize, Serialize};

/// Any fault a script may name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "this simulator knows no such fault")]
pub enum Kind<C> {
    Transport(Transport),
    Webhook(Webhook),
    Content(C),
}

/// What happens to the connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// The answer comes `ms` late.
    Delay,
    /// The body trickles over `ms`.
    Drip,
    /// The connection is closed without an answer; nothing was done.
    Reset,
    #[serde(rename = "429")]
    TooManyRequests,
    #[serde(rename = "503")]
    Unavailable,
    /// 500, and nothing was done.
    #[serde(rename = "500_before")]
    FailBefore,
    /// Done, but answered 500.
    #[serde(rename = "500_after")]
    FailAfter,
    /// Done, but answered only after `ms`.
    TimeoutAfter,
}

/// What happens to a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Webhook {
    #[serde(rename = "webhook_lost")]
    Lost,
    /// Delivered again `ms` later, under the same id.
    #[serde(rename = "webhook_repeat")]
    Repeat,
    /// Held for `ms`, so that later ones overtake it.
    #[serde(rename = "webhook_reorder")]
    Reorder,
    /// Held for `ms`, and nobody waits for it.
    #[serde(rename = "webhook_late")]
    Late,
    /// A copy with a wrong signature goes ahead of it.
    #[serde(rename = "webhook_forged")]
    Forged,
}

impl Transport {
    /// What was asked is done, and the answer does not go out.
    pub fn withholds_answer(self) -> bool {
        matches!(self, Self::FailAfter | Self::TimeoutAfter)
    }
}

impl<C> Kind<C> {
    pub fn transport(&self) -> Option<Transport> {
        match self {
            Self::Transport(kind) => Some(*kind),
            Self::Webhook(_) | Self::Content(_) => None,
        }
    }

    pub fn webhook(&self) -> Option<Webhook> {
        match self {
            Self::Webhook(kind) => Some(*kind),
            Self::Transport(_) | Self::Content(_) => None,
        }
    }

    pub fn content(&self) -> Option<&C> {
        match self {
            Self::Content(kind) => Some(kind),
            Self::Transport(_) | Self::Webhook(_) => None,
        }
    }
}
