//! Pages as Markdown.

use super::{Page, rule_names};
use std::fmt::Write as _;

/// The pages, one after the other.
pub fn render(pages: &[Page]) -> String {
    let mut out = String::new();
    for page in pages {
        if !out.is_empty() {
            out.push('\n');
        }
        one(page, &mut out);
    }
    out
}

fn one(page: &Page, out: &mut String) {
    let account = page.account.as_ref().map(|account| format!(" in {account}")).unwrap_or_default();
    let _ = writeln!(out, "# What leverd does in Lever: {}\n", inline(&format!("{}{account}", page.title)));
    if !page.about.is_empty() {
        let _ = writeln!(out, "{}\n", inline(&page.about));
    }
    if let Some(idle) = page.idle {
        let _ = writeln!(out, "**{idle}**\n");
    }
    out.push_str("## What happens, rule by rule\n");
    for rule in &page.rules {
        let _ = writeln!(out, "\n### {}\n", inline(&rule.name));
        match (rule.requires.as_slice(), rule.does.as_slice()) {
            ([], [only]) if rule.when.ends_with(", leverd") => {
                let _ = writeln!(out, "{} {}.", inline(&rule.when), inline(only));
            }
            (requires, does) => {
                let _ = writeln!(out, "{}:\n", inline(&rule.when));
                for (at, line) in requires.iter().chain(does).enumerate() {
                    let _ = writeln!(out, "{}. {}", at + 1, inline(line));
                }
            }
        }
        for note in &rule.notes {
            let _ = writeln!(out, "\n{}", inline(note));
        }
    }
    if !page.families.is_empty() {
        out.push_str("\n## Tags\n");
        for family in &page.families {
            let each = if family.per_test { ", one for each test" } else { "" };
            let _ = writeln!(
                out,
                "\n### {}\n\nA candidate has at most one of these{each}.\n\n| tag | set by |\n|---|---|",
                inline(&family.name)
            );
            for (tag, writers) in &family.members {
                let by = if writers.is_empty() { "people".to_owned() } else { rule_names(writers) };
                let _ = writeln!(out, "| {} | {} |", cell(tag), cell(&by));
            }
        }
    }
    if !page.bands.is_empty() {
        out.push_str("\n## How it is told what a result means\n\n");
        for (name, steps) in &page.bands {
            let _ = writeln!(out, "- **‹{}›** {}.", inline(name), inline(steps));
        }
    }
    if !page.by_hand.is_empty() {
        out.push_str("\n## By hand, and not by hand\n\n");
        for line in &page.by_hand {
            let _ = writeln!(out, "- {}", inline(line));
        }
    }
    if !page.settings.is_empty() {
        out.push_str("\n## What is chosen for the account\n\n");
        for setting in &page.settings {
            let _ = writeln!(
                out,
                "- **‹{}›** {}: {}",
                inline(&setting.name),
                inline(setting.doc.trim_end_matches('.')),
                inline(&setting.value)
            );
        }
    }
    out.push_str("\n‹…› stands for what is filled in. leverd wrote this page from the rules themselves.\n");
}

/// A text in which only what stands between backticks is marked.
fn inline(text: &str) -> String {
    let mut out = String::new();
    for (at, piece) in text.split('`').enumerate() {
        if at % 2 == 1 {
            let _ = write!(out, "`{piece}`");
            continue;
        }
        for c in piece.chars() {
            if matches!(c, '*' | '_' | '<' | '[' | ']' | '\\') {
                out.push('\\');
            }
            out.push(c);
        }
    }
    out
}

/// A text in a table.
fn cell(text: &str) -> String {
    inline(text).replace('|', "\\|")
}
