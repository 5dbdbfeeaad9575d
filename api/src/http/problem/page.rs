//! The page that explains every problem, for people who followed a `type`.

use super::ProblemType;

const HEAD: &str = r#"<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Problems</title>
<style>
:root { color-scheme: light dark; --ink: #1d1f23; --dim: #5c626d; --paper: #fff; --line: #dfe2e7; --mark: #f2f4f7 }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e8ec; --dim: #9aa1ad; --paper: #16181c; --line: #2c3038; --mark: #21252c }
}
body { margin: 2rem auto; max-width: 46rem; padding: 0 1rem; color: var(--ink); background: var(--paper);
  font: 16px/1.55 system-ui, sans-serif }
section { border-top: 1px solid var(--line); padding: .6rem 0 }
section:target { background: var(--mark) }
h2 { font-size: 1.05rem; margin: .3rem 0 }
code { background: var(--mark); padding: .1rem .35rem; border-radius: .25rem }
p.what { color: var(--dim); margin: 0 }
a { color: inherit }
</style>
</head>
<body>
<h1>Problems</h1>
<p>Every answer that is not a success is <code>application/problem+json</code> (RFC 9457). Its <code>type</code>
ends in one of the names below. The names are stable; titles and details are for people and may change.</p>
"#;

/// The whole page as HTML, without scripts and without anything loaded from elsewhere.
pub fn problems_page() -> String {
    let sections: String = ProblemType::rows().map(section).collect();
    format!("{HEAD}{sections}</body>\n</html>\n")
}

fn section(row: &super::Row) -> String {
    format!(
        "<section id=\"{slug}\">\n<h2><a href=\"#{slug}\">{title}</a></h2>\n\
         <p class=\"what\"><code>{slug}</code> · {status}{retry}</p>\n<p>{explanation}</p>\n</section>\n",
        slug = row.slug,
        title = escaped(row.title),
        status = row.status.as_u16(),
        retry = if row.kind.retry_after_s().is_some() { " · with Retry-After" } else { "" },
        explanation = escaped(row.explanation),
    )
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_a_section_for_every_problem() {
        let page = problems_page();
        for row in ProblemType::rows() {
            assert!(page.contains(&format!("id=\"{}\"", row.slug)), "{}", row.slug);
            assert!(page.contains(&escaped(row.explanation)), "{}", row.slug);
        }
        assert!(!page.contains("http://") && !page.contains("https://"));
    }
}
