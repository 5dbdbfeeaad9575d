//! Reading query parameters: unknown, repeated and invalid ones are refused, none is ignored.

use chrono::NaiveDate;

use super::limits::{PAGE_DEFAULT, PAGE_MAX, POINTER_NAME_CHARS, QUERY_PARAMETERS, REPORTED_ERRORS};
use super::problem::{FieldError, Problem, ProblemType};
use super::values::{self, Fault};

/// Parameters that say which part of a list is wanted, not which list.
const PAGING: [&str; 3] = ["cursor", "limit", "min_position"];

/// Which part of a list is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// From 1 to 100.
    pub limit: u32,
    /// Still sealed: `CursorKey::open` says whether it belongs to this list and caller.
    pub cursor: Option<String>,
}

/// The parameters of one request, with what was found wrong so far.
#[derive(Debug)]
pub struct Query {
    pairs: Vec<(String, String)>,
    known: Vec<&'static str>,
    errors: Vec<FieldError>,
}

impl Query {
    /// Splits and decodes; `+` stands for a blank.
    ///
    /// # Errors
    /// `invalid-query`: too many parameters, one twice, or one that is not properly encoded UTF-8.
    pub fn parse(raw: Option<&str>) -> Result<Self, Problem> {
        let parts: Vec<&str> = raw.unwrap_or("").split('&').filter(|part| !part.is_empty()).collect();
        if parts.len() > QUERY_PARAMETERS {
            return Err(invalid(format!("At most {QUERY_PARAMETERS} parameters.")));
        }
        let mut pairs: Vec<(String, String)> = Vec::with_capacity(parts.len());
        for part in parts {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let (Some(name), Some(value)) = (decoded(name), decoded(value)) else {
                return Err(invalid("A parameter is not properly percent-encoded UTF-8.".to_owned()));
            };
            if pairs.iter().any(|(earlier, _)| *earlier == name) {
                return Err(invalid("A parameter occurs twice.".to_owned()));
            }
            pairs.push((name, value));
        }
        Ok(Self { pairs, known: Vec::new(), errors: Vec::new() })
    }

    /// A parameter that may be absent.
    pub fn optional<T>(&mut self, name: &'static str, reader: impl FnOnce(&str) -> Result<T, Fault>) -> Option<T> {
        self.known.push(name);
        let (_, value) = self.pairs.iter().find(|(given, _)| given == name)?;
        match reader(value) {
            Ok(value) => Some(value),
            Err(fault) => self.reject(name, fault.detail),
        }
    }

    /// A parameter that must be there.
    pub fn required<T>(&mut self, name: &'static str, reader: impl FnOnce(&str) -> Result<T, Fault>) -> Option<T> {
        if self.pairs.iter().all(|(given, _)| given != name) {
            self.known.push(name);
            return self.reject(name, "The parameter is required.");
        }
        self.optional(name, reader)
    }

    pub fn date(&mut self, name: &'static str) -> Option<NaiveDate> {
        self.optional(name, values::date)
    }

    /// One of some names.
    pub fn one_of(&mut self, name: &'static str, names: &[&str]) -> Option<String> {
        self.optional(name, |text| one_name(names, text))
    }

    /// Any of some names, separated by commas; absent is empty.
    pub fn several(&mut self, name: &'static str, names: &[&str]) -> Vec<String> {
        let several = |text: &str| text.split(',').map(|item| one_name(names, item)).collect();
        self.optional(name, several).unwrap_or_default()
    }

    /// `limit`, 25 when absent, and `cursor`.
    pub fn page(&mut self) -> Page {
        let limit = self.optional("limit", |text| {
            let limit = plain_integer(text).and_then(|number| u32::try_from(number).ok());
            limit.filter(|limit| (1..=PAGE_MAX).contains(limit)).ok_or_else(|| fault("A limit is 1 to 100."))
        });
        let cursor = self.optional("cursor", |text| Ok(text.to_owned()));
        Page { limit: limit.unwrap_or(PAGE_DEFAULT), cursor }
    }

    /// The position a reader wants to see, at least.
    pub fn min_position(&mut self) -> Option<i64> {
        self.position("min_position")
    }

    /// Any parameter that names a position of the log, 0 or above.
    pub fn position(&mut self, name: &'static str) -> Option<i64> {
        self.optional(name, |text| plain_integer(text).ok_or_else(|| fault("A position is a whole number from 0.")))
    }

    /// Notes a fault that only shows together with other parameters.
    pub fn reject<T>(&mut self, name: &str, detail: impl Into<String>) -> Option<T> {
        if self.errors.len() < REPORTED_ERRORS {
            let name: String = name.chars().take(POINTER_NAME_CHARS).collect();
            let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
            let slug = ProblemType::InvalidQuery.slug().to_owned();
            self.errors.push(FieldError { pointer, slug, detail: detail.into() });
        }
        None
    }

    /// The filters in one fixed order: two requests with the same page through the same list.
    pub fn filters(&self) -> String {
        let kept = self.pairs.iter().filter(|(name, _)| !PAGING.contains(&name.as_str()));
        // Lengths first, so that no value can look like the next name.
        let mut parts: Vec<String> =
            kept.map(|(name, value)| format!("{}:{name}{}:{value}", name.len(), value.len())).collect();
        parts.sort_unstable();
        parts.concat()
    }

    /// To be asked once, when everything is read: was anything wrong?
    ///
    /// # Errors
    /// `invalid-query` with all faults, among them every parameter nobody asked for.
    pub fn check(&mut self) -> Result<(), Problem> {
        let unknown = self.pairs.iter().map(|(name, _)| name).filter(|name| !self.known.contains(&name.as_str()));
        for name in unknown.cloned().collect::<Vec<_>>() {
            self.reject::<()>(&name, "There is no parameter of this name here.");
        }
        let errors = std::mem::take(&mut self.errors);
        if errors.is_empty() { Ok(()) } else { Err(Problem::of_errors(errors)) }
    }

    /// The value, when nothing was wrong.
    ///
    /// # Errors
    /// As [`Self::check`].
    pub fn finish<T>(mut self, value: Option<T>) -> Result<T, Problem> {
        self.check()?;
        value.ok_or_else(|| ProblemType::Internal.into())
    }
}

fn invalid(detail: String) -> Problem {
    Problem::new(ProblemType::InvalidQuery, detail)
}

fn fault(detail: &str) -> Fault {
    Fault::new(ProblemType::InvalidQuery, detail)
}

fn one_name(names: &[&str], text: &str) -> Result<String, Fault> {
    let choices: Vec<(&str, &str)> = names.iter().map(|name| (*name, *name)).collect();
    values::one_of(&choices)(text).map(str::to_owned)
}

/// Digits only; the standard parser would also take a plus sign.
fn plain_integer(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Percent-encoded UTF-8 as the text it stands for; `None` when it is none.
pub(super) fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let (byte, tail) = match (first, tail) {
            (b'%', [high, low, tail @ ..]) => (hex_digit(*high)? << 4 | hex_digit(*low)?, tail),
            (b'%', _) => return None,
            (b'+', _) => (b' ', tail),
            (other, _) => (*other, tail),
        };
        bytes.push(byte);
        rest = tail;
    }
    String::from_utf8(bytes).ok()
}

fn hex_digit(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[derive(Debug, PartialEq)]
    struct Orders {
        name: Option<String>,
        status: Vec<String>,
        from: Option<NaiveDate>,
        page: Page,
        min_position: Option<i64>,
    }

    fn read(raw: &str) -> Result<Orders, Problem> {
        handled(Some(raw))
    }

    /// As a handler does it.
    fn handled(raw: Option<&str>) -> Result<Orders, Problem> {
        let mut query = Query::parse(raw)?;
        let orders = Orders {
            name: query.optional("name", values::search),
            status: query.several("status", &["placed", "failed"]),
            from: query.date("from"),
            page: query.page(),
            min_position: query.min_position(),
        };
        query.finish(Some(orders))
    }

    #[test]
    fn good_queries_are_read() {
        let all = read("name=B%C3%BCro+%26+Co&status=placed,failed&from=2025-01-31&limit=7&cursor=abc&min_position=0");
        let all = all.unwrap();
        assert_eq!(all.name.as_deref(), Some("Büro & Co"));
        assert_eq!(all.status, ["placed", "failed"]);
        assert_eq!(all.from.unwrap().to_string(), "2025-01-31");
        assert_eq!(all.min_position, Some(0));
        assert_eq!(all.page, Page { limit: 7, cursor: Some("abc".to_owned()) });
        assert_eq!(read("name=").unwrap().name.as_deref(), Some(""));
        let none = handled(None).unwrap();
        assert_eq!((none.name, none.page.limit, none.min_position), (None, PAGE_DEFAULT, None));
    }

    #[test]
    fn everything_else_is_refused() {
        let many = (0..33).map(|n| format!("p{n}=1")).collect::<Vec<_>>().join("&");
        let bad = [
            "limit=0",
            "limit=-1",
            "limit=1000000000",
            "limit=101",
            "limit=",
            "limit=+5",
            "limit=1e1",
            "limit=x",
            "nam=x",
            "name=x&name=y",
            "n%61me=x&name=y",
            "status=placed,",
            "status=",
            "status=PLACED",
            "from=2025-02-30",
            "min_position=-1",
            "min_position=9223372036854775808",
            "name=%zz",
            "name=%4",
            "name=%",
            "name=%ff",
            "name=%00",
            "name=%E2%80%AE",
            "access_token=abc",
            "=",
            &many,
        ];
        for raw in bad {
            assert_eq!(read(raw).unwrap_err().kind(), ProblemType::InvalidQuery, "{raw}");
        }
    }

    #[test]
    fn faults_point_at_their_parameter() {
        let problem = read("limit=0&x/y=1").unwrap_err();
        let pointers: Vec<&str> = problem.errors().iter().map(|error| error.pointer.as_str()).collect();
        assert_eq!(pointers, ["/limit", "/x~1y"]);
    }

    #[test]
    fn a_required_parameter_is_missed() {
        let mut query = Query::parse(Some("a=1")).unwrap();
        let value = query.required("b", values::text);
        query.optional("a", values::text);
        assert_eq!(query.finish(value).unwrap_err().kind(), ProblemType::InvalidQuery);
    }

    #[test]
    fn filters_ignore_order_and_paging_alone() {
        let filters = |raw: &str| Query::parse(Some(raw)).unwrap().filters();
        assert_eq!(filters("a=1&b=2&limit=3&cursor=x&min_position=9"), filters("b=2&a=1"));
        assert_ne!(filters("a=1&b=2"), filters("a=1"));
        assert_ne!(filters("a=1%26b=2"), filters("a=1&b=2"));
        assert_ne!(filters("a=1"), filters("a=2"));
    }
}
