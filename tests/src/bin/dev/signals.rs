//! The wishes to stop: Ctrl-C, a polite kill, a closed terminal.

use tokio::signal::unix::{Signal, SignalKind, signal};

pub struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

/// Which wish it was; a terminal sends its interrupt to every program in the foreground, a kill reaches one alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    Interrupt,
    Terminate,
}

impl Signals {
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Waits for the next wish to stop.
    pub async fn next(&mut self) -> Wish {
        tokio::select! {
            _ = self.interrupt.recv() => Wish::Interrupt,
            _ = self.terminate.recv() => Wish::Terminate,
            _ = self.hangup.recv() => Wish::Terminate,
        }
    }
}
