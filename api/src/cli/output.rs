//! Lines on standard output, for people and for pipes.

use std::io::{self, Write};

/// Prints one line. False when nobody reads any more, as behind `| head`: then it is time to end, and no error.
///
/// # Errors
/// Any other failure to write.
pub fn line(text: &str) -> anyhow::Result<bool> {
    let mut out = io::stdout().lock();
    match writeln!(out, "{text}").and_then(|()| out.flush()) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(false),
        Err(error) => Err(error.into()),
    }
}
