//! What an editor asks of one place in a file: what may stand there, what stands there means, where it is declared.
//!
//! It leans on the tables of keys, on the vocabulary and on the checker's scopes, so that an editor offers what the checker takes. A
//! file is looked at as it is being typed ([`yaml::sketch`]), never as it has to be. It knows no protocol, and reads no file: what is
//! known around the place is laid on a [`Desk`].
//!
//! `spot` finds the place in the tree, `meaning` what kind of thing stands there, `names` which names it can be, and `offer`, `tell`
//! and `declared` answer.

mod declared;
mod meaning;
mod names;
mod offer;
mod spot;
mod tell;

pub use offer::{Item, ItemKind, offer};
pub use tell::{Told, tell};

use super::adapter::{self, Adapter};
use super::catalogue;
use super::config;
use super::load;
use super::shape::Shape;
use super::source::{SourceId, Sources};
use super::yaml::{self, Node};
use crate::model::{AccountCatalogue, AccountId};
use std::ops::Range;
use std::sync::Arc;

pub use declared::declared;

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    Config,
    Rules,
    Vendor,
    Tests,
    Catalogue,
}

impl Role {
    /// By its name and, for what a project names freely, by the keys it has.
    pub fn of(name: &str, root: &Node) -> Option<Self> {
        if root.get("pulled_at").is_some() {
            return Some(Self::Catalogue);
        }
        if root.get("accounts").is_some() || name.ends_with("leverd.yaml") || name.ends_with("leverd.yml") {
            return Some(Self::Config);
        }
        match load::role(name) {
            load::Role::Rules => Some(Self::Rules),
            load::Role::Vendor => Some(Self::Vendor),
            load::Role::Tests => Some(Self::Tests),
            load::Role::Other => None,
        }
    }
}

/// One file as it is drawn.
#[derive(Debug)]
pub struct File {
    pub role: Role,
    pub id: SourceId,
    pub root: Node,
}

/// What is known of one pack.
#[derive(Debug, Default)]
pub struct Pack {
    /// As leverd.yaml names it: the path of its folder, or the name of one that leverd ships.
    pub written: String,
    pub files: Vec<File>,
    pub adapter: Option<Arc<Adapter>>,
    /// Of the accounts that use it.
    pub catalogues: Vec<Arc<AccountCatalogue>>,
    /// Their names.
    pub accounts: Vec<AccountId>,
}

/// All that is known around an open file.
#[derive(Debug, Default)]
pub struct Desk {
    pub sources: Sources,
    /// What an open file is called that lies in no pack here.
    pub spare: Option<SourceId>,
    pub packs: Vec<Pack>,
    /// The pulled catalogues, to go to.
    pub pulled: Vec<File>,
    /// The packs that leverd ships.
    pub shipped: Vec<&'static str>,
}

/// An open file and the place in it that is asked about.
#[derive(Debug)]
pub struct Page<'t> {
    pub file: File,
    /// As the file stands.
    pub text: &'t str,
    pub offset: usize,
    /// The table of a file of tests.
    pub tests: &'static Shape,
}

/// The question.
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    pub desk: &'a Desk,
    /// The pack that the file belongs to.
    pub pack: Option<&'a Pack>,
    pub page: &'a Page<'a>,
}

impl<'a> Ask<'a> {
    fn root_shape(&self) -> &'static Shape {
        match self.page.file.role {
            Role::Config => config::root(),
            Role::Rules => &super::compile::shapes::FILE,
            Role::Vendor => adapter::root(),
            Role::Tests => self.page.tests,
            Role::Catalogue => catalogue::root(),
        }
    }

    /// The files of the pack, this one as it is being typed.
    fn files(&self) -> impl Iterator<Item = &'a File> {
        let page: &'a File = &self.page.file;
        let others = self.pack.iter().flat_map(|pack| &pack.files).filter(move |file| file.id != page.id);
        std::iter::once(page).chain(others)
    }

    fn adapter(&self) -> Option<&'a Arc<Adapter>> {
        self.pack?.adapter.as_ref()
    }

    /// The text of a range of this file.
    fn slice(&self, range: Range<usize>) -> &'a str {
        self.page.text.get(range).unwrap_or_default()
    }
}

impl Desk {
    /// The file of this name, with the pack that it belongs to.
    pub fn file(&self, name: &str) -> Option<(Option<&Pack>, &File)> {
        let named = |file: &&File| self.sources.get(file.id).is_some_and(|source| source.name() == name);
        let of_packs = self.packs.iter().flat_map(|pack| pack.files.iter().map(move |file| (Some(pack), file)));
        let others = self.pulled.iter().map(|file| (None, file));
        of_packs.chain(others).find(|(_, file)| named(file))
    }
}

/// The sketch of a text with a word where the caret is, so that something stands there. The word is `MARK`'s.
pub fn marked(id: SourceId, text: &str, offset: usize) -> Node {
    let (before, after) = text.split_at_checked(offset).unwrap_or((text, ""));
    yaml::sketch(id, &format!("{before}{MARK}{after}"))
}

/// A letter is enough.
pub(crate) const MARK: &str = "x";
