//! A mail server that delivers nothing: it keeps what it is sent, and shows it at a URL.
//!
//! Like mail stores it keeps one message per Message-ID and counts how often it came. Who is written to decides what
//! happens: `refused@…` does not exist, and `later@…` is taken at the second try only. Everything else is taken, and on
//! disk before the sender hears of it.

mod http;
mod inbox;
mod shown;
mod smtp;

use std::net::SocketAddr;
use std::path::Path;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::sim::server;
use inbox::Inbox;

/// A running sink. Dropping it ends its tasks at the next opportunity; `stop` waits for them.
#[derive(Debug)]
pub struct Sink {
    pub smtp: SocketAddr,
    pub http: SocketAddr,
    stop: CancellationToken,
    servers: Vec<JoinHandle<()>>,
}

/// Reads the folder, binds both ports and serves. Port 0 takes a free one.
///
/// # Errors
/// When the folder cannot be read or is in use, or a port cannot be bound.
pub async fn start(smtp: SocketAddr, http: SocketAddr, data: &Path) -> anyhow::Result<Sink> {
    let inbox = Inbox::open(data)?;
    let (mail, web) = (listen(smtp).await?, listen(http).await?);
    let stop = CancellationToken::new();
    Ok(Sink {
        smtp: mail.local_addr()?,
        http: web.local_addr()?,
        servers: vec![
            tokio::spawn(smtp::serve(mail, inbox.clone(), stop.clone())),
            tokio::spawn(server::serve(web, http::router(inbox), stop.clone())),
        ],
        stop,
    })
}

async fn listen(address: SocketAddr) -> anyhow::Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

impl Sink {
    pub async fn stop(self) {
        self.stop.cancel();
        for server in self.servers {
            // It was cut, or it failed; either way it has ended.
            let _ = server.await;
        }
    }
}
