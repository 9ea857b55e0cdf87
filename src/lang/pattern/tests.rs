//! Patterns as authors write them for tags.

use super::*;
use crate::lang::source::Sources;
use crate::model::{Field, Named, Value};

struct Catalogue;

impl Names for Catalogue {
    fn find(&self, kind: Kind, name: &str, ignore_case: bool) -> Option<Named> {
        let all: &[&str] = match kind {
            Kind::Assessment => &["Java", "Java - Advanced", "C++ {basic}"],
            Kind::Stage => &["Phone screen", "On-site - final"],
            _ => &[],
        };
        let same = |known: &&&str| **known == name || ignore_case && known.to_lowercase() == name.to_lowercase();
        all.iter().find(same).map(|name| Named { kind, id: "id".into(), name: (*name).to_owned() })
    }
}

impl Lookup for Catalogue {
    fn value(&self, path: &str) -> Option<Value> {
        (path == "assessment.title").then(|| "Java {x}".into())
    }
}

impl Scope for Catalogue {
    fn lookup(&self, path: &str) -> Option<Field> {
        (path == "assessment.title").then(|| Field::required(Type::Text))
    }
    fn names(&self) -> Vec<String> {
        vec!["assessment.title".into()]
    }
    fn band(&self, _: &str) -> Option<bool> {
        None
    }
    fn bands(&self) -> Vec<String> {
        Vec::new()
    }
}

fn read(text: &str) -> Result<PatternText, Vec<String>> {
    let mut sources = Sources::new();
    let id = sources.add_text("t", text);
    let mut found = Diagnostics::new();
    let pattern = PatternText::parse_text(text, &|range| Span::new(id, range), &mut found);
    let good = pattern.filter(|pattern| pattern.check(&Catalogue, &mut found));
    good.ok_or_else(|| found.sorted().iter().map(|d| format!("{}: {}", sources.slice(d.primary), d.message)).collect())
}

fn captures(pattern: &str, text: &str) -> Option<String> {
    let pattern = read(pattern).expect("a pattern").render(&Catalogue).expect("rendered");
    let found = matches(&pattern, text, &Catalogue, false)?;
    let all: Vec<String> = found.iter().map(|(name, value)| format!("{name}={value}")).collect();
    Some(all.join(" "))
}

#[test]
fn holes_take_what_their_type_allows() {
    for (pattern, text, expected) in [
        ("Invited", "Invited", Some("")),
        ("Invited", " Invited ", Some("")),
        ("Invited", "invited", None),
        ("Invited", "Invited!", None),
        ("Score: {n:number} %", "Score: 72.5 %", Some("n=72.5")),
        ("Score: {n:number} %", "Score: high %", None),
        ("Score: {n:int}", "Score: 72.5", None),
        ("{x} - {y}", "a - b - c", Some("x=a y=b - c")),
        ("{x} - {n:int}", "a - b - 5", Some("n=5 x=a - b")),
        ("{x}", "", None),
        ("a{x}", "a", None),
        ("{t:assessment} - {status}", "Java - Invited", Some("status=Invited t=Java")),
        ("{t:assessment} - {status}", "Java - Advanced - Invited", Some("status=Invited t=Java - Advanced")),
        ("{t:assessment} - {status}", "Cobol - Invited", None),
        ("{s:stage} / {t:assessment}", "On-site - final / Java", Some("s=On-site - final t=Java")),
        ("{{assessment.title}} - {status}", "Java {x} - Started", Some("status=Started")),
        ("é{x}ü", "éööü", Some("x=öö")),
        ("{n:number}", "007", None),
    ] {
        assert_eq!(captures(pattern, text).as_deref(), expected, "{pattern} on {text}");
    }
}

#[test]
fn case_is_ignored_on_request() {
    let pattern = read("Score {t:assessment}: {n:int} PASS").unwrap().render(&Catalogue).unwrap();
    assert!(matches(&pattern, "score JAVA: 5 pass", &Catalogue, false).is_none());
    let found = matches(&pattern, "score JAVA: 5 pass", &Catalogue, true).unwrap();
    assert_eq!(found.get("t").and_then(Value::as_text), Some("Java"));
    let pattern = Pattern::literal("Straße İ");
    assert!(matches(&pattern, "STRAßE i\u{307}", &(), true).is_some());
}

#[test]
fn faults_have_their_caret() {
    for (pattern, expected) in [
        ("a {b", "{b: this `{` is never closed"),
        ("a } b", "}: this `}` closes nothing"),
        ("{}", "{}: `` is no name of a hole"),
        ("{A b}", "{A b}: `A b` is no name of a hole"),
        ("{n:nubmer}", "nubmer: a hole cannot have the type `nubmer`"),
        ("{a} {a}", "{a}: two holes are called `a`"),
        ("{a}{b}", "{b}: two holes stand side by side: where one ends cannot be told"),
        ("{x} {{> part}}", ">: partials are not part of the rule language"),
        ("", ": this pattern is empty"),
        ("{{assessment.tilte}} - {x}", "assessment.tilte: nothing called `assessment.tilte` is known here"),
        ("{x} - {{assessment.title", "{{: these braces are never closed"),
    ] {
        assert_eq!(read(pattern).unwrap_err().first().map(String::as_str), Some(expected), "{pattern}");
    }
}

#[test]
fn no_pattern_explodes() {
    let pattern = read("{a}x{b}x{c}x{d}x{e}x{f}x{g}x{h}").unwrap().render(&Catalogue).unwrap();
    assert!(matches(&pattern, &"x".repeat(MAX_TEXT_BYTES), &Catalogue, false).is_some());
    let pattern = read("{a:int}0{b:int}0{c:int}0{d:int}0{e:stage}").unwrap().render(&Catalogue).unwrap();
    assert!(matches(&pattern, &"10".repeat(MAX_TEXT_BYTES / 2), &Catalogue, true).is_none());
    assert!(matches(&Pattern::literal("x"), &"x".repeat(MAX_TEXT_BYTES + 1), &(), false).is_none());
}

#[test]
fn what_was_written_and_what_is_read() {
    let pattern = read("{{assessment.title}} - {n:number}").unwrap();
    assert_eq!(pattern.source(), "{{assessment.title}} - {n:number}");
    assert_eq!(pattern.paths(), ["assessment.title"]);
    let rendered = pattern.render(&Catalogue).unwrap();
    assert_eq!(rendered.literal_len(), "Java {x} - ".len());
    let stored: Pattern = serde_json::from_str(&serde_json::to_string(&rendered).unwrap()).unwrap();
    assert_eq!(stored, rendered);
}
