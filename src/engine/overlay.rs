//! Facts as if our own waiting effects of the opportunity were done: what is in flight is not forgotten, and nothing is read back.

use crate::lang::pattern::{Names, matches};
use crate::model::{Act, Effect, Facts, Kind, Named, Pattern, TagFamily, Value};

/// The facts with the effects of `waiting` done, in their order. Give effects of this opportunity that may be sent or wait; not parked
/// ones, which may never happen.
pub fn overlay(facts: &Facts, waiting: &[Effect]) -> Facts {
    let mut facts = facts.clone();
    for effect in waiting {
        done(&mut facts, &effect.act);
    }
    facts
}

fn done(facts: &mut Facts, act: &Act) {
    match act {
        Act::Family(family) => tags(facts, family.member.as_deref(), &|tag| belongs(family, tag)),
        Act::AddTag { tag } => tags(facts, Some(tag), &|_| false),
        Act::RemoveTag { pattern } => tags(facts, None, &|tag| fits(pattern, tag)),
        Act::Stage(to) => {
            let now = facts.values.get("opportunity.stage");
            let id = now.and_then(|stage| match stage {
                Value::Named(named) => Some(named.id.as_str()),
                _ => None,
            });
            let from = to.from.as_ref().unwrap_or(&to.earlier);
            if id.is_some_and(|id| from.iter().any(|stage| stage.as_str() == id)) {
                facts.set("opportunity.stage", Value::named(Kind::Stage, to.to.as_str(), &to.to_name));
            }
        }
        Act::Archive { reason, reason_name, .. } => {
            facts.set("opportunity.archived", Value::Bool(true));
            facts.set("opportunity.archive_reason", Value::named(Kind::ArchiveReason, reason, reason_name));
        }
        Act::Link { url, .. } => {
            if let Some(Value::List(links)) = facts.values.get_mut("opportunity.links")
                && !links.iter().any(|link| link.as_text() == Some(url))
            {
                links.push(Value::text(url));
            }
        }
        // Which URL stood under the key is known when it is sent; the rest is no fact that rules read.
        Act::Unlink { .. }
        | Act::Invite(_)
        | Act::Call(_)
        | Act::Ask(_)
        | Act::Note { .. }
        | Act::File(_)
        | Act::Form(_)
        | Act::Feedback(_) => {}
    }
}

fn tags(facts: &mut Facts, add: Option<&str>, gone: &dyn Fn(&str) -> bool) {
    for name in ["opportunity.tags", "opportunity.own_tags"] {
        if let Some(Value::List(tags)) = facts.values.get_mut(name) {
            tags.retain(|tag| tag.as_text().is_none_or(|tag| Some(tag) == add || !gone(tag)));
            if let Some(tag) = add
                && !tags.iter().any(|other| other.as_text() == Some(tag))
            {
                tags.push(Value::text(tag));
            }
        }
    }
}

/// Whether a tag is a member of the family: matched by it, and by no neighbour with a longer literal text.
pub(crate) fn belongs(family: &TagFamily, tag: &str) -> bool {
    let most = |patterns: &[Pattern]| patterns.iter().filter(|pattern| fits(pattern, tag)).map(Pattern::literal_len).max();
    most(&family.members).is_some_and(|own| most(&family.spare).is_none_or(|other| own >= other))
}

/// Names of catalogues are not known here: a hole typed by one takes any text, as it may when the effect is sent.
fn fits(pattern: &Pattern, tag: &str) -> bool {
    matches(pattern, tag, &Anything, false).is_some()
}

/// Names that are not known here.
struct Anything;

impl Names for Anything {
    fn find(&self, kind: Kind, name: &str, _: bool) -> Option<Named> {
        (!name.trim().is_empty()).then(|| Named { kind, id: name.to_owned(), name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Hole, Piece, Type};

    #[test]
    fn a_member_with_a_hole_for_a_stage_goes_when_another_takes_its_place() {
        let hole = Piece::Hole(Hole { name: "s".into(), ty: Type::STAGE });
        let members = vec![Pattern(vec![Piece::Text("In ".into()), hole])];
        let family = TagFamily { family: "place".into(), member: Some("In Offer".into()), members, spare: Vec::new() };
        let mut facts = Facts::default();
        facts.set("opportunity.tags", Value::texts(["In Interview", "Java"]));
        done(&mut facts, &Act::Family(family));
        assert_eq!(facts.values.get("opportunity.tags"), Some(&Value::texts(["Java", "In Offer"])));
    }
}
