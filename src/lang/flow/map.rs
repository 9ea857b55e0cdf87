//! What is drawn of a pack: on the left what happens, in the middle its rules, on the right what follows.
//!
//! It says of a rule what leads to it and what it changes, in few words; [`super::svg`] gives it a form.

use crate::lang::action::Touch;
use crate::lang::rule::{Anchor, Cond, Do, Matcher, Operand, Pack, PatternPiece, PatternText, Place, Rule, Trigger};
use crate::lang::template::Template;
use crate::model::{AssessmentEvent, EventKind, LeverEvent, Type, Value};
use jiff::SignedDuration;
use std::collections::BTreeMap;

/// What an account adds to a pack's own names.
#[derive(Debug, Clone, Default)]
pub struct Names {
    /// What settings hold, as people read it.
    pub settings: BTreeMap<String, Vec<String>>,
    /// The stages, in pipeline order.
    pub stages: Vec<String>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Map {
    pub title: String,
    /// Stages in pipeline order, then what else happens.
    pub causes: Vec<Spot>,
    /// In the order of what leads to them.
    pub rules: Vec<Row>,
    pub outcomes: Vec<Spot>,
}

/// What a spot is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Stage,
    Event,
    Tag,
    Test,
    Timer,
}

/// One box on the left or on the right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spot {
    pub what: What,
    pub text: String,
    /// On the right: it is on the left too, so that it goes on there.
    pub again: bool,
}

/// A rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub name: String,
    /// What it does besides what has a box of its own.
    pub does: String,
    /// Which of the causes set it off; `true`: it asks for this tag only.
    pub causes: Vec<(usize, bool)>,
    pub outcomes: Vec<usize>,
}

/// A spot before it has its place: kind, where it stands among its kind, text.
type Mark = (What, usize, String);

/// A rule, what leads to it (`true`: it asks for this tag only), what it leads to, and what else it does.
type Drawn<'a> = (&'a Rule, Vec<(Mark, bool)>, Vec<Mark>, String);

/// What is drawn of a pack.
pub fn map(pack: &Pack, names: &Names) -> Map {
    let mut eye = Eye { pack, names, stages: names.stages.clone() };
    for stage in pack.rules.iter().flat_map(|rule| eye.stages_of(rule)).collect::<Vec<_>>() {
        if !eye.stages.contains(&stage) {
            eye.stages.push(stage);
        }
    }
    let mut drawn: Vec<Drawn<'_>> = pack
        .rules
        .iter()
        .map(|rule| {
            let (outcomes, does) = eye.outcomes(rule);
            (&**rule, eye.causes(rule), outcomes, does)
        })
        .collect();
    let causes = sorted(drawn.iter().flat_map(|(_, causes, ..)| causes.iter().map(|(mark, _)| mark)));
    let outcomes = sorted(drawn.iter().flat_map(|(_, _, outcomes, _)| outcomes));
    let place = |all: &[Mark], mark: &Mark| all.binary_search(mark).ok();
    drawn.sort_by_key(|(_, own, ..)| own.iter().filter(|(_, asks)| !asks).filter_map(|(mark, _)| place(&causes, mark)).min());
    let rules = drawn.into_iter().map(|(rule, own, follows, does)| {
        let mut led: Vec<(usize, bool)> = own.iter().filter_map(|(mark, asks)| Some((place(&causes, mark)?, *asks))).collect();
        led.sort_unstable();
        led.dedup_by_key(|(at, _)| *at);
        let mut follows: Vec<usize> = follows.iter().filter_map(|mark| place(&outcomes, mark)).collect();
        follows.sort_unstable();
        follows.dedup();
        Row { name: rule.name.to_string(), does, causes: led, outcomes: follows }
    });
    let rules = rules.collect();
    let spot = |(what, _, text): &Mark, again| Spot { what: *what, text: text.clone(), again };
    Map {
        title: pack.vendor.as_ref().map_or_else(|| pack.name.to_string(), |adapter| adapter.title.clone()),
        rules,
        outcomes: outcomes.iter().map(|mark| spot(mark, causes.contains(mark))).collect(),
        causes: causes.iter().map(|mark| spot(mark, false)).collect(),
    }
}

fn sorted<'m>(marks: impl Iterator<Item = &'m Mark>) -> Vec<Mark> {
    let mut all: Vec<Mark> = marks.cloned().collect();
    all.sort();
    all.dedup();
    all
}

struct Eye<'a> {
    pack: &'a Pack,
    names: &'a Names,
    /// In pipeline order as far as that is known, then as the rules name them.
    stages: Vec<String>,
}

impl Eye<'_> {
    fn stage(&self, text: String) -> Mark {
        let known = self.stages.iter().position(|stage| *stage == text);
        (What::Stage, known.unwrap_or(usize::MAX), text)
    }

    /// The stages that a rule is about.
    fn stages_of(&self, rule: &Rule) -> Vec<String> {
        let entered = rule.when.as_ref().and_then(|when| self.entered(when)).unwrap_or_default();
        let moves = rule.actions.iter().filter_map(|action| match action.action.touch() {
            Touch::Move { to, .. } => Some(self.texts(to)),
            _ => None,
        });
        entered.into_iter().chain(moves.flatten()).collect()
    }

    /// Members of families in their order, then other tags.
    fn tag(&self, text: String) -> Mark {
        let members = self.pack.families.values().flat_map(|family| &family.members);
        let at = members.map(pattern).position(|member| member == text);
        (What::Tag, at.unwrap_or(usize::MAX), text)
    }

    fn causes(&self, rule: &Rule) -> Vec<(Mark, bool)> {
        let mut all = Vec::new();
        for trigger in &rule.triggers {
            match trigger {
                Trigger::Event(kind) if *kind == EventKind::STAGE_CHANGE => {
                    let stages = rule.when.as_ref().and_then(|when| self.entered(when));
                    let stages = stages.unwrap_or_else(|| vec!["any stage".to_owned()]);
                    all.extend(stages.into_iter().map(|stage| (self.stage(stage), false)));
                }
                Trigger::Event(kind) => all.push((happening(kind), false)),
                Trigger::TagAdded(tag) => all.push((self.tag(pattern(tag)), false)),
                Trigger::Timer { before, delay, of } => {
                    let (at, of) = match of {
                        Anchor::Event(kind) => {
                            let (_, at, text) = happening(kind);
                            (at, text)
                        }
                        Anchor::ExpiresAt => (usize::MAX, "the invitation expires".to_owned()),
                    };
                    let length = self.texts(delay).join(" or ");
                    let text = format!("{length} {} {of}", if *before { "before" } else { "after" });
                    all.push(((What::Timer, at.saturating_mul(1 << 32).saturating_add(minutes(delay)), text), false));
                }
            }
        }
        let mut tags = Vec::new();
        for cond in rule.when.iter().chain(rule.require.iter().map(|require| &require.cond)) {
            self.asked(cond, &mut tags);
        }
        all.extend(tags.into_iter().map(|tag| (self.tag(tag), true)));
        all
    }

    /// The stages that a rule names as the one entered.
    fn entered(&self, cond: &Cond) -> Option<Vec<String>> {
        match cond {
            Cond::All(conds) => conds.iter().find_map(|cond| self.entered(cond)),
            Cond::Any(conds) => conds
                .iter()
                .map(|cond| self.entered(cond))
                .collect::<Option<Vec<_>>>()
                .map(|all| all.into_iter().flatten().collect()),
            Cond::Test { place: Place::Fact { name, .. }, matcher, .. } if name == "to_stage" => {
                matcher.equality().map(|operand| self.texts(operand))
            }
            Cond::Not(_) | Cond::Test { .. } => None,
        }
    }

    /// Tags that must be there.
    fn asked(&self, cond: &Cond, tags: &mut Vec<String>) {
        match cond {
            Cond::All(conds) | Cond::Any(conds) => conds.iter().for_each(|cond| self.asked(cond, tags)),
            Cond::Test { place: Place::Fact { name, .. }, matcher, .. } if name == "opportunity.tags" => {
                self.wanted(matcher, tags);
            }
            Cond::Not(_) | Cond::Test { .. } => {}
        }
    }

    fn wanted(&self, matcher: &Matcher, tags: &mut Vec<String>) {
        match matcher {
            Matcher::Contains(operand) | Matcher::AnyIn(operand) => tags.extend(self.texts(operand)),
            Matcher::All(all) => all.iter().for_each(|matcher| self.wanted(matcher, tags)),
            Matcher::IgnoreCase(inner) => self.wanted(inner, tags),
            _ => {}
        }
    }

    /// What a rule changes, and in a word what else it does.
    fn outcomes(&self, rule: &Rule) -> (Vec<Mark>, String) {
        let (mut all, mut words): (Vec<Mark>, Vec<&'static str>) = (Vec::new(), Vec::new());
        let asides = rule.require.iter().flat_map(|require| &require.otherwise);
        for action in rule.actions.iter().chain(asides) {
            let before = all.len();
            self.outcome(action, &mut all);
            let word = word(action.action.verb());
            if all.len() == before && !words.contains(&word) {
                words.push(word);
            }
        }
        (all, words.join(", "))
    }

    fn outcome(&self, action: &Do, all: &mut Vec<Mark>) {
        match action.action.touch() {
            Touch::Nothing | Touch::ClearTag { .. } | Touch::RemoveTag { .. } => {}
            Touch::Move { to, .. } => all.extend(self.texts(to).into_iter().map(|stage| self.stage(stage))),
            Touch::Archive => all.push(happening(&EventKind::Lever(LeverEvent::CandidateArchiveChange))),
            Touch::SetTag { text, .. } | Touch::AddTag { text } | Touch::RenameTag { to: text, .. } => {
                all.push(self.tag(filled(text)));
            }
            Touch::Invite { .. } => all.push(happening(&EventKind::Assessment(AssessmentEvent::Invited))),
            Touch::Mark(event) => all.push(happening(&EventKind::Assessment(event))),
            Touch::Call { operation } => {
                let emits = self.pack.vendor.as_deref().and_then(|adapter| adapter.operations.get(operation)?.emits);
                let kind = emits.map_or_else(|| EventKind::Done(operation.to_owned()), EventKind::Assessment);
                all.push(happening(&kind));
            }
            Touch::Ask { key } => all.push(happening(&EventKind::Answered(key.to_owned()))),
        }
    }

    fn texts(&self, operand: &Operand) -> Vec<String> {
        match operand {
            Operand::Literal(Value::Duration { duration }) => vec![length(*duration)],
            Operand::Literal(value) => value.items().iter().map(ToString::to_string).collect(),
            Operand::Named { text, .. } => vec![text.clone()],
            Operand::List(all) => all.iter().flat_map(|one| self.texts(one)).collect(),
            Operand::Text(template) => vec![filled(template)],
            Operand::Place(place) => match place {
                Place::Setting { name, member } => match (self.names.settings.get(name), member) {
                    (Some(given), None) => given.clone(),
                    _ => vec![blank(name)],
                },
                Place::Var { name, .. } | Place::Fact { name, .. } | Place::Band(name) => vec![blank(name)],
                Place::Row { member } => vec![blank(member.as_deref().unwrap_or("row"))],
            },
        }
    }
}

/// What happens, as a spot.
fn happening(kind: &EventKind) -> Mark {
    match kind {
        EventKind::Lever(event) => {
            (What::Event, LeverEvent::ALL.iter().position(|one| one == event).unwrap_or(0), lever(*event).to_owned())
        }
        EventKind::OpportunityCreated => (What::Event, 20, "candidate added".to_owned()),
        EventKind::OpportunityGone => (What::Event, 21, "candidate deleted".to_owned()),
        EventKind::TagAdded => (What::Event, 22, "tag put by hand".to_owned()),
        EventKind::Assessment(event) => {
            let at = AssessmentEvent::ALL.iter().position(|one| one == event).unwrap_or(0);
            (What::Test, at, format!("test {}", spaced(event.as_str())))
        }
        EventKind::Answered(key) => (What::Test, 100, format!("answer to “{}”", spaced(key))),
        EventKind::Done(operation) => (What::Test, 101, format!("{} done", spaced(operation))),
        EventKind::Failed(operation) => (What::Test, 102, format!("{} failed", spaced(operation))),
    }
}

/// How long a timer waits, if that is written out: shorter ones stand first.
fn minutes(delay: &Operand) -> usize {
    match delay {
        Operand::Literal(Value::Duration { duration }) => usize::try_from(duration.as_mins().unsigned_abs()).unwrap_or(0),
        _ => 0,
    }
}

/// A length of time as people say it: `3 days`.
fn length(duration: SignedDuration) -> String {
    let seconds = duration.as_secs().unsigned_abs();
    let units = [(86_400, "day"), (3600, "hour"), (60, "minute"), (1, "second")];
    let (unit, word) =
        units.into_iter().find(|(unit, _)| seconds >= *unit && seconds.is_multiple_of(*unit)).unwrap_or((1, "second"));
    let many = seconds / unit;
    format!("{many} {word}{}", if many == 1 { "" } else { "s" })
}

/// A name that is filled in later.
fn blank(name: &str) -> String {
    format!("‹{}›", spaced(&name.replace('.', " ")))
}

fn spaced(name: &str) -> String {
    name.replace('_', " ")
}

/// A text with what is filled in as names.
fn filled(template: &Template) -> String {
    let mut out = String::new();
    let mut rest = template.source();
    while let Some((before, after)) = rest.split_once("{{") {
        let (tag, after) = after.split_once("}}").unwrap_or((after, ""));
        out.push_str(before);
        let tag = tag.trim_matches(|c: char| c == '~' || c.is_whitespace());
        // `round result.percent 0` is about the percent; a block fills in nothing itself.
        let name = tag.split_whitespace().find(|word| word.contains('.')).or_else(|| tag.split_whitespace().last());
        if !tag.starts_with(['#', '/', '!']) && tag != "else" {
            out.push_str(&blank(match name {
                Some("assessment.title") => "test",
                Some(name) => name.rsplit('.').next().unwrap_or(name),
                None => "…",
            }));
        }
        rest = after;
    }
    out.push_str(rest);
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn pattern(written: &PatternText) -> String {
    let pieces = written.0.iter().map(|piece| match piece {
        PatternPiece::Text(template) => {
            // Blanks at the ends of a piece stand between it and a hole.
            let source = template.source();
            let (left, right) = (source.starts_with(' '), source.ends_with(' '));
            format!("{}{}{}", if left { " " } else { "" }, filled(template), if right { " " } else { "" })
        }
        PatternPiece::Hole(hole) => match hole.ty {
            Type::ASSESSMENT => "‹test›".to_owned(),
            _ => blank(&hole.name),
        },
    });
    pieces.collect::<String>().split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A verb as people say it.
fn word(verb: &str) -> &'static str {
    match verb {
        "add_note" => "note",
        "add_link" => "link",
        "remove_link" => "link away",
        "add_file" => "file",
        "fill_form" => "form",
        "fill_feedback" => "feedback",
        "alert" => "alert",
        "clear_tag" | "remove_tag" => "tag away",
        "move_stage" => "move",
        _ => "more",
    }
}

fn lever(event: LeverEvent) -> &'static str {
    match event {
        LeverEvent::ApplicationCreated => "application",
        LeverEvent::CandidateStageChange => "stage changed",
        LeverEvent::CandidateArchiveChange => "archived",
        LeverEvent::CandidateHired => "hired",
        LeverEvent::CandidateDeleted => "candidate deleted",
        LeverEvent::InterviewCreated => "interview scheduled",
        LeverEvent::InterviewUpdated => "interview changed",
        LeverEvent::InterviewDeleted => "interview taken off",
        LeverEvent::ContactCreated => "person added",
        LeverEvent::ContactUpdated => "person changed",
    }
}
