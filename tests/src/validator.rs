//! Validates electronic invoices by the published schema and rules, which share no code with the product.

use std::io::Write;
use std::process::{Command, Stdio};

use anyhow::{Context, ensure};

use crate::world::tools;

/// Reads documents from its standard input and writes the failures of each.
const PROGRAM: &str = include_str!("validator/validate.py");

/// What is wrong with each of these UBL documents, in their order: nothing, or the broken rules with their texts. It
/// takes half a second and then a few milliseconds for each.
///
/// # Errors
/// When the rules are not installed, or something is no XML at all.
pub fn failures(documents: &[String]) -> anyhow::Result<Vec<Vec<String>>> {
    let mut validator = Command::new("python3")
        .args(["-c", PROGRAM])
        .env("PYTHONPATH", tools::ubl_validator()?)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("python3 cannot be started")?;
    let mut input = validator.stdin.take().context("the validator takes no input")?;
    input.write_all(&serde_json::to_vec(documents)?)?;
    drop(input);
    let output = validator.wait_with_output()?;
    ensure!(output.status.success(), "the validator failed: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("the validator answered something else")
}

/// That nothing is wrong with any of them.
///
/// # Errors
/// With the first broken rules, and as [`failures`].
pub fn ensure_valid(documents: &[String]) -> anyhow::Result<()> {
    for (document, failures) in documents.iter().zip(failures(documents)?) {
        ensure!(failures.is_empty(), "{failures:#?}\n{document}");
    }
    Ok(())
}
