//! A provider that answers whatever a test wants, byte by byte, and remembers what it was asked.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ccp_adapter::client::{CcpClient, CcpConfig};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What the client waits for in these tests: long enough for this machine, short enough for a test.
pub const PATIENCE: Duration = Duration::from_millis(1_500);

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Method and path with query.
    pub line: String,
    /// Lower case names.
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Asked {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(its, _)| its == name).map(|(_, value)| value.as_str())
    }

    pub fn is_for_token(&self) -> bool {
        self.line == "POST /oauth/token"
    }
}

pub enum Answer {
    /// These bytes, then the connection is closed.
    Bytes(Vec<u8>),
    /// Nothing, with the connection kept open.
    Silence,
    /// The connection is closed without an answer.
    HangUp,
    /// The connection is torn down.
    Reset,
}

pub fn json(status: u16, body: &str) -> Answer {
    with_header(status, "content-type: application/json", body)
}

pub fn with_header(status: u16, header: &str, body: &str) -> Answer {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} Odd\r\n{header}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    Answer::Bytes([head.as_bytes(), body.as_bytes()].concat())
}

pub fn token(token: &str) -> Answer {
    json(200, &format!(r#"{{"access_token":"{token}","expires_in":3600}}"#))
}

/// Decides on the answer to a request, given how many were for the same before it.
type Script = dyn Fn(&Asked, usize) -> Answer + Send + Sync;

#[derive(Clone)]
pub struct OddProvider {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl OddProvider {
    /// `script` answers every request, those for tokens too.
    pub async fn start(script: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let provider = Self { url, asked: Arc::default() };
        tokio::spawn(provider.clone().serve(listener, Arc::new(script)));
        provider
    }

    /// `script` answers everything but requests for tokens, which get `token-1`, `token-2` and so on.
    pub async fn with_tokens(script: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> Self {
        let tokens_too = move |asked: &Asked, before: usize| match asked.is_for_token() {
            true => token(&format!("token-{}", before + 1)),
            false => script(asked, before),
        };
        Self::start(tokens_too).await
    }

    pub fn client(&self) -> CcpClient {
        client_of(&self.url)
    }

    /// Everything asked so far but tokens, oldest first.
    pub fn calls(&self) -> Vec<Asked> {
        self.asked().into_iter().filter(|asked| !asked.is_for_token()).collect()
    }

    pub fn tokens_asked(&self) -> usize {
        self.asked().iter().filter(|asked| asked.is_for_token()).count()
    }

    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn serve(self, listener: TcpListener, script: Arc<Script>) {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(self.clone().answer(stream, script.clone()));
        }
    }

    async fn answer(self, mut stream: TcpStream, script: Arc<Script>) {
        let Some(asked) = read(&mut stream).await else { return };
        let before = self.remember(&asked);
        match script(&asked, before) {
            Answer::Bytes(bytes) => {
                // The client may have hung up, which is its right.
                let _ = stream.write_all(&bytes).await;
                let _ = stream.shutdown().await;
            }
            Answer::Silence => std::future::pending().await,
            Answer::HangUp => {}
            Answer::Reset => stream.set_zero_linger().expect("a connection to tear down"),
        }
    }

    fn remember(&self, asked: &Asked) -> usize {
        let mut all = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.iter().filter(|other| other.line == asked.line).count();
        all.push(asked.clone());
        before
    }
}

pub fn client_of(url: &str) -> CcpClient {
    let config = CcpConfig::new(url, "cloudsales", "hush-hush".into());
    CcpClient::new(CcpConfig { total_timeout: PATIENCE, ..config }).expect("a client")
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        more(stream, &mut bytes).await?;
    };
    let head = String::from_utf8_lossy(&bytes[..head_end]).into_owned();
    let mut lines = head.lines();
    let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let header = |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let mut asked = Asked { line, headers: lines.filter_map(header).collect(), body: String::new() };
    let length = asked.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while bytes.len() < head_end + 4 + length {
        more(stream, &mut bytes).await?;
    }
    asked.body = String::from_utf8_lossy(&bytes[head_end + 4..]).into_owned();
    Some(asked)
}

async fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let read = stream.read_buf(bytes).await.ok()?;
    (read > 0).then_some(())
}
