//! `leverd fmt`: the usual look for leverd.yaml, rules, adapters and tests.
//!
//! The look itself is `lang::format`. Here files are found, compared and written: whole or not at all, and only those that change.

use super::exit::Exit;
use super::files::{Folder, Target, pack_files, read, shown};
use super::out::{Format, Out, count};
use crate::lang::config::{self, PackSource};
use crate::lang::diagnostic::Diagnostics;
use crate::lang::source::Sources;
use crate::lang::{format, yaml};
use anyhow::{Context, anyhow, bail};
use clap::Args;
use similar::TextDiff;
use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Bring leverd.yaml, rules, adapters and tests into their usual look; comments and meaning stay
///
/// Two spaces for each level, lists under their key, one space where one belongs, at most one blank line. Nothing else changes: what a
/// file says is read again before it is written, and a file with faults is left alone.
#[derive(Debug, Args)]
pub(super) struct Fmt {
    /// Folders (a leverd.yaml with the packs it names, or the folder of a pack), files, or `-` for standard input
    #[arg(default_value = ".")]
    paths: Vec<PathBuf>,
    /// Write nothing; name the files that would change, and exit with 1 if there are any
    #[arg(long)]
    check: bool,
    /// Write nothing; show what would change, and exit with 1 if anything would
    #[arg(long)]
    diff: bool,
}

/// A file that is to be written anew.
struct Changed {
    path: PathBuf,
    before: String,
    after: String,
}

impl Fmt {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        if self.paths.iter().any(|path| path == Path::new("-")) {
            if self.paths.len() > 1 {
                bail!("`-` reads standard input, and stands alone");
            }
            return self.standard_input(out);
        }
        let mut files = BTreeSet::new();
        for path in &self.paths {
            files.extend(found(path)?);
        }
        let (mut sources, mut faults, mut changed) = (Sources::new(), Diagnostics::new(), Vec::new());
        for path in &files {
            let bytes = read(path)?;
            let Some(after) = formatted(&shown(path), &bytes, &mut sources, &mut faults)? else { continue };
            if after.as_bytes() != bytes {
                changed.push(Changed { path: path.clone(), before: String::from_utf8_lossy(&bytes).into_owned(), after });
            }
        }
        out.diagnostics(Format::Human, &sources, &faults)?;
        for file in &changed {
            if self.diff {
                out.text(&difference(&shown(&file.path), &file.before, &file.after))?;
            } else if self.check {
                out.line(format_args!("{} would change", shown(&file.path)))?;
            } else {
                replace(&file.path, file.after.as_bytes()).with_context(|| file.path.display().to_string())?;
                out.line(format_args!("{}", shown(&file.path)))?;
            }
        }
        let writes = !self.check && !self.diff;
        if !self.diff {
            let looked = count(files.len(), "file");
            let blank = if faults.is_empty() && changed.is_empty() { "" } else { "\n" };
            out.line(match (changed.len(), writes) {
                (0, _) if faults.is_empty() => format!("{blank}{looked}, none to change"),
                (0, _) => format!("{blank}{looked}, those with faults left as they are"),
                (number, true) => format!("{blank}{number} of {looked} written"),
                (number, false) => format!("{blank}{number} of {looked} would change; `leverd fmt` writes them"),
            })?;
        }
        Ok(if faults.is_empty() && (writes || changed.is_empty()) { Exit::Fine } else { Exit::Faults })
    }

    /// From standard input to standard output.
    fn standard_input(&self, out: &mut Out) -> anyhow::Result<Exit> {
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes).context("standard input")?;
        let (mut sources, mut faults) = (Sources::new(), Diagnostics::new());
        let name = "standard input";
        let Some(after) = formatted(name, &bytes, &mut sources, &mut faults)? else {
            // Standard output is for the text.
            Out::stderr().diagnostics(Format::Human, &sources, &faults)?;
            return Ok(Exit::Faults);
        };
        let same = after.as_bytes() == bytes;
        if self.diff {
            out.text(&difference(name, &String::from_utf8_lossy(&bytes), &after))?;
        } else if !self.check {
            out.text(&after)?;
        }
        Ok(if same || !(self.check || self.diff) { Exit::Fine } else { Exit::Faults })
    }
}

/// The files that a path stands for.
fn found(path: &Path) -> anyhow::Result<Vec<PathBuf>> {
    if path.is_file() {
        return Ok(vec![path.to_owned()]);
    }
    let pack = |folder: &Path| -> anyhow::Result<Vec<PathBuf>> {
        let files = pack_files(folder).map_err(|why| anyhow!(why))?;
        Ok(files.into_iter().map(|(name, _)| PathBuf::from(name)).collect())
    };
    Ok(match Target::of(path)? {
        Target::Config(config) => {
            let folder = Folder::of(&config);
            let (mut sources, mut faults) = (Sources::new(), Diagnostics::new());
            let read = sources.add(shown(&config), &read(&config)?, &mut faults);
            let mut files = vec![config];
            // What the packs are, a faulty configuration does not tell; `validate` says what is wrong with it.
            let config = read.and_then(|id| config::read(&mut sources, id, &mut faults));
            let uses = config.iter().flat_map(|config| &config.accounts).flat_map(|account| &account.packs);
            for source in uses.map(|pack| &pack.source).collect::<BTreeSet<_>>() {
                if let PackSource::Folder(path) = source {
                    files.extend(pack(&folder.path(path))?);
                }
            }
            files
        }
        Target::Pack(folder) => pack(&folder)?,
        Target::Catalogue(catalogue) => vec![catalogue],
    })
}

/// The usual look of a file; nothing, and a diagnostic, where it has faults.
fn formatted(name: &str, bytes: &[u8], sources: &mut Sources, faults: &mut Diagnostics) -> anyhow::Result<Option<String>> {
    let known = faults.len();
    let Some(id) = sources.add(name, bytes, faults) else { return Ok(None) };
    yaml::load(sources, id, faults);
    if faults.len() > known {
        return Ok(None);
    }
    match format::format(sources.text(id)) {
        Some(after) => Ok(Some(after)),
        // Not known to happen; better told than written.
        None => bail!("{name} would not mean the same; it was left as it is, and this is a fault of leverd"),
    }
}

/// What would change, as `diff -u` shows it.
fn difference(name: &str, before: &str, after: &str) -> String {
    TextDiff::from_lines(before, after).unified_diff().header(name, &format!("{name} (formatted)")).to_string()
}

/// Writes a file whole or not at all: beside it first, then renamed over it. What it may be read by stays; a link keeps pointing.
fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let path = fs::canonicalize(path)?;
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let beside = path.with_file_name(format!(".{name}.{}.new", std::process::id()));
    let write = || {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).open(&beside)?;
        file.write_all(bytes)?;
        file.set_permissions(fs::metadata(&path)?.permissions())?;
        file.sync_all()?;
        fs::rename(&beside, &path)
    };
    let written = write();
    if written.is_err() {
        let _ = fs::remove_file(&beside);
    }
    written
}
