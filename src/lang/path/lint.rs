//! What jsonpath-rust 1.0 accepts and should not, found at load: blanks inside names (it then matches nothing), ill-typed
//! functions, filters in filters and counts of nothing (wrong answers), operators of its own, and paths that take too long.

use super::{MAX_DESCENDANTS, MAX_PATH_BYTES, Select};
use jsonpath_rust::parser::model::{
    Comparable, Comparison, Filter, FilterAtom, FnArg, JpQuery, Segment, Selector, Test, TestFunction,
};
use std::ops::Range;

pub(super) struct Fault {
    pub(super) range: Range<usize>,
    pub(super) message: String,
    pub(super) help: String,
    /// What to write in the place of a piece, with the words for it; then there is no `help`.
    pub(super) instead: Option<(Range<usize>, String, String)>,
}

fn fault(range: Range<usize>, message: impl Into<String>, help: impl Into<String>) -> Fault {
    Fault { range, message: message.into(), help: help.into(), instead: None }
}

fn mend(range: Range<usize>, message: impl Into<String>, title: impl Into<String>, instead: impl Into<String>) -> Fault {
    Fault { instead: Some((range.clone(), instead.into(), title.into())), ..fault(range, message, "") }
}

/// The library's time to parse doubles and more with every open bracket.
pub(super) const MAX_BRACKETS: usize = 5;

const FUNCTIONS: [&str; 5] = ["length", "count", "value", "match", "search"];

/// Faults of the text itself, before it is parsed.
pub(super) fn text(text: &str) -> Vec<Fault> {
    let whole = 0..text.len();
    if text.len() > MAX_PATH_BYTES {
        let message = format!("this path has {} bytes; at most {MAX_PATH_BYTES} are allowed", text.len());
        return vec![fault(0..0, message, "take a shorter way")];
    }
    if !text.starts_with('$') {
        let rest = text.trim_start_matches(['.', '@']);
        let instead = if rest.starts_with('[') { format!("${rest}") } else { format!("$.{rest}") };
        return vec![mend(whole, "a JSONPath starts with `$`", format!("write `{instead}`"), instead)];
    }
    let mut faults = Vec::new();
    let (mut depth, mut quote) = (0_usize, None);
    let mut chars = text.char_indices().peekable();
    let mut before = ' ';
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map_or(text.len(), |(next, _)| *next);
        match (quote, c) {
            (Some(_), '\\') => {
                chars.next();
            }
            (Some(open), c) if c == open => quote = None,
            (None, '\'' | '"') => quote = Some(c),
            (None, '[' | '(') => {
                depth += 1;
                if depth > MAX_BRACKETS {
                    let message = format!("brackets are nested more than {MAX_BRACKETS} deep");
                    return vec![fault(at..next, message, "say it with fewer")];
                }
            }
            (None, ']' | ')') => depth = depth.saturating_sub(1),
            (None, c) if c.is_whitespace() => {
                let after = text.get(next..).and_then(|rest| rest.trim_start().chars().next());
                let inside_name = is_name(before) && after.is_some_and(is_name);
                if depth == 0 || inside_name {
                    let help = if depth == 0 {
                        "a name with a blank is written `['first name']`"
                    } else {
                        "compare with `==`, `!=`, `<`, `<=`, `>`, `>=`; join with `&&` and `||`"
                    };
                    faults.push(fault(at..next, "a blank cannot stand inside of a path", help));
                    // One blank of a run is enough.
                    while chars.next_if(|(_, c)| c.is_whitespace()).is_some() {}
                }
            }
            (None, c) if is_name(c) && !is_name(before) && depth > 0 => {
                let rest = text.get(at..).unwrap_or_default();
                let end = rest.find(|c| !is_name(c)).unwrap_or(rest.len());
                let word = rest.get(..end).unwrap_or_default();
                let called = rest.get(end..).is_some_and(|rest| rest.starts_with('('));
                if called && before != '.' && !FUNCTIONS.contains(&word) {
                    let help = "known functions are `length`, `value`, `match` and `search`";
                    faults.push(fault(at..at + end, format!("`{word}` is no function of JSONPath"), help));
                }
            }
            // The inside of quotes, and everything else.
            _ => {}
        }
        if !c.is_whitespace() {
            before = c;
        }
    }
    faults
}

fn is_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || !c.is_ascii()
}

/// The library's refusal, with the column it names.
pub(super) fn grammar(error: &str, text: &str) -> Fault {
    // Its errors carry ` --> 1:COLUMN`.
    let column = error
        .split_once("--> 1:")
        .and_then(|(_, rest)| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse::<usize>().ok());
    let start = column.and_then(|column| text.char_indices().nth(column.saturating_sub(1))).map_or(text.len(), |(at, _)| at);
    let start = if column.is_some() { start } else { 0 };
    let end = text.get(start..).and_then(|rest| rest.chars().next()).map_or(text.len(), |c| start + c.len_utf8());
    let end = if column.is_some() { end } else { text.len() };
    let (before, from) = (text.get(..start).unwrap_or_default(), text.get(start..).unwrap_or_default());
    // The two slips that are made most.
    if from.starts_with('[') && before.ends_with('.') && !before.ends_with("..") {
        return mend(start - 1..start, "a `[` takes no `.` before it", "remove it", "");
    }
    if from.starts_with(is_name) && before.ends_with(']') {
        let name = from.split(|c| !is_name(c)).next().unwrap_or_default();
        return mend(start..start + name.len(), format!("a `.` is missing before `{name}`"), "add it", format!(".{name}"));
    }
    let help = "write it such as `$.data.items[0].name` or `$['first name']`";
    fault(start..end, format!("`{text}` is no JSONPath"), help)
}

/// Faults of the parsed query. They have no place of their own, so the whole path is it.
pub(super) fn query(query: &JpQuery, text: &str, select: Select) -> Vec<Fault> {
    let mut lint = Lint { whole: 0..text.len(), faults: Vec::new(), descendants: 0 };
    lint.segments(&query.segments, false);
    if lint.descendants > MAX_DESCENDANTS {
        let message = format!("`..` stands more than {MAX_DESCENDANTS} times in this path");
        lint.add(message, "name the way: each `..` searches everything below");
    }
    if select == Select::One && lint.faults.is_empty() && !is_singular(&query.segments) {
        lint.add(
            "this path may select several values, and one is needed",
            "use names and indexes only, such as `$.items[0].id`",
        );
    }
    lint.faults
}

/// Whether only names and indexes lead the way.
pub(super) fn is_singular(segments: &[Segment]) -> bool {
    segments.iter().all(|segment| match segment {
        Segment::Selector(Selector::Name(_) | Selector::Index(_)) => true,
        Segment::Selectors(selectors) => {
            matches!(selectors.as_slice(), [Selector::Name(_) | Selector::Index(_)])
        }
        Segment::Selector(Selector::Wildcard | Selector::Slice(..) | Selector::Filter(_)) | Segment::Descendant(_) => false,
    })
}

struct Lint {
    whole: Range<usize>,
    faults: Vec<Fault>,
    descendants: usize,
}

impl Lint {
    fn add(&mut self, message: impl Into<String>, help: &str) {
        self.faults.push(fault(self.whole.clone(), message, help));
    }

    fn segments(&mut self, segments: &[Segment], in_filter: bool) {
        for segment in segments {
            self.segment(segment, in_filter);
        }
    }

    fn segment(&mut self, segment: &Segment, in_filter: bool) {
        match segment {
            Segment::Descendant(inner) => {
                self.descendants += 1;
                if matches!(&**inner, Segment::Selectors(several) if several.len() > 1) {
                    self.add("several names after one `..` come in no certain order", "write one path for each name");
                }
                self.segment(inner, in_filter);
            }
            Segment::Selector(selector) => self.selector(selector, in_filter),
            Segment::Selectors(selectors) => {
                for selector in selectors {
                    self.selector(selector, in_filter);
                }
            }
        }
    }

    fn selector(&mut self, selector: &Selector, in_filter: bool) {
        if let Selector::Filter(filter) = selector {
            if in_filter {
                self.add("a filter inside a filter is not supported", "select in two steps, or keep the inner list whole");
            } else {
                self.filter(filter);
            }
        }
    }

    fn filter(&mut self, filter: &Filter) {
        match filter {
            Filter::Or(all) | Filter::And(all) => all.iter().for_each(|filter| self.filter(filter)),
            Filter::Atom(FilterAtom::Filter { expr, .. }) => self.filter(expr),
            Filter::Atom(FilterAtom::Test { expr, .. }) => {
                let value = matches!(&**expr, Test::Function(function) if matches!(**function, TestFunction::Length(_) | TestFunction::Value(_)));
                if value {
                    let help = "compare it, such as `length(@.items) > 0`";
                    self.add("`length` and `value` give a value, not yes or no", help);
                }
                self.test(expr);
            }
            Filter::Atom(FilterAtom::Comparison(comparison)) => {
                let (Comparison::Eq(left, right)
                | Comparison::Ne(left, right)
                | Comparison::Gt(left, right)
                | Comparison::Gte(left, right)
                | Comparison::Lt(left, right)
                | Comparison::Lte(left, right)) = &**comparison;
                for side in [left, right] {
                    if let Comparable::Function(function) = side {
                        self.function(function);
                    }
                }
            }
        }
    }

    fn test(&mut self, test: &Test) {
        match test {
            Test::RelQuery(segments) => self.segments(segments, true),
            Test::AbsQuery(query) => self.segments(&query.segments, true),
            Test::Function(function) => self.function(function),
        }
    }

    fn function(&mut self, function: &TestFunction) {
        match function {
            TestFunction::Custom(name, _) => {
                self.add(format!("`{name}` is no function of JSONPath"), "compare with `==`, joined by `||`");
            }
            TestFunction::Length(argument) => self.argument(argument, true),
            TestFunction::Count(_) => {
                let help = "ask whether there is a first one, such as `[?@.items[0]]`";
                self.add("`count` is not supported: with nothing to count it gives no number", help);
            }
            TestFunction::Value(argument) => self.argument(argument, false),
            TestFunction::Search(first, second) | TestFunction::Match(first, second) => {
                self.argument(first, true);
                self.argument(second, true);
            }
        }
    }

    /// `one`: the function wants one value.
    fn argument(&mut self, argument: &FnArg, one: bool) {
        match argument {
            FnArg::Literal(_) => {}
            FnArg::Filter(filter) => self.filter(filter),
            FnArg::Test(test) => {
                let singular = match &**test {
                    Test::RelQuery(segments) => is_singular(segments),
                    Test::AbsQuery(query) => is_singular(&query.segments),
                    Test::Function(_) => true,
                };
                if one && !singular {
                    self.add("this function takes one value, and its path may select several", "use names and indexes only");
                }
                self.test(test);
            }
        }
    }
}
