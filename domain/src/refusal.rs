//! Why a command is refused. A refusal knows neither HTTP nor log levels nor whether a retry helps.

use thiserror::Error;

/// A closed set; each has one stable slug.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("The customer, or its reseller, is suspended.")]
    CustomerSuspended,
    #[error("The customer is closed.")]
    CustomerClosed,
    #[error("Only a direct customer can belong to a reseller.")]
    ResellerNotAllowed,
    #[error("The reseller does not exist or is no reseller.")]
    ResellerUnknown,
    #[error("The account is {status} and takes no orders.")]
    AccountNotUsable { status: &'static str },
    #[error("The account still has live subscriptions.")]
    HasSubscriptions,
    #[error("Line {line}: the service does not exist.")]
    ServiceUnknown { line: u32 },
    #[error("Line {line}: the service is withdrawn from the catalogue.")]
    ServiceWithdrawn { line: u32 },
    #[error("Line {line}: there is no price for this customer and service.")]
    NoPrice { line: u32 },
    #[error("Line {line}: the quantity must lie between {min} and {max}.")]
    QuantityLimit { line: u32, min: u32, max: u32 },
    #[error("An amount is too large to be represented.")]
    AmountOverflow,
    #[error("The day may not lie in the past, nor an order's start more than twelve months ahead.")]
    InvalidStartDate,
    #[error("An order needs at least one line.")]
    NoLines,
    #[error("The provider names {seats} seats for a quantity of {quantity}.")]
    SeatCountMismatch { seats: usize, quantity: u32 },
    #[error("Prepaid orders are not available yet.")]
    PrepaidNotAvailable,
    #[error("This cannot be done while it is {state}.")]
    InvalidState { state: &'static str },
    #[error("The price rule is not valid: {why}.")]
    InvalidPriceRule { why: &'static str },
    #[error("Another rule of this author and scope holds that day, or the id belongs to another scope.")]
    DuplicatePriceRule,
    #[error("No such thing exists.")]
    NotFound,
}

impl Refusal {
    /// The problem's stable name.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::CustomerSuspended => "customer-suspended",
            Self::ResellerNotAllowed | Self::ResellerUnknown => "invalid-reseller",
            Self::AccountNotUsable { .. } => "account-not-usable",
            Self::HasSubscriptions => "has-subscriptions",
            Self::ServiceUnknown { .. } => "unknown-service",
            Self::ServiceWithdrawn { .. } => "service-withdrawn",
            Self::NoPrice { .. } => "no-price",
            Self::QuantityLimit { .. } => "quantity-limit",
            Self::AmountOverflow => "amount-overflow",
            Self::InvalidStartDate => "invalid-date",
            Self::NoLines => "missing-field",
            Self::SeatCountMismatch { .. } => "seat-count-mismatch",
            Self::PrepaidNotAvailable => "not-available-yet",
            Self::CustomerClosed | Self::InvalidState { .. } => "invalid-state",
            Self::InvalidPriceRule { .. } => "invalid-price-rule",
            Self::DuplicatePriceRule => "duplicate",
            Self::NotFound => "not-found",
        }
    }
}
