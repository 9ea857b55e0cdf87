//! `schema/sim.md` tells the commands, deeds and switches that there are, and its script plays. `UPDATE=1` rewrites the tables.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use leverd::lang::diagnostic::Diagnostics;
use leverd::lang::render::render_human;
use leverd::lang::source::Sources;
use leverd::sim::manual::{Entry, commands, deeds, switches};
use leverd::sim::{Faults, script};

use super::http::World;

const PAGE: &str = "schema/sim.md";

fn page() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE)).unwrap()
}

fn table(head: &str, entries: &[Entry]) -> String {
    let mut text = head.to_owned();
    for entry in entries {
        assert!(!entry.about.is_empty(), "`{}` says nothing about itself", entry.name);
        let fields = entry.fields.iter().map(|field| format!("`{}`{}", field.name, if field.required { "" } else { "?" }));
        let fields = fields.collect::<Vec<_>>().join(", ");
        let _ = if head.contains("takes") {
            writeln!(text, "| `{}` | {fields} | {} |", entry.name, entry.about)
        } else {
            writeln!(text, "| `{}` | {} |", entry.name, entry.about)
        };
    }
    text
}

#[test]
fn the_tables_are_those_of_the_types() {
    let takes = "| command | takes | what it does |\n|---|---|---|\n";
    let tables = [
        ("commands", table(takes, &commands())),
        ("deeds", table("| act | takes | what happens |\n|---|---|---|\n", &deeds())),
        ("switches", table("| switch | what it says |\n|---|---|\n", &switches())),
    ];
    let mut text = page();
    for (name, table) in tables {
        let from = format!("<!-- {name} -->\n");
        let (before, rest) = text.split_once(&from).expect("the marker before the table");
        let (told, after) = rest.split_once("<!-- end -->").expect("the marker after the table");
        if std::env::var_os("UPDATE").is_none() {
            assert_eq!(told, table, "the {name} in {PAGE} are not current: UPDATE=1 rewrites them");
        }
        text = format!("{before}{from}{table}<!-- end -->{after}");
    }
    if std::env::var_os("UPDATE").is_some() {
        fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE), text).unwrap();
    }
}

#[test]
fn commands_and_switches_are_read_out_of_their_types_with_what_they_take() {
    let all = commands();
    let fields = |name: &str| {
        let entry = all.iter().find(|entry| entry.name == name).unwrap();
        entry.fields.iter().map(|field| (field.name.clone(), field.required)).collect::<Vec<_>>()
    };
    let field = |name: &str, required: bool| (name.to_owned(), required);
    assert_eq!(fields("move_stage"), [field("opportunity", true), field("stage", true)]);
    assert!(fields("create_opportunity").contains(&field("posting", false)));
    assert!(fields("at_vendor").contains(&field("test", true)));
    assert!(fields("add_route_fault").contains(&field("then", true)));
    assert_eq!(fields("quiet"), []);
    let written = serde_json::to_value(Faults::default()).unwrap();
    let written: Vec<&str> = written.as_object().unwrap().keys().map(String::as_str).collect();
    let mut told: Vec<String> = switches().into_iter().map(|entry| entry.name).collect();
    told.sort();
    assert_eq!(told, written);
}

#[tokio::test]
async fn the_script_of_the_page_plays() {
    let text = page();
    let block = text.split("\n```yaml\n").nth(1).and_then(|rest| rest.split("\n```").next()).unwrap();
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let id = sources.add_text("script.yaml", block);
    let steps = script::read(&sources, id, &mut found);
    assert!(found.is_empty(), "{}", render_human(&sources, &found, false));
    let world = World::start().await;
    for step in steps.unwrap() {
        world.sim.control().run(step.command).await.unwrap();
    }
    let ada = world.sim.control().opportunity("Ada Example").unwrap();
    assert_eq!((&ada["stageText"], &ada["tags"][0]), (&"Assessment".into(), &"AngularJS".into()));
}
