//! What kind of thing stands at a place: the tables of keys, followed down.

use super::spot::{Spot, Step};
use crate::lang::action::registry::{self, Verb};
use crate::lang::compile::shapes::{ANSWERED, DONE, FAILED, SPEC, TAG_ADDED, TIMER};
use crate::lang::shape::{KeyShape, Names, Shape, Ty};

/// The kind of a place. Names in it are as they stand in the file.
#[derive(Debug, Clone)]
pub(super) enum Meaning {
    Ty(Ty),
    /// A list of conditions.
    Conditions,
    Condition {
        guard: bool,
    },
    /// What a field is compared with: a value, or a map of matchers.
    Matcher {
        field: String,
    },
    /// What stands behind a matcher.
    Compared {
        field: String,
        word: String,
    },
    /// A value by a name of the map around: a setting, what an operation takes, a question, a fact.
    Given {
        names: Names,
        name: String,
    },
    /// The value of a setting for one stage, posting or test.
    Override {
        name: String,
        by: String,
    },
    /// Below what is known by a name: a column of a table.
    Cell {
        name: String,
        column: String,
    },
    /// The value of the setting that is being declared.
    Default,
    Nothing,
}

/// The triggers that are maps.
pub(super) const TRIGGERS: [&Shape; 5] = [&TIMER, &TAG_ADDED, &ANSWERED, &DONE, &FAILED];

/// The kind of the place that a spot's way leads to: of the value there, or of the map whose key is there.
pub(super) fn meaning(root: &'static Shape, spot: &Spot<'_>) -> Meaning {
    let mut meaning = Meaning::Ty(Ty::Map(root));
    for step in &spot.path {
        meaning = match step {
            Step::Key(_, _, key) => meaning.under(&key.text),
            Step::Item(..) => meaning.item(),
        };
    }
    meaning
}

impl Meaning {
    const fn is_nothing(&self) -> bool {
        matches!(self, Self::Nothing)
    }

    /// Below a key.
    fn under(&self, key: &str) -> Self {
        let name = || key.to_owned();
        match self {
            Self::Ty(ty) => Self::below(ty, key),
            Self::Condition { guard } => match key {
                "all" | "any" => Self::Conditions,
                "not" => Self::Condition { guard: false },
                "else" if *guard => Self::Ty(Ty::List(&Ty::Ref("action"))),
                _ => Self::Matcher { field: name() },
            },
            Self::Matcher { field } => Self::Compared { field: field.clone(), word: name() },
            Self::Compared { field, word } if word == "not" => Self::Compared { field: field.clone(), word: name() },
            Self::Given { names: Names::Setting, name } => match key {
                "default" => self.clone(),
                "per_stage" | "per_posting" | "per_assessment" => Self::Override { name: name.clone(), by: key.to_owned() },
                column => Self::Cell { name: name.clone(), column: column.to_owned() },
            },
            Self::Override { name, .. } => Self::Given { names: Names::Setting, name: name.clone() },
            Self::Default => Self::Cell { name: String::new(), column: name() },
            Self::Compared { .. } | Self::Given { .. } | Self::Cell { .. } | Self::Conditions | Self::Nothing => Self::Nothing,
        }
    }

    fn below(ty: &Ty, key: &str) -> Self {
        match *ty {
            Ty::Map(shape) => match find(shape, key) {
                Some(found) if shape.what == "a setting" && key == "default" && matches!(found.ty, Ty::Any) => Self::Default,
                Some(found) => Self::Ty(found.ty),
                None => Self::Nothing,
            },
            Ty::By(names @ (Names::Setting | Names::Input | Names::Question | Names::Fact), _) => {
                Self::Given { names, name: key.to_owned() }
            }
            Ty::Named(inner) | Ty::By(_, inner) => Self::Ty(*inner),
            Ty::List(inner) | Ty::Open(inner) => Self::below(inner, key),
            Ty::Either(all) => {
                let found = all.iter().map(|ty| Self::below(ty, key)).find(|found| !found.is_nothing());
                found.unwrap_or(Self::Nothing)
            }
            Ty::Ref("condition") => Self::Condition { guard: false }.under(key),
            Ty::Ref("guard") => Self::Condition { guard: true }.under(key),
            Ty::Ref("spec") => Self::below(&Ty::Map(&SPEC), key),
            Ty::Ref("trigger" | "triggers") => {
                let found = TRIGGERS.iter().find_map(|shape| find(shape, key));
                found.map_or(Self::Nothing, |found| Self::Ty(found.ty))
            }
            Ty::Ref("type") if key == "one_of" => Self::Ty(Ty::List(&Ty::Text)),
            Ty::Ref("action") if key == "optional" => Self::Ty(Ty::Bool),
            Ty::Ref("action") => registry::find(key).map_or(Self::Nothing, |verb| Self::Ty(verb.shape)),
            Ty::Text | Ty::Bool | Ty::Duration | Ty::Url | Ty::Time | Ty::OneOf(_) | Ty::Any | Ty::Ref(_) | Ty::Of(_) => {
                Self::Nothing
            }
        }
    }

    /// An item of a list.
    fn item(&self) -> Self {
        match self {
            Self::Ty(ty) => Self::item_of(ty),
            Self::Conditions => Self::Condition { guard: false },
            Self::Matcher { field } => Self::Compared { field: field.clone(), word: "in".to_owned() },
            Self::Compared { .. } | Self::Given { .. } | Self::Override { .. } | Self::Cell { .. } | Self::Default => {
                self.clone()
            }
            Self::Condition { .. } | Self::Nothing => Self::Nothing,
        }
    }

    fn item_of(ty: &Ty) -> Self {
        match *ty {
            Ty::List(Ty::Ref("condition")) => Self::Condition { guard: false },
            Ty::List(inner) => Self::Ty(*inner),
            Ty::Open(inner) => Self::item_of(inner),
            Ty::Ref("triggers") => Self::Ty(Ty::Ref("trigger")),
            Ty::Ref("type") => Self::Ty(Ty::Ref("type")),
            Ty::Either(all) => {
                let found = all.iter().map(Self::item_of).find(|found| !found.is_nothing());
                found.unwrap_or(Self::Nothing)
            }
            _ => Self::Nothing,
        }
    }

    /// The tables of the keys that a map here may have.
    pub(super) fn shapes(&self) -> Vec<&'static Shape> {
        fn of(ty: &Ty) -> Vec<&'static Shape> {
            match *ty {
                Ty::Map(shape) => vec![shape],
                Ty::List(inner) | Ty::Open(inner) => of(inner),
                Ty::Either(all) => all.iter().flat_map(of).collect(),
                Ty::Ref("spec") => vec![&SPEC],
                Ty::Ref("trigger" | "triggers") => TRIGGERS.to_vec(),
                _ => Vec::new(),
            }
        }
        match self {
            Self::Ty(ty) => of(ty),
            _ => Vec::new(),
        }
    }

    /// Whether actions stand here.
    pub(super) fn is_action(&self) -> bool {
        fn of(ty: &Ty) -> bool {
            match *ty {
                Ty::Ref(name) => matches!(name, "action" | "expected"),
                Ty::List(inner) | Ty::Open(inner) => of(inner),
                _ => false,
            }
        }
        matches!(self, Self::Ty(ty) if of(ty))
    }

    /// The names that keys of a map here are.
    pub(super) fn named_by(&self) -> Option<Names> {
        fn of(ty: &Ty) -> Option<Names> {
            match *ty {
                Ty::By(names, _) => Some(names),
                Ty::List(inner) | Ty::Open(inner) => of(inner),
                Ty::Either(all) => all.iter().find_map(of),
                _ => None,
            }
        }
        match self {
            Self::Ty(ty) => of(ty),
            _ => None,
        }
    }

    /// Whether conditions stand here, and whether beside an `else`.
    pub(super) fn condition(&self) -> Option<bool> {
        match self {
            Self::Condition { guard } => Some(*guard),
            Self::Conditions | Self::Ty(Ty::Ref("condition")) => Some(false),
            Self::Ty(Ty::Ref("guard") | Ty::List(Ty::Ref("guard"))) => Some(true),
            _ => None,
        }
    }
}

fn find(shape: &'static Shape, key: &str) -> Option<&'static KeyShape> {
    shape.keys.iter().find(|known| known.name == key)
}

/// The table's entry for a key at a place.
pub(super) fn documented(meaning: &Meaning, key: &str) -> Option<&'static KeyShape> {
    meaning.shapes().into_iter().find_map(|shape| find(shape, key))
}

/// The verb of this name, where actions stand.
pub(super) fn verb(meaning: &Meaning, key: &str) -> Option<&'static Verb> {
    if meaning.is_action() { registry::find(key) } else { None }
}
