//! The mail sink as a child process, and how the product knows it.

use std::path::Path;

use super::process::Launch;
use super::product::Service;
use super::{ports, tools};

/// Whom mail comes from in worlds of ours.
pub const FROM: &str = "billing@cloudsales.example";

/// Where mail is taken, and where the inbox is.
#[derive(Clone, Copy, Debug)]
pub struct MailSink {
    pub smtp_port: u16,
    pub http_port: u16,
}

impl MailSink {
    /// On free ports.
    ///
    /// # Errors
    /// When none is free.
    pub fn reserve() -> anyhow::Result<Self> {
        Ok(Self { smtp_port: ports::reserve()?, http_port: ports::reserve()? })
    }

    /// The inbox.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.http_port)
    }

    /// What the product is told; `public_url` is where its links lead.
    pub fn variables(&self, public_url: &str) -> Vec<(String, String)> {
        let variables = [
            ("CLOUDSALES_SMTP_URL", format!("smtp://127.0.0.1:{}", self.smtp_port)),
            ("CLOUDSALES_MAIL_FROM", FROM.to_owned()),
            ("CLOUDSALES_PUBLIC_URL", public_url.to_owned()),
        ];
        variables.map(|(name, value)| (name.to_owned(), value)).to_vec()
    }

    /// Starts it; it keeps its inbox in `data` and takes mail on return.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start(&self, data: &Path, logs: &Path) -> anyhow::Result<Service> {
        std::fs::create_dir_all(data)?;
        std::fs::create_dir_all(logs)?;
        let launch = Launch::new(tools::own_binary("mail-sink")?, logs.join("mail-sink.log"))
            .arguments(["--smtp", &format!("127.0.0.1:{}", self.smtp_port)])
            .arguments(["--http", &format!("127.0.0.1:{}", self.http_port)])
            .argument("--data")
            .argument(data);
        Service::start(launch, format!("{}/health", self.url())).await
    }
}
