//! What leverd does in the words of the actions, and how that is compared with what a test expects.

use crate::model::{Act, Effect, InviteMode, Pattern, Phase, Piece, RuleName};
use std::fmt;

/// What the vendor answers to invitations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    Accepts,
    /// No answer yet: the attempt stays requested.
    Silent,
    Refuses(String),
}

/// One thing that was done.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Done {
    /// `invite`, `set_tag status`, `add_note` …
    pub(super) word: String,
    pub(super) value: String,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.word, self.value)
    }
}

/// Where an expectation stands, with its line as it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// 1-based, as is the column.
    pub(super) line: usize,
    pub(super) column: usize,
    /// How many characters of the line it takes.
    pub(super) width: usize,
    pub(super) text: String,
}

impl Place {
    /// The line under its place, with the expectation marked.
    pub(super) fn shown(&self, file: &str) -> Vec<String> {
        let gutter = " ".repeat(self.line.to_string().len());
        let before: String = self.text.chars().take(self.column - 1).map(|c| if c == '\t' { '\t' } else { ' ' }).collect();
        vec![
            format!("{gutter}--> {file}:{}:{}", self.line, self.column),
            format!("{} | {}", self.line, self.text),
            format!("{gutter} | {before}{}", "^".repeat(self.width.max(1))),
        ]
    }
}

/// One thing that shall be done.
#[derive(Debug, Clone)]
pub(super) struct Expected {
    pub(super) word: String,
    pub(super) value: Wanted,
    pub(super) place: Place,
}

/// A text that a reason shall contain: one of the rule's, if a rule is named.
#[derive(Debug, Clone)]
pub(super) struct Because {
    pub(super) rule: Option<RuleName>,
    pub(super) text: String,
    pub(super) place: Place,
}

/// A line of a difference, and where what it misses is written.
#[derive(Debug, Clone)]
pub(super) struct Differs {
    pub(super) line: String,
    pub(super) place: Option<Place>,
}

impl Differs {
    /// Expected, and not so.
    pub(super) fn missing(what: impl fmt::Display, place: &Place) -> Self {
        Self { line: format!("- {what}"), place: Some(place.clone()) }
    }

    /// So, and not expected.
    pub(super) fn more(what: impl fmt::Display) -> Self {
        Self { line: format!("+ {what}"), place: None }
    }
}

#[derive(Debug, Clone)]
pub(super) enum Wanted {
    Is(String),
    Contains(String),
}

impl Expected {
    pub(super) fn fits(&self, done: &Done) -> bool {
        self.word == done.word
            && match &self.value {
                Wanted::Is(text) => *text == done.value,
                Wanted::Contains(text) => done.value.contains(text.as_str()),
            }
    }
}

impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.value {
            Wanted::Is(text) => write!(f, "{}: {text}", self.word),
            Wanted::Contains(text) => write!(f, "{}: something with {text:?} in it", self.word),
        }
    }
}

/// How the world shall look.
#[derive(Debug, Clone)]
pub(super) enum After {
    Tags(Vec<String>),
    Stage(String),
    Attempt(String, Phase),
}

/// An effect in the words of the actions.
pub(super) fn done(effect: &Effect) -> Done {
    let word = |word: &str, value: &str| Done { word: word.to_owned(), value: value.to_owned() };
    match &effect.act {
        Act::Invite(invite) if invite.mode == InviteMode::Refresh => word("refresh", &invite.test.title),
        Act::Invite(invite) => word("invite", &invite.test.title),
        Act::Call(call) => word("call", &call.operation),
        Act::Ask(ask) => word("ask", &ask.title),
        Act::Family(family) => match &family.member {
            Some(member) => word(&format!("set_tag {}", family.family), member),
            None => word("clear_tag", &family.family),
        },
        Act::AddTag { tag } => word("add_tag", tag),
        Act::RemoveTag { pattern } => word("remove_tag", &written(pattern)),
        Act::Note { text, .. } => word("add_note", text),
        Act::Link { url, .. } => word("add_link", url),
        Act::Unlink { key } => word("remove_link", key),
        Act::Stage(to) => word("move_stage", &to.to_name),
        Act::Archive { reason_name, .. } => word("archive", reason_name),
        Act::File(file) => word("add_file", &file.name),
        Act::Form(filled) => word("fill_form", &filled.template.name),
        Act::Feedback(filled) => word("fill_feedback", &filled.template.name),
    }
}

fn written(pattern: &Pattern) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Hole(hole) => format!("{{{}:{}}}", hole.name, hole.ty),
    };
    pattern.0.iter().map(piece).collect()
}

/// The words that `expect` knows.
pub(super) const WORDS: [&str; 18] = [
    "invite",
    "refresh",
    "call",
    "ask",
    "mark",
    "set_tag",
    "clear_tag",
    "add_tag",
    "remove_tag",
    "add_note",
    "add_link",
    "remove_link",
    "move_stage",
    "archive",
    "add_file",
    "fill_form",
    "fill_feedback",
    "alert",
];

/// The difference between what was expected and what was done, as readable lines; none if they agree.
pub(super) fn difference(expected: &[Expected], done: &[Done]) -> Vec<Differs> {
    let mut left: Vec<&Done> = done.iter().collect();
    let mut lines = Vec::new();
    // Exact wishes choose first, so that a `contains` does not take what an exact one needs.
    let (exact, loose): (Vec<_>, Vec<_>) = expected.iter().partition(|expected| matches!(expected.value, Wanted::Is(_)));
    for wish in exact.into_iter().chain(loose) {
        match left.iter().position(|done| wish.fits(done)) {
            Some(at) => {
                left.remove(at);
            }
            None => lines.push(Differs::missing(wish, &wish.place)),
        }
    }
    lines.extend(left.into_iter().map(Differs::more));
    lines
}
