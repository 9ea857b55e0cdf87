//! What lies around the open files: the packs of their project, vendors, pulled catalogues. Read tolerantly: a leverd.yaml that is
//! just being typed still says which packs there are.

use super::board::Open;
use super::check::over;
use crate::cli::files::{Folder, pack_files, read, shown};
use crate::lang::adapter;
use crate::lang::caret::{Desk, File, Pack, Role};
use crate::lang::catalogue;
use crate::lang::config::PackSource;
use crate::lang::diagnostic::Diagnostics;
use crate::lang::load;
use crate::lang::project::Files as _;
use crate::lang::source::{SourceId, Sources};
use crate::lang::yaml::{self, Kind, Node};
use crate::model::{AccountCatalogue, AccountId, PackName};
use crate::runtime::builtin;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What lies around open files, and where the project keeps what happened.
#[derive(Debug, Default)]
pub(super) struct Around {
    pub(super) desk: Desk,
    pub(super) store: Option<PathBuf>,
}

/// The accounts that use a pack.
#[derive(Debug, Default)]
struct Users {
    catalogues: Vec<Arc<AccountCatalogue>>,
    accounts: Vec<AccountId>,
}

/// Lays what a leverd.yaml names, or the folder of a pack.
pub(super) fn lay(target: &Path, open: &Open) -> Around {
    let mut desk = Desk { shipped: builtin::names().collect(), ..Desk::default() };
    desk.spare = Some(desk.sources.add_text("", ""));
    if target.is_dir() {
        let files = pack_files(target).map(|files| over(files, open)).unwrap_or_default();
        desk.packs.extend(pack(shown(target), files, Users::default(), &mut desk.sources));
        return Around { desk, store: None };
    }
    let text = open.get(target).map(|text| text.as_bytes().to_vec()).or_else(|| read(target).ok()).unwrap_or_default();
    let id = desk.sources.add_text(shown(target), String::from_utf8_lossy(&text));
    let root = yaml::sketch(id, desk.sources.text(id));
    let folder = Folder::of(target);
    let pulled = root.get("catalogue").and_then(Node::scalar).unwrap_or("catalogue").to_owned();
    let mut used: BTreeMap<String, (PackSource, Users)> = BTreeMap::new();
    for (account, node) in entries(root.get("accounts")) {
        let path = folder.path(&format!("{pulled}/{}.yaml", account.text));
        let catalogue = pull(&path, open, &mut desk);
        for one in items(node.get("packs")) {
            let source = match (one.get("path").and_then(Node::scalar), one.get("pack").and_then(Node::scalar)) {
                (Some(path), _) => PackSource::Folder(path.to_owned()),
                (None, Some(name)) => PackSource::BuiltIn(PackName::new(name)),
                (None, None) => continue,
            };
            let written = match &source {
                PackSource::Folder(path) => path.clone(),
                PackSource::BuiltIn(name) => name.as_str().to_owned(),
            };
            let (_, users) = used.entry(written).or_insert_with(|| (source, Users::default()));
            users.catalogues.extend(catalogue.clone());
            users.accounts.push(AccountId::new(&account.text));
        }
    }
    for (written, (source, users)) in used {
        let files = folder.pack(&source).map(|files| over(files, open)).unwrap_or_default();
        desk.packs.extend(pack(written, files, users, &mut desk.sources));
    }
    // An editor connects to no database.
    let store = match root.get("store") {
        None => Some("leverd.db"),
        Some(store) => store.get("sqlite").and_then(Node::scalar),
    };
    Around { desk, store: store.map(|store| folder.path(store)) }
}

fn pack(written: String, files: Vec<load::File>, users: Users, sources: &mut Sources) -> Option<Pack> {
    let mut pack = Pack { written, catalogues: users.catalogues, accounts: users.accounts, ..Pack::default() };
    let mut unheard = Diagnostics::new();
    for (name, bytes) in files {
        let Some(id) = sources.add(name.clone(), &bytes, &mut unheard) else { continue };
        let file = drawn(&name, id, sources);
        if load::role(&name) == load::Role::Vendor {
            // With a fault in it the rest is still known.
            let whole = yaml::load(sources, id, &mut unheard).and_then(|root| adapter::parse(&root, &mut unheard));
            let adapter = whole.or_else(|| adapter::parse(&file.as_ref()?.root, &mut unheard));
            pack.adapter = adapter.map(Arc::new);
        }
        pack.files.extend(file);
    }
    (!pack.files.is_empty()).then_some(pack)
}

fn drawn(name: &str, id: SourceId, sources: &Sources) -> Option<File> {
    let root = yaml::sketch(id, sources.text(id));
    Some(File { role: Role::of(name, &root)?, id, root })
}

/// The catalogue of an account, if it was pulled.
fn pull(path: &Path, open: &Open, desk: &mut Desk) -> Option<Arc<AccountCatalogue>> {
    let bytes = open.get(path).map(|text| text.as_bytes().to_vec()).or_else(|| read(path).ok())?;
    let mut unheard = Diagnostics::new();
    let id = desk.sources.add(shown(path), &bytes, &mut unheard)?;
    desk.pulled.extend(drawn(&shown(path), id, &desk.sources));
    catalogue::read(&desk.sources, id, &mut unheard).map(|pulled| Arc::new(pulled.catalogue))
}

fn entries(node: Option<&Node>) -> &[(yaml::Key, Node)] {
    match node.map(|node| &node.kind) {
        Some(Kind::Map(entries)) => entries,
        _ => &[],
    }
}

fn items(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.kind) {
        Some(Kind::Seq(items)) => items,
        _ => &[],
    }
}
