//! From located trees to the compiled pack: every name and type checked, every fault told.
//!
//! One pass over what the files declare, then one over the rules, so that a rule may use what a later file declares. It leans on the
//! vocabulary for names, on the registry of verbs for actions, and knows neither accounts nor files.

mod ask;
pub(crate) mod band;
pub(crate) mod check;
mod cond;
mod declare;
mod ensure;
pub mod explain;
pub(crate) mod known;
pub(crate) mod literal;
mod operand;
pub(crate) mod rule;
pub(crate) mod shapes;
mod spec;
mod trigger;
mod types;

pub(crate) use declare::{member_fits, normal};
pub(crate) use types::type_names;

use super::adapter::Adapter;
use super::diagnostic::{Diagnostic, Diagnostics};
use super::lint::{self, Written};
use super::rule::{Band, Ensure, Family, Pack, Trigger};
use super::scope::Declared;
use super::source::Span;
use super::yaml::{Key, Node};
use crate::model::{EventKind, PackName};
use check::Check;
use std::collections::{BTreeMap, BTreeSet, HashMap};
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
    /// There is a `vendor.yaml`, but it is no use: nothing is said about what it would have declared.
    Faulty,
    Known(Arc<Adapter>),
}

/// What one section of the files declares, in file order.
type Entries<'n> = Vec<&'n (Key, Node)>;

/// The rule files taken apart.
#[derive(Default)]
struct Parts<'n> {
    settings: Entries<'n>,
    tags: Entries<'n>,
    bands: Entries<'n>,
    ensure: Vec<&'n Node>,
    /// With the route of each.
    rules: Vec<(String, &'n Node)>,
    /// Where rules would stand, in the first file.
    empty: Option<Span>,
}

/// Compiles the rule files of a pack. There is a pack if nothing was found that is an error.
pub fn compile(name: &PackName, files: &[File], vendor: Vendor, hash: String, found: &mut Diagnostics) -> Option<Pack> {
    let mut local = Diagnostics::new();
    let parts = take_apart(files, &vendor, &mut local);
    let mut mentions = Vec::new();
    let mut declared = Declared::default();
    match vendor {
        Vendor::None => {}
        Vendor::Faulty => declared.faulty_adapter = true,
        Vendor::Known(adapter) => declared.adapter = Some(adapter),
    }
    let mut names: HashMap<&str, (Span, &'static str)> = HashMap::new();

    let (mut settings, mut lost) = (BTreeMap::new(), BTreeSet::new());
    for (key, node) in parts.settings {
        let mut check = Check::new(&declared, &mut local, &mut mentions);
        let setting = check.setting(key, node);
        if let (true, Some(setting)) = (declare(&mut check, &mut names, key, "a setting"), setting) {
            settings.insert(key.text.clone(), setting);
        } else {
            lost.insert(key.text.clone());
        }
    }
    declared.settings = settings;

    let mut bands: BTreeMap<String, Band> = BTreeMap::new();
    for (key, node) in parts.bands {
        let mut check = Check::new(&declared, &mut local, &mut mentions);
        let band = check.band(key, node);
        if let (true, Some((band, shape))) = (declare(&mut check, &mut names, key, "a band"), band) {
            bands.insert(key.text.clone(), band);
            declared.bands.insert(key.text.clone(), shape);
        } else {
            lost.insert(key.text.clone());
        }
    }
    declared.lost = lost;

    let mut families: BTreeMap<String, Family> = BTreeMap::new();
    let mut first: HashMap<&str, Span> = HashMap::new();
    let tags = parts.tags;
    for (key, node) in &tags {
        let family = Check::new(&declared, &mut local, &mut mentions).family(key, node);
        if let Some(there) = first.insert(&key.text, key.span) {
            local.push(twice(key, there, "a tag family"));
        } else if let Some((family, shape)) = family {
            families.insert(key.text.clone(), family);
            declared.families.insert(key.text.clone(), shape);
        } else {
            // Known, so that its faults are told once; nothing is said about its members.
            declared.families.insert(key.text.clone(), super::scope::FamilyShape::default());
        }
    }

    let mut ensure = Ensure::default();
    for node in &parts.ensure {
        let more = Check::new(&declared, &mut local, &mut mentions).ensure(node);
        ensure.form_templates.extend(more.form_templates);
        ensure.tags.extend(more.tags);
    }

    ask::find(&mut declared, &parts.rules);
    let mut rules = Vec::new();
    let mut taken = rule::Taken::default();
    let mut check = Check::new(&declared, &mut local, &mut mentions);
    for (route, node) in &parts.rules {
        rules.extend(check.rule(node, route, &mut taken).map(Arc::new));
    }
    let (forms, acting) = (std::mem::take(&mut check.forms), std::mem::take(&mut check.acting));
    if let (true, false, Some(empty)) = (parts.rules.is_empty(), local.has_errors(), parts.empty) {
        let fault = Diagnostic::warning("no-rules", empty, "there is no rule here, so nothing would ever happen");
        local.push(fault.help("add one: `- name: …`, `trigger: …`, `do: [ … ]`"));
    }
    if !local.has_errors() {
        let written = Written { rules: &rules, tags: &tags, nodes: &parts.rules };
        lint::run(&written, &mut local);
    }
    let local = lint::silence::apply(&parts.rules, local);
    let good = !local.has_errors();
    found.extend(local);
    let listens = rules.iter().flat_map(|rule| &rule.triggers).map(Trigger::kind).collect::<BTreeSet<EventKind>>();
    let Declared { adapter, settings, asks, .. } = declared;
    let asks = asks.into_keys().collect();
    good.then(|| Pack {
        name: name.clone(),
        vendor: adapter,
        settings,
        families,
        bands,
        ensure,
        rules,
        mentions,
        forms,
        acting,
        listens,
        asks,
        hash,
    })
}

fn declare<'n>(
    check: &mut Check<'_, '_>,
    names: &mut HashMap<&'n str, (Span, &'static str)>,
    key: &'n Key,
    what: &'static str,
) -> bool {
    match names.get(key.text.as_str()) {
        Some((there, other)) if *other == what => {
            check.found.push(twice(key, *there, what));
            return false;
        }
        Some((there, other)) => return check.name_is_free(key, what, Some((other, Some(*there)))),
        None => {}
    }
    let free = check.name_is_free(key, what, None);
    if free {
        names.insert(&key.text, (key.span, what));
    }
    free
}

fn twice(key: &Key, there: Span, what: &str) -> Diagnostic {
    Diagnostic::error("duplicate-name", key.span, format!("`{}` is declared twice as {what}", key.text))
        .also(there, "first here")
        .help("remove one of them, or rename it")
}

fn take_apart<'n>(files: &'n [File], vendor: &Vendor, found: &mut Diagnostics) -> Parts<'n> {
    let mut parts = Parts::default();
    for File { name, root } in files {
        if root.is_null() {
            if files.len() == 1 {
                found.push(
                    Diagnostic::error("no-rules", root.span, "this file is empty")
                        .help("write `rules:` with at least one rule"),
                );
            }
            continue;
        }
        let mut declares = false;
        for entry in shapes::FILE.entries(root, found) {
            let (key, node) = entry;
            declares = true;
            parts.empty = parts.empty.or(Some(key.span));
            match key.text.as_str() {
                "vendor" => vendor_name(node, vendor, found),
                "settings" => parts.settings.extend(node.entries(found).unwrap_or_default()),
                "tags" => parts.tags.extend(node.entries(found).unwrap_or_default()),
                "bands" => parts.bands.extend(node.entries(found).unwrap_or_default()),
                "ensure" => parts.ensure.push(node),
                _ => {
                    // With several files the file belongs to the address of a rule.
                    let prefix = if files.len() > 1 { format!("{name}:") } else { String::new() };
                    let items = node.items(found).unwrap_or_default();
                    let rules = items.iter().enumerate().map(|(at, rule)| (format!("{prefix}rules[{at}]"), rule));
                    parts.rules.extend(rules);
                }
            }
        }
        if !declares && root.entries(&mut Diagnostics::new()).is_some_and(<[_]>::is_empty) {
            found.push(
                Diagnostic::error("no-rules", root.span, "this file is empty").help("write `rules:` with at least one rule"),
            );
        }
    }
    parts
}

fn vendor_name(node: &Node, vendor: &Vendor, found: &mut Diagnostics) {
    let Some(name) = node.as_text(found) else { return };
    match vendor {
        Vendor::Known(adapter) if adapter.name.as_str() != name => {
            let known = adapter.name.as_str();
            found.push(
                Diagnostic::error(
                    "no-vendor",
                    node.span,
                    format!("the vendor.yaml beside this file is for `{known}`, not for `{name}`"),
                )
                .suggest(node.span, known),
            );
        }
        Vendor::None => found.push(
            Diagnostic::error(
                "no-vendor",
                node.span,
                format!("no vendor.yaml beside this file tells how to speak to `{name}`"),
            )
            .help("put its `vendor.yaml` there, or remove this line if the rules automate Lever alone"),
        ),
        Vendor::Known(_) | Vendor::Faulty => {}
    }
}
