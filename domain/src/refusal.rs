//! Why a command is refused. A refusal knows neither HTTP nor log levels nor whether a retry helps.

use thiserror::Error;

use crate::Money;

/// A closed set; each has one stable slug.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Refusal {
    #[error("The customer, or its reseller, is suspended.")]
    CustomerSuspended,
    #[error("The customer, or the reseller that asks, is closed.")]
    CustomerClosed,
    #[error("Only a direct customer can belong to a reseller.")]
    ResellerNotAllowed,
    #[error("The reseller does not exist or is no reseller.")]
    ResellerUnknown,
    #[error("The account is {status} and takes no orders.")]
    AccountNotUsable { status: &'static str },
    #[error("The customer still has open accounts.")]
    HasAccounts,
    #[error("There is no {field} to keep: it has to be given.")]
    PersonIncomplete { field: &'static str },
    #[error("Another account has this one of the provider's.")]
    ProviderAccountTaken,
    #[error("The account still has live subscriptions, or orders that may start some.")]
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
    #[error("Only who is invoiced itself can pay before the order: here its reseller is.")]
    PrepaidNotAvailable,
    #[error("There is nothing to pay before the order.")]
    NothingToPrepay,
    #[error("This cannot be done while it is {state}.")]
    InvalidState { state: &'static str },
    #[error("The price rule is not valid: {why}.")]
    InvalidPriceRule { why: &'static str },
    #[error("A price does not reach into the past: it takes effect today or later.")]
    EffectiveInPast,
    #[error("A reseller makes prices for its own end customers.")]
    NotAnEndCustomer,
    #[error("The exchange rate is not valid: {why}.")]
    InvalidExchangeRate { why: &'static str },
    #[error("The service does not exist.")]
    UnknownService,
    #[error("Another change waits for the provider's confirmation.")]
    ChangeInProgress,
    #[error("The window in which this is possible at once is closed.")]
    WindowClosed,
    #[error("It is suspended because of unpaid invoices.")]
    SuspendedForNonpayment,
    #[error("The service is withdrawn from the catalogue.")]
    ServiceNoLongerSold,
    #[error("The quantity must lie between {min} and {max}.")]
    QuantityOutOfBounds { min: u32, max: u32 },
    #[error("The end must lie after the present one, and at most 36 months ahead.")]
    InvalidEndDate,
    /// To be read again: what was read is older than what is known to have happened.
    #[error("What was read from the provider is out of date.")]
    StaleObservation,
    /// To be observed again with the prices of the new term.
    #[error("A new term has begun, and its prices are missing.")]
    RenewalPriceMissing,
    #[error("Another rule of this author and scope holds that day, or the id belongs to another scope.")]
    DuplicatePriceRule,
    #[error("The other subscription belongs to another account.")]
    OtherAccount,
    #[error("The provider's account is none of ours: which account it shall belong to has to be given.")]
    AccountNeeded,
    #[error("The provider keeps it on another account of ours.")]
    OnAnotherAccount,
    #[error("The period is not over yet.")]
    PeriodOpen,
    #[error("A balance is left: something to the credit of the customer, or an invoice that is not paid.")]
    HasBalance,
    #[error("Only {left} is left to be credited.")]
    CreditLimit { left: Money },
    #[error("The invoice has no line {line}.")]
    UnknownLine { line: u32 },
    #[error("It has to be an amount above zero, in the currency of the invoice.")]
    InvalidCredit,
    /// Of the whole amount.
    #[error("The amount has to be in the currency of what is paid.")]
    CurrencyMismatch,
    #[error("Line {line}: the amount has to be in the currency of the invoice.")]
    LineCurrencyMismatch { line: u32 },
    #[error("A payment is on its way, or nobody knows yet what came of one.")]
    PaymentInProgress,
    #[error("Nothing is left to pay.")]
    AlreadyPaid,
    #[error("It has to be an amount above zero.")]
    InvalidPayment,
    #[error("The day may not lie in the future.")]
    InvalidReceiptDate,
    #[error("Money cannot go back the way it came.")]
    RefundNotSupported,
    #[error("Only {left} can be refunded.")]
    RefundLimit { left: Money },
    #[error("There is no such topic.")]
    UnknownTopic,
    #[error("The provider has no line that could be passed on.")]
    NothingToPassOn,
    #[error("There is no document of that format.")]
    DocumentNotAvailable,
    #[error("No such thing exists.")]
    NotFound,
}

impl Refusal {
    /// The problem's stable name.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::CustomerSuspended => "customer-suspended",
            Self::ResellerNotAllowed | Self::ResellerUnknown => "invalid-reseller",
            Self::AccountNotUsable { .. } | Self::OnAnotherAccount => "account-not-usable",
            Self::HasAccounts => "has-accounts",
            Self::HasSubscriptions => "has-subscriptions",
            Self::ServiceUnknown { .. } => "unknown-service",
            Self::ServiceWithdrawn { .. } => "service-withdrawn",
            Self::NoPrice { .. } => "no-price",
            Self::QuantityLimit { .. } => "quantity-limit",
            Self::AmountOverflow => "amount-overflow",
            Self::InvalidStartDate => "invalid-date",
            Self::NoLines | Self::PersonIncomplete { .. } | Self::AccountNeeded => "missing-field",
            Self::SeatCountMismatch { .. } => "seat-count-mismatch",
            Self::PrepaidNotAvailable | Self::NothingToPrepay => "invalid-value",
            Self::CustomerClosed | Self::InvalidState { .. } => "invalid-state",
            Self::InvalidPriceRule { .. } | Self::NotAnEndCustomer => "invalid-price-rule",
            Self::EffectiveInPast => "invalid-date",
            Self::OtherAccount | Self::InvalidExchangeRate { .. } => "invalid-value",
            Self::UnknownService => "unknown-service",
            Self::DuplicatePriceRule | Self::ProviderAccountTaken => "duplicate",
            Self::ChangeInProgress => "change-in-progress",
            Self::WindowClosed => "window-closed",
            Self::SuspendedForNonpayment => "suspended-for-nonpayment",
            Self::ServiceNoLongerSold => "service-withdrawn",
            Self::QuantityOutOfBounds { .. } => "quantity-limit",
            Self::InvalidEndDate => "invalid-date",
            Self::StaleObservation => "stale-observation",
            Self::RenewalPriceMissing => "renewal-price-missing",
            Self::PeriodOpen => "period-open",
            Self::HasBalance => "has-balance",
            Self::CreditLimit { .. } => "credit-limit",
            Self::UnknownLine { .. } => "invalid-value",
            Self::InvalidCredit => "invalid-amount",
            Self::CurrencyMismatch | Self::LineCurrencyMismatch { .. } => "currency-mismatch",
            Self::PaymentInProgress => "payment-in-progress",
            Self::AlreadyPaid => "already-paid",
            Self::InvalidPayment => "invalid-amount",
            Self::InvalidReceiptDate => "invalid-date",
            Self::RefundNotSupported => "refund-not-supported",
            Self::RefundLimit { .. } => "refund-limit",
            Self::UnknownTopic => "invalid-value",
            Self::NothingToPassOn => "invalid-value",
            Self::DocumentNotAvailable => "document-not-available",
            Self::NotFound => "not-found",
        }
    }
}
