//! YAML as a person would write it: plain where that is safe, quoted where it is not.

use super::mask::Mask;
use crate::lang::bind::SettingInput;
use crate::lang::vocabulary;
use crate::lang::yaml::{Kind, Node};
use crate::model::Value;
use jiff::SignedDuration;
use std::collections::BTreeSet;

/// A text, in quotes if YAML would take it for something else.
pub(super) fn scalar(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || " _-./%+()&'".contains(c);
    let starts = text.chars().next().is_some_and(char::is_alphabetic);
    let ends = text.chars().next_back().is_some_and(|c| c != ' ');
    let word = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"].contains(&text.to_ascii_lowercase().as_str());
    if starts && ends && !word && text.chars().all(plain) {
        return text.to_owned();
    }
    // JSON's quoting is YAML's.
    serde_json::Value::from(text).to_string()
}

/// `[a, b]`.
pub(super) fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}

/// `{ a: b }`.
pub(super) fn map(entries: impl Iterator<Item = (String, String)>) -> String {
    let entries: Vec<String> = entries.map(|(key, value)| format!("{key}: {value}")).collect();
    if entries.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", entries.join(", ")) }
}

/// A value as a test gives it. `None`: it has no way to be written.
pub(super) fn value(value: &Value, mask: &Mask) -> Option<String> {
    Some(match value {
        Value::Bool(_) | Value::Int(_) | Value::Number(_) => value.to_string(),
        Value::Text(text) => scalar(&mask.text(text)),
        Value::Named(named) => scalar(&mask.text(&named.name)),
        Value::Date { date } => date.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        Value::Duration { duration } => self::duration(*duration),
        Value::List(items) => list(items.iter().map(|item| self::value(item, mask)).collect::<Option<Vec<_>>>()?.into_iter()),
        Value::Record { record } => {
            let cells = record.iter().map(|(key, cell)| Some((scalar(key), self::value(cell, mask)?)));
            map(cells.collect::<Option<Vec<_>>>()?.into_iter())
        }
    })
}

/// `17d12h`: as authors write it.
pub(super) fn duration(duration: SignedDuration) -> String {
    let (mut left, mut out) = (duration.as_secs().max(0), String::new());
    for (unit, seconds) in [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)] {
        let count = left / seconds;
        left %= seconds;
        if count > 0 {
            out = format!("{out}{count}{unit}");
        }
    }
    if out.is_empty() { "0s".to_owned() } else { out }
}

/// A setting as it is given.
pub(super) fn setting(setting: &SettingInput, mask: &Mask) -> String {
    if setting.per.values().all(Vec::is_empty)
        && let Some(default) = &setting.default
    {
        return node(default, mask);
    }
    let default = setting.default.iter().map(|default| ("default".to_owned(), node(default, mask)));
    let per = setting.per.iter().filter(|(_, entries)| !entries.is_empty()).map(|(per, entries)| {
        let entries = entries.iter().map(|(key, value)| (scalar(&key.text), node(value, mask)));
        (per.key().to_owned(), map(entries))
    });
    map(default.chain(per))
}

fn node(node: &Node, mask: &Mask) -> String {
    match &node.kind {
        // Numbers and the like keep their look: their type is the setting's.
        Kind::Scalar { text, .. } if text.parse::<f64>().is_ok() => text.clone(),
        Kind::Scalar { text, .. } => scalar(&mask.text(text)),
        Kind::Seq(items) => list(items.iter().map(|item| self::node(item, mask))),
        Kind::Map(entries) => map(entries.iter().map(|(key, value)| (scalar(&key.text), self::node(value, mask)))),
        Kind::Faulty => "null".to_owned(),
    }
}

/// Every text in the settings: what may name something of the catalogue.
pub(super) fn used(settings: &[SettingInput]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for setting in settings {
        setting.default.iter().for_each(|node| collect(node, &mut found));
        for (key, node) in setting.per.values().flatten() {
            found.insert(key.text.clone());
            collect(node, &mut found);
        }
    }
    found
}

fn collect(node: &Node, found: &mut BTreeSet<String>) {
    match &node.kind {
        Kind::Scalar { text, .. } => drop(found.insert(text.clone())),
        Kind::Seq(items) => items.iter().for_each(|item| collect(item, found)),
        Kind::Map(entries) => entries.iter().for_each(|(key, value)| {
            found.insert(key.text.clone());
            collect(value, found);
        }),
        Kind::Faulty => {}
    }
}

/// Facts that stand under a key of their own, or that every test has.
pub(super) fn told_otherwise(name: &str) -> bool {
    let own = [
        "opportunity.id",
        "opportunity.stage",
        "opportunity.tags",
        "opportunity.own_tags",
        "opportunity.posting",
        "opportunity.archived",
        "opportunity.archive_reason",
        "opportunity.contact",
        "opportunity.links",
        "posting.id",
        "posting.title",
        "posting.tags",
        "candidate.name",
        "candidate.first_name",
        "candidate.last_name",
        "candidate.email",
        "candidate.emails",
    ];
    own.contains(&name) || !is_fact(name) || vocabulary::group(name).is_none()
}

/// Whether a name comes from a read or the ledger, not from the event.
pub(super) fn is_fact(name: &str) -> bool {
    vocabulary::group(name).is_some() || name.starts_with("event.")
}
