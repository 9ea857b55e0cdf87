//! How much of a condition is known when a rule is set off by something in particular.

use crate::lang::rule::{Cond, Matcher, Operand, PatternPiece, PatternText, Place};
use crate::lang::ruleset::RuleSet;
use crate::lang::template::Template;
use crate::model::{Kind, Named, Value};
use std::collections::BTreeSet;

/// Whether something holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weight {
    Never,
    Perhaps,
    Always,
}

impl Weight {
    fn not(self) -> Self {
        match self {
            Self::Never => Self::Always,
            Self::Perhaps => Self::Perhaps,
            Self::Always => Self::Never,
        }
    }

    fn all(weights: impl Iterator<Item = Self>) -> Self {
        let mut all = Self::Always;
        for weight in weights {
            match weight {
                Self::Never => return Self::Never,
                Self::Perhaps => all = Self::Perhaps,
                Self::Always => {}
            }
        }
        all
    }
}

/// What is known of an opportunity when a rule is set off.
#[derive(Debug)]
pub(super) struct Known<'a> {
    pub(super) set: &'a RuleSet,
    /// The stage that was entered, by id.
    pub(super) to: Option<&'a Stage>,
    pub(super) from: Option<&'a Stage>,
    /// Whether it is in that stage still.
    pub(super) there: bool,
    /// Tags that are on it for sure, and that are not for sure.
    pub(super) on: &'a BTreeSet<String>,
    pub(super) off: &'a BTreeSet<String>,
}

/// A stage.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stage {
    pub id: String,
    pub name: String,
}

impl From<&Named> for Stage {
    fn from(named: &Named) -> Self {
        Self { id: named.id.clone(), name: named.name.clone() }
    }
}

impl Known<'_> {
    pub(super) fn weigh(&self, cond: &Cond) -> Weight {
        match cond {
            Cond::All(conds) => Weight::all(conds.iter().map(|cond| self.weigh(cond))),
            Cond::Any(conds) => Weight::all(conds.iter().map(|cond| self.weigh(cond).not())).not(),
            Cond::Not(cond) => self.weigh(cond).not(),
            Cond::Test { place: Place::Fact { name, member }, matcher, .. } => {
                let stage = match name.as_str() {
                    "to_stage" => self.to,
                    "opportunity.stage" if self.there => self.to,
                    "from_stage" => self.from,
                    "opportunity.tags" => return self.tags(matcher),
                    _ => None,
                };
                stage.map_or(Weight::Perhaps, |stage| self.stage(stage, member.as_deref(), matcher))
            }
            Cond::Test { .. } => Weight::Perhaps,
        }
    }

    fn stage(&self, stage: &Stage, member: Option<&str>, matcher: &Matcher) -> Weight {
        match matcher {
            Matcher::Is(operand) | Matcher::In(operand) => {
                let fits = match member {
                    None => stages(self.set, operand).map(|all| all.iter().any(|one| one.id == stage.id)),
                    Some("name") => texts(self.set, operand).map(|all| all.contains(&stage.name)),
                    Some(_) => texts(self.set, operand).map(|all| all.contains(&stage.id)),
                };
                match fits {
                    Some(false) => Weight::Never,
                    Some(true) if !overridden(self.set, operand) => Weight::Always,
                    _ => Weight::Perhaps,
                }
            }
            Matcher::Exists(there) => {
                if *there {
                    Weight::Always
                } else {
                    Weight::Never
                }
            }
            Matcher::Not(inner) => self.stage(stage, member, inner).not(),
            Matcher::All(all) => Weight::all(all.iter().map(|matcher| self.stage(stage, member, matcher))),
            _ => Weight::Perhaps,
        }
    }

    fn tags(&self, matcher: &Matcher) -> Weight {
        let any = |operand: &Operand| {
            let Some(wanted) = texts(self.set, operand) else { return Weight::Perhaps };
            if wanted.iter().any(|tag| self.on.contains(tag)) && !overridden(self.set, operand) {
                Weight::Always
            } else if wanted.iter().all(|tag| self.off.contains(tag)) {
                Weight::Never
            } else {
                Weight::Perhaps
            }
        };
        match matcher {
            Matcher::Contains(operand) | Matcher::AnyIn(operand) => any(operand),
            Matcher::NoneIn(operand) => any(operand).not(),
            Matcher::Not(inner) => self.tags(inner).not(),
            Matcher::All(all) => Weight::all(all.iter().map(|matcher| self.tags(matcher))),
            _ => Weight::Perhaps,
        }
    }
}

/// Whether the value differs between postings, tests or stages.
fn overridden(set: &RuleSet, operand: &Operand) -> bool {
    match operand {
        Operand::Place(Place::Setting { name, .. }) => set.settings.get(name).is_some_and(|value| !value.per.is_empty()),
        Operand::List(all) => all.iter().any(|one| overridden(set, one)),
        _ => false,
    }
}

/// The stages that a value may be; nothing where it is known only when it runs.
pub(super) fn stages(set: &RuleSet, operand: &Operand) -> Option<Vec<Stage>> {
    let of = |value: &Value| match value {
        Value::Named(named) => Some(Stage::from(named)),
        value => crate::lang::bind::resolve(set, Kind::Stage, value).as_ref().map(Stage::from),
    };
    match operand {
        Operand::Literal(value) => value.items().iter().map(of).collect(),
        Operand::Named { kind, text } => Some(vec![of(set.meant(*kind, text)?)?]),
        Operand::List(all) => {
            all.iter().map(|one| stages(set, one)).collect::<Option<Vec<_>>>().map(|all| all.into_iter().flatten().collect())
        }
        Operand::Place(Place::Setting { name, member: None }) => {
            set.settings.get(name)?.all().flat_map(Value::items).map(of).collect()
        }
        Operand::Place(_) | Operand::Text(_) => None,
    }
}

/// The texts that a value may be; nothing where it is known only when it runs.
pub(super) fn texts(set: &RuleSet, operand: &Operand) -> Option<Vec<String>> {
    let of = |value: &Value| value.as_text().map(|text| text.trim().to_owned());
    match operand {
        Operand::Literal(value) => value.items().iter().map(of).collect(),
        Operand::Text(template) => Some(vec![literal(template)?]),
        Operand::List(all) => {
            all.iter().map(|one| texts(set, one)).collect::<Option<Vec<_>>>().map(|all| all.into_iter().flatten().collect())
        }
        Operand::Place(Place::Setting { name, member: None }) => {
            set.settings.get(name)?.all().flat_map(Value::items).map(of).collect()
        }
        Operand::Place(_) | Operand::Named { .. } => None,
    }
}

/// The text of a template that has nothing to fill in.
pub(super) fn literal(template: &Template) -> Option<String> {
    template.as_literal().map(|text| text.trim().to_owned())
}

/// Whether what a template becomes may be this text: what is filled in may be anything.
pub(crate) fn may_be(template: &Template, text: &str) -> bool {
    fits(&fixed(template), text.trim())
}

/// Whether a pattern may read this text: what is filled in, and its holes, may be anything.
pub(crate) fn may_read(pattern: &PatternText, text: &str) -> bool {
    let mut parts = vec![String::new()];
    for piece in &pattern.0 {
        match piece {
            PatternPiece::Hole(_) => parts.push(String::new()),
            PatternPiece::Text(template) => {
                for (at, part) in fixed(template).into_iter().enumerate() {
                    match parts.last_mut() {
                        Some(last) if at == 0 => last.push_str(&part),
                        _ => parts.push(part),
                    }
                }
            }
        }
    }
    fits(&parts, text.trim())
}

/// The texts that stand around what is filled in. A block may leave out anything.
fn fixed(template: &Template) -> Vec<String> {
    let source = template.source();
    if source.contains("{{#") || source.contains("{{~#") {
        return vec![String::new(), String::new()];
    }
    let mut parts = Vec::new();
    let mut rest = source;
    while let Some((before, after)) = rest.split_once("{{") {
        parts.push(before.to_owned());
        rest = after.split_once("}}").map_or("", |(_, after)| after);
    }
    parts.push(rest.to_owned());
    parts
}

/// Whether a text is these parts with anything between them. What is left of blanks at both ends does not count.
fn fits(parts: &[String], text: &str) -> bool {
    match parts {
        [] => text.is_empty(),
        [only] => only.trim() == text,
        [first, middle @ .., last] => {
            let Some(mut rest) = text.strip_prefix(first.trim_start()) else { return false };
            for part in middle {
                let Some(at) = rest.find(part.as_str()) else { return false };
                rest = rest.get(at + part.len()..).unwrap_or_default();
            }
            rest.ends_with(last.trim_end())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::diagnostic::Diagnostics;
    use crate::lang::source::{SourceId, Sources, Span};

    fn nowhere(sources: &mut Sources) -> SourceId {
        sources.add_text("t", "t")
    }

    #[test]
    fn a_template_may_become_what_has_its_fixed_texts_in_their_order() {
        let mut sources = Sources::new();
        let id = nowhere(&mut sources);
        let place = |_: std::ops::Range<usize>| Span::new(id, 0..1);
        let may = |source: &str, text: &str| {
            let mut found = Diagnostics::new();
            may_be(&Template::parse_text(source, &place, &mut found).unwrap(), text)
        };
        assert!(may("{{assessment.title}} - Invited", "Java - Invited"));
        assert!(!may("{{assessment.title}} - Invited", "Java - Started"));
        assert!(!may("Done", "Done too") && may("Done", "Done"));
        assert!(may("{{a}} {{b}} x", "1 2 x") && !may("{{a}}: {{b}} x", "1 2 x"));
        let reads = |source: &str, text: &str| {
            let mut found = Diagnostics::new();
            may_read(&PatternText::parse_text(source, &place, &mut found).unwrap(), text)
        };
        assert!(reads("Send {test}", "Send Java") && !reads("Send {test}", "Sent Java"));
        assert!(reads("{{assessment.title}} - {n:number} %", "Java - 70 %"));
    }
}
