//! One side of a comparison: the files of a folder, or of a git revision.

use crate::cli::stored::config;
use crate::lang::config::PackSource;
use crate::lang::load::File;
use crate::lang::project::{Bound, Files as _};
use crate::lang::render::render_human;
use crate::lang::rule::Pack;
use crate::runtime::project::{Loaded, Reading, base};
use anyhow::{Context, bail};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// A project as it is on one side.
pub(super) struct Side {
    /// As it was asked for.
    pub(super) name: String,
    reading: Reading,
    loaded: Loaded,
}

impl Side {
    /// The files as they are now.
    pub(super) fn here(config: &Path) -> anyhow::Result<Self> {
        Self::of("the files as they are now".to_owned(), config)
    }

    /// What a word on the command line means: a folder, or else a revision of the folder that `config` stands in.
    pub(super) fn read(word: &str, config: &Path) -> anyhow::Result<Self> {
        let folder = Path::new(word);
        if folder.is_dir() {
            let Some(found) = ["leverd.yaml", "leverd.yml"].iter().map(|name| folder.join(name)).find(|path| path.is_file())
            else {
                bail!("there is no leverd.yaml in `{word}`: give the folder that holds one");
            };
            return Self::of(format!("`{word}`"), &found);
        }
        if folder.is_file() {
            return Self::of(format!("`{word}`"), folder);
        }
        let checkout = tempfile::Builder::new().prefix("leverd-diff-").tempdir().context("no temporary folder can be made")?;
        let result = extract(word, base(config), checkout.path()).and_then(|()| {
            let name = config.file_name().context("the configuration has no name")?;
            let there = checkout.path().join(name);
            if !there.is_file() {
                bail!("the revision `{word}` has no {}", name.display());
            }
            bring_catalogues(config, checkout.path())?;
            Self::of(format!("revision `{word}`"), &there)
        });
        result.with_context(|| format!("`{word}` is no folder, and as a git revision it cannot be read"))
    }

    fn of(name: String, config: &Path) -> anyhow::Result<Self> {
        let reading = Reading::of(config).map_err(anyhow::Error::msg)?;
        let loaded = reading.load();
        Ok(Self { name, reading, loaded })
    }

    /// Everything that is wrong with it, if anything is.
    pub(super) fn faults(&self, colour: bool) -> Option<String> {
        self.loaded.diagnostics.has_errors().then(|| render_human(&self.loaded.sources, &self.loaded.diagnostics, colour))
    }

    /// Every pack that its accounts use, with its files.
    pub(super) fn packs(&self) -> impl Iterator<Item = (&PackSource, &Arc<Pack>, Vec<File>)> {
        let packs = self.loaded.project.iter().flat_map(|project| &project.packs);
        packs.filter_map(|(source, pack)| Some((source, pack, self.reading.pack(source).ok()?)))
    }

    pub(super) fn accounts(&self) -> impl Iterator<Item = &Bound> {
        self.loaded.project.iter().flat_map(|project| &project.accounts)
    }
}

/// The folder `of` as it was in a revision. `git archive` reads the repository alone: nothing is checked out, no hook runs.
fn extract(revision: &str, of: &Path, into: &Path) -> anyhow::Result<()> {
    if revision.starts_with('-') {
        bail!("`{revision}` is no revision");
    }
    let mut git = Command::new("git")
        .arg("-C")
        .arg(of)
        .args(["archive", "--format=tar", revision, "--", "."])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .context("git cannot be run: is it installed?")?;
    let packed = git.stdout.take().context("git gives nothing")?;
    let unpacked = Command::new("tar")
        .arg("-x")
        .arg("-C")
        .arg(into)
        .stdin(packed)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .context("tar cannot be run: is it installed?")?;
    let said = git.wait_with_output()?;
    if !said.status.success() {
        let why = String::from_utf8_lossy(&said.stderr);
        bail!("git says: {}", why.trim().lines().next().unwrap_or("nothing"));
    }
    if !unpacked.success() {
        bail!("what git gave cannot be unpacked");
    }
    Ok(())
}

/// Pulled catalogues that are not kept in git: those of now, so that names have their ids.
fn bring_catalogues(now: &Path, into: &Path) -> anyhow::Result<()> {
    let known = config(now)?;
    for account in &known.accounts {
        let file = known.catalogue_file(&account.name);
        let (from, to) = (base(now).join(&file), into.join(&file));
        if from.is_file() && !to.exists() {
            if let Some(folder) = to.parent() {
                std::fs::create_dir_all(folder)?;
            }
            std::fs::copy(&from, &to).with_context(|| to.display().to_string())?;
        }
    }
    Ok(())
}
