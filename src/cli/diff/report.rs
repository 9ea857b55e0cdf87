//! What two rule sets make of the same history, in groups: by rule, verb, and how it differs. Each with one example and its reason.
//!
//! A report for a pull request, or for a program, may be read by anybody: it names runs, rules, tests, tags and stages, and neither the
//! candidates nor the texts about them. On a terminal the texts are shown.

use crate::cli::describe;
use crate::cli::out::{Out, count};
use crate::engine::compare::{Change, TIMER, Verdict};
use crate::model::{AccountId, Act, Event, Said};
use jiff::Timestamp;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

/// So many groups go into a comment, the largest first.
const MOST: usize = 40;

#[derive(Debug, Serialize)]
pub(super) struct Report {
    old: String,
    new: String,
    runs: u64,
    same: u64,
    different: u64,
    unknown: u64,
    /// Events that no rule listened to then, and how many of them a rule would look at now.
    unheard: u64,
    woken: u64,
    /// Accounts that one side alone has: the account, and the side.
    alone: Vec<(AccountId, String)>,
    /// Rule tests that cannot be told on the new side, and why.
    unfit: Vec<String>,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    groups: Vec<Group>,
    /// What the record does not hold, with how many runs ask for it and one of them.
    lacking: BTreeMap<String, (u64, String)>,
    #[serde(skip)]
    at: BTreeMap<(String, String, &'static str, How), usize>,
    #[serde(skip)]
    rule: Option<String>,
    /// Whether texts about candidates may be shown.
    #[serde(skip)]
    texts: bool,
    /// What is compared.
    of: Of,
}

/// Where the events come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Of {
    Runs,
    /// There is no store.
    Tests,
}

/// One event with what was known, and what it is called for people.
pub(super) struct Case<'c> {
    pub(super) account: &'c AccountId,
    pub(super) event: &'c Event,
    /// `run 01a2…`, or the test that it comes from.
    pub(super) name: String,
}

/// How an outcome differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum How {
    /// It would be done, and was not.
    Added,
    /// It was done, and would not be.
    Gone,
    /// It would be another one.
    Changed,
    /// A timer is armed for another time, or on one side only.
    Timed,
    /// A person would have to look, or would not.
    Parked,
}

#[derive(Debug, Serialize)]
struct Group {
    pack: String,
    rule: String,
    verb: &'static str,
    how: How,
    runs: u64,
    example: Example,
}

#[derive(Debug, Serialize)]
struct Example {
    account: String,
    run: String,
    event: String,
    at: Timestamp,
    before: Option<String>,
    after: Option<String>,
    why: Option<String>,
}

impl Report {
    pub(super) fn new(old: &str, new: &str, rule: Option<String>, texts: bool) -> Self {
        Self {
            old: old.to_owned(),
            new: new.to_owned(),
            runs: 0,
            same: 0,
            different: 0,
            unknown: 0,
            unheard: 0,
            woken: 0,
            alone: Vec::new(),
            unfit: Vec::new(),
            of: Of::Runs,
            first: None,
            last: None,
            groups: Vec::new(),
            lacking: BTreeMap::new(),
            at: BTreeMap::new(),
            rule,
            texts,
        }
    }

    pub(super) const fn all_same(&self) -> bool {
        self.different == 0 && self.unknown == 0 && self.unfit.is_empty()
    }

    /// What is compared is not the record but the rule tests.
    pub(super) const fn of_tests(&mut self) {
        self.of = Of::Tests;
    }

    /// An account that is not compared, because only this side has it.
    pub(super) fn leave(&mut self, account: AccountId, side: &str) {
        self.alone.push((account, side.to_owned()));
    }

    /// A rule test that cannot be told on the new side.
    pub(super) fn unfit(&mut self, what: String) {
        self.unfit.push(what);
    }

    /// An event that no rule listened to then.
    pub(super) fn pass(&mut self, case: &Case<'_>, verdict: Verdict) {
        self.unheard += 1;
        if verdict != Verdict::Same {
            self.woken += 1;
            self.take(case, verdict);
        }
    }

    pub(super) fn take(&mut self, case: &Case<'_>, verdict: Verdict) {
        let at = case.event.at;
        self.runs += 1;
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
        match verdict {
            Verdict::Same => self.same += 1,
            Verdict::Unknown(names) => {
                self.unknown += 1;
                for name in names {
                    let entry = self.lacking.entry(name).or_insert_with(|| (0, case.name.clone()));
                    entry.0 += 1;
                }
            }
            Verdict::Different(changes) => {
                let wanted =
                    |change: &&Change| self.rule.as_ref().is_none_or(|text| change.rule.as_str().contains(text.as_str()));
                let changes: Vec<&Change> = changes.iter().filter(wanted).collect();
                if changes.is_empty() {
                    self.same += 1;
                    return;
                }
                self.different += 1;
                let mut counted = Vec::new();
                for change in changes {
                    let how = how(change);
                    let key = (change.pack.to_string(), change.rule.to_string(), change.verb, how);
                    let place = *self.at.entry(key.clone()).or_insert_with(|| {
                        self.groups.push(Group {
                            pack: key.0.clone(),
                            rule: key.1.clone(),
                            verb: change.verb,
                            how,
                            runs: 0,
                            example: example(case, change, self.texts),
                        });
                        self.groups.len() - 1
                    });
                    if !counted.contains(&place) {
                        counted.push(place);
                        if let Some(group) = self.groups.get_mut(place) {
                            group.runs += 1;
                        }
                    }
                }
            }
        }
    }

    /// The largest groups first.
    fn sorted(&self) -> Vec<&Group> {
        let mut groups: Vec<&Group> = self.groups.iter().collect();
        groups.sort_by(|one, other| {
            let key =
                |group: &Group| (std::cmp::Reverse(group.runs), group.pack.clone(), group.rule.clone(), group.verb, group.how);
            key(one).cmp(&key(other))
        });
        groups
    }

    fn headline(&self) -> String {
        let (Some(first), Some(last)) = (self.first, self.last) else {
            return match self.of {
                Of::Runs if self.unheard > 0 => {
                    let unheard = count(usize::try_from(self.unheard).unwrap_or(usize::MAX), "event");
                    format!("{unheard} came that no rule listened to, and none would now: every one comes out the same")
                }
                Of::Runs => {
                    "nothing was recorded yet, so nothing can be compared: `leverd serve` records what it plans".to_owned()
                }
                Of::Tests => "there is no store, and the rule tests have no event, so nothing can be compared".to_owned(),
            };
        };
        let runs = count(
            usize::try_from(self.runs).unwrap_or(usize::MAX),
            match self.of {
                Of::Runs => "recorded run",
                Of::Tests => "event",
            },
        );
        let days = match self.of {
            Of::Runs => format!("{} to {}", first.strftime("%Y-%m-%d"), last.strftime("%Y-%m-%d")),
            Of::Tests => "those of the rule tests (there is no store)".to_owned(),
        };
        if self.all_same() {
            return format!("{runs}, {days}: every one comes out the same{}", self.beside());
        }
        let mut text = format!("{runs}, {days}: {} would come out otherwise, {} the same", self.different, self.same);
        if self.unknown > 0 {
            let _ = write!(text, ", and of {} the record does not tell", self.unknown);
        }
        text + &self.beside()
    }

    /// What is told with the counts: events that no rule listened to then.
    fn beside(&self) -> String {
        match (self.unheard, self.woken) {
            (0, _) => String::new(),
            (unheard, 0) => format!(" (besides {unheard} that no rule listened to then, and none would now)"),
            (unheard, woken) => format!(
                "; {woken} of these are events that no rule listened to then ({} more are such, and stay so)",
                unheard - woken
            ),
        }
    }

    /// What is not compared, a line each.
    fn left(&self) -> Vec<String> {
        let alone =
            self.alone.iter().map(|(account, side)| format!("account `{account}` is in {side} only: it is not compared"));
        alone.chain(self.unfit.iter().cloned()).collect()
    }

    pub(super) fn tell(&self, out: &mut Out) -> io::Result<()> {
        out.line(format_args!("from {} to {}", self.old, self.new))?;
        out.line(self.headline())?;
        for line in self.left() {
            out.line(line)?;
        }
        for group in self.sorted() {
            out.line("")?;
            out.line(format_args!("{}: {}", group.of(), group.sentence()))?;
            let example = &group.example;
            out.line(format_args!("  for example {}, {} at {}", example.run, example.event, describe::time(example.at)))?;
            for line in example.lines() {
                out.line(format_args!("    {line}"))?;
            }
        }
        if !self.lacking.is_empty() {
            out.line("")?;
            out.line("what the record does not hold, because the rules of then did not ask for it:")?;
            for (name, (runs, run)) in &self.lacking {
                let runs = count(usize::try_from(*runs).unwrap_or(usize::MAX), "run");
                out.line(format_args!("  `{name}`, in {runs}, for example {run}"))?;
            }
        }
        Ok(())
    }

    /// For a comment on a pull request.
    pub(super) fn markdown(&self) -> String {
        let mut text =
            format!("### leverd: what this change does to recorded candidates\n\nFrom {} to {}. ", self.old, self.new);
        let _ = writeln!(text, "{}.\n", self.headline());
        for line in self.left() {
            let _ = writeln!(text, "- {}", escaped(&line));
        }
        let groups = self.sorted();
        if !groups.is_empty() {
            text.push_str("| runs | rule | outcome | for example |\n|---:|---|---|---|\n");
        }
        for group in groups.iter().take(MOST) {
            let example = &group.example;
            let lines: Vec<String> = example.lines().iter().map(|line| escaped(line)).collect();
            let run = format!("{}, `{}`", escaped(&example.run), example.event);
            let _ = writeln!(
                text,
                "| {} | {} | {} | {run}<br>{} |",
                group.runs,
                escaped(&group.of()),
                escaped(&group.how.words(group.verb)),
                lines.join("<br>")
            );
        }
        if groups.len() > MOST {
            let _ = writeln!(
                text,
                "\n… and {} smaller groups; `leverd diff` on a machine with the store shows them.",
                groups.len() - MOST
            );
        }
        if !self.lacking.is_empty() {
            text.push_str("\nThe record does not hold:\n\n");
            for (name, (runs, run)) in self.lacking.iter().take(MOST) {
                let _ = writeln!(text, "- {} (in {runs}, for example {run})", escaped(&format!("`{name}`")));
            }
        }
        text.push_str("\nNothing was sent.\n");
        text
    }
}

impl How {
    fn words(self, verb: &str) -> String {
        match self {
            Self::Added => format!("`{verb}` is added"),
            Self::Gone => format!("`{verb}` is no longer done"),
            Self::Changed => format!("`{verb}` is another one"),
            Self::Timed => "it looks again at another time, or no longer".to_owned(),
            Self::Parked => "the event waits for a person, or no longer".to_owned(),
        }
    }
}

impl Group {
    fn of(&self) -> String {
        if self.rule.is_empty() {
            "the event as a whole".to_owned()
        } else {
            format!("rule `{}` of `{}`", self.rule, self.pack)
        }
    }

    fn sentence(&self) -> String {
        format!("{} in {}", self.how.words(self.verb), count(usize::try_from(self.runs).unwrap_or(usize::MAX), "run"))
    }
}

impl Example {
    fn lines(&self) -> Vec<String> {
        let before = self.before.iter().map(|act| format!("before: {act}"));
        let after = self.after.iter().map(|act| format!("after: {act}"));
        before.chain(after).chain(self.why.clone()).collect()
    }
}

fn how(change: &Change) -> How {
    match (&change.before, &change.after) {
        (None, Some(_)) => How::Added,
        (Some(_), None) => How::Gone,
        (Some(_), Some(_)) => How::Changed,
        (None, None) if change.verb == TIMER => How::Timed,
        (None, None) => How::Parked,
    }
}

fn example(case: &Case<'_>, change: &Change, texts: bool) -> Example {
    let shown = |act: &Act| if texts { describe::act(act) } else { shown(act) };
    let reason = |said: &Said| if texts { describe::said(said) } else { reason(said) };
    let why = match (&change.why, change.there, how(change)) {
        (Some(said), ..) => Some(reason(said)),
        (None, false, How::Added) => Some("the rule is new".to_owned()),
        (None, false, How::Gone) => Some("there is no such rule any more".to_owned()),
        (None, true, How::Gone) => Some("the rule fires and no longer does this".to_owned()),
        (None, true, How::Added) => Some("the rule fired and did not do this".to_owned()),
        (None, ..) => None,
    };
    Example {
        account: case.account.to_string(),
        run: case.name.clone(),
        event: case.event.kind.to_string(),
        at: case.event.at,
        before: change.before.as_ref().map(shown),
        after: change.after.as_ref().map(shown),
        why,
    }
}

/// An act without the text that it carries about a candidate.
fn shown(act: &Act) -> String {
    match act {
        Act::Note { text, .. } => format!("{} of {} characters", act.verb(), text.chars().count()),
        Act::Link { .. } => act.verb().to_owned(),
        Act::Form(filled) | Act::Feedback(filled) => format!("{} `{}`", act.verb(), filled.template.name),
        act => describe::act(act),
    }
}

/// Why, without what is personal.
fn reason(said: &Said) -> String {
    match said {
        Said::False { field, wanted, saw: Some(_) } if field.starts_with("candidate.") => {
            format!("`{field}` is not what the rule wants: {wanted}")
        }
        said => describe::said(said),
    }
}

/// Text that means nothing to Markdown's tables.
fn escaped(text: &str) -> String {
    text.replace('|', "\\|").replace('<', "&lt;").replace(['\n', '\r'], " ")
}
