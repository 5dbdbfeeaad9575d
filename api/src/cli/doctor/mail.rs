//! Whether customers can be told by e-mail.

use super::Finding;
use crate::config::Settings;
use crate::mail::Smtp;

pub async fn look(settings: &Settings) -> Vec<Finding> {
    let check = "mail";
    let smtp = match Smtp::configured(settings) {
        Ok(Some(smtp)) => smtp,
        Ok(None) => return vec![Finding::note(check, "smtp_url is not set", "set it: nobody is told by e-mail now")],
        Err(error) => return vec![Finding::wrong(check, error.to_string(), "put it right: the role notify needs it")],
    };
    let server = match smtp.probe().await {
        Ok(()) => Finding::ok(check, "the mail server answers"),
        Err(error) => Finding::away(check, error, "let this machine reach smtp_url: letters wait until then"),
    };
    let links = settings.public_url.is_none();
    let links = links.then(|| Finding::note(check, "public_url is not set", "set it for links in mail"));
    std::iter::once(server).chain(links).collect()
}
