//! `leverd test --record RUN`: a run of the store as a rule test, without whom it was about.

use super::exit::Exit;
use super::files::read;
use super::out::Out;
use super::stored::{Place, now, wait};
use crate::lang::diagnostic::Diagnostics;
use crate::lang::load;
use crate::lang::project::pack_name;
use crate::lang::render::render_human;
use crate::lang::source::Sources;
use crate::lang::yaml;
use crate::model::{AccountId, Outcome, PackName, Said};
use crate::runtime::project::Reading;
use crate::runtime::service::kept_files;
use crate::store::{EffectState, RunRow};
use crate::suite::record::{Happened, Recorded, file, indented, record};
use anyhow::{Context, anyhow, bail};
use clap::Args;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where a run of the given id is looked for.
const LOOK_BACK: usize = 10_000;

/// Recording instead of running.
#[derive(Debug, Args)]
pub(super) struct Record {
    /// Make a test of a run instead, with personal data replaced: its id, or the first digits, as `leverd runs` shows them
    #[arg(long = "record", value_name = "RUN", conflicts_with_all = ["filter", "junit", "coverage", "min"])]
    pub(super) of: Option<String>,
    /// Put the recorded test at the end of this file, instead of printing it
    #[arg(long, value_name = "FILE", requires = "of")]
    into: Option<PathBuf>,
    /// The pack whose rules the test is for, where rules of several fired
    #[arg(long, value_name = "PACK", requires = "of")]
    pack: Option<String>,
    #[command(flatten)]
    place: Place,
}

impl Record {
    pub(super) fn run(&self, id: &str, out: &mut Out) -> anyhow::Result<Exit> {
        let (run, reading) = wait(async {
            let store = self.place.look().await?;
            let runs = store.runs(None, None, LOOK_BACK, now()).await?;
            let id = id.to_ascii_lowercase();
            let mut meant = runs.into_iter().filter(|run| run.event.id.to_string().starts_with(&id));
            let run = match (meant.next(), meant.next()) {
                (Some(run), None) => run,
                (None, _) => bail!("no run has an id that starts with `{id}`; `leverd runs` lists them"),
                (Some(_), Some(_)) => bail!("several runs have an id that starts with `{id}`: give more of its digits"),
            };
            let reading = kept_files(&store, &run.ruleset).await;
            Ok((run, reading))
        })?;
        let reading = reading
            .context("the rules of then are not in the store any more: only runs of rules that are kept can be recorded")?;
        let recorded = self.recorded(&run, &reading)?;
        match &self.into {
            None => out.text(&file(&recorded.text))?,
            Some(path) => {
                append(path, &recorded)?;
                out.line(format_args!("{}: `{}` is its last test now", path.display(), recorded.name))?;
            }
        }
        let mut notes = Out::stderr();
        for remark in &recorded.remarks {
            notes.line(format_args!("note: {remark}"))?;
        }
        Ok(Exit::Fine)
    }

    fn recorded(&self, run: &RunRow, reading: &Reading) -> anyhow::Result<Recorded> {
        let account: &AccountId = &run.account;
        let project = reading.load().project.context("the rules of then do not load any more")?;
        let bound = project.accounts.iter().find(|bound| bound.account.name == *account);
        let bound = bound.with_context(|| format!("account `{account}` was not there then"))?;
        let used: Vec<PackName> = bound.account.packs.iter().map(|used| pack_name(&used.source)).collect();
        let name = self.meant(run, &used)?;
        let used = bound.account.packs.iter().find(|used| pack_name(&used.source) == name);
        let used = used.with_context(|| format!("account `{account}` did not use a pack called `{name}` then"))?;
        let pack = project.packs.get(&used.source).with_context(|| format!("pack `{name}` does not load any more"))?;
        let of_pack = || run.effects.iter().filter(|row| row.effect.pack == name);
        let asked = of_pack().filter(|row| matches!(row.effect.act.verb(), "invite" | "call"));
        let refused = |row: &&crate::store::EffectRow| {
            row.state != EffectState::Done
                && row.attempts.iter().any(|attempt| matches!(attempt.outcome, Some(Outcome::Dead { .. })))
        };
        let happened = Happened {
            event: &run.event,
            facts: &run.facts,
            effects: of_pack().map(|row| &row.effect).collect(),
            refused: asked.into_iter().any(|row| refused(&row)),
            pack,
            settings: &used.settings,
            catalogue: &bound.catalogue,
        };
        record(&happened).map_err(|why| anyhow!(why))
    }

    /// The pack whose rules are meant: the one that is named, the one whose rules fired, the only one that was asked, or the only one.
    fn meant(&self, run: &RunRow, used: &[PackName]) -> anyhow::Result<PackName> {
        if let Some(name) = &self.pack {
            return Ok(PackName::new(name));
        }
        let of = |fired: bool| -> BTreeSet<&PackName> {
            let steps = run.steps.iter().filter(|step| !fired || matches!(step.said, Said::Fired { .. }));
            steps.filter_map(|step| step.pack.as_ref()).collect()
        };
        let packs =
            [of(true), of(false), used.iter().collect()].into_iter().find(|packs| !packs.is_empty()).unwrap_or_default();
        let mut packs = packs.into_iter();
        match (packs.next(), packs.next()) {
            (Some(one), None) => Ok(one.clone()),
            (Some(one), Some(other)) => {
                bail!("rules of several packs could be meant: choose one with `--pack {one}` or `--pack {other}`")
            }
            (None, _) => bail!("the account used no pack then: there is nothing to test"),
        }
    }
}

/// Writes the test behind the last one of a file, or a new file.
fn append(path: &Path, recorded: &Recorded) -> anyhow::Result<()> {
    if !path.exists() {
        return fs::write(path, file(&recorded.text)).with_context(|| path.display().to_string());
    }
    let before = String::from_utf8(read(path)?).with_context(|| path.display().to_string())?;
    let indent = place(path, &before)?;
    let text = format!("{}\n\n{}", before.trim_end(), indented(&recorded.text, indent));
    whole(path, &text)?;
    fs::write(path, text).with_context(|| path.display().to_string())
}

/// How far in the items of `tests` stand, if they end the file as a list with dashes.
fn place(path: &Path, text: &str) -> anyhow::Result<usize> {
    let by_hand = || {
        anyhow!(
            "{}: `tests` is not the last list of this file; print the test without `--into` and put it in by hand",
            path.display()
        )
    };
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let id = sources.add_text("tests.yaml", text);
    let root = yaml::load(&sources, id, &mut found).ok_or_else(by_hand)?;
    let yaml::Kind::Map(entries) = &root.kind else { return Err(by_hand()) };
    let (key, list) = entries.last().ok_or_else(by_hand)?;
    let yaml::Kind::Seq(items) = &list.kind else { return Err(by_hand()) };
    let first = items.first().filter(|_| key.text == "tests" && !list.brackets).ok_or_else(by_hand)?;
    let source = sources.get(id).ok_or_else(by_hand)?;
    let line = source.line(source.line_of(first.span.range().start));
    line.find('-').ok_or_else(by_hand)
}

/// The file as it will be must be a file of tests for the rules beside it, where there are some.
fn whole(path: &Path, text: &str) -> anyhow::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let Ok(mut files) = super::files::pack_files(folder) else { return Ok(()) };
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    files.retain(|(file, _)| !file.ends_with(&name));
    files.push((name, text.as_bytes().to_vec()));
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let Some(pack) = load::load(&PackName::new("pack"), &files, &mut sources, &mut found).map(Arc::new) else { return Ok(()) };
    drop(crate::suite::tests_of(&pack, &files, &mut sources, &mut found));
    if found.has_errors() {
        bail!(
            "with the recorded test the file would have faults, and is left as it is:\n\n{}",
            render_human(&sources, &found, false)
        );
    }
    Ok(())
}
