//! Writes every sample in every format into a folder: `cargo run -p documents --example samples -- FOLDER`.

use std::path::PathBuf;

use documents::{RenderError, extension, render, samples};
use domain::document::DocumentFormat;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).ok_or("name a folder")?);
    std::fs::create_dir_all(&folder)?;
    let all = samples::all()?.into_iter();
    for (name, sheet) in all.chain([("long", samples::long(1_000)?), ("three-decimals", samples::three_decimals()?)]) {
        for format in DocumentFormat::ALL {
            let begun = std::time::Instant::now();
            match render(&sheet, format) {
                Ok(bytes) => std::fs::write(folder.join(format!("{name}.{}", extension(format))), bytes)?,
                Err(RenderError::NotAvailable) => {}
                Err(error) => return Err(format!("{name} as {format}: {error}").into()),
            }
            println!("{name} as {format}: {} ms", begun.elapsed().as_millis());
        }
    }
    Ok(())
}
