//! What `leverd test --coverage` prints: the rules and branches that no test reached, each with its place, and the share that was.

use super::out::Out;
use crate::lang::diagnostic::Diagnostics;
use crate::lang::load::{self, File, Role};
use crate::lang::render::{escape_data, escape_property};
use crate::lang::route::locate;
use crate::lang::source::Sources;
use crate::lang::yaml::{self, Kind, Node};
use crate::suite::coverage::Branch;
use std::collections::BTreeMap;
use std::io;

/// Where rules stand: by their route, the file's name as messages show it, and the tree.
#[derive(Default)]
pub(super) struct Places {
    rules: BTreeMap<String, (String, Node)>,
}

/// One branch with its place.
#[derive(serde::Serialize)]
pub(super) struct Placed {
    file: String,
    /// 1-based.
    line: usize,
    #[serde(flatten)]
    branch: Branch,
}

impl Places {
    /// Of the rule files among a pack's files; without fault, since the pack was compiled.
    pub(super) fn of(files: &[File]) -> (Self, Sources) {
        let (mut places, mut sources, mut unheard) = (Self::default(), Sources::new(), Diagnostics::new());
        let rules: Vec<&File> = files.iter().filter(|(name, _)| load::role(name) == Role::Rules).collect();
        for (name, bytes) in &rules {
            let root = sources.add(name, bytes, &mut unheard).and_then(|id| yaml::load(&sources, id, &mut unheard));
            let Some(items) = root.as_ref().and_then(|root| root.get("rules")) else { continue };
            let Kind::Seq(items) = &items.kind else { continue };
            // With several files the file belongs to the address of a rule.
            let short = name.rsplit('/').next().unwrap_or(name);
            let prefix = if rules.len() > 1 { format!("{short}:") } else { String::new() };
            for (at, item) in items.iter().enumerate() {
                places.rules.insert(format!("{prefix}rules[{at}]"), (name.clone(), item.clone()));
            }
        }
        (places, sources)
    }

    /// The place of each branch.
    pub(super) fn place(&self, sources: &Sources, branches: Vec<Branch>) -> Vec<Placed> {
        let mut placed = Vec::new();
        for branch in branches {
            let Some(end) = branch.route.find(']') else { continue };
            let (rule, rest) = branch.route.split_at(end + 1);
            let Some((file, node)) = self.rules.get(rule) else { continue };
            let span = locate(node, rest).unwrap_or(node.span);
            let line = sources.get(span.source).map_or(1, |source| source.line_of(span.start as usize));
            placed.push(Placed { file: file.clone(), line, branch });
        }
        placed
    }
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
