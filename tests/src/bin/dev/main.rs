//! Starts, stops and shows the development world. The `dev` script builds this program and calls it.

mod data;
mod down;
mod records;
mod signals;
mod test_servers;
mod up;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand, ValueEnum};
use tests::demo;
use tests::world::description::Description;

#[derive(Parser)]
#[command(
    name = "dev",
    about = "The development world: databases, messages, simulators and the product on this machine."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start everything, tell one order's story and keep serving until Ctrl-C.
    Up(UpOptions),
    /// Stop what `up` started in this checkout.
    Down,
    /// Stop, and remove the data.
    Reset {
        /// The data folder to remove, if it is not the one used last.
        #[arg(long)]
        data: Option<PathBuf>,
    },
    /// Tell a story against the running world.
    Demo {
        #[arg(value_enum, default_value_t = Story::Order)]
        story: Story,
    },
    /// Run a command with a shared Postgres and NATS for its tests.
    TestServers {
        #[arg(long, required = true, num_args = 1.., allow_hyphen_values = true)]
        run: Vec<OsString>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Story {
    /// From a new customer to an active subscription.
    Order,
    /// The worked month: what two customers buy and change, and their invoices; business time moves on by two months.
    Month,
    /// An invoice that is collected by itself, and one that is not: reminders, suspension, payment; business time moves on
    /// by three months.
    Collection,
    /// A year in the life of a subscription; business time moves on by more than a year.
    Year,
}

#[derive(Args, Clone, Debug)]
struct UpOptions {
    /// Do not tell the story.
    #[arg(long)]
    quiet: bool,
    /// No sample customers, and no story.
    #[arg(long)]
    empty: bool,
    /// Where business time begins in a new world, like 2026-10-01T09:00:00Z.
    #[arg(long)]
    clock: Option<chrono::DateTime<chrono::Utc>>,
    /// Where the data lies; `.dev/data` unless said otherwise.
    #[arg(long)]
    data: Option<PathBuf>,
    /// Made once everything is ready and told: whoever started this in the background waits for it.
    #[arg(long, hide = true)]
    ready_file: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    // Fails only if a provider is there already, and then there is one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match run(Arguments::parse().command).await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("dev: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn tell(story: Story, world: &Description) -> anyhow::Result<()> {
    match story {
        Story::Order => demo::run(world).await,
        Story::Month => demo::month::run(world).await,
        Story::Collection => demo::collection::run(world).await,
        Story::Year => demo::year::run(world).await,
    }
}

async fn run(command: Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::Up(options) => up::up(&options).await?,
        Command::Down => down::down().await?,
        Command::Reset { data } => down::reset(data).await?,
        Command::Demo { story } => tell(story, &Description::read(&records::description_path())?).await?,
        Command::TestServers { run } => return test_servers::run_with_servers(&run).await,
    }
    Ok(ExitCode::SUCCESS)
}
