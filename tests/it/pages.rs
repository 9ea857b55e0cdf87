//! The pages of the grammar: every YAML block of `schema/rules.md` is a file that loads, and its table of names is that of the
//! vocabulary. `UPDATE=1` rewrites the table.

use leverd::lang::diagnostic::Diagnostics;
use leverd::lang::load;
use leverd::lang::render::render_human;
use leverd::lang::source::Sources;
use leverd::lang::vocabulary::{self, Entry};
use leverd::model::{AssessmentEvent, EventKind, LeverEvent};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

const PAGE: &str = "schema/rules.md";
const FROM: &str = "<!-- names -->\n";
const TO: &str = "<!-- end -->";

fn read(path: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

#[test]
fn every_block_of_rules_loads() {
    let text = read(PAGE);
    let blocks: Vec<&str> = text.split("\n```yaml\n").skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect();
    assert!(blocks.len() > 3);
    for block in blocks {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let files = [
            ("vendor.yaml".to_owned(), read("tests/check/rules/vendor.yaml").into_bytes()),
            ("rules.yaml".to_owned(), block.as_bytes().to_vec()),
        ];
        let pack = load::load(&"page".into(), &files, &mut sources, &mut found);
        assert!(pack.is_some() && found.is_empty(), "{}\n{block}", render_human(&sources, &found, false));
    }
}

/// Names as a list, `?` behind those that may be absent.
fn list(entries: &[Entry]) -> String {
    let names = entries.iter().map(|entry| format!("`{}`{}", entry.name, if entry.field.optional { "?" } else { "" }));
    names.collect::<Vec<_>>().join(", ")
}

fn names() -> String {
    let mut text = "\n| trigger | its own names | also |\n|---|---|---|\n".to_owned();
    let also = |kind: &EventKind| {
        let names = vocabulary::names(kind, None);
        let groups = ["opportunity", "candidate", "posting", "assessment"];
        let has = |group: &&str| names.keys().any(|name| name.split('.').next() == Some(*group));
        let groups: Vec<String> = groups.iter().filter(|group| has(group)).map(|group| format!("`{group}.*`")).collect();
        groups.join(" ")
    };
    for event in LeverEvent::ALL {
        let _ = writeln!(text, "| `{event}` | {} | {} |", list(&vocabulary::lever(*event)), also(&EventKind::Lever(*event)));
    }
    // Events that know the same stand in one row.
    let mut rows: Vec<(Vec<String>, String, String)> = Vec::new();
    for event in AssessmentEvent::ALL {
        let kind = EventKind::Assessment(*event);
        let groups = ["opportunity", "candidate", "posting", "assessment"];
        let everywhere = vocabulary::event();
        let own: Vec<String> = vocabulary::names(&kind, None)
            .into_iter()
            .filter(|(name, _)| !name.split('.').next().is_some_and(|group| groups.contains(&group)))
            .filter(|(name, _)| everywhere.iter().all(|entry| entry.name != name))
            .map(|(name, field)| format!("`{name}`{}", if field.optional { "?" } else { "" }))
            .collect();
        let own = own.join(", ");
        match rows.iter_mut().find(|row| row.1 == own) {
            Some(row) => row.0.push(format!("`assessment.{event}`")),
            None => rows.push((vec![format!("`assessment.{event}`")], own, also(&kind))),
        }
    }
    for (events, own, also) in rows {
        let own = if own.is_empty() { "`result.*`".to_owned() } else { format!("{own}, `result.*`") };
        let _ = writeln!(text, "| {} | {own} | {also} |", events.join(" "));
    }
    text.push_str("\n| name | type | what it is |\n|---|---|---|\n");
    let all = [vocabulary::event(), vocabulary::opportunity(), vocabulary::posting(), vocabulary::assessment()];
    for entry in all.iter().flatten() {
        let absent = if entry.field.optional { "?" } else { "" };
        let _ = writeln!(text, "| `{}`{absent} | {} | {} |", entry.name, entry.field.ty, entry.doc);
    }
    text.push('\n');
    text
}

#[test]
fn the_names_are_those_of_the_vocabulary() {
    let text = read(PAGE);
    let (before, rest) = text.split_once(FROM).expect("the marker before the names");
    let (told, after) = rest.split_once(TO).expect("the marker after the names");
    let names = names();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE), format!("{before}{FROM}{names}{TO}{after}")).unwrap();
        return;
    }
    assert_eq!(told, names, "the names in {PAGE} are not current: UPDATE=1 rewrites them");
}
