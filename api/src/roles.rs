//! What a process does. One binary; the same image runs with different roles.

use clap::ValueEnum;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, ValueEnum)]
pub enum Role {
    /// The API and its webhooks.
    Http,
    /// Mirrors the log to JetStream.
    Relay,
    /// Keeps the read models.
    Project,
    /// Runs the process managers and the write-side indexes.
    React,
    /// Performs effects at the provider and applies its webhooks.
    Ccp,
    /// Has everything the provider has compared with what we hold, every quarter of an hour.
    Reconcile,
    /// Asks for what is due by the clock.
    Schedule,
    /// Renders and stores documents as they are issued.
    Documents,
    /// Has payments made and refunded at their gateways, and applies their webhooks.
    Payments,
    /// Tells customers by e-mail.
    Notify,
}

impl Role {
    /// As it is named on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Relay => "relay",
            Self::Project => "project",
            Self::React => "react",
            Self::Ccp => "ccp",
            Self::Reconcile => "reconcile",
            Self::Schedule => "schedule",
            Self::Documents => "documents",
            Self::Payments => "payments",
            Self::Notify => "notify",
        }
    }

    pub const ALL: [Self; 10] = [
        Self::Http,
        Self::Relay,
        Self::Project,
        Self::React,
        Self::Ccp,
        Self::Reconcile,
        Self::Schedule,
        Self::Documents,
        Self::Payments,
        Self::Notify,
    ];
}
