//! `remove_tag`: every tag that a pattern reads.

use super::registry::{Needs, Verb};
use super::{Action, Draft, Stop, Touch};
use crate::lang::compile::check::Check;
use crate::lang::rule::{PatternPiece, PatternText};
use crate::lang::scope::Scope;
use crate::lang::shape::{Names, Ty};
use crate::lang::yaml::Node;
use crate::model::{Act, Pattern, Piece, Slot};
use std::sync::Arc;

pub(super) static VERB: Verb = Verb {
    name: "remove_tag",
    doc: "Removes a tag, or every tag that a pattern with `{holes}` reads.",
    shape: Ty::Of(Names::Tag),
    needs: Needs::Opportunity,
    good: "remove_tag: \"{{assessment.title}} - {n:number} %\"",
    bad: ("pattern", "remove_tag: \"Score {n:numbr}\""),
    parse,
};

#[derive(Debug)]
struct RemoveTag {
    pattern: PatternText,
}

fn parse(check: &mut Check<'_, '_>, scope: &mut Scope<'_>, node: &Node, _: &str) -> Option<Arc<dyn Action>> {
    let pattern = tags(check, scope, node)?;
    Some(Arc::new(RemoveTag { pattern }))
}

/// A pattern of tags that does not read every tag there is.
pub(super) fn tags(check: &mut Check<'_, '_>, scope: &Scope<'_>, node: &Node) -> Option<PatternText> {
    let pattern = check.pattern(scope, node)?;
    if pattern.templates().all(|text| text.source().trim().is_empty()) {
        let message = if pattern.holes().next().is_some() { "this reads every tag there is" } else { "a tag cannot be empty" };
        check.error("pattern", node.span, message, "write what all the tags that are meant have in common");
        return None;
    }
    Some(pattern)
}

impl Action for RemoveTag {
    fn verb(&self) -> &'static str {
        VERB.name
    }

    fn plan(&self, draft: &mut dyn Draft) -> Result<(), Stop> {
        let pattern = rendered(draft, &self.pattern)?;
        let slot = pattern.as_literal().map(|tag| Slot::Tag(tag.to_owned()));
        draft.effect(slot, &self.identity(), Act::RemoveTag { pattern });
        Ok(())
    }

    fn identity(&self) -> String {
        self.pattern.source()
    }

    fn touch(&self) -> Touch<'_> {
        Touch::RemoveTag { pattern: &self.pattern }
    }
}

/// The pattern with its texts rendered.
pub(super) fn rendered(draft: &mut dyn Draft, text: &PatternText) -> Result<Pattern, Stop> {
    let mut pieces: Vec<Piece> = Vec::new();
    for piece in &text.0 {
        match piece {
            PatternPiece::Hole(hole) => pieces.push(Piece::Hole(hole.clone())),
            PatternPiece::Text(template) => {
                let text = draft.text(template)?;
                match pieces.last_mut() {
                    Some(Piece::Text(before)) => before.push_str(&text),
                    _ => pieces.push(Piece::Text(text)),
                }
            }
        }
    }
    if let Some(Piece::Text(first)) = pieces.first_mut() {
        *first = first.trim_start().to_owned();
    }
    if let Some(Piece::Text(last)) = pieces.last_mut() {
        *last = last.trim_end().to_owned();
    }
    pieces.retain(|piece| *piece != Piece::Text(String::new()));
    if !pieces.iter().any(|piece| matches!(piece, Piece::Text(_))) {
        return Err(Stop::Unrenderable(format!("the pattern `{}` came out without any text of its own", text.source())));
    }
    Ok(Pattern(pieces))
}
