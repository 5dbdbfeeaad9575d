//! A message as it is shown: its parts decoded, its headers as they came.

use std::collections::BTreeMap;

use mail_parser::{Header, MessageParser};
use serde::{Deserialize, Serialize};

use super::inbox::Kept;

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Shown {
    /// Of the envelope, as is the next.
    pub from: String,
    pub to: Vec<String>,
    pub subject: Option<String>,
    pub text: Option<String>,
    pub html: Option<String>,
    /// By name; folded lines are joined.
    pub headers: BTreeMap<String, String>,
    /// Without its brackets.
    pub message_id: Option<String>,
    /// How often it came.
    pub copies: u32,
}

impl Shown {
    pub fn of(kept: &Kept) -> Self {
        let parsed = MessageParser::new().parse(&kept.message.raw);
        let parsed = parsed.as_ref();
        let headers = parsed.into_iter().flat_map(|parsed| parsed.headers());
        Self {
            from: kept.message.from.clone(),
            to: kept.message.to.clone(),
            subject: parsed.and_then(|parsed| parsed.subject()).map(str::to_owned),
            text: parsed.and_then(|parsed| parsed.body_text(0)).map(unix),
            html: parsed.and_then(|parsed| parsed.body_html(0)).map(unix),
            headers: headers.filter_map(|header| as_it_came(&kept.message.raw, header)).collect(),
            message_id: kept.message_id.clone(),
            copies: kept.copies,
        }
    }
}

/// Its name and its value.
fn as_it_came(raw: &str, header: &Header<'_>) -> Option<(String, String)> {
    let place = |offset: u32| usize::try_from(offset).ok();
    let (field, start, end) = (place(header.offset_field)?, place(header.offset_start)?, place(header.offset_end)?);
    let name = raw.get(field..start)?.trim_end_matches([':', ' ']);
    Some((name.to_owned(), unfolded(raw.get(start..end)?)))
}

fn unix(text: std::borrow::Cow<'_, str>) -> String {
    text.replace("\r\n", "\n")
}

fn unfolded(value: &str) -> String {
    value.split_whitespace().collect::<Vec<_>>().join(" ")
}
