//! A TCP proxy between a client and Postgres that loses answers, cuts connections, slows them down and forgets them on
//! demand.
//!
//! What matters most in a lost connection is that the server may have committed. The proxy reads the server's side of
//! the protocol, so that it can cut exactly between a commit and its acknowledgement.

mod answers;

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::Context;
use reqwest::Url;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use answers::{Answers, Committed};

/// The client asks for encryption with these eight bytes before anything else.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
const CHUNK: usize = 16 * 1_024;

/// A running proxy; dropping it cuts everything and stops it.
#[derive(Debug)]
pub struct Proxy {
    address: SocketAddr,
    faults: Arc<Faults>,
    accepting: tokio::task::JoinHandle<()>,
}

#[derive(Debug)]
struct Faults {
    target: String,
    /// Acknowledgements still to be swallowed.
    cuts: AtomicU64,
    /// Every n-th acknowledgement is swallowed; 0 for none.
    every: AtomicU64,
    commits: AtomicU64,
    lost: AtomicU64,
    delay_ms: AtomicU64,
    refusing: AtomicBool,
    refused: AtomicU64,
    /// Raised to cut all connections of the moment.
    generation: watch::Sender<u64>,
    /// Raised to forget them.
    forgotten: watch::Sender<u64>,
}

impl Proxy {
    /// Listens on a free loopback port and forwards to `target`, a `host:port` of a Postgres server.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start(target: impl Into<String>) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.context("no port for the proxy")?;
        let faults = Arc::new(Faults {
            target: target.into(),
            cuts: AtomicU64::new(0),
            every: AtomicU64::new(0),
            commits: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            delay_ms: AtomicU64::new(0),
            refusing: AtomicBool::new(false),
            refused: AtomicU64::new(0),
            generation: watch::channel(0).0,
            forgotten: watch::channel(0).0,
        });
        let address = listener.local_addr()?;
        let accepting = tokio::spawn(accept(listener, Arc::clone(&faults)));
        Ok(Self { address, faults, accepting })
    }

    /// A proxy before the server of that URL.
    ///
    /// # Errors
    /// When the URL names no host, or no port can be had.
    pub async fn before(url: &str) -> anyhow::Result<Self> {
        let url = Url::parse(url)?;
        let host = url.host_str().context("the URL names no host")?;
        Self::start(format!("{host}:{}", url.port().unwrap_or(5432))).await
    }

    /// The same URL, by way of this proxy.
    ///
    /// # Errors
    /// When it is no URL with a host.
    pub fn url(&self, url: &str) -> anyhow::Result<String> {
        let mut url = Url::parse(url)?;
        url.set_host(Some("127.0.0.1"))?;
        url.set_port(Some(self.address.port())).ok().context("the URL takes no port")?;
        Ok(url.into())
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Swallows the acknowledgements of the next `count` commits, on whatever connection, and cuts those connections.
    /// A statement outside of a transaction commits too.
    pub fn cut_after_commits(&self, count: u64) {
        self.faults.cuts.store(count, Ordering::SeqCst);
    }

    /// Swallows every `n`-th acknowledgement and cuts its connection; 0 ends it.
    pub fn cut_every(&self, n: u64) {
        self.faults.every.store(n, Ordering::SeqCst);
    }

    /// Cuts every connection there is.
    pub fn cut_all(&self) {
        self.faults.generation.send_modify(|generation| *generation += 1);
    }

    /// Keeps every connection there is, and carries nothing over it any more: as a firewall that has forgotten them.
    pub fn silence(&self) {
        self.faults.forgotten.send_modify(|forgotten| *forgotten += 1);
    }

    /// Closes new connections at once, until told otherwise.
    pub fn refuse(&self, refusing: bool) {
        self.faults.refusing.store(refusing, Ordering::SeqCst);
    }

    /// Holds everything the server says back for so long.
    pub fn delay(&self, delay: Duration) {
        self.faults.delay_ms.store(u64::try_from(delay.as_millis()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    /// Commits seen, swallowed ones included.
    pub fn commits(&self) -> u64 {
        self.faults.commits.load(Ordering::SeqCst)
    }

    /// Connections closed at once.
    pub fn refused(&self) -> u64 {
        self.faults.refused.load(Ordering::SeqCst)
    }

    /// Acknowledgements swallowed.
    pub fn lost(&self) -> u64 {
        self.faults.lost.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.accepting.abort();
        self.cut_all();
    }
}

impl Faults {
    /// Notes a commit, and whether its acknowledgement is to be lost.
    fn swallows_commit(&self) -> bool {
        let count = self.commits.fetch_add(1, Ordering::SeqCst) + 1;
        let every = self.every.load(Ordering::SeqCst);
        let planned = |left: u64| left.checked_sub(1);
        let lost = every > 0 && count.is_multiple_of(every)
            || self.cuts.fetch_update(Ordering::SeqCst, Ordering::SeqCst, planned).is_ok();
        self.lost.fetch_add(u64::from(lost), Ordering::SeqCst);
        lost
    }

    async fn pause(&self) {
        let delay_ms = self.delay_ms.load(Ordering::SeqCst);
        if delay_ms > 0 {
            tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        }
    }
}

async fn accept(listener: TcpListener, faults: Arc<Faults>) {
    while let Ok((client, _)) = listener.accept().await {
        if faults.refusing.load(Ordering::SeqCst) {
            faults.refused.fetch_add(1, Ordering::SeqCst);
        } else {
            tokio::spawn(connect(client, Arc::clone(&faults)));
        }
    }
}

/// Carries one connection until either side ends it or it is cut. Its end is nobody's error.
async fn connect(client: TcpStream, faults: Arc<Faults>) {
    let (mut generation, mut forgotten) = (faults.generation.subscribe(), faults.forgotten.subscribe());
    let Ok(server) = TcpStream::connect(&faults.target).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let (client_says, client_hears) = client.into_split();
    let (server_says, server_hears) = server.into_split();
    let mut carried = pin!(async {
        tokio::select! {
            _ = questions(client_says, server_hears, &client_hears) => {}
            _ = replies(server_says, &client_hears, &faults) => {}
        }
    });
    tokio::select! {
        () = &mut carried => {}
        _ = generation.changed() => {}
        // What it holds stays open, and nothing moves it on.
        _ = forgotten.changed() => { let _ = generation.changed().await; }
    }
}

async fn questions(
    mut client: OwnedReadHalf,
    mut server: OwnedWriteHalf,
    answer: &OwnedWriteHalf,
) -> std::io::Result<()> {
    let mut first = [0; 8];
    client.read_exact(&mut first).await?;
    if first == SSL_REQUEST {
        // The proxy wants to read along.
        write_all(answer, b"N").await?;
    } else {
        server.write_all(&first).await?;
    }
    tokio::io::copy(&mut client, &mut server).await?;
    server.shutdown().await
}

async fn replies(mut server: OwnedReadHalf, client: &OwnedWriteHalf, faults: &Faults) -> std::io::Result<()> {
    let mut answers = Answers::default();
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = server.read(&mut chunk).await?;
        if count == 0 {
            return write_all(client, &answers.rest()).await;
        }
        answers.take(&chunk[..count]);
        while let Some((answer, committed)) = answers.next() {
            if committed == Committed::Yes && faults.swallows_commit() {
                return Ok(());
            }
            faults.pause().await;
            write_all(client, &answer).await?;
        }
    }
}

/// Two tasks may answer a client, never at the same time: the first bytes and everything after them.
async fn write_all(client: &OwnedWriteHalf, mut bytes: &[u8]) -> std::io::Result<()> {
    while !bytes.is_empty() {
        client.writable().await?;
        match client.try_write(bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
