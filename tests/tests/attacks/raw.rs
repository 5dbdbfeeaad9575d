//! HTTP by hand: bytes out, bytes in, for what no client library would send.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// More than any limit of the server.
const PATIENCE: Duration = Duration::from_secs(45);

/// What came back on one connection.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    /// In lower case.
    pub head: String,
    pub body: Value,
    /// Status lines on this connection: more than one is a request that was never meant to be one.
    pub answers: usize,
}

impl Reply {
    pub fn slug(&self) -> &str {
        self.body["type"].as_str().unwrap_or_default().trim_start_matches("/problems/")
    }
}

pub async fn connect(port: u16) -> TcpStream {
    let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

/// Sends the bytes and reads until the server closes. The bytes should ask it to.
pub async fn exchange(port: u16, bytes: &[u8]) -> Reply {
    let mut stream = connect(port).await;
    // The server may close before it has read everything; its answer is there all the same.
    let _ = stream.write_all(bytes).await;
    until_closed(&mut stream).await
}

/// Everything until the server closes.
pub async fn until_closed(stream: &mut TcpStream) -> Reply {
    let mut received = Vec::new();
    let read = async {
        let mut chunk = [0; 16 * 1024];
        while let Ok(count @ 1..) = stream.read(&mut chunk).await {
            received.extend_from_slice(&chunk[..count]);
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("the server keeps the connection open");
    reply(&String::from_utf8_lossy(&received))
}

fn reply(text: &str) -> Reply {
    let (head, rest) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
    let body = serde_json::from_str(rest.split("HTTP/1.1 ").next().unwrap_or_default()).unwrap_or_default();
    Reply { status, head: head.to_lowercase(), body, answers: text.matches("HTTP/1.1 ").count() }
}
