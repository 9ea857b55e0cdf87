//! What stands at a place, in words: for the pointer that rests there.

use super::meaning::{Meaning, documented, meaning, verb};
use super::names::{self, Here, Name, typed};
use super::offer::{JOINTS, MATCHERS};
use super::spot::{At, Spot};
use super::{Ask, Role};
use crate::lang::docs::clause;
use crate::lang::rule::Place;
use crate::lang::scope::Scope;
use crate::lang::shape::{Names, Ty};
use crate::lang::source::Span;
use crate::lang::template;
use crate::lang::vocabulary;
use crate::lang::yaml::{Key, Node};
use crate::model::{EventKind, Type};

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    /// Markdown.
    pub text: String,
    pub span: Span,
    /// The name of the vocabulary that stands there, and the rule around: what the last run knew of it can be told too.
    pub fact: Option<(String, Option<String>)>,
}

/// A `$path` or a name inside `{{ }}` that holds a byte of the file: the name, and where it stands.
pub(super) fn word(ask: &Ask<'_>, node: &Node) -> Option<(String, Span)> {
    let (range, offset) = (node.span.range(), ask.page.offset);
    let raw = ask.slice(range.clone());
    let inside = offset.checked_sub(range.start)?;
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let before = raw.get(..inside)?;
    let start = before.rfind(|c: char| !part(c)).map_or(0, |at| at + 1);
    let end = inside + raw.get(inside..)?.find(|c: char| !part(c)).unwrap_or(raw.len() - inside);
    let name = raw.get(start..end)?.trim_end_matches('.');
    let front = raw.get(..start)?;
    let open = front.rfind("{{").is_some_and(|open| !front.get(open..).unwrap_or_default().contains("}}"));
    let path = front.trim_start_matches(['"', '\'']) == "$";
    let known = !name.is_empty() && (open || path) && ask.page.file.role != Role::Config;
    known.then(|| (name.to_owned(), Span::new(node.span.source, range.start + start..range.start + start + name.len())))
}

/// What stands at the place. The tree of the page is that of its text.
pub fn tell(ask: &Ask<'_>) -> Option<Told> {
    let spot = Spot::find(&ask.page.file.root, ask.page.offset)?;
    let declared = names::declared(ask, &spot);
    let scope = names::scope(ask, &spot, &declared);
    let here = Here { ask, spot: &spot, declared: &declared, scope: &scope };
    let meaning = meaning(ask.root_shape(), &spot);
    let rule = names::rule(&ask.page.file.root, &spot);
    let rule = rule.and_then(|rule| rule.get("name")).and_then(Node::scalar).map(str::to_owned);
    let (text, span, fact) = match spot.at {
        At::Key(map, key) => {
            let (text, fact) = of_key(&here, &meaning, map, key)?;
            (text, key.span, fact)
        }
        At::Value(node) => match word(ask, node) {
            Some((name, span)) => {
                let helper = template::helpers().find(|(known, _)| *known == name);
                let told = variable(&here, &name);
                let text = told.or_else(|| helper.map(|(name, usage)| format!("**{name}**, a helper\n\n`{usage}`")))?;
                (text, span, fact(&scope, &name))
            }
            None => (of_value(&here, &meaning, node)?, node.span, None),
        },
    };
    Some(Told { text, span, fact: fact.map(|fact| (fact, rule)) })
}

/// The name of the vocabulary behind a name.
fn fact(scope: &Scope<'_>, name: &str) -> Option<String> {
    match scope.resolve(name)?.place {
        Place::Fact { name, .. } => Some(name),
        _ => None,
    }
}

fn headed(name: &str, detail: &str, doc: &str) -> String {
    let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
    let doc = if doc.is_empty() { String::new() } else { format!("\n\n{doc}") };
    format!("**{name}**{detail}{doc}")
}

fn variable(here: &Here<'_>, name: &str) -> Option<String> {
    here.variable(name).map(|Name { text, detail, doc }| headed(&text, &detail, &doc))
}

/// A key, and the name of the vocabulary that it may be.
fn of_key(here: &Here<'_>, meaning: &Meaning, map: &Node, key: &Key) -> Option<(String, Option<String>)> {
    let name = key.text.as_str();
    if let Some(verb) = verb(meaning, name) {
        return Some((format!("**{name}**\n\n{}\n\n```yaml\n- {}\n```", verb.doc, verb.good), None));
    }
    if let Some(guard) = meaning.condition() {
        if let Some((word, doc, _)) = JOINTS.iter().find(|(word, ..)| *word == name && (*word != "else" || guard)) {
            return Some((headed(word, "", doc), None));
        }
        let found = here.scope.left(name)?;
        let about = if here.scope.row.is_some() { "a field of the row".to_owned() } else { here.about(name) };
        let fact = if here.scope.row.is_some() { None } else { fact(here.scope, name) };
        return Some((headed(name, &typed(&found.ty, found.optional), &about), fact));
    }
    if let Some(names) = meaning.named_by() {
        let found = here.names(names).into_iter().find(|known| known.text == name)?;
        return Some((headed(name, &found.detail, &found.doc), None));
    }
    if matches!(meaning, Meaning::Matcher { .. } | Meaning::Compared { .. }) {
        let (word, doc, _) = MATCHERS.iter().find(|(word, ..)| *word == name)?;
        return Some((headed(word, "matcher", doc), None));
    }
    if let Some(known) = documented(meaning, name) {
        let must = if known.required { "must be there" } else { "" };
        return Some((headed(name, must, known.doc), None));
    }
    declared_here(here, meaning, map, name).map(|text| (text, None))
}

/// What is declared by this very key.
fn declared_here(here: &Here<'_>, meaning: &Meaning, map: &Node, name: &str) -> Option<String> {
    if let Some(text) = variable(here, name) {
        return Some(text);
    }
    match (meaning, here.spot.key(0)) {
        // The variable of a source is known behind it.
        (Meaning::Ty(Ty::Named(Ty::Ref("spec"))), _) => {
            let rule = names::rule(&here.ask.page.file.root, here.spot)?;
            let place = crate::lang::compile::known::Place { section: "do", ..Default::default() };
            let scope = crate::lang::compile::known::inside(here.declared, rule, place);
            let found = scope.resolve(name)?;
            let fields = found.ty.members();
            let of = scope.vars.iter().find(|(var, _)| var == name).map_or(fields, |(_, shape)| shape.members());
            let of = if of.is_empty() { String::new() } else { format!("; it has `{}`", of.join("`, `")) };
            Some(headed(name, &typed(&found.ty, found.optional), &format!("a variable of this rule{of}")))
        }
        (_, Some("tags")) => {
            let family = here.declared.families.get(name)?;
            Some(headed(
                name,
                "tag family",
                &format!("at most one of these is on an opportunity: {}", family.members.join(", ")),
            ))
        }
        (_, Some("settings")) if map.get(name).is_some() => {
            let ty = here.declaring()?;
            let field = names::columns(&ty).into_iter().find(|(column, _)| column == name)?.1;
            Some(headed(name, &typed(&field.ty, field.optional), "a column of this table"))
        }
        _ => None,
    }
}

fn of_value(here: &Here<'_>, meaning: &Meaning, node: &Node) -> Option<String> {
    let text = node.scalar()?.trim();
    if text.is_empty() {
        return None;
    }
    if let Some(text) = event(here, meaning, text) {
        return Some(text);
    }
    let named = |names: Names| here.names(names).into_iter().find(|known| known.text == text);
    let found = match meaning {
        Meaning::Ty(ty) => offered(ty).into_iter().find_map(named),
        _ => here.wanted(meaning).and_then(|ty: Type| here.values(&ty).into_iter().find(|known| known.text == text)),
    };
    if matches!(meaning, Meaning::Ty(Ty::Of(Names::Fact))) {
        return variable(here, text).or_else(|| found.map(|found| headed(text, &found.detail, &found.doc)));
    }
    let found = found?;
    Some(headed(text, &found.detail, &found.doc))
}

/// The sorts of names that can stand as a value of this sort.
pub(super) fn offered(ty: &Ty) -> Vec<Names> {
    match *ty {
        Ty::Of(names) => vec![names],
        Ty::List(inner) | Ty::Open(inner) => offered(inner),
        Ty::Either(all) => all.iter().flat_map(offered).collect(),
        _ => Vec::new(),
    }
}

/// A trigger: when it fires, and what it tells besides what all of its sort do.
fn event(here: &Here<'_>, meaning: &Meaning, text: &str) -> Option<String> {
    let listens = matches!(meaning, Meaning::Ty(Ty::Ref("trigger" | "triggers") | Ty::Of(Names::Event)));
    if !listens {
        return None;
    }
    if text == "assessment.expires_at" {
        return Some(headed(text, "a time", "when the invitation expires; timers count from it"));
    }
    let kind: EventKind = text.parse().ok()?;
    let clause = clause(&kind)?;
    let names = vocabulary::names(&kind, here.declared.adapter.as_deref());
    let (common, own): (Vec<_>, Vec<_>) = names.iter().partition(|(name, _)| {
        let groups = ["opportunity.", "candidate.", "posting.", "assessment.", "event."];
        groups.iter().any(|group| name.starts_with(group)) && *name != "event.changed"
    });
    let mut groups: Vec<&str> = common.iter().filter_map(|(name, _)| name.split('.').next()).collect();
    groups.dedup();
    let groups = groups.iter().map(|group| format!("`{group}.…`")).collect::<Vec<_>>().join(", ");
    let own: Vec<String> = own
        .iter()
        .map(|(name, field)| {
            let about = vocabulary::doc(name).map(|doc| format!(": {doc}")).unwrap_or_default();
            format!("\n- `{name}` ({}){about}", typed(&field.ty, field.optional))
        })
        .collect();
    let own = own.concat();
    let besides = if own.is_empty() { String::new() } else { format!("\n\nIt tells{own}") };
    Some(format!("**{text}**: when {clause}{besides}\n\nKnown are {groups}."))
}
