//! Postgres refuses to run as root. A root user's servers therefore run as somebody else, in a folder that somebody can reach.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};
use sha2::{Digest, Sha256};

/// A user of this machine that may own a database cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Account {
    pub uid: u32,
    pub gid: u32,
}

/// The user id this process acts as.
pub fn effective_uid() -> anyhow::Result<u32> {
    Ok(fs::metadata("/proc/self").context("cannot read /proc/self")?.uid())
}

/// Whom the database runs as: nobody else for a normal user; for root the user `postgres`, or `nobody` where it is missing.
pub fn database_account() -> anyhow::Result<Option<Account>> {
    if effective_uid()? != 0 {
        return Ok(None);
    }
    let passwd = fs::read_to_string("/etc/passwd").context("cannot read /etc/passwd")?;
    let found = ["postgres", "nobody"].iter().find_map(|name| find_account(&passwd, name));
    found
        .map(Some)
        .context("running as root, and there is neither a user postgres nor a user nobody to run Postgres as")
}

fn find_account(passwd: &str, name: &str) -> Option<Account> {
    let line = passwd.lines().find(|line| line.split(':').next() == Some(name))?;
    let mut ids = line.split(':').skip(2);
    Some(Account { uid: ids.next()?.parse().ok()?, gid: ids.next()?.parse().ok()? })
}

/// The folder for the cluster that belongs to `folder`: inside it, or below `/var/tmp` when the account cannot reach it.
/// Created when missing, owned by the account, closed to everybody else.
pub fn private_folder(folder: &Path, account: Option<Account>) -> anyhow::Result<PathBuf> {
    fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let place = match account {
        Some(account) if !can_reach(folder, account) => create_elsewhere(folder)?,
        Some(_) | None => folder.to_path_buf(),
    };
    let private = place.join("cluster");
    super::folders::create_private(&private)?;
    if let Some(account) = account {
        chown(&private, Some(account.uid), Some(account.gid))?;
    }
    Ok(private)
}

/// Removes what [`private_folder`] made for `folder`, wherever that was.
pub fn remove_private_folder(folder: &Path) {
    let _ = fs::remove_dir_all(folder.join("cluster"));
    let elsewhere = elsewhere(folder);
    let is_ours =
        fs::symlink_metadata(&elsewhere).is_ok_and(|found| found.is_dir() && Some(found.uid()) == effective_uid().ok());
    if is_ours {
        let _ = fs::remove_dir_all(elsewhere);
    }
}

fn can_reach(folder: &Path, account: Account) -> bool {
    let mut probe = Command::new("test");
    probe.arg("-x").arg(folder).uid(account.uid).gid(account.gid).current_dir("/").stdin(Stdio::null());
    probe.status().is_ok_and(|status| status.success())
}

/// `/var/tmp` is writable for all, so a folder of that name which somebody else prepared must not be trusted.
fn create_elsewhere(folder: &Path) -> anyhow::Result<PathBuf> {
    let elsewhere = elsewhere(folder);
    if let Err(error) = fs::create_dir(&elsewhere) {
        ensure!(error.kind() == std::io::ErrorKind::AlreadyExists, "cannot create {}: {error}", elsewhere.display());
    }
    let found = fs::symlink_metadata(&elsewhere)?;
    let is_ours = found.is_dir() && found.uid() == effective_uid()?;
    ensure!(is_ours, "{} exists and belongs to somebody else; remove it", elsewhere.display());
    // A strict umask would otherwise shut out the very account this is for.
    fs::set_permissions(&elsewhere, fs::Permissions::from_mode(0o755))?;
    Ok(elsewhere)
}

fn elsewhere(folder: &Path) -> PathBuf {
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_path_buf());
    let digest = hex::encode(Sha256::digest(whole.as_os_str().as_encoded_bytes()));
    Path::new("/var/tmp").join(format!("cloudsales-{}", &digest[..16]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_user_and_group_of_an_account() {
        let passwd = "root:x:0:0:root:/root:/bin/sh\npostgres:x:101:104:,,,:/var/lib/postgresql:/bin/bash\n";
        assert_eq!(find_account(passwd, "postgres"), Some(Account { uid: 101, gid: 104 }));
        assert_eq!(find_account(passwd, "post"), None);
    }
}
