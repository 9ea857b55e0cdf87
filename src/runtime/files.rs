//! Reading rule folders: every file below a root, in name order, without ever leaving the root.
//!
//! Hidden entries are passed over, which is also what makes a Kubernetes ConfigMap work: its files are links through a hidden
//! `..data` folder, and only the links are read. A link that leaves the root is refused by name.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

/// No rule folder holds more than this; a larger one is a mistake (a home directory, a mount).
const MOST_FILES: usize = 20_000;
/// No rule file is larger; the reader's own limit gives the better message below it.
const MOST_BYTES: u64 = 16 * 1024 * 1024;

/// Files by path, as they were at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Files(pub BTreeMap<PathBuf, Vec<u8>>);

/// Why a folder could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    #[error("{path}: {source}", path = .path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{path} links to a place outside {root}; copy the file into the folder instead", path = .path.display(), root = .root.display())]
    Escapes { path: PathBuf, root: PathBuf },
    #[error("{root} holds more than {MOST_FILES} files; point leverd at the folder of rules", root = .root.display())]
    TooMany { root: PathBuf },
    #[error("{path} is larger than 16 MiB, which no rule file is", path = .path.display())]
    TooLarge { path: PathBuf },
}

impl Files {
    /// Reads the files below `roots` whose names end in one of `endings`. A root may be a file; one that does not exist is an error.
    pub fn read(roots: &[PathBuf], endings: &[&str]) -> Result<Self, Unreadable> {
        let mut files = Self::default();
        for root in roots {
            let at = |source| Unreadable::Io { path: root.clone(), source };
            let real = fs::canonicalize(root).map_err(at)?;
            if real.is_dir() {
                files.folder(root, &real, root, endings, 0)?;
            } else {
                files.file(root)?;
            }
        }
        Ok(files)
    }

    fn folder(&mut self, root: &Path, real: &Path, folder: &Path, endings: &[&str], depth: usize) -> Result<(), Unreadable> {
        let at = |path: &Path| {
            let path = path.to_owned();
            move |source| Unreadable::Io { path, source }
        };
        let mut entries: Vec<_> = fs::read_dir(folder).map_err(at(folder))?.collect::<Result<_, _>>().map_err(at(folder))?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            if name.starts_with('.') {
                continue;
            }
            let mut kind = entry.file_type().map_err(at(&path))?;
            // Only a link can leave a folder.
            if kind.is_symlink() {
                let target = fs::canonicalize(&path).map_err(at(&path))?;
                if !target.starts_with(real) {
                    return Err(Unreadable::Escapes { path, root: root.to_owned() });
                }
                kind = fs::metadata(&target).map_err(at(&path))?.file_type();
            }
            if kind.is_dir() {
                // A link to a folder above itself would never end.
                if depth < 16 {
                    self.folder(root, real, &path, endings, depth + 1)?;
                }
            } else if endings.iter().any(|ending| name.ends_with(ending)) {
                self.file(&path)?;
                if self.0.len() > MOST_FILES {
                    return Err(Unreadable::TooMany { root: root.to_owned() });
                }
            }
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> Result<(), Unreadable> {
        let at = |source| Unreadable::Io { path: path.to_owned(), source };
        if fs::metadata(path).map_err(at)?.len() > MOST_BYTES {
            return Err(Unreadable::TooLarge { path: path.to_owned() });
        }
        self.0.insert(path.to_owned(), fs::read(path).map_err(at)?);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    #[test]
    fn a_config_map_is_read_once_and_an_escape_refused() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("rules");
        fs::create_dir_all(root.join("..2026_1")).unwrap();
        fs::write(root.join("..2026_1/rules.yaml"), "rules: []").unwrap();
        symlink("..2026_1", root.join("..data")).unwrap();
        symlink("..data/rules.yaml", root.join("rules.yaml")).unwrap();
        let files = Files::read(std::slice::from_ref(&root), &[".yaml"]).unwrap();
        assert_eq!(files.0.into_keys().collect::<Vec<_>>(), [root.join("rules.yaml")]);

        fs::write(dir.path().join("secret.yaml"), "x").unwrap();
        symlink("../secret.yaml", root.join("out.yaml")).unwrap();
        let refused = Files::read(std::slice::from_ref(&root), &[".yaml"]).unwrap_err().to_string();
        assert!(refused.contains("outside"), "{refused}");
    }
}
