//! The check of a project as an editor has it: unsaved texts over the files.

use super::board::{Edition, Open};
use super::desk::{self, Around};
use super::text::uri_of;
use super::told::Told;
use crate::cli::beside::beside;
use crate::cli::files::{Folder, pack_files, read, shown};
use crate::lang::config::PackSource;
use crate::lang::diagnostic::Diagnostics;
use crate::lang::load::{self, File};
use crate::lang::project::{self, Files};
use crate::lang::source::Sources;
use crate::model::{AccountId, PackName};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What a check of one edition found.
#[derive(Default)]
pub(super) struct Checked {
    pub(super) edition: Edition,
    pub(super) told: Told,
    /// What lies around the open files, by what was checked.
    pub(super) desks: BTreeMap<PathBuf, Arc<Around>>,
}

/// Checks every project that an open file belongs to; nothing where that is not wanted any more.
pub(super) fn all(edition: &Edition, current: &dyn Fn() -> bool) -> Option<Checked> {
    let mut checked = Checked { edition: edition.clone(), ..Checked::default() };
    let mut seen = BTreeSet::new();
    for path in edition.open.keys() {
        checked.told.file(uri_of(path));
        for target in targets(path) {
            if !seen.insert(target.clone()) {
                continue;
            }
            let (sources, found) = check(&target, &edition.open, current);
            if !current() {
                return None;
            }
            checked.told.add(&sources, &found);
            checked.desks.insert(target.clone(), Arc::new(desk::lay(&target, &edition.open)));
        }
    }
    Some(checked)
}

/// What an open file is part of: the project above it, and its folder where that is a pack of its own.
pub(super) fn targets(path: &Path) -> Vec<PathBuf> {
    let above = path.ancestors().skip(1).flat_map(|folder| ["leverd.yaml", "leverd.yml"].map(|name| folder.join(name)));
    let mut targets: Vec<PathBuf> = above.into_iter().find(|config| config.is_file()).into_iter().collect();
    let folder = path
        .parent()
        .filter(|folder| ["rules.yaml", "vendor.yaml", "rules.yml"].iter().any(|name| folder.join(name).is_file()));
    let named = |config: &PathBuf| folder.is_some_and(|folder| names(config, folder));
    if !targets.iter().any(named) {
        targets.extend(folder.map(Path::to_owned));
    }
    targets
}

/// Whether a project uses the pack in this folder, as far as its configuration can be read.
fn names(config: &Path, folder: &Path) -> bool {
    let here = Folder::of(config);
    let Ok(bytes) = read(config) else { return false };
    let (mut sources, mut unheard) = (Sources::new(), Diagnostics::new());
    let id = sources.add(shown(config), &bytes, &mut unheard);
    let known = id.and_then(|id| crate::lang::config::read(&mut sources, id, &mut unheard));
    let packs = known.iter().flat_map(|config| &config.accounts).flat_map(|account| &account.packs);
    packs.into_iter().any(|used| matches!(&used.source, PackSource::Folder(path) if here.path(path) == folder))
}

/// Checks a leverd.yaml with all it names, or the folder of a pack.
fn check(target: &Path, open: &Open, current: &dyn Fn() -> bool) -> (Sources, Diagnostics) {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    if target.is_dir() {
        if let Ok(files) = pack_files(target) {
            pack(&PackSource::Folder(shown(target)), &over(files, open), &mut sources, &mut found);
        }
        return (sources, found);
    }
    let files = Over { folder: Folder::of(target), open, current };
    let bytes = match open.get(target) {
        Some(text) => text.as_bytes().to_vec(),
        None => read(target).unwrap_or_default(),
    };
    if let Some(project) = project::load(&shown(target), &bytes, &files, &mut sources, &mut found) {
        for (source, pack) in &project.packs {
            if let Ok(files) = files.pack(source) {
                beside(pack, &files, &mut sources, &mut found);
            }
        }
    }
    (sources, found)
}

fn pack(source: &PackSource, files: &[File], sources: &mut Sources, found: &mut Diagnostics) {
    if let Some(pack) = load::load(&project::pack_name(source), files, sources, found).map(Arc::new) {
        beside(&pack, files, sources, found);
    }
}

/// The files as the editor has them.
pub(super) fn over(files: Vec<File>, open: &Open) -> Vec<File> {
    let text = |name: &str| open.get(Path::new(name)).map(|text| text.as_bytes().to_vec());
    files.into_iter().map(|(name, bytes)| (name.clone(), text(&name).unwrap_or(bytes))).collect()
}

struct Over<'o> {
    folder: Folder,
    open: &'o Open,
    current: &'o dyn Fn() -> bool,
}

impl Files for Over<'_> {
    fn pack(&self, source: &PackSource) -> Result<Vec<File>, String> {
        if !(self.current)() {
            return Err("typed on".to_owned());
        }
        Files::pack(&self.folder, source).map(|files| over(files, self.open))
    }

    fn file(&self, path: &str) -> Result<Option<File>, String> {
        let file = Files::file(&self.folder, path)?;
        Ok(file.into_iter().flat_map(|file| over(vec![file], self.open)).next())
    }

    fn baseline(&self, account: &AccountId, pack: &PackName) -> Timestamp {
        self.folder.baseline(account, pack)
    }
}
