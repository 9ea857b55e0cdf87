//! `leverd docs`: a pack as a page for those who work in Lever.

use super::exit::Exit;
use super::files::{Folder, Target, pack_files, read, shown};
use super::out::{Format, Out};
use crate::lang::catalogue;
use crate::lang::config::{self, Account, Config, PackSource};
use crate::lang::diagnostic::Diagnostics;
use crate::lang::docs::{self, Given, Page};
use crate::lang::load::{self, File};
use crate::lang::project::{self, Files};
use crate::lang::source::Sources;
use crate::runtime::builtin;
use anyhow::{Context, anyhow, bail};
use clap::{Args, ValueEnum};
use std::fs;
use std::path::{Path, PathBuf};

/// Write what rules do as a page for recruiters: in words, rule by rule, with the tags and what to leave to leverd
///
/// For a leverd.yaml there is a page for each account and pack, with the stages and tests that the account chose.
#[derive(Debug, Args)]
pub(super) struct Docs {
    /// The name of a shipped pack, the folder of a pack, or a leverd.yaml or its folder
    #[arg(default_value = ".", value_name = "PACK")]
    pack: PathBuf,
    /// The file to write; standard output if left out
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// How to write it
    #[arg(long, value_enum, default_value_t)]
    format: As,
}

/// What a page is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum As {
    /// One HTML file, which fetches nothing
    #[default]
    Html,
    /// Markdown
    Md,
    /// The drawing alone: stages, rules and tags
    Svg,
}

impl Docs {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let pages = self.pages(&mut sources, &mut found)?;
        if found.has_errors() {
            out.diagnostics(Format::Human, &sources, &found)?;
            return Ok(Exit::Faults);
        }
        if pages.is_empty() {
            bail!("{} uses no pack: there is nothing to tell", self.pack.display());
        }
        let text = match self.format {
            As::Html => docs::html::render(&pages),
            As::Md => docs::markdown::render(&pages),
            As::Svg => match pages.as_slice() {
                [only] => format!("{}\n", only.drawing.as_deref().unwrap_or_default()),
                _ => bail!("{} uses {} packs: name the folder of the one to draw", self.pack.display(), pages.len()),
            },
        };
        match &self.output {
            Some(path) => {
                fs::write(path, text).with_context(|| path.display().to_string())?;
                out.line(format_args!("wrote {}", path.display()))?;
            }
            None => out.text(&text)?,
        }
        Ok(Exit::Fine)
    }

    fn pages(&self, sources: &mut Sources, found: &mut Diagnostics) -> anyhow::Result<Vec<Page>> {
        let name = self.pack.to_string_lossy();
        if !self.pack.exists() && builtin::names().any(|known| known == name) {
            let source = PackSource::BuiltIn(name.as_ref().into());
            let files = builtin::files(&name.as_ref().into()).map_err(|why| anyhow!(why))?;
            return Ok(page(&source, &files, None, sources, found).into_iter().collect());
        }
        if !self.pack.exists() && self.pack.components().count() == 1 {
            let known: Vec<String> = builtin::names().map(|name| format!("`{name}`")).collect();
            bail!("there is no file or folder {name}, and no shipped pack of this name; shipped are {}", known.join(", "));
        }
        match Target::of(&self.pack)? {
            Target::Config(path) => pages(&path, sources, found),
            Target::Pack(folder) => {
                let files = pack_files(&folder).map_err(|why| anyhow!(why))?;
                let folder = fs::canonicalize(&folder).unwrap_or(folder);
                Ok(page(&PackSource::Folder(shown(&folder)), &files, None, sources, found).into_iter().collect())
            }
            Target::Catalogue(path) => bail!("{} is a pulled catalogue, and has no rules to tell", path.display()),
        }
    }
}

/// A page for each account and pack of a leverd.yaml.
fn pages(path: &Path, sources: &mut Sources, found: &mut Diagnostics) -> anyhow::Result<Vec<Page>> {
    let folder = Folder::of(path);
    let Some(id) = sources.add(shown(path), &read(path)?, found) else { return Ok(Vec::new()) };
    let Some(config) = config::read(sources, id, found) else { return Ok(Vec::new()) };
    let mut pages = Vec::new();
    for account in &config.accounts {
        let stages = stages(&folder, &config, account);
        for used in &account.packs {
            let files = folder.pack(&used.source).map_err(|why| anyhow!(why))?;
            let given = Given { account: &account.name, mode: used.mode, settings: &used.settings, stages: &stages };
            pages.extend(page(&used.source, &files, Some(given), sources, found));
        }
    }
    Ok(pages)
}

/// The account's stages in their order; none where they were not pulled, or what was pulled is faulty, which `validate` says.
fn stages(folder: &Folder, config: &Config, account: &Account) -> Vec<String> {
    let file = Files::file(folder, &config.catalogue_file(&account.name)).ok().flatten();
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let id = file.and_then(|(name, bytes)| sources.add(name, &bytes, &mut found));
    let pulled = id.and_then(|id| catalogue::read(&sources, id, &mut found));
    pulled.into_iter().flat_map(|pulled| pulled.catalogue.stages).map(|stage| stage.name).collect()
}

fn page(
    source: &PackSource,
    files: &[File],
    given: Option<Given<'_>>,
    sources: &mut Sources,
    found: &mut Diagnostics,
) -> Option<Page> {
    let pack = load::load(&project::pack_name(source), files, sources, found)?;
    Some(docs::page(&pack, files, given))
}
