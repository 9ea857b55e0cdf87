//! A [`Map`] as an SVG element: three columns, joined by lines.
//!
//! It stands alone or in a page, fetches nothing, reads in light and dark, and says in `title` and `desc` what it shows. The same map
//! gives the same text.

use super::map::{Map, Row, Spot, What};
use crate::lang::html::escaped;
use std::fmt::Write as _;

/// Left edges and widths of the columns.
const LEFT: (i32, i32) = (8, 216);
const MIDDLE: (i32, i32) = (324, 272);
const RIGHT: (i32, i32) = (696, 224);
const WIDTH: i32 = 928;
/// Where the columns begin.
const TOP: i32 = 44;
/// Between two boxes.
const GAP: i32 = 10;
const LINE: i32 = 17;
/// Above and below the text of a box, together.
const PAD: i32 = 14;
/// How many characters a line of a box holds.
const SPOT_CHARS: usize = 25;
const NAME_CHARS: usize = 29;
const SMALL_CHARS: usize = 38;

/// How a drawing looks.
pub const STYLE: &str = "\
.lv-map{color-scheme:light dark;--lv-ink:#1f2328;--lv-soft:#5b6470;--lv-line:#8a94a0;--lv-card:#fff;--lv-edge:#c3cad2;--lv-stage:#d9ece7;--lv-stage-edge:#0f6b5c;\
--lv-tag:#fff2d6;--lv-tag-edge:#a86f00;--lv-test:#e8e8fb;--lv-test-edge:#5a57b8;font:13px system-ui,-apple-system,\"Segoe UI\",Roboto,\
\"Helvetica Neue\",Arial,sans-serif}\
@media (prefers-color-scheme:dark){.lv-map{--lv-ink:#e4e7ea;--lv-soft:#9aa4af;--lv-line:#77818c;--lv-card:#1b1f23;--lv-edge:#444c54;\
--lv-stage:#12332d;--lv-stage-edge:#6fd3bf;--lv-tag:#3a2c0b;--lv-tag-edge:#e0b050;--lv-test:#26254a;--lv-test-edge:#a5a2f0}}\
@media print{.lv-map{--lv-ink:#000;--lv-soft:#333;--lv-line:#555;--lv-card:#fff;--lv-edge:#888;--lv-stage:#fff;--lv-stage-edge:#000;\
--lv-tag:#fff;--lv-tag-edge:#000;--lv-test:#fff;--lv-test-edge:#000}}\
.lv-map text{fill:var(--lv-ink)}.lv-map .lv-head,.lv-map .lv-small{fill:var(--lv-soft);font-size:12px}.lv-map .lv-head{font-weight:600}\
.lv-map .lv-name{font-weight:600}.lv-map rect{stroke-width:1.5;fill:var(--lv-card);stroke:var(--lv-edge)}\
.lv-map .lv-stage rect{fill:var(--lv-stage);stroke:var(--lv-stage-edge)}.lv-map .lv-tag rect{fill:var(--lv-tag);stroke:var(--lv-tag-edge)}\
.lv-map .lv-test rect{fill:var(--lv-test);stroke:var(--lv-test-edge)}.lv-map .lv-timer rect{fill:var(--lv-card);stroke:var(--lv-test-edge);\
stroke-dasharray:2 3}.lv-map path{fill:none;stroke:var(--lv-line);stroke-width:1.25}.lv-map path.lv-asks{stroke-dasharray:5 4}\
.lv-map polygon{fill:var(--lv-line)}";

/// A box with its text in lines.
struct Placed {
    top: i32,
    height: i32,
    lines: Vec<String>,
}

impl Placed {
    fn middle(&self) -> i32 {
        self.top + self.height / 2
    }
}

/// Draws a map. `name` makes the ids of this drawing its own among several in one page.
pub fn svg(map: &Map, name: &str) -> String {
    let mut rules = Vec::new();
    let mut y = TOP;
    for row in &map.rules {
        let lines = wrapped(&row.name, NAME_CHARS);
        let height = PAD + LINE * count(lines.len() + usize::from(!row.does.is_empty()));
        rules.push(Placed { top: y, height, lines });
        y += height + GAP;
    }
    let led = |at: usize| lines_of(map, |row| row.causes.iter().any(|(cause, _)| *cause == at), &rules);
    let causes = stacked(&map.causes, &(0..map.causes.len()).collect::<Vec<_>>(), led);
    let follows = |at: usize| lines_of(map, |row| row.outcomes.contains(&at), &rules);
    let outcomes = stacked(&map.outcomes, &by_middle(map, follows), follows);
    let end = |all: &[Placed]| all.iter().map(|placed| placed.top + placed.height).max().unwrap_or(TOP);
    let bottom = end(&rules).max(end(&causes)).max(end(&outcomes)) + 18;
    let height = bottom + 30;

    let mut out = String::new();
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"lv-map\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" \
         role=\"img\" aria-labelledby=\"{name}-title {name}-desc\">\n<title id=\"{name}-title\">What leads to what: {}</title>\n\
         <desc id=\"{name}-desc\">{}</desc>\n<style>{STYLE}</style>\n",
        escaped(&map.title),
        escaped(&described(map))
    );
    for ((x, _), head) in [(LEFT, "When this happens"), (MIDDLE, "this rule"), (RIGHT, "leads to this")] {
        let _ = writeln!(out, "<text class=\"lv-head\" x=\"{x}\" y=\"26\">{head}</text>");
    }
    for (row, rule) in map.rules.iter().zip(&rules) {
        for (at, asks) in &row.causes {
            if let Some(cause) = causes.get(*at) {
                join(&mut out, (LEFT.0 + LEFT.1, cause.middle()), (MIDDLE.0, rule.middle()), *asks);
            }
        }
        for outcome in row.outcomes.iter().filter_map(|at| outcomes.get(*at)) {
            join(&mut out, (MIDDLE.0 + MIDDLE.1, rule.middle()), (RIGHT.0, outcome.middle()), false);
        }
    }
    for (spot, placed) in map.causes.iter().zip(&causes) {
        one(&mut out, spot, placed, LEFT);
    }
    for (row, placed) in map.rules.iter().zip(&rules) {
        rule(&mut out, row, placed);
    }
    for (spot, placed) in map.outcomes.iter().zip(&outcomes) {
        one(&mut out, spot, placed, RIGHT);
    }
    legend(&mut out, map, bottom);
    out.push_str("</svg>");
    out
}

/// A drawing without its style: for a page that has [`STYLE`] already, and may have none in itself.
pub fn unstyled(drawing: &str) -> String {
    drawing.replacen(&format!("<style>{STYLE}</style>\n"), "", 1)
}

/// Where the rules are that a spot is joined to.
fn lines_of(map: &Map, joined: impl Fn(&Row) -> bool, rules: &[Placed]) -> Vec<i32> {
    map.rules.iter().zip(rules).filter(|(row, _)| joined(row)).map(|(_, placed)| placed.middle()).collect()
}

fn mean(all: &[i32]) -> i32 {
    all.iter().sum::<i32>().checked_div(i32::try_from(all.len()).unwrap_or(1)).unwrap_or(TOP)
}

/// What follows, from top to bottom so that few lines cross; stages stay in their order.
fn by_middle(map: &Map, joined: impl Fn(usize) -> Vec<i32>) -> Vec<usize> {
    let mut lowest = 0;
    let mut order: Vec<(i32, usize)> = map
        .outcomes
        .iter()
        .enumerate()
        .map(|(at, spot)| {
            let mut middle = mean(&joined(at));
            if spot.what == What::Stage {
                lowest = lowest.max(middle);
                middle = lowest;
            }
            (middle, at)
        })
        .collect();
    order.sort_unstable();
    order.into_iter().map(|(_, at)| at).collect()
}

/// Boxes in this order, each as near to what it is joined to as those above it leave room for.
fn stacked(spots: &[Spot], order: &[usize], joined: impl Fn(usize) -> Vec<i32>) -> Vec<Placed> {
    let mut placed: Vec<(usize, Placed)> = Vec::new();
    let mut free = TOP;
    for at in order {
        let Some(spot) = spots.get(*at) else { continue };
        let lines = wrapped(&shown(spot), SPOT_CHARS);
        let height = PAD + LINE * count(lines.len());
        let top = (mean(&joined(*at)) - height / 2).max(free);
        free = top + height + GAP;
        placed.push((*at, Placed { top, height, lines }));
    }
    placed.sort_by_key(|(at, _)| *at);
    placed.into_iter().map(|(_, placed)| placed).collect()
}

fn shown(spot: &Spot) -> String {
    if spot.again { format!("{} ↺", spot.text) } else { spot.text.clone() }
}

fn count(lines: usize) -> i32 {
    i32::try_from(lines).unwrap_or(1)
}

/// A line from one box to the next, with its arrow.
fn join(out: &mut String, (x, y): (i32, i32), (to_x, to_y): (i32, i32), asks: bool) {
    let (end, bend) = (to_x - 7, (to_x - x) / 2);
    let class = if asks { " class=\"lv-asks\"" } else { "" };
    let _ = writeln!(out, "<path{class} d=\"M{x} {y}C{} {y} {} {to_y} {end} {to_y}\"/>", x + bend, to_x - bend);
    let _ = writeln!(out, "<polygon points=\"{to_x},{to_y} {end},{} {end},{}\"/>", to_y - 4, to_y + 4);
}

fn one(out: &mut String, spot: &Spot, placed: &Placed, (x, width): (i32, i32)) {
    let (class, round) = match spot.what {
        What::Stage => ("lv-stage", 2),
        What::Event => ("lv-event", 8),
        What::Tag => ("lv-tag", 15),
        What::Test => ("lv-test", 8),
        What::Timer => ("lv-timer", 8),
    };
    let again = if spot.again { ", which goes on at the left" } else { "" };
    let _ = writeln!(out, "<g class=\"{class}\"><title>{} {}{again}</title>", noun(spot.what), escaped(&spot.text));
    rect(out, (x, placed.top), (width, placed.height), round);
    texts(out, placed, x, "");
    out.push_str("</g>\n");
}

fn rule(out: &mut String, row: &Row, placed: &Placed) {
    let (x, width) = MIDDLE;
    let _ = writeln!(out, "<g class=\"lv-rule\"><title>rule {}</title>", escaped(&row.name));
    rect(out, (x, placed.top), (width, placed.height), 5);
    texts(out, placed, x, " class=\"lv-name\"");
    if !row.does.is_empty() {
        let y = placed.top + PAD / 2 + 13 + LINE * count(placed.lines.len());
        let _ = writeln!(
            out,
            "<text class=\"lv-small\" x=\"{}\" y=\"{y}\">{}</text>",
            x + 12,
            escaped(&cut(&row.does, SMALL_CHARS))
        );
    }
    out.push_str("</g>\n");
}

fn rect(out: &mut String, (x, y): (i32, i32), (width, height): (i32, i32), round: i32) {
    let _ = writeln!(out, "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\" rx=\"{round}\"/>");
}

fn texts(out: &mut String, placed: &Placed, x: i32, class: &str) {
    let mut y = placed.top + PAD / 2 + 13;
    for line in &placed.lines {
        let _ = writeln!(out, "<text{class} x=\"{}\" y=\"{y}\">{}</text>", x + 12, escaped(line));
        y += LINE;
    }
}

/// What the forms mean, as far as they occur.
fn legend(out: &mut String, map: &Map, top: i32) {
    let mut x = LEFT.0;
    let mut word = |out: &mut String, class: &str, round: i32, text: &str| {
        let _ = write!(out, "<g class=\"{class}\">");
        let _ = write!(out, "<rect x=\"{x}\" y=\"{top}\" width=\"22\" height=\"13\" rx=\"{round}\"/>");
        let _ = writeln!(out, "<text class=\"lv-small\" x=\"{}\" y=\"{}\">{text}</text></g>", x + 28, top + 11);
        x += 46 + 7 * count(text.chars().count());
    };
    let has = |what: What| map.causes.iter().chain(&map.outcomes).any(|spot| spot.what == what);
    let forms = [
        (What::Stage, "lv-stage", 2, "stage"),
        (What::Tag, "lv-tag", 7, "tag"),
        (What::Event, "lv-event", 5, "in Lever"),
        (What::Test, "lv-test", 5, "test"),
        (What::Timer, "lv-timer", 5, "time"),
    ];
    for (_, class, round, text) in forms.iter().filter(|(what, ..)| has(*what)) {
        word(out, class, *round, text);
    }
    let mut notes = Vec::new();
    if map.rules.iter().any(|row| row.causes.iter().any(|(_, asks)| *asks)) {
        notes.push("broken line: the tag must be there");
    }
    if map.outcomes.iter().any(|spot| spot.again) {
        notes.push("↺ goes on at the left");
    }
    for note in notes {
        let _ = writeln!(out, "<text class=\"lv-small\" x=\"{}\" y=\"{}\">{note}</text>", x + 6, top + 11);
        x += 20 + 7 * count(note.chars().count());
    }
}

/// The drawing in words: rule by rule.
fn described(map: &Map) -> String {
    let named = |spots: &[Spot], at: &mut dyn Iterator<Item = usize>| {
        at.filter_map(|at| spots.get(at))
            .map(|spot| format!("{} {}", noun(spot.what), spot.text))
            .collect::<Vec<_>>()
            .join(", ")
    };
    let rules: Vec<String> = map
        .rules
        .iter()
        .map(|row| {
            let causes = named(&map.causes, &mut row.causes.iter().map(|(at, _)| *at));
            let outcomes = named(&map.outcomes, &mut row.outcomes.iter().copied());
            let does: Vec<&str> = [row.does.as_str(), outcomes.as_str()].into_iter().filter(|text| !text.is_empty()).collect();
            format!("{causes} → rule “{}” → {}.", row.name, does.join(", "))
        })
        .collect();
    rules.join(" ")
}

fn noun(what: What) -> &'static str {
    match what {
        What::Stage => "stage",
        What::Event | What::Test => "event:",
        What::Tag => "tag",
        What::Timer => "time:",
    }
}

/// A text in lines of so many characters, two at most.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let mut first = String::new();
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.peek() {
        let length = first.chars().count() + word.chars().count() + usize::from(!first.is_empty());
        if length > most {
            break;
        }
        if !first.is_empty() {
            first.push(' ');
        }
        first.push_str(word);
        words.next();
    }
    let rest = words.collect::<Vec<_>>().join(" ");
    match (first.is_empty(), rest.is_empty()) {
        (_, true) => vec![first],
        // One long word: it is broken where the line ends.
        (true, false) => {
            let head: String = rest.chars().take(most).collect();
            let tail: String = rest.chars().skip(most).collect();
            if tail.is_empty() { vec![head] } else { vec![head, cut(&tail, most)] }
        }
        (false, false) => vec![first, cut(&rest, most)],
    }
}

fn cut(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let head: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", head.trim_end())
}
