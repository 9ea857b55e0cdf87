//! Reading nodes as the types their fields have.
//!
//! Each reader gives the value or leaves a diagnostic; for a node that was reported already it stays silent.

use super::node::{Key, Kind, Node, Style};
use crate::lang::diagnostic::{Diagnostic, Diagnostics};
use jiff::SignedDuration;
use std::fmt::Write as _;

/// Code of "the value has another type than its field".
const WRONG_TYPE: &str = "wrong-type";

impl Node {
    /// The text of a scalar, quoted or not.
    pub fn as_text(&self, diagnostics: &mut Diagnostics) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, .. } if !self.is_null() => Some(text),
            _ => {
                let help = if self.is_null() {
                    "an empty text is written `\"\"`"
                } else {
                    "write one text; quote it if it has special characters"
                };
                self.wrong("a text", help, diagnostics);
                None
            }
        }
    }

    /// `true` or `false`, unquoted; nothing else.
    pub fn as_bool(&self, diagnostics: &mut Diagnostics) -> Option<bool> {
        match self.plain() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => {
                let help = "write `true` or `false`, without quotes";
                let diagnostic = self.wrong_type("`true` or `false`", help);
                diagnostics.extend(diagnostic.map(|found| match self.scalar().map(str::to_ascii_lowercase).as_deref() {
                    Some("true" | "false") if self.plain().is_none() => {
                        self.unquote(found, |text| matches!(text, "true" | "false"))
                    }
                    Some("yes" | "on" | "true" | "y") => found.suggest(self.span, "true"),
                    Some("no" | "off" | "false" | "n") => found.suggest(self.span, "false"),
                    _ => found,
                }));
                None
            }
        }
    }

    /// A whole number, unquoted.
    pub fn as_int(&self, diagnostics: &mut Diagnostics) -> Option<i64> {
        let value = self.plain().and_then(parse_int);
        if value.is_none() {
            let fault = self.wrong_type("a whole number", "write digits only, such as `72`, without quotes");
            diagnostics.extend(fault.map(|fault| self.unquote(fault, |text| parse_int(text).is_some())));
        }
        value
    }

    /// A number, unquoted. Never infinite or NaN.
    pub fn as_number(&self, diagnostics: &mut Diagnostics) -> Option<f64> {
        let value = self.plain().and_then(parse_number);
        if value.is_none() {
            let fault = self.wrong_type("a number", "write it such as `72` or `72.5`, without quotes");
            diagnostics.extend(fault.map(|fault| self.unquote(fault, |text| parse_number(text).is_some())));
        }
        value
    }

    /// A length of time such as `17d12h`, `60s`, `15m`, `2w`.
    pub fn as_duration(&self, diagnostics: &mut Diagnostics) -> Option<SignedDuration> {
        let value = self.scalar().and_then(parse_duration);
        if value.is_none() {
            let help = "write weeks, days, hours, minutes, seconds such as `2w`, `17d12h`, `1h30m`, `60s`";
            let short = self.scalar().and_then(shortened);
            diagnostics.extend(self.wrong_type("a length of time", help).map(|fault| match short {
                Some(short) => Diagnostic { help: Vec::new(), ..fault }.suggest(self.span, short),
                None => fault,
            }));
        }
        value
    }

    /// The entries of a map, in file order.
    pub fn entries(&self, diagnostics: &mut Diagnostics) -> Option<&[(Key, Node)]> {
        if let Kind::Map(entries) = &self.kind {
            return Some(entries);
        }
        self.wrong("a map", "write `key: value` lines, or `{ key: value }`", diagnostics);
        None
    }

    /// The items of a list, in file order.
    pub fn items(&self, diagnostics: &mut Diagnostics) -> Option<&[Node]> {
        if let Kind::Seq(items) = &self.kind {
            return Some(items);
        }
        let usual = "write `- item` lines, or `[item, item]`";
        let fault = match &self.kind {
            Kind::Map(entries) if !self.brackets => {
                let first = entries.first().map(|(key, _)| key.text.as_str()).unwrap_or_default();
                let help =
                    format!("begin each item with `- `, as in `- {first}: …`, and put the rest of it in line with `{first}`");
                self.wrong_type("a list", &help)
            }
            Kind::Scalar { text, style: Style::Plain | Style::SingleQuoted | Style::DoubleQuoted } if !self.is_null() => {
                let fault = self.wrong_type("a list", usual).map(|fault| Diagnostic { help: Vec::new(), ..fault });
                fault.map(|fault| fault.suggest_as("put it into brackets", self.span, format!("[{}]", written(text))))
            }
            _ => self.wrong_type("a list", usual),
        };
        diagnostics.extend(fault);
        None
    }

    /// The items of a list, or the node itself as the only one (`trigger: x` for `trigger: [x]`).
    pub fn items_or_self(&self) -> &[Node] {
        match &self.kind {
            Kind::Seq(items) => items,
            Kind::Scalar { .. } | Kind::Map(_) => std::slice::from_ref(self),
            Kind::Faulty => &[],
        }
    }

    /// The entries of a map all of whose keys are known; a diagnostic for each that is not. `what` completes
    /// "unknown key `x` in ...": `a rule`, `the action `invite``.
    pub fn known_entries(&self, what: &str, known: &[&str], diagnostics: &mut Diagnostics) -> Option<&[(Key, Node)]> {
        let entries = self.entries(diagnostics)?;
        let mut before: Option<&(Key, Node)> = None;
        for entry in entries {
            let (key, _) = entry;
            if !known.contains(&key.text.as_str()) {
                diagnostics.push(stray(before, unknown_key(key, what, known)));
            }
            before = Some(entry);
        }
        Some(entries)
    }

    /// The value under a key that must be there.
    pub fn required(&self, key: &str, what: &str, diagnostics: &mut Diagnostics) -> Option<&Node> {
        let found = self.get(key);
        if found.is_none() && !self.is_faulty() {
            diagnostics.push(
                Diagnostic::error("missing-key", self.span, format!("{what} lacks `{key}`")).help(format!("add `{key}: ...`")),
            );
        }
        found
    }

    /// Offers to take the quotes or a percent sign off, where what is left is good.
    fn unquote(&self, fault: Diagnostic, good: impl Fn(&str) -> bool) -> Diagnostic {
        match &self.kind {
            Kind::Scalar { text, .. } if text.strip_suffix('%').is_some_and(|number| good(number.trim_end())) => {
                let number = text.trim_end_matches('%').trim_end();
                let fault = Diagnostic { help: Vec::new(), ..fault };
                fault.suggest_as("write the number alone", self.span, number)
            }
            Kind::Scalar { text, style: Style::SingleQuoted | Style::DoubleQuoted } if good(text) => {
                let fault = Diagnostic { help: Vec::new(), ..fault };
                fault.suggest_as("write it without quotes", self.span, text.as_str())
            }
            _ => fault,
        }
    }

    /// An unquoted scalar that is not null.
    fn plain(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar { text, style: Style::Plain } if !self.is_null() => Some(text),
            _ => None,
        }
    }

    /// "expected ..., found ..." unless the node was reported already.
    pub fn wrong_type(&self, expected: &str, help: &str) -> Option<Diagnostic> {
        let found = match &self.kind {
            Kind::Faulty => return None,
            Kind::Scalar { .. } if self.is_null() => "nothing".to_owned(),
            Kind::Scalar { text, style } => {
                let text = shorten(text);
                if *style == Style::Plain { format!("`{text}`") } else { format!("the text `{text}`") }
            }
            Kind::Seq(_) | Kind::Map(_) => self.describe().to_owned(),
        };
        Some(Diagnostic::error(WRONG_TYPE, self.span, format!("expected {expected}, found {found}")).help(help))
    }

    fn wrong(&self, expected: &str, help: &str, diagnostics: &mut Diagnostics) {
        diagnostics.extend(self.wrong_type(expected, help));
    }
}

/// What is said of an unknown key that follows one with nothing under it: most likely it belongs there.
pub(crate) fn stray(before: Option<&(Key, Node)>, fault: Diagnostic) -> Diagnostic {
    match before {
        Some((above, value)) if value.is_null() && value.span.range().is_empty() && fault.suggestion.is_none() => {
            let help = format!("if it belongs to `{}`, indent it further", above.text);
            Diagnostic { help: vec![help], ..fault }
        }
        _ => fault,
    }
}

/// "unknown key" with the known ones and the nearest.
pub fn unknown_key(key: &Key, what: &str, known: &[&str]) -> Diagnostic {
    let diagnostic = Diagnostic::error("unknown-key", key.span, format!("unknown key `{}` in {what}", key.text)).suggest_near(
        key.span,
        &key.text,
        known.iter().copied(),
    );
    match known {
        [] => diagnostic.or_help("no keys are known here"),
        [only] => diagnostic.or_help(format!("the only known key is `{only}`")),
        _ => {
            let known: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
            diagnostic.or_help(format!("known keys are {}", known.join(", ")))
        }
    }
}

/// A text as it is written in YAML: as it is where YAML takes it so anywhere, else in quotes.
pub fn written(text: &str) -> String {
    let starts = |c: char| c.is_alphanumeric() || matches!(c, '_' | '(' | '/' | '$' | '.' | '+');
    let plain = text.starts_with(starts)
        && !text.ends_with([' ', ':'])
        && !text.contains(": ")
        && !text.contains(" #")
        && !text.contains(['[', ']', '{', '}', ','])
        && !text.chars().any(char::is_control)
        && !matches!(text, "null" | "Null" | "NULL");
    if plain { text.to_owned() } else { format!("\"{}\"", escaped(text)) }
}

/// A text as it stands between double quotes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            c if c.is_control() => {
                let _ = write!(out, "\\u{:04X}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// A length of time in words, such as `3 days`, as it is written here.
fn shortened(text: &str) -> Option<String> {
    const WORDS: [(&str, char); 10] = [
        ("second", 's'),
        ("sec", 's'),
        ("minute", 'm'),
        ("min", 'm'),
        ("hour", 'h'),
        ("hr", 'h'),
        ("day", 'd'),
        ("week", 'w'),
        ("d", 'd'),
        ("h", 'h'),
    ];
    let mut short = String::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (number, tail) = rest.split_at_checked(rest.find(|c: char| !c.is_ascii_digit())?)?;
        let tail = tail.trim_start();
        let (word, after) = tail.split_at_checked(tail.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(tail.len()))?;
        let word = word.to_ascii_lowercase();
        let (_, unit) = WORDS.iter().find(|(name, _)| *name == word.strip_suffix('s').unwrap_or(&word))?;
        short.push_str(number);
        short.push(*unit);
        rest = after.trim_start();
    }
    parse_duration(&short).map(|_| short)
}

/// The first line of a text, cut, for messages.
fn shorten(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let short: String = line.chars().take(60).collect();
    if short.len() < text.trim_end().len() { format!("{short}…") } else { short }
}

/// A whole number in decimal digits. Leading zeros are no number (`007` is a text).
pub fn parse_int(text: &str) -> Option<i64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    is_digits(digits).then(|| text.parse().ok()).flatten()
}

/// A decimal number as JSON writes it. Infinity and NaN have no spelling.
pub fn parse_number(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let (whole, fraction) = match mantissa.split_once('.') {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (mantissa, None),
    };
    let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let good = is_digits(whole)
        && fraction.is_none_or(all_digits)
        && exponent.is_none_or(|text| all_digits(text.strip_prefix(['+', '-']).unwrap_or(text)));
    let value: f64 = good.then(|| text.parse().ok()).flatten()?;
    value.is_finite().then_some(value)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) && (text.len() == 1 || !text.starts_with('0'))
}

/// Weeks, days, hours, minutes and seconds, largest first, each at most once: `17d12h`, `60s`. At most 100 years.
pub fn parse_duration(text: &str) -> Option<SignedDuration> {
    const UNITS: [(char, u64); 5] = [('w', 604_800), ('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];
    const LONGEST: u64 = 36_525 * 86_400;
    let mut units = UNITS.iter();
    let mut rest = text;
    let mut seconds: u64 = 0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, tail) = rest.split_at_checked(end)?;
        let unit = tail.chars().next()?;
        let (_, worth) = units.find(|(name, _)| *name == unit)?;
        let number: u64 = number.parse().ok()?;
        seconds = number.checked_mul(*worth)?.checked_add(seconds)?;
        rest = tail.get(1..)?;
    }
    (!text.is_empty() && seconds <= LONGEST).then(|| i64::try_from(seconds).ok().map(SignedDuration::from_secs)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time() {
        let seconds = |text| parse_duration(text).map(|found| found.as_secs());
        assert_eq!(seconds("17d12h"), Some(17 * 86_400 + 12 * 3600));
        assert_eq!(seconds("60s"), Some(60));
        assert_eq!(seconds("15m"), Some(900));
        assert_eq!(seconds("2w"), Some(1_209_600));
        assert_eq!(seconds("1h30m"), Some(5400));
        for wrong in ["", "5", "h", "1.5h", "30m1h", "1h1h", "-1h", "1 h", "99999999999999999999w", "1é", "9999w9999999d"] {
            assert_eq!(seconds(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn numbers_are_what_json_calls_numbers() {
        assert_eq!(parse_int("-72"), Some(-72));
        assert_eq!(parse_number("72.50"), Some(72.5));
        assert_eq!(parse_number("1e3"), Some(1000.0));
        for wrong in ["", "007", "0x10", "1_000", "+1", ".5", "5.", "1e", ".inf", "NaN", "12:30", "1e999", "٣"] {
            assert_eq!(parse_number(wrong), None, "{wrong}");
            assert_eq!(parse_int(wrong), None, "{wrong}");
        }
        assert_eq!(parse_int("99999999999999999999"), None);
    }
}
