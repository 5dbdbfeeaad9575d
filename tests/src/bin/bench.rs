//! Measures the product beside its limits and prints the table. `./dev bench` builds it optimised and starts it.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;

use api::threads::{self, Cores};
use clap::{Parser, Subcommand};
use tests::bench::{self, bare, documents, plan::Plan};
use tests::world::folders;
use tracing_subscriber::EnvFilter;

/// Commands are many small allocations: this allocator spends about half the processor time of the system's on them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[derive(Parser)]
#[command(
    name = "bench",
    about = "Measures commands, lag, rebuild, relay, billing, reads and memory, each beside its limit."
)]
struct Arguments {
    /// Short runs: shows that everything works, and says nothing about speed.
    #[arg(long)]
    quick: bool,
    /// Only these figures, like 1,2,6; nothing is written to docs then.
    #[arg(long, value_delimiter = ',')]
    rows: Vec<u8>,
    /// Length of each run of commands.
    #[arg(long)]
    seconds: Option<u64>,
    #[command(subcommand)]
    as_another: Option<AsAnother>,
}

/// What this program starts itself as.
#[derive(Subcommand)]
enum AsAnother {
    /// The server that reads are compared with.
    #[command(name = bare::ARGUMENT, hide = true)]
    Bare { port: u16, constant: PathBuf },
}

fn main() -> ExitCode {
    // Fails only if a provider is there already, and then there is one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    match run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> anyhow::Result<()> {
    let pinned = threads::runtime(Some(Cores::of_process()?))?;
    if let Some(AsAnother::Bare { port, constant }) = &arguments.as_another {
        return pinned.block_on(bare::serve(*port, constant.clone()));
    }
    let plan = Plan::new(arguments.quick, &arguments.rows, arguments.seconds)?;
    log_like_the_product()?;
    // What this program starts must not inherit a core, so it does not run on those threads itself.
    let report = threads::runtime(None)?.block_on(bench::run(&plan, pinned.handle()))?;
    println!("\n{}", report.table());
    if plan.is_whole() {
        println!("Written: {}", documents::write(&report)?.display());
    }
    Ok(())
}

/// Spans and logs cost what they cost in the product; they go to a file.
fn log_like_the_product() -> anyhow::Result<()> {
    let folder = folders::dev().join("logs");
    std::fs::create_dir_all(&folder)?;
    let file = std::fs::File::create(folder.join("bench.log"))?;
    let filter = EnvFilter::new("info,async_nats=warn");
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(Mutex::new(file)).init();
    Ok(())
}
