//! Steps, effects and events in words: what commands print and pages show. Plain text, without colours or markup.

use crate::model::{Act, Event, FilledField, Later, Pattern, Piece, Reason, Said, Step};
use crate::store::{EffectState, EventState};
use jiff::Timestamp;

/// A point in time as every command prints it.
pub fn time(at: Timestamp) -> impl std::fmt::Display {
    at.strftime("%Y-%m-%d %H:%M:%S UTC")
}

/// `add_note "…"`: what shall be true, in the author's verb.
pub fn act(act: &Act) -> String {
    let verb = act.verb();
    match act {
        Act::Invite(invite) => format!("{verb} to `{}` at {}", invite.test.title, invite.vendor),
        Act::Call(call) => format!("{verb} {} at {}", call.operation, call.vendor),
        Act::Ask(ask) => {
            let choices: Vec<String> = ask.choices.iter().map(|choice| format!("`{}`", choice.label)).collect();
            format!("{verb} \"{}\": {}", short(&ask.title), choices.join(", "))
        }
        Act::Family(family) => match &family.member {
            Some(member) => format!("{verb} {}: `{member}`", family.family),
            None => format!("{verb} {}", family.family),
        },
        Act::AddTag { tag } => format!("{verb} `{tag}`"),
        Act::RemoveTag { pattern } => format!("{verb} `{}`", tag_pattern(pattern)),
        Act::Note { text, .. } => format!("{verb} \"{}\"", short(text)),
        Act::Link { url, .. } => format!("{verb} {url}"),
        Act::Unlink { key } => format!("{verb} `{key}`"),
        Act::Stage(to) => format!("{verb} to `{}`", to.to_name),
        Act::Archive { reason_name, .. } => format!("{verb} as `{reason_name}`"),
        Act::File(file) => format!("{verb} \"{}\", the report `{}` of {}", file.name, file.report, file.vendor),
        Act::Form(filled) | Act::Feedback(filled) => {
            let given = |field: &FilledField| {
                let value = field.value.as_ref()?;
                Some(format!("{}: {}", field.text, short(&value.to_string())))
            };
            let fields: Vec<String> = filled.fields.iter().filter_map(given).collect();
            format!("{verb} `{}` with {}", filled.template.name, fields.join(", "))
        }
    }
}

/// A pattern as an author writes it.
fn tag_pattern(pattern: &Pattern) -> String {
    let piece = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Hole(hole) => format!("{{{}}}", hole.name),
    };
    pattern.0.iter().map(piece).collect()
}

/// What a step says, without the rule's name.
pub fn said(said: &Said) -> String {
    match said {
        Said::Fired { effects: 1 } => "fired: 1 effect".to_owned(),
        Said::Fired { effects } => format!("fired: {effects} effects"),
        Said::False { field, wanted, saw: Some(saw) } => format!("not fired: `{field}` is `{saw}`, the rule wants {wanted}"),
        Said::False { field, wanted, saw: None } => format!("not fired: there is no `{field}`, the rule wants {wanted}"),
        Said::NoRows { wanted, candidates, nearest } => {
            let seen =
                if candidates.is_empty() { "nothing was there".to_owned() } else { format!("seen: {}", candidates.join(", ")) };
            let near = nearest.as_ref().map(|near| format!("; nearest: {near}")).unwrap_or_default();
            format!("not fired: nothing fits {wanted} ({seen}{near})")
        }
        Said::Conflict { slot, winner } => format!("left out: {winner} holds the {slot} already"),
        Said::Merged { with } => format!("the same as {with}"),
        Said::Skipped { reason } => format!("left out: {reason}"),
        Said::Later { due } => format!("looks again at {}", time(*due)),
        Said::Noted { what } => what.clone(),
    }
}

/// One step as a line: the rule, what it says, and where.
pub fn step(step: &Step) -> String {
    let rule = step.rule.as_ref().map(|rule| format!("rule `{rule}` ")).unwrap_or_default();
    let pack = step.pack.as_ref().map(|pack| format!("{pack}: ")).unwrap_or_default();
    let route = if step.route.is_empty() { String::new() } else { format!("  ({pack}{})", step.route) };
    // A look-up that found nothing does not end the rule by itself.
    let looked_up = matches!(step.said, Said::NoRows { .. }) && step.route.contains(".find.");
    let said = said(&step.said);
    let said = if looked_up { said.trim_start_matches("not fired: ") } else { &said };
    format!("{rule}{said}{route}")
}

/// `2026-11-20 09:30:00 UTC  candidateStageChange  acme/opportunity`.
pub fn event(event: &Event) -> String {
    let lane = event.opportunity.as_ref().map(|id| format!("/{id}")).unwrap_or_default();
    format!("{}  {}  {}{lane}", time(event.at), event.kind, event.account)
}

/// A timer that was armed.
pub fn later(later: &Later) -> String {
    format!("rule `{}` looks again at {}", later.rule, time(later.due))
}

/// The first line of a text, cut.
pub fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let cut: String = line.chars().take(72).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}

/// Why an event has no run.
pub fn waiting(state: &EventState) -> String {
    let because = |reason: &Option<Reason>| {
        reason.as_ref().map(|reason| format!(": {} ({})", reason.text, reason.code)).unwrap_or_default()
    };
    match state {
        EventState::Pending { due, reason } => format!("not planned yet, due {}{}", time(*due), because(reason)),
        EventState::Parked { reason } => format!("parked{}; `leverd parked` shows what to do", because(reason)),
        EventState::Planned => "planned; its run was removed for age".to_owned(),
        EventState::Closed { reason } => format!("closed without a plan: {} ({})", reason.text, reason.code),
        EventState::Unmatched => "no rule listens to this event in this situation".to_owned(),
    }
}

/// Everything that an effect would send, as name and value: for a person who has to decide on it.
pub fn detail(act: &Act) -> Vec<(String, String)> {
    let row = |name: &str, value: String| (name.to_owned(), value);
    let inputs = |inputs: &std::collections::BTreeMap<String, crate::model::Value>| {
        inputs.iter().map(|(name, value)| (name.clone(), value.to_string())).collect::<Vec<_>>()
    };
    match act {
        Act::Invite(invite) => {
            let mut rows = vec![row("test", invite.test.title.clone()), row("at", invite.vendor.to_string())];
            rows.extend(inputs(&invite.inputs));
            rows
        }
        Act::Call(call) => {
            let mut rows = vec![row("operation", call.operation.clone()), row("at", call.vendor.to_string())];
            rows.extend(inputs(&call.inputs));
            rows
        }
        Act::Ask(ask) => {
            let mut rows = vec![row("question", ask.title.clone())];
            rows.extend(ask.choices.iter().map(|choice| row("choice", choice.label.clone())));
            rows.push(row("open until", time(ask.expires).to_string()));
            rows
        }
        Act::Family(family) => {
            let mut rows: Vec<_> = family.member.iter().map(|tag| row("tag", tag.clone())).collect();
            rows.extend(family.members.iter().map(|pattern| row("takes away others like", tag_pattern(pattern))));
            rows
        }
        Act::AddTag { tag } => vec![row("tag", tag.clone())],
        Act::RemoveTag { pattern } => vec![row("tags like", tag_pattern(pattern))],
        Act::Note { text, secret, .. } => {
            let mut rows = vec![row("note", text.clone())];
            rows.extend(secret.then(|| row("secret", "yes".to_owned())));
            rows
        }
        Act::Link { url, .. } => vec![row("link", url.clone())],
        Act::Unlink { key } => vec![row("link", key.clone())],
        Act::Stage(to) => vec![row("stage", to.to_name.clone())],
        Act::Archive { reason_name, .. } => vec![row("reason", reason_name.clone())],
        Act::File(file) => vec![row("file", file.name.clone()), row("report", format!("{} of {}", file.report, file.vendor))],
        Act::Form(filled) | Act::Feedback(filled) => {
            let mut rows = vec![row("form", filled.template.name.clone())];
            let given = filled.fields.iter().filter_map(|field| Some((field.text.clone(), field.value.as_ref()?.to_string())));
            rows.extend(given);
            rows
        }
    }
}

/// The state of an effect, in a word.
pub const fn state(state: EffectState) -> &'static str {
    match state {
        EffectState::Ready => "ready",
        EffectState::Begun => "begun",
        EffectState::Waiting => "waiting",
        EffectState::Parked => "parked",
        EffectState::Done => "done",
        EffectState::Skipped => "skipped",
    }
}
