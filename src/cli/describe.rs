//! Steps, effects and runs in words: what `runs`, `why`, `dry-run` and `demo` print.

use super::out::Out;
use crate::model::{Class, Event, EventKind, Later, Said, TimerId};
use crate::runtime::words;
pub use crate::runtime::words::{act, event, later, said, step, time, waiting};
use crate::store::{EffectRow, EffectState, RunRow};
use anstyle::{AnsiColor, Style};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io;

/// How leverd learned of an event, where no webhook told it.
pub fn learned(event: &Event) -> Option<&'static str> {
    match (&event.kind, event.class) {
        (EventKind::Lever(_), Class::Poll) => Some("learned by asking Lever what changed: no webhook had told it"),
        (_, Class::Backfill) => Some("from before the rule was there: a person had the rule see it"),
        _ => None,
    }
}

/// An effect and what became of it.
pub fn effect(row: &EffectRow) -> String {
    let state = words::state(row.state);
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

/// A whole run: the event, every step, every effect with its attempts.
pub fn run(out: &mut Out, row: &RunRow) -> io::Result<()> {
    run_now(out, row, None)
}

/// The same, with the timers of its opportunity that are armed still, where they are known: what is over is not told as to come.
pub fn run_now(out: &mut Out, row: &RunRow, armed: Option<&BTreeSet<TimerId>>) -> io::Result<()> {
    let bold = Style::new().bold();
    out.line(format_args!("{bold}{}{bold:#}  run {}", event(&row.event), row.event.id))?;
    if let Some(how) = learned(&row.event) {
        out.line(format_args!("  {how}"))?;
    }
    // Fields of `event.` are between us and ourselves.
    for (field, value) in row.event.fields.iter().filter(|(field, _)| !field.starts_with("event.")) {
        out.line(format_args!("  {field}: {value}"))?;
    }
    let over = |one: &&Later| armed.is_some_and(|armed| !armed.contains(&one.id));
    for one in &row.steps {
        let timer =
            row.later.iter().find(|later| one.said == Said::Later { due: later.due } && one.rule.as_ref() == Some(&later.rule));
        let line = step(one);
        let line = if timer.is_some_and(|timer| over(&timer)) {
            format!("{}, which is over", line.replace("looks again at", "was to look again at"))
        } else {
            line
        };
        out.line(format_args!("  {line}"))?;
    }
    let told = |one: &&Later| row.steps.iter().any(|step| step.said == Said::Later { due: one.due });
    for one in row.later.iter().filter(|one| !told(one)) {
        let line = later(one);
        let line =
            if over(&one) { format!("{}, which is over", line.replace("looks again", "was to look again")) } else { line };
        out.line(format_args!("  {line}"))?;
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
