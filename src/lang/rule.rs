//! A rule after compilation: names resolved to places, texts to templates, scalars to typed values. What the engine walks.
//!
//! Nothing here can be wrong: whatever an author may get wrong was refused before one of these was made. Spans are gone but for
//! those of names, routes stay, for people.

use super::action::Action;
use super::form::FormUse;
use super::source::Span;
use super::template::{Block, Template};
use crate::model::{AssessmentEvent, EventKind, FormField, Hole, Kind, PackName, RuleName, Type, Value, VendorName};
use jiff::SignedDuration;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// One integration, compiled once and shared by every account that uses it.
#[derive(Debug)]
pub struct Pack {
    pub name: PackName,
    /// The vendor that `assessment.*`, `in: catalogue` and `in: ledger` mean. `None`: the pack automates Lever alone.
    pub vendor: Option<Arc<super::adapter::Adapter>>,
    pub settings: BTreeMap<String, Setting>,
    pub families: BTreeMap<String, Family>,
    pub bands: BTreeMap<String, Band>,
    /// What `leverd ensure` provides.
    pub ensure: Ensure,
    /// In file order, which is the order of firing.
    pub rules: Vec<Arc<Rule>>,
    /// Stages, users … that the files name themselves: checked against each account's catalogue when the pack is bound.
    pub mentions: Vec<Mention>,
    /// Forms that rules fill: held against each account's templates when the pack is bound.
    pub forms: Vec<FormUse>,
    /// Verbs that Lever wants a user for, and where they stand.
    pub acting: Vec<(&'static str, Span)>,
    /// The kinds of events that any of its rules listens to, or counts time from.
    pub listens: BTreeSet<EventKind>,
    /// The keys of the questions that its rules ask.
    pub asks: Vec<String>,
    /// SHA-256, hex, over the pack's rule files and its `vendor.yaml`.
    pub hash: String,
}

impl Pack {
    /// The vendor's name, if the pack has one.
    pub fn vendor_name(&self) -> Option<&VendorName> {
        self.vendor.as_deref().map(|adapter| &adapter.name)
    }

    /// The rule of this name, or the one that says it `was` called so.
    pub fn rule(&self, name: &RuleName) -> Option<&Arc<Rule>> {
        let now = self.rules.iter().find(|rule| rule.name == *name);
        now.or_else(|| self.rules.iter().find(|rule| rule.was.contains(name)))
    }
}

/// What a setting can be overridden by. The first of these that an account overrides it for decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Per {
    Posting,
    /// The test of the attempt that the event is about.
    Assessment,
    Stage,
}

impl Per {
    /// In the order in which they beat each other.
    pub const ALL: [Self; 3] = [Self::Posting, Self::Assessment, Self::Stage];

    /// As `per: [..]` spells it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Posting => "posting",
            Self::Assessment => "assessment",
            Self::Stage => "stage",
        }
    }

    /// The key of its overrides where a setting is given.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Posting => "per_posting",
            Self::Assessment => "per_assessment",
            Self::Stage => "per_stage",
        }
    }

    /// What its overrides are named by.
    pub const fn kind(self) -> Kind {
        match self {
            Self::Posting => Kind::Posting,
            Self::Assessment => Kind::Assessment,
            Self::Stage => Kind::Stage,
        }
    }
}

/// What an account gives a pack.
#[derive(Debug, Clone, PartialEq)]
pub struct Setting {
    pub ty: Type,
    /// Already of the type; named things as text until the account is bound.
    pub default: Option<Value>,
    pub optional: bool,
    /// What it may be overridden by.
    pub per: BTreeSet<Per>,
    pub doc: Option<String>,
    pub route: String,
    /// Where its name stands.
    pub span: Span,
}

/// A named thing that stands in the files by its name (or id).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mention {
    pub kind: Kind,
    pub text: String,
    pub span: Span,
    pub route: String,
}

/// What a pack needs in Lever that the API can make.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ensure {
    pub form_templates: Vec<EnsureForm>,
    /// Families whose tags shall be known to Lever.
    pub tags: Vec<String>,
}

/// A template of profile forms that shall be there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnsureForm {
    pub name: String,
    pub instructions: String,
    pub secret: bool,
    /// Without ids.
    pub fields: Vec<FormField>,
}

/// At most one of these tags on the opportunity; one instance per assessment when a member names `assessment.*`.
#[derive(Debug, Clone)]
pub struct Family {
    pub name: String,
    pub members: Vec<PatternText>,
    pub per_assessment: bool,
    pub route: String,
}

/// A name for ranges of a value: the first step that fits; absent in, absent out.
#[derive(Debug, Clone)]
pub struct Band {
    pub of: Place,
    pub steps: Vec<BandStep>,
    pub route: String,
}

/// One step of a band. No tests: fits always.
#[derive(Debug, Clone)]
pub struct BandStep {
    pub label: String,
    pub tests: Vec<Matcher>,
    /// Where its label stands.
    pub span: Span,
}

/// One rule.
#[derive(Debug)]
pub struct Rule {
    pub name: RuleName,
    pub was: Vec<RuleName>,
    /// `rules[2]`.
    pub route: String,
    /// Where its name stands.
    pub span: Span,
    pub triggers: Vec<Trigger>,
    pub accept: Accept,
    pub when: Option<Cond>,
    pub settle: Option<SignedDuration>,
    pub for_each: Vec<(String, Spec)>,
    pub find: Vec<(String, Spec)>,
    pub require: Vec<Require>,
    pub actions: Vec<Do>,
    /// Codes of warnings that its author means (`allow`).
    pub allowed: BTreeSet<String>,
    /// Optional settings without which the rule can never fire: an account that leaves one unset has the rule `off`.
    pub needs: Vec<String>,
    /// The blocks of its texts that ask something, in the order of its parts.
    pub blocks: Vec<Block>,
}

/// What a rule listens to.
#[derive(Debug, Clone)]
pub enum Trigger {
    Event(EventKind),
    /// `{ after | before: DURATION, of: ANCHOR }`. The delay is negative for `before`.
    Timer {
        before: bool,
        delay: Operand,
        of: Anchor,
    },
    TagAdded(PatternText),
}

impl Trigger {
    /// The kind of event behind it: what its names are those of.
    pub fn kind(&self) -> EventKind {
        match self {
            Self::Event(kind) | Self::Timer { of: Anchor::Event(kind), .. } => kind.clone(),
            Self::Timer { of: Anchor::ExpiresAt, .. } => EventKind::Assessment(AssessmentEvent::Invited),
            Self::TagAdded(_) => EventKind::TagAdded,
        }
    }
}

/// What a timer counts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Anchor {
    Event(EventKind),
    /// `assessment.expires_at`: armed when an invitation tells it, moved when it changes.
    ExpiresAt,
}

/// Situations a rule fires in although it would not by default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Accept {
    pub archived: bool,
    pub moved_on: bool,
    pub own_moves: bool,
}

/// A condition.
#[derive(Debug, Clone)]
pub enum Cond {
    All(Vec<Cond>),
    Any(Vec<Cond>),
    Not(Box<Cond>),
    Test { place: Place, matcher: Matcher, route: String },
}

impl Cond {
    /// The comparisons by which a field of the row at hand must be a value, or one of several, for this to hold; `None` is the row
    /// itself.
    pub fn equalities(&self) -> Vec<(&Option<String>, &Operand)> {
        match self {
            Self::All(conds) => conds.iter().flat_map(Self::equalities).collect(),
            Self::Test { place: Place::Row { member }, matcher, .. } => {
                matcher.equality().map(|operand| (member, operand)).into_iter().collect()
            }
            Self::Any(_) | Self::Not(_) | Self::Test { .. } => Vec::new(),
        }
    }
}

impl Matcher {
    /// The value, or the list of values, that a field must be (one of) for this to hold.
    pub fn equality(&self) -> Option<&Operand> {
        match self {
            Self::Is(operand) | Self::In(operand) => Some(operand),
            Self::IgnoreCase(inner) => inner.equality(),
            Self::All(all) => all.iter().find_map(Self::equality),
            _ => None,
        }
    }

    /// The end of the range that this asks for, if it asks for one.
    pub fn bound(&self) -> Option<&Operand> {
        match self {
            Self::Gt(operand) | Self::Gte(operand) | Self::Lt(operand) | Self::Lte(operand) => Some(operand),
            _ => None,
        }
    }
}

/// What a field is compared with.
#[derive(Debug, Clone)]
pub enum Matcher {
    Is(Operand),
    In(Operand),
    Contains(Operand),
    AnyIn(Operand),
    AllIn(Operand),
    NoneIn(Operand),
    Like(PatternText),
    Gt(Operand),
    Gte(Operand),
    Lt(Operand),
    Lte(Operand),
    Exists(bool),
    Not(Box<Matcher>),
    /// The inner matcher without regard to case.
    IgnoreCase(Box<Matcher>),
    /// Several matchers of one map: all must hold.
    All(Vec<Matcher>),
}

/// Where a value comes from, resolved when compiling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// A variable of `for_each` or `find`, and what follows the dot.
    Var { name: String, member: Option<String> },
    /// A field of the row at hand (inside `where`); `None` is the row itself.
    Row { member: Option<String> },
    /// A setting of the pack.
    Setting { name: String, member: Option<String> },
    /// A band of the pack.
    Band(String),
    /// A name of the vocabulary (`opportunity.tags`), and what follows it (`opportunity.stage` `.name`).
    Fact { name: String, member: Option<String> },
}

/// The right side of a comparison, an action's value.
#[derive(Debug, Clone)]
pub enum Operand {
    Literal(Value),
    /// A thing of a catalogue by its name (or id) as written. Which one is meant is settled when the pack is bound, so that a rename in
    /// Lever changes nothing.
    Named {
        kind: Kind,
        text: String,
    },
    Place(Place),
    List(Vec<Operand>),
    /// Text with `{{…}}`, rendered when needed.
    Text(Arc<Template>),
}

/// A pattern as written: text with `{{…}}` and typed holes. Rendered, it is a [`crate::model::Pattern`].
#[derive(Debug, Clone)]
pub struct PatternText(pub Vec<PatternPiece>);

/// One piece of a pattern as written.
#[derive(Debug, Clone)]
pub enum PatternPiece {
    Text(Arc<Template>),
    Hole(Hole),
}

/// One source of rows.
#[derive(Debug, Clone)]
pub struct Spec {
    pub source: Source,
    pub like: Option<PatternText>,
    pub where_: Option<Cond>,
    pub take: Option<String>,
    pub only: Option<Only>,
    pub default: Option<Operand>,
    pub otherwise: Vec<Do>,
    pub route: String,
}

/// Where rows come from.
#[derive(Debug, Clone)]
pub enum Source {
    /// The vendor's tests.
    Catalogue,
    /// Our attempts for this opportunity and this vendor.
    Ledger,
    /// A list, or one value as a list of one; a table setting.
    Place(Place),
    /// The first of these that has a row.
    FirstOf(Vec<Spec>),
}

/// Which of several rows counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Only {
    First,
    Latest,
    /// More than one row is no row, with a Step that says so.
    One,
}

/// A guard per item: false runs `otherwise` and ends the item.
#[derive(Debug)]
pub struct Require {
    pub cond: Cond,
    pub otherwise: Vec<Do>,
    pub route: String,
}

/// One action in its place.
#[derive(Debug, Clone)]
pub struct Do {
    pub action: Arc<dyn Action>,
    /// A later move does not wait for it.
    pub optional: bool,
    pub route: String,
}
