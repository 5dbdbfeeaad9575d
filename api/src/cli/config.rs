//! `cloudsales config show`

use clap::Subcommand;

use crate::config::Settings;

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Every setting as it is in force, without secrets
    Show,
}

pub fn show(settings: &Settings) -> anyhow::Result<u8> {
    for (name, value) in settings.shown() {
        println!("{name} = {value}");
    }
    Ok(0)
}
