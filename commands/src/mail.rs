//! Sending mail, in our words: one letter to one person.

use std::fmt;

use futures::future::BoxFuture;
use uuid::Uuid;

/// A letter, ready to go. It names a person, so it is never printed.
#[derive(Clone)]
pub struct Letter {
    /// The operation's. Sent twice under one id it is the same letter, and whoever keeps mail shows it once.
    pub id: Uuid,
    /// Who writes: the seller's legal name.
    pub sender: String,
    pub recipient: Recipient,
    /// What it is about, like `invoice.issued`.
    pub topic: &'static str,
    /// Of the language it is written in, like `de`.
    pub language: &'static str,
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// Whom it goes to.
#[derive(Clone)]
pub struct Recipient {
    pub name: Option<String>,
    pub address: String,
}

impl fmt::Debug for Letter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letter").field("id", &self.id).field("topic", &self.topic).finish_non_exhaustive()
    }
}

impl fmt::Debug for Recipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Recipient").finish_non_exhaustive()
    }
}

/// What became of a letter. Nothing in it names the recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Delivery {
    /// A mail server has taken it.
    Accepted,
    /// It is never going to be taken for this address; the server's reply code.
    Refused { code: u16 },
    /// No mail can be sent to what was given as an address.
    NoAddress,
    /// It is not taken now, and may be later; the server's reply code.
    Deferred { code: u16 },
    /// The mail server was not reached, did not answer, or does not take mail from us at all. It may have taken the
    /// letter all the same: sent again under its id it stays one.
    Away { why: String },
}

/// Sends letters.
pub trait Mailer: Send + Sync + 'static {
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Delivery>;
}
