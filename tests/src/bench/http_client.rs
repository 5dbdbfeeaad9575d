//! A load generator's connection: kept alive, one request at a time, and cheap, since it shares the machine.

use anyhow::{Context, bail, ensure};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// More than any answer to a command.
const BUFFER: usize = 16 * 1024;

/// An answer: its status, and its body as long as the connection is not used again.
#[derive(Debug)]
pub struct Reply<'a> {
    pub status: u16,
    pub body: &'a [u8],
}

/// What is sent.
#[derive(Debug)]
pub struct Request<'a> {
    /// Method and path, as on the wire.
    pub target: &'a str,
    pub token: &'a str,
    pub key: &'a str,
    /// JSON.
    pub body: &'a str,
}

#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    out: Vec<u8>,
}

impl Connection {
    /// # Errors
    /// When nobody listens.
    pub async fn open(port: u16) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await.context("the API does not listen")?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(BUFFER), out: Vec::with_capacity(2_048) })
    }

    /// Sends and waits for the whole answer.
    ///
    /// # Errors
    /// When the connection ends, or the answer is not one this client reads.
    pub async fn send(&mut self, request: &Request<'_>) -> anyhow::Result<Reply<'_>> {
        let Request { target, token, key, body } = request;
        self.out.clear();
        let length = body.len();
        std::io::Write::write_fmt(
            &mut self.out,
            format_args!(
                "{target} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\nidempotency-key: {key}\r\n\
                 content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
            ),
        )?;
        self.exchange().await
    }

    /// Asks for something; `target` is method and path.
    ///
    /// # Errors
    /// As [`Self::send`].
    pub async fn get(&mut self, target: &str, token: &str) -> anyhow::Result<Reply<'_>> {
        self.out.clear();
        std::io::Write::write_fmt(
            &mut self.out,
            format_args!("{target} HTTP/1.1\r\nhost: 127.0.0.1\r\nauthorization: Bearer {token}\r\n\r\n"),
        )?;
        self.exchange().await
    }

    /// Sends what is written down and reads the answer.
    async fn exchange(&mut self) -> anyhow::Result<Reply<'_>> {
        self.stream.write_all(&self.out).await?;
        self.buffer.clear();
        let (head, length, status) = self.head().await?;
        while self.buffer.len() < head + length {
            self.read().await?;
        }
        Ok(Reply { status, body: &self.buffer[head..head + length] })
    }

    /// Length of the head, length of the body, status.
    async fn head(&mut self) -> anyhow::Result<(usize, usize, u16)> {
        loop {
            let end = self.buffer.windows(4).position(|four| four == b"\r\n\r\n");
            if let Some(end) = end {
                let head = std::str::from_utf8(&self.buffer[..end]).context("the answer's head is no text")?;
                let (length, status) = parse_head(head)?;
                return Ok((end + 4, length, status));
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        ensure!(self.stream.read_buf(&mut self.buffer).await? > 0, "the API closed the connection");
        Ok(())
    }
}

/// Length of the body, and status.
fn parse_head(head: &str) -> anyhow::Result<(usize, u16)> {
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("no status line")?.parse()?;
    for line in lines {
        let Some((name, value)) = line.split_once(':') else { bail!("{line:?} is no header") };
        if name.eq_ignore_ascii_case("content-length") {
            return Ok((value.trim().parse()?, status));
        }
    }
    bail!("an answer without Content-Length")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn heads_are_read_whatever_the_case() {
        assert_eq!(parse_head("HTTP/1.1 201 Created\r\nContent-Length: 12\r\netag: \"1\"").unwrap(), (12, 201));
        assert!(parse_head("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked").is_err());
    }
}
