//! Mail: what customers are told by e-mail, in their language, once per event.
//!
//! A letter is about something as it was when the event happened, and goes to whoever is to be told now. Nothing here
//! writes an address to a log, a metric or an effect's outcome.

mod about;
mod backoff;
mod page;
mod postman;
mod recipient;
mod smtp;
mod words;

pub use postman::Postman;
pub use smtp::{Smtp, SmtpError};
