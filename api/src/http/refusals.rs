//! Refusals and rejections of the write side as problems: who is told what, in one place.

use commands::{Failure, Rejection};
use domain::Refusal;

use super::problem::{FieldError, Problem, ProblemType};

/// Where in the request's body a refusal points, RFC 6901; empty when it is about the whole.
pub fn pointer(refusal: &Refusal) -> String {
    let of_line = |field: &str, line: u32| format!("/lines/{}/{field}", line.saturating_sub(1));
    match refusal {
        Refusal::ServiceUnknown { line } | Refusal::ServiceWithdrawn { line } | Refusal::NoPrice { line } => {
            of_line("service_id", *line)
        }
        Refusal::QuantityLimit { line, .. } => of_line("quantity", *line),
        Refusal::QuantityOutOfBounds { .. } => "/quantity".to_owned(),
        Refusal::InvalidStartDate => "/start_on".to_owned(),
        Refusal::InvalidEndDate => "/ends_on".to_owned(),
        Refusal::EffectiveInPast => "/effective_from".to_owned(),
        Refusal::NotAnEndCustomer => "/customer_id".to_owned(),
        Refusal::UnknownService => "/service_id".to_owned(),
        Refusal::OtherAccount => "/coterminous_with".to_owned(),
        Refusal::PrepaidNotAvailable | Refusal::NothingToPrepay => "/payment".to_owned(),
        Refusal::NoLines => "/lines".to_owned(),
        Refusal::AccountNeeded | Refusal::OnAnotherAccount => "/account_id".to_owned(),
        Refusal::ResellerNotAllowed | Refusal::ResellerUnknown => "/reseller_id".to_owned(),
        Refusal::PersonIncomplete { field } => format!("/{field}"),
        Refusal::NothingToPassOn => "/action".to_owned(),
        Refusal::PeriodOpen => "/period".to_owned(),
        Refusal::InvalidPayment => "/amount".to_owned(),
        Refusal::CurrencyMismatch => "/amount/currency".to_owned(),
        Refusal::InvalidReceiptDate => "/received_on".to_owned(),
        Refusal::UnknownTopic => "/channels".to_owned(),
        Refusal::AmountOverflow
        | Refusal::CustomerSuspended
        | Refusal::CustomerClosed
        | Refusal::AccountNotUsable { .. }
        | Refusal::HasAccounts
        | Refusal::ProviderAccountTaken
        | Refusal::HasSubscriptions
        | Refusal::SeatCountMismatch { .. }
        | Refusal::ChangeInProgress
        | Refusal::WindowClosed
        | Refusal::SuspendedForNonpayment
        | Refusal::ServiceNoLongerSold
        | Refusal::StaleObservation
        | Refusal::RenewalPriceMissing
        | Refusal::InvalidState { .. }
        | Refusal::InvalidPriceRule { .. }
        | Refusal::InvalidExchangeRate { .. }
        | Refusal::DuplicatePriceRule
        | Refusal::HasBalance
        | Refusal::CreditLimit { .. }
        | Refusal::UnknownLine { .. }
        | Refusal::InvalidCredit
        | Refusal::LineCurrencyMismatch { .. }
        | Refusal::PaymentInProgress
        | Refusal::AlreadyPaid
        | Refusal::RefundNotSupported
        | Refusal::RefundLimit { .. }
        | Refusal::DocumentNotAvailable
        | Refusal::NotFound => String::new(),
    }
}

/// A refusal as the problem it is, pointing at the field it is about.
pub fn refused(refusal: &Refusal) -> Problem {
    let pointer = pointer(refusal);
    let error = FieldError { pointer, slug: refusal.slug().to_owned(), detail: refusal.to_string() };
    let errors = if error.pointer.is_empty() { Vec::new() } else { vec![error] };
    Problem::refused(refusal).with_errors(errors)
}

impl Problem {
    /// Absent, or not the caller's to see: both answer exactly this.
    pub fn not_found() -> Self {
        ProblemType::NotFound.into()
    }

    pub fn internal() -> Self {
        ProblemType::Internal.into()
    }
}

/// Of a question that the write side answers.
impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        Rejection::from(failure).into()
    }
}

impl From<Rejection> for Problem {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Refused(refusal) => refused(&refusal),
            Rejection::NotFound => ProblemType::NotFound.into(),
            Rejection::Forbidden => ProblemType::Forbidden.into(),
            Rejection::Stale => ProblemType::PreconditionFailed.into(),
            Rejection::KeyReused => ProblemType::IdempotencyKeyReused.into(),
            Rejection::InProgress => ProblemType::IdempotencyInProgress.into(),
            Rejection::Contention => ProblemType::Contention.into(),
            Rejection::Overloaded => ProblemType::Overloaded.into(),
            Rejection::Unavailable => ProblemType::Unavailable.into(),
            Rejection::Internal => ProblemType::Internal.into(),
        }
    }
}

impl From<sqlx::Error> for Problem {
    fn from(error: sqlx::Error) -> Self {
        if event_log::error::is_transient(&error) {
            tracing::warn!(%error, "a query found no database");
            return ProblemType::Unavailable.into();
        }
        tracing::error!(%error, "a query failed");
        ProblemType::Internal.into()
    }
}

impl From<event_log::LogError> for Problem {
    fn from(error: event_log::LogError) -> Self {
        match error {
            event_log::LogError::Database(error) => error.into(),
            other => {
                tracing::error!(error = %other, "the log cannot be read");
                ProblemType::Internal.into()
            }
        }
    }
}
