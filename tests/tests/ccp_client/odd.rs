//! A provider that answers whatever a test wants.

use std::time::Duration;

use ccp_adapter::client::{CcpClient, CcpConfig};
use tests::odd::OddServer;
pub use tests::odd::{Answer, Asked, json, with_header};

/// What the client waits for in these tests: long enough for this machine, short enough for a test.
pub const PATIENCE: Duration = Duration::from_millis(1_500);

pub fn is_for_token(asked: &Asked) -> bool {
    asked.line == "POST /oauth/token"
}

pub fn token(token: &str) -> Answer {
    json(200, &format!(r#"{{"access_token":"{token}","expires_in":3600}}"#))
}

#[derive(Clone)]
pub struct OddProvider {
    pub url: String,
    server: OddServer,
}

impl OddProvider {
    /// `script` answers every request, those for tokens too.
    pub async fn start(script: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Self {
        let server = OddServer::start(script).await.expect("a server");
        Self { url: server.url.clone(), server }
    }

    /// `script` answers everything but requests for tokens, which get `token-1`, `token-2` and so on.
    pub async fn with_tokens(script: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Self {
        let tokens_too = move |asked: &Asked, before: usize| match is_for_token(asked) {
            true => token(&format!("token-{}", before + 1)),
            false => script(asked, before),
        };
        Self::start(tokens_too).await
    }

    pub fn client(&self) -> CcpClient {
        client_of(&self.url, PATIENCE)
    }

    /// Everything asked so far but tokens, oldest first.
    pub fn calls(&self) -> Vec<Asked> {
        self.asked().into_iter().filter(|asked| !is_for_token(asked)).collect()
    }

    pub fn tokens_asked(&self) -> usize {
        self.asked().iter().filter(|asked| is_for_token(asked)).count()
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.server.asked()
    }
}

pub fn client_of(url: &str, patience: Duration) -> CcpClient {
    let config = CcpConfig::new(url, "cloudsales", "hush-hush".into());
    CcpClient::new(CcpConfig { total_timeout: patience, ..config }).expect("a client")
}
