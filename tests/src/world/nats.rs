//! A private NATS server with JetStream on disk, which tests may crash, wipe or rewind.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpStream;

use super::process::{Launch, Process};
use super::{folders, ports, random_hex, tools};

const LOGIN: &str = "cloudsales";
const START_LIMIT: Duration = Duration::from_secs(30);
const STOP_GRACE: Duration = Duration::from_secs(15);

#[derive(Clone, Debug)]
pub struct Options {
    /// What all streams together may reserve on disk.
    pub max_file_store_mb: u32,
    pub port: Option<u16>,
    /// Where the server writes its messages; beside its store unless said otherwise.
    pub log: Option<PathBuf>,
}

impl Options {
    pub fn development() -> Self {
        Self { max_file_store_mb: 4_096, port: None, log: None }
    }

    /// Every world reserves its stream's whole size when it starts, and many worlds share the server. Nothing is
    /// written before it is used.
    pub fn shared_by_tests() -> Self {
        Self { max_file_store_mb: 65_536, port: None, log: None }
    }
}

/// A server and its store. Dropping it kills the server; the store stays.
#[derive(Debug)]
pub struct Server {
    folder: PathBuf,
    log: PathBuf,
    port: u16,
    password: String,
    process: Option<Process>,
}

impl Server {
    /// Starts a server whose store lies in `folder`; ready for clients and streams on return.
    pub async fn start(folder: &Path, options: Options) -> anyhow::Result<Self> {
        folders::create_private(folder)?;
        let port = options.port.map_or_else(ports::reserve, Ok)?;
        let mut server = Self {
            folder: folder.to_path_buf(),
            log: options.log.unwrap_or_else(|| folder.join("nats.log")),
            port,
            password: keep_password(folder)?,
            process: None,
        };
        server.write_configuration(options.max_file_store_mb)?;
        server.start_again().await?;
        Ok(server)
    }

    /// Where to connect, login included.
    pub fn url(&self) -> String {
        format!("nats://{LOGIN}:{}@127.0.0.1:{}", self.password, self.port)
    }

    pub fn pid(&self) -> Option<u32> {
        self.process.as_ref().map(Process::pid)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    pub fn is_running(&mut self) -> bool {
        self.process.as_mut().is_some_and(|process| process.exit_status().is_none())
    }

    /// Lets clients go and writes everything out.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        match self.process.take() {
            Some(mut process) => process.terminate(STOP_GRACE).await.map(|_| ()),
            None => Ok(()),
        }
    }

    /// The crash: what was not yet synced may be missing afterwards.
    pub async fn kill(&mut self) -> anyhow::Result<()> {
        match self.process.take() {
            Some(mut process) => process.kill9().await,
            None => Ok(()),
        }
    }

    /// Starts the stopped or crashed server on the same port.
    pub async fn start_again(&mut self) -> anyhow::Result<()> {
        ensure!(!self.is_running(), "the NATS server still runs");
        let launch = Launch::new(tools::nats_server()?, &self.log)
            .argument("--config")
            .argument(self.folder.join("nats.conf"))
            .in_folder(&self.folder);
        let process = self.process.insert(launch.spawn()?);
        let deadline = Instant::now() + START_LIMIT;
        while !offers_streams(self.port).await {
            process.fail_if_ended()?;
            process.fail_if_late(deadline, "the NATS server accepts no clients")?;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Ok(())
    }

    /// Loses every stream; only while stopped.
    pub fn wipe_store(&mut self) -> anyhow::Result<()> {
        ensure!(!self.is_running(), "stop the NATS server before touching its store");
        remove_if_there(&self.store())
    }

    /// Copies the store as it lies on disk, also while the server runs: that is what a power cut would leave.
    pub fn copy_store(&self, to: &Path) -> anyhow::Result<()> {
        remove_if_there(to)?;
        copy_folder(&self.store(), to).with_context(|| format!("cannot copy the store to {}", to.display()))
    }

    /// Puts an earlier copy in place of the store; only while stopped.
    pub fn restore_store(&mut self, from: &Path) -> anyhow::Result<()> {
        self.wipe_store()?;
        copy_folder(from, &self.store()).with_context(|| format!("cannot restore the store from {}", from.display()))
    }

    fn store(&self) -> PathBuf {
        self.folder.join("store")
    }

    fn write_configuration(&self, max_file_store_mb: u32) -> anyhow::Result<()> {
        let store = serde_json::to_string(&self.store())?;
        let text = format!(
            "listen: \"127.0.0.1:{}\"\n\
             jetstream {{ store_dir: {store}, max_file_store: {max_file_store_mb}MB, max_memory_store: 64MB }}\n\
             authorization {{ user: {LOGIN}, password: \"{}\" }}\n",
            self.port, self.password
        );
        folders::write_private(&self.folder.join("nats.conf"), &text)
    }
}

/// Connects with the login that stands in the address: the client library takes no notice of it by itself.
pub async fn connect(url: &str) -> anyhow::Result<async_nats::Client> {
    let address: async_nats::ServerAddr = url.parse()?;
    let options = match (address.username(), address.password()) {
        (Some(user), Some(password)) => {
            async_nats::ConnectOptions::with_user_and_password(user.to_string(), password.to_string())
        }
        (Some(token), None) => async_nats::ConnectOptions::with_token(token.to_string()),
        (None, _) => async_nats::ConnectOptions::new(),
    };
    options.connect(address).await.context("cannot reach the NATS server")
}

/// The first line a server sends says what it can do; it sends none before its streams are recovered.
async fn offers_streams(port: u16) -> bool {
    let greeting = async {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        let mut line = String::new();
        BufReader::new(stream).read_line(&mut line).await?;
        anyhow::Ok(line)
    };
    let greeting = tokio::time::timeout(Duration::from_secs(2), greeting).await;
    greeting.is_ok_and(|line| line.is_ok_and(|line| line.starts_with("INFO") && line.contains("\"jetstream\":true")))
}

fn keep_password(folder: &Path) -> anyhow::Result<String> {
    let path = folder.join("password");
    if let Ok(password) = fs::read_to_string(&path) {
        return Ok(password.trim().to_string());
    }
    let password = random_hex(24);
    folders::write_private(&path, &password)?;
    Ok(password)
}

fn remove_if_there(folder: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Files that vanish while a running server's store is copied are left out.
fn copy_folder(from: &Path, to: &Path) -> anyhow::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let copied = match entry.file_type() {
            Ok(kind) if kind.is_dir() => copy_folder(&entry.path(), &to.join(entry.file_name())),
            Ok(_) => fs::copy(entry.path(), to.join(entry.file_name())).map(|_| ()).map_err(Into::into),
            Err(error) => Err(error.into()),
        };
        ignore_vanished(copied)?;
    }
    Ok(())
}

fn ignore_vanished(result: anyhow::Result<()>) -> anyhow::Result<()> {
    match result {
        Err(error) if error.downcast_ref::<std::io::Error>().is_some_and(|io| io.kind() == ErrorKind::NotFound) => {
            Ok(())
        }
        other => other,
    }
}
