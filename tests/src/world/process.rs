//! A child process with a log file, which ends when the process that started it ends.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{OnceLock, mpsc};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};

use super::unprivileged::Account;

const POLL: Duration = Duration::from_millis(10);
const TAIL_BYTES: u64 = 4_000;

/// What to start and how; kept, so that the same child can be started again after a crash.
#[derive(Clone, Debug)]
pub struct Launch {
    program: PathBuf,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    withheld: &'static [&'static str],
    folder: PathBuf,
    log: PathBuf,
    account: Option<Account>,
    orphan_signal: &'static str,
}

impl Launch {
    /// The child's output is appended to the file `log`.
    pub fn new(program: impl Into<PathBuf>, log: impl Into<PathBuf>) -> Self {
        Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            withheld: &[],
            folder: PathBuf::from("/"),
            log: log.into(),
            account: None,
            orphan_signal: "KILL",
        }
    }

    pub fn argument(mut self, argument: impl Into<OsString>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    pub fn arguments<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    pub fn environment(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Variables of this process that the child must not see.
    pub fn withhold(mut self, names: &'static [&'static str]) -> Self {
        self.withheld = names;
        self
    }

    pub fn in_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = folder.into();
        self
    }

    pub fn as_account(mut self, account: Option<Account>) -> Self {
        self.account = account;
        self
    }

    /// The signal the child gets when the process that started it dies: `KILL` unless said otherwise here.
    pub fn orphan_signal(mut self, signal: &'static str) -> Self {
        self.orphan_signal = signal;
        self
    }

    pub fn spawn(self) -> anyhow::Result<Process> {
        let log_start = fs::metadata(&self.log).map_or(0, |found| found.len());
        let child = spawn_from_lasting_thread(self.command()?)
            .with_context(|| format!("cannot start {}", self.program.display()))?;
        Ok(Process { launch: self, child, log_start })
    }

    fn command(&self) -> anyhow::Result<Command> {
        let mut command = self.bare_command();
        let log = File::options().create(true).append(true).open(&self.log);
        let log = log.with_context(|| format!("cannot write {}", self.log.display()))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        // A group of its own: Ctrl-C in a terminal must reach the launcher alone, which then stops its children in order.
        command.args(&self.arguments).envs(self.environment.iter().cloned()).current_dir(&self.folder).process_group(0);
        for name in self.withheld {
            command.env_remove(name);
        }
        if let Some(account) = self.account {
            command.uid(account.uid).gid(account.gid);
        }
        Ok(command)
    }

    fn bare_command(&self) -> Command {
        if !can_set_orphan_signal() {
            return Command::new(&self.program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", self.orphan_signal, "--"]).arg(&self.program);
        command
    }
}

/// `setpriv` asks the kernel for the signal and then becomes the program; systems without it run the program plainly.
fn can_set_orphan_signal() -> bool {
    static ABLE: OnceLock<bool> = OnceLock::new();
    *ABLE.get_or_init(|| {
        let mut probe = Command::new("setpriv");
        probe.args(["--pdeathsig", "KILL", "--", "true"]).stdin(Stdio::null()).stderr(Stdio::null());
        probe.status().is_ok_and(|status| status.success())
    })
}

type SpawnRequest = (Command, mpsc::Sender<std::io::Result<Child>>);

/// The kernel sends the signal when the *thread* that started the child ends. Threads of tests and of runtimes come and
/// go, so one thread that lasts as long as the process starts every child.
fn spawn_from_lasting_thread(command: Command) -> std::io::Result<Child> {
    static SPAWNER: OnceLock<mpsc::Sender<SpawnRequest>> = OnceLock::new();
    let spawner = SPAWNER.get_or_init(|| {
        let (sender, receiver) = mpsc::channel::<SpawnRequest>();
        std::thread::spawn(move || {
            for (mut command, answer) in receiver {
                let _ = answer.send(command.spawn());
            }
        });
        sender
    });
    let (answer, answered) = mpsc::channel();
    spawner.send((command, answer)).map_err(std::io::Error::other)?;
    answered.recv().map_err(std::io::Error::other)?
}

/// A running child, or one that has ended and can be started again. Dropping it kills it.
#[derive(Debug)]
pub struct Process {
    launch: Launch,
    child: Child,
    log_start: u64,
}

impl Process {
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// How the child ended; nothing while it runs.
    pub fn exit_status(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Starts the same program again after it has ended.
    pub fn start_again(&mut self) -> anyhow::Result<()> {
        if self.exit_status().is_none() {
            bail!("{} still runs", self.launch.program.display());
        }
        *self = self.launch.clone().spawn()?;
        Ok(())
    }

    /// Waits until a GET of `url` answers 200. Fails when the child ends first or the limit is over, with its last output.
    pub async fn wait_until_healthy(&mut self, url: &str, limit: Duration) -> anyhow::Result<()> {
        let client = reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(2)).build()?;
        let deadline = Instant::now() + limit;
        loop {
            self.fail_if_ended()?;
            if client.get(url).send().await.is_ok_and(|answer| answer.status() == 200) {
                return Ok(());
            }
            self.fail_if_late(deadline, &format!("{url} did not answer 200"))?;
            tokio::time::sleep(POLL).await;
        }
    }

    /// An error with the child's last output if it has ended.
    pub fn fail_if_ended(&mut self) -> anyhow::Result<()> {
        match self.exit_status() {
            Some(status) => bail!("{} ended: {status}\n{}", self.launch.program.display(), self.log_tail()),
            None => Ok(()),
        }
    }

    /// An error with the child's last output if `deadline` is over.
    pub fn fail_if_late(&self, deadline: Instant, complaint: &str) -> anyhow::Result<()> {
        if Instant::now() < deadline {
            return Ok(());
        }
        bail!("{complaint}; last output of {}:\n{}", self.launch.program.display(), self.log_tail())
    }

    /// Waits until the child has ended by itself; an error when it takes longer.
    pub async fn wait(&mut self, limit: Duration) -> anyhow::Result<ExitStatus> {
        let deadline = Instant::now() + limit;
        loop {
            if let Some(status) = self.exit_status() {
                return Ok(status);
            }
            self.fail_if_late(deadline, &format!("still running after {limit:?}"))?;
            tokio::time::sleep(POLL).await;
        }
    }

    /// Asks the child to stop and waits; kills it when it takes longer than `grace`, which is an error.
    pub async fn terminate(&mut self, grace: Duration) -> anyhow::Result<ExitStatus> {
        self.stop_by("TERM", grace).await
    }

    /// Like [`Process::terminate`] with another signal, by its name without `SIG`.
    pub async fn stop_by(&mut self, signal: &str, grace: Duration) -> anyhow::Result<ExitStatus> {
        self.signal(signal)?;
        let stopped = self.wait(grace).await;
        if stopped.is_err() {
            self.kill9().await?;
        }
        stopped
    }

    /// The crash: SIGKILL, and the child is gone when this returns.
    pub async fn kill9(&mut self) -> anyhow::Result<()> {
        self.child.kill()?;
        self.wait(Duration::from_secs(30)).await.map(|_| ())
    }

    /// Sends a signal by its name without `SIG` (`STOP`, `CONT`, `TERM`); nothing happens when the child has ended.
    pub fn signal(&mut self, signal: &str) -> anyhow::Result<()> {
        if self.exit_status().is_some() {
            return Ok(());
        }
        send_signal(self.pid(), signal)
    }

    /// What the child has written since it was started, at most its last 4 000 bytes.
    pub fn log_tail(&self) -> String {
        read_tail(&self.launch.log, self.log_start).unwrap_or_else(|error| format!("(no log: {error})"))
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Sends a signal to a process that is known to be ours. The shell's own `kill` is there even where no `kill` program is.
pub fn send_signal(pid: u32, signal: &str) -> anyhow::Result<()> {
    let script = ["-c", "kill -s \"$1\" \"$2\"", "sh", signal, &pid.to_string()].map(str::to_string);
    let status = Command::new("sh").args(script).stderr(Stdio::null()).status()?;
    if !status.success() && Path::new("/proc").join(pid.to_string()).exists() {
        bail!("cannot send {signal} to process {pid}");
    }
    Ok(())
}

fn read_tail(log: &Path, start: u64) -> anyhow::Result<String> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(start.max(length.saturating_sub(TAIL_BYTES))))?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).trim_end().to_string())
}
