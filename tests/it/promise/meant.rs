//! The language as its page explains it, evaluated in the slowest and plainest way: every rule, every row, every comparison, over one
//! flat table of names. What the engine does fast must come to the same.
//!
//! It reads the generator's own words, not the compiled rule, so that reading, checking and binding are tried as well.

use super::sight::{Absent, Into, Row, Sight, World, items, print, same};
use super::written::{Given, Right, Rule, Spec, Verb, pattern as written_pattern, text as written_text};
use leverd::model::{EventKind, LeverEvent, Value};

/// What comes of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Meant {
    pub(super) fired: Vec<String>,
    pub(super) acts: Vec<String>,
    pub(super) alerts: Vec<String>,
    /// Texts that could not be made, which no accepted rule may have.
    pub(super) broken: Vec<String>,
}

/// The effects of all rules: a slot is taken by the first.
#[derive(Default)]
struct Acts {
    taken: Vec<(String, String)>,
}

impl Acts {
    fn add(&mut self, slot: String, act: String) {
        if !self.taken.iter().any(|(other, _)| *other == slot) {
            self.taken.push((slot, act));
        }
    }
}

struct Item<'i, 's, 'w> {
    sight: &'i Sight<'w>,
    rule: &'s Rule,
    /// What tells the item from the rule's other items.
    identity: &'i str,
}

impl Item<'_, '_, '_> {
    fn act(&self, verb: &Verb, acts: &mut Acts, meant: &mut Meant) -> Result<(), Absent> {
        let (sight, world) = (self.sight, self.sight.world);
        if world.event.opportunity.is_none() {
            return Ok(());
        }
        let mine = |what: &str| format!("{} {} {what}", self.rule.name, self.identity);
        match verb {
            Verb::AddTag(text) => {
                let tag = sight.says(text, Into::Tag)?.trim().to_owned();
                if !tag.is_empty() {
                    acts.add(format!("tag {tag}"), format!("add_tag {tag}"));
                }
            }
            Verb::RemoveTag(pattern) => {
                let parts = sight.made(pattern).ok_or_else(|| Absent(written_pattern(pattern)))?;
                let written: String = parts
                    .iter()
                    .map(|part| match part {
                        Ok(text) => text.clone(),
                        Err((name, _)) => format!("{{{name}}}"),
                    })
                    .collect();
                let slot = match parts.as_slice() {
                    [Ok(text)] => format!("tag {text}"),
                    _ => mine(&format!("remove_tag {}", written_pattern(pattern))),
                };
                if parts.iter().any(Result::is_ok) {
                    acts.add(slot, format!("remove_tag {written}"));
                }
            }
            Verb::SetTag(family, text) => {
                let tag = sight.says(text, Into::Tag)?.trim().to_owned();
                let members = world.pack.families.iter().find(|(name, _)| name == family).map(|(_, members)| members);
                if members.into_iter().flatten().any(|member| sight.like(member, &tag, false).is_some()) {
                    acts.add(self.family(family), format!("set_tag {family} {tag}"));
                }
            }
            Verb::ClearTag(family) => acts.add(self.family(family), format!("clear_tag {family}")),
            Verb::Note { text, key, secret } => {
                let said = sight.says(text, Into::Note)?;
                let key = key.as_ref().map(|key| sight.says(key, Into::Note)).transpose()?.map(|key| key.trim().to_owned());
                if said.trim().is_empty() || key.as_ref().is_some_and(String::is_empty) {
                    return Ok(());
                }
                let slot = match &key {
                    Some(key) => format!("note {key}"),
                    None => mine(&format!("note {}", written_text(text))),
                };
                acts.add(slot, format!("add_note {key:?} {secret} {said:?}"));
            }
            Verb::Link { url, key } => {
                let Some(url) = sight.right(url) else { return Ok(()) };
                let url = print(&url).trim().to_owned();
                let key = sight.says(key, Into::Plain)?.trim().to_owned();
                if !key.is_empty() && url.starts_with("http") {
                    acts.add(format!("link {key}"), format!("add_link {key} {url}"));
                }
            }
            Verb::Alert(text) => meant.alerts.push(sight.says(text, Into::Plain)?),
            Verb::Move { to, from } => self.moves(to, from.as_ref(), acts),
            Verb::Unjudged(..) => {}
            Verb::Archive(reason) => {
                if world.values.get("opportunity.archived") != Some(&Value::Bool(true)) {
                    acts.add("archived".to_owned(), format!("archive {reason}"));
                }
            }
            Verb::Call { operation, with } => {
                let test = world.values.get("assessment.test");
                let about_attempt = *operation != "balance";
                let given = with.as_ref().map(|(name, given)| {
                    Ok(match given {
                        Given::Number(number) => format!("{name}: {number}"),
                        Given::Text(text) => format!("{name}: {}", sight.says(text, Into::Plain)?),
                    })
                });
                let given = given.transpose()?;
                if !about_attempt || test.is_some() {
                    let said = given.unwrap_or_default();
                    acts.add(format!("call {operation} {test:?}"), format!("call {operation} {said}"));
                }
            }
        }
        Ok(())
    }

    /// One instance for each test where a member names the assessment.
    fn family(&self, family: &str) -> String {
        let world = self.sight.world;
        let members = world.pack.families.iter().find(|(name, _)| name == family).map(|(_, members)| members);
        let per_test = members.into_iter().flatten().any(|member| written_pattern(member).contains("assessment."));
        let test = world.values.get("assessment.test").filter(|_| per_test);
        format!("family {family} {test:?}")
    }

    fn moves(&self, to: &Right, from: Option<&Right>, acts: &mut Acts) {
        let (sight, world) = (self.sight, self.sight.world);
        let ending = matches!(
            world.event.kind,
            EventKind::Lever(LeverEvent::CandidateArchiveChange | LeverEvent::CandidateHired | LeverEvent::CandidateDeleted)
                | EventKind::OpportunityGone
        );
        let archived = world.values.get("opportunity.archived") == Some(&Value::Bool(true));
        if archived && !ending && !self.rule.accept.contains(&"archived") {
            return;
        }
        let stage = |value: &Value| world.stages.iter().position(|stage| same(stage, value, false));
        let Some(to) = sight.right(to).as_ref().and_then(stage) else { return };
        let here = world.values.get("opportunity.stage").and_then(stage);
        let allowed = match from {
            Some(from) => match sight.right(from) {
                Some(from) => here.is_none_or(|here| items(&from).iter().filter_map(stage).any(|stage| stage == here)),
                None => return,
            },
            None => here.is_none_or(|here| here < to),
        };
        if allowed && here != Some(to) {
            acts.add("stage".to_owned(), format!("move_stage {}", print(&world.stages[to])));
        }
    }
}

/// What tells a row from others: the attempt, the id of a named thing, else the value.
fn identity(row: &Row) -> String {
    match (row.fields.get("row"), &row.value) {
        (Some(attempt), _) => format!("{attempt:?}"),
        (None, Value::Named(named)) => named.id.clone(),
        (None, value) => format!("{value:?}"),
    }
}

fn walk(sight: &mut Sight<'_>, rule: &Rule, acts: &mut Acts, meant: &mut Meant) -> Result<(), Absent> {
    let world = sight.world;
    if rule.when.as_ref().is_some_and(|when| !sight.holds(when, None)) {
        return Ok(());
    }
    if world.event.kind == EventKind::STAGE_CHANGE && !rule.accept.contains(&"moved_on") {
        let (to, here) = (world.values.get("to_stage"), world.values.get("opportunity.stage"));
        if !to.zip(here).is_some_and(|(to, here)| same(to, here, false)) {
            return Ok(());
        }
    }
    let mut found = Vec::new();
    nest(sight, rule, &rule.for_each, String::new(), &mut found, acts, meant);
    let mut result = Ok(());
    'items: for (vars, identity) in found {
        sight.vars = vars;
        for (name, spec) in &rule.find {
            let row = sight.rows(spec).into_iter().next();
            if row.is_none() && !spec.otherwise.is_empty() {
                let item = Item { sight, rule, identity: &format!("{identity}/else") };
                result = all(&item, &spec.otherwise, acts, meant).and(result);
                continue 'items;
            }
            sight.vars.push((name.clone(), row));
        }
        for (cond, otherwise) in &rule.require {
            if !sight.holds(cond, None) {
                let item = Item { sight, rule, identity: &identity };
                result = all(&item, otherwise, acts, meant).and(result);
                continue 'items;
            }
        }
        if !meant.fired.contains(&rule.name) {
            meant.fired.push(rule.name.clone());
        }
        let item = Item { sight, rule, identity: &identity };
        result = all(&item, &rule.verbs, acts, meant).and(result);
    }
    result
}

fn all(item: &Item<'_, '_, '_>, verbs: &[Verb], acts: &mut Acts, meant: &mut Meant) -> Result<(), Absent> {
    verbs.iter().map(|verb| item.act(verb, acts, meant)).fold(Ok(()), Result::and)
}

type Vars = Vec<(String, Option<Row>)>;

fn nest(
    sight: &mut Sight<'_>,
    rule: &Rule,
    specs: &[(String, Spec)],
    identity: String,
    found: &mut Vec<(Vars, String)>,
    acts: &mut Acts,
    meant: &mut Meant,
) {
    let Some(((name, spec), inner)) = specs.split_first() else {
        found.push((sight.vars.clone(), identity));
        return;
    };
    let rows = sight.rows(spec);
    if rows.is_empty() {
        let item = Item { sight, rule, identity: &format!("{identity}/else") };
        if let Err(Absent(what)) = all(&item, &spec.otherwise, acts, meant) {
            meant.broken.push(what);
        }
    }
    for row in rows {
        let inside = format!("{identity}/{name}={}", self::identity(&row));
        sight.vars.push((name.clone(), Some(row)));
        nest(sight, rule, inner, inside, found, acts, meant);
        sight.vars.pop();
    }
}

/// What the rules of the pack mean for the event.
pub(super) fn meant(world: &World<'_>, listens: &dyn Fn(&Rule) -> bool) -> Meant {
    let (mut acts, mut meant) = (Acts::default(), Meant::default());
    for rule in world.pack.rules.iter().filter(|rule| listens(rule)) {
        let mut sight = Sight { world, vars: Vec::new() };
        if let Err(Absent(what)) = walk(&mut sight, rule, &mut acts, &mut meant) {
            meant.broken.push(format!("{}: {what}", rule.name));
        }
    }
    meant.acts = acts.taken.into_iter().map(|(_, act)| act).collect();
    meant
}
