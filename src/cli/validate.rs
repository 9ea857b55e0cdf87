//! `leverd validate`: every fault of every file in one go. Reads files only: no network, no secret, no store.

use super::beside::beside;
use super::exit::Exit;
use super::files::{Folder, Target, pack_files, read, shown};
use super::out::{Format, Out, count};
use crate::lang::diagnostic::{Diagnostics, Severity};
use crate::lang::project::{self, Files, Project};
use crate::lang::render::{escape_data, render_json};
use crate::lang::source::Sources;
use crate::lang::{catalogue, config::PackSource, cost, load};
use anyhow::anyhow;
use clap::Args;
use std::path::PathBuf;
use std::sync::Arc;

/// Check leverd.yaml, packs and pulled catalogues; CI calls this
///
/// Reads files only. A rule set that passes cannot fail later for a reason that is visible in the files or in the pulled catalogue.
#[derive(Debug, Args)]
pub(super) struct Validate {
    /// Folders or files: a leverd.yaml with all it names, the folder of a pack alone, or a pulled catalogue
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    /// Warnings are faults too
    #[arg(long)]
    strict: bool,
    /// Show also how many calls to Lever and to the vendor an event costs, per rule, least and most (`human` and `json`)
    #[arg(long)]
    cost: bool,
    /// How to write the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What was looked at, for the last line.
#[derive(Default)]
struct Seen {
    accounts: usize,
    packs: usize,
    rules: usize,
    tests: usize,
    catalogues: usize,
}

impl Validate {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        let (mut sources, mut found, mut seen) = (Sources::new(), Diagnostics::new(), Seen::default());
        let (mut notes, mut packs) = (Vec::new(), Vec::new());
        for path in &self.paths {
            match Target::of(path)? {
                Target::Config(path) => {
                    let project = project(&path, &mut sources, &mut found)?;
                    if let Some(project) = &project {
                        let folder = Folder::of(&path);
                        for (source, pack) in &project.packs {
                            let files = Files::pack(&folder, source).map_err(|why| anyhow!(why))?;
                            seen.tests += beside(pack, &files, &mut sources, &mut found);
                            packs.push(Arc::clone(pack));
                        }
                        seen.note(project);
                        notes.extend(off(project));
                    }
                }
                Target::Pack(folder) => {
                    let files = pack_files(&folder).map_err(|why| anyhow!(why))?;
                    let name = project::pack_name(&PackSource::Folder(shown(&folder)));
                    seen.packs += 1;
                    if let Some(pack) = load::load(&name, &files, &mut sources, &mut found).map(Arc::new) {
                        seen.rules += pack.rules.len();
                        seen.tests += beside(&pack, &files, &mut sources, &mut found);
                        packs.push(pack);
                    }
                }
                Target::Catalogue(path) => {
                    seen.catalogues += 1;
                    if let Some(id) = sources.add(shown(&path), &read(&path)?, &mut found) {
                        catalogue::read(&sources, id, &mut found);
                    }
                }
            }
        }
        let prices = if self.cost { cost::of_all(packs.iter().map(AsRef::as_ref)) } else { Vec::new() };
        match self.format {
            Format::Json if self.cost => {
                let faults: serde_json::Value = serde_json::from_str(&render_json(&sources, &found))?;
                out.json(&serde_json::json!({ "faults": faults, "cost": prices }))?;
            }
            _ => out.diagnostics(self.format, &sources, &found)?,
        }
        match self.format {
            Format::Human => {
                notes.iter().try_for_each(|note| out.line(format_args!("note: {note}")))?;
                if !prices.is_empty() {
                    out.text(&cost::table(&prices))?;
                }
                out.line(seen.summary(&found))?;
            }
            Format::Github => {
                notes.iter().try_for_each(|note| out.line(format_args!("::notice::{}", escape_data(note))))?;
            }
            Format::Json | Format::Sarif => {}
        }
        let faulty = found.has_errors() || (self.strict && !found.is_empty());
        Ok(if faulty { Exit::Faults } else { Exit::Fine })
    }
}

/// Loads the project of a leverd.yaml.
pub(super) fn project(
    path: &std::path::Path,
    sources: &mut Sources,
    found: &mut Diagnostics,
) -> anyhow::Result<Option<Project>> {
    let bytes = read(path)?;
    Ok(project::load(&shown(path), &bytes, &Folder::of(path), sources, found))
}

/// Rules that cannot fire in an account because an optional setting is unset: shown, not a fault.
fn off(project: &Project) -> Vec<String> {
    let rulesets = project.accounts.iter().flat_map(|account| &account.rulesets);
    let notes = rulesets.flat_map(|set| {
        set.off.iter().map(move |(rule, setting)| {
            format!("rule `{rule}` of `{}` is off in `{}`: the setting `{setting}` is not given", set.name(), set.account)
        })
    });
    notes.collect()
}

impl Seen {
    fn note(&mut self, project: &Project) {
        self.accounts += project.accounts.len();
        self.packs += project.packs.len();
        self.rules += project.packs.values().map(|pack| pack.rules.len()).sum::<usize>();
    }

    fn summary(&self, found: &Diagnostics) -> String {
        let all = found.sorted();
        let errors = all.iter().filter(|found| found.severity == Severity::Error).count();
        let warnings = all.len() - errors;
        let seen = [
            (self.accounts, "account"),
            (self.packs, "pack"),
            (self.rules, "rule"),
            (self.tests, "test"),
            (self.catalogues, "catalogue"),
        ];
        let seen: Vec<String> = seen.into_iter().filter(|(number, _)| *number > 0).map(|(n, one)| count(n, one)).collect();
        let seen = if seen.is_empty() { String::new() } else { format!(" in {}", seen.join(", ")) };
        let blank = if all.is_empty() { "" } else { "\n" };
        match (errors, warnings) {
            (0, 0) => format!("{blank}no faults{seen}"),
            (0, warnings) => format!("{blank}{}{seen}", count(warnings, "warning")),
            (errors, 0) => format!("{blank}{}{seen}", count(errors, "error")),
            (errors, warnings) => format!("{blank}{}, {}{seen}", count(errors, "error"), count(warnings, "warning")),
        }
    }
}
