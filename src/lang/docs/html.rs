//! Pages as one HTML file: nothing is fetched, it reads in light and dark, on a phone and on paper.

use super::{Page, rule_names};
use crate::lang::html::escaped;
use std::fmt::Write as _;

const STYLE: &str = include_str!("page.css");

/// The whole file. Several pages follow each other.
pub fn render(pages: &[Page]) -> String {
    let title = match pages {
        [only] => heading(only),
        _ => "What leverd does in Lever".to_owned(),
    };
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<main>\n",
        escaped(&title)
    );
    for (at, page) in pages.iter().enumerate() {
        one(page, at, &mut out);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

/// The title with the account.
fn heading(page: &Page) -> String {
    match &page.account {
        Some(account) => format!("{} in {account}", page.title),
        None => page.title.clone(),
    }
}

fn one(page: &Page, number: usize, out: &mut String) {
    let id = |kind: &str, at: usize| format!("{kind}-{number}-{at}");
    let _ = writeln!(out, "<header>\n<p class=\"over\">What leverd does in Lever</p>\n<h1>{}</h1>", escaped(&heading(page)));
    if !page.about.is_empty() {
        let _ = writeln!(out, "<p class=\"about\">{}</p>", inline(&page.about));
    }
    if let Some(idle) = page.idle {
        let _ = writeln!(out, "<p class=\"idle\">{}</p>", escaped(idle));
    }
    out.push_str("</header>\n");
    if let Some(drawing) = &page.drawing {
        let _ = writeln!(
            out,
            "<figure>\n{drawing}\n<figcaption>On the left what happens, in the middle the rules, on the right what comes of them.</figcaption>\n</figure>"
        );
    }
    out.push_str("<section>\n<h2>What happens, rule by rule</h2>\n");
    if page.rules.len() > 3 {
        out.push_str("<nav aria-label=\"Rules\"><ul>\n");
        for (at, rule) in page.rules.iter().enumerate() {
            let _ = writeln!(out, "<li><a href=\"#{}\">{}</a></li>", id("rule", at), escaped(&rule.name));
        }
        out.push_str("</ul></nav>\n");
    }
    for (at, rule) in page.rules.iter().enumerate() {
        let _ = writeln!(out, "<article id=\"{}\">\n<h3>{}</h3>", id("rule", at), escaped(&rule.name));
        match (rule.requires.as_slice(), rule.does.as_slice()) {
            ([], [only]) if rule.when.ends_with(", leverd") => {
                let _ = writeln!(out, "<p>{} {}.</p>", inline(&rule.when), inline(only));
            }
            (requires, does) => {
                let _ = writeln!(out, "<p>{}:</p>", inline(&rule.when));
                out.push_str("<ol>\n");
                for line in requires {
                    let _ = writeln!(out, "<li class=\"first\">{}</li>", inline(line));
                }
                for line in does {
                    let _ = writeln!(out, "<li>{}</li>", inline(line));
                }
                out.push_str("</ol>\n");
            }
        }
        for note in &rule.notes {
            let _ = writeln!(out, "<p class=\"note\">{}</p>", inline(note));
        }
        out.push_str("</article>\n");
    }
    out.push_str("</section>\n");
    if !page.families.is_empty() {
        out.push_str("<section>\n<h2>Tags</h2>\n");
        for family in &page.families {
            let each = if family.per_test { ", one for each test" } else { "" };
            let _ = writeln!(
                out,
                "<h3>{}</h3>\n<p>A candidate has at most one of these{each}.</p>\n<table>\n<thead><tr><th scope=\"col\">tag</th><th scope=\"col\">set by</th></tr></thead>\n<tbody>",
                escaped(&family.name)
            );
            for (tag, writers) in &family.members {
                let by = if writers.is_empty() { "people".to_owned() } else { inline(&rule_names(writers)) };
                let _ = writeln!(out, "<tr><td>{}</td><td>{by}</td></tr>", inline(tag));
            }
            out.push_str("</tbody>\n</table>\n");
        }
        out.push_str("</section>\n");
    }
    if !page.bands.is_empty() {
        out.push_str("<section>\n<h2>How it is told what a result means</h2>\n<dl>\n");
        for (name, steps) in &page.bands {
            let _ = writeln!(out, "<dt>‹{}›</dt>\n<dd>{}.</dd>", escaped(name), inline(steps));
        }
        out.push_str("</dl>\n</section>\n");
    }
    if !page.by_hand.is_empty() {
        out.push_str("<section class=\"hand\">\n<h2>By hand, and not by hand</h2>\n<ul>\n");
        for line in &page.by_hand {
            let _ = writeln!(out, "<li>{}</li>", inline(line));
        }
        out.push_str("</ul>\n</section>\n");
    }
    if !page.settings.is_empty() {
        out.push_str("<section>\n<h2>What is chosen for the account</h2>\n<dl>\n");
        for setting in &page.settings {
            let _ = writeln!(
                out,
                "<dt>‹{}›</dt>\n<dd>{}.<br><span class=\"value\">{}</span></dd>",
                escaped(&setting.name),
                inline(setting.doc.trim_end_matches('.')),
                inline(&setting.value)
            );
        }
        out.push_str("</dl>\n</section>\n");
    }
    out.push_str(
        "<footer><p>‹…› stands for what is filled in. leverd wrote this page from the rules themselves.</p></footer>\n",
    );
}

/// A text with names between backticks.
fn inline(text: &str) -> String {
    let mut out = String::new();
    for (at, piece) in text.split('`').enumerate() {
        if at % 2 == 1 {
            let _ = write!(out, "<code>{}</code>", escaped(piece));
        } else {
            out.push_str(&escaped(piece));
        }
    }
    out
}
