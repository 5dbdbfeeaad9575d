//! Letters by SMTP.

use std::time::Duration;

use commands::mail::{Delivery, Letter, Mailer};
use futures::future::BoxFuture;
use lettre::address::Address;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::{self, PoolConfig};
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use crate::config::Settings;

/// For each step of a conversation, and to connect.
const STEP: Duration = Duration::from_secs(10);
/// For the whole of it: within the lease of an effect.
const WHOLE: Duration = Duration::from_secs(40);
/// As many as letters are sent at once.
const CONNECTIONS: u32 = 4;
const IDLE: Duration = Duration::from_secs(30);

/// A mail server that takes our letters.
#[derive(Debug)]
pub struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

/// Configuration of mail that cannot be used; says nothing of the login.
#[derive(Debug, Error)]
pub enum SmtpError {
    #[error("smtp_url is not valid: smtp://host:25, smtps://user:password@host, or smtp://…?tls=required is wanted")]
    Url,
    #[error("mail_from is not valid: an address, or Name <address>, is wanted")]
    From,
    #[error("mail_from is needed together with smtp_url")]
    NoSender,
}

impl Smtp {
    /// The one that is configured, if any.
    ///
    /// # Errors
    /// [`SmtpError`].
    pub fn configured(settings: &Settings) -> Result<Option<Self>, SmtpError> {
        let Some(url) = &settings.smtp_url else { return Ok(None) };
        Self::new(url, settings.mail_from.as_deref().ok_or(SmtpError::NoSender)?).map(Some)
    }

    /// Connects to nobody yet.
    ///
    /// # Errors
    /// [`SmtpError`].
    pub fn new(url: &SecretString, from: &str) -> Result<Self, SmtpError> {
        let pool = PoolConfig::new().min_idle(0).max_size(CONNECTIONS).idle_timeout(IDLE);
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.expose_secret());
        let builder = builder.map_err(|_| SmtpError::Url)?.timeout(Some(STEP)).pool_config(pool);
        let from = from.parse().map_err(|_| SmtpError::From)?;
        Ok(Self { transport: builder.build(), from })
    }

    /// Whether the server answers and takes the login.
    ///
    /// # Errors
    /// In words that name nobody.
    pub async fn probe(&self) -> Result<(), String> {
        match tokio::time::timeout(WHOLE, self.transport.test_connection()).await {
            Ok(Ok(true)) => Ok(()),
            Ok(Ok(false)) | Err(_) => Err("it does not answer".to_owned()),
            Ok(Err(error)) => Err(reason(&error)),
        }
    }

    /// `None` when no mail can be sent to the recipient's address.
    fn message(&self, letter: &Letter) -> Option<Message> {
        let address: Address = letter.recipient.address.parse().ok()?;
        let host = self.from.email.domain();
        let from = self.from.name.clone().unwrap_or_else(|| one_line(&letter.sender));
        let header = |name, value| HeaderValue::new(HeaderName::new_from_ascii_str(name), value);
        Message::builder()
            .from(Mailbox::new(Some(from), self.from.email.clone()))
            .to(Mailbox::new(letter.recipient.name.as_deref().map(one_line), address))
            .subject(one_line(&letter.subject))
            .message_id(Some(format!("<{}@{host}>", letter.id)))
            // Nobody's holiday notice answers it, and a list of its own lets people sort it.
            .raw_header(header("Auto-Submitted", "auto-generated".to_owned()))
            .raw_header(header("X-Auto-Response-Suppress", "All".to_owned()))
            .raw_header(header("List-Id", format!("<{}.notifications.{host}>", letter.topic)))
            .raw_header(header("Content-Language", letter.language.to_owned()))
            .multipart(MultiPart::alternative_plain_html(letter.text.clone(), letter.html.clone()))
            .ok()
    }
}

impl Mailer for Smtp {
    fn send<'a>(&'a self, letter: &'a Letter) -> BoxFuture<'a, Delivery> {
        Box::pin(async move {
            let Some(message) = self.message(letter) else { return Delivery::NoAddress };
            match tokio::time::timeout(WHOLE, self.transport.send(message)).await {
                Ok(Ok(_)) => Delivery::Accepted,
                Ok(Err(error)) => delivery(&error),
                Err(_) => Delivery::Away { why: "the mail server did not answer in time".to_owned() },
            }
        })
    }
}

/// What a server's reply says about the recipient, and what about us.
fn delivery(error: &smtp::Error) -> Delivery {
    let code = error.status().map(u16::from);
    match code {
        // Of our login, or commands it does not know: nothing about the recipient.
        Some(500..=504 | 521 | 523 | 524 | 530 | 534 | 535 | 538) => Delivery::Away { why: reason(error) },
        // It closes, or its own login service is away.
        Some(421 | 454) => Delivery::Away { why: reason(error) },
        Some(code) if error.is_permanent() => Delivery::Refused { code },
        Some(code) => Delivery::Deferred { code },
        // The address needs letters that this server does not take.
        None if error.is_client() => Delivery::NoAddress,
        None => Delivery::Away { why: reason(error) },
    }
}

/// Without the server's own words, which repeat addresses.
fn reason(error: &smtp::Error) -> String {
    match error.status().map(u16::from) {
        Some(code) => format!("the mail server does not take mail from us ({code})"),
        None if error.is_timeout() => "the mail server did not answer in time".to_owned(),
        None if error.is_tls() => "the mail server's certificate is not accepted".to_owned(),
        None => "the mail server cannot be reached".to_owned(),
    }
}

/// What stands in a header has one line.
fn one_line(text: &str) -> String {
    text.split(char::is_control).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use commands::mail::Recipient;
    use uuid::Uuid;

    use super::*;

    fn letter(name: &str, address: &str, subject: &str) -> Letter {
        Letter {
            id: Uuid::from_u128(7),
            sender: "Cloudsales GmbH".to_owned(),
            recipient: Recipient { name: Some(name.to_owned()), address: address.to_owned() },
            topic: "invoice.issued",
            language: "de",
            subject: subject.to_owned(),
            text: "Grüße".to_owned(),
            html: "<p>Grüße</p>".to_owned(),
        }
    }

    #[tokio::test]
    async fn a_message_has_its_headers_and_nobody_adds_to_them() {
        let smtp = Smtp::new(&"smtp://127.0.0.1:25".into(), "post@shop.example").unwrap();
        let evil =
            letter("Ada\r\nBcc: all@shop.example", "ada@story.example", "Rechnung\nBcc: all@shop.example für März");
        let message = String::from_utf8(smtp.message(&evil).unwrap().formatted()).unwrap();
        let headers = message.split("\r\n\r\n").next().unwrap();
        for header in [
            "From: \"Cloudsales GmbH\" <post@shop.example>",
            "Message-ID: <00000000-0000-0000-0000-000000000007@shop.example>",
            "Auto-Submitted: auto-generated",
            "List-Id: <invoice.issued.notifications.shop.example>",
            "Content-Language: de",
        ] {
            assert!(headers.contains(header), "{header} is not in {headers}");
        }
        assert!(!headers.lines().any(|line| line.starts_with("Bcc")), "{headers}");
        assert!(headers.is_ascii() && headers.contains("=?utf-8?"), "{headers}");
    }

    #[tokio::test]
    async fn what_is_no_address_is_said_so() {
        let smtp = Smtp::new(&"smtp://127.0.0.1:25".into(), "Post <post@shop.example>").unwrap();
        for address in ["", "ada", "ada@", "ada@story.example\r\nRCPT TO:<all@shop.example>", "a b@story.example"] {
            assert_eq!(smtp.send(&letter("Ada", address, "Hello")).await, Delivery::NoAddress, "{address:?}");
        }
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_away() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("smtp://{}", listener.local_addr().unwrap());
        drop(listener);
        let smtp = Smtp::new(&url.into(), "post@shop.example").unwrap();
        let why = "the mail server cannot be reached".to_owned();
        assert_eq!(smtp.send(&letter("Ada", "ada@story.example", "Hello")).await, Delivery::Away { why });
    }

    #[tokio::test]
    async fn every_way_to_reach_a_server_is_taken() {
        for url in ["smtp://mail.example", "smtps://user:word@mail.example", "smtp://u:w@mail.example:587?tls=required"]
        {
            assert!(Smtp::new(&url.into(), "post@shop.example").is_ok(), "{url}");
        }
    }

    #[test]
    fn configuration_that_cannot_be_used_says_so_without_its_secret() {
        let error = Smtp::new(&"ftp://user:hunter2@host".into(), "post@shop.example").unwrap_err().to_string();
        assert!(error.contains("smtp_url") && !error.contains("hunter2"), "{error}");
    }
}
