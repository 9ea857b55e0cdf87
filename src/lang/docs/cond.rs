//! Conditions in words.

use super::text::{noun, path, spaced};
use super::{Words, entries, joined};
use crate::lang::yaml::{Key, Kind, Node};

/// Fields that are lists of tags: a candidate has them.
const TAGS: [(&str, &str); 3] =
    [("opportunity.tags", "the candidate"), ("opportunity.own_tags", "the candidate itself"), ("posting.tags", "the posting")];

/// Fields that are several things.
pub(super) const LISTS: [&str; 6] = [
    "opportunity.tags",
    "opportunity.own_tags",
    "opportunity.sources",
    "opportunity.links",
    "candidate.emails",
    "posting.tags",
];

/// What is so or not, as it is said.
pub(super) fn flag(field: &str) -> Option<(&'static str, &'static str)> {
    Some(match field {
        "opportunity.archived" => ("the candidate is archived", "the candidate is not archived"),
        "opportunity.confidential" => ("the candidate is confidential", "the candidate is not confidential"),
        "event.changed" => ("an earlier score is corrected", "it is the first score"),
        "result.passed" => ("the test counts as passed", "the test counts as not passed"),
        _ => return None,
    })
}

/// The same of several things: `contains x` as `include x`.
fn plural(said: &str) -> String {
    const SAID: [(&str, &str); 6] = [
        ("contains ", "include "),
        ("does not contain ", "do not include "),
        ("does not ", "do not "),
        ("reads ", "read "),
        ("has ", "include "),
        ("is ", "are "),
    ];
    let word = SAID.iter().find_map(|(one, many)| Some((many, said.strip_prefix(one)?)));
    word.map_or_else(|| said.to_owned(), |(many, rest)| format!("{many}{rest}"))
}

/// A field as the subject of a sentence; in a row it comes after `whose`.
fn subject(field: &str, of_row: bool) -> String {
    match (of_row, field) {
        (true, "phase") => "state".to_owned(),
        (true, field) => spaced(&field.replace('.', "’s ")),
        (false, field) => format!("the {}", noun(field)),
    }
}

impl Words<'_> {
    /// A condition: the entries of its map must all hold.
    pub(super) fn cond(&self, node: &Node, of_row: bool) -> String {
        let all: Vec<String> = entries(node).iter().map(|(key, value)| self.entry(key, value, of_row)).collect();
        joined(&all, "and")
    }

    /// One entry of a condition. In a row the field comes after `whose`.
    pub(super) fn entry(&self, key: &Key, value: &Node, of_row: bool) -> String {
        let several = |last: &str| {
            let all: Vec<String> = value.items_or_self().iter().map(|cond| self.cond(cond, of_row)).collect();
            joined(&all, last)
        };
        match key.text.as_str() {
            "all" => several("and"),
            "any" => format!("({})", several("or")),
            "not" => match entries(value) {
                // The contrary of one field is said of that field.
                [(field, asked)] if self.plain(&field.text) => {
                    let words = format!("{} {}", subject(&field.text, of_row), self.matcher(asked, true));
                    if entries(asked).len() > 1 { format!("({words})") } else { words }
                }
                _ => format!("it is not so that ({})", self.cond(value, of_row)),
            },
            field => {
                if let Some((_, who)) = TAGS.iter().find(|(name, _)| *name == field && !of_row)
                    && let Some(words) = self.tags(who, value)
                {
                    return words;
                }
                if !of_row && self.is_variable(field) {
                    let found = value.get("exists").and_then(Node::scalar);
                    return match found {
                        Some("true") => format!("“{}” was found", spaced(field)),
                        Some(_) => format!("“{}” was not found", spaced(field)),
                        None => format!("“{}” {}", spaced(field), self.matcher(value, false)),
                    };
                }
                if let Some((yes, no)) = flag(field).filter(|_| !of_row) {
                    match value.scalar() {
                        Some("true") => return yes.to_owned(),
                        Some("false") => return no.to_owned(),
                        _ => {}
                    }
                }
                let noun = subject(field, of_row);
                let said = self.matcher(value, false);
                if LISTS.contains(&field) && !of_row { format!("{noun} {}", plural(&said)) } else { format!("{noun} {said}") }
            }
        }
    }

    /// Whether a field is said by its noun and what it is compared with, and in no other way.
    fn plain(&self, field: &str) -> bool {
        !matches!(field, "all" | "any" | "not") && !LISTS.contains(&field) && flag(field).is_none() && !self.is_variable(field)
    }

    /// A field as the subject of a sentence; in a row it comes after `whose`.
    /// Whether a name is one that a rule gives itself.
    fn is_variable(&self, field: &str) -> bool {
        !field.contains('.')
            && !self.pack.bands.contains_key(field)
            && !matches!(field, "to_stage" | "from_stage" | "tag" | "answer")
    }

    /// A condition on tags, if it is one that people have words for.
    fn tags(&self, who: &str, value: &Node) -> Option<String> {
        let all: Vec<&(Key, Node)> = entries(value).iter().filter(|(key, _)| key.text != "ignore_case").collect();
        let [(key, tags)] = all.as_slice() else { return None };
        Some(match key.text.as_str() {
            "contains" => format!("{who} has the tag {}", self.value(tags)),
            "any_in" => format!("{who} has one of the tags {}", self.choices(tags)),
            "none_in" => format!("{who} has none of the tags {}", self.choices(tags)),
            "all_in" => format!("{who} has no tags but {}", self.value(tags)),
            _ => return None,
        })
    }

    /// One of several: `a, b or c`, or what holds them.
    pub(super) fn choices(&self, node: &Node) -> String {
        if let Kind::Seq(_) = node.kind {
            return self.value(node);
        }
        match node.scalar().and_then(path) {
            Some(setting) if self.choices_of(setting).is_some() => self.value(node),
            _ => format!("one of {}", self.value(node)),
        }
    }

    /// What a field is compared with, as a verb with its object.
    pub(super) fn matcher(&self, node: &Node, not: bool) -> String {
        if node.scalar().is_some() {
            return match (node.scalar(), not) {
                (Some("true"), false) | (Some("false"), true) => "is so".to_owned(),
                (Some("false"), false) | (Some("true"), true) => "is not so".to_owned(),
                (_, false) => format!("is {}", self.value(node)),
                (_, true) => format!("is not {}", self.value(node)),
            };
        }
        let words: Vec<String> = entries(node).iter().filter_map(|(key, value)| self.word(&key.text, value, not)).collect();
        joined(&words, if not { "or" } else { "and" })
    }

    fn word(&self, word: &str, value: &Node, not: bool) -> Option<String> {
        let one = || self.value(value);
        let exists = value.scalar() == Some("true");
        Some(match (word, not) {
            ("in", false) => format!("is {}", self.choices(value)),
            ("in", true) => format!("is not {}", self.choices(value)),
            ("contains", false) => format!("contains {}", one()),
            ("contains", true) => format!("does not contain {}", one()),
            ("any_in", false) | ("none_in", true) => format!("has {}", self.choices(value)),
            ("none_in", false) | ("any_in", true) => format!("has none of {}", one()),
            ("all_in", false) => format!("has nothing but {}", one()),
            ("all_in", true) => format!("has something besides {}", one()),
            ("like", false) => format!("reads like {}", one()),
            ("like", true) => format!("does not read like {}", one()),
            ("gt", false) | ("lte", true) => format!("is more than {}", one()),
            ("gte", false) | ("lt", true) => format!("is {} or more", one()),
            ("lt", false) | ("gte", true) => format!("is less than {}", one()),
            ("lte", false) | ("gt", true) => format!("is {} or less", one()),
            ("exists", not) if exists != not => "is known".to_owned(),
            ("exists", _) => "is not known".to_owned(),
            ("not", not) => self.matcher(value, !not),
            // Without regard to case: nothing that is read out loud.
            _ => return None,
        })
    }
}
