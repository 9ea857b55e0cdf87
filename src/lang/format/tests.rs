use super::*;
use proptest::prelude::*;
use std::fmt::Write as _;

fn formatted(text: &str) -> String {
    let once = format(text).unwrap_or_else(|| panic!("it is left alone:\n{text}"));
    assert_eq!(format(&once).as_deref(), Some(once.as_str()), "a second time changes it again:\n{text}");
    once
}

#[test]
fn indentation_spaces_and_quotes_are_made_usual() {
    let messy = "\
\n\nvendor:   example   \n\n\n
rules:
# about the first
-   name: 'invite'  # why
    trigger:    candidateStageChange
    when: {to_stage:  {in: [ a,b ,  'c' ]},x: {}}
    # about what is done
    do:
        -  add_tag: \"a  b\"
        # at the end of the list
    # at the end of the rule
-
    name: two
    trigger: [ candidateHired ]
    do:
    - add_note: |
            first

              deeper
            last
    - add_note:
          goes on
          here
    - invite: {
          test: $test,

          with: { a: b }
        }
# last";
    let usual = "\
vendor: example

rules:
  # about the first
  - name: \"invite\"  # why
    trigger: candidateStageChange
    when: { to_stage: { in: [a, b, \"c\"] }, x: {} }
    # about what is done
    do:
      - add_tag: \"a  b\"
      # at the end of the list
    # at the end of the rule
  -
    name: two
    trigger: [candidateHired]
    do:
      - add_note: |
          first

            deeper
          last
      - add_note:
          goes on
          here
      - invite: {
            test: $test,

            with: { a: b }
          }
# last
";
    assert_eq!(formatted(messy), usual);
}

#[test]
fn what_is_part_of_a_text_stays() {
    for text in [
        "a: |+\n  x\n\n\n\nb: 1\n",
        "a: |\n  x  \n   y\n\n\n  z\n",
        "a: \"x  {y:z}  ,\"\n",
        "a: 'it''s'\nb: 'say \"x\"'\nc: '\\'\n",
        "a: x # {b:c}\n",
        "# only a comment\n",
        "---\na: 1\n",
        "a: !!str 007\n",
        "a:\nb: ~\nc: ''\n".replace("''", "\"\"").as_str(),
        "- - a\n  - b\n- c\n",
    ] {
        assert_eq!(formatted(text), text);
    }
    assert_eq!(formatted("a: 1\r\nb:   2\r\n"), "a: 1\r\nb: 2\r\n");
    // Says itself where its lines begin: the layout of such a file stays.
    assert_eq!(formatted("a:\n    b: |2\n          x\n    c:   1\n"), "a:\n    b: |2\n          x\n    c: 1\n");
    assert_eq!(formatted(""), "");
}

#[test]
fn a_text_with_faults_is_left_alone() {
    for text in ["a: [", "a: &x 1\n", "a: 1\na: 2\n", "a:\n\tb: 1\n", "a: {{x}}\n"] {
        assert_eq!(format(text), None, "{text}");
    }
}

/// A tree with the ways it is written.
#[derive(Debug, Clone)]
enum Tree {
    Text(&'static str),
    Block(u8),
    Seq(Vec<Tree>, u8),
    Map(Vec<Tree>, u8),
}

fn tree() -> impl Strategy<Value = Tree> {
    let text = prop_oneof![
        Just("a"),
        Just("no"),
        Just("'x y'"),
        Just("\"{{a.b}} - c\""),
        Just("\"\""),
        Just("$a.b"),
        Just("1.10"),
        Just("'it''s'"),
    ];
    let leaf = prop_oneof![4 => text.prop_map(Tree::Text), 1 => any::<u8>().prop_map(Tree::Block)];
    leaf.prop_recursive(4, 40, 4, |inner| {
        let many = || prop::collection::vec(inner.clone(), 0..4);
        prop_oneof![
            (many(), any::<u8>()).prop_map(|(items, ways)| Tree::Seq(items, ways)),
            (many(), any::<u8>()).prop_map(|(values, ways)| Tree::Map(values, ways)),
        ]
    })
}

/// In brackets, where that can be written.
fn flow(tree: &Tree) -> Option<String> {
    let pad = |ways: u8| " ".repeat(usize::from(ways & 3));
    Some(match tree {
        Tree::Text(text) => (*text).to_owned(),
        Tree::Block(_) => return None,
        Tree::Seq(items, ways) => {
            let items: Option<Vec<String>> = items.iter().map(flow).collect();
            format!("[{0}{1}{0}]", pad(*ways), items?.join(&format!("{},{}", pad(ways >> 2), pad(ways >> 4))))
        }
        Tree::Map(values, ways) => {
            let entries = values.iter().enumerate().map(|(at, value)| Some(format!("k{at}: {}{}", pad(*ways), flow(value)?)));
            let entries: Option<Vec<String>> = entries.collect();
            format!("{{{0}{1}{0}}}", pad(*ways), entries?.join(&format!("{}, {}", pad(ways >> 2), pad(ways >> 4))))
        }
    })
}

/// After `key:` or `-` that stand in `column`, to the end of the line and below.
fn block(tree: &Tree, column: usize, in_list: bool, out: &mut String) {
    let comment = |ways: u8, column: usize, out: &mut String| match ways {
        0..40 => {
            let _ = writeln!(out, "{}# c{ways}", " ".repeat(column));
        }
        40..60 => out.push('\n'),
        60..70 => out.push_str("\n  \n\n"),
        _ => {}
    };
    match tree {
        Tree::Text(text) => {
            let _ = writeln!(out, " {text}");
        }
        Tree::Block(ways) => {
            let column = " ".repeat(column + 1 + usize::from(ways & 3));
            let _ = writeln!(out, " |{}", if ways & 4 == 0 { "" } else { "-" });
            let _ = write!(out, "{column}first\n\n{column}  deeper # x\n{column}last\n");
        }
        Tree::Seq(items, ways) | Tree::Map(items, ways) if items.is_empty() || ways & 8 == 0 && flow(tree).is_some() => {
            let _ = writeln!(out, "{}{}", " ".repeat(1 + usize::from(ways & 1)), flow(tree).unwrap_or_default());
        }
        Tree::Seq(items, ways) => {
            out.push('\n');
            let deeper = if in_list { 1 + usize::from(ways & 3) } else { usize::from(ways & 3) };
            for (at, item) in items.iter().enumerate() {
                let column = column + deeper;
                comment(ways.wrapping_mul(u8::try_from(at).unwrap_or(1) | 1), column, out);
                let _ = write!(out, "{}-", " ".repeat(column));
                block(item, column, true, out);
            }
        }
        Tree::Map(values, ways) => {
            let deeper = 1 + usize::from(ways & 3);
            let same_line = in_list && ways & 4 == 0;
            if !same_line {
                out.push('\n');
            }
            let gap = usize::from(ways >> 4 & 3);
            for (at, value) in values.iter().enumerate() {
                let column = if same_line { column + 2 + gap } else { column + deeper };
                if at > 0 || !same_line {
                    comment(ways.wrapping_mul(u8::try_from(at).unwrap_or(1) | 1), column, out);
                    out.push_str(&" ".repeat(column));
                } else {
                    out.push_str(&" ".repeat(1 + gap));
                }
                let _ = write!(out, "k{at}:");
                block(value, column, false, out);
            }
        }
    }
}

fn comments(text: &str) -> Vec<&str> {
    text.lines().map(str::trim).filter(|line| line.starts_with('#')).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn generated_files_keep_their_meaning_and_their_comments(values in prop::collection::vec(tree(), 1..5)) {
        let mut text = String::new();
        for (at, value) in values.iter().enumerate() {
            let _ = write!(text, "k{at}:");
            block(value, 0, false, &mut text);
        }
        let before = read(&text);
        prop_assert!(before.is_some(), "no good YAML:\n{}", text);
        let once = format(&text);
        prop_assert!(once.is_some(), "left alone:\n{}", text);
        let once = once.unwrap_or_default();
        prop_assert!(same(&before.unwrap(), &read(&once).unwrap()), "another meaning:\n{}\n{}", text, once);
        prop_assert_eq!(comments(&text), comments(&once));
        prop_assert_eq!(format(&once), Some(once.clone()), "not the last word:\n{}\n{}", text, once);
        for line in once.lines().filter(|line| line.trim_start().starts_with('k') || line.trim_start().starts_with("- ")) {
            prop_assert_eq!((line.len() - line.trim_start().len()) % 2, 0, "{}\n{}", text, once);
        }
    }
}
