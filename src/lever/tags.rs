//! The tag changes of one lane as at most one add and one remove.
//!
//! Effects name what shall be true: this member of a family, this tag, no tag like that. What must go is computed from the tags in
//! Lever's own answer to the add, so that no list is stale, and adding goes first: a crash in between leaves both tags, which shows
//! and is repaired by repeating. Patterns are matched by the caller's matcher, since the pattern language is not known here.

use super::api;
use crate::model::{Act, OpportunityId, Pattern, Request, TagFamily, UserId};
use std::collections::BTreeSet;

/// Whether a pattern matches a whole tag (`lang::pattern`).
pub type Matches<'a> = &'a dyn Fn(&Pattern, &str) -> bool;

/// The next call of a [`TagRun`].
#[derive(Debug, Clone, PartialEq)]
pub enum TagStep {
    /// Read the opportunity; hand its tags to [`TagRun::next`].
    Read(Request),
    /// Send; hand the tags of the answer to [`TagRun::next`], `None` when the answer cannot be read.
    Send(Request),
    /// Everything is as it shall be.
    Done,
}

/// Several tag effects of one lane under way together. Keep it in memory; after a crash make a new one: all of it may be repeated.
#[derive(Debug, Clone)]
pub struct TagRun {
    opportunity: OpportunityId,
    perform_as: Option<UserId>,
    add: Vec<String>,
    families: Vec<TagFamily>,
    remove: Vec<Pattern>,
    added: bool,
    removed: bool,
}

impl TagRun {
    /// A run for these effects, in the order in which they were planned: where two contradict each other, the later one wins.
    /// Acts that are no tag changes are ignored.
    pub fn new<'a>(opportunity: &OpportunityId, acts: impl IntoIterator<Item = &'a Act>, perform_as: Option<&UserId>) -> Self {
        let mut run = Self {
            opportunity: opportunity.clone(),
            perform_as: perform_as.cloned(),
            add: Vec::new(),
            families: Vec::new(),
            remove: Vec::new(),
            added: false,
            removed: false,
        };
        for act in acts {
            match act {
                Act::Family(family) => {
                    run.families.retain(|earlier| earlier.members != family.members);
                    run.families.push(family.clone());
                }
                Act::AddTag { tag } => {
                    run.remove.retain(|pattern| pattern.as_literal() != Some(tag));
                    run.add.push(tag.clone());
                }
                Act::RemoveTag { pattern } => {
                    run.add.retain(|tag| pattern.as_literal() != Some(tag));
                    run.remove.push(pattern.clone());
                }
                _ => {}
            }
        }
        run
    }

    /// What to do next, given the opportunity's tags from a fresh answer (read after the effects were planned, or an answer to a
    /// write of this run), or `None` when they are not known. Ends after at most one read, one add and one remove.
    pub fn next(&mut self, tags: Option<&[String]>, matches: Matches<'_>) -> TagStep {
        let wanted = self.wanted();
        if !self.added {
            let missing: Vec<String> =
                wanted.iter().filter(|tag| tags.is_none_or(|tags| !tags.contains(*tag))).cloned().collect();
            if !missing.is_empty() {
                let request = api::add_tags(&self.opportunity, &missing, self.perform_as.as_ref());
                self.added = true;
                return TagStep::Send(request);
            }
            self.added = true;
        }
        if self.removed {
            return TagStep::Done;
        }
        let gone = match tags {
            Some(tags) => tags.iter().filter(|tag| self.goes(tag, &wanted, matches)).cloned().collect(),
            // Tags named literally can be removed unseen: removing an absent tag changes nothing.
            None if self.families.is_empty() => match self.remove.iter().map(Pattern::as_literal).collect::<Option<Vec<_>>>() {
                Some(literals) => unique(literals.into_iter().filter(|tag| !wanted.iter().any(|wanted| wanted == tag))),
                None => return TagStep::Read(api::get_opportunity(&self.opportunity)),
            },
            None => return TagStep::Read(api::get_opportunity(&self.opportunity)),
        };
        self.removed = true;
        if gone.is_empty() {
            TagStep::Done
        } else {
            TagStep::Send(api::remove_tags(&self.opportunity, &gone, self.perform_as.as_ref()))
        }
    }

    /// Every tag that shall be there, once, in order.
    fn wanted(&self) -> Vec<String> {
        let members = self.families.iter().filter_map(|family| family.member.as_deref());
        unique(members.chain(self.add.iter().map(String::as_str)))
    }

    /// Whether this tag has to go.
    fn goes(&self, tag: &str, wanted: &[String], matches: Matches<'_>) -> bool {
        if wanted.iter().any(|wanted| wanted == tag) {
            return false;
        }
        self.families.iter().any(|family| belongs(family, tag, matches))
            || self.remove.iter().any(|pattern| matches(pattern, tag))
    }
}

/// Whether a tag is a member of the family: it fits one of its members, and no neighbour's pattern fits it with more literal text.
fn belongs(family: &TagFamily, tag: &str, matches: Matches<'_>) -> bool {
    let longest =
        |patterns: &[Pattern]| patterns.iter().filter(|pattern| matches(pattern, tag)).map(Pattern::literal_len).max();
    longest(&family.members).is_some_and(|own| longest(&family.spare).is_none_or(|spare| spare < own))
}

fn unique<'a>(tags: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    tags.filter(|tag| seen.insert(*tag)).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Body, Hole, Piece, Type};

    /// A matcher for the tests: a hole matches anything between literal ends.
    fn fits(pattern: &Pattern, tag: &str) -> bool {
        match pattern.0.as_slice() {
            [Piece::Text(text)] => text == tag,
            [Piece::Text(start), Piece::Hole(_)] => tag.starts_with(start.as_str()),
            _ => false,
        }
    }

    fn family(member: Option<&str>) -> Act {
        let open =
            |start: &str| Pattern(vec![Piece::Text(start.into()), Piece::Hole(Hole { name: "n".into(), ty: Type::Number })]);
        Act::Family(TagFamily {
            family: "status".into(),
            member: member.map(str::to_owned),
            members: vec![Pattern::literal("Java - Invited"), Pattern::literal("Java - Started"), open("Java - Score ")],
            spare: vec![open("Java - Score board ")],
        })
    }

    fn sent(step: TagStep) -> (String, Vec<String>) {
        let TagStep::Send(request) = step else { panic!("{step:?}") };
        let Body::Json(body) = request.body else { panic!() };
        (request.path, serde_json::from_value(body["tags"].clone()).unwrap())
    }

    fn strings(tags: &[&str]) -> Vec<String> {
        tags.iter().map(|tag| (*tag).to_owned()).collect()
    }

    #[test]
    fn a_family_is_one_add_then_one_remove_from_the_answer() {
        let acts = [
            family(Some("Java - Score 80")),
            Act::AddTag { tag: "Seen".into() },
            Act::RemoveTag { pattern: Pattern::literal("Hot") },
        ];
        let mut run = TagRun::new(&"o1".into(), &acts, None);
        assert_eq!(sent(run.next(None, &fits)), ("/opportunities/o1/addTags".into(), strings(&["Java - Score 80", "Seen"])));
        let answer =
            strings(&["Java - Started", "Java - Score board x", "Java", "Hot", "Java - Score 12", "Java - Score 80", "Seen"]);
        let expected = strings(&["Java - Started", "Hot", "Java - Score 12"]);
        assert_eq!(sent(run.next(Some(&answer), &fits)), ("/opportunities/o1/removeTags".into(), expected));
        assert_eq!(run.next(Some(&answer), &fits), TagStep::Done, "an inherited tag that comes back is not chased");
    }

    #[test]
    fn what_is_already_so_is_not_sent() {
        let mut run = TagRun::new(&"o1".into(), &[family(Some("Java - Invited"))], None);
        assert_eq!(run.next(Some(&strings(&["Java - Invited", "x"])), &fits), TagStep::Done);
    }

    #[test]
    fn clearing_a_family_reads_first_and_a_literal_tag_does_not() {
        let mut clear = TagRun::new(&"o1".into(), &[family(None)], None);
        assert!(matches!(clear.next(None, &fits), TagStep::Read(request) if request.path == "/opportunities/o1"));
        assert_eq!(sent(clear.next(Some(&strings(&["Java - Invited", "x"])), &fits)).1, strings(&["Java - Invited"]));
        let mut one = TagRun::new(&"o1".into(), &[Act::RemoveTag { pattern: Pattern::literal("Hot") }], None);
        assert_eq!(sent(one.next(None, &fits)).1, strings(&["Hot"]));
    }

    #[test]
    fn the_later_of_two_effects_wins() {
        let acts = [family(Some("Java - Invited")), family(Some("Java - Started")), Act::AddTag { tag: "a".into() }];
        let removal = Act::RemoveTag { pattern: Pattern::literal("a") };
        let mut run = TagRun::new(&"o1".into(), acts.iter().chain([&removal]), Some(&"u1".into()));
        assert_eq!(sent(run.next(None, &fits)).1, strings(&["Java - Started"]));
        assert_eq!(
            sent(run.next(Some(&strings(&["a", "Java - Started", "Java - Invited"])), &fits)).1,
            strings(&["a", "Java - Invited"])
        );
    }

    #[test]
    fn an_unreadable_answer_to_the_add_is_followed_by_a_read() {
        let mut run = TagRun::new(&"o1".into(), &[family(Some("Java - Started"))], None);
        assert!(matches!(run.next(None, &fits), TagStep::Send(_)));
        assert!(matches!(run.next(None, &fits), TagStep::Read(_)));
        assert_eq!(run.next(Some(&strings(&["Java - Started"])), &fits), TagStep::Done);
    }
}
