//! The address of a place in a tree, such as `accounts.acme.packs[0].mode`: for people and for `--format json`.

use super::diagnostic::Diagnostics;
use super::source::Span;
use super::yaml::{Kind, Node};
use std::fmt::Write as _;

/// The address of the deepest node or key that holds `span`; empty for the whole file.
pub fn route_at(root: &Node, span: Span) -> String {
    let holds = |outer: Span| outer.source == span.source && outer.start <= span.start && span.end <= outer.end;
    let mut route = String::new();
    let mut node = root;
    loop {
        let next = match &node.kind {
            Kind::Map(entries) => {
                entries.iter().find(|(key, value)| holds(key.span) || holds(value.span)).map(|(key, value)| {
                    if !route.is_empty() {
                        route.push('.');
                    }
                    route.push_str(&key.text);
                    value
                })
            }
            Kind::Seq(items) => items.iter().enumerate().find(|(_, item)| holds(item.span)).map(|(at, item)| {
                let _ = write!(route, "[{at}]");
                item
            }),
            Kind::Scalar { .. } | Kind::Faulty => None,
        };
        match next {
            Some(child) => node = child,
            None => return route,
        }
    }
}

/// The same diagnostics, each with its route in `root` unless it has one.
pub fn routed(root: &Node, found: Diagnostics) -> Diagnostics {
    let mut all = Diagnostics::new();
    all.extend(found.into_iter().map(|diagnostic| {
        let route = route_at(root, diagnostic.primary);
        if diagnostic.route.is_some() || route.is_empty() { diagnostic } else { diagnostic.route(route) }
    }));
    all
}

/// Follows the rest of a route (`.when.any[1].to_stage`) into a tree. Keys may hold dots, so the longest that fits is taken.
pub fn locate(node: &Node, route: &str) -> Option<Span> {
    let (mut at, mut rest, mut span) = (node, route, None);
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (index, after) = inside.split_once(']')?;
            let Kind::Seq(items) = &at.kind else { return span };
            at = items.get(index.parse::<usize>().ok()?)?;
            span = Some(first_key(at));
            rest = after;
            continue;
        }
        let inside = rest.strip_prefix('.').unwrap_or(rest);
        let Kind::Map(entries) = &at.kind else { return span };
        let fits =
            |text: &str| inside.strip_prefix(text).is_some_and(|after| after.is_empty() || after.starts_with(['.', '[']));
        let Some((key, value)) = entries.iter().filter(|(key, _)| fits(&key.text)).max_by_key(|(key, _)| key.text.len()) else {
            return span;
        };
        span = Some(key.span);
        rest = inside.get(key.text.len()..).unwrap_or_default();
        at = value;
    }
    span
}

/// Where an item begins, without what stands further in.
fn first_key(node: &Node) -> Span {
    match &node.kind {
        Kind::Map(entries) => entries.first().map_or(node.span, |(key, _)| key.span),
        _ => node.span,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::source::Sources;
    use crate::lang::yaml;

    #[test]
    fn the_deepest_node_or_key_is_named() {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let text = "a:\n  - b: 1\n  - c: { d: here }\n";
        let id = sources.add_text("x", text);
        let root = yaml::load(&sources, id, &mut found).expect("yaml");
        let at = |word: &str| {
            let start = text.find(word).expect("there");
            route_at(&root, Span::new(id, start..start + word.len()))
        };
        assert_eq!((at("here"), at("b"), at("d")), ("a[1].c.d".into(), "a[0].b".into(), "a[1].c.d".into()));
    }
}
