//! Reads Rust text just well enough for the rules: what is code, what is test code, where functions begin and end.
//!
//! Blanked text keeps every byte's place and every line, so that an offset means the same in each version of a file.

/// One function: its name, the line it begins on (from 1), and how many lines it takes, both ends included.
#[derive(Debug, PartialEq, Eq)]
pub struct Function {
    pub name: String,
    pub line: usize,
    pub lines: usize,
}

/// A file's code without its tests, and the test modules that it keeps in files of their own.
#[derive(Debug)]
pub struct Production {
    pub code: String,
    /// Name of each, and the value of its `path` attribute.
    pub test_modules: Vec<(String, Option<String>)>,
}

/// The text with comments and the insides of strings and characters made blank; quotes stay.
pub fn code_of(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut kept = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let (opening, end, closing) = token(text, at);
        kept.push_str(&text[at..at + opening]);
        blank(&mut kept, &text[at + opening..end - closing]);
        kept.push_str(&text[end - closing..end]);
        at = end;
    }
    kept
}

/// The token at an offset: length of its visible beginning, its end, length of its visible end.
fn token(text: &str, at: usize) -> (usize, usize, usize) {
    let rest = &text[at..];
    if rest.starts_with("//") {
        return (0, at + rest.find('\n').unwrap_or(rest.len()), 0);
    }
    if rest.starts_with("/*") {
        return (0, at + block_comment(rest), 0);
    }
    match rest.as_bytes()[0] {
        b'"' => string(text, at),
        b'\'' => character(rest).map_or((1, at + 1, 0), |length| (1, at + length, 1)),
        _ => {
            let length = rest.chars().next().map_or(1, char::len_utf8);
            (length, at + length, 0)
        }
    }
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (depth, at) = (depth + 1, at + 2),
            [b'*', b'/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

fn string(text: &str, at: usize) -> (usize, usize, usize) {
    let before = text[..at].trim_end_matches('#');
    let hashes = at - before.len();
    let raw = before.strip_suffix('r').map(|rest| rest.strip_suffix(['b', 'c']).unwrap_or(rest));
    let inside = &text[at + 1..];
    if raw.is_some_and(|rest| !rest.ends_with(in_a_word)) {
        let closing = format!("\"{}", "#".repeat(hashes));
        return inside
            .find(&closing)
            .map_or((1, text.len(), 0), |length| (1, at + 1 + length + closing.len(), closing.len()));
    }
    let mut escaped = false;
    for (length, byte) in inside.bytes().enumerate() {
        match byte {
            b'"' if !escaped => return (1, at + 2 + length, 1),
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    (1, text.len(), 0)
}

/// Length of a character literal with its quotes; none for a lifetime.
fn character(rest: &str) -> Option<usize> {
    let mut inside = rest[1..].chars();
    let first = inside.next()?;
    if first == '\\' {
        let escaped = inside.next()?.len_utf8();
        return Some(2 + escaped + rest[2 + escaped..].find('\'')? + 1);
    }
    (inside.next()? == '\'').then_some(first.len_utf8() + 2)
}

fn blank(kept: &mut String, hidden: &str) {
    kept.extend(hidden.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
}

pub fn in_a_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Where a whole word stands.
pub fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let whole = move |at: &usize| !text[..*at].ends_with(in_a_word) && !text[*at + word.len()..].starts_with(in_a_word);
    text.match_indices(word).map(|(at, _)| at).filter(whole)
}

/// The line of an offset, from 1.
pub fn line_of(text: &str, at: usize) -> usize {
    text[..at].bytes().filter(|byte| *byte == b'\n').count() + 1
}

/// Every function with a body, nested ones too.
pub fn functions(code: &str) -> Vec<Function> {
    let function = |at: usize| {
        let name: String = code[at + 2..].trim_start().chars().take_while(|letter| in_a_word(*letter)).collect();
        let end = item_end(code, at);
        let line = line_of(code, at);
        let whole = !name.is_empty() && code[..end].ends_with('}');
        whole.then(|| Function { name, line, lines: line_of(code, end) - line + 1 })
    };
    words(code, "fn").filter_map(function).collect()
}

/// Just behind the item that begins at an offset: behind its body, or behind its semicolon.
fn item_end(code: &str, at: usize) -> usize {
    let mut open = Vec::new();
    for (place, byte) in code.bytes().enumerate().skip(at) {
        match byte {
            b'{' | b'(' | b'[' => open.push(byte),
            b')' | b']' => drop(open.pop()),
            b'}' if open.pop() == Some(b'{') && open.is_empty() => return place + 1,
            b'}' if open.is_empty() => return place,
            b';' if open.is_empty() => return place + 1,
            _ => {}
        }
    }
    code.len()
}

/// Makes everything under `#[cfg(test)]` blank. `text` is the same file with its strings.
pub fn production_of(text: &str, code: &str) -> Production {
    let mut production = Production { code: String::with_capacity(code.len()), test_modules: Vec::new() };
    let mut from = 0;
    while let Some(at) = ["#[cfg(test)]", "#[cfg(all(test"].iter().filter_map(|mark| code[from..].find(mark)).min() {
        let start = from + at;
        let item = behind_attributes(code, start);
        let end = item_end(code, item);
        production.test_modules.extend(file_module(&code[item..end], &text[start..item]));
        production.code.push_str(&code[from..start]);
        blank(&mut production.code, &code[start..end]);
        from = end;
    }
    production.code.push_str(&code[from..]);
    production
}

fn behind_attributes(code: &str, mut at: usize) -> usize {
    loop {
        at += code[at..].len() - code[at..].trim_start().len();
        if !code[at..].starts_with("#[") {
            return at;
        }
        let mut depth = 0;
        let closing = |letter| {
            depth += i32::from(letter == '[') - i32::from(letter == ']');
            letter == ']' && depth == 0
        };
        at += code[at..].find(closing).map_or(code[at..].len(), |length| length + 1);
    }
}

fn file_module(item: &str, attributes: &str) -> Option<(String, Option<String>)> {
    let name = item.strip_suffix(';')?.split_whitespace().skip_while(|word| *word != "mod").nth(1)?;
    let path = attributes.split_once("#[path").and_then(|(_, rest)| rest.split('"').nth(1));
    Some((name.to_owned(), path.map(str::to_owned)))
}
