//! A strict reading of JSON into a small tree: what two readers could understand differently is refused.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};

use super::limits::JSON_DEPTH;
use super::problem::{Problem, ProblemType};

/// A JSON value. Objects keep their order; no key occurs twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Json {
    Null,
    Bool(bool),
    /// Written as an integer that fits 64 bits, signed or unsigned.
    Integer(i128),
    /// Any other number. No field takes one, so its value is not kept.
    OtherNumber,
    Text(String),
    List(Vec<Json>),
    Object(Vec<(String, Json)>),
}

/// Reads one document.
///
/// # Errors
/// `malformed-json`: no JSON, duplicate keys, deeper than 32, bad UTF-8, a lone surrogate, a number out of every
/// range, or anything but white space after the document.
pub fn parse(bytes: &[u8]) -> Result<Json, Problem> {
    let mut deserializer = serde_json::Deserializer::from_slice(bytes);
    let read = Value { levels_left: JSON_DEPTH }.deserialize(&mut deserializer);
    read.and_then(|json| deserializer.end().map(|()| json)).map_err(|error| malformed(&error))
}

fn malformed(error: &serde_json::Error) -> Problem {
    Problem::new(ProblemType::MalformedJson, format!("The body is not valid JSON: {error}."))
}

/// Reads a value that may nest as many levels as are left.
struct Value {
    levels_left: usize,
}

impl Value {
    fn inner<E: serde::de::Error>(&self) -> Result<usize, E> {
        self.levels_left.checked_sub(1).ok_or_else(|| E::custom(format!("more than {JSON_DEPTH} levels")))
    }
}

impl<'de> DeserializeSeed<'de> for Value {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Json, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Json, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Json, E> {
        Ok(Json::Integer(i128::from(value)))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Json, E> {
        Ok(Json::Integer(i128::from(value)))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Json, E> {
        Ok(Json::OtherNumber)
    }

    fn visit_str<E>(self, value: &str) -> Result<Json, E> {
        Ok(Json::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Json, E> {
        Ok(Json::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Json, A::Error> {
        let levels_left = self.inner()?;
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Self { levels_left })? {
            list.push(item);
        }
        Ok(Json::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Json, A::Error> {
        let levels_left = self.inner()?;
        let mut object = Vec::new();
        while let Some(key) = entries.next_key::<String>()? {
            object.push((key, entries.next_value_seed(Self { levels_left })?));
        }
        if has_duplicate_key(&object) {
            return Err(A::Error::custom("a key occurs twice in one object"));
        }
        Ok(Json::Object(object))
    }
}

/// Sorts instead of comparing all pairs: a body may hold thousands of keys.
fn has_duplicate_key(object: &[(String, Json)]) -> bool {
    let mut keys: Vec<&str> = object.iter().map(|(key, _)| key.as_str()).collect();
    keys.sort_unstable();
    keys.windows(2).any(|pair| pair[0] == pair[1])
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn refused(bytes: &[u8]) {
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(60)]).into_owned();
        match parse(bytes) {
            Err(problem) => assert_eq!(problem.kind(), ProblemType::MalformedJson, "{shown}"),
            Ok(json) => assert_eq!(json, Json::Null, "{shown} must be refused"),
        }
    }

    #[test]
    fn values_of_every_kind_are_read() {
        let json = parse(br#" {"a":[1,-2,18446744073709551615,1.5,1e3,-0,18446744073709551616],"b":{"c":null,"d":true},"e":"\ud83d\ude00\u0000"} "#).unwrap();
        let numbers = vec![
            Json::Integer(1),
            Json::Integer(-2),
            Json::Integer(i128::from(u64::MAX)),
            Json::OtherNumber,
            Json::OtherNumber,
            Json::OtherNumber,
            Json::OtherNumber,
        ];
        let inner = vec![("c".to_owned(), Json::Null), ("d".to_owned(), Json::Bool(true))];
        let expected = Json::Object(vec![
            ("a".to_owned(), Json::List(numbers)),
            ("b".to_owned(), Json::Object(inner)),
            ("e".to_owned(), Json::Text("😀\0".to_owned())),
        ]);
        assert_eq!(json, expected);
    }

    #[test]
    fn what_is_not_one_document_is_refused() {
        let cases: [&[u8]; 20] = [
            b"",
            b"nul",
            b"<html></html>",
            b"{}x",
            b"{} {}",
            b"{\"a\":1,}",
            b"[1,]",
            b"// c\n{}",
            b"{\"a\":NaN}",
            b"{\"a\":Infinity}",
            b"{\"a\":01}",
            b"{\"a\":+1}",
            b"{'a':1}",
            b"\xef\xbb\xbf{}",
            b"\xff\xfe{\0}\0",
            b"{\"a\":\"\xc3\x28\"}",
            b"{\"a\":\"\\ud800\"}",
            b"{\"a\":\"\\udc00x\"}",
            b"{\"a\":\"\n\"}",
            b"{\"a\":1e400}",
        ];
        cases.iter().for_each(|case| refused(case));
    }

    #[test]
    fn duplicate_keys_are_refused_at_every_level() {
        refused(br#"{"quantity":1,"quantity":1000}"#);
        refused(br#"{"lines":[{"quantity":1,"q":2,"quantity":1000}]}"#);
        refused(br#"{"a":1,"\u0061":2}"#);
        assert!(parse(br#"{"a":{"x":1},"b":{"x":1}}"#).is_ok());
    }

    #[test]
    fn nesting_is_bounded() {
        let nested = |levels: usize| ["[".repeat(levels), "]".repeat(levels)].concat().into_bytes();
        assert!(parse(&nested(31)).is_ok());
        assert!(parse(&nested(32)).is_ok());
        for levels in [33, 129, 100_000] {
            refused(&nested(levels));
        }
        refused("{\"a\":".repeat(100_000).as_bytes());
    }

    #[test]
    fn huge_numbers_and_objects_do_no_harm() {
        refused(format!("{{\"a\":{}}}", "9".repeat(1_000_000)).as_bytes());
        let keys: Vec<String> = (0..100_000).map(|n| format!("\"k{n}\":1")).collect();
        assert!(parse(format!("{{{}}}", keys.join(",")).as_bytes()).is_ok());
    }
}
