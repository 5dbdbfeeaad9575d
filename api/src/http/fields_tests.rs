#![allow(clippy::unwrap_used)]
use super::*;
use chrono::NaiveDate;

#[derive(Debug, PartialEq)]
struct Line {
    service: String,
    quantity: u32,
}

impl FromFields for Line {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let service = f.required("service", values::text);
        let quantity = f.required_quantity("quantity");
        Some(Self { service: service?, quantity: quantity? })
    }
}

#[derive(Debug, PartialEq)]
struct Order {
    start_on: Option<NaiveDate>,
    price: Option<Money>,
    note: Patch<String>,
    lines: Vec<Line>,
}

impl FromFields for Order {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let start_on = f.optional("start_on", values::date);
        let price = f.optional_object("price");
        let note = f.patch("note", values::text);
        Some(Self { start_on, price, note, lines: f.required_list("lines", 1..=100)? })
    }
}

fn order(rest: &str) -> Result<Order, Problem> {
    parse_body(format!(r#"{{"lines":[{{"service":"a","quantity":5}}]{rest}}}"#).as_bytes())
}

fn faults<T: std::fmt::Debug>(read: Result<T, Problem>) -> Vec<(String, String)> {
    read.unwrap_err().errors().iter().map(|error| (error.slug.clone(), error.pointer.clone())).collect()
}

fn one(slug: &str, pointer: &str) -> Vec<(String, String)> {
    vec![(slug.to_owned(), pointer.to_owned())]
}

#[test]
fn a_good_body_becomes_a_value() {
    let read = order(r#","start_on":"2025-03-01","price":{"amount":"12.50","currency":"EUR"},"note":null"#).unwrap();
    assert_eq!(read.lines, [Line { service: "a".to_owned(), quantity: 5 }]);
    assert_eq!(read.start_on.unwrap().to_string(), "2025-03-01");
    assert_eq!(read.price.unwrap().to_string(), "12.50 EUR");
    assert_eq!(read.note, Patch::Null);
    assert_eq!(order("").unwrap().note, Patch::Absent);
    assert_eq!(order(r#","note":"x""#).unwrap().note, Patch::Value("x".to_owned()));
    assert_eq!(order(r#","start_on":null"#).unwrap().start_on, None);
}

#[test]
fn all_faults_are_told_at_once_and_the_first_names_the_problem() {
    let body =
        br#"{"start_on":"2025-02-30","tenant_id":"x","lines":[{"quantity":0},{"service":1,"quantity":1,"price":1}]}"#;
    let problem = parse_body::<Order>(body).unwrap_err();
    assert_eq!(problem.kind(), ProblemType::InvalidDate);
    let expected = [
        ("invalid-date", "/start_on"),
        ("missing-field", "/lines/0/service"),
        ("invalid-quantity", "/lines/0/quantity"),
        ("invalid-type", "/lines/1/service"),
        ("unknown-field", "/lines/1/price"),
        ("unknown-field", "/tenant_id"),
    ];
    let expected: Vec<_> = expected.iter().map(|(slug, at)| ((*slug).to_owned(), (*at).to_owned())).collect();
    assert_eq!(faults(Err::<Order, _>(problem)), expected);
}

#[test]
fn unknown_fields_are_refused_with_escaped_pointers() {
    assert_eq!(faults(order(r#","a/b~c":1"#)), one("unknown-field", "/a~1b~0c"));
    assert_eq!(faults(parse_body::<Nothing>(br#"{"x":1}"#)), one("unknown-field", "/x"));
    let many: Vec<String> = (0..1000).map(|n| format!("\"k{n}\":1")).collect();
    assert_eq!(faults(order(&format!(",{}", many.join(",")))).len(), REPORTED_ERRORS);
}

#[test]
fn quantities_are_plain_integers_in_range() {
    let bad = [
        "0",
        "-1",
        "1.5",
        "1e3",
        "1.0",
        "-0",
        "\"5\"",
        "null",
        "true",
        "[]",
        "100001",
        "2147483648",
        "4294967296",
        "4294967301",
        "9007199254740993",
        "18446744073709551616",
    ];
    for quantity in bad {
        let body = format!(r#"{{"service":"a","quantity":{quantity}}}"#);
        assert_eq!(faults(parse_body::<Line>(body.as_bytes())), one("invalid-quantity", "/quantity"), "{quantity}");
    }
    for quantity in ["1", "2", "99999", "100000"] {
        let body = format!(r#"{{"service":"a","quantity":{quantity}}}"#);
        assert_eq!(parse_body::<Line>(body.as_bytes()).unwrap().quantity.to_string(), quantity);
    }
    assert_eq!(faults(parse_body::<Line>(br#"{"service":"a"}"#)), one("missing-field", "/quantity"));
}

#[test]
fn money_is_text_with_the_currencys_decimals() {
    let bad_amounts = ["12.5", "1", "\"1e400\"", "\"0.001\"", "\"1,00\"", "\" 1\"", "\"-0\"", "\"-1\"", "[]"];
    for amount in bad_amounts {
        let body = format!(r#"{{"amount":{amount},"currency":"EUR"}}"#);
        assert_eq!(faults(parse_body::<Money>(body.as_bytes())), one("invalid-amount", "/amount"), "{amount}");
    }
    let price = parse_body::<UnitPrice>(br#"{"amount":"0.001","currency":"EUR"}"#).unwrap();
    assert_eq!(price.amount().to_string(), "0.001");
    let yen = parse_body::<Money>(br#"{"amount":"1.5","currency":"JPY"}"#);
    assert_eq!(faults(yen), one("invalid-amount", "/amount"));
    for code in ["\"eur\"", "\"EURO\"", "\"XXX\"", "\"EUR\u{200b}\""] {
        let body = format!(r#"{{"amount":"1","currency":{code}}}"#);
        assert_eq!(faults(parse_body::<Money>(body.as_bytes())), one("invalid-currency", "/currency"), "{code}");
    }
}

#[test]
fn lists_have_bounds() {
    let lines = |count: usize| {
        let lines = vec![r#"{"service":"a","quantity":1}"#; count].join(",");
        parse_body::<Order>(format!("{{\"lines\":[{lines}]}}").as_bytes())
    };
    assert_eq!(lines(99).unwrap().lines.len(), 99);
    assert_eq!(lines(100).unwrap().lines.len(), 100);
    assert_eq!(faults(lines(101)), one("too-many-items", "/lines"));
    assert_eq!(faults(lines(0)), one("missing-field", "/lines"));
}

#[test]
fn wrong_shapes_are_told_apart() {
    for body in ["[]", "1", "\"x\"", "null"] {
        assert_eq!(faults(parse_body::<Order>(body.as_bytes())), one("invalid-type", ""), "{body}");
    }
    assert_eq!(faults(parse_body::<Order>(b"{}")), one("missing-field", "/lines"));
    assert_eq!(faults(parse_body::<Order>(br#"{"lines":null}"#)), one("missing-field", "/lines"));
    assert_eq!(faults(parse_body::<Order>(br#"{"lines":{}}"#)), one("invalid-type", "/lines"));
    assert_eq!(faults(parse_body::<Order>(br#"{"lines":[1]}"#)), one("invalid-type", "/lines/0"));
    assert_eq!(faults(order(r#","note":"a\u0000b""#)), one("invalid-text", "/note"));
    assert_eq!(faults(order(r#","price":"1""#)), one("invalid-type", "/price"));
}

#[derive(Debug, PartialEq)]
struct Terms {
    days: Option<i64>,
    dunning: Option<bool>,
    name: Option<String>,
    tags: Option<Vec<u8>>,
}

impl FromFields for Terms {
    fn read(f: &mut Fields<'_>) -> Option<Self> {
        let days = f.optional_integer("days", 0..=365);
        let dunning = f.optional_boolean("dunning");
        let name = f.optional_not_null("name", values::text);
        let tags = f.required_texts("tags", 0..=2, values::one_of(&[("a", 1), ("b", 2)]));
        Some(Self { days, dunning, name, tags })
    }
}

#[test]
fn integers_booleans_and_lists_of_texts() {
    let terms = parse_body::<Terms>(br#"{"days":30,"dunning":false,"tags":["b","a"]}"#).unwrap();
    assert_eq!(terms, Terms { days: Some(30), dunning: Some(false), name: None, tags: Some(vec![2, 1]) });
    let cases = [
        (r#""days":366"#, "invalid-value", "/days"),
        (r#""days":"30""#, "invalid-type", "/days"),
        (r#""dunning":"no""#, "invalid-type", "/dunning"),
        (r#""name":null"#, "missing-field", "/name"),
    ];
    for (field, slug, pointer) in cases {
        let read = parse_body::<Terms>(format!("{{{field},\"tags\":[]}}").as_bytes());
        assert_eq!(faults(read), one(slug, pointer), "{field}");
    }
    assert_eq!(faults(parse_body::<Terms>(br#"{"tags":["a","c"]}"#)), one("invalid-value", "/tags/1"));
    assert_eq!(faults(parse_body::<Terms>(br#"{"tags":[1]}"#)), one("invalid-type", "/tags/0"));
}
