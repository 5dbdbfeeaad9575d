//! One Postgres and one NATS server for a whole test run: started before the runner, stopped after it.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Context;
use tests::world::backing::Backing;
use tests::world::{folders, nats, postgres, process};

use crate::signals::{Signals, Wish};

/// Runs the command with the servers' addresses in its environment and ends with its status.
pub async fn run_with_servers(command: &[OsString]) -> anyhow::Result<ExitCode> {
    let mut signals = Signals::listen()?;
    folders::remove_abandoned_scratch();
    let folder = folders::scratch("servers")?;
    let started = Backing::start(&folder, postgres::Options::fast_tests(), nats::Options::shared_by_tests());
    let mut backing = tokio::select! {
        started = started => started?,
        _ = signals.next() => anyhow::bail!("stopped while starting"),
    };
    let result = run(command, &backing, &mut signals).await;
    let stopped = backing.stop().await;
    folders::remove_own_scratch();
    let code = result?;
    stopped?;
    Ok(code)
}

async fn run(command: &[OsString], backing: &Backing, signals: &mut Signals) -> anyhow::Result<ExitCode> {
    let (program, arguments) = command.split_first().context("no command to run")?;
    let mut child = tokio::process::Command::new(program)
        .args(arguments)
        .env("CLOUDSALES_TEST_PG_URL", &backing.postgres_url)
        .env("CLOUDSALES_TEST_NATS_URL", &backing.nats_url)
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot run {}", program.display()))?;
    loop {
        tokio::select! {
            status = child.wait() => return Ok(exit_code(status?.code())),
            wish = signals.next() => pass_on(wish, child.id())?,
        }
    }
}

/// A terminal has told the runner already; a kill that reached only us must be passed on.
fn pass_on(wish: Wish, child: Option<u32>) -> anyhow::Result<()> {
    match (wish, child) {
        (Wish::Terminate, Some(pid)) => process::send_signal(pid, "TERM"),
        (Wish::Terminate, None) | (Wish::Interrupt, _) => Ok(()),
    }
}

/// A runner that a signal ended has no code of its own, and has not passed.
fn exit_code(code: Option<i32>) -> ExitCode {
    code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
