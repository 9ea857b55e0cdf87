//! Steps, effects and runs in words: what `runs`, `why`, `dry-run` and `demo` print.

use super::out::Out;
use crate::model::{Later, Said};
use crate::runtime::words;
pub use crate::runtime::words::{act, event, later, said, step, time, waiting};
use crate::store::{EffectRow, EffectState, RunRow};
use anstyle::{AnsiColor, Style};
use std::fmt::Write as _;
use std::io;

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
