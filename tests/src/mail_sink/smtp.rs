//! Conversations with senders: the protocol is `mailin`'s, the decisions are ours.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mailin::response::{INTERNAL_ERROR, NO_MAILBOX, OK};
use mailin::{Action, Handler, Response, SessionBuilder};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use super::inbox::{Inbox, Received};
use crate::sim::journal::Saved;

const NAME: &str = "mail-sink";
/// A line of a message, or of a command.
const LINE_MAX: u64 = 64 * 1024;
const MESSAGE_MAX: usize = 10 * 1024 * 1024;
/// Before accepting again when the system refuses.
const ACCEPT_PAUSE: Duration = Duration::from_millis(20);

/// Serves until `stop`; conversations under way are cut, as a server that dies would.
pub async fn serve(listener: TcpListener, inbox: Inbox, stop: CancellationToken) {
    let mut conversations = JoinSet::new();
    loop {
        tokio::select! {
            () = stop.cancelled() => break,
            Some(_) = conversations.join_next(), if !conversations.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    conversations.spawn(talk(stream, peer, inbox.clone()));
                }
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
        }
    }
    conversations.shutdown().await;
}

async fn talk(stream: TcpStream, peer: SocketAddr, inbox: Inbox) {
    if let Err(error) = converse(stream, peer.ip(), inbox).await {
        tracing::debug!(%error, "a conversation was cut");
    }
}

async fn converse(mut stream: TcpStream, peer: IpAddr, inbox: Inbox) -> io::Result<()> {
    let (saves, mut saved) = tokio::sync::mpsc::unbounded_channel();
    let mut session = SessionBuilder::new(NAME).build(peer, Clerk { inbox, saves, open: None });
    let (reader, mut writer) = stream.split();
    let mut reader = BufReader::new(reader);
    answer(&mut writer, &session.greeting()).await?;
    let mut line = Vec::new();
    loop {
        line.clear();
        if (&mut reader).take(LINE_MAX).read_until(b'\n', &mut line).await? == 0 {
            return Ok(());
        }
        let mut response = session.process(&line);
        while let Ok(save) = saved.try_recv() {
            let save: Saved = save;
            if save.await.is_err() {
                response = INTERNAL_ERROR;
            }
        }
        if response.action != Action::NoReply {
            answer(&mut writer, &response).await?;
        }
        if response.action == Action::Close {
            return Ok(());
        }
    }
}

async fn answer(writer: &mut (impl AsyncWriteExt + Unpin), response: &Response) -> io::Result<()> {
    let mut bytes = Vec::new();
    response.write_to(&mut bytes)?;
    writer.write_all(&bytes).await?;
    writer.flush().await
}

/// Decides about recipients and takes messages in.
struct Clerk {
    inbox: Inbox,
    saves: tokio::sync::mpsc::UnboundedSender<Saved>,
    /// What is being received.
    open: Option<(Received, Vec<u8>)>,
}

impl Handler for Clerk {
    fn rcpt(&mut self, to: &str) -> Response {
        match to.split('@').next() {
            Some("refused") => NO_MAILBOX,
            Some("later") if self.inbox.puts_off(to) => Response::custom(450, "4.2.0 Come again".to_owned()),
            Some(_) | None => OK,
        }
    }

    fn data_start(&mut self, _domain: &str, from: &str, _is8bit: bool, to: &[String]) -> Response {
        self.open = Some((Received { from: from.to_owned(), to: to.to_vec(), raw: String::new() }, Vec::new()));
        OK
    }

    fn data(&mut self, line: &[u8]) -> io::Result<()> {
        let Some((_, bytes)) = &mut self.open else { return Ok(()) };
        if bytes.len() + line.len() > MESSAGE_MAX {
            return Err(io::Error::other("the message is too long"));
        }
        bytes.extend_from_slice(line);
        Ok(())
    }

    fn data_end(&mut self) -> Response {
        let Some((received, bytes)) = self.open.take() else { return INTERNAL_ERROR };
        let raw = String::from_utf8_lossy(&bytes).into_owned();
        match self.saves.send(self.inbox.take(Received { raw, ..received })) {
            Ok(()) => OK,
            Err(_) => INTERNAL_ERROR,
        }
    }
}
