//! Steps, effects and runs in words: what `runs`, `why`, `dry-run` and `demo` print.

use super::out::Out;
use crate::model::{Act, Event, FilledField, Later, Pattern, Piece, Said, Step};
use crate::store::{EffectRow, EffectState, RunRow};
use anstyle::{AnsiColor, Style};
use jiff::Timestamp;
use std::fmt::Write as _;
use std::io;

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

/// An effect and what became of it.
pub fn effect(row: &EffectRow) -> String {
    let state = match row.state {
        EffectState::Ready => "ready",
        EffectState::Begun => "begun",
        EffectState::Waiting => "waiting",
        EffectState::Parked => "parked",
        EffectState::Done => "done",
        EffectState::Skipped => "skipped",
    };
    let style = match row.state {
        EffectState::Done => Style::new().fg_color(Some(AnsiColor::Green.into())),
        EffectState::Parked => Style::new().fg_color(Some(AnsiColor::Red.into())),
        EffectState::Waiting | EffectState::Begun | EffectState::Ready => Style::new().fg_color(Some(AnsiColor::Yellow.into())),
        EffectState::Skipped => Style::new().dimmed(),
    };
    let mut text = format!("{style}{state:7}{style:#} {}", act(&row.effect.act));
    if let Some(reason) = &row.reason {
        let _ = write!(text, " — {} ({})", reason.text, reason.code);
    }
    if let Some(blocker) = row.blocked_by.first() {
        let _ = write!(text, " — waits for effect {blocker}");
    }
    if let Some(due) = row.due.filter(|_| row.state == EffectState::Waiting) {
        let _ = write!(text, ", again at {}", time(due));
    }
    text
}

/// A timer that was armed.
pub fn later(later: &Later) -> String {
    format!("rule `{}` looks again at {}", later.rule, time(later.due))
}

/// A whole run: the event, every step, every effect with its attempts.
pub fn run(out: &mut Out, row: &RunRow) -> io::Result<()> {
    let bold = Style::new().bold();
    out.line(format_args!("{bold}{}{bold:#}  run {}", event(&row.event), row.event.id))?;
    // Fields of `event.` are between us and ourselves.
    for (field, value) in row.event.fields.iter().filter(|(field, _)| !field.starts_with("event.")) {
        out.line(format_args!("  {field}: {value}"))?;
    }
    for one in &row.steps {
        out.line(format_args!("  {}", step(one)))?;
    }
    let told = |one: &&Later| row.steps.iter().any(|step| step.said == Said::Later { due: one.due });
    for one in row.later.iter().filter(|one| !told(one)) {
        out.line(format_args!("  {}", later(one)))?;
    }
    for one in &row.effects {
        out.line(format_args!("  {}  {}", effect(one), one.effect.id))?;
        for attempt in &one.attempts {
            let exchange = attempt.exchange.as_deref().unwrap_or("no answer recorded");
            out.line(format_args!("          attempt {} at {}: {exchange}", attempt.number, time(attempt.begun_at)))?;
        }
    }
    Ok(())
}

/// The first line of a text, cut.
fn short(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let cut: String = line.chars().take(72).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}
