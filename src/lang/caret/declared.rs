//! Where the thing at a place is declared.

use super::meaning::{Meaning, meaning};
use super::names::{self, entries, list};
use super::spot::{At, Spot};
use super::tell::{offered, word};
use super::{Ask, File, Pack, Role};
use crate::lang::compile::known;
use crate::lang::rule::Trigger;
use crate::lang::shape::{Names, Ty};
use crate::lang::source::Span;
use crate::lang::yaml::{Kind as NodeKind, Node};
use crate::model::{EventKind, Kind, Type};

/// The places of its declaration; none for what leverd itself knows. The tree of the page is that of its text.
pub fn declared(ask: &Ask<'_>) -> Vec<Span> {
    let Some(spot) = Spot::find(&ask.page.file.root, ask.page.offset) else { return Vec::new() };
    let look = Look { ask, spot: &spot, pack: names::pack(ask, &spot) };
    match spot.at {
        At::Key(_, key) => look.key(&key.text),
        At::Value(node) => match word(ask, node) {
            Some((name, span)) => look.name(&name, ask.page.offset.saturating_sub(span.start as usize)),
            None => look.value(node),
        },
    }
}

struct Look<'l> {
    ask: &'l Ask<'l>,
    spot: &'l Spot<'l>,
    pack: Option<&'l Pack>,
}

impl<'l> Look<'l> {
    fn files(&self, role: Role) -> Vec<&'l File> {
        match self.ask.page.file.role {
            Role::Config => self.pack.into_iter().flat_map(|pack| &pack.files).filter(|file| file.role == role).collect(),
            _ => self.ask.files().filter(|file| file.role == role).collect(),
        }
    }

    fn meaning(&self) -> Meaning {
        meaning(self.ask.root_shape(), self.spot)
    }

    /// The key of this name in a section of the rule files, or of vendor.yaml.
    fn entry(&self, role: Role, section: &str, name: &str) -> Vec<Span> {
        let files = self.files(role).into_iter();
        let found = files.flat_map(|file| entries(file.root.get(section))).filter(|(key, _)| key.text == name);
        found.map(|(key, _)| key.span).collect()
    }

    fn key(&self, name: &str) -> Vec<Span> {
        let meaning = self.meaning();
        if meaning.condition().is_some() {
            return if self.spot.left_by("where").is_some() { Vec::new() } else { self.name(name, 0) };
        }
        match meaning.named_by() {
            Some(names) => self.named(names, name),
            None => Vec::new(),
        }
    }

    /// A name that rules read; the place in it decides whether its member is meant.
    fn name(&self, path: &str, at: usize) -> Vec<Span> {
        let (head, member) = path.split_once('.').unwrap_or((path, ""));
        let of_member = !member.is_empty() && at > head.len();
        let variable = self.variable(head);
        if !variable.is_empty() {
            let column = if of_member { self.column_of_variable(head, member) } else { Vec::new() };
            return if column.is_empty() { variable } else { column };
        }
        for section in ["settings", "bands"] {
            let found = self.entry(Role::Rules, section, head);
            if !found.is_empty() {
                return found;
            }
        }
        if head == "result" {
            return self.result(member);
        }
        if head == "secret" {
            return self.entry(Role::Vendor, "secrets", member);
        }
        Vec::new()
    }

    /// The variable of the rule around: of `for_each`, of `find`, a hole of its trigger.
    fn variable(&self, name: &str) -> Vec<Span> {
        let Some(rule) = names::rule(&self.ask.page.file.root, self.spot) else { return Vec::new() };
        let sources = ["for_each", "find"].into_iter().flat_map(|section| entries(rule.get(section)));
        let found: Vec<Span> = sources.filter(|(key, _)| key.text == name).map(|(key, _)| key.span).collect();
        if !found.is_empty() {
            return found;
        }
        let declared = names::declared(self.ask, self.spot);
        let (triggers, _) = known::kinds(&declared, rule);
        let hole = triggers.iter().any(|trigger| match trigger {
            Trigger::TagAdded(pattern) => pattern.holes().any(|hole| hole.name == name),
            Trigger::Event(_) | Trigger::Timer { .. } => false,
        });
        let answer = name == "answer";
        let items = rule.get("trigger").map(Node::items_or_self).unwrap_or_default();
        let wanted = if answer { "answered" } else { "tag_added" };
        let at = items.iter().filter(|_| hole || answer).filter_map(|item| item.get(wanted));
        at.map(|node| node.span).collect()
    }

    /// The column of the table that a variable's rows are of.
    fn column_of_variable(&self, name: &str, member: &str) -> Vec<Span> {
        let Some(rule) = names::rule(&self.ask.page.file.root, self.spot) else { return Vec::new() };
        let spec = ["for_each", "find"].into_iter().find_map(|section| rule.get(section)?.get(name));
        let Some(table) = spec.and_then(|spec| spec.get("in")).and_then(Node::scalar).and_then(|path| path.strip_prefix('$'))
        else {
            return Vec::new();
        };
        let column = member.split('.').next().unwrap_or(member);
        let files = self.files(Role::Rules).into_iter();
        let columns = files.filter_map(|file| file.root.get("settings")?.get(table)?.get("columns"));
        columns
            .flat_map(|columns| entries(Some(columns)))
            .filter(|(key, _)| key.text == column)
            .map(|(key, _)| key.span)
            .collect()
    }

    /// The field of the events of vendor.yaml that the rule listens to; else of all of them.
    fn result(&self, field: &str) -> Vec<Span> {
        let field = field.split('.').next().unwrap_or(field);
        let events: Vec<String> = names::rule(&self.ask.page.file.root, self.spot)
            .map(|rule| known::kinds(&names::declared(self.ask, self.spot), rule).1)
            .unwrap_or_default()
            .iter()
            .filter_map(EventKind::assessment)
            .map(|event| event.as_str().to_owned())
            .collect();
        let files = self.files(Role::Vendor).into_iter();
        let all = files.flat_map(|file| entries(file.root.get("events")));
        let all: Vec<_> = all.filter_map(|(event, fields)| Some((event, fields.entry(field)?.0.span))).collect();
        let own: Vec<Span> = all.iter().filter(|(event, _)| events.contains(&event.text)).map(|(_, span)| *span).collect();
        if own.is_empty() { all.into_iter().map(|(_, span)| span).collect() } else { own }
    }

    /// What a value names.
    fn value(&self, node: &Node) -> Vec<Span> {
        let Some(text) = node.scalar().map(str::trim).filter(|text| !text.is_empty()) else { return Vec::new() };
        let meaning = self.meaning();
        if matches!(meaning, Meaning::Ty(Ty::Ref("trigger" | "triggers") | Ty::Of(Names::Event))) {
            let event = text.strip_prefix("assessment.").unwrap_or_default();
            return self.entry(Role::Vendor, "events", event);
        }
        // An earlier name is that of the rule it stands in.
        if self.spot.key(2) == Some("was") {
            let rule = names::rule(&self.ask.page.file.root, self.spot);
            return rule.and_then(|rule| rule.get("name")).map(|name| name.span).into_iter().collect();
        }
        if let Meaning::Ty(ty) = &meaning {
            let found: Vec<Span> = offered(ty).into_iter().flat_map(|names| self.named(names, text)).collect();
            if !found.is_empty() || self.spot.key(4) != Some("path") {
                return found;
            }
        }
        if self.ask.page.file.role == Role::Config {
            let path = self.ask.desk.packs.iter().find(|pack| pack.written == text);
            let rules = path.into_iter().flat_map(|pack| &pack.files).filter(|file| file.role == Role::Rules);
            let start = rules.map(|file| file.root.span.at_start()).take(1).collect::<Vec<_>>();
            if !start.is_empty() {
                return start;
            }
        }
        let declared = names::declared(self.ask, self.spot);
        let scope = names::scope(self.ask, self.spot, &declared);
        let here = names::Here { ask: self.ask, spot: self.spot, declared: &declared, scope: &scope };
        match here.wanted(&meaning) {
            Some(Type::Named(kind)) => self.pulled(kind, text),
            Some(Type::List(item)) => match *item {
                Type::Named(kind) => self.pulled(kind, text),
                _ => Vec::new(),
            },
            _ => Vec::new(),
        }
    }

    fn named(&self, names: Names, text: &str) -> Vec<Span> {
        match names {
            Names::Family => self.entry(Role::Rules, "tags", text),
            Names::Setting => self.entry(Role::Rules, "settings", text),
            Names::Operation | Names::Call => self.entry(Role::Vendor, "operations", text),
            Names::Report => self.entry(Role::Vendor, "reports", text),
            Names::Emitted => self.entry(Role::Vendor, "events", text),
            Names::Input => {
                let operation =
                    self.spot.left_by("with").and_then(|(_, action)| action.get("operation")?.scalar()).unwrap_or("invite");
                let files = self.files(Role::Vendor).into_iter();
                let inputs = files.filter_map(|file| file.root.get("operations")?.get(operation)?.get("with"));
                inputs.filter_map(|with| Some(with.entry(text)?.0.span)).collect()
            }
            Names::Member => {
                let family = self.spot.path.last().and_then(|step| match step {
                    super::spot::Step::Key(_, _, key) => Some(key.text.clone()),
                    super::spot::Step::Item(..) => None,
                });
                family.map(|family| self.entry(Role::Rules, "tags", &family)).unwrap_or_default()
            }
            Names::Fact => self.name(text, text.len()),
            Names::Asked => self.asked(text),
            Names::Thing(kind) => self.pulled(kind, text),
            Names::Question => self.question(text),
            Names::Tag
            | Names::Row
            | Names::Source
            | Names::Field
            | Names::Length
            | Names::Event
            | Names::Phase
            | Names::Code
            | Names::Pack
            | Names::Vendor
            | Names::Secret => Vec::new(),
        }
    }

    /// The keys of the questions called so.
    fn asked(&self, key: &str) -> Vec<Span> {
        fn find(node: &Node, wanted: &str, into: &mut Vec<Span>) {
            match &node.kind {
                NodeKind::Map(entries) => {
                    for (key, value) in entries {
                        let asked = value.get("key").filter(|_| key.text == "ask");
                        into.extend(asked.filter(|asked| asked.scalar() == Some(wanted)).map(|asked| asked.span));
                        find(value, wanted, into);
                    }
                }
                NodeKind::Seq(items) => items.iter().for_each(|item| find(item, wanted, into)),
                NodeKind::Scalar { .. } | NodeKind::Faulty => {}
            }
        }
        let mut found = Vec::new();
        for file in self.files(Role::Rules) {
            for rule in list(file.root.get("rules")) {
                find(rule, key, &mut found);
            }
        }
        found
    }

    /// The entries of pulled catalogues with this name or id.
    fn pulled(&self, kind: Kind, text: &str) -> Vec<Span> {
        let section = match kind {
            Kind::Stage => "stages",
            Kind::Posting => "postings",
            Kind::User => "users",
            Kind::ArchiveReason => "archive_reasons",
            Kind::FormTemplate => "form_templates",
            Kind::FeedbackTemplate => "feedback_templates",
            Kind::Assessment => "tests",
        };
        let named = |item: &Node| {
            let name = item.get("name").or_else(|| item.get("title"));
            let is = |node: Option<&Node>| node.and_then(Node::scalar).is_some_and(|known| known.trim() == text);
            if is(name) || is(item.get("id")) { name.map(|name| name.span) } else { None }
        };
        let mut found = Vec::new();
        for file in &self.ask.desk.pulled {
            let Some(section) = file.root.get(section) else { continue };
            found.extend(list(Some(section)).iter().filter_map(named));
            found.extend(entries(Some(section)).iter().flat_map(|(_, tests)| list(Some(tests)).iter().filter_map(named)));
        }
        found
    }

    /// A question of a template that `ensure` provides.
    fn question(&self, text: &str) -> Vec<Span> {
        let forms = self.files(Role::Rules).into_iter().filter_map(|file| file.root.get("ensure")?.get("form_templates"));
        let fields = forms.flat_map(|forms| entries(Some(forms))).flat_map(|(_, form)| list(form.get("fields")));
        fields
            .filter_map(|field| field.get("text"))
            .filter(|asked| asked.scalar() == Some(text))
            .map(|asked| asked.span)
            .collect()
    }
}
