//! Tells customers: the performer of the lane of mail.

use std::sync::Arc;

use commands::effects::{Due, Performed, Performer};
use commands::mail::{Delivery, Letter, Mailer, Recipient};
use commands::order::NoteNotified;
use commands::{Bus, Context, Key, Trace};
use domain::process::{Effect, Mail};
use event_log::crash;
use futures::future::BoxFuture;
use minijinja::context;
use tracing::{error, warn};

use super::about::{Happening, Subject, Voice};
use super::backoff::{self, Backoff};
use super::page::Texts;
use super::recipient::Addressee;

/// Loads what happened and who is to be told, writes the letter and has it sent.
pub struct Postman {
    pub bus: Bus,
    /// `None` where no mail server is configured.
    pub mailer: Option<Arc<dyn Mailer>>,
    texts: Texts,
    /// Where customers reach the API, without a slash at its end.
    public_url: Option<String>,
    away: Backoff,
}

impl std::fmt::Debug for Postman {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Postman").finish_non_exhaustive()
    }
}

/// How telling somebody ended.
enum Told {
    /// It was told, or is not to be.
    Settled(String),
    /// It wanted to be told and cannot be.
    Failed(String),
}

type Step<T> = Result<T, Performed>;

impl Performer for Postman {
    fn perform<'a>(&'a self, due: &'a Due) -> BoxFuture<'a, Performed> {
        Box::pin(async move {
            let (Effect::SendMail { mail }, Some(position)) = (&due.effect, due.position) else {
                return Performed::Dead { reason: "no mail".to_owned() };
            };
            self.tell_of(due, *mail, position).await.unwrap_or_else(|stop| stop)
        })
    }
}

impl Postman {
    /// # Errors
    /// When a template is not well-formed.
    pub fn new(bus: Bus, mailer: Option<Arc<dyn Mailer>>, public_url: Option<&str>) -> Result<Self, minijinja::Error> {
        let public_url = public_url.map(|url| url.trim_end_matches('/').to_owned());
        Ok(Self { bus, mailer, texts: Texts::load()?, public_url, away: Backoff::default() })
    }

    async fn tell_of(&self, due: &Due, mail: Mail, position: i64) -> Step<Performed> {
        let happening = Happening::load(self.bus.pool(), mail, position).await?;
        let Some(happening) = happening else { return Ok(done("nothing to tell any more")) };
        let told = self.tell(due, &happening).await?;
        crash::point("mail.sent_not_noted");
        if let Some(order_id) = happening.subject.order_id() {
            let failed = matches!(told, Told::Failed(_));
            self.note(due, &NoteNotified { order_id, ended_at: happening.at, failed }).await?;
        }
        let (Told::Settled(outcome) | Told::Failed(outcome)) = told;
        Ok(done(outcome))
    }

    async fn tell(&self, due: &Due, happening: &Happening) -> Step<Told> {
        let subject = &happening.subject;
        let addressee = Addressee::load(self.bus.pool(), subject.customer_id()).await?;
        let Some(addressee) = addressee else { return Ok(Told::Settled("nobody to tell".to_owned())) };
        if !addressee.wants(subject.topic()) {
            return Ok(Told::Settled("not wanted".to_owned()));
        }
        let Some(recipient) = addressee.recipient() else { return Ok(Told::Settled("nobody to tell".to_owned())) };
        let Some(mailer) = &self.mailer else {
            return Ok(Told::Failed("no mail server is configured".to_owned()));
        };
        if let Some((after, why)) = self.away.pause() {
            return Err(Performed::Wait { after, why });
        }
        let letter = self.letter(due, subject, &addressee, recipient)?;
        self.settle(due, letter.topic, mailer.send(&letter).await)
    }

    fn letter(&self, due: &Due, subject: &Subject, addressee: &Addressee, recipient: Recipient) -> Step<Letter> {
        let language = addressee.language();
        let seller = self.bus.seller().entity(subject.seller_entity(addressee));
        let voice = Voice { language, seller, public_url: self.public_url.as_deref() };
        let (template, words) = subject.words(&voice, addressee);
        let common = context! {
            name => recipient.name.clone(),
            seller => seller.legal_name.clone(),
            seller_address => seller.address.clone(),
            customer => addressee.customer.name.clone(),
        };
        let page = self.texts.page(language, template, &words, &common).map_err(|error| unwritten(template, &error))?;
        Ok(Letter {
            id: due.op_id,
            sender: seller.legal_name.clone(),
            recipient,
            topic: subject.topic(),
            language: language.tag(),
            subject: page.subject,
            text: page.text,
            html: page.html,
        })
    }

    /// What a delivery means for the effect.
    fn settle(&self, due: &Due, topic: &'static str, delivery: Delivery) -> Step<Told> {
        metrics::counter!("letters_total", "topic" => topic, "result" => name(&delivery)).increment(1);
        if !matches!(delivery, Delivery::Away { .. }) {
            self.away.reached();
        }
        match delivery {
            Delivery::Accepted => Ok(Told::Settled("sent".to_owned())),
            Delivery::Refused { code } => {
                warn!(code, topic, "a letter was refused for good");
                Ok(Told::Failed(format!("refused ({code})")))
            }
            Delivery::NoAddress => Ok(Told::Failed("no usable address".to_owned())),
            Delivery::Deferred { code } => {
                Err(Performed::Again { after: backoff::deferred(due.attempts), why: format!("not taken now ({code})") })
            }
            Delivery::Away { why } => {
                let after = self.away.missed(&why);
                warn!(%why, ?after, "no mail is sent for now");
                Err(Performed::Wait { after, why })
            }
        }
    }

    /// Under the operation's own key, so that a second time changes nothing.
    async fn note(&self, due: &Due, note: &NoteNotified) -> Step<()> {
        let causation_id = due.position.unwrap_or_default().to_string();
        let correlation_id = due.correlation_id.clone().unwrap_or_else(|| due.op_id.to_string());
        let trace = Trace { correlation_id, causation_id, traceparent: None };
        let key = Key::system(format!("{}/notified", due.op_id));
        let context = Context::system("notify", self.bus.now(), key, trace);
        match self.bus.execute(&context, note).await {
            Ok(_) => Ok(()),
            Err(rejection) if rejection.passes() => Err(Performed::log_away()),
            Err(error) => Err(Performed::Dead { reason: error.to_string() }),
        }
    }
}

fn done(outcome: impl Into<String>) -> Performed {
    Performed::Done { outcome: outcome.into() }
}

const fn name(delivery: &Delivery) -> &'static str {
    match delivery {
        Delivery::Accepted => "accepted",
        Delivery::Refused { .. } => "refused",
        Delivery::NoAddress => "no_address",
        Delivery::Deferred { .. } => "deferred",
        Delivery::Away { .. } => "away",
    }
}

/// A mistake of ours. The error itself may show what was to be filled in, which names people.
fn unwritten(template: &str, error: &minijinja::Error) -> Performed {
    let (kind, line) = (error.kind(), error.line().unwrap_or_default());
    error!(template, ?kind, line, "a letter cannot be written");
    Performed::Dead { reason: format!("the letter {template} cannot be written: {kind} in line {line}") }
}
