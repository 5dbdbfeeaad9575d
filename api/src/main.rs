//! The one shipped binary.

use std::process::ExitCode;

use api::cli::{self, Cli};
use clap::Parser;

/// Commands are many small allocations: this allocator spends about half the processor time of the system's on them.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    // Several crates of the tree could bring a TLS provider; this is the one, before anything else runs.
    if rustls::crypto::aws_lc_rs::default_provider().install_default().is_err() {
        eprintln!("error: a TLS provider is installed already");
        return ExitCode::from(cli::WRONG_USE);
    }
    cli::run(Cli::parse())
}
