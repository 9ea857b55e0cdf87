//! What a rule sees, plainly: one flat table of names, every text made anew, every row compared with everything.

use super::written::{Ask, Band, Cond, Pack, Part, Pattern, Piece, Right, Setting, Source, Spec};
use jiff::Timestamp;
use leverd::lang::rule::Per;
use leverd::model::{Event, Kind, Type, Value};
use std::collections::BTreeMap;

/// A row: itself, and what may follow the dot.
#[derive(Debug, Clone)]
pub(super) struct Row {
    pub(super) value: Value,
    pub(super) fields: BTreeMap<String, Value>,
    asked: (Timestamp, i64),
}

/// Everything there is to see.
pub(super) struct World<'a> {
    pub(super) pack: &'a Pack,
    pub(super) event: &'a Event,
    pub(super) now: Timestamp,
    /// Every name of the vocabulary that has a value.
    pub(super) values: BTreeMap<String, Value>,
    pub(super) tests: Vec<Value>,
    pub(super) attempts: Vec<BTreeMap<String, Value>>,
    pub(super) stages: Vec<Value>,
    /// Whatever a hole of this kind may name.
    pub(super) named: Vec<Value>,
}

pub(super) struct Sight<'w> {
    pub(super) world: &'w World<'w>,
    pub(super) vars: Vec<(String, Option<Row>)>,
}

/// A text that wants what is not there.
pub(super) struct Absent(pub(super) String);

fn member(value: &Value, name: &str) -> Option<Value> {
    match (value, name) {
        (Value::Named(named), "id") => Some(Value::text(&named.id)),
        (Value::Named(named), "name" | "title") => Some(Value::text(&named.name)),
        (Value::Record { record }, name) => record.get(name).cloned(),
        _ => None,
    }
}

impl Row {
    pub(super) fn of(value: Value) -> Self {
        Self { value, fields: BTreeMap::new(), asked: (Timestamp::UNIX_EPOCH, 0) }
    }

    /// What a person chose, with the further fields of the row.
    pub(super) fn chosen(said: &BTreeMap<String, Value>) -> Option<Self> {
        let further = said.iter().filter_map(|(name, value)| Some((name.strip_prefix("answer.")?.to_owned(), value.clone())));
        Some(Self { fields: further.collect(), ..Self::of(said.get("answer")?.clone()) })
    }

    fn look(&self, path: Option<&str>) -> Option<Value> {
        let Some(path) = path else { return Some(self.value.clone()) };
        let (first, rest) = path.split_once('.').map_or((path, None), |(first, rest)| (first, Some(rest)));
        let found = self.fields.get(first).cloned().or_else(|| member(&self.value, first))?;
        rest.map_or(Some(found.clone()), |rest| rest.split('.').try_fold(found, |value, name| member(&value, name)))
    }
}

fn number(value: &Value) -> Option<f64> {
    match value {
        #[expect(clippy::cast_precision_loss, reason = "small numbers")]
        Value::Int(int) => Some(*int as f64),
        Value::Number(number) => Some(*number),
        _ => None,
    }
}

fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::Text(text) => Some(text),
        Value::Named(named) => Some(&named.name),
        _ => None,
    }
}

pub(super) fn items(value: &Value) -> Vec<Value> {
    if let Value::List(items) = value { items.clone() } else { vec![value.clone()] }
}

/// Equal as rules mean it.
pub(super) fn same(a: &Value, b: &Value, ignore_case: bool) -> bool {
    let cased = |text: &str| if ignore_case { text.trim().to_lowercase() } else { text.trim().to_owned() };
    match (a, b) {
        (Value::Named(a), Value::Named(b)) => (a.kind, &a.id) == (b.kind, &b.id),
        (Value::Named(named), Value::Text(text)) | (Value::Text(text), Value::Named(named)) => {
            cased(&named.name) == cased(text) || named.id == *text
        }
        (Value::Text(a), Value::Text(b)) => cased(a) == cased(b),
        (Value::List(a), Value::List(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b, ignore_case)),
        (a, b) => match (number(a), number(b)) {
            (Some(a), Some(b)) => (a - b).abs() < f64::EPSILON,
            _ => a == b,
        },
    }
}

fn among(item: &Value, all: &Value, ignore_case: bool) -> bool {
    items(all).iter().any(|other| same(item, other, ignore_case))
}

/// Numbers shortest, with at most two decimals; names by their name.
pub(super) fn print(value: &Value) -> String {
    let shortest = |text: String| {
        let short = text.trim_end_matches('0').trim_end_matches('.');
        if short == "-0" { "0".to_owned() } else { short.to_owned() }
    };
    match value {
        Value::Number(number) => shortest(format!("{number:.2}")),
        Value::Text(text) => text.clone(),
        Value::Named(named) => named.name.clone(),
        other => other.to_string(),
    }
}

fn round(number: f64, decimals: u8) -> String {
    let factor = 10_f64.powi(i32::from(decimals));
    let rounded = (number * factor).round() / factor;
    let text = format!("{rounded:.0$}", usize::from(decimals));
    let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
    if short == "-0" { "0".to_owned() } else { short.to_owned() }
}

/// Where a text goes: what comes out of values is cleaned for it.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Into {
    Plain,
    Note,
    Tag,
}

fn clean(text: &str, into: Into) -> String {
    match into {
        Into::Plain => text.to_owned(),
        Into::Tag => text.split(char::is_control).filter(|piece| !piece.is_empty()).collect::<Vec<_>>().join(" "),
        Into::Note => {
            let mut out = String::new();
            let mut before = None;
            for c in text.chars() {
                out.push(c);
                if c == '@' && !before.is_some_and(char::is_alphanumeric) {
                    out.push('\u{2060}');
                }
                before = Some(c);
            }
            out
        }
    }
}

impl Sight<'_> {
    /// The value of a dotted name.
    fn look(&self, path: &str) -> Option<Value> {
        let (head, rest) = path.split_once('.').map_or((path, None), |(head, rest)| (head, Some(rest)));
        if let Some((_, row)) = self.vars.iter().rev().find(|(name, _)| name == head) {
            return row.as_ref()?.look(rest);
        }
        if let Some(setting) = self.world.pack.settings.iter().find(|setting| setting.name == head) {
            let value = self.setting(setting)?;
            return rest
                .map_or(Some(value.clone()), |rest| rest.split('.').try_fold(value, |value, name| member(&value, name)));
        }
        if let Some(band) = self.world.pack.bands.iter().find(|band| band.name == path) {
            return self.band(band).map(Value::Text);
        }
        if let Some(value) = self.world.values.get(path) {
            return Some(value.clone());
        }
        let (front, last) = path.rsplit_once('.')?;
        member(&self.look(front)?, last)
    }

    /// A setting: the posting's value beats the test's, that one the stage's, and all of them the account's. What is about an attempt
    /// goes by where that was requested.
    fn setting(&self, setting: &Setting) -> Option<Value> {
        let values = &self.world.values;
        let attempt = values.contains_key("assessment.test");
        let named = |name: &str| values.get(name).filter(|_| self.world.event.opportunity.is_some());
        let id = |value: Option<&Value>| match value {
            Some(Value::Named(named)) => Some(named.id.clone()),
            _ => None,
        };
        let own = setting.per.iter().find_map(|(per, given)| {
            let (kind, which) = match per {
                Per::Posting => (Kind::Posting, id(values.get("assessment.posting").or_else(|| named("opportunity.posting")))),
                Per::Assessment => (Kind::Assessment, id(values.get("assessment.test"))),
                Per::Stage if attempt => (Kind::Stage, id(values.get("assessment.stage"))),
                Per::Stage => (Kind::Stage, id(values.get("to_stage").or_else(|| named("opportunity.stage")))),
            };
            let which = which?;
            let of =
                |name: &str| self.by_name(kind, name, false).is_some_and(|value| id(Some(&value)).as_ref() == Some(&which));
            given.iter().find(|(name, _)| of(name)).map(|(_, value)| value)
        });
        own.or(setting.value.as_ref()).map(|value| self.meant(&setting.ty, value))
    }

    /// A thing that stands in a file by its name.
    fn meant(&self, ty: &Type, value: &Value) -> Value {
        match (ty, value) {
            (Type::Named(kind), Value::Text(text)) => self.by_name(*kind, text, false).unwrap_or_else(|| value.clone()),
            (Type::List(item), Value::List(values)) => {
                Value::List(values.iter().map(|value| self.meant(item, value)).collect())
            }
            (Type::Record(fields), Value::Record { record }) => {
                let cell = |(name, value): (&String, &Value)| (name.clone(), self.meant(&fields[name].ty, value));
                Value::Record { record: record.iter().map(cell).collect() }
            }
            _ => value.clone(),
        }
    }

    fn by_name(&self, kind: Kind, text: &str, ignore_case: bool) -> Option<Value> {
        let of = |value: &&Value| matches!(value, Value::Named(named) if named.kind == kind);
        self.world.named.iter().filter(of).find(|value| same(value, &Value::text(text), ignore_case)).cloned()
    }

    fn band(&self, band: &Band) -> Option<String> {
        let value = number(&self.look(&band.of)?)?;
        let earned = |least: &Value| number(least).is_some_and(|least| value >= least);
        band.steps.iter().find(|(_, least)| least.as_ref().is_none_or(earned)).map(|(label, _)| label.clone())
    }

    pub(super) fn right(&self, right: &Right) -> Option<Value> {
        match right {
            Right::Lit(value) => Some(value.clone()),
            Right::Path(path) => self.look(path),
            Right::List(all) => {
                let found: Vec<Value> = all.iter().filter_map(|item| self.right(item)).collect();
                (all.is_empty() || !found.is_empty()).then_some(Value::List(found))
            }
        }
    }

    pub(super) fn says(&self, pieces: &[Piece], into: Into) -> Result<String, Absent> {
        pieces.iter().map(|piece| self.piece(piece, &|path| self.look(path), into)).collect()
    }

    fn piece(&self, piece: &Piece, look: &dyn Fn(&str) -> Option<Value>, into: Into) -> Result<String, Absent> {
        let all = |pieces: &[Piece]| pieces.iter().map(|piece| self.piece(piece, look, into)).collect::<Result<String, _>>();
        let must = |path: &str| look(path).ok_or_else(|| Absent(path.to_owned()));
        let printed = |value: &Value| clean(&print(value), into);
        let there = |path: &str| match look(path) {
            Some(Value::Bool(value)) => value,
            Some(Value::List(items)) => !items.is_empty(),
            other => other.is_some(),
        };
        Ok(match piece {
            Piece::Lit(lit) => lit.clone(),
            Piece::Print(path) => printed(&must(path)?),
            Piece::Default(path, lit) => look(path).map_or_else(|| lit.clone(), |value| printed(&value)),
            Piece::Round(path, decimals) => match number(&must(path)?) {
                Some(number) => round(number, *decimals),
                None => return Err(Absent(path.clone())),
            },
            Piece::Date(path) => match must(path)? {
                Value::Date { date } => date.strftime("%Y-%m-%d").to_string(),
                _ => return Err(Absent(path.clone())),
            },
            Piece::Join(path, between) => items(&must(path)?).iter().map(printed).collect::<Vec<_>>().join(between),
            Piece::Upper(path) => printed(&must(path)?).to_uppercase(),
            Piece::Lower(path) => printed(&must(path)?).to_lowercase(),
            Piece::Band(name, otherwise) => {
                let band = self.world.pack.bands.iter().find(|band| band.name == *name);
                let label = band.and_then(|band| self.band(band)).map(|label| clean(&label, into));
                label.or_else(|| otherwise.clone()).ok_or_else(|| Absent(name.clone()))?
            }
            Piece::If(path, then, otherwise) => all(if there(path) { then } else { otherwise })?,
            Piece::Unless(path, then) => all(if there(path) { &[] } else { then })?,
            Piece::Each(path, body) => {
                let mut out = String::new();
                for (n, item) in items(&must(path)?).into_iter().enumerate() {
                    let inner = |path: &str| match path {
                        "this" => Some(item.clone()),
                        "@index" => Some(Value::Int(i64::try_from(n).unwrap_or(0))),
                        path => member(&item, path),
                    };
                    for piece in body {
                        out.push_str(&self.piece(piece, &inner, into)?);
                    }
                }
                out
            }
        })
    }

    /// The texts of a pattern made, blanks at its ends dropped; `None` where one of them cannot be.
    pub(super) fn made(&self, pattern: &Pattern) -> Option<Vec<Result<String, (String, Type)>>> {
        let mut parts: Vec<Result<String, (String, Type)>> = Vec::new();
        for part in pattern {
            match part {
                Part::Hole(name, ty) => parts.push(Err(((*name).to_owned(), ty.clone()))),
                Part::Text(pieces) => {
                    let text = self.says(pieces, Into::Tag).ok()?;
                    match parts.last_mut() {
                        Some(Ok(before)) => before.push_str(&text),
                        _ => parts.push(Ok(text)),
                    }
                }
            }
        }
        if let Some(Ok(first)) = parts.first_mut() {
            *first = first.trim_start().to_owned();
        }
        if let Some(Ok(last)) = parts.last_mut() {
            *last = last.trim_end().to_owned();
        }
        parts.retain(|part| !matches!(part, Ok(text) if text.is_empty()));
        Some(parts)
    }

    /// What stands in the holes. A text stops as early as it can, a number or a name as late.
    fn fits(&self, parts: &[Result<String, (String, Type)>], text: &str, ignore_case: bool) -> Option<BTreeMap<String, Value>> {
        let Some((part, rest)) = parts.split_first() else { return text.is_empty().then(BTreeMap::new) };
        match part {
            Ok(literal) => {
                let mut ends = (0..=text.len()).filter(|end| text.is_char_boundary(*end));
                let end = ends.find(|end| {
                    let head = &text[..*end];
                    head == literal || (ignore_case && head.to_lowercase() == literal.to_lowercase())
                })?;
                self.fits(rest, &text[end..], ignore_case)
            }
            Err((name, ty)) => {
                let mut ends: Vec<usize> = (1..=text.len()).filter(|end| text.is_char_boundary(*end)).collect();
                if matches!(ty, Type::Named(_) | Type::Int | Type::Number) {
                    ends.reverse();
                }
                ends.into_iter().find_map(|end| {
                    let value = self.hole(ty, &text[..end], ignore_case)?;
                    let mut found = self.fits(rest, &text[end..], ignore_case)?;
                    found.insert(name.clone(), value);
                    Some(found)
                })
            }
        }
    }

    fn hole(&self, ty: &Type, text: &str, ignore_case: bool) -> Option<Value> {
        let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        match ty {
            Type::Int => {
                let body = text.strip_prefix('-').unwrap_or(text);
                digits(body).then(|| text.parse().ok().map(Value::Int))?
            }
            Type::Number => {
                let body = text.strip_prefix('-').unwrap_or(text);
                let good = body.split_once('.').map_or(digits(body), |(whole, part)| digits(whole) && digits(part));
                good.then(|| text.parse().ok().map(Value::Number))?
            }
            Type::Named(kind) => self.by_name(*kind, text, ignore_case),
            _ => (!text.trim().is_empty()).then(|| Value::text(text.trim())),
        }
    }

    pub(super) fn like(&self, pattern: &Pattern, text: &str, ignore_case: bool) -> Option<BTreeMap<String, Value>> {
        self.fits(&self.made(pattern)?, text.trim(), ignore_case)
    }

    /// `None`: an absent value says nothing, which is neither true nor, under `not`, false.
    fn asks(&self, ask: &Ask, value: Option<&Value>, ignore_case: bool) -> Option<bool> {
        match ask {
            Ask::Exists(wanted) => return Some(value.is_some() == *wanted),
            Ask::Not(inner) => return self.asks(inner, value, ignore_case).map(|yes| !yes),
            Ask::Both(all, any_case) => {
                let said: Vec<Option<bool>> = all.iter().map(|ask| self.asks(ask, value, ignore_case || *any_case)).collect();
                return if said.contains(&Some(false)) {
                    Some(false)
                } else if said.contains(&None) {
                    None
                } else {
                    Some(true)
                };
            }
            _ => {}
        }
        let value = value?;
        let ordered = |right: &Right, good: &dyn Fn(std::cmp::Ordering) -> bool| {
            let right = self.right(right)?;
            let order = match (value, &right) {
                (Value::Date { date: a }, Value::Date { date: b }) => Some(a.cmp(b)),
                (Value::Duration { duration: a }, Value::Duration { duration: b }) => Some(a.cmp(b)),
                (a, b) => number(a).zip(number(b)).and_then(|(a, b)| a.partial_cmp(&b)),
            };
            Some(order.is_some_and(good))
        };
        match ask {
            Ask::Is(right) => Some(same(value, &self.right(right)?, ignore_case)),
            Ask::In(right) => Some(among(value, &self.right(right)?, ignore_case)),
            Ask::Contains(right) => Some(among(&self.right(right)?, value, ignore_case)),
            Ask::AnyIn(right) => {
                let right = self.right(right)?;
                Some(items(value).iter().any(|item| among(item, &right, ignore_case)))
            }
            Ask::AllIn(right) => {
                let right = self.right(right)?;
                Some(items(value).iter().all(|item| among(item, &right, ignore_case)))
            }
            Ask::NoneIn(right) => {
                let right = self.right(right)?;
                Some(!items(value).iter().any(|item| among(item, &right, ignore_case)))
            }
            Ask::Like(pattern) => {
                let parts = self.made(pattern)?;
                let fit =
                    |item: &Value| text_of(item).is_some_and(|text| self.fits(&parts, text.trim(), ignore_case).is_some());
                Some(items(value).iter().any(fit))
            }
            Ask::Order("gt", right) => ordered(right, &std::cmp::Ordering::is_gt),
            Ask::Order("gte", right) => ordered(right, &std::cmp::Ordering::is_ge),
            Ask::Order("lt", right) => ordered(right, &std::cmp::Ordering::is_lt),
            Ask::Order(_, right) => ordered(right, &std::cmp::Ordering::is_le),
            Ask::Exists(_) | Ask::Not(_) | Ask::Both(..) => None,
        }
    }

    pub(super) fn holds(&self, cond: &Cond, row: Option<&Row>) -> bool {
        match cond {
            Cond::All(all) => all.iter().all(|cond| self.holds(cond, row)),
            Cond::Any(any) => any.iter().any(|cond| self.holds(cond, row)),
            Cond::Not(inner) => !self.holds(inner, row),
            Cond::Test(field, ask) => {
                let value = match row {
                    Some(row) => row.look(Some(field.as_str()).filter(|field| *field != "value")),
                    None => self.look(field),
                };
                self.asks(ask, value.as_ref(), false) == Some(true)
            }
        }
    }

    pub(super) fn rows(&self, spec: &Spec) -> Vec<Row> {
        let mut rows: Vec<Row> = match &spec.source {
            Source::Catalogue => self.world.tests.iter().cloned().map(Row::of).collect(),
            Source::Ledger => {
                let row = |fields: &BTreeMap<String, Value>| Row {
                    value: fields["test"].clone(),
                    fields: fields.clone(),
                    asked: match (&fields["requested_at"], &fields["attempt"]) {
                        (Value::Date { date }, Value::Int(attempt)) => (*date, *attempt),
                        _ => (Timestamp::UNIX_EPOCH, 0),
                    },
                };
                self.world.attempts.iter().map(row).collect()
            }
            Source::Path(path) => self.look(path).iter().flat_map(items).map(Row::of).collect(),
            Source::FirstOf(specs) => {
                specs.iter().map(|spec| self.rows(spec)).find(|rows| !rows.is_empty()).unwrap_or_default()
            }
        };
        if let Some(pattern) = &spec.like {
            let read = |row: Row| {
                let fields = self.like(pattern, text_of(&row.value)?, false)?;
                Some(Row { fields, ..row })
            };
            rows = rows.into_iter().filter_map(read).collect();
        }
        if let Some(cond) = &spec.wher {
            rows.retain(|row| self.holds(cond, Some(row)));
        }
        match spec.only {
            Some("first") => rows.truncate(1),
            Some("latest") => {
                let mut latest: Option<Row> = None;
                for row in rows {
                    if latest.as_ref().is_none_or(|best| row.asked >= best.asked) {
                        latest = Some(row);
                    }
                }
                rows = latest.into_iter().collect();
            }
            Some(_) if rows.len() > 1 => rows.clear(),
            _ => {}
        }
        if let Some(field) = &spec.take {
            rows = rows.iter().filter_map(|row| row.look(Some(field))).map(Row::of).collect();
        }
        if rows.is_empty()
            && let Some(value) = spec.default.as_ref().map(|(default, ty)| self.meant(ty, default))
        {
            rows = items(&value).into_iter().map(Row::of).collect();
        }
        rows
    }
}
