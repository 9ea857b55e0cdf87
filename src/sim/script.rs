//! Scripts: what shall happen in the simulated world, as a YAML list of commands.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::control::Command;
use super::control::manual::{self, commands};
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use crate::lang::explain::Entry;
use crate::lang::source::{SourceId, Sources, Span};
use crate::lang::yaml::{self, Key, Kind, Node, Style, parse_int, parse_number};

/// `(code, text, bad, good)`: the codes of scripts, for `leverd explain`.
pub const ENTRIES: &[Entry] = &[
    (
        "no-script",
        "A script of the simulator is a list of commands, each a map whose `do` names it. It is played from top to bottom.",
        "do: move_stage\nopportunity: Ada\nstage: Offer\n",
        "- { do: move_stage, opportunity: Ada, stage: Offer }\n",
    ),
    (
        "unknown-command",
        "`do` names no command of the simulator. `schema/sim.md` lists them, and so does GET /_sim/commands.",
        "- { do: move_to_stage, opportunity: Ada, stage: Offer }\n",
        "- { do: move_stage, opportunity: Ada, stage: Offer }\n",
    ),
    (
        "bad-command",
        "A command of the simulator lacks a field, has one that it does not know, or one of another type.",
        "- { do: move_stage, opportunity: Ada, to: Offer }\n",
        "- { do: move_stage, opportunity: Ada, stage: Offer }\n",
    ),
];

/// One command and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    pub span: Span,
    pub command: Command,
}

/// The commands of a script, in order. Faults are told in `found`; nothing comes back then.
pub fn read(sources: &Sources, id: SourceId, found: &mut Diagnostics) -> Option<Vec<Step>> {
    let mut faults = Diagnostics::new();
    let steps = yaml::load(sources, id, &mut faults).map(|root| steps(&root, &mut faults));
    let fine = !faults.has_errors();
    found.extend(faults);
    steps.filter(|_| fine)
}

fn steps(root: &Node, found: &mut Diagnostics) -> Vec<Step> {
    match &root.kind {
        Kind::Seq(items) => items.iter().filter_map(|item| step(item, found)).collect(),
        Kind::Faulty => Vec::new(),
        _ => {
            let fault = Diagnostic::error(
                "no-script",
                root.span,
                format!("a script is a list of commands; this is {}", root.describe()),
            );
            found.push(fault.help("write each command as a list item: `- { do: move_stage, opportunity: Ada, stage: Offer }`"));
            Vec::new()
        }
    }
}

fn step(item: &Node, found: &mut Diagnostics) -> Option<Step> {
    if item.is_faulty() {
        return None;
    }
    let Some((written, name)) = item.get("do").and_then(|node| Some((node, node.scalar()?))) else {
        let fault = Diagnostic::error("no-script", item.span, "this item names no command");
        found.push(fault.help("add `do:` with the name of a command, such as `do: move_stage`"));
        return None;
    };
    let known = commands();
    let Some(entry) = known.iter().find(|entry| entry.name == name) else {
        let fault = Diagnostic::error("unknown-command", written.span, format!("the simulator has no command `{name}`"));
        let names = known.iter().map(|entry| entry.name.as_str());
        found.push(fault.suggest_near(written.span, name, names).help("`schema/sim.md` lists all commands"));
        return None;
    };
    match Command::from_value(value(item)) {
        Ok(command) => Some(Step { span: item.span, command }),
        Err(error) => {
            let fields: BTreeSet<&str> = entry.fields.iter().map(|field| field.name.as_str()).collect();
            let unknown = keys(item).find(|key| key.text != "do" && !fields.contains(key.text.as_str()));
            let span = unknown.map_or(item.span, |key| key.span);
            let fault = Diagnostic::error("bad-command", span, format!("`{name}`: {error}"));
            let fault = match unknown {
                Some(key) => fault.suggest_near(key.span, &key.text, fields.iter().copied()),
                None => fault,
            };
            found.push(fault.help(format!("`{name}` takes {}", taken(entry))));
            None
        }
    }
}

/// The fields of a command, as a person would list them.
fn taken(entry: &manual::Entry) -> String {
    let named = entry.fields.iter().map(|field| format!("`{}`{}", field.name, if field.required { "" } else { " (optional)" }));
    let all = named.collect::<Vec<_>>().join(", ");
    if all.is_empty() { "no fields".to_owned() } else { all }
}

fn keys(item: &Node) -> impl Iterator<Item = &Key> {
    let entries = match &item.kind {
        Kind::Map(entries) => entries.as_slice(),
        _ => &[],
    };
    entries.iter().map(|(key, _)| key)
}

/// A node as the JSON that commands are read from. Only what stands unquoted is a number, a truth value or null.
fn value(node: &Node) -> Value {
    match &node.kind {
        Kind::Map(entries) => {
            Value::Object(entries.iter().map(|(key, node)| (key.text.clone(), value(node))).collect::<Map<_, _>>())
        }
        Kind::Seq(items) => items.iter().map(value).collect(),
        Kind::Scalar { text, style: Style::Plain } => match text.as_str() {
            _ if node.is_null() => Value::Null,
            "true" => true.into(),
            "false" => false.into(),
            text => {
                parse_int(text).map(Value::from).or_else(|| parse_number(text).map(Value::from)).unwrap_or_else(|| text.into())
            }
        },
        Kind::Scalar { text, .. } => text.as_str().into(),
        Kind::Faulty => Value::Null,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(text: &str) -> (Option<Vec<Step>>, Vec<&'static str>) {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let id = sources.add_text("script.yaml", text);
        let steps = read(&sources, id, &mut found);
        (steps, found.sorted().iter().map(|fault| fault.code).collect())
    }

    #[test]
    fn the_examples_do_what_they_say() {
        for (code, _, bad, good) in ENTRIES {
            assert!(told(bad).1.contains(code), "{code}: {:?}", told(bad).1);
            assert_eq!(told(good).1, [""; 0], "{code}");
        }
    }

    #[test]
    fn only_what_is_unquoted_is_resolved() {
        let (steps, codes) = told("- { do: add_note, opportunity: Ada, text: \"12\" }\n- { do: advance_clock, ms: 12 }\n");
        assert_eq!(codes, [""; 0]);
        let commands: Vec<Command> = steps.unwrap().into_iter().map(|step| step.command).collect();
        let note = Command::AddNote { opportunity: "Ada".into(), text: "12".into() };
        assert_eq!(commands, [note, Command::AdvanceClock { ms: 12 }]);
    }

    #[test]
    fn every_fault_is_told_and_then_nothing_is_played() {
        let (steps, codes) = told("- { do: retry_now }\n- { do: fly }\n- { opportunity: Ada }\n- { do: rerun }\n");
        assert_eq!((steps, codes), (None, vec!["unknown-command", "no-script", "bad-command"]));
    }
}
