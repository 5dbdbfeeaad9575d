//! Where the checkout keeps what it made itself, so that two checkouts never meet: everything lies below `.dev`, but for
//! a root user's cluster (`unprivileged`) and claims on ports (`ports`).

use std::fs;
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::Context;

/// The folder of the checkout. The `dev` script names it, because a binary may outlive a moved checkout.
pub fn checkout() -> PathBuf {
    let built_in = || Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let named = std::env::var_os("CLOUDSALES_ROOT").map(PathBuf::from);
    let folder = named.unwrap_or_else(built_in);
    folder.canonicalize().unwrap_or(folder)
}

/// The folder for everything that is not source: tools, data, logs, tokens.
pub fn dev() -> PathBuf {
    checkout().join(".dev")
}

/// A new empty folder for the servers of this process, removed by a later run once the process is gone.
pub fn scratch(name: &str) -> anyhow::Result<PathBuf> {
    let folder = scratch_root().join(std::process::id().to_string()).join(super::unique_name(name));
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    Ok(folder)
}

/// Removes the scratch folders of processes that have ended.
pub fn remove_abandoned_scratch() {
    let Ok(entries) = fs::read_dir(scratch_root()) else { return };
    for entry in entries.flatten() {
        let owner = entry.file_name().to_string_lossy().into_owned();
        if !Path::new("/proc").join(&owner).exists() {
            remove_with_private_folders(&entry.path());
        }
    }
}

/// Removes the scratch folders of this process; its servers must have stopped.
pub fn remove_own_scratch() {
    remove_with_private_folders(&scratch_root().join(std::process::id().to_string()));
}

/// A cluster may lie elsewhere, under a name made from the folder it belongs to: a scratch folder or one directly in it.
fn remove_with_private_folders(folder: &Path) {
    for entry in folders_in(folder) {
        let owners = folders_in(&entry).into_iter().chain([entry]);
        owners.for_each(|owner| super::unprivileged::remove_private_folder(&owner));
    }
    let _ = fs::remove_dir_all(folder);
}

fn folders_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect()
}

fn scratch_root() -> PathBuf {
    dev().join("scratch")
}

/// Writes a file that only its owner may read, whole or not at all.
pub fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let draft = path.with_extension("part");
    let _ = fs::remove_file(&draft);
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&draft)?;
    file.write_all(text.as_bytes())?;
    // Renamed before it is on disk, it may be empty after a crash of the machine.
    file.sync_all()?;
    fs::rename(&draft, path).with_context(|| format!("cannot write {}", path.display()))
}

/// Creates a folder that only its owner may enter.
pub fn create_private(folder: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))?;
    Ok(())
}
