//! The packs shipped in the binary: the folders below `rules/`, as they are in the repository.

use super::load::File;

/// Name, and files by name.
const PACKS: &[(&str, &[(&str, &str)])] = &[];

/// The names of all built-in packs.
pub fn names() -> impl Iterator<Item = &'static str> {
    PACKS.iter().map(|(name, _)| *name)
}

/// The files of a built-in pack, named as messages show them; `None` if there is no such pack.
pub fn pack(name: &str) -> Option<Vec<File>> {
    let (name, files) = PACKS.iter().find(|(known, _)| *known == name)?;
    let files = files.iter().map(|(file, text)| (format!("<built in>/{name}/{file}"), text.as_bytes().to_vec()));
    Some(files.collect())
}
