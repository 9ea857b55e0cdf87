//! What can stand at the caret, each with the YAML that puts it there.

use super::meaning::{Meaning, TRIGGERS, meaning};
use super::names::{self, Here, Name, columns};
use super::spot::{At, Spot, Step};
use super::{Ask, MARK, Role};
use crate::lang::action::registry;
use crate::lang::compile::type_names;
use crate::lang::rule::Per;
use crate::lang::shape::{Names, Shape, Ty};
use crate::lang::template;
use crate::lang::yaml::{Kind as NodeKind, Node, Style, written};
use crate::model::Type;
use std::collections::BTreeSet;
use std::ops::Range;

/// So many are offered at once; more typing tells which.
const MOST: usize = 200;

/// What sort of thing is offered, for the editor's picture of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemKind {
    Key,
    Verb,
    Variable,
    Word,
    Thing,
    Event,
    Function,
}

/// One thing that can stand at the caret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub label: String,
    pub kind: ItemKind,
    pub detail: String,
    pub doc: String,
    /// What is written in the place of `range`.
    pub insert: String,
    pub range: Range<usize>,
    /// What the typed text is compared with.
    pub filter: String,
    /// Those that fit best come first.
    pub rank: u8,
}

/// What can stand at the caret, and whether there is more than is told. The tree of the page is one with a mark at the caret.
pub fn offer(ask: &Ask<'_>) -> (Vec<Item>, bool) {
    let Some(spot) = Spot::find(&ask.page.file.root, ask.page.offset + MARK.len()) else { return (Vec::new(), false) };
    let declared = names::declared(ask, &spot);
    let scope = names::scope(ask, &spot, &declared);
    let here = Here { ask, spot: &spot, declared: &declared, scope: &scope };
    let offer = Offer::new(here, meaning(ask.root_shape(), &spot));
    let mut items = offer.all();
    items.retain(|item| {
        let typed = ask.slice(item.range.start..ask.page.offset).trim_start_matches(['"', '\'', '$']);
        typed.is_empty() || fits(&item.label.to_lowercase(), &typed.to_lowercase())
    });
    items.sort_by_key(|item| item.rank);
    let more = items.len() > MOST;
    items.truncate(MOST);
    (items, more)
}

/// Whether the letters typed stand in a label, in their order.
fn fits(label: &str, typed: &str) -> bool {
    let mut letters = label.chars();
    typed.chars().all(|wanted| letters.any(|letter| letter == wanted))
}

struct Offer<'h> {
    here: Here<'h>,
    meaning: Meaning,
    /// What is replaced, in the text without the mark.
    range: Range<usize>,
    /// What stands before the caret.
    typed: &'h str,
    /// Between brackets.
    flow: bool,
}

impl<'h> Offer<'h> {
    fn new(here: Here<'h>, meaning: Meaning) -> Self {
        let page = here.ask.page;
        let span = match here.spot.at {
            At::Key(_, key) => key.span,
            At::Value(node) => node.span,
        };
        let (start, end) = (span.range().start.min(page.offset), span.range().end.saturating_sub(MARK.len()).max(page.offset));
        let line =
            page.text.get(page.offset..).unwrap_or_default().find(['\n', '\r']).map_or(page.text.len(), |at| page.offset + at);
        let typed = here.ask.slice(start..page.offset);
        let text = here.ask.slice(start..end);
        // A quote that is not closed took the rest of the line.
        let open = text.starts_with(['"', '\'']) && !(text.len() > 1 && text.ends_with(text.get(..1).unwrap_or_default()));
        let end = if open { page.offset } else { end.min(line) };
        let flow = here.spot.around().is_some_and(|node| node.brackets);
        Self { here, meaning, range: start..end, typed, flow }
    }

    fn all(&self) -> Vec<Item> {
        if let Some(items) = self.template() {
            return items;
        }
        match self.here.spot.at {
            At::Key(map, _) => self.keys(Some(map)),
            At::Value(node) if matches!(node.kind, NodeKind::Scalar { style: Style::Literal | Style::Folded, .. }) => {
                Vec::new()
            }
            At::Value(_) => {
                let bare = self.typed.trim_start_matches(['"', '\'']);
                if bare.starts_with('$') {
                    return self.paths();
                }
                let mut items = self.values();
                items.extend(self.keys(None));
                items
            }
        }
    }

    fn item(&self, kind: ItemKind, name: &Name, insert: String) -> Item {
        let quote = self.typed.chars().next().filter(|c| matches!(c, '"' | '\''));
        let filter = quote.map_or_else(|| name.text.clone(), |quote| format!("{quote}{}", name.text));
        Item {
            label: name.text.clone(),
            kind,
            detail: name.detail.clone(),
            doc: name.doc.clone(),
            insert,
            range: self.range.clone(),
            filter,
            rank: 1,
        }
    }

    /// A text as it is written here: in the quotes that were begun, else as YAML needs it.
    fn as_text(&self, text: &str) -> String {
        let plain = written(text);
        match self.typed.chars().next() {
            Some('"') if !plain.starts_with('"') => format!("\"{plain}\""),
            Some('\'') => format!("'{}'", text.replace('\'', "''")),
            _ => plain,
        }
    }

    /// The column of a place, in bytes from the start of its line.
    fn column(&self, at: usize) -> usize {
        let before = self.here.ask.slice(0..at);
        before.len() - before.rfind('\n').map_or(0, |line| line + 1)
    }

    /// What has to stand before a list or a map that begins at the caret, and how far in its keys are.
    fn lead(&self, listed: bool) -> (String, usize) {
        let start = self.range.start;
        let before = self.here.ask.slice(start - self.column(start)..start);
        let dash = if listed { "- " } else { "" };
        let own_line = before.trim().is_empty() || before.trim_start().starts_with("- ") && before.trim_end().ends_with('-');
        if own_line || self.flow {
            return (dash.to_owned(), self.column(start) + dash.len());
        }
        // Behind its key: on a line of its own, further in.
        let key = self.here.spot.path.iter().rev().find_map(|step| match step {
            Step::Key(_, _, key) => Some(key.span.range().start),
            Step::Item(..) => None,
        });
        let column = key.map_or(0, |key| self.column(key)) + 2;
        (format!("\n{}{dash}", " ".repeat(column)), column + dash.len())
    }

    /// A key with what follows it.
    fn key(&self, name: &Name, kind: ItemKind, ty: &Ty, map: Option<&Node>) -> Item {
        let text = self.as_text(&name.text);
        let after = self.here.ask.slice(self.range.end..self.here.ask.page.text.len());
        if map.is_some() && after.trim_start_matches([' ', '"', '\'']).starts_with(':') {
            return self.item(kind, name, text);
        }
        let listed = matches!(self.meaning, Meaning::Conditions) || self.is_list();
        if self.flow {
            let insert = match (map.is_some(), listed) {
                (true, _) => format!("{text}: "),
                (false, false) => format!("{{ {text}:  }}"),
                (false, true) => format!("[{{ {text}:  }}]"),
            };
            return self.item(kind, name, insert);
        }
        let (lead, column) = if map.is_some() { (String::new(), self.column(self.range.start)) } else { self.lead(listed) };
        self.item(kind, name, format!("{lead}{text}:{}", follows(ty, column)))
    }

    /// Whether the place wants a list, and the caret is not in an item of one.
    fn is_list(&self) -> bool {
        fn list(ty: &Ty) -> bool {
            match ty {
                Ty::List(_) => true,
                Ty::Open(inner) => list(inner),
                _ => false,
            }
        }
        matches!(&self.meaning, Meaning::Ty(ty) if list(ty))
    }

    /// The keys of a map: of one that is there, or of one that begins at the caret.
    fn keys(&self, map: Option<&Node>) -> Vec<Item> {
        let at = match self.here.spot.at {
            At::Key(_, key) => Some(key.span),
            At::Value(_) => None,
        };
        let taken: BTreeSet<&str> = map
            .map(|map| {
                names::entries(Some(map)).iter().filter(|(key, _)| Some(key.span) != at).map(|(key, _)| key.text.as_str())
            })
            .into_iter()
            .flatten()
            .collect();
        let mut items = self.known_keys(map, &taken);
        items.retain(|item| !taken.contains(item.label.as_str()));
        items
    }

    fn known_keys(&self, map: Option<&Node>, taken: &BTreeSet<&str>) -> Vec<Item> {
        let plain =
            |names: Vec<Name>, ty: Ty| names.iter().map(|name| self.key(name, ItemKind::Key, &ty, map)).collect::<Vec<_>>();
        if let Some(guard) = self.meaning.condition() {
            return self.condition_keys(guard, map);
        }
        if let Some(names) = self.meaning.named_by() {
            return plain(self.here.names(names), Ty::Any);
        }
        if self.meaning.is_action() {
            return self.verbs(map, taken);
        }
        match &self.meaning {
            Meaning::Matcher { .. } if map.is_some() => {
                let names = self.matchers().into_iter().map(|(word, doc, _)| Name::new(word, "matcher", doc));
                plain(names.collect(), Ty::Text)
            }
            Meaning::Given { names: Names::Setting, name } => {
                let Some(setting) = self.here.declared.settings.get(name) else { return Vec::new() };
                let columns = columns(&setting.ty);
                if !columns.is_empty() {
                    return plain(typed_names(columns), Ty::Text);
                }
                let mut overrides: Vec<Name> = setting
                    .per
                    .iter()
                    .map(|per| Name::new(per.key(), "overrides", format!("values by {}", per.as_str())))
                    .collect();
                if !overrides.is_empty() {
                    overrides.insert(0, Name::new("default", "", "the value where no override fits"));
                }
                plain(overrides, Ty::Any)
            }
            Meaning::Override { by, .. } => {
                let per = Per::ALL.into_iter().find(|per| per.key() == by);
                plain(per.map(|per| self.here.values(&Type::Named(per.kind()))).unwrap_or_default(), Ty::Text)
            }
            Meaning::Default => plain(typed_names(self.here.declaring().map(|ty| columns(&ty)).unwrap_or_default()), Ty::Text),
            meaning => {
                let shapes = meaning.shapes();
                shapes.into_iter().flat_map(|shape| self.shape_keys(shape, map, taken)).collect()
            }
        }
    }

    fn shape_keys(&self, shape: &'static Shape, map: Option<&Node>, taken: &BTreeSet<&str>) -> Vec<Item> {
        // One of several shapes, of which another was begun.
        let other = TRIGGERS.iter().any(|known| known.what == shape.what)
            && taken.iter().any(|key| TRIGGERS.iter().any(|known| known.names().contains(key)))
            && !shape.names().iter().any(|key| taken.contains(key));
        if other {
            return Vec::new();
        }
        let keys = shape.keys.iter().map(|key| {
            let detail = if key.required { "must be there" } else { "" };
            let mut item = self.key(&Name::new(key.name, detail, key.doc), ItemKind::Key, &key.ty, map);
            item.rank = u8::from(!key.required);
            item
        });
        keys.collect()
    }

    fn verbs(&self, map: Option<&Node>, taken: &BTreeSet<&str>) -> Vec<Item> {
        if taken.iter().any(|key| registry::find(key).is_some()) {
            let name = Name::new("optional", "", "a later move does not wait for it");
            return vec![self.key(&name, ItemKind::Key, &Ty::Bool, map)];
        }
        let verbs = registry::VERBS.iter().map(|verb| {
            let name = Name::new(verb.name, "action", format!("{}\n\n```yaml\n{}\n```", verb.doc, verb.good));
            let expected = matches!(self.meaning, Meaning::Ty(Ty::Open(_) | Ty::Ref("expected")));
            self.key(&name, ItemKind::Verb, if expected { &Ty::Text } else { &verb.shape }, map)
        });
        verbs.collect()
    }

    fn condition_keys(&self, guard: bool, map: Option<&Node>) -> Vec<Item> {
        let fields = self.here.scope.left_names().into_iter().filter_map(|field| {
            let found = self.here.scope.left(&field)?;
            let about = if self.here.scope.row.is_some() { "field of the row".to_owned() } else { self.here.about(&field) };
            let name = Name::new(field, names::typed(&found.ty, found.optional), about);
            Some(self.key(&name, ItemKind::Variable, &Ty::Text, map))
        });
        let joints = JOINTS.iter().filter(|(word, ..)| *word != "else" || guard).map(|(word, doc, ty)| {
            let mut item = self.key(&Name::new(*word, "", *doc), ItemKind::Key, ty, map);
            item.rank = 2;
            item
        });
        fields.chain(joints).collect()
    }

    /// The matchers that fit the field: the word, what it asks, and the map that holds it alone.
    fn matchers(&self) -> Vec<(&'static str, &'static str, &'static str)> {
        let ty = self.here.wanted(&self.meaning);
        let textual = |ty: &Type| matches!(ty, Type::Text | Type::Tag | Type::Url | Type::OneOf(_) | Type::Named(_));
        let fits = |word: &str| match (&ty, word) {
            (None, _) | (_, "exists" | "not") => true,
            (Some(Type::List(_)), word) => matches!(word, "contains" | "any_in" | "all_in" | "none_in"),
            (Some(ty), "gt" | "gte" | "lt" | "lte") => ty.ordered(),
            (Some(ty), "like" | "ignore_case") => textual(ty),
            (Some(_), word) => word == "in",
        };
        MATCHERS.into_iter().filter(|(word, ..)| fits(word)).collect()
    }

    /// The single values.
    fn values(&self) -> Vec<Item> {
        let names =
            |kind: ItemKind, names: Vec<Name>| -> Vec<Item> { names.iter().map(|name| self.value(kind, name)).collect() };
        match &self.meaning {
            Meaning::Ty(ty) => self.of_type(ty),
            Meaning::Matcher { .. } => {
                let mut items = self.comparable();
                for (word, doc, map) in self.matchers() {
                    let mut item = self.item(ItemKind::Word, &Name::new(word, "matcher", doc), map.to_owned());
                    item.rank = 2;
                    items.push(item);
                }
                items
            }
            Meaning::Compared { .. } | Meaning::Given { .. } => self.comparable(),
            Meaning::Override { .. } | Meaning::Cell { .. } | Meaning::Default => {
                let ty = self.here.wanted(&self.meaning);
                names(ItemKind::Thing, ty.map(|ty| self.here.values(&ty)).unwrap_or_default())
            }
            Meaning::Condition { .. } | Meaning::Conditions | Meaning::Nothing => Vec::new(),
        }
    }

    fn value(&self, kind: ItemKind, name: &Name) -> Item {
        let insert = if name.text.starts_with('$') { name.text.clone() } else { self.as_text(&name.text) };
        let kind = if name.text.starts_with('$') { ItemKind::Variable } else { kind };
        self.item(kind, name, insert)
    }

    /// Values of the field's type, and the names whose values are.
    fn comparable(&self) -> Vec<Item> {
        let Some(ty) = self.here.wanted(&self.meaning) else { return self.paths() };
        let mut all = self.here.values(&ty);
        if self.here.ask.page.file.role == Role::Rules {
            all.extend(self.here.references(&ty));
        }
        all.iter().map(|name| self.value(ItemKind::Thing, name)).collect()
    }

    fn of_type(&self, ty: &Ty) -> Vec<Item> {
        match *ty {
            Ty::Bool => ["true", "false"].map(|word| self.value(ItemKind::Word, &Name::new(word, "", ""))).to_vec(),
            Ty::OneOf(options) => {
                self.listed(options.iter().map(|option| Name::new(*option, "one of these", "")).collect(), ItemKind::Word)
            }
            Ty::Of(names) => {
                let kind = if names == Names::Event { ItemKind::Event } else { ItemKind::Thing };
                self.listed(self.here.names(names), kind)
            }
            Ty::Either(all) => all.iter().flat_map(|ty| self.of_type(ty)).collect(),
            Ty::List(inner) | Ty::Open(inner) => self.of_type(inner),
            Ty::Ref("trigger" | "triggers") => self.triggers(),
            Ty::Ref("type") => {
                let mut types = type_names();
                types.push("table");
                types.into_iter().map(|name| self.value(ItemKind::Word, &Name::new(name, "type", ""))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Values, each as an item of a list that begins at the caret if one is wanted.
    fn listed(&self, names: Vec<Name>, kind: ItemKind) -> Vec<Item> {
        let each = names.iter().map(|name| {
            let mut item = self.value(kind, name);
            if self.is_list() {
                let (lead, _) = self.lead(true);
                let inline = self.flow || lead.starts_with('\n');
                item.insert = if inline { format!("[{}]", item.insert) } else { format!("{lead}{}", item.insert) };
            }
            item
        });
        each.collect()
    }

    fn triggers(&self) -> Vec<Item> {
        let of = matches!(self.here.spot.path.last(), Some(Step::Key(_, _, key)) if key.text == "of");
        let mut items: Vec<Item> = self.here.events().iter().map(|name| self.value(ItemKind::Event, name)).collect();
        if of {
            let name = Name::new("assessment.expires_at", "a time", "when the invitation expires");
            items.push(self.value(ItemKind::Event, &name));
        }
        let mut add = |name: String, about: &str| {
            let item = Item { rank: 2, ..self.item(ItemKind::Event, &Name::new(&name, "trigger", about), name.clone()) };
            items.push(item);
        };
        for operation in self.here.names(Names::Call) {
            add(format!("{{ done: {} }}", operation.text), "the operation was carried out");
            add(format!("{{ failed: {} }}", operation.text), "the operation cannot be carried out");
        }
        for key in self.here.names(Names::Asked) {
            add(format!("{{ answered: {} }}", written(&key.text)), "a person answered the question");
        }
        if !of {
            if self.here.adapter().is_some() {
                add("{ after: 7d, of: assessment.invited }".to_owned(), "some time after an event");
                add("{ before: 2d, of: assessment.expires_at }".to_owned(), "some time before the invitation expires");
            }
            add("{ after: 7d, of: candidateStageChange }".to_owned(), "some time after an event");
            add("{ tag_added: \"\" }".to_owned(), "a tag that polling finds; holes in the pattern become names");
        }
        items
    }

    /// The names behind `$`; those of the wanted type first.
    fn paths(&self) -> Vec<Item> {
        if self.here.ask.page.file.role != Role::Rules {
            return Vec::new();
        }
        let wanted = self.here.wanted(&self.meaning).or_else(|| self.named_type());
        let all = self.here.variables().into_iter().map(|name| {
            let fits = match (&wanted, self.here.scope.resolve(&name.text)) {
                (Some(wanted), Some(found)) => wanted.comparable(&found.ty),
                _ => true,
            };
            let path = Name { text: format!("${}", name.text), ..name };
            Item { rank: u8::from(!fits), ..self.value(ItemKind::Variable, &path) }
        });
        all.collect()
    }

    fn named_type(&self) -> Option<Type> {
        fn of(ty: &Ty) -> Option<Type> {
            match *ty {
                Ty::Of(Names::Thing(kind)) => Some(Type::Named(kind)),
                Ty::Of(Names::Length) => Some(Type::Duration),
                Ty::List(inner) => of(inner),
                Ty::Either(all) => all.iter().find_map(of),
                _ => None,
            }
        }
        match &self.meaning {
            Meaning::Ty(ty) => of(ty),
            _ => None,
        }
    }

    /// Inside `{{ }}`: names and helpers.
    fn template(&self) -> Option<Vec<Item>> {
        let page = self.here.ask.page;
        let inside = self.typed.get(self.typed.rfind("{{")? + 2..)?;
        if inside.contains("}}") || page.file.role != Role::Rules && page.file.role != Role::Vendor {
            return None;
        }
        let word_start = inside.rfind(|c: char| c.is_whitespace() || matches!(c, '(' | '~' | '{')).map_or(0, |at| at + 1);
        let word = inside.get(word_start..).unwrap_or_default();
        let after = self.here.ask.slice(page.offset..page.text.len());
        let behind = after.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '.'))).unwrap_or(after.len());
        let range = page.offset - word.len()..page.offset + behind;
        let line = after.split('\n').next().unwrap_or_default();
        let closed = line.find("}}").is_some_and(|end| line.find("{{").is_none_or(|open| end < open));
        let first = inside.get(..word_start).unwrap_or_default().trim().is_empty();
        let close = |text: &str| if closed { text.to_owned() } else { format!("{text}}}}}") };
        let item = |kind, name: Name, insert: String, rank| Item {
            label: name.text.clone(),
            kind,
            detail: name.detail,
            doc: name.doc,
            insert,
            range: range.clone(),
            filter: name.text,
            rank,
        };
        if page.file.role == Role::Vendor {
            return Some(
                self.vendor_names()
                    .into_iter()
                    .map(|name| {
                        let insert = close(&name.text);
                        item(ItemKind::Variable, name, insert, 1)
                    })
                    .collect(),
            );
        }
        if let Some(block) = word.strip_prefix('#') {
            let range = page.offset - block.len()..range.end;
            let blocks = BLOCKS.iter().map(|(word, doc)| {
                let found = item(ItemKind::Function, Name::new(*word, "block", *doc), format!("{word} "), 1);
                Item { range: range.clone(), ..found }
            });
            return Some(blocks.collect());
        }
        let mut items: Vec<Item> = self
            .here
            .variables()
            .into_iter()
            .map(|name| {
                let prints = self.here.scope.resolve(&name.text).is_some_and(|found| found.ty.prints());
                let insert = if first { close(&name.text) } else { name.text.clone() };
                item(ItemKind::Variable, name, insert, u8::from(!prints))
            })
            .collect();
        if first || inside.ends_with('(') {
            for (name, usage) in template::helpers() {
                items.push(item(ItemKind::Function, Name::new(name, "helper", format!("`{usage}`")), format!("{name} "), 2));
            }
        }
        Some(items)
    }

    /// What a vendor.yaml declares for its own texts.
    fn vendor_names(&self) -> Vec<Name> {
        let root = &self.here.ask.page.file.root;
        let secrets = names::entries(root.get("secrets")).iter();
        let secrets =
            secrets.map(|(key, doc)| Name::new(format!("secret.{}", key.text), "secret", doc.scalar().unwrap_or_default()));
        let given = crate::lang::adapter::given().map(|(name, doc)| Name::new(name, "", doc));
        let facts = self.here.scope.known.facts.keys().map(|name| Name::new(name, "", self.here.about(name)));
        secrets.chain(given).chain(facts).collect()
    }
}

fn typed_names(fields: Vec<(String, crate::model::Field)>) -> Vec<Name> {
    fields.into_iter().map(|(name, field)| Name::new(name, names::typed(&field.ty, field.optional), "column")).collect()
}

/// What is written behind the colon of a key, for a value of this sort.
fn follows(ty: &Ty, column: usize) -> String {
    let further = || format!("\n{}", " ".repeat(column + 2));
    match ty {
        Ty::Map(_) | Ty::Named(_) | Ty::By(..) | Ty::Ref("condition" | "spec") => further(),
        Ty::List(_) => format!("{}- ", further()),
        Ty::Open(inner) => follows(inner, column),
        _ => " ".to_owned(),
    }
}

/// The words that join conditions.
pub(super) const JOINTS: [(&str, &str, Ty); 4] = [
    ("all", "all of these conditions hold", Ty::List(&Ty::Any)),
    ("any", "at least one of these conditions holds", Ty::List(&Ty::Any)),
    ("not", "this condition does not hold", Ty::Ref("condition")),
    ("else", "what to do when it does not hold", Ty::List(&Ty::Any)),
];

/// The words of matchers: what they ask, and a map with the word alone.
pub(super) const MATCHERS: [(&str, &str, &str); 13] = [
    ("in", "it is one of these", "{ in: [] }"),
    ("contains", "the list has this", "{ contains:  }"),
    ("any_in", "the list has at least one of these", "{ any_in: [] }"),
    ("all_in", "everything in the list is one of these", "{ all_in: [] }"),
    ("none_in", "nothing in the list is one of these", "{ none_in: [] }"),
    ("like", "it reads by this pattern, with typed holes such as `{score:number}`", "{ like: \"\" }"),
    ("gt", "it is more than this", "{ gt:  }"),
    ("gte", "it is this or more", "{ gte:  }"),
    ("lt", "it is less than this", "{ lt:  }"),
    ("lte", "it is this or less", "{ lte:  }"),
    ("exists", "whether it is there at all", "{ exists: true }"),
    ("not", "it is not this, or does not match this", "{ not:  }"),
    ("ignore_case", "capital and small letters are the same", "{ in: [], ignore_case: true }"),
];

/// The blocks of templates.
const BLOCKS: [(&str, &str); 3] = [
    ("if", "`{{#if NAME}} … {{else}} … {{/if}}`: when it is there, or true"),
    ("unless", "`{{#unless NAME}} … {{/unless}}`: when it is absent, or false"),
    ("each", "`{{#each LIST}} {{this}} {{/each}}`: for each item"),
];
