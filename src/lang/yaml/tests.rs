//! The reader as a user meets it. Its messages are shown whole in `tests/check/yaml/`.

use super::*;
use crate::lang::diagnostic::Diagnostics;
use crate::lang::source::Sources;

fn read(text: &str) -> (Sources, Option<Node>, Diagnostics) {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let id = sources.add_text("a.yaml", text);
    let node = load(&sources, id, &mut found);
    (sources, node, found)
}

fn good(text: &str) -> (Sources, Node) {
    let (sources, node, found) = read(text);
    assert!(found.is_empty(), "{found:?}");
    (sources, node.expect("a tree"))
}

fn codes(text: &str) -> Vec<&'static str> {
    read(text).2.sorted().iter().map(|found| found.code).collect()
}

#[test]
fn scalars_stay_text() {
    let (_, node) = good("no: on\nversion: 1.10\ntime: 12:30\nzip: 007\n");
    let text = |key| node.get(key).and_then(Node::scalar);
    assert_eq!(text("no"), Some("on"));
    assert_eq!(text("version"), Some("1.10"));
    assert_eq!(text("time"), Some("12:30"));
    assert_eq!(text("zip"), Some("007"));
}

#[test]
fn nothing_is_told_from_empty_text() {
    let (_, node) = good("a:\nb: ~\nc: null\nd: \"\"\ne: 'null'\nf: !!str\ng: {h, i: }\n");
    let null = |key| node.get(key).is_some_and(Node::is_null);
    assert!(null("a") && null("b") && null("c"));
    assert!(!null("d") && !null("e") && !null("f"));
    let inner = node.get("g").expect("there");
    assert_eq!(inner.get("h").and_then(Node::scalar), Some(""));
    assert!(good("").1.is_null() && good("# only a comment\n").1.is_null());
}

#[test]
fn typed_readers_take_what_fits_and_name_what_does_not() {
    let (_, node) = good("yes: yes\nt: true\nq: 'true'\ni: 72\nf: 72.5\nd: 1h30m\nl: [a]\nn:\nz: 007\n");
    let at = |key| node.get(key).expect("there");
    let mut found = Diagnostics::new();
    assert_eq!(at("t").as_bool(&mut found), Some(true));
    assert_eq!(at("i").as_int(&mut found), Some(72));
    assert_eq!(at("i").as_number(&mut found), Some(72.0));
    assert_eq!(at("f").as_number(&mut found), Some(72.5));
    assert_eq!(at("d").as_duration(&mut found).map(|d| d.as_secs()), Some(5400));
    assert_eq!(at("z").as_text(&mut found), Some("007"));
    assert_eq!(at("l").items(&mut found).map(<[Node]>::len), Some(1));
    assert!(found.is_empty());
    at("yes").as_bool(&mut found);
    at("q").as_bool(&mut found);
    at("z").as_int(&mut found);
    at("f").as_int(&mut found);
    at("l").as_text(&mut found);
    at("n").as_text(&mut found);
    at("i").entries(&mut found);
    let messages: Vec<_> = found.iter().map(|d| d.message.as_str()).collect();
    assert_eq!(
        messages,
        [
            "expected `true` or `false`, found `yes`",
            "expected `true` or `false`, found the text `true`",
            "expected a whole number, found `007`",
            "expected a whole number, found `72.5`",
            "expected a text, found a list",
            "expected a text, found nothing",
            "expected a map, found `72`",
        ]
    );
}

#[test]
fn unknown_and_missing_keys() {
    let (_, node) = good("nmae: a\ntrigger: b\n");
    let mut found = Diagnostics::new();
    node.known_entries("a rule", &["name", "trigger"], &mut found);
    node.required("name", "this rule", &mut found);
    let messages: Vec<_> = found.iter().map(|d| d.message.as_str()).collect();
    assert_eq!(messages, ["unknown key `nmae` in a rule", "this rule lacks `name`"]);
    assert_eq!(found.iter().next().and_then(|d| d.suggestion.as_ref()).map(|s| s.replacement.as_str()), Some("name"));
}

#[test]
fn spans_cover_what_the_author_wrote() {
    let (sources, node) = good("# é\nlist:\n  - a: \"x\"\n    b: [1, 2]\n  - |\n    text\nend: 1\n");
    let list = node.get("list").expect("there");
    assert_eq!(sources.slice(list.span), "- a: \"x\"\n    b: [1, 2]\n  - |\n    text");
    let Kind::Seq(items) = &list.kind else { panic!("a list") };
    let first = items.first().expect("there");
    assert_eq!(sources.slice(first.span), "a: \"x\"\n    b: [1, 2]");
    assert_eq!(sources.slice(first.get("a").expect("there").span), "\"x\"");
    assert_eq!(sources.slice(first.entry("b").expect("there").0.span), "b");
    assert_eq!(sources.slice(first.get("b").expect("there").span), "[1, 2]");
}

/// Every `<mark>` in a text must be found in the source where it was written.
#[test]
fn places_inside_scalars() {
    for (yaml, piece, written) in [
        ("a: say {{x}} é", "{{x}}", "{{x}}"),
        ("a: \"say {{x}}\"", "{{x}}", "{{x}}"),
        ("a: 'say {{x}}'", "{{x}}", "{{x}}"),
        ("a: 'it''s {{x}}'", "{{x}}", "{{x}}"),
        ("a: 'it''s {{x}}'", "'", "''"),
        ("a: \"{{default x \\\"none\\\"}} {{y}}\"", "{{y}}", "{{y}}"),
        ("a: \"{{default x \\\"none\\\"}} {{y}}\"", "\"none\"", "\\\"none\\\""),
        ("a: \"\\u00e9 \\U0001F600 \\uD83D\\uDE00 \\x41 {{y}}\"", "{{y}}", "{{y}}"),
        ("a: \"one \\\n  two {{y}}\"", "{{y}}", "{{y}}"),
        ("a: one\n  two\n\n  {{y}} z", "{{y}}", "{{y}}"),
        ("a: |\n  one\n    {{x}}\n\n  {{y}}\n", "{{y}}", "{{y}}"),
        ("a: |\r\n  one\r\n    {{x}}\r\n\r\n  {{y}}\r\n", "{{y}}", "{{y}}"),
        ("a: |2-  # why\n    one\n  {{y}}\n", "{{y}}", "{{y}}"),
        ("a: >-\n  one\n  two\n\n  three {{y}} é\n", "{{y}}", "{{y}}"),
        ("a: >\n  one {{y\n  z}} two\n", "{{y z}}", "{{y\n  z}}"),
    ] {
        let (sources, node) = good(yaml);
        let value = node.get("a").expect("there");
        let text = value.scalar().expect("a text");
        let start = text.find(piece).unwrap_or_else(|| panic!("{piece} in {text:?}"));
        let span = value.inner_span(start..start + piece.len());
        assert_eq!(sources.slice(span), written, "{yaml:?}");
    }
}

#[test]
fn what_the_language_has_no_use_for_is_reported_and_reading_goes_on() {
    assert_eq!(codes("a: &x 1\nb: *x\nc: *y\n<<: {d: 1}\n"), ["anchor", "alias", "alias", "merge-key"]);
    assert_eq!(codes("a: !foo 1\nb: !!int 2\nc: !!str 3\n"), ["yaml-tag", "yaml-tag"]);
    assert_eq!(codes("a: 1\nb: 2\na: 3\nA: 4\na: 5\n"), ["duplicate-key", "duplicate-key"]);
    assert_eq!(codes("? [a]\n: b\n? {c: d}\n: e\n: f\n"), ["key-not-text", "key-not-text", "key-not-text"]);
    assert_eq!(codes("a: 1\n---\nb: 2\n"), ["many-documents"]);
    assert_eq!(codes("%YAML 1.2\n---\na: 1\n"), ["directive"]);
    assert_eq!(codes("a:\n\tb: 1\n"), ["tab"]);
    let (_, node, _) = read("a: 1\na: 2\nb: *x\nc: 3\n");
    let node = node.expect("a tree");
    assert_eq!(node.get("a").and_then(Node::scalar), Some("1"));
    assert!(node.get("b").is_some_and(Node::is_faulty));
    assert_eq!(node.get("c").and_then(Node::scalar), Some("3"));
}

#[test]
fn a_value_that_must_be_quoted_does_not_hide_the_rest() {
    let (_, node, found) = read("a: {{x}} - Invited\nb: Hello: you\nc: @d\nd: \"x\" y\ne: {{x}}\na: 1\nf: 2\n");
    let codes: Vec<_> = found.sorted().iter().map(|d| d.code).collect();
    assert_eq!(codes, ["unquoted-template", "syntax", "syntax", "syntax", "unquoted-template", "duplicate-key"]);
    let node = node.expect("a tree");
    assert!(node.get("a").is_some_and(Node::is_faulty));
    assert_eq!(node.get("f").and_then(Node::scalar), Some("2"));
}

#[test]
fn limits_are_told_not_felt() {
    assert_eq!(codes(&"[".repeat(1_000_000)), ["too-deep"]);
    assert_eq!(codes(&"{a: ".repeat(40_000)), ["too-deep"]);
    assert_eq!(codes(&"- ".repeat(100_000)), ["too-deep"]);
    assert_eq!(codes(&"- a\n".repeat(MAX_NODES)), ["too-many-nodes"]);
    assert_eq!(codes(&"*a : *b\n".repeat(10_000)).last(), Some(&"alias"));
    assert!(codes(&"*a : *b\n".repeat(10_000)).contains(&"more-faults"));
    assert_eq!(codes(&"\t".repeat(1_000_000)).len(), 0);
    let nested = format!("{}x{}", "[".repeat(MAX_DEPTH), "]".repeat(MAX_DEPTH));
    assert!(codes(&nested).is_empty());
    let long = format!("a: {}\n", "word ".repeat(20_000));
    assert!(codes(&long).is_empty());
}

/// A sketch in one line: `{key: value}`, `[item]`, keys without a value as `key`.
fn drawn(text: &str) -> String {
    fn draw(node: &Node) -> String {
        match &node.kind {
            Kind::Scalar { text, .. } => text.clone(),
            Kind::Seq(items) => format!("[{}]", items.iter().map(draw).collect::<Vec<_>>().join(", ")),
            Kind::Map(entries) => {
                let each = entries.iter().map(|(key, value)| match draw(value) {
                    value if value.is_empty() => key.text.clone(),
                    value => format!("{}: {value}", key.text),
                });
                format!("{{{}}}", each.collect::<Vec<_>>().join(", "))
            }
            Kind::Faulty => "faulty".to_owned(),
        }
    }
    let mut sources = Sources::new();
    let id = sources.add_text("a.yaml", text);
    draw(&sketch(id, text))
}

#[test]
fn a_sketch_holds_what_is_half_written_and_all_around_it() {
    let rest = "    do: [{ add_tag: x }]\n  - name: b\n";
    for (broken, expected) in [
        ("    tri\n", "tri, do: [{add_tag: x}]}, {name: b}"),
        ("    trigger: [a, b\n", "trigger: [a, b], do: [{add_tag: x}]}, {name: b}"),
        ("    when: { to_stage: \"Rev\n", "when: {to_stage: Rev}, do: [{add_tag: x}]}, {name: b}"),
        ("    when: { to_stage: X, opp\n", "when: {to_stage: X, opp}, do: [{add_tag: x}]}, {name: b}"),
        ("    when:\n      to_stage: X\n      opp\n", "when: {to_stage: X, opp}, do: [{add_tag: x}]}, {name: b}"),
        ("    when:\n", "when, do: [{add_tag: x}]}, {name: b}"),
        ("    was: 'old\n", "was: old, do: [{add_tag: x}]}, {name: b}"),
        ("    when: { a: {{x}} }\n", "when: {a: {{x}}}, do: [{add_tag: x}]}, {name: b}"),
        // YAML takes it for the rest of the name above.
        ("     over\n", " over, do: [{add_tag: x}]}, {name: b}"),
        ("   under\n", "under, do: [{add_tag: x}]}, {name: b}"),
    ] {
        assert_eq!(
            drawn(&format!("rules:\n  - name: a\n{broken}{rest}")),
            format!("{{rules: [{{name: a, {expected}]}}").replace("a,  over", "a over"),
            "{broken}"
        );
    }
    assert_eq!(drawn("a:\n- b: c\n  d\n-\n- e\nf: |\n  g\n   h\n\ni: j # k\n"), "{a: [{b: c, d}, , e], f: g\n h\n, i: j}");
    assert_eq!(drawn("- - a\n  - b: {}\n"), "[[a, {b: {}}]]");
    assert_eq!(drawn("x"), "x");
}
