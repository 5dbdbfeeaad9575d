//! A server that answers whatever a test wants, byte by byte, and remembers what it was asked.

use std::sync::{Arc, Mutex, PoisonError};

use anyhow::Context;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

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
}

#[derive(Debug, Clone)]
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

/// `header` is a whole line, or several with the line ends between them.
pub fn with_header(status: u16, header: &str, body: &str) -> Answer {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} Odd\r\n{header}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n");
    Answer::Bytes([head.as_bytes(), body.as_bytes()].concat())
}

/// Decides on the answer to a request, given how many were for the same before it.
type Script = dyn Fn(&Asked, usize) -> Answer + Send + Sync;

/// It lives as long as the test's runtime.
#[derive(Debug, Clone)]
pub struct OddServer {
    pub url: String,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl OddServer {
    /// On a free port.
    ///
    /// # Errors
    /// When there is none.
    pub async fn start(script: impl Fn(&Asked, usize) -> Answer + Send + Sync + 'static) -> anyhow::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("there is no free port")?;
        let server = Self { url: format!("http://{}", listener.local_addr()?), asked: Arc::default() };
        tokio::spawn(server.clone().serve(listener, Arc::new(script)));
        Ok(server)
    }

    /// Everything asked so far, oldest first.
    pub fn asked(&self) -> Vec<Asked> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn serve(self, listener: TcpListener, script: Arc<Script>) {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(self.clone().answer(stream, Arc::clone(&script)));
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
            Answer::Reset => {
                let _ = stream.set_zero_linger();
            }
        }
    }

    fn remember(&self, asked: &Asked) -> usize {
        let mut all = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let before = all.iter().filter(|other| other.line == asked.line).count();
        all.push(asked.clone());
        before
    }
}

async fn read(stream: &mut TcpStream) -> Option<Asked> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        more(stream, &mut bytes).await?;
    };
    let head = String::from_utf8_lossy(bytes.get(..head_end)?).into_owned();
    let mut lines = head.lines();
    let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let header = |line: &str| line.split_once(':').map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()));
    let mut asked = Asked { line, headers: lines.filter_map(header).collect(), body: String::new() };
    let length = asked.header("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    while bytes.len() < head_end + 4 + length {
        more(stream, &mut bytes).await?;
    }
    asked.body = String::from_utf8_lossy(bytes.get(head_end + 4..)?).into_owned();
    Some(asked)
}

async fn more(stream: &mut TcpStream, bytes: &mut Vec<u8>) -> Option<()> {
    let read = stream.read_buf(bytes).await.ok()?;
    (read > 0).then_some(())
}
