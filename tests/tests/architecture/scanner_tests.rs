//! The scanner on the texts that mislead simpler ones.

use crate::scanner::{Function, code_of, functions, line_of, production_of, words};

#[test]
fn comments_are_blank_and_nothing_moves() {
    let text = "a // { é\nb /* { /* } */ ü \n } */ c";
    let code = code_of(text);
    assert_eq!(code.split_whitespace().collect::<Vec<_>>(), ["a", "b", "c"]);
    assert_eq!(code.len(), text.len());
    assert_eq!(line_of(&code, code.find('c').unwrap()), 3);
}

#[test]
fn strings_are_blank_inside() {
    assert_eq!(code_of(r#"f("a\"{", b"}\\", "//")"#), r#"f("    ", b"   ", "  ")"#);
    assert_eq!(code_of("f(r\"\\\", 1)"), "f(r\" \", 1)");
    assert_eq!(code_of("f(br##\"a\"#{\"##, 1)"), "f(br##\"    \"##, 1)");
    assert_eq!(code_of("\"never closed {"), "\"              ");
}

#[test]
fn characters_are_blank_and_lifetimes_are_not_characters() {
    assert_eq!(code_of(r"['{', '\'', '\u{7b}', 'é', b'}']"), r"[' ', '  ', '      ', '  ', b' ']");
    assert_eq!(code_of("fn f<'a>(x: &'a str) -> &'static str {}"), "fn f<'a>(x: &'a str) -> &'static str {}");
    assert_eq!(code_of("'outer: loop { break 'outer; } '\"'"), "'outer: loop { break 'outer; } ' '");
}

#[test]
fn words_are_whole() {
    assert_eq!(words("fn f; defn; fn_; (fn)", "fn").collect::<Vec<_>>(), [0, 18]);
}

#[test]
fn functions_are_measured_to_their_closing_brace() {
    let text = "fn one() {}\n\
        trait T {\n fn none(x: [u8; 2]);\n type F = fn(u8) -> u8;\n}\n\
        pub async fn two(\n a: [u8; 2],\n) -> u8 {\n let brace = \"}\"; // }\n fn inner() {\n }\n 1\n}\n";
    let function = |name: &str, line, lines| Function { name: name.to_owned(), line, lines };
    assert_eq!(functions(&code_of(text)), [function("one", 1, 1), function("two", 6, 8), function("inner", 10, 2)]);
}

#[test]
fn test_modules_are_cut_out() {
    let text = "fn kept() {}\n#[cfg(test)]\n#[allow(x[y])]\nmod tests {\n fn cut() { \"}\"; }\n}\nfn kept_too() {}\n\
        #[cfg(all(test, unix))]\nuse a::b;\n#[cfg(not(test))]\nfn kept_as_well() {}\n";
    let production = production_of(text, &code_of(text));
    let names: Vec<_> = functions(&production.code).into_iter().map(|function| function.name).collect();
    assert_eq!(names, ["kept", "kept_too", "kept_as_well"]);
    assert!(!production.code.contains("use a"));
    assert_eq!(production.code.len(), text.len());
    assert!(production.test_modules.is_empty());
}

#[test]
fn test_modules_in_other_files_are_named() {
    let text = "#[cfg(test)]\nmod near;\n#[cfg(test)]\n#[path = \"far_tests.rs\"]\npub(crate) mod far;\nmod real;\n";
    let production = production_of(text, &code_of(text));
    let far = Some("far_tests.rs".to_owned());
    assert_eq!(production.test_modules, [("near".to_owned(), None), ("far".to_owned(), far)]);
    assert_eq!(production.code.trim(), "mod real;");
}
