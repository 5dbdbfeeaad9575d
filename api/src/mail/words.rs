//! Words for what the log says in slugs.

use documents::Language::{self, English, German};
use domain::order::{
    ACCOUNT_NOT_USABLE, CANCELLED_BY_REQUEST, CUSTOMER_CLOSED, CUSTOMER_SUSPENDED, LineStatus, NOT_PAID, ORDER_REFUSED,
    SERVICE_WITHDRAWN,
};
use domain::payment::{DeclineReason, PaymentOutcome};

/// What became of a line.
pub const fn line(language: Language, status: LineStatus) -> &'static str {
    match (language, status) {
        (English, LineStatus::Open) => "Open",
        (English, LineStatus::Provisioned) => "Provided",
        (English, LineStatus::Rejected) => "Rejected",
        (English, LineStatus::Cancelled) => "Cancelled",
        (German, LineStatus::Open) => "Offen",
        (German, LineStatus::Provisioned) => "Bereitgestellt",
        (German, LineStatus::Rejected) => "Abgelehnt",
        (German, LineStatus::Cancelled) => "Storniert",
    }
}

/// Why a line came to nothing; the provider's reasons are sentences already.
pub fn reason(language: Language, reason: &str) -> &str {
    let (english, german) = match reason {
        CANCELLED_BY_REQUEST => ("as you asked for", "wie von Ihnen gewünscht"),
        NOT_PAID => ("it was not paid in time", "nicht rechtzeitig bezahlt"),
        ORDER_REFUSED => ("because of another line", "wegen einer anderen Position"),
        CUSTOMER_SUSPENDED => ("you were suspended on that day", "Sie waren an diesem Tag gesperrt"),
        CUSTOMER_CLOSED => ("your customer account was closed", "Ihr Kundenkonto war geschlossen"),
        ACCOUNT_NOT_USABLE => ("its account could not be used", "das Konto war nicht nutzbar"),
        SERVICE_WITHDRAWN => ("the service is no longer sold", "der Dienst wird nicht mehr angeboten"),
        other => return other,
    };
    match language {
        English => english,
        German => german,
    }
}

/// Why nothing was charged.
pub const fn failure(language: Language, outcome: PaymentOutcome) -> &'static str {
    use DeclineReason as Reason;
    match (language, outcome) {
        (English, PaymentOutcome::Declined(Reason::InsufficientBalance)) => "there is not enough money in your wallet",
        (English, PaymentOutcome::Declined(Reason::CustomerNotFound)) => "the payment provider does not know you",
        (English, PaymentOutcome::Declined(Reason::CurrencyMismatch)) => "your wallet has another currency",
        (English, PaymentOutcome::Declined(Reason::Other)) => "the payment provider declined it",
        (English, PaymentOutcome::Expired) => "it was not confirmed in time",
        (English, PaymentOutcome::Unreachable) => "the payment provider could not be reached",
        (English, PaymentOutcome::Unknown(_)) => "it is not known yet",
        (English, PaymentOutcome::Succeeded) => "none",
        (German, PaymentOutcome::Declined(Reason::InsufficientBalance)) => {
            "Ihr Guthaben beim Zahlungsdienst reicht nicht"
        }
        (German, PaymentOutcome::Declined(Reason::CustomerNotFound)) => "der Zahlungsdienst kennt Sie nicht",
        (German, PaymentOutcome::Declined(Reason::CurrencyMismatch)) => {
            "Ihr Guthaben beim Zahlungsdienst hat eine andere Währung"
        }
        (German, PaymentOutcome::Declined(Reason::Other)) => "der Zahlungsdienst hat sie abgelehnt",
        (German, PaymentOutcome::Expired) => "sie wurde nicht rechtzeitig bestätigt",
        (German, PaymentOutcome::Unreachable) => "der Zahlungsdienst war nicht erreichbar",
        (German, PaymentOutcome::Unknown(_)) => "noch nicht bekannt",
        (German, PaymentOutcome::Succeeded) => "keiner",
    }
}
