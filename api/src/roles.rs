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
    /// Runs the process managers and the write-side indexes, and with them what documents and payments do.
    React,
    /// Performs effects at the provider and applies its webhooks.
    Ccp,
    /// Has everything the provider has compared with what we hold, every quarter of an hour.
    Reconcile,
    /// Asks for what is due by the clock.
    Schedule,
    /// Renders and stores documents as they are issued; for a process beside those that react.
    Documents,
    /// Has payments made and refunded at their gateways, and applies their webhooks; likewise.
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

    /// What a process does that was given these roles, each once: all when none is named.
    pub fn of_process(named: &[Self]) -> Vec<Self> {
        let named = if named.is_empty() { &Self::ALL[..] } else { named };
        let has = |role: &Self| named.contains(role) || named.iter().any(|other| other.brings().contains(role));
        Self::ALL.into_iter().filter(has).collect()
    }

    /// Roles that come with this one: `http,relay,project,react,ccp,reconcile,schedule,notify` is the whole product.
    const fn brings(self) -> &'static [Self] {
        match self {
            Self::React => &[Self::Documents, Self::Payments],
            _ => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn of(list: &str) -> Vec<Role> {
        let named: Vec<Role> = list.split(',').map(|name| Role::from_str(name, false).unwrap()).collect();
        Role::of_process(&named)
    }

    #[test]
    fn without_documents_and_payments_the_list_is_the_whole_product() {
        assert_eq!(of("http,relay,project,react,ccp,reconcile,schedule,notify"), Role::ALL);
        assert_eq!(Role::of_process(&[]), Role::ALL);
    }

    #[test]
    fn whoever_reacts_has_documents_and_payments() {
        assert_eq!(of("react"), [Role::React, Role::Documents, Role::Payments]);
        assert_eq!(of("payments,react,react"), [Role::React, Role::Documents, Role::Payments]);
    }

    #[test]
    fn every_other_role_may_be_alone() {
        for role in Role::ALL.into_iter().filter(|role| *role != Role::React) {
            assert_eq!(of(role.name()), [role]);
        }
        assert_eq!(of("notify,http"), [Role::Http, Role::Notify]);
    }
}
