//! What `leverd test --coverage` prints: the rules and branches that no test reached, each with its place, and the share that was.

use super::out::Out;
use crate::lang::places::Places;
use crate::lang::render::{escape_data, escape_property};
use crate::suite::coverage::Branch;
use std::io;

/// One branch with its place.
#[derive(serde::Serialize)]
pub(super) struct Placed {
    file: String,
    /// 1-based.
    line: usize,
    #[serde(flatten)]
    branch: Branch,
}

/// The place of each branch.
pub(super) fn place(places: &Places, branches: Vec<Branch>) -> Vec<Placed> {
    let mut placed = Vec::new();
    for branch in branches {
        if let Some((file, line)) = places.at(&branch.route) {
            placed.push(Placed { file: file.to_owned(), line, branch });
        }
    }
    placed
}
/// How much of it was reached, in percent; nothing to reach is all of it.
pub(super) fn percent(all: &[Placed]) -> f64 {
    let reached = all.iter().filter(|placed| placed.branch.reached).count();
    #[expect(clippy::cast_precision_loss, reason = "branches of rules are counted, not stars")]
    let share = if all.is_empty() { 1.0 } else { reached as f64 / all.len() as f64 };
    share * 100.0
}

/// For people: what was not reached, then one line.
pub(super) fn tell(out: &mut Out, all: &[Placed]) -> io::Result<()> {
    for Placed { file, line, branch } in all.iter().filter(|placed| !placed.branch.reached) {
        let Branch { rule, what, .. } = branch;
        out.line(format_args!("{file}:{line}: rule `{rule}`: {what}"))?;
    }
    let reached = all.iter().filter(|placed| placed.branch.reached).count();
    out.line(format_args!("coverage: {reached} of {} branches, {:.0} %", all.len(), percent(all).floor()))
}

/// For GitHub: a notice at each place.
pub(super) fn annotate(out: &mut Out, all: &[Placed]) -> io::Result<()> {
    for Placed { file, line, branch } in all.iter().filter(|placed| !placed.branch.reached) {
        let text = escape_data(&format!("rule `{}`: {}", branch.rule, branch.what));
        out.line(format_args!("::notice file={},line={line},title=no rule test reaches this::{text}", escape_property(file)))?;
    }
    Ok(())
}
