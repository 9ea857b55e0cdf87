//! What two rule sets make of the same history, in groups: by rule, verb, and how it differs. Each with one example and its reason.
//!
//! A report for a pull request, or for a program, may be read by anybody: it names runs, rules, tests, tags and stages, and neither the
//! candidates nor the texts about them. On a terminal the texts are shown.

use crate::cli::describe;
use crate::cli::out::{Out, count};
use crate::engine::compare::{Change, TIMER, Verdict};
use crate::model::{AccountId, Act, Said};
use crate::store::Recorded;
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
        self.different == 0 && self.unknown == 0
    }

    pub(super) fn take(&mut self, account: &AccountId, recorded: &Recorded, verdict: Verdict) {
        let at = recorded.event.at;
        self.runs += 1;
        self.first = Some(self.first.map_or(at, |first| first.min(at)));
        self.last = Some(self.last.map_or(at, |last| last.max(at)));
        match verdict {
            Verdict::Same => self.same += 1,
            Verdict::Unknown(names) => {
                self.unknown += 1;
                for name in names {
                    let entry = self.lacking.entry(name).or_insert_with(|| (0, recorded.event.id.to_string()));
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
                            example: example(account, recorded, change, self.texts),
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
            return "nothing was recorded yet, so nothing can be compared: `leverd serve` records what it plans".to_owned();
        };
        let runs = count(usize::try_from(self.runs).unwrap_or(usize::MAX), "recorded run");
        let days = format!("{} to {}", first.strftime("%Y-%m-%d"), last.strftime("%Y-%m-%d"));
        if self.all_same() {
            return format!("{runs}, {days}: every one comes out the same");
        }
        let mut text = format!("{runs}, {days}: {} would come out otherwise, {} the same", self.different, self.same);
        if self.unknown > 0 {
            let _ = write!(text, ", and of {} the record does not tell", self.unknown);
        }
        text
    }

    pub(super) fn tell(&self, out: &mut Out) -> io::Result<()> {
        out.line(format_args!("from {} to {}", self.old, self.new))?;
        out.line(self.headline())?;
        for group in self.sorted() {
            out.line("")?;
            out.line(format_args!("{}: {}", group.of(), group.sentence()))?;
            let example = &group.example;
            out.line(format_args!("  for example run {}, {} at {}", example.run, example.event, describe::time(example.at)))?;
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
        let groups = self.sorted();
        if !groups.is_empty() {
            text.push_str("| runs | rule | outcome | for example |\n|---:|---|---|---|\n");
        }
        for group in groups.iter().take(MOST) {
            let example = &group.example;
            let lines: Vec<String> = example.lines().iter().map(|line| escaped(line)).collect();
            let run = format!("run `{}`, `{}`", example.run, example.event);
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
                let _ = writeln!(text, "- {} (in {runs}, for example run `{run}`)", escaped(&format!("`{name}`")));
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

fn example(account: &AccountId, recorded: &Recorded, change: &Change, texts: bool) -> Example {
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
        account: account.to_string(),
        run: recorded.event.id.to_string(),
        event: recorded.event.kind.to_string(),
        at: recorded.event.at,
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
