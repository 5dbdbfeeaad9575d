//! A private Postgres server on a free loopback port, which tests may crash and start again.

use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use sqlx::postgres::PgConnection;
use sqlx::{Connection, Executor};

use super::process::{Launch, Process};
use super::unprivileged::{self, Account};
use super::{folders, ports, random_hex, tools};

pub use super::database::{DatabaseUrls, prepare_database};

const SUPERUSER: &str = "postgres";
/// Crash recovery of a few gigabytes of log has to fit in.
const START_LIMIT: Duration = Duration::from_secs(60);
const STOP_GRACE: Duration = Duration::from_secs(30);
/// After a killed postmaster its sessions need a moment to notice and leave the shared memory.
const LEAVING_LIMIT: Duration = Duration::from_secs(20);

/// How the server is set up. Only the port is remembered over restarts; everything else may change with each start.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether an acknowledged commit survives a crash of the machine. Switch it off only where no test crashes anything.
    pub durable: bool,
    pub shared_buffers_mb: u32,
    pub max_connections: u32,
    pub port: Option<u16>,
    /// Where the server writes its messages; beside its data unless said otherwise.
    pub log: Option<PathBuf>,
    /// Further settings of `postgresql.conf`, by name.
    pub settings: Vec<(String, String)>,
}

impl Options {
    pub fn development() -> Self {
        Self {
            durable: true,
            shared_buffers_mb: 256,
            max_connections: 200,
            port: None,
            log: None,
            settings: Vec::new(),
        }
    }

    pub fn bench() -> Self {
        Self { shared_buffers_mb: 1_024, ..Self::development() }
    }

    /// For functional tests: quick, and worthless after a crash.
    pub fn fast_tests() -> Self {
        Self { durable: false, ..Self::development() }
    }

    /// For tests that crash the server or the machine under it.
    pub fn crash_tests() -> Self {
        Self { shared_buffers_mb: 64, ..Self::development() }
    }

    fn all_settings(&self, port: u16) -> Vec<(String, String)> {
        let safety = if self.durable { "on" } else { "off" };
        let fixed = [
            ("listen_addresses", "127.0.0.1".to_string()),
            ("port", port.to_string()),
            // No socket file: its path may be too long for the kernel, and nobody needs it.
            ("unix_socket_directories", String::new()),
            ("max_connections", self.max_connections.to_string()),
            ("shared_buffers", format!("{}MB", self.shared_buffers_mb)),
            ("max_wal_size", "4GB".to_string()),
            ("fsync", safety.to_string()),
            ("synchronous_commit", safety.to_string()),
            ("full_page_writes", safety.to_string()),
            // Compiling a plan costs more than any of our queries.
            ("jit", "off".to_string()),
            ("timezone", "UTC".to_string()),
            ("log_timezone", "UTC".to_string()),
            ("log_checkpoints", "off".to_string()),
            ("log_line_prefix", "%m [%p] %q%u@%d ".to_string()),
        ];
        let fixed = fixed.into_iter().map(|(name, value)| (name.to_string(), value));
        fixed.chain(self.settings.iter().cloned()).collect()
    }
}

/// A cluster and its postmaster. Dropping it stops the postmaster at once; the data stays.
#[derive(Debug)]
pub struct Server {
    bin: PathBuf,
    cluster: PathBuf,
    log: PathBuf,
    account: Option<Account>,
    options: Options,
    port: u16,
    password: String,
    process: Option<Process>,
}

impl Server {
    /// Starts the cluster in `folder`, made new when there is none yet; ready for connections on return.
    pub async fn start(folder: &Path, options: Options) -> anyhow::Result<Self> {
        let account = unprivileged::database_account()?;
        let cluster = unprivileged::private_folder(folder, account)?;
        let mut server = Self {
            bin: tools::postgres_bin()?,
            log: options.log.clone().unwrap_or_else(|| folder.join("postgres.log")),
            password: keep_password(&cluster, account)?,
            port: options.port.map_or_else(ports::reserve, Ok)?,
            cluster,
            account,
            options,
            process: None,
        };
        server.initialise().await?;
        server.start_again().await?;
        Ok(server)
    }

    /// Where to connect as superuser to a database.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{SUPERUSER}:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder with `postgres`, `pgbench` and the other programs of this server's version.
    pub fn bin(&self) -> &Path {
        &self.bin
    }

    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.exit_status().is_none())
    }

    pub async fn create_database(&self, name: &str) -> anyhow::Result<()> {
        let mut connection = PgConnection::connect(&self.url("postgres")).await?;
        connection.execute(format!("create database \"{name}\" template template0").as_str()).await?;
        Ok(connection.close().await?)
    }

    /// Ends sessions and writes everything out.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        self.stop_by("INT").await
    }

    /// The server drops everything at once, as in a crash, but leaves no process behind.
    pub async fn immediate_stop(&mut self) -> anyhow::Result<()> {
        self.stop_by("QUIT").await
    }

    /// SIGKILL to the postmaster: its sessions notice by themselves, a little later.
    pub async fn kill_postmaster(&mut self) -> anyhow::Result<()> {
        match self.process.take() {
            Some(mut process) => process.kill9().await,
            None => Ok(()),
        }
    }

    /// Starts the stopped or crashed server on the same port and waits for its recovery.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        ensure!(!self.is_running(), "Postgres still runs");
        let deadline = Instant::now() + LEAVING_LIMIT;
        loop {
            match self.try_start().await {
                Err(failure) if is_still_leaving(&failure) && Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
                result => return result,
            }
        }
    }

    async fn stop_by(&mut self, signal: &str) -> anyhow::Result<()> {
        match self.process.take() {
            Some(mut process) => process.stop_by(signal, STOP_GRACE).await.map(|_| ()),
            None => Ok(()),
        }
    }

    async fn try_start(&mut self) -> anyhow::Result<()> {
        remove_stale_pid_file(&self.data());
        let settings = self.options.all_settings(self.port);
        let settings = settings.into_iter().flat_map(|(name, value)| ["-c".to_string(), format!("{name}={value}")]);
        let launch = Launch::new(self.bin.join("postgres"), &self.log)
            .argument("-D")
            .argument(self.data())
            .arguments(settings)
            .environment("LC_ALL", "C.UTF-8")
            .in_folder(&self.cluster)
            .as_account(self.account)
            // At once, but with its sessions: a killed postmaster would leave them and the shared memory for a while.
            .orphan_signal("QUIT");
        let process = self.process.insert(launch.spawn()?);
        let url = format!("postgres://{SUPERUSER}:{}@127.0.0.1:{}/postgres", self.password, self.port);
        wait_until_ready(process, &url).await
    }

    fn data(&self) -> PathBuf {
        self.cluster.join("data")
    }

    async fn initialise(&self) -> anyhow::Result<()> {
        let made_by = fs::read_to_string(self.data().join("PG_VERSION"));
        let Ok(made_by) = made_by else { return self.run_initdb().await };
        let ours = tools::postgres_major(&self.bin).map(|major| major.to_string()).unwrap_or_default();
        ensure!(
            made_by.trim() == ours,
            "the data in {} was made by Postgres {}, and {} holds Postgres {ours}: `./dev reset` starts anew",
            self.data().display(),
            made_by.trim(),
            self.bin.display()
        );
        Ok(())
    }

    /// Made under another name and renamed when complete, so that an interrupted start leaves no half cluster.
    async fn run_initdb(&self) -> anyhow::Result<()> {
        let draft = self.cluster.join("data.part");
        let _ = fs::remove_dir_all(&draft);
        let launch = Launch::new(self.bin.join("initdb"), &self.log)
            .arguments(["--encoding=UTF8", "--locale=C.UTF-8", "--auth=scram-sha-256", "--username", SUPERUSER])
            .arguments(if self.options.durable { None } else { Some("--no-sync") })
            .argument("--pwfile")
            .argument(self.cluster.join("superuser_password"))
            .argument("--pgdata")
            .argument(&draft)
            .environment("LC_ALL", "C.UTF-8")
            .in_folder(&self.cluster)
            .as_account(self.account);
        let mut process = launch.spawn()?;
        let status = process.wait(START_LIMIT).await?;
        ensure!(status.success(), "initdb failed:\n{}", process.log_tail());
        Ok(fs::rename(draft, self.data())?)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        let deadline = Instant::now() + Duration::from_secs(5);
        let asked = process.signal("QUIT").is_ok();
        while asked && process.exit_status().is_none() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

async fn wait_until_ready(process: &mut Process, url: &str) -> anyhow::Result<()> {
    let deadline = Instant::now() + START_LIMIT;
    loop {
        process.fail_if_ended()?;
        if let Ok(connection) = PgConnection::connect(url).await {
            return Ok(connection.close().await?);
        }
        process.fail_if_late(deadline, "Postgres accepts no connections")?;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn is_still_leaving(failure: &anyhow::Error) -> bool {
    let text = failure.to_string();
    text.contains("is still in use") || text.contains("postmaster.pid\" already exists")
}

/// After a crash of the machine the file names a process that may be anything by now, and Postgres would wait for it:
/// in a container the numbers are the same ones after every start.
fn remove_stale_pid_file(data: &Path) {
    let path = data.join("postmaster.pid");
    let Ok(text) = fs::read_to_string(&path) else { return };
    let Some(pid) = text.lines().next().map(str::trim).filter(|pid| pid.parse::<u32>().is_ok()) else { return };
    // What is no Postgres is none of ours; of one that runs Postgres itself knows best.
    let is_another = fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() != "postgres");
    if is_another {
        let _ = fs::remove_file(path);
    }
}

/// The superuser's password lies beside the data it opens, readable for the server's account alone.
fn keep_password(cluster: &Path, account: Option<Account>) -> anyhow::Result<String> {
    let path = cluster.join("superuser_password");
    if let Ok(password) = fs::read_to_string(&path) {
        return Ok(password.trim().to_string());
    }
    let password = random_hex(24);
    folders::write_private(&path, &password)?;
    if let Some(account) = account {
        chown(&path, Some(account.uid), Some(account.gid)).context("cannot hand over the password file")?;
    }
    Ok(password)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    /// A data folder whose pid file names that process, and whether it still does after a look.
    fn keeps(pid: &str) -> bool {
        let data = folders::scratch("pid-file").unwrap();
        fs::write(data.join("postmaster.pid"), format!("{pid}\n{}\n", data.display())).unwrap();
        remove_stale_pid_file(&data);
        data.join("postmaster.pid").exists()
    }

    #[test]
    fn a_pid_file_that_names_another_program_is_removed() {
        assert!(!keeps(&std::process::id().to_string()));
    }

    #[test]
    fn a_pid_file_that_names_nobody_is_left_to_postgres() {
        assert!(keeps("4294967295"));
        assert!(keeps("no number"));
    }
}
