//! What a generated pack says, and how its author would write it: the generator makes it, the reference evaluator means it.

use leverd::lang::rule::Per;
use leverd::model::{Type, Value};
use serde_yaml::{Mapping, Value as Yaml};
use std::collections::BTreeMap;

/// One piece of a text.
#[derive(Debug, Clone)]
pub(super) enum Piece {
    Lit(String),
    Print(String),
    Default(String, String),
    Round(String, u8),
    Date(String),
    Join(String, String),
    Upper(String),
    Lower(String),
    Band(String, Option<String>),
    If(String, Vec<Piece>, Vec<Piece>),
    Unless(String, Vec<Piece>),
    /// The items, each followed by what the pieces say: `this` prints the item, `@index` its place.
    Each(String, Vec<Piece>),
}

/// A text with `{{…}}`.
pub(super) type Text = Vec<Piece>;

/// One part of a pattern.
#[derive(Debug, Clone)]
pub(super) enum Part {
    Text(Text),
    Hole(&'static str, Type),
}

pub(super) type Pattern = Vec<Part>;

/// The right side of a comparison.
#[derive(Debug, Clone)]
pub(super) enum Right {
    Lit(Value),
    Path(String),
    List(Vec<Right>),
}

#[derive(Debug, Clone)]
pub(super) enum Ask {
    Is(Right),
    In(Right),
    Contains(Right),
    AnyIn(Right),
    AllIn(Right),
    NoneIn(Right),
    Like(Pattern),
    Order(&'static str, Right),
    Exists(bool),
    Not(Box<Ask>),
    /// Several in one map; `true`: without regard to case.
    Both(Vec<Ask>, bool),
}

#[derive(Debug, Clone)]
pub(super) enum Cond {
    Test(String, Ask),
    All(Vec<Cond>),
    Any(Vec<Cond>),
    Not(Box<Cond>),
}

#[derive(Debug, Clone)]
pub(super) enum Source {
    Catalogue,
    Ledger,
    Path(String),
    FirstOf(Vec<Spec>),
}

#[derive(Debug, Clone)]
pub(super) struct Spec {
    pub(super) source: Source,
    pub(super) like: Option<Pattern>,
    pub(super) wher: Option<Cond>,
    pub(super) take: Option<String>,
    pub(super) only: Option<&'static str>,
    /// Of the row's type.
    pub(super) default: Option<(Value, Type)>,
    pub(super) otherwise: Vec<Verb>,
}

#[derive(Debug, Clone)]
pub(super) enum Verb {
    AddTag(Text),
    RemoveTag(Pattern),
    RenameTag {
        from: Pattern,
        to: Text,
    },
    SetTag(String, Text),
    ClearTag(String),
    Note {
        text: Text,
        key: Option<Text>,
        secret: bool,
    },
    Link {
        url: Right,
        key: Text,
    },
    Alert(Text),
    /// A question with the rows that can be chosen.
    Ask {
        key: String,
        title: Text,
        choose: Box<Spec>,
        expires: Right,
        secret: bool,
    },
    Move {
        to: Right,
        from: Option<Right>,
    },
    /// For a reason of the catalogue.
    Archive(&'static str),
    /// A verb of which the plain evaluator has no opinion: it must not fail, whatever it does. Its name and what it takes.
    Unjudged(&'static str, Vec<(&'static str, Takes)>),
    /// An operation of the adapter, with one input if it takes one.
    Call {
        operation: &'static str,
        with: Option<(&'static str, Given)>,
    },
}

/// What a key of such a verb takes.
#[derive(Debug, Clone)]
pub(super) enum Takes {
    /// The verb's whole value.
    Word(&'static str),
    Text(Text),
    Right(Right),
    Map(Vec<(&'static str, Takes)>),
    /// `~`.
    Nothing,
}

/// What an operation is given.
#[derive(Debug, Clone)]
pub(super) enum Given {
    Text(Text),
    Number(i64),
}

/// What a rule listens to.
#[derive(Debug, Clone)]
pub(super) enum Trigger {
    /// An event as it is stored: `candidateHired`, `answered:KEY`.
    Event(String),
    /// Time before or after an event, or the expiry of the invitation.
    Timer {
        before: bool,
        delay: Right,
        of: Option<String>,
    },
    TagAdded(Pattern),
}

#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub(super) name: String,
    pub(super) triggers: Vec<Trigger>,
    pub(super) accept: Vec<&'static str>,
    pub(super) when: Option<Cond>,
    /// In seconds.
    pub(super) settle: Option<i64>,
    pub(super) for_each: Vec<(String, Spec)>,
    pub(super) find: Vec<(String, Spec)>,
    pub(super) require: Vec<(Cond, Vec<Verb>)>,
    pub(super) verbs: Vec<Verb>,
}

#[derive(Debug, Clone)]
pub(super) struct Setting {
    pub(super) name: String,
    pub(super) ty: Type,
    /// `None`: optional, and no account gives it.
    pub(super) value: Option<Value>,
    /// What the account gives for single things instead, by their names.
    pub(super) per: BTreeMap<Per, BTreeMap<String, Value>>,
}

#[derive(Debug, Clone)]
pub(super) struct Band {
    pub(super) name: String,
    pub(super) of: String,
    /// Labels with the least that earns them, falling; `None` takes the rest.
    pub(super) steps: Vec<(String, Option<Value>)>,
}

#[derive(Debug, Clone, Default)]
pub(super) struct Pack {
    pub(super) settings: Vec<Setting>,
    pub(super) families: Vec<(String, Vec<Pattern>)>,
    pub(super) bands: Vec<Band>,
    pub(super) rules: Vec<Rule>,
}

/// The text as it stands in the file.
pub(super) fn text(pieces: &[Piece]) -> String {
    let quoted = |text: &str| format!("\"{text}\"");
    pieces
        .iter()
        .map(|piece| match piece {
            Piece::Lit(lit) => lit.clone(),
            Piece::Print(path) => format!("{{{{{path}}}}}"),
            Piece::Default(path, lit) => format!("{{{{default {path} {}}}}}", quoted(lit)),
            Piece::Round(path, decimals) => format!("{{{{round {path} {decimals}}}}}"),
            Piece::Date(path) => format!("{{{{date {path} \"UTC\" \"%Y-%m-%d\"}}}}"),
            Piece::Join(path, between) => format!("{{{{join {path} {}}}}}", quoted(between)),
            Piece::Upper(path) => format!("{{{{upper {path}}}}}"),
            Piece::Lower(path) => format!("{{{{lower {path}}}}}"),
            Piece::Band(name, None) => format!("{{{{band {name}}}}}"),
            Piece::Band(name, Some(lit)) => format!("{{{{default (band {name}) {}}}}}", quoted(lit)),
            Piece::If(path, then, otherwise) if otherwise.is_empty() => format!("{{{{#if {path}}}}}{}{{{{/if}}}}", text(then)),
            Piece::If(path, then, otherwise) => {
                format!("{{{{#if {path}}}}}{}{{{{else}}}}{}{{{{/if}}}}", text(then), text(otherwise))
            }
            Piece::Unless(path, then) => format!("{{{{#unless {path}}}}}{}{{{{/unless}}}}", text(then)),
            Piece::Each(path, body) => format!("{{{{#each {path}}}}}{}{{{{/each}}}}", text(body)),
        })
        .collect()
}

/// The pattern as it stands in the file.
pub(super) fn pattern(parts: &[Part]) -> String {
    parts
        .iter()
        .map(|part| match part {
            Part::Text(pieces) => text(pieces),
            Part::Hole(name, ty) => format!("{{{name}:{ty}}}"),
        })
        .collect()
}

fn map(entries: impl IntoIterator<Item = (&'static str, Yaml)>) -> Yaml {
    Yaml::Mapping(entries.into_iter().map(|(key, value)| (Yaml::from(key), value)).collect())
}

fn one(key: &str, value: Yaml) -> Yaml {
    let mut map = Mapping::new();
    map.insert(Yaml::from(key), value);
    Yaml::Mapping(map)
}

fn list<T>(items: &[T], each: impl Fn(&T) -> Yaml) -> Yaml {
    Yaml::Sequence(items.iter().map(each).collect())
}

fn value(value: &Value) -> Yaml {
    match value {
        Value::Bool(value) => Yaml::from(*value),
        Value::Int(value) => Yaml::from(*value),
        Value::Number(value) => Yaml::from(*value),
        Value::Text(text) => Yaml::from(text.as_str()),
        Value::Date { date } => Yaml::from(date.to_string()),
        Value::Duration { duration } => Yaml::from(format!("{}s", duration.as_secs())),
        Value::Named(named) => Yaml::from(named.name.as_str()),
        Value::List(items) => list(items, self::value),
        Value::Record { record } => {
            Yaml::Mapping(record.iter().map(|(name, cell)| (Yaml::from(name.as_str()), self::value(cell))).collect())
        }
    }
}

fn right(right: &Right) -> Yaml {
    match right {
        Right::Lit(lit) => value(lit),
        Right::Path(path) => Yaml::from(format!("${path}")),
        Right::List(items) => list(items, self::right),
    }
}

fn words(ask: &Ask, into: &mut Mapping) {
    let (word, value) = match ask {
        Ask::Is(_) => ("in", list(&[ask], |ask| matcher(ask))),
        Ask::In(value) => ("in", right(value)),
        Ask::Contains(value) => ("contains", right(value)),
        Ask::AnyIn(value) => ("any_in", right(value)),
        Ask::AllIn(value) => ("all_in", right(value)),
        Ask::NoneIn(value) => ("none_in", right(value)),
        Ask::Like(parts) => ("like", Yaml::from(pattern(parts))),
        Ask::Order(word, value) => (*word, right(value)),
        Ask::Exists(wanted) => ("exists", Yaml::from(*wanted)),
        Ask::Not(inner) => ("not", matcher(inner)),
        Ask::Both(all, ignore_case) => {
            for ask in all {
                words(ask, into);
            }
            if *ignore_case {
                into.insert(Yaml::from("ignore_case"), Yaml::from(true));
            }
            return;
        }
    };
    into.insert(Yaml::from(word), value);
}

fn matcher(ask: &Ask) -> Yaml {
    if let Ask::Is(value) = ask {
        return right(value);
    }
    let mut map = Mapping::new();
    words(ask, &mut map);
    Yaml::Mapping(map)
}

fn cond(cond: &Cond) -> Yaml {
    match cond {
        Cond::Test(field, ask) => one(field, matcher(ask)),
        Cond::All(all) => one("all", list(all, self::cond)),
        Cond::Any(any) => one("any", list(any, self::cond)),
        Cond::Not(inner) => one("not", self::cond(inner)),
    }
}

fn spec(spec: &Spec) -> Yaml {
    let source = match &spec.source {
        Source::Catalogue => ("in", Yaml::from("catalogue")),
        Source::Ledger => ("in", Yaml::from("ledger")),
        Source::Path(path) => ("in", Yaml::from(format!("${path}"))),
        Source::FirstOf(all) => ("first_of", list(all, self::spec)),
    };
    let rest = [
        ("like", spec.like.as_ref().map(|parts| Yaml::from(pattern(parts)))),
        ("where", spec.wher.as_ref().map(cond)),
        ("take", spec.take.as_deref().map(Yaml::from)),
        ("only", spec.only.map(Yaml::from)),
        ("default", spec.default.as_ref().map(|(default, _)| value(default))),
        ("else", (!spec.otherwise.is_empty()).then(|| list(&spec.otherwise, verb))),
    ];
    map(std::iter::once(source).chain(rest.into_iter().filter_map(|(key, value)| Some((key, value?)))))
}

fn verb(verb: &Verb) -> Yaml {
    let said = |pieces: &Text| Yaml::from(text(pieces));
    match verb {
        Verb::AddTag(tag) => one("add_tag", said(tag)),
        Verb::RemoveTag(parts) => one("remove_tag", Yaml::from(pattern(parts))),
        Verb::RenameTag { from, to } => one("rename_tag", map([("from", Yaml::from(pattern(from))), ("to", said(to))])),
        Verb::Ask { key, title, choose, expires, secret } => {
            let keys = [("key", Yaml::from(key.as_str())), ("title", said(title)), ("choose", spec(choose))];
            let secret = secret.then(|| ("secret", Yaml::from(true)));
            one("ask", map(keys.into_iter().chain([("expires", right(expires))]).chain(secret)))
        }
        Verb::SetTag(family, tag) => one("set_tag", one(family, said(tag))),
        Verb::ClearTag(family) => one("clear_tag", Yaml::from(family.as_str())),
        Verb::Note { text, key: None, secret: false } => one("add_note", said(text)),
        Verb::Note { text, key, secret } => {
            let key = key.as_ref().map(|key| ("key", said(key)));
            let secret = secret.then(|| ("secret", Yaml::from(true)));
            one("add_note", map(std::iter::once(("text", said(text))).chain(key).chain(secret)))
        }
        Verb::Link { url, key } => one("add_link", map([("url", right(url)), ("key", said(key))])),
        Verb::Alert(text) => one("alert", said(text)),
        Verb::Archive(reason) => one("archive", Yaml::from(*reason)),
        Verb::Unjudged(name, keys) => match keys.as_slice() {
            [("", only)] => one(name, takes(only)),
            keys => one(name, map(keys.iter().map(|(key, what)| (*key, takes(what))))),
        },
        Verb::Call { operation, with } => {
            let with = with.as_ref().map(|(name, given)| {
                let given = match given {
                    Given::Text(text) => said(text),
                    Given::Number(number) => Yaml::from(*number),
                };
                ("with", one(name, given))
            });
            one("call", map(std::iter::once(("operation", Yaml::from(*operation))).chain(with)))
        }
        Verb::Move { to, from: None } => one("move_stage", right(to)),
        Verb::Move { to, from: Some(from) } => one("move_stage", map([("to", right(to)), ("from", right(from))])),
    }
}

fn takes(what: &Takes) -> Yaml {
    match what {
        Takes::Word(word) => Yaml::from(*word),
        Takes::Text(pieces) => Yaml::from(text(pieces)),
        Takes::Right(value) => right(value),
        Takes::Map(keys) => map(keys.iter().map(|(key, what)| (*key, takes(what)))),
        Takes::Nothing => Yaml::Null,
    }
}

fn sources(specs: &[(String, Spec)]) -> Yaml {
    Yaml::Mapping(specs.iter().map(|(name, of)| (Yaml::from(name.as_str()), spec(of))).collect())
}

fn trigger(trigger: &Trigger) -> Yaml {
    let event = |event: &str| match event.split_once(':') {
        Some((key, value)) => one(key, Yaml::from(value)),
        None => Yaml::from(event),
    };
    match trigger {
        Trigger::Event(name) => event(name),
        Trigger::Timer { before, delay, of } => {
            let of = of.as_deref().map_or_else(|| Yaml::from("assessment.expires_at"), event);
            map([(if *before { "before" } else { "after" }, right(delay)), ("of", of)])
        }
        Trigger::TagAdded(parts) => one("tag_added", Yaml::from(pattern(parts))),
    }
}

fn rule(rule: &Rule) -> Yaml {
    let requires = |(asked, otherwise): &(Cond, Vec<Verb>)| {
        let mut entry = match asked {
            Cond::Test(..) => cond(asked),
            other => one("all", list(std::slice::from_ref(other), cond)),
        };
        if let (Yaml::Mapping(map), false) = (&mut entry, otherwise.is_empty()) {
            map.insert(Yaml::from("else"), list(otherwise, verb));
        }
        entry
    };
    let parts = [
        ("name", Some(Yaml::from(rule.name.as_str()))),
        ("trigger", Some(list(&rule.triggers, trigger))),
        ("accept", (!rule.accept.is_empty()).then(|| list(&rule.accept, |word| Yaml::from(*word)))),
        ("when", rule.when.as_ref().map(cond)),
        ("settle", rule.settle.map(|seconds| Yaml::from(format!("{seconds}s")))),
        ("for_each", (!rule.for_each.is_empty()).then(|| sources(&rule.for_each))),
        ("find", (!rule.find.is_empty()).then(|| sources(&rule.find))),
        ("require", (!rule.require.is_empty()).then(|| list(&rule.require, requires))),
        ("do", Some(list(&rule.verbs, verb))),
    ];
    map(parts.into_iter().filter_map(|(key, value)| Some((key, value?))))
}

fn ty(ty: &Type) -> Yaml {
    match ty {
        Type::List(item) => Yaml::Sequence(vec![self::ty(item)]),
        Type::OneOf(options) => one("one_of", list(options, |option| Yaml::from(option.as_str()))),
        other => Yaml::from(other.to_string().replace(' ', "_")),
    }
}

fn setting(setting: &Setting) -> Yaml {
    let kind = match &setting.ty {
        Type::List(item) if matches!(**item, Type::Record(_)) => {
            let Type::Record(fields) = &**item else { return Yaml::Null };
            let cell = |(name, field): (&String, &leverd::model::Field)| {
                let optional = if field.optional { "optional " } else { "" };
                (Yaml::from(name.as_str()), Yaml::from(format!("{optional}{}", field.ty)))
            };
            vec![("type", Yaml::from("table")), ("columns", Yaml::Mapping(fields.iter().map(cell).collect()))]
        }
        other => vec![("type", ty(other))],
    };
    let given = match &setting.value {
        Some(given) => ("default", value(given)),
        None => ("optional", Yaml::from(true)),
    };
    let per: Vec<Per> = setting.per.keys().copied().collect();
    let per = (!per.is_empty()).then(|| ("per", list(&per, |per| Yaml::from(per.as_str()))));
    map(kind.into_iter().chain([given]).chain(per))
}

/// What the account gives: by the name of the setting, for single things.
pub(super) fn given(pack: &Pack) -> Option<String> {
    let each = |(name, given): (&String, &Value)| (Yaml::from(name.as_str()), value(given));
    let overridden = pack.settings.iter().filter(|setting| !setting.per.is_empty());
    let all: Mapping = overridden
        .map(|setting| {
            let per =
                setting.per.iter().map(|(per, all)| (Yaml::from(per.key()), Yaml::Mapping(all.iter().map(each).collect())));
            (Yaml::from(setting.name.as_str()), Yaml::Mapping(per.collect()))
        })
        .collect();
    (!all.is_empty()).then(|| serde_yaml::to_string(&all).unwrap())
}

fn band(band: &Band) -> Yaml {
    let step = |(label, least): &(String, Option<Value>)| {
        one(label, least.as_ref().map_or_else(|| map([]), |least| map([("gte", value(least))])))
    };
    map([("of", Yaml::from(band.of.as_str())), ("steps", list(&band.steps, step))])
}

/// The pack as the text of its `rules.yaml`.
pub(super) fn yaml(pack: &Pack) -> String {
    let named = |entries: Vec<(&str, Yaml)>| {
        (!entries.is_empty()).then(|| Yaml::Mapping(entries.into_iter().map(|(key, value)| (Yaml::from(key), value)).collect()))
    };
    let families = pack.families.iter();
    let families = families.map(|(name, members)| (name.as_str(), list(members, |member| Yaml::from(pattern(member)))));
    let parts = [
        ("vendor", Some(Yaml::from("example"))),
        ("settings", named(pack.settings.iter().map(|of| (of.name.as_str(), setting(of))).collect())),
        ("tags", named(families.collect())),
        ("bands", named(pack.bands.iter().map(|of| (of.name.as_str(), band(of))).collect())),
        ("rules", Some(list(&pack.rules, rule))),
    ];
    serde_yaml::to_string(&map(parts.into_iter().filter_map(|(key, value)| Some((key, value?))))).unwrap()
}
