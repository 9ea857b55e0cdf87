//! Packs made by chance, directed by types: whatever a name's type allows may be asked of it and printed. `triggers.rs` says what rules
//! listen to, `texts.rs` what they write, `unjudged.rs` what they do of which the plain evaluator has no opinion.
//!
//! A careful author guards what may be absent and compares like with like; a bold one forgets both now and then. `validate` may refuse
//! what the bold one wrote. What it accepts has to work, whoever wrote it.

mod texts;
mod triggers;
mod unjudged;

pub(super) use triggers::kinds;

use super::happens::{POSTINGS, STAGES, TESTS, tag, value};
use super::written::{Ask, Band, Cond, Given, Pack, Part, Pattern, Piece, Right, Rule, Setting, Source, Spec, Verb};
use crate::dice::Dice;
use leverd::lang::adapter::Adapter;
use leverd::lang::rule::Per;
use leverd::lang::vocabulary;
use leverd::model::{EventKind, Field, Kind, Type, Value};
use std::collections::BTreeMap;

struct Author<'a> {
    dice: &'a mut Dice,
    adapter: &'a Adapter,
    bold: bool,
    pack: Pack,
    /// The questions so far, and what is chosen from.
    asked: Vec<(String, Field)>,
    /// Whether what `where` asks for is known of the rows that stay.
    narrows: bool,
}

/// The names in sight at one place.
#[derive(Clone, Default)]
struct Sight {
    names: BTreeMap<String, Field>,
    bands: Vec<(String, bool)>,
    /// Inside of `where`: the fields of the row.
    row: Option<BTreeMap<String, Field>>,
    /// Names that may be absent, and that a bold author takes for present: tested in another branch, or for the contrary.
    believed: Vec<String>,
    about_attempt: bool,
}

impl Sight {
    fn add(&mut self, name: &str, field: &Field) {
        add(&mut self.names, name, field);
    }
}

/// A name, and what may follow its dot.
fn add(names: &mut BTreeMap<String, Field>, name: &str, field: &Field) {
    names.insert(name.to_owned(), field.clone());
    for part in field.ty.members() {
        if let Some(of) = field.ty.member(&part) {
            names.insert(format!("{name}.{part}"), Field { optional: field.optional || of.optional, ty: of.ty });
        }
    }
}

fn textual(ty: &Type) -> bool {
    matches!(ty, Type::Text | Type::Tag | Type::Url | Type::OneOf(_) | Type::Named(_))
}

/// A pack, and whether its author was careful.
pub(super) fn pack(dice: &mut Dice, adapter: &Adapter) -> (Pack, bool) {
    let bold = dice.permille(400);
    let mut author = Author { dice, adapter, bold, pack: Pack::default(), asked: Vec::new(), narrows: true };
    author.declare();
    for at in 0..author.dice.between(1, 4) {
        let rule = author.rule(usize::try_from(at).unwrap());
        author.pack.rules.push(rule);
    }
    (author.pack, !bold)
}

impl Author<'_> {
    fn chance(&mut self, permille: u64) -> bool {
        self.dice.permille(permille)
    }

    /// What only a bold author does, and not often.
    fn slips(&mut self) -> bool {
        self.bold && self.dice.permille(120)
    }

    fn lit(&mut self) -> String {
        (*self.dice.pick(&["Sent ", "Score", "ok: ", " - ", "Ünï ", "a@b.example ", "1.10 ", "no", "x: y # z ", "'q' "]))
            .to_owned()
    }

    fn name(&mut self, names: &BTreeMap<String, Field>, good: impl Fn(&Field) -> bool) -> Option<(String, Field)> {
        let slip = self.slips();
        let fitting: Vec<_> = names.iter().filter(|(_, field)| slip || good(field)).collect();
        if fitting.is_empty() {
            return None;
        }
        let (name, field) = *self.dice.pick(&fitting);
        Some((name.clone(), field.clone()))
    }

    fn declare(&mut self) {
        let scalar = [Type::Text, Type::Int, Type::Number, Type::Bool, Type::Duration, Type::Date, Type::Url, Type::Tag];
        let named = [
            Type::STAGE,
            Type::POSTING,
            Type::ASSESSMENT,
            Type::Named(Kind::User),
            Type::Named(Kind::FormTemplate),
            Type::Named(Kind::FeedbackTemplate),
        ];
        let options = Type::OneOf(["low", "mid", "high"].map(str::to_owned).to_vec());
        for at in 0..self.dice.below(6) {
            let ty = match self.dice.below(10) {
                0..4 => self.dice.pick(&scalar).clone(),
                4..6 => self.dice.pick(&named).clone(),
                6 => options.clone(),
                7..9 => {
                    let all: Vec<Type> = scalar.iter().chain(&named).cloned().collect();
                    self.dice.pick(&all).clone().list()
                }
                _ => {
                    let cells = [
                        ("what", Field::required(Type::Text)),
                        ("tag", Field::optional(Type::Tag)),
                        ("from", Field::required(Type::Number)),
                        ("into", Field::optional(Type::STAGE)),
                    ];
                    Type::Record(cells.map(|(name, field)| (name.to_owned(), field)).into()).list()
                }
            };
            let value = (!self.chance(250)).then(|| given(&value(self.dice, &ty)));
            let per = self.overrides(&ty);
            self.pack.settings.push(Setting { name: format!("s{at}"), ty, value, per });
        }
        let lit = |text: &str| vec![Part::Text(vec![Piece::Lit(text.to_owned())])];
        self.pack.families.push(("mood".to_owned(), vec![lit("Hot"), lit("Warm"), lit("Cold")]));
        let level = vec![Part::Text(vec![Piece::Lit("Level ".to_owned())]), Part::Hole("n", Type::Int)];
        self.pack.families.push(("level".to_owned(), vec![level, lit("Level unknown")]));
        let status =
            |end: &str| vec![Part::Text(vec![Piece::Print("assessment.title".to_owned()), Piece::Lit(format!(" - {end}"))])];
        self.pack.families.push(("status".to_owned(), vec![status("Sent"), status("Done")]));
        if self.chance(600) {
            let (of, pass, weak) = if self.chance(500) {
                ("result.percent", Value::Number(70.0), Value::Number(40.5))
            } else {
                ("assessment.attempt", Value::Int(3), Value::Int(2))
            };
            let mut steps = vec![("Pass".to_owned(), Some(pass)), ("Weak".to_owned(), Some(weak))];
            if self.chance(500) {
                steps.push(("Fail".to_owned(), None));
            }
            let of = of.to_owned();
            self.pack.bands.push(Band { name: "verdict".to_owned(), of, steps });
        }
    }

    /// What the account gives instead for some postings, tests and stages. A table has a column for that.
    fn overrides(&mut self, ty: &Type) -> BTreeMap<Per, BTreeMap<String, Value>> {
        let mut per = BTreeMap::new();
        if matches!(ty, Type::List(item) if matches!(**item, Type::Record(_))) {
            return per;
        }
        for (which, names) in [(Per::Posting, &POSTINGS[..]), (Per::Assessment, &TESTS[..]), (Per::Stage, &STAGES[..])] {
            if self.chance(200) {
                let some = (0..self.dice.between(1, 2)).map(|_| (*self.dice.pick(names)).to_owned()).collect::<Vec<_>>();
                per.insert(which, some.into_iter().map(|name| (name, given(&value(self.dice, ty)))).collect());
            }
        }
        per
    }

    /// The names that all of these events have.
    fn sight(&self, kinds: &[EventKind]) -> Sight {
        let mut common: Option<BTreeMap<String, Field>> = None;
        for kind in kinds {
            let names = vocabulary::names(kind, Some(self.adapter));
            common = Some(match common {
                None => names,
                Some(known) => {
                    let both = known.into_iter().filter_map(|(name, field)| {
                        let other = names.get(&name).filter(|other| other.ty == field.ty)?;
                        Some((name, Field { optional: field.optional || other.optional, ..field }))
                    });
                    both.collect()
                }
            });
        }
        let mut sight = Sight {
            about_attempt: kinds.iter().all(|kind| vocabulary::about_attempt(kind, Some(self.adapter))),
            ..Sight::default()
        };
        for (name, field) in common.unwrap_or_default() {
            sight.add(&name, &field);
        }
        for setting in &self.pack.settings {
            sight.add(&setting.name, &Field { ty: setting.ty.clone(), optional: setting.value.is_none() });
        }
        for band in &self.pack.bands {
            if let Some(of) = sight.names.get(&band.of) {
                let total = band.steps.iter().any(|(_, least)| least.is_none());
                sight.bands.push((band.name.clone(), of.optional || !total));
            }
        }
        sight
    }

    fn rule(&mut self, at: usize) -> Rule {
        let (triggers, heard, known) = self.triggers();
        let mut sight = self.sight(&heard);
        for (name, field) in &known {
            sight.add(name, field);
        }
        let stage_change = heard.contains(&EventKind::STAGE_CHANGE);
        let mut accept = Vec::new();
        for (word, fits) in [("archived", true), ("moved_on", stage_change), ("own_moves", stage_change)] {
            if fits && self.chance(250) {
                accept.push(word);
            }
        }
        let when = self.chance(550).then(|| self.cond(&mut sight, 2, true)).flatten();
        let mut for_each = Vec::new();
        for n in 0..if self.chance(400) { self.dice.between(1, 2) } else { 0 } {
            let name = format!("v{n}");
            if let Some((spec, row)) = self.spec(&sight, true) {
                sight.add(&name, &row);
                for_each.push((name, spec));
            }
        }
        let mut find = Vec::new();
        if self.chance(300)
            && let Some((spec, row)) = self.spec(&sight, false)
        {
            // One that finds nothing goes on without it, unless it says what to do instead.
            let optional = spec.default.is_none() && spec.otherwise.is_empty();
            let mut hoped = sight.clone();
            hoped.add("found", &Field { optional: row.optional, ..row.clone() });
            sight.add("found", &Field { optional: optional || row.optional, ..row });
            self.believe(&mut sight, &hoped);
            find.push(("found".to_owned(), spec));
        }
        let mut require = Vec::new();
        if self.chance(300) {
            let otherwise = if self.chance(500) { self.verbs(&sight, 2) } else { Vec::new() };
            if let Some(cond) = self.cond(&mut sight, 1, true) {
                require.push((cond, otherwise));
            }
        }
        let verbs = self.verbs(&sight, 4);
        let can = when.is_some() || !for_each.is_empty();
        let settle = (can && self.chance(400)).then(|| i64::try_from(self.dice.between(11, 3_600)).unwrap());
        Rule { name: format!("rule {at}"), triggers, accept, when, settle, for_each, find, require, verbs }
    }

    /// A condition. Where it must hold for what follows, what it asks for is there from then on.
    fn cond(&mut self, sight: &mut Sight, depth: u32, certain: bool) -> Option<Cond> {
        match if depth == 0 { 9 } else { self.dice.below(10) } {
            0 | 1 => {
                let all = (0..self.dice.between(1, 3)).filter_map(|_| self.cond(sight, depth - 1, certain)).collect::<Vec<_>>();
                (!all.is_empty()).then_some(Cond::All(all))
            }
            2 | 3 => {
                let mut any = Vec::new();
                for _ in 0..self.dice.between(1, 3) {
                    let mut inner = sight.clone();
                    any.extend(self.cond(&mut inner, depth - 1, true));
                    self.believe(sight, &inner);
                }
                (!any.is_empty()).then_some(Cond::Any(any))
            }
            4 => {
                let mut inner = sight.clone();
                let cond = self.cond(&mut inner, depth - 1, true).map(|inner| Cond::Not(Box::new(inner)));
                self.believe(sight, &inner);
                cond
            }
            _ => {
                let names = sight.row.clone().unwrap_or_else(|| sight.names.clone());
                let (name, field) = self.name(&names, |field| !matches!(field.ty, Type::Record(_)))?;
                if matches!(&field.ty, Type::List(item) if matches!(**item, Type::Record(_))) {
                    return None;
                }
                let ask = self.ask(sight, &field)?;
                let there = !matches!(ask, Ask::Not(_) | Ask::Exists(false));
                let there = there
                    && !matches!(&ask, Ask::Both(all, _) if all.iter().all(|ask| matches!(ask, Ask::Not(_) | Ask::Exists(false))));
                if certain && there {
                    let known = sight.row.as_mut().unwrap_or(&mut sight.names);
                    if let Some(field) = known.get_mut(&name) {
                        field.optional = false;
                    }
                }
                Some(Cond::Test(name, ask))
            }
        }
    }

    /// What holds in one branch, a bold author takes to hold outside of it.
    fn believe(&mut self, sight: &mut Sight, inner: &Sight) {
        if self.bold {
            let learnt = inner.names.iter().filter(|(name, field)| !field.optional && sight.names[*name].optional);
            sight.believed.extend(learnt.map(|(name, _)| name.clone()));
        }
    }

    /// A value to compare one of this type with.
    fn right(&mut self, sight: &Sight, ty: &Type) -> Right {
        let path = self.chance(350).then(|| self.name(&sight.names, |field| field.ty == *ty)).flatten();
        match (path, ty) {
            (Some((name, _)), _) => Right::Path(name),
            (None, Type::List(item)) if self.chance(300) => {
                Right::List((0..self.dice.between(1, 3)).map(|_| self.right(sight, item)).collect())
            }
            (None, ty) => Right::Lit(given(&value(self.dice, ty))),
        }
    }

    fn ask(&mut self, sight: &Sight, field: &Field) -> Option<Ask> {
        if field.optional && self.chance(250) {
            return Some(Ask::Exists(self.chance(600)));
        }
        let ask = self.plain(sight, &field.ty)?;
        Some(match self.dice.below(10) {
            0 => {
                let asked = if field.optional { vec![Ask::Exists(true)] } else { Vec::new() };
                let inner = if let Ask::Both(..) = ask { self.plain(sight, &field.ty)? } else { ask };
                Ask::Both(asked.into_iter().chain([Ask::Not(Box::new(inner))]).collect(), false)
            }
            1 if textual(&field.ty) => Ask::Both(vec![ask], true),
            _ => ask,
        })
    }

    fn plain(&mut self, sight: &Sight, ty: &Type) -> Option<Ask> {
        let order = *self.dice.pick(&["gt", "gte", "lt", "lte"]);
        Some(match ty {
            Type::List(item) => match self.dice.below(5) {
                0 | 1 => Ask::Contains(self.right(sight, item)),
                2 => Ask::AnyIn(self.right(sight, ty)),
                3 => Ask::NoneIn(self.right(sight, ty)),
                _ if textual(item) && self.chance(500) => Ask::Like(self.pattern(sight)),
                _ => Ask::AllIn(self.right(sight, ty)),
            },
            Type::Record(_) => return None,
            Type::Bool => Ask::Is(self.right(sight, ty)),
            Type::Int | Type::Number | Type::Date | Type::Duration if self.chance(700) => {
                Ask::Order(order, self.right(sight, ty))
            }
            _ if textual(ty) && self.chance(200) => Ask::Like(self.pattern(sight)),
            _ if self.chance(400) => Ask::In(self.right(sight, &ty.clone().list())),
            _ => Ask::Is(self.right(sight, ty)),
        })
    }

    fn pattern(&mut self, sight: &Sight) -> Pattern {
        let holes = [("n", Type::Int), ("x", Type::Number), ("t", Type::Text), ("s", Type::STAGE), ("a", Type::ASSESSMENT)];
        let (name, ty) = self.dice.pick(&holes).clone();
        let front = (*self.dice.pick(&["Level ", "Score: ", "In ", ""])).to_owned();
        let mut text = vec![Piece::Lit(front.clone())];
        if self.chance(200)
            && let Some((path, _)) = self.name(&sight.names, |field| !field.optional && field.ty.prints())
        {
            text.push(Piece::Print(path));
        }
        let end = *self.dice.pick(&["", " %", " - Done"]);
        let mut parts = vec![Part::Text(text)];
        if self.chance(800) {
            parts.push(Part::Hole(name, ty));
        }
        parts.push(Part::Text(vec![Piece::Lit(if front.is_empty() && end.is_empty() {
            " !".to_owned()
        } else {
            end.to_owned()
        })]));
        parts
    }

    fn spec(&mut self, sight: &Sight, outer: bool) -> Option<(Spec, Field)> {
        let (source, mut row) = match self.dice.below(4) {
            0 => (Source::Catalogue, Field::required(Type::ASSESSMENT)),
            1 => {
                let own = vocabulary::assessment().into_iter();
                let fields = own.filter_map(|entry| Some((entry.name.strip_prefix("assessment.")?.to_owned(), entry.field)));
                (Source::Ledger, Field::required(Type::Record(fields.collect())))
            }
            _ => {
                let (name, field) = self.name(&sight.names, |field| matches!(field.ty, Type::List(_)))?;
                let Type::List(item) = field.ty else { return None };
                (Source::Path(name), Field::required(*item))
            }
        };
        let ledger = matches!(source, Source::Ledger);
        let mut spec = Spec { source, like: None, wher: None, take: None, only: None, default: None, otherwise: Vec::new() };
        if textual(&row.ty) && self.chance(300) {
            let pattern = self.pattern(sight);
            if let Some(Part::Hole(name, ty)) = pattern.iter().find(|part| matches!(part, Part::Hole(..))) {
                row.ty = Type::Record([((*name).to_owned(), Field::required(ty.clone()))].into());
            }
            spec.like = Some(pattern);
        }
        let fields: BTreeMap<String, Field> =
            row.ty.members().into_iter().filter_map(|name| Some((name.clone(), row.ty.member(&name)?))).collect();
        if !fields.is_empty() && self.chance(500) {
            let mut inside = Sight { row: Some(fields.clone()), ..sight.clone() };
            spec.wher = self.cond(&mut inside, 1, true);
            // What it asks for, a row that stays has.
            if self.narrows
                && let (Type::Record(fields), Some(row)) = (&mut row.ty, inside.row)
            {
                for (name, field) in fields {
                    field.optional &= row[name].optional;
                }
            }
        }
        if self.chance(250) {
            spec.only = Some(*self.dice.pick(if ledger { &["first", "latest", "one"] } else { &["first", "one", "one"] }));
        }
        if self.chance(250)
            && let Some((name, field)) = self.name(&fields, |_| true)
        {
            spec.take = Some(name);
            row = Field::required(field.ty);
        }
        if row.ty.prints() && self.chance(200) {
            spec.default = Some((given(&value(self.dice, &row.ty)), row.ty.clone()));
        }
        if self.chance(200) {
            spec.otherwise = self.verbs(sight, 2);
        }
        if self.chance(100) && spec.otherwise.is_empty() {
            let inner = Spec { default: None, ..spec.clone() };
            spec = Spec {
                source: Source::FirstOf(vec![inner.clone(), inner]),
                like: None,
                wher: None,
                take: None,
                only: if outer { None } else { Some("first") },
                ..spec
            };
        }
        Some((spec, row))
    }

    fn verbs(&mut self, sight: &Sight, most: u64) -> Vec<Verb> {
        let mut verbs: Vec<Verb> = (0..self.dice.between(1, most)).map(|_| self.verb(sight)).collect();
        if !self.slips() {
            // The same twice is refused.
            let mut seen = Vec::new();
            verbs.retain(|verb| {
                let new = !seen.contains(&effect(verb));
                seen.push(effect(verb));
                new
            });
        }
        verbs
    }

    fn verb(&mut self, sight: &Sight) -> Verb {
        if !sight.names.contains_key("opportunity.id") && !self.slips() {
            return Verb::Alert(self.text(sight, 1));
        }
        match self.dice.below(21) {
            18 => {
                let to = if self.chance(500) { vec![Piece::Lit(tag(self.dice))] } else { self.text(sight, 1) };
                Verb::RenameTag { from: self.pattern(sight), to }
            }
            19 | 20 => self.question(sight).unwrap_or_else(|| Verb::Alert(self.text(sight, 1))),
            0 | 1 => Verb::AddTag(if self.chance(400) { vec![Piece::Lit(tag(self.dice))] } else { self.text(sight, 1) }),
            2 => Verb::RemoveTag(self.pattern(sight)),
            3 => Verb::SetTag("mood".to_owned(), vec![Piece::Lit((*self.dice.pick(&["Hot", "Warm", "Cold"])).to_owned())]),
            4 => {
                let number = self.name(&sight.names, |field| !field.optional && field.ty == Type::Int);
                let level = number.map_or_else(
                    || vec![Piece::Lit("Level unknown".to_owned())],
                    |(name, _)| vec![Piece::Lit("Level ".to_owned()), Piece::Print(name)],
                );
                Verb::SetTag("level".to_owned(), level)
            }
            5 if sight.about_attempt || self.slips() => {
                let end = *self.dice.pick(&[" - Sent", " - Done"]);
                Verb::SetTag("status".to_owned(), vec![Piece::Print("assessment.title".to_owned()), Piece::Lit(end.to_owned())])
            }
            5 => Verb::ClearTag("mood".to_owned()),
            6 | 7 => {
                let key = self.chance(400).then(|| vec![Piece::Lit((*self.dice.pick(&["result", "other"])).to_owned())]);
                Verb::Note { text: self.text(sight, 2), key, secret: self.chance(200) }
            }
            8 => {
                let url = self
                    .name(&sight.names, |field| !field.optional && field.ty == Type::Url)
                    .map(|(name, _)| Right::Path(name));
                let url = url.unwrap_or_else(|| Right::Lit(Value::text("https://example.com/report")));
                Verb::Link { url, key: vec![Piece::Lit("report".to_owned())] }
            }
            9 => Verb::Alert(self.text(sight, 2)),
            10 => Verb::Archive(self.dice.pick::<&str>(&super::happens::REASONS)),
            11 | 12 if sight.about_attempt || self.slips() => {
                let (operation, with) = match self.dice.below(3) {
                    0 => ("cancel", None),
                    1 => ("extend", Some(("days", Given::Number(i64::try_from(self.dice.between(1, 30)).unwrap())))),
                    _ => ("remind", self.chance(600).then(|| ("message", Given::Text(self.text(sight, 1))))),
                };
                Verb::Call { operation, with }
            }
            11 => Verb::Call { operation: "balance", with: None },
            13..=15 => self.unjudged(sight),
            _ => {
                let to = self.name(&sight.names, |field| !field.optional && field.ty == Type::STAGE);
                let to = match to.filter(|_| self.chance(400)) {
                    Some((name, _)) => Right::Path(name),
                    None => Right::Lit(Value::text(*self.dice.pick(&STAGES))),
                };
                let from = self.chance(300).then(|| Right::Lit(given(&value(self.dice, &Type::STAGE.list()))));
                Verb::Move { to, from }
            }
        }
    }
}

/// What two verbs of one list must not both be.
fn effect(verb: &Verb) -> String {
    match verb {
        Verb::Link { key, .. } | Verb::Note { key: Some(key), .. } => {
            format!("{} {}", matches!(verb, Verb::Link { .. }), super::written::text(key))
        }
        Verb::SetTag(family, _) | Verb::ClearTag(family) => family.clone(),
        Verb::Move { .. } => "move".to_owned(),
        Verb::Archive(_) => "archive".to_owned(),
        Verb::Unjudged(name, _) => (*name).to_owned(),
        Verb::Call { operation, .. } => format!("call {operation}"),
        Verb::Ask { key, .. } => format!("ask {key}"),
        other => format!("{other:?}"),
    }
}

/// A value as an author writes it: things by their name.
fn given(value: &Value) -> Value {
    match value {
        Value::Named(named) => Value::text(&named.name),
        // What would be read as something else than text.
        Value::Text(text) if text.contains("{{") || text.starts_with('$') => Value::text("plain"),
        Value::List(items) => Value::List(items.iter().map(given).collect()),
        Value::Record { record } => {
            Value::Record { record: record.iter().map(|(name, cell)| (name.clone(), given(cell))).collect() }
        }
        other => other.clone(),
    }
}
