//! The files of a project as they were at one moment: `leverd.yaml`, its packs, its catalogues.
//!
//! One reading serves the whole load, so a save in between never mixes two states. The same reading is kept in the store by its
//! content, so that what planned an old run can be loaded again.

use super::builtin;
use super::files::Files;
use super::watch::Watched;
use crate::lang::config::{self, PackSource, Secrets};
use crate::lang::diagnostic::Diagnostics;
use crate::lang::load::File;
use crate::lang::project::{self, Project};
use crate::lang::source::Sources;
use crate::model::{AccountId, PackName};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

/// Files that matter to a project.
pub const ENDINGS: &[&str] = &[".yaml", ".yml"];

/// Everything that a project consists of, by path relative to the folder of `leverd.yaml`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reading {
    /// The name of the configuration file.
    pub config: String,
    pub files: BTreeMap<String, Vec<u8>>,
    /// What could not be read, and why.
    #[serde(default)]
    pub unreadable: BTreeMap<String, String>,
    /// The folders and files that the configuration names, as far as it can be read.
    #[serde(skip)]
    pub(super) named: Vec<String>,
}

/// What loading a project brought: the project unless `leverd.yaml` itself is faulty, and everything there is to say.
#[derive(Debug)]
pub struct Loaded {
    pub project: Option<Project>,
    pub sources: Sources,
    pub diagnostics: Diagnostics,
}

impl Loaded {
    /// The accounts that a fault keeps from their new rules.
    pub fn broken(&self) -> Vec<AccountId> {
        let accounts = self.project.iter().flat_map(|project| &project.accounts);
        accounts.filter(|bound| bound.broken).map(|bound| bound.account.name.clone()).collect()
    }
}

impl Reading {
    /// Reads a project from disk. What cannot be read is told where it is named, by loading.
    pub fn of(config: &Path) -> Result<Self, String> {
        let name = config.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let bytes = std::fs::read(config).map_err(|error| format!("{}: {error}", config.display()))?;
        let mut reading = Self { files: BTreeMap::from([(name.clone(), bytes)]), config: name, ..Self::default() };
        reading.named = reading.names();
        for path in reading.named.clone() {
            reading.add(base(config), &path);
        }
        Ok(reading)
    }

    /// The same project from what a watcher of `watched` has read, if that was all of it: not if the configuration is another one,
    /// or if something that it names was not there to be watched.
    pub fn with(&self, config: &Path, watched: &Watched, seen: Files) -> Option<Self> {
        let whole = self.unreadable.is_empty() && watched.roots.len() == self.named.len() + 1;
        let same = seen.0.get(config).is_some_and(|bytes| self.files.get(&self.config) == Some(bytes));
        if !whole || !same {
            return None;
        }
        let base = base(config);
        let files = seen.0.into_iter().map(|(path, bytes)| (clean(path.strip_prefix(base).unwrap_or(&path)), bytes));
        Some(Self { files: files.collect(), ..self.clone() })
    }

    /// The folders and files that the configuration names, as far as it can be read.
    fn names(&self) -> Vec<String> {
        // Its faults are told when the project is loaded.
        let (mut sources, mut unheard) = (Sources::default(), Diagnostics::new());
        let bytes = self.files.get(&self.config).map(Vec::as_slice).unwrap_or_default();
        let config =
            sources.add(self.config.as_str(), bytes, &mut unheard).and_then(|id| config::read(&mut sources, id, &mut unheard));
        let Some(config) = config else { return Vec::new() };
        let mut named = vec![config.catalogue.clone()];
        for account in &config.accounts {
            named.extend(account.packs.iter().filter_map(|pack| match &pack.source {
                PackSource::Folder(path) => Some(path.clone()),
                PackSource::BuiltIn(_) => None,
            }));
        }
        named.sort();
        named.dedup();
        named
    }

    fn add(&mut self, base: &Path, named: &str) {
        let root = base.join(named);
        if !root.exists() {
            return;
        }
        match Files::read(std::slice::from_ref(&root), ENDINGS) {
            Ok(files) => {
                for (path, bytes) in files.0 {
                    let inside = path.strip_prefix(&root).unwrap_or(&path);
                    self.files.insert(clean(&Path::new(named).join(inside)), bytes);
                }
            }
            Err(error) => {
                self.unreadable.insert(clean(Path::new(named)), error.to_string());
            }
        }
    }

    /// What to watch: the configuration's folder and every folder it names.
    pub fn watched(&self, config: &Path) -> Watched {
        let mut roots = vec![config.to_owned()];
        roots.extend(self.named.iter().map(|named| base(config).join(named)).filter(|root| root.exists()));
        Watched { roots, endings: ENDINGS }
    }

    /// Loads and checks everything. Pure.
    pub fn load(&self) -> Loaded {
        let (mut sources, mut diagnostics) = (Sources::default(), Diagnostics::new());
        let bytes = self.files.get(&self.config).map(Vec::as_slice).unwrap_or_default();
        let project = project::load(&self.config, bytes, self, &mut sources, &mut diagnostics);
        Loaded { project, sources, diagnostics }
    }
}

impl project::Files for Reading {
    fn pack(&self, source: &PackSource) -> Result<Vec<File>, String> {
        let path = match source {
            PackSource::BuiltIn(name) => return builtin::files(name),
            PackSource::Folder(path) => path,
        };
        let folder = clean(Path::new(path));
        if let Some(why) = self.unreadable.get(&folder) {
            return Err(why.clone());
        }
        // What begins with the folder's name stands together.
        let from = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let below = self.files.range(from.clone()..).take_while(|(file, _)| file.starts_with(&from));
        let inside = below.filter(|(file, _)| file.strip_prefix(&from).is_some_and(|rest| !rest.contains('/')));
        let files: Vec<File> = inside.map(|(file, bytes)| (file.clone(), bytes.clone())).collect();
        if files.is_empty() {
            return Err(format!("there are no rules in `{path}`: it has no `*.yaml` file, or there is no such folder"));
        }
        Ok(files)
    }

    fn file(&self, path: &str) -> Result<Option<File>, String> {
        let path = clean(Path::new(path));
        let folder = Path::new(&path).parent().map(clean).unwrap_or_default();
        if let Some(why) = self.unreadable.get(&path).or_else(|| self.unreadable.get(&folder)) {
            return Err(why.clone());
        }
        Ok(self.files.get(&path).map(|bytes| (path, bytes.clone())))
    }

    /// The store knows it; it is set when the account is built.
    fn baseline(&self, _: &AccountId, _: &PackName) -> Timestamp {
        Timestamp::MIN
    }
}

/// The folder that paths in the configuration are relative to.
pub fn base(config: &Path) -> &Path {
    match config.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

/// `./rules/x/` and `rules/x` are one folder.
fn clean(path: &Path) -> String {
    let kept: PathBuf = path.components().filter(|component| !matches!(component, Component::CurDir)).collect();
    kept.to_string_lossy().into_owned()
}

/// Secrets from the environment and from files beside the configuration.
#[derive(Debug, Clone)]
pub struct Here {
    pub base: PathBuf,
}

impl Secrets for Here {
    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &str) -> Result<String, String> {
        std::fs::read_to_string(self.base.join(path)).map_err(|error| error.to_string())
    }
}
