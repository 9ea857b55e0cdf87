//! Values, names and texts with `{{…}}` in words.

use super::Words;
use crate::lang::yaml::{Kind, Node};
use std::fmt::Write as _;

/// `trigger_stages` as people read it.
pub(super) fn spaced(name: &str) -> String {
    name.replace('_', " ")
}

/// A text between backticks.
pub(super) fn ticked(text: &str) -> String {
    format!("`{}`", text.replace('`', "’"))
}

/// `17d12h` as `17 days 12 hours`.
pub(super) fn duration(written: &str) -> String {
    let mut words = Vec::new();
    let mut rest = written.trim();
    while let Some(end) = rest.find(|c: char| !c.is_ascii_digit()) {
        let (Some(number), Some(tail)) = (rest.get(..end), rest.get(end..)) else { break };
        let unit = match tail.chars().next() {
            Some('w') => "week",
            Some('d') => "day",
            Some('h') => "hour",
            Some('m') => "minute",
            Some('s') => "second",
            _ => return written.to_owned(),
        };
        words.push(if number == "1" { format!("1 {unit}") } else { format!("{number} {unit}s") });
        rest = tail.get(1..).unwrap_or_default();
    }
    if words.is_empty() { written.to_owned() } else { words.join(" ") }
}

/// `$path`, if a text is that and no more.
pub(super) fn path(text: &str) -> Option<&str> {
    let path = text.strip_prefix('$')?;
    let good = !path.is_empty() && path.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    good.then_some(path)
}

impl Words<'_> {
    /// A single value: what a path stands for, or the text itself between backticks.
    pub(super) fn value(&self, node: &Node) -> String {
        match &node.kind {
            Kind::Seq(items) => super::joined(&items.iter().map(|item| self.value(item)).collect::<Vec<_>>(), "or"),
            Kind::Map(_) | Kind::Faulty => String::new(),
            Kind::Scalar { .. } if node.is_null() => "nothing".to_owned(),
            Kind::Scalar { text, .. } => match path(text) {
                Some(path) => self.path(path),
                None => named(text),
            },
        }
    }

    /// A length of time, written or from a setting.
    pub(super) fn length(&self, node: &Node) -> String {
        let text = node.scalar().unwrap_or_default();
        match path(text) {
            Some(path) => {
                let given = self.given.get(path).and_then(|input| input.default.as_ref()?.scalar()).map(duration);
                given.unwrap_or_else(|| self.path(path))
            }
            None => duration(text),
        }
    }

    /// What a path stands for, with its article.
    pub(super) fn path(&self, path: &str) -> String {
        let head = path.split('.').next().unwrap_or(path);
        if self.pack.settings.contains_key(head) {
            return self.setting(path);
        }
        match noun(path) {
            noun if path.contains('.') || self.pack.bands.contains_key(path) || known(path).is_some() => format!("the {noun}"),
            noun => format!("that {noun}"),
        }
    }

    /// A setting: its value where one is given and nothing overrides it, else its name.
    fn setting(&self, path: &str) -> String {
        if let Some(choices) = self.choices_of(path) {
            return super::joined(&choices, "or");
        }
        format!("‹{}›", spaced(path).replace('.', "’s "))
    }

    /// The values of a setting that an account gives, if it gives the same to all.
    pub(super) fn choices_of(&self, setting: &str) -> Option<Vec<String>> {
        let input = self.given.get(setting).filter(|input| input.per.is_empty())?;
        let node = input.default.as_ref()?;
        match &node.kind {
            Kind::Scalar { .. } => Some(vec![self.value(node)]),
            Kind::Seq(items) if items.iter().all(|item| item.scalar().is_some()) => {
                Some(items.iter().map(|item| self.value(item)).collect())
            }
            Kind::Seq(_) | Kind::Map(_) | Kind::Faulty => None,
        }
    }
}

/// What a path stands for, without an article.
pub(super) fn noun(path: &str) -> String {
    if let Some(noun) = known(path) {
        return noun.to_owned();
    }
    let Some((head, rest)) = path.split_once('.') else { return spaced(path) };
    let rest = spaced(&rest.replace('.', "’s "));
    match head {
        "result" => rest,
        "opportunity" => format!("candidate’s {rest}"),
        "assessment" => format!("test’s {rest}"),
        "answer" => format!("choice’s {rest}"),
        head => format!("{}’s {rest}", spaced(head)),
    }
}

/// A text between backticks, with `‹…›` where something is filled in.
pub(super) fn named(written: &str) -> String {
    ticked(&filled(written))
}

/// A text with `‹…›` where something is filled in.
pub(super) fn filled(written: &str) -> String {
    let mut out = String::new();
    let mut rest = written;
    while let Some((before, inside)) = rest.split_once("{{") {
        let Some((inside, after)) = inside.split_once("}}") else { break };
        out.push_str(if inside.starts_with('~') { before.trim_end() } else { before });
        tag(inside.trim_matches('~').trim(), &mut out);
        rest = if inside.ends_with('~') { after.trim_start() } else { after };
    }
    out.push_str(rest);
    // A hole of a pattern is any text of its kind.
    let mut plain = String::new();
    let mut rest = out.as_str();
    while let Some((before, inside)) = rest.split_once('{') {
        let Some((inside, after)) = inside.split_once('}') else { break };
        plain.push_str(before);
        let _ = write!(plain, "‹any {}›", inside.split_once(':').map_or("text", |(_, ty)| super::test(ty)).replace('_', " "));
        rest = after;
    }
    plain.push_str(rest);
    plain.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What stands between `{{` and `}}`.
fn tag(tag: &str, out: &mut String) {
    let (first, rest) = tag.split_once(char::is_whitespace).unwrap_or((tag, ""));
    let subject = || rest.split_whitespace().next().map(noun).unwrap_or_default();
    let _ = match first {
        "#if" => write!(out, "[if {}: ", asked(rest.trim(), true)),
        "#unless" => write!(out, "[if {}: ", asked(rest.trim(), false)),
        "#each" => write!(out, "[for each of {}: ", subject()),
        "else" => write!(out, " | else: "),
        "default" => {
            let instead = rest.split_once(char::is_whitespace).map(|(_, text)| text.trim().trim_matches(['"', '\'']));
            match instead.filter(|text| !text.is_empty()) {
                Some(text) => write!(out, "‹{}, else “{text}”›", subject()),
                None => write!(out, "‹{}, if there is one›", subject()),
            }
        }
        "date" => match subject() {
            noun if noun.starts_with("time ") => write!(out, "‹date {}›", noun.trim_start_matches("time ")),
            noun => write!(out, "‹date: {noun}›"),
        },
        "round" | "join" | "band" | "upper" | "lower" => write!(out, "‹{}›", subject()),
        closing if closing.starts_with('/') => write!(out, "]"),
        comment if comment.starts_with('!') => Ok(()),
        path => write!(out, "‹{}›", noun(path)),
    };
}

/// What a block of a text asks of a name.
fn asked(name: &str, yes: bool) -> String {
    if let Some((so, not)) = super::cond::flag(name) {
        return if yes { so } else { not }.to_owned();
    }
    match (super::cond::LISTS.contains(&name), yes) {
        (true, true) => format!("there are {}", noun(name)),
        (true, false) => format!("there are no {}", noun(name)),
        (false, true) => format!("the {} is known", noun(name)),
        (false, false) => format!("the {} is not known", noun(name)),
    }
}

/// The names that read badly when only taken apart.
fn known(path: &str) -> Option<&'static str> {
    Some(match path {
        "assessment.test" | "assessment" => "test",
        "assessment.phase" => "state of the test",
        "assessment.verdict" => "outcome of the test",
        "assessment.decision" => "decision about the test",
        "assessment.stage" => "stage in which the test was asked for",
        "assessment.posting" => "posting for which the test was asked for",
        "assessment.attempt" => "number of the attempt",
        "assessment.requested_at" => "time when the test was asked for",
        "assessment.invited_at" => "time of the invitation",
        "assessment.started_at" => "time of the start",
        "assessment.submitted_at" => "time of the submission",
        "assessment.expires_at" => "end of the invitation",
        "assessment.url" => "link to the test",
        "assessment.reminders" => "number of reminders",
        "opportunity.own_tags" => "candidate’s own tags (not those of the posting)",
        "opportunity.stage" => "candidate’s stage",
        "opportunity.url" => "candidate’s page",
        "candidate.email" => "candidate’s e-mail address",
        "candidate.emails" => "candidate’s e-mail addresses",
        "event.at" => "time of this",
        "failure.message" => "reason",
        "failure.code" => "kind of failure",
        "result.passed" => "answer whether it was passed",
        "result.report_url" => "link to the report",
        "result.report_pdf" => "report as a PDF",
        "result.profile_url" => "link to the profile",
        "to_stage" => "stage entered",
        "from_stage" => "stage left",
        "answer" => "choice",
        "tag" => "tag",
        _ => return None,
    })
}
