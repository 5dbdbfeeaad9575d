//! What tests of both simulators stand on: a folder of their own, patience, and reading answers.

#[path = "../patience/mod.rs"]
mod patience;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;

pub use patience::{LIMIT, wait_until};

/// A new folder that goes away with the test.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        let name = format!("simulator-{}-{}", std::process::id(), number());
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Every call gives another number.
pub fn number() -> u64 {
    static LAST: AtomicU64 = AtomicU64::new(0);
    LAST.fetch_add(1, Ordering::Relaxed)
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// Sends it; status and JSON, or null where the body is none.
pub async fn read(request: reqwest::RequestBuilder) -> reqwest::Result<(u16, Value)> {
    let answer = request.send().await?;
    let (status, body) = (answer.status().as_u16(), answer.bytes().await?);
    Ok((status, serde_json::from_slice(&body).unwrap_or_default()))
}
