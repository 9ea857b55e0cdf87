//! What leads to what, drawn: what happens on the left, the rules in the middle, what comes of them on the right. An SVG element that
//! takes its colours from the page around it.

use super::hand::actions;
use super::text::spaced;
use super::{Words, capital, entries};
use crate::lang::yaml::{Key, Node};
use std::fmt::Write as _;

/// Where the columns begin, and how wide they are.
const COLUMNS: [(usize, usize); 3] = [(0, 250), (320, 200), (590, 270)];
const WIDTH: usize = 860;
/// Height of a line of text, and what a box has besides.
const LINE: usize = 18;
const PAD: usize = 14;
/// Between two boxes.
const GAP: usize = 12;
/// Width of a letter, at most; in tenths.
const LETTER: usize = 72;

/// What a box is, which is how it looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Look {
    Event,
    Stage,
    Rule,
    Tag,
    Other,
}

impl Look {
    const fn class(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Stage => "stage",
            Self::Rule => "rule",
            Self::Tag => "tag",
            Self::Other => "other",
        }
    }
}

/// A box with its lines of text, and the middle of it.
struct Shape {
    look: Look,
    text: String,
    lines: Vec<String>,
    middle: usize,
}

impl Shape {
    fn new(look: Look, text: String, width: usize) -> Self {
        let lines = wrapped(&text, (width - PAD) * 10 / LETTER);
        Self { look, text, lines, middle: 0 }
    }

    fn height(&self) -> usize {
        self.lines.len() * LINE + PAD
    }
}

/// The boxes of the columns, and the lines between them by their places in these.
struct Graph {
    columns: [Vec<Shape>; 3],
    /// From the first column to the second.
    into: Vec<(usize, usize)>,
    /// From the second to the third.
    out: Vec<(usize, usize)>,
}

impl Words<'_> {
    /// The drawing; none where there is nothing to draw.
    pub(super) fn drawing(&self, rules: &[&Node]) -> Option<String> {
        let mut graph = Graph { columns: [Vec::new(), Vec::new(), Vec::new()], into: Vec::new(), out: Vec::new() };
        for (at, rule) in rules.iter().enumerate() {
            let name = rule.get("name").and_then(Node::scalar).unwrap_or_default().trim();
            graph.columns[1].push(Shape::new(Look::Rule, name.to_owned(), COLUMNS[1].1));
            for (look, text) in self.causes(rule) {
                let cause = graph.shape(0, look, text);
                graph.into.push((cause, at));
            }
            actions(rule, &mut |verb, value| {
                if let Some((look, text)) = self.outcome(verb, value) {
                    let outcome = graph.shape(2, look, text);
                    if !graph.out.contains(&(at, outcome)) {
                        graph.out.push((at, outcome));
                    }
                }
            });
        }
        (!rules.is_empty()).then(|| graph.drawn())
    }

    /// What a rule listens to, each as a box.
    fn causes(&self, rule: &Node) -> Vec<(Look, String)> {
        let triggers = rule.get("trigger").map(Node::items_or_self).unwrap_or_default();
        let stage = rule.get("when").and_then(|when| when.get("to_stage"));
        let each = triggers.iter().map(|trigger| match (trigger.scalar(), stage) {
            (Some("candidateStageChange"), Some(stage)) => {
                let choices = stage.get("in").map_or_else(|| self.value(stage), |list| self.value(list));
                (Look::Stage, choices.replace('`', ""))
            }
            _ => (Look::Event, capital(self.trigger(trigger).trim_start_matches("when ")).replace('`', "")),
        });
        each.filter(|(_, text)| !text.is_empty()).collect()
    }

    /// What an action leaves behind, as a box.
    fn outcome(&self, verb: &str, value: &Node) -> Option<(Look, String)> {
        let part = |key: &str| value.get(key).unwrap_or(value);
        let plain = |node: &Node| self.value(node).replace('`', "");
        let other = |text: &str| Some((Look::Other, text.to_owned()));
        match verb {
            "invite" => other("the test is sent"),
            "call" => Some((Look::Other, format!("{} does {}", self.vendor, spaced(part("operation").scalar()?)))),
            "mark" => Some((Look::Other, format!("counts as {}", spaced(part("as").scalar()?)))),
            "ask" => other("a question to people"),
            "set_tag" => {
                let (Key { .. }, tag) = entries(value).first()?;
                Some((Look::Tag, plain(tag)))
            }
            "add_tag" => Some((Look::Tag, plain(value))),
            "rename_tag" => Some((Look::Tag, plain(value.get("to")?))),
            "add_note" => other("a note"),
            "add_link" => other("a link"),
            "add_file" => other("a file"),
            "fill_form" | "fill_feedback" => other("a filled form"),
            "move_stage" => Some((Look::Stage, plain(part("to")))),
            "archive" => Some((Look::Stage, format!("archived: {}", plain(value)))),
            "alert" => other("a word to those who run leverd"),
            _ => None,
        }
    }
}

impl Graph {
    /// The box with this text in a column, which is made if it is not there.
    fn shape(&mut self, column: usize, look: Look, text: String) -> usize {
        let (Some(shapes), Some((_, width))) = (self.columns.get_mut(column), COLUMNS.get(column)) else { return 0 };
        let known = shapes.iter().position(|shape| shape.look == look && shape.text == text);
        known.unwrap_or_else(|| {
            shapes.push(Shape::new(look, text, *width));
            shapes.len() - 1
        })
    }

    fn drawn(mut self) -> String {
        let [causes, rules, outcomes] = &mut self.columns;
        let backward: Vec<(usize, usize)> = self.into.iter().map(|(cause, rule)| (*rule, *cause)).collect();
        // What happens stands where its rules are, then the rules where that is, so that most lines are level.
        stack(rules, &[]);
        let mut height = stack(causes, &wishes(&self.into, rules));
        height = height.max(stack(rules, &wishes(&backward, causes)));
        let forward: Vec<(usize, usize)> = self.out.iter().map(|(rule, outcome)| (*outcome, *rule)).collect();
        height = height.max(stack(outcomes, &wishes(&forward, rules)));

        let mut svg = format!(
            "<svg class=\"flow\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"What leads to what\" xmlns=\"http://www.w3.org/2000/svg\">\n"
        );
        for (from, to, links) in [(0, 1, &self.into), (1, 2, &self.out)] {
            for (one, other) in links {
                self.line((from, *one), (to, *other), &mut svg);
            }
        }
        for (shapes, (left, width)) in self.columns.iter().zip(COLUMNS) {
            for shape in shapes {
                draw(shape, left, width, &mut svg);
            }
        }
        svg.push_str("</svg>");
        svg
    }

    /// A line from a box to one of the next column.
    fn line(&self, from: (usize, usize), to: (usize, usize), svg: &mut String) {
        let place = |(column, at): (usize, usize)| Some((COLUMNS.get(column)?, self.columns.get(column)?.get(at)?.middle));
        let (Some(((left, width), y)), Some(((end, _), to_y))) = (place(from), place(to)) else { return };
        let start = left + width;
        let half = usize::midpoint(start, *end);
        let _ = writeln!(svg, "<path d=\"M{start} {y}C{half} {y} {half} {to_y} {end} {to_y}\"/>");
    }
}

/// For each box the middle of those it is linked with.
fn wishes(links: &[(usize, usize)], others: &[Shape]) -> Vec<usize> {
    let boxes = links.iter().map(|(at, _)| at + 1).max().unwrap_or_default();
    let middle = |at: usize| {
        let linked = links.iter().filter(|(one, _)| *one == at);
        let all: Vec<usize> = linked.filter_map(|(_, other)| Some(others.get(*other)?.middle)).collect();
        all.iter().sum::<usize>() / all.len().max(1)
    };
    (0..boxes).map(middle).collect()
}

/// Puts boxes below each other, each as near to its wish as there is room; gives where the last one ends.
fn stack(shapes: &mut [Shape], wishes: &[usize]) -> usize {
    let mut order: Vec<usize> = (0..shapes.len()).collect();
    order.sort_by_key(|at| wishes.get(*at).copied());
    let mut top = 1;
    for at in order {
        let wish = wishes.get(at).copied().unwrap_or_default();
        let Some(shape) = shapes.get_mut(at) else { continue };
        let start = top.max(wish.saturating_sub(shape.height() / 2));
        shape.middle = start + shape.height() / 2;
        top = start + shape.height() + GAP;
    }
    top.saturating_sub(GAP) + 1
}

fn draw(shape: &Shape, left: usize, width: usize, svg: &mut String) {
    let top = shape.middle - shape.height() / 2;
    let _ = writeln!(
        svg,
        "<g class=\"{}\"><rect x=\"{}\" y=\"{top}\" width=\"{}\" height=\"{}\" rx=\"{}\"/>",
        shape.look.class(),
        left + 1,
        width - 2,
        shape.height(),
        if shape.look == Look::Stage { shape.height() / 2 } else { 6 }
    );
    for (at, line) in shape.lines.iter().enumerate() {
        let y = top + PAD / 2 + at * LINE + 13;
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{y}\">{}</text>", left + width / 2, super::html::escaped(line));
    }
    svg.push_str("</g>\n");
}

/// A text in lines of at most so many letters.
fn wrapped(text: &str, most: usize) -> Vec<String> {
    let (mut lines, mut line) = (Vec::new(), String::new());
    for word in text.split_whitespace() {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > most {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        // A word that has no room on any line is cut.
        if word.chars().count() > most {
            line.extend(word.chars().take(most.saturating_sub(1)));
            line.push('…');
        } else {
            line.push_str(word);
        }
    }
    lines.push(line);
    lines
}
