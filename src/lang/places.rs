//! Where the rules of a pack stand: from the address of a part to its file and line.

use super::diagnostic::Diagnostics;
use super::load::{self, File, Role};
use super::route::locate;
use super::source::Sources;
use super::yaml::{self, Kind, Node};
use std::collections::BTreeMap;

/// The rules of one pack: by their route, the file's name as messages show it, and the tree.
#[derive(Debug)]
pub struct Places {
    sources: Sources,
    rules: BTreeMap<String, (String, Node)>,
}

impl Places {
    /// Of the rule files among a pack's files; without fault, since the pack was compiled.
    pub fn of(files: &[File]) -> Self {
        let (mut rules_of, mut sources, mut unheard) = (BTreeMap::new(), Sources::new(), Diagnostics::new());
        let rules: Vec<&File> = files.iter().filter(|(name, _)| load::role(name) == Role::Rules).collect();
        for (name, bytes) in &rules {
            let root = sources.add(name, bytes, &mut unheard).and_then(|id| yaml::load(&sources, id, &mut unheard));
            let Some(items) = root.as_ref().and_then(|root| root.get("rules")) else { continue };
            let Kind::Seq(items) = &items.kind else { continue };
            // With several files the file belongs to the address of a rule.
            let short = name.rsplit('/').next().unwrap_or(name);
            let prefix = if rules.len() > 1 { format!("{short}:") } else { String::new() };
            for (at, item) in items.iter().enumerate() {
                rules_of.insert(format!("{prefix}rules[{at}]"), (name.clone(), item.clone()));
            }
        }
        Self { sources, rules: rules_of }
    }

    /// Every rule with its file and its first and last line, from 1.
    pub fn rules(&self) -> impl Iterator<Item = (&str, &str, usize, usize)> {
        self.rules.iter().map(|(route, (file, node))| {
            let line = |at: u32| self.sources.get(node.span.source).map_or(1, |source| source.line_of(at as usize));
            (route.as_str(), file.as_str(), line(node.span.start), line(node.span.end.saturating_sub(1)))
        })
    }

    /// The file, and the line from 1, of a part such as `rules[2].when.to_stage`.
    pub fn at(&self, route: &str) -> Option<(&str, usize)> {
        let end = route.find(']')?;
        let (rule, rest) = route.split_at(end + 1);
        let (file, node) = self.rules.get(rule)?;
        let span = locate(node, rest).unwrap_or(node.span);
        let line = self.sources.get(span.source).map_or(1, |source| source.line_of(span.start as usize));
        Some((file, line))
    }
}
