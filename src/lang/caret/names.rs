//! Which names can stand at a place: what the pack declares, what its vendor has, what its accounts' catalogues name.

use super::meaning::Meaning;
use super::spot::{Spot, Step};
use super::{Ask, Pack, Role};
use crate::lang::adapter::Adapter;
use crate::lang::compile::known::{self, Place};
use crate::lang::docs::clause;
use crate::lang::lint;
use crate::lang::rule::Setting;
use crate::lang::scope::{Declared, Scope, kinds};
use crate::lang::shape::Names;
use crate::lang::vocabulary;
use crate::lang::yaml::{Key, Kind as NodeKind, Node};
use crate::model::{AssessmentEvent, EventKind, Field, Kind, Phase, Type};

/// One name that can stand somewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Name {
    pub(super) text: String,
    /// Its type, or where it is from.
    pub(super) detail: String,
    pub(super) doc: String,
}

impl Name {
    pub(super) fn new(text: impl Into<String>, detail: impl Into<String>, doc: impl Into<String>) -> Self {
        Self { text: text.into(), detail: detail.into(), doc: doc.into() }
    }
}

/// A type as it is told: whether it may be absent is part of it.
pub(super) fn typed(ty: &Type, optional: bool) -> String {
    if optional { format!("{ty}, may be absent") } else { ty.to_string() }
}

/// The pack that a place is about: of leverd.yaml the one that stands there.
pub(super) fn pack<'a>(ask: &Ask<'a>, spot: &Spot<'_>) -> Option<&'a Pack> {
    if ask.page.file.role != Role::Config {
        return ask.pack;
    }
    let (_, account) = spot.left_by("packs")?;
    let Some(Step::Item(_, at)) = spot.path.get(3) else { return None };
    let used = list(account.get("packs")).get(*at)?;
    let written = used.get("path").or_else(|| used.get("pack")).and_then(Node::scalar)?;
    ask.desk.packs.iter().find(|pack| pack.written == written)
}

/// What the rule files around the place declare.
pub(super) fn declared(ask: &Ask<'_>, spot: &Spot<'_>) -> Declared {
    let pack = pack(ask, spot);
    let roots: Vec<&Node> = if ask.page.file.role == Role::Config {
        pack.iter().flat_map(|pack| &pack.files).filter(|file| file.role == Role::Rules).map(|file| &file.root).collect()
    } else {
        ask.files().filter(|file| file.role == Role::Rules).map(|file| &file.root).collect()
    };
    known::declared(&roots, pack.and_then(|pack| pack.adapter.as_ref()))
}

pub(super) fn list(node: Option<&Node>) -> &[Node] {
    match node.map(|node| &node.kind) {
        Some(NodeKind::Seq(items)) => items,
        _ => &[],
    }
}

pub(super) fn entries(node: Option<&Node>) -> &[(Key, Node)] {
    match node.map(|node| &node.kind) {
        Some(NodeKind::Map(entries)) => entries,
        _ => &[],
    }
}

/// The rule that a place is in.
pub(super) fn rule<'a>(root: &'a Node, spot: &Spot<'_>) -> Option<&'a Node> {
    let (Some("rules"), Some(Step::Item(_, at))) = (spot.key(0), spot.path.get(1)) else { return None };
    list(root.get("rules")).get(*at)
}

/// The names that the place may read.
pub(super) fn scope<'d>(ask: &Ask<'_>, spot: &Spot<'_>, declared: &'d Declared) -> Scope<'d> {
    let Some(rule) = rule(&ask.page.file.root, spot) else {
        if ask.page.file.role == Role::Tests {
            return of_event(spot, declared);
        }
        return match (spot.key(0), spot.key(2)) {
            (Some("bands"), Some("of")) => known::anything(declared),
            (section, _) => known::outside(declared, section.unwrap_or_default()),
        };
    };
    let entry = match spot.path.get(3) {
        Some(Step::Key(_, at, _) | Step::Item(_, at)) => *at,
        None => 0,
    };
    let by = ["where", "take", "only"].iter().filter_map(|name| spot.left_by(name)).max_by_key(|(depth, _)| *depth);
    let place = Place { section: spot.key(2).unwrap_or_default(), entry, spec: by.map(|(_, spec)| spec) };
    known::inside(declared, rule, place)
}

/// The names that the event of a test's step tells.
fn of_event<'d>(spot: &Spot<'_>, declared: &'d Declared) -> Scope<'d> {
    let step = spot.left_by("with").map(|(_, step)| step);
    let event = step.and_then(|step| step.get("event")).and_then(Node::scalar);
    match event.and_then(|event| event.parse::<EventKind>().ok()) {
        Some(kind) => Scope::new(declared, &[kind]),
        None => known::anything(declared),
    }
}

/// What can be named at one place.
#[derive(Debug)]
pub(super) struct Here<'h> {
    pub(super) ask: &'h Ask<'h>,
    pub(super) spot: &'h Spot<'h>,
    pub(super) declared: &'h Declared,
    pub(super) scope: &'h Scope<'h>,
}

impl Here<'_> {
    pub(super) fn adapter(&self) -> Option<&Adapter> {
        self.declared.adapter.as_deref().or_else(|| self.ask.adapter().map(AsRef::as_ref))
    }

    /// All that `$` and `{{…}}` reach.
    pub(super) fn variables(&self) -> Vec<Name> {
        let names = self.scope.all_names().into_iter();
        names.filter_map(|name| self.variable(&name)).collect()
    }

    /// One of them.
    pub(super) fn variable(&self, path: &str) -> Option<Name> {
        let found = self.scope.resolve(path)?;
        Some(Name::new(path, typed(&found.ty, found.maybe_absent), self.about(path)))
    }

    /// What a name is, in words.
    pub(super) fn about(&self, path: &str) -> String {
        let (head, member) = path.split_once('.').unwrap_or((path, ""));
        let of = if member.is_empty() { String::new() } else { format!("`{member}` of ") };
        if self.scope.vars.iter().any(|(name, _)| name == head) {
            return format!("{of}the variable `{head}` of this rule");
        }
        if let Some(setting) = self.declared.settings.get(head) {
            let doc = setting.doc.as_deref().map(|doc| format!(": {}", doc.trim())).unwrap_or_default();
            return format!("{of}the setting `{head}`{doc}");
        }
        if let Some(band) = self.declared.bands.get(head) {
            return format!("the band of `{}`: {}", band.of, band.labels.join(", "));
        }
        if let Some(doc) = vocabulary::doc(path) {
            return doc.to_owned();
        }
        match path.rsplit_once('.') {
            Some(("result", field)) => format!("`{field}`, as the vendor sends it"),
            Some((front, member)) => vocabulary::doc(front).map(|doc| format!("`{member}` of {doc}")).unwrap_or_default(),
            None => String::new(),
        }
    }

    /// The things of a kind: what the catalogues name, and in a file of tests what it says there is.
    fn things(&self, kind: Kind) -> Vec<Name> {
        let vendor = self.adapter().map(|adapter| adapter.name.as_str());
        let catalogues = pack(self.ask, self.spot).iter().flat_map(|pack| &pack.catalogues).collect::<Vec<_>>();
        let catalogues = if catalogues.is_empty() && self.ask.page.file.role == Role::Config {
            self.ask.desk.packs.iter().flat_map(|pack| &pack.catalogues).collect()
        } else {
            catalogues
        };
        let mut names: Vec<Name> = Vec::new();
        for named in catalogues.iter().flat_map(|catalogue| catalogue.all(kind, vendor)) {
            let name = Name::new(named.name, kind.to_string(), format!("its id is `{}`", named.id));
            if !names.iter().rev().take(1).any(|known| *known == name) {
                names.push(name);
            }
        }
        names.extend(self.given(kind).into_iter().map(|name| Name::new(name, kind.to_string(), "of this file's `given`")));
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(name.text.clone()));
        names
    }

    /// What tests say there is.
    fn given(&self, kind: Kind) -> Vec<String> {
        if self.ask.page.file.role != Role::Tests {
            return Vec::new();
        }
        let root = &self.ask.page.file.root;
        let test = match (self.spot.key(0), self.spot.path.get(1)) {
            (Some("tests"), Some(Step::Item(_, at))) => list(root.get("tests")).get(*at),
            _ => None,
        };
        let given = [test.and_then(|test| test.get("given")), root.get("given")];
        let key = match kind {
            Kind::Stage => "stages",
            Kind::Posting => "postings",
            Kind::User => "users",
            Kind::ArchiveReason => "archive_reasons",
            Kind::FormTemplate => "form_templates",
            Kind::FeedbackTemplate => "feedback_templates",
            Kind::Assessment => "tests",
        };
        let found = given.into_iter().flatten().find_map(|given| given.get(key));
        let listed = list(found).iter().filter_map(Node::scalar).map(str::to_owned);
        listed.chain(entries(found).iter().map(|(key, _)| key.text.clone())).collect()
    }

    /// The operation whose `with` this is.
    fn operation(&self) -> Option<String> {
        let (_, action) = self.spot.left_by("with")?;
        let called = action.get("operation").and_then(Node::scalar);
        Some(called.unwrap_or("invite").to_owned())
    }

    /// The template whose `fields` these are, by name.
    fn template(&self) -> Option<String> {
        let (_, action) = self.spot.left_by("fields")?;
        let written = action.get("template")?.scalar()?;
        let Some(setting) = written.strip_prefix('$') else { return Some(written.to_owned()) };
        self.declared.settings.get(setting)?.default.as_ref()?.as_text().map(str::to_owned)
    }

    /// What a template asks: of the catalogues, and of what `ensure` provides.
    pub(super) fn questions(&self) -> Vec<Name> {
        let template = self.template();
        let wanted = |name: &str, id: &str| template.as_deref().is_none_or(|wanted| wanted == name || wanted == id);
        let catalogues = pack(self.ask, self.spot).into_iter().flat_map(|pack| &pack.catalogues);
        let templates = catalogues.flat_map(|catalogue| catalogue.form_templates.iter().chain(&catalogue.feedback_templates));
        let fields = templates.filter(|known| wanted(&known.name, &known.id)).flat_map(|known| {
            known
                .fields
                .iter()
                .map(|field| Name::new(&field.text, String::from(field.ty.clone()), format!("of `{}`", known.name)))
        });
        let ensured = self.ask.files().filter(|file| file.role == Role::Rules).flat_map(|file| {
            let forms = file.root.get("ensure").and_then(|ensure| ensure.get("form_templates"));
            entries(forms).iter().filter(|(name, _)| wanted(&name.text, "")).flat_map(|(name, form)| {
                list(form.get("fields")).iter().filter_map(|field| {
                    let ty = field.get("type").and_then(Node::scalar).unwrap_or_default();
                    Some(Name::new(field.get("text")?.scalar()?, ty, format!("of `{}`", name.text)))
                })
            })
        });
        let mut names: Vec<Name> = fields.chain(ensured).collect();
        let mut seen = std::collections::HashSet::new();
        names.retain(|name| seen.insert(name.text.clone()));
        names
    }

    /// The names of this sort.
    pub(super) fn names(&self, names: Names) -> Vec<Name> {
        let adapter = self.adapter();
        match names {
            Names::Thing(kind) => {
                let mut all = self.references(&Type::Named(kind));
                all.extend(self.things(kind));
                all
            }
            Names::Tag => {
                let catalogues = pack(self.ask, self.spot).into_iter().flat_map(|pack| &pack.catalogues);
                let mut tags: Vec<&String> = catalogues.flat_map(|catalogue| &catalogue.tags).collect();
                tags.sort();
                tags.dedup();
                tags.into_iter().map(|tag| Name::new(tag, "tag", "in use")).collect()
            }
            Names::Family => {
                let each = self.declared.families.iter();
                each.map(|(name, shape)| Name::new(name, "tag family", shape.members.join(", "))).collect()
            }
            Names::Member => {
                let family = self.spot.path.iter().rev().find_map(|step| match step {
                    Step::Key(_, _, key) => self.declared.families.get(&key.text),
                    Step::Item(..) => None,
                });
                family.into_iter().flat_map(|family| &family.members).map(|member| Name::new(member, "tag", "")).collect()
            }
            Names::Operation | Names::Call => self.operations(names == Names::Call),
            Names::Input => {
                let operation = self.operation().and_then(|name| adapter?.operations.get(&name));
                let inputs = operation.into_iter().flat_map(|operation| &operation.with);
                inputs.map(|(name, field)| Name::new(name, typed(&field.ty, field.optional), "")).collect()
            }
            Names::Report => {
                let reports = adapter.into_iter().flat_map(|adapter| adapter.reports.keys());
                reports.map(|name| Name::new(name, "report", "")).collect()
            }
            Names::Question => self.questions(),
            Names::Row => {
                let rows = self.scope.vars.iter().filter(|(_, shape)| shape.attempt);
                rows.map(|(name, _)| Name::new(format!("${name}"), "row of the ledger", "")).collect()
            }
            Names::Source => self.sources(),
            Names::Field => {
                let row = self.scope.row.as_ref();
                let fields =
                    row.iter().flat_map(|row| row.members().into_iter().filter_map(|name| Some((row.member(&name)?, name))));
                fields.map(|(field, name)| Name::new(name, typed(&field.ty, field.optional), "field of the row")).collect()
            }
            Names::Fact => {
                let facts = self.scope.known.facts.iter();
                facts.map(|(name, field)| Name::new(name, typed(&field.ty, field.optional), self.about(name))).collect()
            }
            Names::Length => self.references(&Type::Duration),
            Names::Setting => {
                let settings = self.declared.settings.iter();
                let told = |setting: &Setting| setting.doc.clone().unwrap_or_default();
                settings.map(|(name, setting)| Name::new(name, setting.ty.to_string(), told(setting))).collect()
            }
            Names::Event => self.events(),
            Names::Emitted => {
                let about = |event: &AssessmentEvent| clause(&EventKind::Assessment(*event)).unwrap_or_default();
                AssessmentEvent::ALL.iter().map(|event| Name::new(event.as_str(), "event", about(event))).collect()
            }
            Names::Phase => Phase::ALL.iter().map(|phase| Name::new(phase.as_str(), "phase", "")).collect(),
            Names::Asked => self.declared.asks.keys().map(|key| Name::new(key, "question", "")).collect(),
            Names::Code => lint::entries().map(|entry| Name::new(entry.0, "warning", entry.1)).collect(),
            Names::Pack => self.ask.desk.shipped.iter().map(|name| Name::new(*name, "pack that leverd ships", "")).collect(),
            Names::Vendor => {
                let adapters = self.ask.desk.packs.iter().filter_map(|pack| pack.adapter.as_ref());
                adapters.map(|adapter| Name::new(adapter.name.as_str(), "vendor", &adapter.title)).collect()
            }
            Names::Secret => {
                let vendor = self.spot.path.iter().rev().filter_map(|step| match step {
                    Step::Key(_, _, key) => Some(key.text.as_str()),
                    Step::Item(..) => None,
                });
                let vendor = vendor.take(2).last();
                let adapters = self.ask.desk.packs.iter().filter_map(|pack| pack.adapter.as_ref());
                let secrets =
                    adapters.filter(|adapter| Some(adapter.name.as_str()) == vendor).flat_map(|adapter| &adapter.secrets);
                secrets.map(|(name, doc)| Name::new(name, "secret", doc)).collect()
            }
        }
    }

    fn operations(&self, called: bool) -> Vec<Name> {
        // The vendor.yaml that is being typed knows best.
        let typed = if self.ask.page.file.role == Role::Vendor { self.ask.page.file.root.get("operations") } else { None };
        let typed = entries(typed).iter().map(|(key, _)| key.text.clone());
        let read = self.adapter().into_iter().flat_map(|adapter| adapter.operations.keys().cloned());
        let mut names: Vec<String> = typed.chain(read).collect();
        names.sort();
        names.dedup();
        names.retain(|name| !called || !matches!(name.as_str(), "catalogue" | "invite"));
        names.into_iter().map(|name| Name::new(name, "operation", "")).collect()
    }

    fn sources(&self) -> Vec<Name> {
        let mut all = Vec::new();
        if self.adapter().is_some() {
            all.push(Name::new("catalogue", "the vendor's tests", "every test that the vendor offers"));
            all.push(Name::new("ledger", "our attempts", "every attempt that we have of this opportunity"));
        }
        let lists = self.variables().into_iter();
        let is_list = |name: &Name| self.scope.resolve(&name.text).is_some_and(|found| matches!(found.ty, Type::List(_)));
        all.extend(lists.filter(is_list).map(|name| Name { text: format!("${}", name.text), ..name }));
        all
    }

    /// The events that rules may listen to, those first that the vendor tells of.
    pub(super) fn events(&self) -> Vec<Name> {
        let adapter = self.adapter();
        let ever = |kind: &EventKind| match (kind, adapter) {
            (EventKind::Assessment(event), Some(adapter)) => {
                vocabulary::own(*event)
                    || adapter.makes(*event)
                    || adapter.events.contains_key(event)
                    || matches!(event, AssessmentEvent::Opened | AssessmentEvent::Started | AssessmentEvent::Submitted)
            }
            (EventKind::Assessment(_), None) => false,
            _ => true,
        };
        let kinds = kinds().into_iter().filter(ever);
        kinds.map(|kind| Name::new(kind.to_string(), "event", clause(&kind).unwrap_or_default())).collect()
    }

    /// The `$paths` whose value can stand where this type is wanted.
    pub(super) fn references(&self, wanted: &Type) -> Vec<Name> {
        let fits = |ty: &Type| match wanted {
            // A text might be its name; that is known only when it is read.
            Type::Named(_) => ty == wanted,
            _ => wanted.comparable(ty),
        };
        let all = self.scope.all_names().into_iter().filter_map(|name| {
            let found = self.scope.resolve(&name)?;
            if !fits(&found.ty) {
                return None;
            }
            Some(Name::new(format!("${name}"), typed(&found.ty, found.maybe_absent), self.about(&name)))
        });
        all.collect()
    }

    /// The plain values of a type, where they are few or named.
    pub(super) fn values(&self, ty: &Type) -> Vec<Name> {
        match ty {
            Type::Bool => ["true", "false"].map(|word| Name::new(word, "bool", "")).to_vec(),
            Type::OneOf(options) => options.iter().map(|option| Name::new(option, "one of these", "")).collect(),
            Type::Named(kind) => self.things(*kind),
            Type::Tag => self.names(Names::Tag),
            Type::List(item) => self.values(item),
            _ => Vec::new(),
        }
    }

    /// The type of what can stand at the place, where it has one.
    pub(super) fn wanted(&self, meaning: &Meaning) -> Option<Type> {
        let setting = |name: &str| self.declared.settings.get(name).map(|setting| setting.ty.clone());
        match meaning {
            Meaning::Matcher { field } => self.scope.left(field).map(|found| found.ty),
            Meaning::Compared { field, word } => {
                let ty = self.scope.left(field)?.ty;
                Some(match (word.as_str(), ty) {
                    ("exists" | "ignore_case", _) => Type::Bool,
                    ("contains" | "any_in" | "all_in" | "none_in", Type::List(item)) => *item,
                    ("like", _) => return None,
                    (_, ty) => ty,
                })
            }
            Meaning::Given { names: Names::Setting, name } | Meaning::Override { name, .. } => setting(name),
            Meaning::Given { names: Names::Fact, name } => self.scope.resolve(name).map(|found| found.ty),
            Meaning::Given { names: Names::Input, name } => {
                let operation = self.operation().and_then(|name| self.adapter()?.operations.get(&name));
                operation?.with.get(name).map(|field| field.ty.clone())
            }
            Meaning::Cell { name, column } => {
                let ty = if name.is_empty() { self.declaring()? } else { setting(name)? };
                column_of(&ty, column).map(|field| field.ty)
            }
            Meaning::Default => self.declaring(),
            _ => None,
        }
    }

    /// The type of the setting that is being declared.
    pub(super) fn declaring(&self) -> Option<Type> {
        self.declared.settings.get(self.spot.key(1)?).map(|setting| setting.ty.clone())
    }
}

/// The columns of a table.
pub(super) fn columns(ty: &Type) -> Vec<(String, Field)> {
    match ty {
        Type::List(item) => columns(item),
        Type::Record(fields) => fields.iter().map(|(name, field)| (name.clone(), field.clone())).collect(),
        _ => Vec::new(),
    }
}

fn column_of(ty: &Type, column: &str) -> Option<Field> {
    columns(ty).into_iter().find(|(name, _)| name == column).map(|(_, field)| field)
}
