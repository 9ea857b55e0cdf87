//! A folder of a pack, as bytes, into a [`Pack`]: the walk from texts to what the engine runs.
//!
//! Pure: whoever calls it has read the files. It leans on `yaml` for trees, `adapter` for `vendor.yaml`, `compile` for the rest.

use super::adapter;
use super::compile;
use super::diagnostic::{Diagnostic, Diagnostics};
use super::rule::Pack;
use super::source::{Sources, Span};
use super::yaml;
use crate::model::PackName;
use sha2::{Digest, Sha256};
use std::path::Path;

/// One file of a pack: its name as messages show it, and its content. What it is, its last part says: `vendor.yaml` is the adapter,
/// `tests.yaml` and `*.tests.yaml` belong to the rule tests, every other `*.yaml` holds rules.
pub type File = (String, Vec<u8>);

/// What a file of a pack is, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Rules,
    Vendor,
    Tests,
    /// Nothing of ours.
    Other,
}

/// What the file of this name is.
pub fn role(name: &str) -> Role {
    let last = base(name);
    let yaml = Path::new(last).extension().is_some_and(|end| end == "yaml" || end == "yml");
    match last.rsplit_once('.').map(|(stem, _)| stem) {
        _ if !yaml || last.starts_with('.') => Role::Other,
        Some("vendor") => Role::Vendor,
        Some(stem) if stem == "tests" || Path::new(stem).extension().is_some_and(|end| end == "tests") => Role::Tests,
        _ => Role::Rules,
    }
}

fn base(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

/// Compiles a pack. Every fault of every file is told; there is a pack only if none of them is an error. The order of the files does
/// not matter: rules fire in the order of the file names, then of the file.
pub fn load(name: &PackName, files: &[File], sources: &mut Sources, diagnostics: &mut Diagnostics) -> Option<Pack> {
    let mut files: Vec<&File> = files.iter().filter(|(name, _)| matches!(role(name), Role::Rules | Role::Vendor)).collect();
    files.sort_by_key(|(name, _)| base(name));
    let hash = hash(&files);

    let mut found = Diagnostics::new();
    let (mut rules, mut vendor) = (Vec::new(), None);
    for (file, bytes) in files {
        let Some(id) = sources.add(file.clone(), bytes, &mut found) else { continue };
        let Some(root) = yaml::load(sources, id, &mut found) else { continue };
        if role(file) == Role::Vendor {
            vendor = Some(adapter::parse(&root, &mut found));
            adapter::blank(sources, &found);
        } else {
            rules.push(compile::File { name: base(file).to_owned(), root });
        }
    }
    if rules.is_empty() && !found.has_errors() {
        let id = sources.add_text(format!("{name}/rules.yaml"), String::new());
        let message = format!("the pack `{name}` has no rules");
        found.push(Diagnostic::error("no-rules", Span::new(id, 0..0), message).help("put a `rules.yaml` into its folder"));
    }
    // A vendor.yaml with faults leaves nothing to check `result.*` against: the rules are checked as far as that goes.
    let vendor = match vendor {
        None => compile::Vendor::None,
        Some(None) => compile::Vendor::Faulty,
        Some(Some(adapter)) => compile::Vendor::Known(adapter.into()),
    };
    let pack = compile::compile(name, &rules, vendor, hash, &mut found);
    let good = !found.has_errors();
    diagnostics.extend(found);
    pack.filter(|_| good)
}

/// SHA-256 over names and contents, each with its length before it.
fn hash(files: &[&File]) -> String {
    let mut hasher = Sha256::new();
    for (name, bytes) in files {
        for part in [base(name).as_bytes(), bytes] {
            hasher.update((part.len() as u64).to_be_bytes());
            hasher.update(part);
        }
    }
    crate::model::hex(&hasher.finalize())
}
