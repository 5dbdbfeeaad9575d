//! Every limit of the HTTP surface, each with its reason. Sizes are bytes unless the name says otherwise.

use std::num::NonZeroU32;
use std::time::Duration;

/// A JSON body. An order of 100 lines is below 10 KiB; nothing legitimate comes near.
pub const BODY_BYTES: usize = 64 * 1024;
/// A webhook body. Providers send whole resources, and a refused webhook is lost information.
pub const WEBHOOK_BODY_BYTES: usize = 256 * 1024;
/// Nested lists and objects. The deepest body we take has four; the parser's own limit is 128.
pub const JSON_DEPTH: usize = 32;
/// Field errors listed in one problem. A hostile body could otherwise make the answer larger than itself.
pub const REPORTED_ERRORS: usize = 50;
/// Characters of an unknown field's name that are echoed in a pointer.
pub const POINTER_NAME_CHARS: usize = 100;

/// Query parameters of one request. No operation knows more than ten.
pub const QUERY_PARAMETERS: usize = 32;
/// Items a list answers when nobody asks for more.
pub const PAGE_DEFAULT: u32 = 25;
/// Items a list answers at most: bounds the rows one request reads.
pub const PAGE_MAX: u32 = 100;
/// A cursor as text. Ours are below 300 bytes; more is not decoded at all.
pub const CURSOR_BYTES: usize = 1024;

/// Seats in one order line or subscription.
pub const QUANTITY_MIN: u32 = 1;
pub const QUANTITY_MAX: u32 = 100_000;
/// Lines of one order. Larger ones are split, so that one request stays one small append.
pub const ORDER_LINES: usize = 100;
/// Lines of one credit note that are named one by one. More are credited by an amount, which is split over all.
pub const CREDIT_LINES: usize = 200;
/// Digits before the decimal point of an amount: below 10^15 minor units even with three decimals.
pub const AMOUNT_INTEGER_DIGITS: usize = 12;

/// An id of the provider's: it is a key in our indexes, and the provider's own ids are no longer.
pub const PROVIDER_ID_BYTES: usize = 128;
/// The subject of a token: every event of its bearer tells it. OpenID Connect allows no more.
pub const SUBJECT_BYTES: usize = 255;

/// An Idempotency-Key: it is kept for ever, once per request.
pub const IDEMPOTENCY_KEY_BYTES: usize = 255;
/// An X-Request-Id: it is echoed and logged.
pub const REQUEST_ID_BYTES: usize = 128;
/// A bearer token. Large key ids still get their 401; what is larger is refused unread with 431.
pub const TOKEN_BYTES: usize = 15 * 1024;
/// A key id: longer ones are no key of ours and are not worth a look at the key set.
pub const KEY_ID_BYTES: usize = 256;
/// Audiences of one token. A token meant for everybody is meant for nobody.
pub const TOKEN_AUDIENCES: usize = 4;
/// Clock difference between the issuer and us.
pub const TOKEN_LEEWAY_S: u64 = 30;
/// Verified tokens kept, at about 300 bytes each.
pub const CACHED_TOKENS: u64 = 10_000;
/// Customers whose kind is remembered, at about 100 bytes each.
pub const CACHED_KINDS: u64 = 100_000;
/// What is kept of the catalogue as shown: a page of it has about 20 KiB for each caller.
pub const CATALOGUE_BYTES: u64 = 32 * 1024 * 1024;
/// A key set document, and the keys used of it.
pub const KEY_SET_BYTES: usize = 256 * 1024;
pub const KEY_SET_KEYS: usize = 100;

/// Writes and reads of one tenant in a minute, outside development: ten and fifty a second, all day. More is a loop.
pub const RATE_WRITES: NonZeroU32 = rate(600);
pub const RATE_READS: NonZeroU32 = rate(3_000);
/// In development one person stands for everybody, and so do tests.
pub const RATE_DEVELOPMENT: NonZeroU32 = rate(100);
/// Requests after which tenants whose quota is full again are forgotten.
pub const RATE_SWEEP: u32 = 4096;

/// All header names and values together.
pub const HEADER_BYTES: usize = 32 * 1024;
/// Header lines. The parser refuses above 100 by itself; between the two we can still explain.
pub const HEADER_LINES: usize = 64;
/// Path and query.
pub const URI_BYTES: usize = 8 * 1024;
/// A connection's read buffer, about: reads may overshoot. Above twice the header limit, so that a URI that is too
/// long by far still gets its own status.
pub const CONNECTION_BUFFER_BYTES: usize = 72 * 1024;

/// From a connection's first silence to a complete head.
pub const HEADER_READ_TIMEOUT: Duration = Duration::from_secs(10);
/// From the head to the body's last byte; the client's answer has to arrive within 30 s.
pub const BODY_READ_TIMEOUT: Duration = Duration::from_secs(29);
/// The work itself, not counting the time the client takes to send its body.
pub const HANDLER_TIMEOUT: Duration = Duration::from_secs(10);
/// Moving the development clock: a year in which much happens takes minutes.
pub const CLOCK_TIMEOUT: Duration = Duration::from_secs(3600);
/// What open requests get to finish when the process is told to stop.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(15);

/// Open connections. When all are taken, an idle one makes room for a new one.
pub const CONNECTIONS: usize = 1000;
/// Requests being worked on; one more is answered 503 at once instead of waiting in a queue nobody sees.
pub const REQUESTS_IN_FLIGHT: usize = 256;
/// Requests that wait for the rest of their body, and are not worked on meanwhile. Half of the connections, so that the
/// others stay for whoever does not: a connection in the middle of a body is not sent away. All of them together keep
/// 125 MiB at most, when every one is a webhook. No address has a share of its own: behind a load balancer everybody
/// comes from the same one.
pub const BODIES_COMING: usize = CONNECTIONS / 2;

/// No rate is nothing.
const fn rate(requests: u32) -> NonZeroU32 {
    match NonZeroU32::new(requests) {
        Some(rate) => rate,
        None => NonZeroU32::MIN,
    }
}
