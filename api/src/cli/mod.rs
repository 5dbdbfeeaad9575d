//! The command line. Exit status: 0 well, 1 it found what it looks for, 2 wrong use, 3 a dependency is away.

mod billing;
mod config;
mod database;
mod dead_letters;
mod doctor;
mod events;
mod migrate;
mod openapi;
mod output;
mod projections;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{ConfigError, Settings};
use crate::roles::Role;
use crate::threads::{self, Cores};
use crate::{serve, telemetry};

/// It found what it looks for.
pub const FOUND: u8 = 1;
/// The command, the configuration or its combination cannot work.
pub const WRONG_USE: u8 = 2;
/// Something that is needed cannot be reached.
pub const AWAY: u8 = 3;

/// Cloudsales: the system of record for selling cloud services.
#[derive(Debug, Parser)]
#[command(name = "cloudsales", version, disable_help_subcommand = true)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the product, or some roles of it
    Serve {
        /// Separated by commas; all when absent. `react` brings `documents` and `payments` with it
        #[arg(long, value_enum, value_delimiter = ',')]
        roles: Vec<Role>,
    },
    /// Bring the database to this build's schema, as the owner login
    Migrate,
    /// Print the OpenAPI document
    Openapi,
    /// Read models: where they are, and rebuilding one
    Projections {
        #[command(subcommand)]
        command: projections::Command,
    },
    /// Look at everything the product stands on, and say what to do; exit status 1 when something is wrong
    Doctor(doctor::Asked),
    /// The log as it is written
    Events {
        #[command(subcommand)]
        command: events::Command,
    },
    /// Effects that were given up, and events that a reader has parked
    DeadLetters {
        #[command(subcommand)]
        command: dead_letters::Command,
    },
    /// Billing runs
    Billing {
        #[command(subcommand)]
        command: billing::Command,
    },
    /// Configuration
    Config {
        #[command(subcommand)]
        command: config::Command,
    },
}

/// Runs one command; errors go to standard error, one line each cause.
pub fn run(cli: Cli) -> ExitCode {
    let done = match cli.command {
        Command::Openapi => openapi::print(),
        Command::Config { command: config::Command::Show } => settings().and_then(|settings| config::show(&settings)),
        Command::Serve { roles } => served(&roles),
        Command::Migrate => with_settings(async |settings| migrate::run(&settings).await),
        Command::Doctor(asked) => with_settings(async |settings| doctor::run(&settings, &asked).await),
        Command::Events { command } => with_settings(async |settings| events::run(&settings, &command).await),
        Command::Billing { command } => with_settings(async |settings| billing::run(&settings, &command).await),
        Command::DeadLetters { command } => {
            with_settings(async |settings| dead_letters::run(&settings, &command).await)
        }
        Command::Projections { command } => with_settings(async |settings| projections::run(&settings, &command).await),
    };
    match done {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(if error.is::<ConfigError>() { WRONG_USE } else { AWAY })
        }
    }
}

fn settings() -> anyhow::Result<Settings> {
    Ok(Settings::load()?)
}

fn served(roles: &[Role]) -> anyhow::Result<u8> {
    let settings = settings()?;
    telemetry::logs(settings.mode);
    let cores = settings.pin_threads.then(Cores::of_process).transpose()?;
    threads::runtime(cores)?.block_on(serve::run(settings, roles))
}

fn with_settings(work: impl AsyncFnOnce(Settings) -> anyhow::Result<u8>) -> anyhow::Result<u8> {
    let settings = settings()?;
    telemetry::logs(settings.mode);
    threads::runtime(None)?.block_on(work(settings))
}
