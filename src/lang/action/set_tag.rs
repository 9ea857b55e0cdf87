//! `set_tag`: one member of a tag family; its other members go.

use super::add_tag::tag;
use super::registry::{Needs, Verb};
use super::{Action, Draft, Stop, Touch};
use crate::lang::compile::check::Check;
use crate::lang::compile::normal;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::near::near;
use crate::lang::pattern::matches;
use crate::lang::scope::Scope;
use crate::lang::shape::{Names, Ty};
use crate::lang::source::Span;
use crate::lang::template::Template;
use crate::lang::yaml::{self, Key, Node};
use crate::model::{Act, Slot, TagFamily, Type};
use std::sync::Arc;

pub(super) static VERB: Verb = Verb {
    name: "set_tag",
    doc: "Puts one member of a tag family on the opportunity; the other members of the family are removed.",
    shape: Ty::By(Names::Family, &Ty::Of(Names::Member)),
    needs: Needs::Opportunity,
    good: "set_tag: { status: \"{{assessment.title}} - Scored\" }",
    bad: ("unknown-member", "set_tag: { status: \"{{assessment.title}} - Scroed\" }"),
    parse,
};

#[derive(Debug)]
struct SetTag {
    family: String,
    text: Arc<Template>,
}

fn parse(check: &mut Check<'_, '_>, scope: &mut Scope<'_>, node: &Node, _: &str) -> Option<Arc<dyn Action>> {
    let entries = node.entries(check.found)?;
    let [(key, value)] = entries else {
        let help = "write `set_tag: { FAMILY: TEXT }`; for two families write two actions";
        check.error("wrong-type", node.span, "`set_tag` sets one member of one family", help);
        return None;
    };
    let known = family(check, scope, &key.text, key.span);
    let text = check.full_text(scope, value, "a tag")?;
    known?;
    if !is_member(check, scope, key, &text, value) {
        return None;
    }
    Some(Arc::new(SetTag { family: key.text.clone(), text }))
}

/// The family, if it is declared and known under the triggers.
pub(super) fn family(check: &mut Check<'_, '_>, scope: &Scope<'_>, name: &str, span: Span) -> Option<()> {
    let families = &check.declared.families;
    let Some(family) = families.get(name) else {
        let fault = Diagnostic::error("unknown-family", span, format!("there is no tag family `{name}`"));
        let fault = fault.suggest_near(span, name, families.keys().map(String::as_str));
        let known = families.keys().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        check.found.push(if families.is_empty() {
            fault.help("declare it under `tags:` with all its members; a lone tag is `add_tag`")
        } else {
            fault.or_help(format!("families are {known}"))
        });
        return None;
    };
    if family.per_assessment && !scope.has_assessment() {
        let message = format!("the tags of `{name}` name an assessment, and none is known here");
        check.error("no-assessment", span, message, "use it under a trigger such as `assessment.invited`, or a timer on one");
        return None;
    }
    Some(())
}

/// Whether the text is a member, as far as that can be told from the files: names of bands and choices are tried out.
fn is_member(check: &mut Check<'_, '_>, scope: &Scope<'_>, key: &Key, text: &Template, node: &Node) -> bool {
    let members = check.declared.families.get(&key.text).map(|family| family.members.as_slice()).unwrap_or_default();
    let source = text.source();
    // Texts with more ways through their blocks than are looked at decide when they are rendered.
    let Some(ways) = text.spelled().filter(|_| !members.is_empty()) else { return true };
    for text in ways.iter().flat_map(|way| written_out(scope, text, way)) {
        if members.contains(&text) || members.iter().any(|member| holes_fit(member, &text, node.span)) {
            continue;
        }
        let whole = normal(source) == text;
        let message = match (text.is_empty(), ways.len()) {
            (true, _) => format!("the text may come out empty, and that is no member of the tag family `{}`", key.text),
            (false, 1) => format!("`{text}` is no member of the tag family `{}`", key.text),
            (false, _) => format!("the text may come out as `{text}`, which is no member of the tag family `{}`", key.text),
        };
        let fault = Diagnostic::error("unknown-member", node.span, message);
        let nearest = near(&text, members.iter().map(String::as_str)).into_iter().next();
        let fault = match nearest {
            _ if whole => fault.suggest_near(node.span, &text, members.iter().map(String::as_str)),
            Some(nearest) => fault.help(format!("the nearest member is `{nearest}`")),
            None => fault,
        };
        if !fault.help.is_empty() {
            check.found.push(fault);
            return false;
        }
        // A suggestion replaces the whole scalar, quotes and all.
        let fault = match fault.suggestion.clone() {
            Some(suggestion) => {
                let written = yaml::written(&suggestion.replacement);
                fault.suggest_as(suggestion.title, suggestion.span, written)
            }
            None => fault,
        };
        let known = members.iter().map(|member| format!("`{member}`")).collect::<Vec<_>>().join(", ");
        check.found.push(fault.or_help(format!("its members are {known}")));
        return false;
    }
    true
}

/// One way through a text, for every label of a band and every choice that it prints.
fn written_out(scope: &Scope<'_>, text: &Template, way: &str) -> Vec<String> {
    const MOST: usize = 200;
    let mut all = vec![normal(way)];
    for path in text.paths() {
        let Some(Type::OneOf(options)) = scope.resolve(path).map(|found| found.ty) else { continue };
        let tag = format!("{{{{{path}}}}}");
        if all.len() * options.len() <= MOST {
            all = all.iter().flat_map(|text| options.iter().map(|option| text.replace(&tag, option))).collect();
        }
    }
    all
}

/// Whether a member with holes, as written, can read the text.
fn holes_fit(member: &str, text: &str, span: Span) -> bool {
    let place = |_: std::ops::Range<usize>| span;
    let pattern = crate::lang::rule::PatternText::parse_text(member, &place, &mut crate::lang::diagnostic::Diagnostics::new());
    pattern.is_some_and(|pattern| pattern.holes().next().is_some() && crate::lang::compile::member_fits(&pattern, text))
}

impl Action for SetTag {
    fn verb(&self) -> &'static str {
        VERB.name
    }

    fn plan(&self, draft: &mut dyn Draft) -> Result<(), Stop> {
        let tag = tag(draft, &self.text)?;
        let members = draft.members(&self.family)?;
        let ruleset = draft.ruleset();
        let names = (&*ruleset.catalogue, ruleset.pack.vendor_name().map(crate::model::VendorName::as_str));
        if !members.iter().any(|member| matches(member, &tag, &names, false).is_some()) {
            return Err(Stop::Unrenderable(format!("`{tag}` is no member of the tag family `{}`", self.family)));
        }
        let slot = slot(draft, &self.family)?;
        let act = TagFamily { family: self.family.clone(), member: Some(tag), members, spare: Vec::new() };
        draft.effect(Some(slot), &self.family, Act::Family(act));
        Ok(())
    }

    fn identity(&self) -> String {
        self.family.clone()
    }

    fn touch(&self) -> Touch<'_> {
        Touch::SetTag { family: &self.family, text: &self.text }
    }
}

/// The slot of a family: one for each test when its members name the assessment.
pub(super) fn slot(draft: &mut dyn Draft, family: &str) -> Result<Slot, Stop> {
    let pack = draft.pack();
    let per_assessment = pack.families.get(family).is_some_and(|family| family.per_assessment);
    let pack = pack.name.clone();
    let instance = if per_assessment { draft.assessment()?.map(|row| row.test.id) } else { None };
    Ok(Slot::Family { pack, family: family.to_owned(), instance })
}
