//! The closed catalogue of problems: slug, status, title and explanation of each.

use http::StatusCode;

/// Every problem an answer can name. The slug is stable; clients branch on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProblemType {
    MalformedJson,
    MalformedRequest,
    InvalidQuery,
    InvalidCursor,
    IdempotencyKeyMissing,
    IdempotencyKeyInvalid,
    MinPositionAhead,
    Unauthenticated,
    TokenInvalid,
    TokenExpired,
    WebhookSignature,
    WebhookTimestamp,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    NotAcceptable,
    RequestTimeout,
    InvalidState,
    AccountNotUsable,
    CustomerSuspended,
    ServiceWithdrawn,
    HasAccounts,
    HasSubscriptions,
    HasBalance,
    PaymentInProgress,
    AlreadyPaid,
    RefundNotSupported,
    PeriodOpen,
    DocumentNotAvailable,
    Duplicate,
    ChangeInProgress,
    WindowClosed,
    SuspendedForNonpayment,
    IdempotencyInProgress,
    WebhookIdReused,
    PreconditionFailed,
    TooLarge,
    UriTooLong,
    UnsupportedMediaType,
    MissingField,
    UnknownField,
    InvalidType,
    InvalidQuantity,
    InvalidAmount,
    InvalidCurrency,
    InvalidDate,
    InvalidText,
    InvalidValue,
    TooManyItems,
    QuantityLimit,
    NoPrice,
    UnknownService,
    InvalidReseller,
    InvalidPriceRule,
    AmountOverflow,
    CurrencyMismatch,
    CreditLimit,
    RefundLimit,
    IdempotencyKeyReused,
    RateLimited,
    HeadersTooLarge,
    Internal,
    Contention,
    Overloaded,
    Unavailable,
    ReadModelBehind,
    ReadModelParked,
    TooSlow,
}

use ProblemType as P;

/// One row of the catalogue.
#[derive(Debug)]
pub struct Row {
    pub kind: ProblemType,
    pub status: StatusCode,
    pub slug: &'static str,
    pub title: &'static str,
    /// What happened and what to do about it, as plain text.
    pub explanation: &'static str,
}

const fn row(
    kind: ProblemType,
    status: StatusCode,
    slug: &'static str,
    title: &'static str,
    explanation: &'static str,
) -> Row {
    Row { kind, status, slug, title, explanation }
}

const BAD_REQUEST: StatusCode = StatusCode::BAD_REQUEST;
const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;
const CONFLICT: StatusCode = StatusCode::CONFLICT;
const SHAPE: StatusCode = StatusCode::UNPROCESSABLE_ENTITY;
const AWAY: StatusCode = StatusCode::SERVICE_UNAVAILABLE;

static INTERNAL: Row = row(
    P::Internal,
    StatusCode::INTERNAL_SERVER_ERROR,
    "internal",
    "Something went wrong on our side",
    "An unexpected failure. Nothing about it is your fault. Repeat the request with the same Idempotency-Key; if it persists, tell us the trace_id.",
);

#[rustfmt::skip]
static ROWS: [Row; 67] = [
    row(P::MalformedJson, BAD_REQUEST, "malformed-json", "The body is not valid JSON",
        "The body must be one JSON document in UTF-8 without a byte order mark. Duplicate keys, more than 32 levels, lone surrogates, comments and anything after the document are refused."),
    row(P::MalformedRequest, BAD_REQUEST, "malformed-request", "The request is malformed",
        "The request contradicts itself, for example by two Authorization headers. Send each such header once."),
    row(P::InvalidQuery, BAD_REQUEST, "invalid-query", "A query parameter is not valid",
        "A parameter is unknown, occurs twice, is badly encoded, or has a value outside what the operation takes. The errors name each one."),
    row(P::InvalidCursor, BAD_REQUEST, "invalid-cursor", "The cursor is not valid here",
        "A cursor works only for the caller and the filters of the list that gave it. Start again without a cursor."),
    row(P::IdempotencyKeyMissing, BAD_REQUEST, "idempotency-key-missing", "An Idempotency-Key is required",
        "Every POST carries an Idempotency-Key of 1 to 255 visible ASCII characters, chosen by you, so that it can be repeated safely."),
    row(P::IdempotencyKeyInvalid, BAD_REQUEST, "idempotency-key-invalid", "The Idempotency-Key is not valid",
        "Send one Idempotency-Key of 1 to 255 visible ASCII characters."),
    row(P::MinPositionAhead, BAD_REQUEST, "min-position-ahead", "The position does not exist yet",
        "min_position lies above the last event there is. Use the Event-Position of an earlier answer."),
    row(P::Unauthenticated, UNAUTHORIZED, "unauthenticated", "A bearer token is required",
        "Send an Authorization header with the scheme Bearer and a token. Tokens in the query or in cookies are not looked at."),
    row(P::TokenInvalid, UNAUTHORIZED, "token-invalid", "The token is not valid",
        "The signature, key, algorithm, issuer, audience, start or shape of the token is not what we accept. Get a new token for this API."),
    row(P::TokenExpired, UNAUTHORIZED, "token-expired", "The token has expired",
        "Get a new token and repeat the request with the same Idempotency-Key."),
    row(P::WebhookSignature, UNAUTHORIZED, "webhook-signature", "The webhook's signature is not valid",
        "The id, timestamp or signature header is missing, repeated or badly formed, or no signature fits the raw body under the secret of this address."),
    row(P::WebhookTimestamp, UNAUTHORIZED, "webhook-timestamp", "The webhook's timestamp is out of range",
        "The timestamp must lie within 300 seconds of our clock. Sign again with the current time."),
    row(P::Forbidden, StatusCode::FORBIDDEN, "forbidden", "Your role does not allow this",
        "The token is good, but its role may not do this. Repeating the request does not help."),
    row(P::NotFound, StatusCode::NOT_FOUND, "not-found", "There is no such thing",
        "Nothing exists at this address, or nothing that you may see. The two look the same on purpose."),
    row(P::MethodNotAllowed, StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "The method is not allowed here",
        "The Allow header lists the methods of this address."),
    row(P::NotAcceptable, StatusCode::NOT_ACCEPTABLE, "not-acceptable", "None of the accepted formats is available",
        "Change the Accept header or leave it out."),
    row(P::RequestTimeout, StatusCode::REQUEST_TIMEOUT, "request-timeout", "The body did not arrive in time",
        "The whole body must arrive within 30 seconds. The connection is closed; send the request again."),
    row(P::InvalidState, CONFLICT, "invalid-state", "Not possible in the present state",
        "The resource exists, but its state does not allow this step. Read it again to see where it stands."),
    row(P::AccountNotUsable, CONFLICT, "account-not-usable", "The account takes no orders",
        "The account is not yet active at the provider, has failed there, or is closed."),
    row(P::CustomerSuspended, CONFLICT, "customer-suspended", "The customer is suspended",
        "The customer, or the reseller it belongs to, is suspended and can change nothing until it is reinstated."),
    row(P::ServiceWithdrawn, CONFLICT, "service-withdrawn", "The service is withdrawn",
        "The service is no longer sold. Existing subscriptions go on; new orders need another service."),
    row(P::HasAccounts, CONFLICT, "has-accounts", "There are open accounts",
        "Close the customer's accounts first."),
    row(P::HasSubscriptions, CONFLICT, "has-subscriptions", "There are live subscriptions or open orders",
        "Cancel the subscriptions, and the orders that may still start some, and wait until the provider has confirmed."),
    row(P::PeriodOpen, CONFLICT, "period-open", "The period is not over yet",
        "A month is invoiced when it has ended at the seller entity. Ask again then; the preview shows it before."),
    row(P::DocumentNotAvailable, CONFLICT, "document-not-available", "There is no such document",
        "Drafts have no documents, and amounts with three decimals cannot be written as an electronic invoice. Other formats may be available."),
    row(P::CurrencyMismatch, SHAPE, "currency-mismatch", "The currency is another one",
        "An invoice is paid, credited and refunded in its own currency. Nothing is converted; name the amount in that one."),
    row(P::CreditLimit, SHAPE, "credit-limit", "More is credited than is left",
        "The lines, or the invoice, have less left than this would credit. The detail names what is left."),
    row(P::RefundLimit, SHAPE, "refund-limit", "More is refunded than is left",
        "The payment has less left than this would send back. The detail names what is left."),
    row(P::PaymentInProgress, CONFLICT, "payment-in-progress", "A payment is under way",
        "One payment is on its way, or its outcome is not known yet. Nothing is charged again before that is found out. Ask again after the seconds in Retry-After."),
    row(P::AlreadyPaid, CONFLICT, "already-paid", "Nothing is left to pay",
        "The invoice is paid. What is paid beyond it would be sent back."),
    row(P::RefundNotSupported, CONFLICT, "refund-not-supported", "Money cannot go back this way",
        "What was paid through this gateway, or outside, cannot be sent back by it. Credit the invoice to the customer's balance instead."),
    row(P::HasBalance, CONFLICT, "has-balance", "There is an open balance",
        "Settle what is owed, or pay out the credit, first."),
    row(P::Duplicate, CONFLICT, "duplicate", "It exists already",
        "Something with the same identity exists, or the id belongs to something else. Read the existing one or choose another."),
    row(P::ChangeInProgress, CONFLICT, "change-in-progress", "A change is under way",
        "Another change waits for the provider's confirmation. Try again when it is confirmed or rejected."),
    row(P::WindowClosed, CONFLICT, "window-closed", "The window for this is closed",
        "Seats can be reduced and terms cancelled only within the provider's window after a start or renewal. It can be done again at the next renewal."),
    row(P::SuspendedForNonpayment, CONFLICT, "suspended-for-nonpayment", "It is suspended because of unpaid invoices",
        "The subscription is resumed when what is overdue is paid. Until then only the seller can resume it."),
    row(P::IdempotencyInProgress, CONFLICT, "idempotency-in-progress", "The first request is still being worked on",
        "A request with the same Idempotency-Key has not finished. Repeat this one after the seconds in Retry-After to get its answer."),
    row(P::WebhookIdReused, CONFLICT, "webhook-id-reused", "The webhook's id was used for another body",
        "This id was received before with another body. A new message needs a new id."),
    row(P::PreconditionFailed, StatusCode::PRECONDITION_FAILED, "precondition-failed", "The version has changed",
        "If-Match does not name the present version as a strong tag. Read the resource again, decide again, and send its new ETag."),
    row(P::TooLarge, StatusCode::PAYLOAD_TOO_LARGE, "too-large", "The body is too large",
        "Bodies may have 64 KiB, webhooks 256 KiB. The connection is closed."),
    row(P::UriTooLong, StatusCode::URI_TOO_LONG, "uri-too-long", "The address is too long",
        "Path and query may have 8 KiB together."),
    row(P::UnsupportedMediaType, StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported-media-type", "The body's format is not supported",
        "Send Content-Type: application/json in UTF-8 and no Content-Encoding."),
    row(P::MissingField, SHAPE, "missing-field", "A required field is missing",
        "The field at the pointer is absent, null or an empty list, and the operation needs it."),
    row(P::UnknownField, SHAPE, "unknown-field", "A field is not known",
        "The operation has no field of that name. Fields are never ignored, so that a misspelt one cannot go unnoticed."),
    row(P::InvalidType, SHAPE, "invalid-type", "A field has the wrong JSON type",
        "For example a number where text is wanted, or a list where an object is wanted."),
    row(P::InvalidQuantity, SHAPE, "invalid-quantity", "A quantity is not valid",
        "Quantities are JSON integers from 1 to 100000, written without point, exponent or quotes."),
    row(P::InvalidAmount, SHAPE, "invalid-amount", "An amount is not valid",
        "Amounts are text such as \"12.50\": plain digits with a point, no sign, blanks, exponent or leading zeros, and no more decimals than the currency or field has."),
    row(P::InvalidCurrency, SHAPE, "invalid-currency", "A currency is not valid",
        "Currencies are ISO 4217 codes in capitals that one can be paid in, such as EUR."),
    row(P::InvalidDate, SHAPE, "invalid-date", "A date is not valid",
        "Days are written 2025-02-28, moments 2025-02-28T13:45:00Z; they must exist, and must fit what the operation allows."),
    row(P::InvalidText, SHAPE, "invalid-text", "A text is not valid",
        "Texts have at most 200 characters, each of at most 12 code points, something to read in them, and no control, direction-changing or invisible characters. Joiners pass between letters or emoji that they change."),
    row(P::InvalidValue, SHAPE, "invalid-value", "A value is not valid",
        "The value is not one of those the field takes, or is not written as it must be. The detail says what is wanted."),
    row(P::TooManyItems, SHAPE, "too-many-items", "A list has too many items",
        "An order has at most 100 lines. Split the request."),
    row(P::QuantityLimit, SHAPE, "quantity-limit", "The quantity is outside the service's limits",
        "The service has a smallest and a largest quantity; both are in the catalogue."),
    row(P::NoPrice, SHAPE, "no-price", "There is no price",
        "The service has no price for this customer in its currency. Ask the seller."),
    row(P::UnknownService, SHAPE, "unknown-service", "The service is not known",
        "No service with this id is in the catalogue."),
    row(P::InvalidReseller, SHAPE, "invalid-reseller", "The reseller is not valid",
        "The id is not that of a reseller, or this kind of customer cannot belong to one."),
    row(P::InvalidPriceRule, SHAPE, "invalid-price-rule", "The price rule is not valid",
        "The parts of the rule do not fit together. The detail says which."),
    row(P::AmountOverflow, SHAPE, "amount-overflow", "An amount becomes too large",
        "Quantity and price together give an amount that cannot be represented."),
    row(P::IdempotencyKeyReused, SHAPE, "idempotency-key-reused", "The Idempotency-Key was used for another request",
        "A key stands for one request: method, address, query and body. Use a new key for a new request."),
    row(P::RateLimited, StatusCode::TOO_MANY_REQUESTS, "rate-limited", "Too many requests",
        "Wait the seconds in Retry-After. The limit is your own; others do not use it up."),
    row(P::HeadersTooLarge, StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers-too-large", "The headers are too large",
        "At most 64 header lines with 32 KiB together, and a token of 15 KiB."),
    row(P::Contention, AWAY, "contention", "Too many changes at once",
        "Others changed the same thing each time we tried. Nothing was done. Repeat the request with the same Idempotency-Key."),
    row(P::Overloaded, AWAY, "overloaded", "Too much work at once",
        "The request was not begun. Repeat it after the seconds in Retry-After."),
    row(P::Unavailable, AWAY, "unavailable", "Something we depend on is away",
        "The request could not be completed. Repeat it with the same Idempotency-Key after the seconds in Retry-After."),
    row(P::ReadModelBehind, AWAY, "read-model-behind", "The data is not there yet",
        "What you asked to see by min_position has not arrived in this view within 5 seconds. Your change is safe; repeat the request."),
    row(P::ReadModelParked, AWAY, "read-model-parked", "This part of the view is halted",
        "An event could not be applied to this view and waits for an operator. Your changes are safe; older data would mislead."),
    row(P::TooSlow, AWAY, "too-slow", "The request took too long",
        "We stopped after 10 seconds. A change may or may not have happened: repeat it with the same Idempotency-Key to find out."),
];

impl ProblemType {
    /// Every row, in the order of the page: by status, then as declared.
    pub fn rows() -> impl Iterator<Item = &'static Row> {
        let mut rows: Vec<&'static Row> = ROWS.iter().chain([&INTERNAL]).collect();
        rows.sort_by_key(|row| row.status.as_u16());
        rows.into_iter()
    }

    pub fn row(self) -> &'static Row {
        ROWS.iter().find(|row| row.kind == self).unwrap_or(&INTERNAL)
    }

    pub fn slug(self) -> &'static str {
        self.row().slug
    }

    pub fn status(self) -> StatusCode {
        self.row().status
    }

    /// The problem of that slug, if there is one.
    pub fn of_slug(slug: &str) -> Option<Self> {
        Self::rows().find(|row| row.slug == slug).map(|row| row.kind)
    }

    /// Seconds to wait before a repetition makes sense; `None` where repeating does not help.
    pub fn retry_after_s(self) -> Option<u32> {
        match self {
            Self::IdempotencyInProgress | Self::Contention | Self::Overloaded | Self::ReadModelBehind => Some(1),
            Self::RateLimited => Some(1),
            Self::Unavailable | Self::TooSlow => Some(5),
            Self::ReadModelParked => Some(30),
            // What came of a payment that nobody knows is first asked after a minute.
            Self::PaymentInProgress => Some(60),
            _ => None,
        }
    }

    /// The challenge that belongs to a missing or bad bearer token (RFC 6750).
    pub fn challenge(self) -> Option<&'static str> {
        match self {
            Self::Unauthenticated => Some("Bearer"),
            Self::TokenInvalid | Self::TokenExpired => Some("Bearer error=\"invalid_token\""),
            _ => None,
        }
    }

    /// Whether unread bytes of the request make the connection useless.
    pub fn closes_connection(self) -> bool {
        matches!(self, Self::TooLarge | Self::RequestTimeout | Self::UriTooLong | Self::HeadersTooLarge)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn every_problem_has_one_row_and_one_slug() {
        let kinds: HashSet<_> = ProblemType::rows().map(|row| row.kind).collect();
        let slugs: HashSet<_> = ProblemType::rows().map(|row| row.slug).collect();
        assert_eq!(kinds.len(), ProblemType::TooSlow as usize + 1);
        assert_eq!((kinds.len(), slugs.len()), (ROWS.len() + 1, ROWS.len() + 1));
        for row in ProblemType::rows() {
            assert_eq!(ProblemType::of_slug(row.slug), Some(row.kind));
            assert_eq!(row.kind.slug(), row.slug);
        }
    }

    #[test]
    fn whoever_may_come_back_is_told_when() {
        for row in ProblemType::rows() {
            let passes = [ProblemType::IdempotencyInProgress, ProblemType::PaymentInProgress].contains(&row.kind);
            let waits = matches!(row.status.as_u16(), 429 | 503) || passes;
            assert_eq!(row.kind.retry_after_s().is_some(), waits, "{}", row.slug);
        }
        let first_question = domain::collecting::retry::ask_after(0).num_seconds();
        assert_eq!(ProblemType::PaymentInProgress.retry_after_s().map(i64::from), Some(first_question));
    }
}
