//! What can be asked of a subscription.

use super::SubscriptionStarted;

#[derive(Debug, Clone)]
pub enum SubscriptionCommand {
    Start(Box<StartSubscription>),
}

/// What the provider has provisioned for one line of an order.
#[derive(Debug, Clone)]
pub struct StartSubscription {
    pub started: SubscriptionStarted,
    /// One per seat, in the provider's order.
    pub seats: Vec<ProvisionedSeat>,
}

#[derive(Clone)]
pub struct ProvisionedSeat {
    /// The provider's name for the seat.
    pub seat_id: String,
    /// The licence key: a secret, which no event and no log shows.
    pub key: String,
}

impl std::fmt::Debug for ProvisionedSeat {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ProvisionedSeat").field("seat_id", &self.seat_id).finish_non_exhaustive()
    }
}
