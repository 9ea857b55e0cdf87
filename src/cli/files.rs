//! The folder of a leverd.yaml: its packs, catalogues and secrets, read from disk.
//!
//! Folders are read by `runtime::files`, which never leaves them and bounds what it reads.

use crate::lang::config::{PackSource, Secrets};
use crate::lang::load::File;
use crate::lang::near::near;
use crate::lang::project;
use crate::model::{AccountId, PackName};
use crate::runtime::builtin;
use crate::runtime::files::Files;
use anyhow::{Context, bail};
use jiff::Timestamp;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

/// No secret is longer; a larger file was named by mistake.
const MOST_SECRET_BYTES: u64 = 64 * 1024;
/// The reader's own limit below this gives the better message.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// The folder that paths of a leverd.yaml are relative to.
#[derive(Debug, Clone)]
pub struct Folder {
    path: PathBuf,
    config: PathBuf,
}

/// What a path on the command line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// A leverd.yaml.
    Config(PathBuf),
    /// A folder with rules and no leverd.yaml in or above it that matters here.
    Pack(PathBuf),
    /// A pulled catalogue alone.
    Catalogue(PathBuf),
}

impl Target {
    /// A leverd.yaml, a folder that holds one, or the folder of a pack.
    pub fn of(path: &Path) -> anyhow::Result<Self> {
        let about = metadata(path)?;
        if about.is_file() {
            return Ok(match what(path)? {
                What::Pack => {
                    Self::Pack(path.parent().filter(|parent| *parent != Path::new("")).unwrap_or(Path::new(".")).to_owned())
                }
                What::Catalogue => Self::Catalogue(path.to_owned()),
                What::Config => Self::Config(path.to_owned()),
            });
        }
        for name in ["leverd.yaml", "leverd.yml"] {
            let config = path.join(name);
            if config.is_file() {
                return Ok(Self::Config(config));
            }
        }
        if ["rules.yaml", "vendor.yaml", "rules.yml"].iter().any(|name| path.join(name).is_file()) {
            return Ok(Self::Pack(path.to_owned()));
        }
        bail!("{} holds neither a leverd.yaml nor a rules.yaml; `leverd init` writes a folder to start from", path.display())
    }
}

enum What {
    Config,
    Pack,
    Catalogue,
}

/// What a file is: by its name, else by the keys it begins lines with. What tells nothing is taken for a configuration, whose
/// messages say the rest.
fn what(path: &Path) -> anyhow::Result<What> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if matches!(name.as_ref(), "rules.yaml" | "vendor.yaml" | "tests.yaml") {
        return Ok(What::Pack);
    }
    let bytes = read(path)?;
    let text = String::from_utf8_lossy(&bytes);
    let has = |keys: &[&str]| text.lines().filter_map(|line| line.split_once(':')).any(|(key, _)| keys.contains(&key));
    Ok(if has(&["accounts"]) {
        What::Config
    } else if has(&["account", "pulled_at"]) {
        What::Catalogue
    } else if has(&["rules", "operations", "tests"]) {
        What::Pack
    } else {
        What::Config
    })
}

impl Folder {
    /// The folder that a leverd.yaml is in.
    pub fn of(config: &Path) -> Self {
        Self { path: config.parent().unwrap_or(Path::new("")).to_owned(), config: config.to_owned() }
    }

    /// The leverd.yaml.
    pub fn config(&self) -> &Path {
        &self.config
    }

    /// A path of leverd.yaml, from here.
    pub fn path(&self, path: &str) -> PathBuf {
        self.path.join(path.strip_prefix("./").unwrap_or(path))
    }
}

/// The YAML files of a pack's folder.
pub fn pack_files(folder: &Path) -> Result<Vec<File>, String> {
    if !folder.is_dir() {
        return Err(format!("there is no folder `{}`{}", shown(folder), beside(folder)));
    }
    let files = Files::read(&[folder.to_owned()], &[".yaml", ".yml"]).map_err(|error| error.to_string())?;
    Ok(files.0.into_iter().map(|(path, bytes)| (shown(&path), bytes)).collect())
}

/// The folders beside one that is missing, for its message: `; did you mean `starter`?`.
fn beside(folder: &Path) -> String {
    let name = folder.file_name().unwrap_or_default().to_string_lossy();
    let entries = folder.parent().and_then(|parent| fs::read_dir(parent).ok()).into_iter().flatten().filter_map(Result::ok);
    let mut names: Vec<String> =
        entries.filter(|entry| entry.path().is_dir()).map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    let near = near(&name, names.iter().map(String::as_str));
    near.first().map(|name| format!("; did you mean `{name}`?")).unwrap_or_default()
}

/// One file, of at most 16 MiB.
pub fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let about = metadata(path)?;
    if !about.is_file() || about.len() > MOST_BYTES {
        bail!("{} is no file that leverd reads (a folder, a device, or larger than 16 MiB)", path.display());
    }
    fs::read(path).with_context(|| path.display().to_string())
}

/// What the system knows of a path.
fn metadata(path: &Path) -> anyhow::Result<fs::Metadata> {
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound && path.file_name().is_some_and(|name| name == "leverd.yaml") => {
            bail!("there is no {}: go to its folder, name it with `--config`, or let `leverd init` write one", path.display())
        }
        Err(error) if error.kind() == ErrorKind::NotFound => bail!("there is no file or folder {}", path.display()),
        other => other.with_context(|| path.display().to_string()),
    }
}

/// A path as messages show it.
pub fn shown(path: &Path) -> String {
    let shown = path.display().to_string();
    shown.strip_prefix("./").map_or(shown.clone(), str::to_owned)
}

impl project::Files for Folder {
    fn pack(&self, source: &PackSource) -> Result<Vec<File>, String> {
        match source {
            PackSource::BuiltIn(name) => builtin::files(name),
            PackSource::Folder(path) => pack_files(&self.path(path)),
        }
    }

    fn file(&self, path: &str) -> Result<Option<File>, String> {
        let path = self.path(path);
        match path.symlink_metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            _ => {}
        }
        read(&path).map(|bytes| Some((shown(&path), bytes))).map_err(|error| format!("{error:#}"))
    }

    fn baseline(&self, _account: &AccountId, _pack: &PackName) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
}

impl Secrets for Folder {
    fn env(&self, name: &str) -> Option<String> {
        std::env::var(name).ok()
    }

    fn file(&self, path: &str) -> Result<String, String> {
        let path = self.path(path);
        let about = fs::metadata(&path).map_err(|error| error.to_string())?;
        if !about.is_file() || about.len() > MOST_SECRET_BYTES {
            return Err("it is no file of at most 64 KiB".to_owned());
        }
        fs::read_to_string(&path).map_err(|error| error.to_string())
    }
}
