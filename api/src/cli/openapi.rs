//! `cloudsales openapi`

use crate::http::openapi;

pub fn print() -> anyhow::Result<u8> {
    println!("{}", openapi::document().to_pretty_json()?);
    Ok(0)
}
