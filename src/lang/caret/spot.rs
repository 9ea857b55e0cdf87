//! From a byte to the key or value that it is in, with the way down to it.

use crate::lang::source::Span;
use crate::lang::yaml::{Key, Kind, Node};

/// One step down.
#[derive(Debug, Clone, Copy)]
pub(super) enum Step<'n> {
    /// To the value of this entry of a map.
    Key(&'n Node, usize, &'n Key),
    /// To an item of a list.
    Item(&'n Node, usize),
}

/// What is there.
#[derive(Debug, Clone, Copy)]
pub(super) enum At<'n> {
    /// A key of this map.
    Key(&'n Node, &'n Key),
    Value(&'n Node),
}

/// A place in a tree.
#[derive(Debug, Clone)]
pub(super) struct Spot<'n> {
    pub(super) path: Vec<Step<'n>>,
    pub(super) at: At<'n>,
}

impl<'n> Spot<'n> {
    /// The key or the single value that holds a byte.
    pub(super) fn find(root: &'n Node, offset: usize) -> Option<Self> {
        let holds = |span: Span| span.start as usize <= offset && offset <= span.end as usize;
        let (mut node, mut path) = (root, Vec::new());
        loop {
            match &node.kind {
                Kind::Map(entries) => {
                    if let Some((key, _)) = entries.iter().find(|(key, _)| holds(key.span)) {
                        return Some(Self { path, at: At::Key(node, key) });
                    }
                    let (at, (key, value)) = entries.iter().enumerate().find(|(_, (_, value))| holds(value.span))?;
                    path.push(Step::Key(node, at, key));
                    node = value;
                }
                Kind::Seq(items) => {
                    let (at, item) = items.iter().enumerate().find(|(_, item)| holds(item.span))?;
                    path.push(Step::Item(node, at));
                    node = item;
                }
                Kind::Scalar { .. } => return holds(node.span).then_some(Self { path, at: At::Value(node) }),
                Kind::Faulty => return None,
            }
        }
    }

    /// The list or map around what is there.
    pub(super) fn around(&self) -> Option<&'n Node> {
        match (self.at, self.path.last()?) {
            (At::Key(map, _), _) => Some(map),
            (At::Value(_), Step::Key(node, ..) | Step::Item(node, _)) => Some(node),
        }
    }

    /// The key at this depth of the way down.
    pub(super) fn key(&self, depth: usize) -> Option<&'n str> {
        match self.path.get(depth) {
            Some(Step::Key(_, _, key)) => Some(&key.text),
            _ => None,
        }
    }

    /// The innermost map on the way down that was left through this key, and how deep it is.
    pub(super) fn left_by(&self, name: &str) -> Option<(usize, &'n Node)> {
        self.path.iter().enumerate().rev().find_map(|(depth, step)| match step {
            Step::Key(map, _, key) if key.text == name => Some((depth, *map)),
            _ => None,
        })
    }
}
