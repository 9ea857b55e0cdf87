//! Which calls to Lever an account's rules may need, and why: what doctor checks and a login asks for. No more than that.

use super::account::Account;
use crate::lang::rule::{Do, Rule, Source, Spec, Trigger};
use crate::lever::permission;
use crate::model::{Destination, EventKind, Method, Request};
use std::collections::{BTreeMap, BTreeSet};

/// One call that may be needed.
#[derive(Debug, Clone, PartialEq)]
pub struct Need {
    /// An example of the call: `o` stands for an opportunity.
    pub request: Request,
    /// What needs it, for people: verbs, triggers, commands.
    pub why: BTreeSet<String>,
}

impl Need {
    /// The OAuth scope.
    pub fn scope(&self) -> Option<String> {
        permission::scope(&self.request)
    }

    /// What Lever's settings call the permission.
    pub fn label(&self) -> &'static str {
        permission::label(&self.request)
    }
}

/// What a verb does at Lever, as method and path.
fn calls(verb: &str) -> &'static [(Method, &'static str)] {
    use Method::{Delete, Get, Post, Put};
    match verb {
        "set_tag" | "rename_tag" => {
            &[(Post, "/opportunities/o/addTags"), (Post, "/opportunities/o/removeTags"), (Get, "/opportunities/o")]
        }
        "add_tag" => &[(Post, "/opportunities/o/addTags"), (Get, "/opportunities/o")],
        "clear_tag" | "remove_tag" => &[(Post, "/opportunities/o/removeTags"), (Get, "/opportunities/o")],
        // A note whose answer got lost is looked for before it is written again.
        "add_note" => {
            &[(Post, "/opportunities/o/notes"), (Get, "/opportunities/o/notes"), (Delete, "/opportunities/o/notes/n")]
        }
        "add_link" => &[(Post, "/opportunities/o/addLinks"), (Post, "/opportunities/o/removeLinks")],
        "remove_link" => &[(Post, "/opportunities/o/removeLinks")],
        "add_file" => {
            &[(Post, "/opportunities/o/files"), (Get, "/opportunities/o/files"), (Delete, "/opportunities/o/files/f")]
        }
        "fill_form" => &[(Post, "/opportunities/o/forms"), (Get, "/opportunities/o/forms"), (Get, "/form_templates")],
        "fill_feedback" => {
            &[(Post, "/opportunities/o/feedback"), (Get, "/opportunities/o/feedback"), (Get, "/feedback_templates")]
        }
        "move_stage" => &[(Put, "/opportunities/o/stage"), (Get, "/opportunities/o"), (Get, "/stages")],
        "archive" => &[(Put, "/opportunities/o/archived"), (Get, "/opportunities/o"), (Get, "/archive_reasons")],
        _ => &[],
    }
}

/// What the rules of an account need, in the order of the calls.
pub fn of(account: &Account) -> Vec<Need> {
    let mut needs: BTreeMap<(String, &'static str), Need> = BTreeMap::new();
    let mut add = |method: Method, path: &str, why: String| {
        let request = Request::new(Destination::Lever, method, path);
        let need = needs.entry((path.to_owned(), method.as_str())).or_insert_with(|| Need { request, why: BTreeSet::new() });
        need.why.insert(why);
    };
    let active = account.active();
    for pack in &active.packs {
        for rule in &pack.rules {
            for trigger in &rule.triggers {
                if matches!(trigger, Trigger::Event(EventKind::Lever(_)) | Trigger::TagAdded(_)) {
                    add(Method::Get, "/opportunities/o", format!("rule `{}` looks at the candidate", rule.name));
                }
            }
            for verb in verbs(rule) {
                for (method, path) in calls(verb) {
                    add(*method, path, format!("`{verb}` of rule `{}`", rule.name));
                }
            }
        }
    }
    for path in ["/stages", "/tags", "/postings", "/users", "/archive_reasons"] {
        add(Method::Get, path, "`leverd pull`".to_owned());
    }
    add(Method::Get, "/postings/p", "conditions on the posting".to_owned());
    add(Method::Get, "/webhooks", "`leverd connect --webhooks`".to_owned());
    add(Method::Post, "/webhooks", "`leverd connect --webhooks`".to_owned());
    if account.poll.is_some() {
        add(Method::Get, "/opportunities", "`lever.poll`".to_owned());
    }
    if account.perform_as.is_some() {
        add(Method::Get, "/users", "`perform_as`".to_owned());
    }
    needs.into_values().collect()
}

/// The scopes that a login asks for.
pub fn scopes(account: &Account) -> Vec<String> {
    permission::least(of(account).iter().filter_map(Need::scope))
}

/// The verbs of a rule, those of its else branches too.
fn verbs(rule: &Rule) -> BTreeSet<&'static str> {
    let mut verbs = BTreeSet::new();
    let mut take = |actions: &[Do]| verbs.extend(actions.iter().map(|one| one.action.verb()));
    take(&rule.actions);
    rule.require.iter().for_each(|require| take(&require.otherwise));
    for (_, spec) in rule.for_each.iter().chain(&rule.find) {
        branches(spec, &mut take);
    }
    verbs
}

fn branches(spec: &Spec, take: &mut impl FnMut(&[Do])) {
    take(&spec.otherwise);
    if let Source::FirstOf(specs) = &spec.source {
        for spec in specs {
            branches(spec, take);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::action::registry;

    /// Verbs that Lever hears nothing of.
    const ELSEWHERE: [&str; 5] = ["invite", "mark", "alert", "call", "ask"];

    #[test]
    fn every_verb_says_what_it_does_at_lever() {
        for verb in registry::names().into_iter().filter(|verb| !ELSEWHERE.contains(verb)) {
            assert!(!calls(verb).is_empty(), "{verb}");
        }
    }

    // B68 B69
    #[test]
    fn b68_b69_every_call_has_a_scope_and_a_label() {
        for (method, path) in registry::names().into_iter().flat_map(calls) {
            let need = Need { request: Request::new(Destination::Lever, *method, *path), why: BTreeSet::new() };
            assert!(need.scope().is_some(), "{path}");
            assert_ne!(need.label(), "for this call", "{} {path}", method.as_str());
        }
    }
}
