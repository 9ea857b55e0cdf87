//! The pipes, a closed list, and what each does to a value.

use super::{Path, PipeContext, Select};
use crate::lang::diagnostic::Diagnostics;
use crate::lang::near::near;
use crate::lang::source::{Sources, Span};
use crate::lang::yaml::parse_number;
use crate::model::Type;
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::fmt::{rfc2822, strtime};
use jiff::tz::TimeZone;
use serde_json::Value as Json;
use std::collections::BTreeMap;
use std::ops::Range;

/// The names of all pipes.
pub(super) const NAMES: [&str; 14] = [
    "json_decode",
    "iso8601",
    "epoch_s",
    "epoch_ms",
    "rfc2822",
    "strptime",
    "number",
    "text",
    "percent",
    "url_join",
    "lower",
    "trim",
    "default",
    "lookup",
];

/// One stage behind a `|`.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Pipe {
    /// A text that holds JSON.
    JsonDecode,
    Iso8601,
    EpochS,
    EpochMs,
    Rfc2822,
    /// Format, and the zone of times that name none.
    Strptime(String, TimeZone),
    Number,
    Text,
    /// Of what is found at this path in the document; absent when that is zero or absent.
    Percent(Path),
    UrlJoin,
    Lower,
    Trim,
    Default(Json),
    /// What a text stands for; absent for other texts.
    Lookup(BTreeMap<String, Json>),
    /// A further path, from the value on.
    Path(Path),
}

/// A fault in the text of a pipe.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) range: Range<usize>,
    pub(super) message: String,
    pub(super) help: String,
    /// The name that is no pipe.
    pub(super) unknown: Option<String>,
}

fn fault<T>(range: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Result<T, Fault> {
    Err(Fault { range, message: message.into(), help: help.into(), unknown: None })
}

/// Cuts at a sign that stands outside of quotes and brackets.
pub(super) fn split(text: &str, sign: char) -> Vec<Range<usize>> {
    let (mut depth, mut quote, mut start) = (0_usize, None, 0);
    let mut ranges = Vec::new();
    let mut escaped = false;
    for (at, c) in text.char_indices() {
        match quote {
            Some(_) if escaped => escaped = false,
            Some(_) if c == '\\' => escaped = true,
            Some(open) if c == open => quote = None,
            Some(_) => {}
            None => match c {
                '\'' | '"' => quote = Some(c),
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth = depth.saturating_sub(1),
                c if c == sign && depth == 0 => {
                    ranges.push(start..at);
                    start = at + c.len_utf8();
                }
                _ => {}
            },
        }
    }
    ranges.push(start..text.len());
    ranges
}

impl Pipe {
    /// Reads `name` or `name(arguments)`, or a further path.
    pub(super) fn parse(text: &str) -> Result<Self, Fault> {
        if text.starts_with('$') {
            return Ok(Self::Path(path(text, 0)?));
        }
        let end = text.find('(').unwrap_or(text.len());
        let name = text.get(..end).unwrap_or_default().trim_end();
        let arguments = match text.get(end..).unwrap_or_default() {
            "" => None,
            rest => match rest.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')) {
                Some(inner) => Some((inner, end + 1)),
                None => return fault(end..text.len(), "this bracket is never closed", "add `)`"),
            },
        };
        let whole = 0..text.len();
        let plain = |pipe: Self| match arguments {
            None => Ok(pipe),
            Some(_) => fault(end..text.len(), format!("`{name}` takes no arguments"), format!("write `| {name}`")),
        };
        let given = |usage: &str| match arguments {
            Some((inner, start)) if !inner.trim().is_empty() => Ok((inner, start)),
            _ => fault(whole.clone(), format!("`{name}` needs arguments"), format!("write `| {usage}`")),
        };
        match name {
            "json_decode" => plain(Self::JsonDecode),
            "iso8601" => plain(Self::Iso8601),
            "epoch_s" => plain(Self::EpochS),
            "epoch_ms" => plain(Self::EpochMs),
            "rfc2822" => plain(Self::Rfc2822),
            "number" => plain(Self::Number),
            "text" => plain(Self::Text),
            "url_join" => plain(Self::UrlJoin),
            "lower" => plain(Self::Lower),
            "trim" => plain(Self::Trim),
            "strptime" => {
                let (inner, start) = given("strptime('%d/%m/%Y %H:%M', 'Europe/London')")?;
                strptime(inner, start)
            }
            "percent" => {
                let (inner, start) = given("percent($.max_score)")?;
                let lead = inner.len() - inner.trim_start().len();
                Ok(Self::Percent(path(inner.trim(), start + lead)?))
            }
            "default" => {
                let (inner, start) = given("default('none')")?;
                match literal(inner.trim()) {
                    Some(value) => Ok(Self::Default(value)),
                    None => fault(
                        start..start + inner.len(),
                        format!("`{}` is no value", inner.trim()),
                        "write a text in quotes, a number, `true` or `false`",
                    ),
                }
            }
            "lookup" => {
                let (inner, start) = given("lookup({passed: true, failed: false})")?;
                lookup(inner, start)
            }
            _ => {
                let known = NAMES.map(|name| format!("`{name}`")).join(", ");
                Err(Fault {
                    range: 0..name.len().max(1).min(text.len()),
                    message: format!("there is no pipe `{name}`"),
                    help: format!("known pipes are {known}"),
                    unknown: (!near(name, NAMES).is_empty()).then(|| name.to_owned()),
                })
            }
        }
    }

    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::JsonDecode => "json_decode",
            Self::Iso8601 => "iso8601",
            Self::EpochS => "epoch_s",
            Self::EpochMs => "epoch_ms",
            Self::Rfc2822 => "rfc2822",
            Self::Strptime(..) => "strptime",
            Self::Number => "number",
            Self::Text => "text",
            Self::Percent(_) => "percent",
            Self::UrlJoin => "url_join",
            Self::Lower => "lower",
            Self::Trim => "trim",
            Self::Default(_) => "default",
            Self::Lookup(_) => "lookup",
            Self::Path(_) => "$",
        }
    }

    /// The type of what comes out, where the pipe alone tells.
    pub(super) fn ty(&self) -> Option<Type> {
        match self {
            Self::Iso8601 | Self::EpochS | Self::EpochMs | Self::Rfc2822 | Self::Strptime(..) => Some(Type::Date),
            Self::Number | Self::Percent(_) => Some(Type::Number),
            Self::Text | Self::Lower | Self::Trim => Some(Type::Text),
            Self::UrlJoin => Some(Type::Url),
            Self::JsonDecode | Self::Default(_) | Self::Lookup(_) | Self::Path(_) => None,
        }
    }

    /// What comes out; nothing is absent. The error says what the pipe wants.
    pub(super) fn apply(&self, value: &Json, document: &Json, context: &PipeContext<'_>) -> Result<Option<Json>, &'static str> {
        let text = |wanted| value.as_str().ok_or(wanted);
        let date = |at: Timestamp| Ok(Some(Json::String(at.to_string())));
        match self {
            Self::JsonDecode => {
                let decoded: Json = serde_json::from_str(text("a text with JSON")?).map_err(|_| "a text with JSON")?;
                Ok(Some(decoded).filter(|decoded| !decoded.is_null()))
            }
            Self::Iso8601 => date(iso8601(text("an ISO 8601 date")?).ok_or("an ISO 8601 date")?),
            Self::EpochS => date(epoch(value, 1000.0).ok_or("seconds since 1970")?),
            Self::EpochMs => date(epoch(value, 1.0).ok_or("milliseconds since 1970")?),
            Self::Rfc2822 => {
                let parsed = rfc2822::parse(text("an RFC 2822 date")?).map_err(|_| "an RFC 2822 date")?;
                date(parsed.timestamp())
            }
            Self::Strptime(format, zone) => {
                let wanted = "a date of the given format";
                date(parse_date(format, zone, text(wanted)?).ok_or(wanted)?)
            }
            Self::Number => Ok(Some(json_number(number(value).ok_or("a number")?))),
            Self::Text => match value {
                Json::String(_) => Ok(Some(value.clone())),
                Json::Number(_) | Json::Bool(_) => Ok(Some(Json::String(value.to_string()))),
                Json::Null | Json::Array(_) | Json::Object(_) => Err("a single value"),
            },
            Self::Percent(path) => {
                let score = number(value).ok_or("a number")?;
                let max = match path.first(document) {
                    None | Some(Json::Null) => return Ok(None),
                    Some(max) => number(max).ok_or("a number to divide by")?,
                };
                // A test without any points has no percentage.
                Ok((max > 0.0).then(|| json_number(score / max * 100.0)))
            }
            Self::UrlJoin => {
                let wanted = "a URL or the path of one";
                let base = url::Url::parse(context.base_url).map_err(|_| "a base URL")?;
                let joined = base.join(text(wanted)?).map_err(|_| wanted)?;
                Ok(Some(Json::String(joined.into())))
            }
            Self::Lower => Ok(Some(Json::String(text("a text")?.to_lowercase()))),
            Self::Trim => Ok(Some(Json::String(text("a text")?.trim().to_owned()))),
            Self::Default(_) => Ok(Some(value.clone())),
            Self::Lookup(table) => {
                let key = match value {
                    Json::String(text) => text.clone(),
                    Json::Number(_) | Json::Bool(_) => value.to_string(),
                    Json::Null | Json::Array(_) | Json::Object(_) => return Err("a single value"),
                };
                Ok(table.get(&key).cloned())
            }
            Self::Path(path) => Ok(path.first(value).filter(|found| !found.is_null()).cloned()),
        }
    }
}

/// A path within a pipe; it selects one value.
fn path(text: &str, start: usize) -> Result<Path, Fault> {
    let mut sources = Sources::new();
    let id = sources.add_text("", text);
    let mut found = Diagnostics::new();
    let path = Path::parse_text(text, Select::One, &|range| Span::new(id, range), &mut found);
    path.ok_or_else(|| {
        let first = found.into_iter().next();
        let range = first.as_ref().map_or(0..text.len(), |fault| fault.primary.range());
        let (message, help) = first.map(|fault| (fault.message, fault.help.join("; "))).unwrap_or_default();
        Fault { range: start + range.start..start + range.end, message, help, unknown: None }
    })
}

fn strptime(inner: &str, start: usize) -> Result<Pipe, Fault> {
    let usage = "write `strptime('%d/%m/%Y %H:%M', 'Europe/London')`";
    let arguments = split(inner, ',');
    let texts: Vec<Option<String>> =
        arguments.iter().map(|range| quoted(inner.get(range.clone()).unwrap_or_default().trim())).collect();
    let place = |at: usize| {
        let range = arguments.get(at).cloned().unwrap_or_default();
        start + range.start..start + range.end
    };
    let [Some(format), zone @ ..] = texts.as_slice() else {
        return fault(place(0), "the format must be a text in quotes", usage);
    };
    if let Err(error) = strtime::format(format, &Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC)) {
        return fault(place(0), format!("`{format}` is no date format: {error}"), usage);
    }
    let zone = match zone {
        [] => TimeZone::UTC,
        [Some(name)] if name == "UTC" => TimeZone::UTC,
        [Some(name)] => match TimeZone::get(name) {
            Ok(zone) => zone,
            Err(_) => {
                return fault(place(1), format!("there is no time zone `{name}`"), "zones are named such as `Europe/London`");
            }
        },
        _ => return fault(place(1), "after the format stands at most a time zone in quotes", usage),
    };
    Ok(Pipe::Strptime(format.clone(), zone))
}

fn lookup(inner: &str, start: usize) -> Result<Pipe, Fault> {
    let usage = "write `lookup({passed: true, failed: false})`";
    let whole = start..start + inner.len();
    let body = inner.trim().strip_prefix('{').and_then(|body| body.strip_suffix('}'));
    let Some(body) = body else {
        return fault(whole, "a table in braces must stand here", usage);
    };
    let mut table = BTreeMap::new();
    for entry in split(body, ',') {
        let entry = body.get(entry).unwrap_or_default().trim();
        let [key, value] = split(entry, ':').try_into().unwrap_or([0..0, 0..0]);
        let word = |text: &str| {
            quoted(text).or_else(|| {
                (!text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | ' ' | '.')))
                    .then(|| text.to_owned())
            })
        };
        let key = word(entry.get(key).unwrap_or_default().trim());
        let value = entry.get(value).unwrap_or_default().trim();
        let value = literal(value).or_else(|| word(value).map(Json::String));
        let (Some(key), Some(value)) = (key, value) else {
            return fault(whole, format!("`{entry}` is no `key: value`"), usage);
        };
        if table.insert(key.clone(), value).is_some() {
            return fault(whole, format!("`{key}` stands twice in this table"), "remove one of them");
        }
    }
    Ok(Pipe::Lookup(table))
}

/// A text in quotes, without them. There are no escapes.
fn quoted(text: &str) -> Option<String> {
    let quote = text.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
    let inner = text.get(1..)?.strip_suffix(quote)?;
    (!inner.contains(quote)).then(|| inner.to_owned())
}

fn literal(text: &str) -> Option<Json> {
    match text {
        "true" => Some(Json::Bool(true)),
        "false" => Some(Json::Bool(false)),
        _ => quoted(text).map(Json::String).or_else(|| parse_number(text).map(json_number)),
    }
}

/// Whole numbers stay whole.
fn json_number(number: f64) -> Json {
    #[expect(clippy::cast_possible_truncation, reason = "checked to be whole and small")]
    if number.fract() == 0.0 && number.abs() < 9.0e15 { Json::from(number as i64) } else { Json::from(number) }
}

fn number(value: &Json) -> Option<f64> {
    match value {
        Json::String(text) => parse_number(text.trim()),
        other => other.as_f64(),
    }
}

fn epoch(value: &Json, to_ms: f64) -> Option<Timestamp> {
    let ms = number(value)? * to_ms;
    #[expect(clippy::cast_possible_truncation, reason = "casts of floats saturate, and jiff checks the range")]
    Timestamp::from_millisecond(ms.round() as i64).ok()
}

/// With an offset, or without one, which means UTC; a date alone is its first moment.
fn iso8601(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Some(at);
    }
    if let Ok(at) = Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text) {
        return Some(at);
    }
    let civil = text.parse::<DateTime>().ok()?;
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| zoned.timestamp())
}

fn parse_date(format: &str, zone: &TimeZone, text: &str) -> Option<Timestamp> {
    let parsed = strtime::parse(format, text.trim()).ok()?;
    if let Ok(at) = parsed.to_timestamp() {
        return Some(at);
    }
    let civil = parsed.to_datetime().or_else(|_| parsed.to_date().map(Date::into)).ok()?;
    civil.to_zoned(zone.clone()).ok().map(|zoned| zoned.timestamp())
}
