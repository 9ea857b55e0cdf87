//! A pack as a page for those who work in Lever: what happens when, in words, and what to leave to leverd.
//!
//! A [`Page`] is made of a pack that compiled and of its files as trees, so that the author's own names stand in it; [`html`] and
//! [`markdown`] write it down. It says what the rules say and no more. Texts of a page hold names between backticks.

mod action;
mod cond;
mod hand;
pub mod html;
pub mod markdown;
mod rows;
mod text;
mod trigger;

pub(crate) use trigger::clause;

use self::text::{named, noun};
use super::bind::SettingInput;
use super::compile::literal::a;
use super::flow::{map, svg};
use super::load::{File, Role, role};
use super::rule::Pack;
use super::ruleset::Mode;
use super::source::Sources;
use super::yaml::{self, Key, Kind, Node};
use crate::model::{AccountId, Type};
use std::collections::BTreeMap;

/// What an account gives a pack, for a page about that account.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    pub account: &'a AccountId,
    pub mode: Mode,
    pub settings: &'a [SettingInput],
    /// The stages in pipeline order, as far as they are known.
    pub stages: &'a [String],
}

/// A pack in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub title: String,
    pub account: Option<String>,
    /// That nothing is sent, if it is so.
    pub idle: Option<&'static str>,
    /// What the file says of itself at its top.
    pub about: String,
    pub rules: Vec<Told>,
    pub families: Vec<Family>,
    /// Names of ranges, and how each is found.
    pub bands: Vec<(String, String)>,
    pub settings: Vec<Setting>,
    /// What people are asked to do, or not to do, by hand.
    pub by_hand: Vec<String>,
    /// Drawn stages, rules and tags, as an SVG element.
    pub drawing: Option<String>,
}

/// A rule in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub name: String,
    /// A sentence that ends before what is done: `When …, leverd`.
    pub when: String,
    /// What must be so besides, and what is done if it is not.
    pub requires: Vec<String>,
    /// Verbs with all they need, in their order.
    pub does: Vec<String>,
    /// What else is worth to know.
    pub notes: Vec<String>,
}

/// A tag family.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    pub name: String,
    pub per_test: bool,
    /// Each tag, and the rules that set it.
    pub members: Vec<(String, Vec<String>)>,
}

/// What an account chooses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    pub name: String,
    pub doc: String,
    /// What is given, or what holds where nothing is.
    pub value: String,
}

/// Tells a pack. `files` are those that it was loaded from.
pub fn page(pack: &Pack, files: &[File], given: Option<Given<'_>>) -> Page {
    let mut files: Vec<&File> = files.iter().filter(|(name, _)| role(name) == Role::Rules).collect();
    files.sort_by_key(|(name, _)| name.rsplit(['/', '\\']).next().unwrap_or(name));
    let mut about = String::new();
    let mut roots = Vec::new();
    for (name, bytes) in files {
        let (mut sources, mut found) = (Sources::new(), super::diagnostic::Diagnostics::new());
        let Some(id) = sources.add(name, bytes, &mut found) else { continue };
        if about.is_empty() {
            about = opening(sources.text(id));
        }
        roots.extend(yaml::load(&sources, id, &mut found));
    }
    let rules: Vec<&Node> = roots.iter().filter_map(|root| root.get("rules")).flat_map(Node::items_or_self).collect();
    let words = Words::new(pack, given);
    let vendor = pack.vendor.as_ref().map(|adapter| adapter.title.clone());
    Page {
        title: vendor.unwrap_or_else(|| pack.name.to_string()),
        account: given.map(|given| given.account.to_string()),
        idle: given.and_then(|given| match given.mode {
            Mode::Off => Some("It is switched off: nothing of this happens."),
            Mode::Shadow => Some("It is being tried out: leverd notes what it would do, and does nothing of it."),
            Mode::Live => None,
        }),
        about,
        rules: rules.iter().map(|rule| words.rule(rule)).collect(),
        families: roots
            .iter()
            .filter_map(|root| root.get("tags"))
            .flat_map(entries)
            .map(|entry| words.family(entry, &rules))
            .collect(),
        bands: roots.iter().filter_map(|root| root.get("bands")).flat_map(entries).map(|entry| words.band(entry)).collect(),
        settings: roots
            .iter()
            .filter_map(|root| root.get("settings"))
            .flat_map(entries)
            .map(|entry| words.told(entry))
            .collect(),
        by_hand: words.by_hand(&rules),
        drawing: Some(svg::svg(&map::map(pack, &words.names(given)), &drawn_as(pack, given))),
    }
}

/// What the ids of a drawing begin with: pages of several packs and accounts may stand in one file.
fn drawn_as(pack: &Pack, given: Option<Given<'_>>) -> String {
    let account = given.map(|given| format!("{}-", given.account)).unwrap_or_default();
    let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
    format!("map-{account}{}", pack.name).chars().map(plain).collect()
}

/// The comment at the top of a file, as one text; what is for editors is left out.
fn opening(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix('#')).map(str::trim);
    let lines: Vec<&str> = lines.filter(|line| !line.starts_with("yaml-language-server:")).collect();
    let text = lines.join(" ").trim().to_owned();
    // A name begins as it is written: only an ordinary word gets a capital.
    let word = text.split_whitespace().next().unwrap_or_default();
    if word.chars().all(char::is_lowercase) { capital(&text) } else { text }
}

/// A text as the start of a sentence.
fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// A title inside of a sentence: one that begins with `The` is no name.
fn within(title: &str) -> String {
    title.strip_prefix("The ").map_or_else(|| title.to_owned(), |rest| format!("the {rest}"))
}

/// The entries of a map; none of anything else.
fn entries(node: &Node) -> &[(Key, Node)] {
    match &node.kind {
        Kind::Map(entries) => entries,
        Kind::Scalar { .. } | Kind::Seq(_) | Kind::Faulty => &[],
    }
}

/// `a, b and c`.
fn joined(all: &[String], last: &str) -> String {
    match all {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., end] => format!("{} {last} {end}", first.join(", ")),
    }
}

/// Names of rules, each between backticks.
fn rule_names(names: &[String]) -> String {
    joined(&names.iter().map(|name| text::ticked(name)).collect::<Vec<_>>(), "and")
}

/// The words for one pack.
struct Words<'a> {
    pack: &'a Pack,
    /// The vendor's name for people.
    vendor: String,
    given: BTreeMap<&'a str, &'a SettingInput>,
}

impl<'a> Words<'a> {
    fn new(pack: &'a Pack, given: Option<Given<'a>>) -> Self {
        let settings = given.map(|given| given.settings).unwrap_or_default();
        Self {
            pack,
            vendor: pack.vendor.as_ref().map_or_else(|| "the vendor".to_owned(), |adapter| within(&adapter.title)),
            given: settings.iter().map(|input| (input.name.text.as_str(), input)).collect(),
        }
    }

    /// What the drawing says for what the account chose.
    fn names(&self, given: Option<Given<'_>>) -> map::Names {
        let texts = |input: &&SettingInput| {
            let nodes = input.default.iter().chain(input.per.values().flatten().map(|(_, node)| node));
            let mut all: Vec<String> =
                nodes.flat_map(Node::items_or_self).filter_map(Node::scalar).map(|text| text.trim().to_owned()).collect();
            all.dedup();
            all
        };
        map::Names {
            settings: self.given.iter().map(|(name, input)| ((*name).to_owned(), texts(input))).collect(),
            stages: given.map(|given| given.stages.to_vec()).unwrap_or_default(),
        }
    }

    fn rule(&self, rule: &Node) -> Told {
        let mut rest: Vec<&(Key, Node)> = rule.get("when").map(entries).unwrap_or_default().iter().collect();
        let mut when = self.triggers(rule.get("trigger"), &mut rest);
        let conditions: Vec<String> = rest.into_iter().map(|(key, value)| self.entry(key, value, false)).collect();
        // What a timer's rule asks, it asks when the time has come.
        let triggers = rule.get("trigger").map(Node::items_or_self).unwrap_or_default();
        let timers = triggers.iter().all(|trigger| trigger.get("of").is_some());
        if !conditions.is_empty() {
            when.push_str(if timers { ", if " } else { ", and if " });
            when.push_str(&joined(&conditions, "and"));
            when.push_str(if timers { " by then" } else { "" });
        }
        let mut notes = Vec::new();
        let rows: Vec<String> =
            rule.get("for_each").map(entries).unwrap_or_default().iter().map(|(_, spec)| self.each(spec)).collect();
        if rows.is_empty() {
            when.push_str(", leverd");
        } else {
            when = format!("{when}, leverd does this for {}", rows.join(", and for "));
        }
        let mut requires = Vec::new();
        for (key, spec) in rule.get("for_each").map(entries).unwrap_or_default() {
            if let Some(otherwise) = spec.get("else") {
                requires.push(format!("if there is no such {}, {}", text::spaced(&key.text), self.actions(otherwise)));
            }
        }
        for (key, spec) in rule.get("find").map(entries).unwrap_or_default() {
            let found = format!("looks for {} (“{}” below)", self.one(spec), text::spaced(&key.text));
            requires.push(match spec.get("else") {
                Some(otherwise) => format!("{found}, and {} if there is none", self.actions(otherwise)),
                None => found,
            });
        }
        for item in rule.get("require").map(Node::items_or_self).unwrap_or_default() {
            let conditions: Vec<String> = entries(item)
                .iter()
                .filter(|(key, _)| key.text != "else")
                .map(|(key, value)| self.entry(key, value, false))
                .collect();
            let only = format!("goes on only if {}", joined(&conditions, "and"));
            requires.push(match item.get("else") {
                Some(otherwise) => format!("{only}; otherwise {}, and no more", self.actions(otherwise)),
                None => only,
            });
        }
        if let Some(settle) = rule.get("settle").and_then(Node::scalar) {
            notes.push(format!("If nothing fits at first, leverd looks again for up to {}.", text::duration(settle)));
        }
        for accept in rule.get("accept").map(Node::items_or_self).unwrap_or_default().iter().filter_map(Node::scalar) {
            notes.push(
                match accept {
                    "archived" => "Also for candidates who are archived.",
                    "moved_on" => "Also for candidates who have moved on by then.",
                    _ => "Also for moves that leverd made itself.",
                }
                .to_owned(),
            );
        }
        let does = rule.get("do").map(Node::items_or_self).unwrap_or_default();
        let moves = |item: &Node| item.get("move_stage").or_else(|| item.get("archive")).is_some();
        if does.iter().position(moves).is_some_and(|at| at > 0) {
            notes.push("The move waits until what stands above it is done.".to_owned());
        }
        Told {
            name: rule.get("name").and_then(Node::scalar).unwrap_or_default().trim().to_owned(),
            when,
            requires,
            does: does.iter().map(|item| self.action(item)).collect(),
            notes,
        }
    }

    fn family(&self, (key, members): &(Key, Node), rules: &[&Node]) -> Family {
        let members = members.items_or_self().iter().filter_map(Node::scalar);
        Family {
            name: text::spaced(&key.text),
            per_test: self.pack.families.get(&key.text).is_some_and(|family| family.per_assessment),
            members: members.map(|member| (named(member), self.writers(&key.text, member, rules))).collect(),
        }
    }

    fn band(&self, (key, band): &(Key, Node)) -> (String, String) {
        let of = band.get("of").and_then(Node::scalar).map(noun).unwrap_or_default();
        let steps = band.get("steps").map(Node::items_or_self).unwrap_or_default().iter().flat_map(entries);
        let steps: Vec<String> = steps
            .map(|(label, range)| match entries(range) {
                [] => format!("else {}", text::ticked(&label.text)),
                _ => format!("{} if the {of} {}", text::ticked(&label.text), self.matcher(range, false)),
            })
            .collect();
        (text::spaced(&key.text), steps.join(", "))
    }

    fn told(&self, (key, setting): &(Key, Node)) -> Setting {
        let known = self.pack.settings.get(&key.text);
        let ty = known.map(|setting| a(&setting.ty)).unwrap_or_default();
        let doc = setting.get("doc").and_then(Node::scalar).map_or_else(|| capital(&ty), str::to_owned);
        let length = known.is_some_and(|setting| setting.ty == Type::Duration);
        let values = |node: &Node| if length { self.length(node) } else { self.values(node) };
        let optional = setting.get("optional").and_then(Node::scalar) == Some("true");
        let value = match (self.given.get(key.text.as_str()), setting.get("default")) {
            (Some(input), default) => {
                let whole = input.default.as_ref().or(default).map(&values);
                let per = input.per.iter().flat_map(|(per, named)| {
                    named
                        .iter()
                        .map(move |(name, node)| format!("{} for the {} `{}`", values(node), test(per.as_str()), name.text))
                });
                whole.into_iter().chain(per).collect::<Vec<_>>().join("; ")
            }
            (None, Some(default)) => format!("{} unless chosen otherwise", values(default)),
            (None, None) if optional => {
                let needed = self.pack.rules.iter().any(|rule| rule.needs.contains(&key.text));
                if needed { "may be left open; the rules that need it do nothing then" } else { "may be left open" }.to_owned()
            }
            (None, None) => "to be chosen".to_owned(),
        };
        Setting { name: text::spaced(&key.text), doc, value }
    }

    /// A value that stands in a setting.
    fn values(&self, node: &Node) -> String {
        match &node.kind {
            Kind::Seq(items) if items.is_empty() => "none".to_owned(),
            Kind::Seq(items) => joined(&items.iter().map(|item| self.values(item)).collect::<Vec<_>>(), "and"),
            Kind::Map(entries) => {
                let cells: Vec<String> =
                    entries.iter().map(|(key, value)| format!("{} {}", text::spaced(&key.text), self.values(value))).collect();
                cells.join(", ")
            }
            Kind::Scalar { .. } | Kind::Faulty => self.value(node),
        }
    }
}

/// What the language calls an assessment, people call a test.
fn test(word: &str) -> &str {
    if word == "assessment" { "test" } else { word }
}
