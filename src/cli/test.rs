//! `leverd test`: the rule tests beside the rules, run by the planner that `serve` uses.

use super::coverage::{self, Placed};
use super::exit::Exit;
use super::files::{Folder, Target, pack_files, shown};
use super::out::{Format, Out, count, without_sarif};
use super::record::Record;
use super::validate::project;
use crate::lang::config::PackSource;
use crate::lang::diagnostic::Diagnostics;
use crate::lang::load::{self, File};
use crate::lang::places::Places;
use crate::lang::project::{Files, pack_name};
use crate::lang::render::{escape_data, escape_property};
use crate::lang::rule::Pack;
use crate::lang::source::Sources;
use crate::suite::{self, Case, Suite, tests_of};
use anyhow::{Context, anyhow, bail};
use clap::Args;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

/// Run the rule tests of packs: given facts and events, expected effects
#[derive(Debug, Args)]
pub(super) struct Test {
    /// Folders or files: a leverd.yaml with all packs it names, or the folder of a pack
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    /// Only tests whose name holds this text
    #[arg(long, value_name = "TEXT")]
    filter: Option<String>,
    /// Also write the results as JUnit XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Also say which rules, which of their branches and texts, and which steps of bands no test reached
    #[arg(long)]
    coverage: bool,
    /// Fail if less than this share of the branches is reached, in percent; says which they are, like `--coverage`
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    min: Option<u8>,
    /// How to write the results
    #[arg(long, default_value = "human", value_parser = without_sarif())]
    format: Format,
    #[command(flatten)]
    record: Record,
}

impl Test {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        if let Some(run) = &self.record.of {
            return self.record.run(run, out);
        }
        let (mut sources, mut found, mut tried) = (Sources::new(), Diagnostics::new(), Vec::new());
        for path in &self.paths {
            match Target::of(path)? {
                Target::Config(path) => {
                    let folder = Folder::of(&path);
                    // Faults of accounts are not asked for here: a test brings its own settings and names.
                    let mut apart = Diagnostics::new();
                    let Some(project) = project(&path, &mut sources, &mut apart)? else {
                        out.diagnostics(self.format, &sources, &apart)?;
                        return Ok(Exit::Faults);
                    };
                    let mut packs: Vec<&PackSource> =
                        project.accounts.iter().flat_map(|bound| &bound.account.packs).map(|pack| &pack.source).collect();
                    packs.sort();
                    packs.dedup();
                    for source in packs {
                        let files = folder.pack(source).map_err(|why| anyhow!(why))?;
                        tried.extend(Tried::of(source, files, &mut sources, &mut found));
                    }
                }
                Target::Catalogue(path) => bail!("{} is a pulled catalogue, and has no rule tests", path.display()),
                Target::Pack(folder) => {
                    let files = pack_files(&folder).map_err(|why| anyhow!(why))?;
                    tried.extend(Tried::of(&PackSource::Folder(shown(&folder)), files, &mut sources, &mut found));
                }
            }
        }
        if found.has_errors() {
            out.diagnostics(self.format, &sources, &found)?;
            return Ok(Exit::Faults);
        }
        let chosen = |name: &str| self.filter.as_ref().is_none_or(|text| name.contains(text.as_str()));
        let cover = self.coverage || self.min.is_some();
        let (mut cases, mut all, mut covered) = (Vec::new(), 0, cover.then(Vec::new));
        for mut pack in tried {
            all += pack.suites.iter().map(|suite| suite.tests.len()).sum::<usize>();
            // All tests count for what is reached, whichever are reported.
            if !cover {
                pack.suites.iter_mut().for_each(|suite| suite.tests.retain(|test| chosen(&test.name)));
            }
            let run: Vec<Case> = pack.suites.iter().flat_map(suite::run).collect();
            if let Some(covered) = &mut covered {
                let branches = suite::coverage::branches(&pack.pack, &run, &sources);
                covered.extend(coverage::place(&Places::of(&pack.files), branches));
            }
            cases.extend(run.into_iter().filter(|case| chosen(&case.name)));
        }
        if let Some(path) = &self.junit {
            fs::write(path, suite::junit(&cases)).with_context(|| path.display().to_string())?;
        }
        if let (Some(text), true, true) = (&self.filter, cases.is_empty(), all > 0) {
            bail!("none of the {} has `{text}` in its name", count(all, "test"));
        }
        self.report(out, &cases, covered.as_deref())?;
        let enough = match (self.min, &covered) {
            (Some(min), Some(covered)) if coverage::percent(covered) < f64::from(min) => {
                if self.format != Format::Json {
                    out.line(format_args!(
                        "that is less than the {min} % asked for by `--min`: add tests, or remove what is not needed"
                    ))?;
                }
                false
            }
            _ => true,
        };
        Ok(if enough && cases.iter().all(Case::passed) { Exit::Fine } else { Exit::Faults })
    }

    fn report(&self, out: &mut Out, cases: &[Case], covered: Option<&[Placed]>) -> anyhow::Result<()> {
        match self.format {
            Format::Human if cases.is_empty() => out.line("no tests: write them into `tests.yaml` beside the rules")?,
            Format::Human => out.text(&suite::human(cases))?,
            Format::Json => {
                let cases: Vec<_> = cases
                    .iter()
                    .map(|case| {
                        serde_json::json!({ "name": case.name, "file": case.file, "line": case.line, "passed": case.passed(),
                            "steps": case.steps, "faults": case.faults, "place": case.place })
                    })
                    .collect();
                match covered {
                    Some(covered) => out.json(&serde_json::json!({ "tests": cases, "coverage": covered }))?,
                    None => out.json(&cases)?,
                }
            }
            Format::Github => {
                for case in cases.iter().filter(|case| !case.passed()) {
                    let text = format!("{}\n{}", case.name, case.faults.join("\n"));
                    let (file, text) = (escape_property(&case.file), escape_data(&text));
                    let (line, column) = case.place.unwrap_or((case.line, 1));
                    out.line(format_args!("::error file={file},line={line},col={column},title=rule test failed::{text}"))?;
                }
            }
            // Not offered: a failed test is no fault of a place.
            Format::Sarif => {}
        }
        match (covered, self.format) {
            (Some(covered), Format::Human) => coverage::tell(out, covered)?,
            (Some(covered), Format::Github) => coverage::annotate(out, covered)?,
            _ => {}
        }
        Ok(())
    }
}

/// A pack whose tests are run.
struct Tried {
    pack: Arc<Pack>,
    files: Vec<File>,
    suites: Vec<Suite>,
}

impl Tried {
    /// The pack compiled, with its tests read; nothing if it has faults.
    fn of(source: &PackSource, files: Vec<File>, sources: &mut Sources, found: &mut Diagnostics) -> Option<Self> {
        let pack = load::load(&pack_name(source), &files, sources, found).map(Arc::new)?;
        let suites = tests_of(&pack, &files, sources, found);
        Some(Self { pack, files, suites })
    }
}
