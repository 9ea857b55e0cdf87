//! What `leverd test --coverage` prints: the rules, texts, bands and branches of them that no test reached, each with its place, and the share that was.

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
        let known = branch.place.clone();
        let place = known.or_else(|| places.at(&branch.route).map(|(file, line)| (file.to_owned(), line)));
        if let Some((file, line)) = place {
            placed.push(Placed { file, line, branch });
        }
    }
    // As they stand in the files.
    placed.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
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
        let Branch { of, what, .. } = branch;
        out.line(format_args!("{file}:{line}: {of}: {what}"))?;
    }
    let reached = all.iter().filter(|placed| placed.branch.reached).count();
    out.line(format_args!("coverage: {reached} of {} branches, {:.0} %", all.len(), percent(all).floor()))
}

/// For GitHub: a notice at each place.
pub(super) fn annotate(out: &mut Out, all: &[Placed]) -> io::Result<()> {
    for Placed { file, line, branch } in all.iter().filter(|placed| !placed.branch.reached) {
        let text = escape_data(&format!("{}: {}", branch.of, branch.what));
        out.line(format_args!("::notice file={},line={line},title=no rule test reaches this::{text}", escape_property(file)))?;
    }
    Ok(())
}
