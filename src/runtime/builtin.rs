//! The packs that leverd ships, inside the binary.

use crate::lang::load::File;
use crate::model::PackName;

/// Names the shipped packs, each a folder of `rules/` with these three files.
macro_rules! packs {
    ($($name:literal),* $(,)?) => {
        /// Name and files of every shipped pack.
        const PACKS: &[(&str, &[(&str, &str)])] = &[$((
            $name,
            &[
                ("vendor.yaml", include_str!(concat!("../../rules/", $name, "/vendor.yaml"))),
                ("rules.yaml", include_str!(concat!("../../rules/", $name, "/rules.yaml"))),
                ("tests.yaml", include_str!(concat!("../../rules/", $name, "/tests.yaml"))),
            ],
        )),*];
    };
}

packs![
    "qualified",
    "hired-assessments",
    "imocha",
    "career-place",
    "generic",
    "hackerrank",
    "codility",
    "codesignal",
    "testgorilla",
];

/// The names of the shipped packs.
pub fn names() -> impl Iterator<Item = &'static str> {
    PACKS.iter().map(|(name, _)| *name)
}

/// The files of a shipped pack, named as messages show them; or what to write instead.
pub fn files(pack: &PackName) -> Result<Vec<File>, String> {
    let found = PACKS.iter().find(|(name, _)| *name == pack.as_str());
    let (name, files) = found.ok_or_else(|| {
        let known: Vec<_> = names().map(|name| format!("`{name}`")).collect();
        format!(
            "leverd ships no pack `{pack}`; it ships {}. A folder of yours is named by `path: ./rules/{pack}`",
            known.join(", ")
        )
    })?;
    Ok(files.iter().map(|(file, text)| (format!("leverd:{name}/{file}"), text.as_bytes().to_vec())).collect())
}
