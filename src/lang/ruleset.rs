//! A pack bound to one account: settings checked and given, names pinned to ids. Immutable; the hash covers pack, adapter, settings
//! and pins, so a stored run can always be explained by exactly what planned it.

use super::rule::{Pack, Per};
use crate::model::{AccountCatalogue, AccountId, Index, Kind, PackName, RuleName, Value};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// What a pack may do in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mode {
    /// Nothing.
    Off,
    /// Plans and records, sends nothing.
    Shadow,
    Live,
}

/// A setting's value in one account, with overrides.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct SettingValue {
    pub account: Option<Value>,
    /// By ids. The first that has a value beats the later ones, and all of them beat the account's.
    pub per: BTreeMap<Per, BTreeMap<String, Value>>,
}

impl SettingValue {
    /// The value that applies where `id_of` tells the posting, the test and the stage. Asked only for what is overridden.
    pub fn get<E>(&self, mut id_of: impl FnMut(Per) -> Result<Option<String>, E>) -> Result<Option<&Value>, E> {
        for (per, overrides) in &self.per {
            if let Some(value) = id_of(*per)?.and_then(|id| overrides.get(&id)) {
                return Ok(Some(value));
            }
        }
        Ok(self.account.as_ref())
    }

    /// Every value that may apply.
    pub fn all(&self) -> impl Iterator<Item = &Value> {
        self.account.iter().chain(self.per.values().flat_map(BTreeMap::values))
    }
}

/// A pack in one account.
#[derive(Debug, Clone)]
pub struct RuleSet {
    pub pack: Arc<Pack>,
    pub account: AccountId,
    pub mode: Mode,
    /// Every declared setting has an entry. Named things are `Value::Named` with their pinned id.
    pub settings: BTreeMap<String, SettingValue>,
    /// What the names in the files mean here, by kind and text as written.
    pub meant: BTreeMap<Kind, HashMap<String, Value>>,
    /// Over tables and lists of the settings: where rows with a value in a field are. The field `None` is the row itself.
    pub indexes: HashMap<String, BTreeMap<Option<String>, Index>>,
    /// The account's pinned catalogue.
    pub catalogue: Arc<AccountCatalogue>,
    /// Rules that cannot fire here because an optional setting is unset, with the setting's name. Shown, not a fault.
    pub off: BTreeMap<RuleName, String>,
    /// Nothing that happened before fires without `backfill`.
    pub baseline: Timestamp,
    /// SHA-256, hex, over pack, adapter, settings and pins.
    pub hash: String,
}

impl RuleSet {
    /// The pack's name.
    pub fn name(&self) -> &PackName {
        &self.pack.name
    }

    /// The thing that a name in the files means.
    pub fn meant(&self, kind: Kind, text: &str) -> Option<&Value> {
        self.meant.get(&kind)?.get(text.trim())
    }
}
