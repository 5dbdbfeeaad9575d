//! A letter's pages: the words of its template, as plain text and as HTML.
//!
//! A template is written once per language, as plain lines: its first line is the subject; paragraphs are separated by
//! blank ones; lines `| label | value` are a table, and `-> label | address` is a link. Everything that is filled in
//! stays within its line, so that no name can begin a paragraph or a header.

use documents::Language;
use minijinja::syntax::SyntaxConfig;
use minijinja::value::{Serde, Value};
use minijinja::{Environment, Error, Output, State, UndefinedBehavior, context, escape_formatter};
use serde::Serialize;

/// Every text there is: by language and name.
const TEXTS: [(&str, &str); 14] = [
    ("en/order_confirmed.txt", include_str!("templates/en/order_confirmed.txt")),
    ("en/order_failed.txt", include_str!("templates/en/order_failed.txt")),
    ("en/invoice_issued.txt", include_str!("templates/en/invoice_issued.txt")),
    ("en/invoice_overdue.txt", include_str!("templates/en/invoice_overdue.txt")),
    ("en/payment_succeeded.txt", include_str!("templates/en/payment_succeeded.txt")),
    ("en/payment_failed.txt", include_str!("templates/en/payment_failed.txt")),
    ("en/footer.txt", include_str!("templates/en/footer.txt")),
    ("de/order_confirmed.txt", include_str!("templates/de/order_confirmed.txt")),
    ("de/order_failed.txt", include_str!("templates/de/order_failed.txt")),
    ("de/invoice_issued.txt", include_str!("templates/de/invoice_issued.txt")),
    ("de/invoice_overdue.txt", include_str!("templates/de/invoice_overdue.txt")),
    ("de/payment_succeeded.txt", include_str!("templates/de/payment_succeeded.txt")),
    ("de/payment_failed.txt", include_str!("templates/de/payment_failed.txt")),
    ("de/footer.txt", include_str!("templates/de/footer.txt")),
];
const LAYOUT: (&str, &str) = ("layout.html", include_str!("templates/layout.html"));

/// Joins a number with what belongs to it; in plain text a blank does.
const NO_BREAK: char = '\u{a0}';

/// The templates, ready to be filled in.
#[derive(Debug)]
pub struct Texts(Environment<'static>);

/// A letter without its recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// A part of a letter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Block {
    Paragraph(String),
    Table(Vec<(String, String)>),
    Link { label: String, address: String },
}

impl Texts {
    /// # Errors
    /// When a template is not well-formed.
    pub fn load() -> Result<Self, Error> {
        let mut environment = Environment::new();
        environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        // A name that nobody has set is a mistake of ours, and not an empty place in a letter.
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        environment.set_formatter(within_its_line);
        for (name, text) in TEXTS.into_iter().chain([LAYOUT]) {
            environment.add_template(name, text)?;
        }
        Ok(Self(environment))
    }

    /// The letter of that name in that language. `common` is what its footer says, `words` what the letter does.
    ///
    /// # Errors
    /// When a template names something that is not there.
    pub fn page(&self, language: Language, name: &str, words: &Value, common: &Value) -> Result<Page, Error> {
        let lang = language.tag();
        let written = self.render(&format!("{lang}/{name}.txt"), context! { ..common.clone(), ..words.clone() })?;
        let footer = self.render(&format!("{lang}/footer.txt"), common)?;
        let (subject, body) = written.split_once('\n').unwrap_or((&written, ""));
        let (blocks, footer) = (blocks(body), blocks_of_text(&footer));
        let subject = plain(subject.trim());
        let parts = context! { lang, subject => subject.clone(), blocks => Serde(&blocks), footer => Serde(&footer) };
        let html = self.render(LAYOUT.0, parts)?;
        let text = format!("{}\n\n-- \n{}\n", text(&blocks), text(&footer));
        Ok(Page { subject, text, html })
    }

    fn render(&self, name: &str, values: impl Into<Value>) -> Result<String, Error> {
        self.0.get_template(name)?.render(values.into())
    }
}

/// Control characters would begin something new; HTML is escaped besides.
fn within_its_line(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    match value.as_str() {
        Some(text) if text.contains(char::is_control) => {
            escape_formatter(out, state, &Value::from(text.replace(char::is_control, " ")))
        }
        _ => escape_formatter(out, state, value),
    }
}

fn blocks(body: &str) -> Vec<Block> {
    let paragraphs = body.split("\n\n").map(str::trim).filter(|paragraph| !paragraph.is_empty());
    paragraphs.map(block).collect()
}

/// The footer has neither tables nor links.
fn blocks_of_text(text: &str) -> Vec<Block> {
    text.split("\n\n").map(|paragraph| Block::Paragraph(paragraph.trim().to_owned())).collect()
}

fn block(paragraph: &str) -> Block {
    let pair = |line: &str| {
        let (label, value) = line.split_once(" | ").unwrap_or((line, ""));
        (label.trim().to_owned(), value.trim().to_owned())
    };
    if let Some(link) = paragraph.strip_prefix("-> ") {
        let (label, address) = pair(link);
        return Block::Link { label, address };
    }
    if paragraph.starts_with("| ") {
        return Block::Table(paragraph.lines().filter_map(|line| line.trim().strip_prefix("| ")).map(pair).collect());
    }
    Block::Paragraph(paragraph.lines().map(str::trim).collect::<Vec<_>>().join(" "))
}

fn text(blocks: &[Block]) -> String {
    let blocks = blocks.iter().map(|block| match block {
        Block::Paragraph(text) => plain(text),
        Block::Link { label, address } => format!("{}:\n{address}", plain(label)),
        Block::Table(rows) => table(rows),
    });
    blocks.collect::<Vec<_>>().join("\n\n")
}

/// Values stand below each other.
fn table(rows: &[(String, String)]) -> String {
    let width = rows.iter().map(|(label, _)| label.chars().count()).max().unwrap_or_default() + 1;
    let row = |(label, value): &(String, String)| plain(&format!("  {:width$}  {value}", format!("{label}:")));
    rows.iter().map(row).collect::<Vec<_>>().join("\n")
}

fn plain(text: &str) -> String {
    text.replace(NO_BREAK, " ")
}

#[cfg(test)]
#[path = "page_tests.rs"]
mod tests;
