//! The language as its page explains it, evaluated in the slowest and plainest way: every rule, every row, every comparison, over one
//! flat table of names. What the engine does fast must come to the same.
//!
//! It reads the generator's own words, not the compiled rule, so that reading, checking and binding are tried as well.

use super::sight::{Absent, Into, Row, Sight, World, items, print, same};
use super::written::{Cond, Given, Right, Rule, Spec, Trigger, Verb, pattern as written_pattern, text as written_text};
use jiff::{SignedDuration, Timestamp};
use leverd::lang::vocabulary;
use leverd::model::{AssessmentEvent, EventKind, ForRule, LeverEvent, Look, Value};

/// What comes of an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Meant {
    pub(super) fired: Vec<String>,
    pub(super) acts: Vec<String>,
    pub(super) alerts: Vec<String>,
    /// What is looked at later, and when.
    pub(super) later: Vec<String>,
    /// Looks that are as good as none: whether the event or what can be read was false is told by a mixed condition only.
    pub(super) perhaps: Vec<String>,
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
            Verb::RenameTag { from, to } => {
                let to = sight.says(to, Into::Tag)?.trim().to_owned();
                let tags = world.values.get("opportunity.tags").map(items).unwrap_or_default();
                let tags = tags.iter().map(print).filter(|tag| tag.trim() != to && sight.like(from, tag, false).is_some());
                let old: Vec<String> = tags.collect();
                if !to.is_empty() && !old.is_empty() {
                    acts.add(format!("tag {to}"), format!("add_tag {to}"));
                    for tag in old {
                        acts.add(format!("tag {tag}"), format!("remove_tag {tag}"));
                    }
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
            Verb::Ask { key, title, choose, expires, secret } => {
                let title = sight.says(title, Into::Plain)?;
                let Some(Value::Duration { duration }) = sight.right(expires) else { return Ok(()) };
                let rows = sight.rows(choose);
                if !rows.is_empty() {
                    let label = |row: &Row| match &row.value {
                        Value::Record { record } => record.values().map(print).collect::<Vec<_>>().join(", "),
                        value => print(value),
                    };
                    let rows: Vec<String> = rows.iter().map(label).collect();
                    let act = format!("ask {key} {secret} {title:?} {rows:?} {}", world.now + duration);
                    acts.add(mine(&format!("ask {key}")), act);
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

/// The names that a condition asks about.
fn asked<'c>(cond: &'c Cond, into: &mut Vec<&'c str>) {
    match cond {
        Cond::All(all) | Cond::Any(all) => all.iter().for_each(|cond| asked(cond, into)),
        Cond::Not(inner) => asked(inner, into),
        Cond::Test(name, _) => into.push(name),
    }
}

/// The next look of `settle`, if one is left: ten seconds after the event came, and once more after the whole time.
fn look_again(world: &World<'_>, rule: &Rule) -> Option<String> {
    let whole = SignedDuration::from_secs(rule.settle?);
    let done = match world.event.for_rule.as_ref().map(|for_rule| &for_rule.look) {
        None => 0,
        Some(Look::Settle { round }) => *round,
        Some(_) => return None,
    };
    let looks = [(1, SignedDuration::from_secs(10)), (2, whole)];
    let times = looks.map(|(round, after)| (round, world.event.received + after));
    let next = times.into_iter().find(|(round, due)| *round > done && *due > world.now);
    next.map(|(round, due)| format!("look {round} of {} at {due}", rule.name))
}

/// What the triggers bring: the holes of the first pattern that reads the tag, the answer. `None`: the tag is none of the rule's.
fn brought(sight: &Sight<'_>, rule: &Rule) -> Option<Vars> {
    let event = sight.world.event;
    if let EventKind::Answered(_) = event.kind {
        return Some(vec![("answer".to_owned(), Row::chosen(&event.fields))]);
    }
    if event.kind != EventKind::TagAdded {
        return Some(Vec::new());
    }
    let tag = print(event.fields.get("tag")?);
    let read = rule.triggers.iter().find_map(|trigger| match trigger {
        Trigger::TagAdded(pattern) => sight.like(pattern, &tag, false),
        Trigger::Event(_) | Trigger::Timer { .. } => None,
    })?;
    Some(read.into_iter().map(|(name, value)| (name, Some(Row::of(value)))).collect())
}

fn walk(sight: &mut Sight<'_>, rule: &Rule, acts: &mut Acts, meant: &mut Meant) -> Result<(), Absent> {
    let world = sight.world;
    match brought(sight, rule) {
        Some(vars) => sight.vars = vars,
        None => return Ok(()),
    }
    let when = rule.when.as_ref().filter(|when| !sight.holds(when, None));
    let mut names = Vec::new();
    if let Some(when) = when {
        asked(when, &mut names);
        if names.iter().all(|name| vocabulary::group(name).is_none()) {
            // What the event says will be no other later.
            return Ok(());
        }
    }
    if world.event.kind == EventKind::STAGE_CHANGE && !rule.accept.contains(&"moved_on") {
        let (to, here) = (world.values.get("to_stage"), world.values.get("opportunity.stage"));
        if !to.zip(here).is_some_and(|(to, here)| same(to, here, false)) {
            return Ok(());
        }
    }
    if when.is_some() {
        let mixed = names.iter().any(|name| vocabulary::group(name).is_none());
        if mixed { &mut meant.perhaps } else { &mut meant.later }.extend(look_again(world, rule));
        return Ok(());
    }
    let mut found = Vec::new();
    let (mut instead, mut said) = (Acts::default(), Meant::default());
    nest(sight, rule, &rule.for_each, String::new(), &mut found, &mut instead, &mut said);
    if found.is_empty()
        && let Some(look) = look_again(world, rule)
    {
        // What there is to do without any row is for the last look.
        meant.later.push(look);
        return Ok(());
    }
    for (slot, act) in instead.taken {
        acts.add(slot, act);
    }
    meant.alerts.extend(said.alerts);
    meant.broken.extend(said.broken);
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
pub(super) fn meant(world: &World<'_>, listens: &dyn Fn(&Rule) -> bool, armed: &dyn Fn(&Rule) -> bool) -> Meant {
    let (mut acts, mut meant) = (Acts::default(), Meant::default());
    for rule in world.pack.rules.iter().filter(|rule| listens(rule)) {
        let mut sight = Sight { world, vars: Vec::new() };
        if let Some(ForRule { look: Look::Timer { anchor, .. }, .. }) = &world.event.for_rule {
            // The rule may say another time by now.
            let mut due = timers(&sight, rule, *anchor);
            due.sort();
            match due.first() {
                Some((at, _)) if *at <= world.now => {}
                Some(_) => {
                    meant.later.extend(due.into_iter().map(|(_, told)| told));
                    continue;
                }
                None => continue,
            }
        }
        if let Err(Absent(what)) = walk(&mut sight, rule, &mut acts, &mut meant) {
            meant.broken.push(format!("{}: {what}", rule.name));
        }
    }
    meant.acts = acts.taken.into_iter().map(|(_, act)| act).collect();
    if world.event.for_rule.is_none() {
        for rule in world.pack.rules.iter().filter(|rule| armed(rule)) {
            let sight = Sight { world, vars: Vec::new() };
            let all = timers(&sight, rule, world.event.at);
            meant.later.extend(all.into_iter().map(|(_, told)| told));
        }
    }
    meant
}

/// The timers of a rule that count from this event, or from the expiry of its attempt, and when each is due.
fn timers(sight: &Sight<'_>, rule: &Rule, anchor: Timestamp) -> Vec<(Timestamp, String)> {
    let world = sight.world;
    let first = world.event.for_rule.is_none();
    let mut due = Vec::new();
    for trigger in &rule.triggers {
        let Trigger::Timer { before, delay, of } = trigger else { continue };
        let from = match of {
            Some(kind) if *kind == world.event.kind.to_string() => anchor,
            Some(_) => continue,
            None => match world.values.get("assessment.expires_at") {
                Some(Value::Date { date }) if !first || tells_expiry(&world.event.kind) => *date,
                _ => continue,
            },
        };
        let Some(Value::Duration { duration }) = sight.right(delay) else { continue };
        let at = if *before { from - duration } else { from + duration };
        if first && *before && at <= world.now {
            // Nobody can be told in time any more.
            continue;
        }
        due.push((at, format!("timer of {} at {at}", rule.name)));
    }
    due
}

/// Events after which an invitation expires at another time than before.
fn tells_expiry(kind: &EventKind) -> bool {
    use AssessmentEvent as E;
    matches!(kind, EventKind::Assessment(E::Invited | E::Reinvited | E::Opened | E::Reopened) | EventKind::Done(_))
}
