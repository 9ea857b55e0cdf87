//! All verbs, one line each. Parsing, the schema, `explain` and the documentation read this list.

use super::{
    Action, add_file, add_link, add_note, add_tag, alert, archive, ask, call, clear_tag, fill_feedback, fill_form, invite,
    mark, move_stage, remove_link, remove_tag, rename_tag, set_tag,
};
use crate::lang::compile::check::Check;
use crate::lang::scope::Scope;
use crate::lang::shape::Ty;
use crate::lang::yaml::Node;
use std::fmt;
use std::sync::Arc;

/// What must be there for a verb to make sense.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    Nothing,
    /// An opportunity, even one that Lever no longer knows.
    Lane,
    /// An opportunity that can still be written to.
    Opportunity,
    /// An assessment that the event is about.
    Assessment,
}

/// Compiles what stands under the verb.
pub(crate) type Parse = fn(&mut Check<'_, '_>, &mut Scope<'_>, &Node, &str) -> Option<Arc<dyn Action>>;

/// One verb.
pub struct Verb {
    /// As authors write it.
    pub name: &'static str,
    pub doc: &'static str,
    /// What stands under it.
    pub shape: Ty,
    pub needs: Needs,
    /// One action that is right, in the pack that `explain` uses for its examples.
    pub good: &'static str,
    /// One action with a fault, and the fault's code.
    pub bad: (&'static str, &'static str),
    pub(crate) parse: Parse,
}

impl fmt::Debug for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Verb").field(&self.name).finish()
    }
}

/// Every verb that is carried out, in the order of the documentation.
pub static VERBS: &[&Verb] = &[
    &invite::VERB,
    &mark::VERB,
    &call::VERB,
    &ask::VERB,
    &set_tag::VERB,
    &clear_tag::VERB,
    &add_tag::VERB,
    &remove_tag::VERB,
    &rename_tag::VERB,
    &add_note::VERB,
    &add_link::VERB,
    &remove_link::VERB,
    &add_file::VERB,
    &fill_form::VERB,
    &fill_feedback::VERB,
    &move_stage::VERB,
    &archive::VERB,
    &alert::VERB,
];

/// The verb of this name.
pub fn find(name: &str) -> Option<&'static Verb> {
    VERBS.iter().find(|verb| verb.name == name).copied()
}

/// The names of all verbs.
pub fn names() -> Vec<&'static str> {
    VERBS.iter().map(|verb| verb.name).collect()
}

/// What other tools call it.
pub fn synonym(word: &str) -> Option<&'static str> {
    Some(match word {
        "tag" | "label" | "add_label" => "add_tag",
        "untag" | "delete_tag" | "remove_label" => "remove_tag",
        "note" | "comment" | "create_note" => "add_note",
        "link" => "add_link",
        "file" | "attach" | "attach_file" | "add_attachment" | "upload" => "add_file",
        "form" | "add_form" | "profile_form" => "fill_form",
        "feedback" | "add_feedback" => "fill_feedback",
        "delete_link" => "remove_link",
        "move" | "stage" | "set_stage" | "change_stage" | "move_to" => "move_stage",
        "send" | "send_invite" | "send_test" | "send_assessment" => "invite",
        "notify" | "warn" => "alert",
        "reject" => "archive",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::explain::{check_rules, in_example_pack};

    #[test]
    fn examples_of_verbs_are_what_they_claim() {
        for verb in VERBS {
            let good = check_rules(&in_example_pack(verb.good));
            assert!(good.is_empty(), "{}: {good:?}", verb.name);
            let bad: Vec<&str> = check_rules(&in_example_pack(verb.bad.1)).iter().map(|found| found.code).collect();
            assert_eq!(bad, [verb.bad.0], "{}", verb.name);
        }
    }
}
