//! The names that one place in a rule may read: the vocabulary common to all its triggers, settings, bands, variables, and inside
//! `where` the fields of the row.
//!
//! It also remembers which values that may be absent are known to be there. It knows types, not values.

use super::adapter::Adapter;
use super::rule::{Place, Setting};
use super::template;
use super::vocabulary;
use crate::model::{AssessmentEvent, EventKind, Field, LeverEvent, Type};
use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::Arc;

/// A band as the scope needs it.
#[derive(Debug, Clone)]
pub(crate) struct BandShape {
    pub(crate) of: String,
    pub(crate) labels: Vec<String>,
    /// Whether some step fits whatever the value is.
    pub(crate) total: bool,
}

/// A tag family as checks of texts need it.
#[derive(Debug, Clone, Default)]
pub(crate) struct FamilyShape {
    /// The members as written.
    pub(crate) members: Vec<String>,
    pub(crate) per_assessment: bool,
}

/// What a pack declares, before its rules.
#[derive(Debug, Default)]
pub(crate) struct Declared {
    pub(crate) adapter: Option<Arc<Adapter>>,
    /// There is a `vendor.yaml`, but it has faults: nothing is said about what it would declare.
    pub(crate) faulty_adapter: bool,
    pub(crate) settings: BTreeMap<String, Setting>,
    pub(crate) bands: BTreeMap<String, BandShape>,
    pub(crate) families: BTreeMap<String, FamilyShape>,
    /// Names that stand in the files but could not be made sense of: their faults are told once, where they are declared.
    pub(crate) lost: BTreeSet<String>,
    /// What the questions of the rules offer to choose from, by key.
    pub(crate) asks: BTreeMap<String, Shape>,
    known: RefCell<HashMap<Vec<EventKind>, Rc<Known>>>,
    everywhere: OnceCell<BTreeMap<String, (Field, Vec<String>)>>,
}

/// The names that a set of triggers has in common.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub(crate) kinds: Vec<EventKind>,
    pub(crate) facts: BTreeMap<String, Field>,
}

/// Every kind of event that a rule may name without a parameter.
pub(crate) fn kinds() -> Vec<EventKind> {
    let lever = LeverEvent::ALL.iter().map(|event| EventKind::Lever(*event));
    let assessment = AssessmentEvent::ALL.iter().map(|event| EventKind::Assessment(*event));
    lever.chain([EventKind::OpportunityCreated, EventKind::OpportunityGone]).chain(assessment).collect()
}

impl Declared {
    /// The names common to these kinds. Asked for every rule, made once for each set of kinds.
    pub(crate) fn known(&self, kinds: &[EventKind]) -> Rc<Known> {
        if let Some(known) = self.known.borrow().get(kinds) {
            return Rc::clone(known);
        }
        let mut each = kinds.iter().map(|kind| vocabulary::names(kind, self.adapter.as_deref()));
        let mut facts = each.next().unwrap_or_default();
        for other in each {
            facts.retain(|name, field| match other.get(name) {
                Some(same) if same.ty == field.ty => {
                    field.optional |= same.optional;
                    true
                }
                _ => false,
            });
        }
        let known = Rc::new(Known { kinds: kinds.to_vec(), facts });
        self.known.borrow_mut().insert(kinds.to_vec(), Rc::clone(&known));
        known
    }

    /// Forgets what was made of the declarations so far: there are more.
    pub(crate) fn forget(&mut self) {
        self.known.get_mut().clear();
    }

    /// Every name of the vocabulary with its type and the triggers that know it.
    pub(crate) fn everywhere(&self) -> &BTreeMap<String, (Field, Vec<String>)> {
        self.everywhere.get_or_init(|| {
            let mut all: BTreeMap<String, (Field, Vec<String>)> = BTreeMap::new();
            for kind in kinds() {
                for (name, field) in vocabulary::names(&kind, self.adapter.as_deref()) {
                    all.entry(name).or_insert_with(|| (field, Vec::new())).1.push(kind.to_string());
                }
            }
            all
        })
    }

    /// Whether the vocabulary has names that are `name` or start with it and a dot.
    pub(crate) fn reserved(&self, name: &str) -> bool {
        const OTHERS: [&str; 6] = ["result", "failure", "tag", "answer", "this", "value"];
        OTHERS.contains(&name) || self.everywhere().keys().any(|known| known.split('.').next() == Some(name))
    }

    /// Whether nothing is to be said about a name, since the fault is elsewhere and told there.
    pub(crate) fn is_lost(&self, path: &str) -> bool {
        let head = path.split('.').next().unwrap_or(path);
        self.lost.contains(head) || (self.faulty_adapter && head == "result")
    }

    /// What a variable or row of this type looks like.
    pub(crate) fn shape(&self, ty: Type) -> Shape {
        let mut fields = BTreeMap::new();
        if ty == Type::ASSESSMENT
            && let Some(catalogue) = self.adapter.as_deref().and_then(|adapter| adapter.operations.get("catalogue"))
        {
            fields = catalogue_fields(catalogue);
        }
        Shape { ty, fields, optional: false, attempt: false }
    }

    /// What a row of our ledger looks like.
    pub(crate) fn ledger_row() -> Shape {
        let own = vocabulary::assessment().into_iter();
        let fields = own.filter_map(|entry| Some((entry.name.strip_prefix("assessment.")?.to_owned(), entry.field))).collect();
        Shape { ty: Type::Record(fields), fields: BTreeMap::new(), optional: false, attempt: true }
    }
}

/// The further fields of a test in the vendor's catalogue.
fn catalogue_fields(catalogue: &super::adapter::Operation) -> BTreeMap<String, Field> {
    let further = catalogue.captures().filter(|(name, _)| !matches!(*name, "id" | "title"));
    further.map(|(name, take)| (name.to_owned(), take.field.clone().unwrap_or(Field::optional(Type::Text)))).collect()
}

/// The type of a variable or a row.
#[derive(Debug, Clone)]
pub(crate) struct Shape {
    pub(crate) ty: Type,
    /// Fields besides those of the type.
    pub(crate) fields: BTreeMap<String, Field>,
    pub(crate) optional: bool,
    /// Whether it is a row of our ledger, which actions may be about.
    pub(crate) attempt: bool,
}

impl Shape {
    /// What follows the dot.
    pub(crate) fn member(&self, name: &str) -> Option<Field> {
        self.fields.get(name).cloned().or_else(|| self.ty.member(name))
    }

    /// Takes these fields for present wherever there is a row.
    pub(crate) fn make_certain(&mut self, names: &[String]) {
        for name in names {
            if let Type::Record(fields) = &mut self.ty
                && let Some(field) = fields.get_mut(name)
            {
                field.optional = false;
            }
            if let Some(field) = self.fields.get_mut(name) {
                field.optional = false;
            }
        }
    }

    /// The names that may follow the dot.
    pub(crate) fn members(&self) -> Vec<String> {
        self.ty.members().into_iter().chain(self.fields.keys().cloned()).collect()
    }
}

/// A name found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) place: Place,
    /// As declared.
    pub(crate) ty: Type,
    /// Whether it may be absent, as declared.
    pub(crate) optional: bool,
    /// Whether it may be absent here.
    pub(crate) maybe_absent: bool,
}

/// The names known at one place.
#[derive(Debug, Clone)]
pub(crate) struct Scope<'a> {
    pub(crate) declared: &'a Declared,
    pub(crate) known: Rc<Known>,
    pub(crate) vars: Vec<(String, Shape)>,
    /// The row of the `where` around.
    pub(crate) row: Option<Shape>,
    /// Names known to be there; a stack, so that a branch can forget what it learnt.
    pub(crate) present: Vec<String>,
}

/// What a field of a row is called among the names known to be there.
pub(crate) fn of_row(field: &str) -> String {
    format!(":{field}")
}

impl<'a> Scope<'a> {
    /// The names common to these kinds of events.
    pub(crate) fn new(declared: &'a Declared, kinds: &[EventKind]) -> Self {
        Self::of(declared, declared.known(kinds))
    }

    /// These names, besides what the pack declares.
    pub(crate) fn of(declared: &'a Declared, known: Rc<Known>) -> Self {
        Self { declared, known, vars: Vec::new(), row: None, present: Vec::new() }
    }

    /// Whether a rule with these triggers knows our ledger's row.
    pub(crate) fn has_assessment(&self) -> bool {
        let adapter = self.declared.adapter.as_deref();
        self.known.kinds.iter().all(|kind| vocabulary::about_attempt(kind, adapter)) && !self.known.kinds.is_empty()
    }

    fn is_present(&self, name: &str) -> bool {
        self.present.iter().any(|known| known == name)
    }

    /// The name after `$` or inside `{{…}}`.
    pub(crate) fn resolve(&self, path: &str) -> Option<Found> {
        let (head, member) = match path.split_once('.') {
            Some((head, member)) => (head, Some(member)),
            None => (path, None),
        };
        let owned = || member.map(str::to_owned);
        if let Some((name, shape)) = self.vars.iter().rev().find(|(name, _)| name == head) {
            let place = Place::Var { name: name.clone(), member: owned() };
            let field = self.of_shape(shape, member)?;
            return Some(self.found(path, head, place, field, shape.optional));
        }
        if let Some(setting) = self.declared.settings.get(head) {
            let place = Place::Setting { name: head.to_owned(), member: owned() };
            let field = self.of_shape(&self.declared.shape(setting.ty.clone()), member)?;
            return Some(self.found(path, head, place, field, setting.optional && setting.default.is_none()));
        }
        if let (Some(band), None) = (self.declared.bands.get(head), member) {
            let of = self.fact(&band.of)?;
            let field = Field { ty: Type::OneOf(band.labels.clone()), optional: of.maybe_absent || !band.total };
            return Some(self.found(path, head, Place::Band(head.to_owned()), field, false));
        }
        self.fact(path)
    }

    fn fact(&self, path: &str) -> Option<Found> {
        if let Some(field) = self.known.facts.get(path) {
            let place = Place::Fact { name: path.to_owned(), member: None };
            return Some(self.found(path, path, place, field.clone(), false));
        }
        let (front, member) = path.rsplit_once('.')?;
        let base = self.known.facts.get(front)?;
        let field = base.ty.member(member)?;
        let place = Place::Fact { name: front.to_owned(), member: Some(member.to_owned()) };
        Some(self.found(path, front, place, field, base.optional))
    }

    #[expect(clippy::unused_self, reason = "reads as a question to the scope")]
    fn of_shape(&self, shape: &Shape, member: Option<&str>) -> Option<Field> {
        let Some(member) = member else { return Some(Field::required(shape.ty.clone())) };
        let (first, rest) = member.split_once('.').map_or((member, None), |(first, rest)| (first, Some(rest)));
        let field = shape.member(first)?;
        // What a cell names has fields of its own: `$row.test.title`.
        rest.map_or(Some(field.clone()), |rest| Some(Field { optional: field.optional, ty: field.ty.member(rest)?.ty }))
    }

    fn found(&self, path: &str, base: &str, place: Place, field: Field, base_optional: bool) -> Found {
        // What is known to be there is there with all its fields.
        let there =
            path.match_indices('.').any(|(end, _)| end > base.len() && self.is_present(path.get(..end).unwrap_or(path)));
        let there = there || self.is_present(path);
        let maybe_absent = !there && (field.optional || (base_optional && !self.is_present(base)));
        Found { place, ty: field.ty, optional: field.optional || base_optional, maybe_absent }
    }

    /// The name left of the colon: a field of the row inside `where`, else as [`Scope::resolve`].
    pub(crate) fn left(&self, path: &str) -> Option<Found> {
        let Some(row) = &self.row else { return self.resolve(path) };
        if path == "value" && row.ty.members().is_empty() {
            let place = Place::Row { member: None };
            return Some(Found { place, ty: row.ty.clone(), optional: false, maybe_absent: false });
        }
        let field = row.member(path)?;
        let maybe_absent = field.optional && !self.is_present(&of_row(path));
        let place = Place::Row { member: Some(path.to_owned()) };
        Some(Found { place, ty: field.ty, optional: field.optional, maybe_absent })
    }

    /// What may stand left of the colon.
    pub(crate) fn left_names(&self) -> Vec<String> {
        match &self.row {
            Some(row) if row.members().is_empty() => vec!["value".to_owned()],
            Some(row) => row.members(),
            None => self.all_names(),
        }
    }

    /// Everything that `$` and `{{…}}` reach here, what may follow a dot included.
    pub(crate) fn all_names(&self) -> Vec<String> {
        let mut names: Vec<String> = Vec::new();
        let mut add = |name: &str, members: Vec<String>| {
            names.push(name.to_owned());
            names.extend(members.into_iter().map(|member| format!("{name}.{member}")));
        };
        for (name, shape) in &self.vars {
            add(name, shape.members());
        }
        for (name, setting) in &self.declared.settings {
            add(name, self.declared.shape(setting.ty.clone()).members());
        }
        for name in self.declared.bands.keys() {
            add(name, Vec::new());
        }
        for (name, field) in &self.known.facts {
            add(name, field.ty.members());
        }
        names
    }

    /// ``when `a` or `b` fires``.
    fn firing(&self) -> String {
        match self.known.kinds.as_slice() {
            [] => "here".to_owned(),
            kinds => {
                let kinds: Vec<String> = kinds.iter().map(|kind| format!("`{}`", kind.written())).collect();
                format!("when {} fires", kinds.join(" or "))
            }
        }
    }

    /// Where else a name is known, as a next step, if it is.
    pub(crate) fn elsewhere(&self, path: &str) -> Option<String> {
        if self.known.kinds.is_empty() {
            let names = self.all_names();
            let names = names.iter().map(|name| format!("`{name}`")).take(8).collect::<Vec<_>>().join(", ");
            return Some(if names.is_empty() {
                "nothing can be named here".to_owned()
            } else {
                format!("known here are {names}")
            });
        }
        let all = self.declared.everywhere();
        let front = path.rsplit_once('.').map(|(front, _)| front);
        let name = if all.contains_key(path) { path } else { front.filter(|front| all.contains_key(*front))? };
        let (_, triggers) = all.get(name)?;
        let lacking: Vec<String> =
            self.known.kinds.iter().map(EventKind::written).filter(|kind| !triggers.contains(kind)).collect();
        let under = match triggers.as_slice() {
            [only] => only.clone(),
            [first, second] => format!("{first} and {second}"),
            [first, second, ..] => format!("{first}, {second} and {} others", triggers.len() - 2),
            [] => return None,
        };
        Some(if lacking.is_empty() {
            format!("`{name}` is known under {under}, with another type under each")
        } else if lacking.len() < self.known.kinds.len() {
            format!("`{name}` is known under {under}, but this rule also listens to {}", lacking.join(" and "))
        } else {
            format!("`{name}` is known under {under}; this rule listens to {}", lacking.join(" and "))
        })
    }
}

impl template::Scope for Scope<'_> {
    fn lookup(&self, path: &str) -> Option<Field> {
        self.resolve(path).map(|found| Field { ty: found.ty, optional: found.maybe_absent })
    }

    fn names(&self) -> Vec<String> {
        self.all_names()
    }

    fn band(&self, name: &str) -> Option<bool> {
        self.declared.bands.get(name)?;
        Some(self.resolve(name).is_none_or(|found| found.maybe_absent))
    }

    fn bands(&self) -> Vec<String> {
        self.declared.bands.keys().cloned().collect()
    }

    fn situation(&self) -> String {
        self.firing()
    }
}
