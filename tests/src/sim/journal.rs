//! The simulator's memory on disk: one line of JSON per change, fsynced before anybody hears of the change. A kill at
//! any moment loses at most a last line that nobody was told about.

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError, mpsc};
use std::thread::JoinHandle;

use anyhow::Context;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::sync::oneshot;

const FILE: &str = "journal.jsonl";

/// Resolves once everything appended so far is on disk; an error when it never will be.
pub type Saved = oneshot::Receiver<()>;

pub struct Journal {
    sender: mpsc::Sender<Message>,
    writer: Mutex<Option<JoinHandle<()>>>,
}

enum Message {
    Append(Vec<u8>, oneshot::Sender<()>),
    Close,
}

impl Journal {
    /// Reads what is there, row by row, and goes on writing behind it.
    ///
    /// # Errors
    /// When the folder cannot be written, another simulator uses it, or a line before the last cannot be read.
    pub fn open<R: DeserializeOwned>(folder: &Path, mut replay: impl FnMut(R)) -> anyhow::Result<Self> {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
        let path = folder.join(FILE);
        let file = File::options().read(true).write(true).create(true).truncate(false).open(&path);
        let mut file = file.with_context(|| format!("cannot open {}", path.display()))?;
        file.try_lock().with_context(|| format!("{} is in use", path.display()))?;
        let length = read(&file, &mut replay).with_context(|| format!("cannot read {}", path.display()))?;
        file.set_len(length)?;
        file.seek(SeekFrom::End(0))?;
        file.sync_all()?;
        File::open(folder)?.sync_all()?;
        let (sender, receiver) = mpsc::channel();
        let writer = std::thread::Builder::new().name("sim-journal".into()).spawn(move || write(file, &receiver))?;
        Ok(Self { sender, writer: Mutex::new(Some(writer)) })
    }

    /// Appends one change, whole or not at all. Without rows it only waits for what was appended before.
    pub fn append<R: Serialize>(&self, rows: &[R]) -> Saved {
        let (saved, waiting) = oneshot::channel();
        if let Some(line) = line(rows) {
            // A closed journal drops the sender, which the waiting side reads as an error.
            let _ = self.sender.send(Message::Append(line, saved));
        }
        waiting
    }

    /// Writes what is queued and releases the file.
    pub fn close(&self) {
        let _ = self.sender.send(Message::Close);
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        if writer.is_some_and(|writer| writer.join().is_err()) {
            tracing::error!("the journal's writer failed");
        }
    }
}

fn line<R: Serialize>(rows: &[R]) -> Option<Vec<u8>> {
    if rows.is_empty() {
        return Some(Vec::new());
    }
    match serde_json::to_vec(rows) {
        Ok(mut line) => {
            line.push(b'\n');
            Some(line)
        }
        Err(error) => {
            tracing::error!(%error, "a change cannot be written as JSON");
            None
        }
    }
}

/// The length of the file up to the last whole line.
fn read<R: DeserializeOwned>(file: &File, replay: &mut impl FnMut(R)) -> anyhow::Result<u64> {
    let mut reader = BufReader::new(file);
    let (mut length, mut line) = (0, Vec::new());
    loop {
        line.clear();
        let read = reader.read_until(b'\n', &mut line)?;
        if line.last() != Some(&b'\n') {
            return Ok(length);
        }
        let rows: Vec<R> = serde_json::from_slice(&line).with_context(|| format!("at byte {length}"))?;
        rows.into_iter().for_each(&mut *replay);
        length += read as u64;
    }
}

/// Takes all that waits, writes it, syncs once, and tells everybody.
fn write(mut file: File, receiver: &mpsc::Receiver<Message>) {
    let mut open = true;
    while open && let Ok(first) = receiver.recv() {
        let (mut bytes, mut waiting) = (Vec::new(), Vec::new());
        for message in std::iter::once(first).chain(receiver.try_iter()) {
            match message {
                Message::Append(line, saved) => {
                    bytes.extend_from_slice(&line);
                    waiting.push(saved);
                }
                Message::Close => open = false,
            }
        }
        if let Err(error) = store(&mut file, &bytes) {
            tracing::error!(%error, "the journal cannot be written");
            return;
        }
        for saved in waiting {
            // Who asked may have hung up.
            let _ = saved.send(());
        }
    }
}

fn store(file: &mut File, bytes: &[u8]) -> std::io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    file.write_all(bytes)?;
    file.sync_data()
}
