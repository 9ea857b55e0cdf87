//! Queries that only the console makes.

use super::columns::{Bytes, DELIVERY, all, decode, ms, readable, time, work_of};
use super::db::{Db, Row, params};
use super::read_health::{accounts, origin};
use super::read_runs::{chosen, run};
use crate::model::{AccountId, Act, DeliveryId, Effect, Facts, Id, Later, OpportunityId, PackName, RuleName, Step};
use crate::store::error::Result;
use crate::store::rows::{Arrived, Person, RunRow};
use jiff::Timestamp;
use std::collections::BTreeMap;

pub(super) fn runs_before(
    db: &Db,
    account: Option<&AccountId>,
    before: Timestamp,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<RunRow>> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut ids = Vec::new();
    for account in chosen(db, account)? {
        let rows = all(
            db,
            "SELECT event, planned_at FROM run WHERE account = ?1 AND planned_at < ?2 ORDER BY planned_at DESC, rowid DESC LIMIT ?3",
            params![account.as_str(), ms(before), most],
            |row| Ok((row.get::<Bytes>(0)?, row.get::<i64>(1)?)),
        )?;
        ids.extend(rows.into_iter().map(|(id, at)| (at, account.clone(), id)));
    }
    ids.sort_by_key(|(at, _, _)| std::cmp::Reverse(*at));
    let mut found = Vec::new();
    for (_, account, id) in ids.into_iter().take(limit) {
        found.extend(readable(run(db, &account, id, now))?.flatten());
    }
    Ok(found)
}

pub(super) fn steps(db: &Db, account: &AccountId, limit: usize) -> Result<Vec<(Timestamp, Vec<Step>)>> {
    let rows = all(
        db,
        "SELECT planned_at, steps FROM run WHERE account = ?1 ORDER BY planned_at DESC LIMIT ?2",
        params![account.as_str(), i64::try_from(limit).unwrap_or(i64::MAX)],
        |row| Ok((row.get::<i64>(0)?, row.get::<String>(1)?)),
    )?;
    let mut found = Vec::new();
    for (at, steps) in rows {
        found.extend(readable(decode("steps of a run", &steps))?.map(|steps| (time(at), steps)));
    }
    Ok(found)
}

pub(super) fn parked_by_rule(db: &Db, account: &AccountId) -> Result<Vec<(PackName, RuleName, u64)>> {
    let payloads = all(
        db,
        "SELECT e.payload FROM ready r JOIN effect e ON e.account = r.account AND e.id = r.ref \
         WHERE r.account = ?1 AND r.kind = 2 AND r.held = -1 AND r.state = 3",
        params![account.as_str()],
        |row| row.get::<String>(0),
    )?;
    let mut counted = BTreeMap::new();
    for origin in payloads.iter().filter_map(|payload| origin(payload)) {
        *counted.entry(origin).or_insert(0) += 1;
    }
    Ok(counted.into_iter().map(|((pack, rule), count)| (pack, rule, count)).collect())
}

/// What names somebody, in the facts of a run or in what an invitation sends.
fn named(name: Option<String>, email: Option<String>, text: &str) -> Option<(Option<String>, Option<String>)> {
    let holds = |value: &Option<String>| value.as_ref().is_some_and(|value| value.to_lowercase().contains(text));
    (holds(&name) || holds(&email)).then_some((name, email))
}

pub(super) fn people(db: &Db, text: &str, looked: usize, limit: usize) -> Result<Vec<Person>> {
    let text = text.to_lowercase();
    let looked = i64::try_from(looked).unwrap_or(i64::MAX);
    let like = format!("%{}%", text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_"));
    let mut found: BTreeMap<(AccountId, OpportunityId), Person> = BTreeMap::new();
    for account in accounts(db)? {
        let mut meet = |opportunity: String, at: i64, known: (Option<String>, Option<String>)| {
            let key = (account.clone(), OpportunityId::new(opportunity));
            let (account, opportunity) = key.clone();
            let person =
                found.entry(key).or_insert_with(|| Person { account, opportunity, name: None, email: None, last: time(at) });
            person.last = person.last.max(time(at));
            person.name = person.name.take().or(known.0);
            person.email = person.email.take().or(known.1);
        };
        let read = |row: &Row<'_>| Ok((row.get::<String>(0)?, row.get::<i64>(1)?, row.get::<String>(2)?));
        // An id is looked up; a name is looked for in what was recorded.
        let ids = all(
            db,
            "SELECT opportunity, max(at), '' FROM event WHERE account = ?1 AND opportunity = ?2 GROUP BY opportunity",
            params![account.as_str(), text],
            read,
        )?;
        for (opportunity, at, _) in ids {
            meet(opportunity, at, (None, None));
        }
        let runs = all(
            db,
            "SELECT opportunity, planned_at, facts FROM (SELECT opportunity, planned_at, facts FROM run WHERE account = ?1 \
             ORDER BY planned_at DESC LIMIT ?2) AS latest WHERE opportunity <> '' AND lower(facts) LIKE ?3 ESCAPE '\\'",
            params![account.as_str(), looked, like],
            read,
        )?;
        for (opportunity, at, facts) in runs {
            let Some(facts) = readable(decode::<Facts>("facts of a run", &facts))? else { continue };
            let value = |name: &str| facts.values.get(name).map(ToString::to_string);
            let name = value("candidate.name").or_else(|| value("candidate.first_name"));
            if let Some(known) = named(name, value("candidate.email"), &text) {
                meet(opportunity, at, known);
            }
        }
        let effects = all(
            db,
            "SELECT opportunity, planned_at, payload FROM (SELECT opportunity, planned_at, payload FROM effect WHERE account = ?1 \
             ORDER BY rowid DESC LIMIT ?2) AS latest WHERE opportunity <> '' AND lower(payload) LIKE ?3 ESCAPE '\\'",
            params![account.as_str(), looked, like],
            read,
        )?;
        for (opportunity, at, payload) in effects {
            let Some(effect) = readable(decode::<Effect>("an effect", &payload))? else { continue };
            let Act::Invite(invite) = &effect.act else { continue };
            let value = |name: &str| invite.inputs.get(name).map(ToString::to_string);
            let whole = [value("candidate.first_name"), value("candidate.last_name")].into_iter().flatten().collect::<Vec<_>>();
            let name = value("candidate.name").or_else(|| (!whole.is_empty()).then(|| whole.join(" ")));
            if let Some(known) = named(name, value("candidate.email"), &text) {
                meet(opportunity, at, known);
            }
        }
    }
    let mut people: Vec<Person> = found.into_values().collect();
    people.sort_by_key(|person| std::cmp::Reverse(person.last));
    people.truncate(limit);
    Ok(people)
}

pub(super) fn arrived(db: &Db, account: &AccountId, opportunity: &OpportunityId, limit: usize) -> Result<Vec<Arrived>> {
    let rows = all(
        db,
        "SELECT d.id, d.source, d.received, d.hint IS NOT NULL FROM delivery d WHERE d.account = ?1 AND d.id IN \
         (SELECT e.delivery FROM event e WHERE e.account = ?1 AND e.opportunity = ?2) ORDER BY d.received DESC LIMIT ?3",
        params![account.as_str(), opportunity.as_str(), i64::try_from(limit).unwrap_or(i64::MAX)],
        |row| Ok((row.get::<Bytes>(0)?, row.get::<String>(1)?, row.get::<i64>(2)?, row.get::<bool>(3)?)),
    )?;
    let mut found = Vec::new();
    for (id, source, received, hint) in rows {
        let source = readable(decode(work_of(DELIVERY, id), &source))?;
        let id = DeliveryId(Id::from_bytes(id));
        found.extend(source.map(|source| Arrived { id, source, received: time(received), hint }));
    }
    Ok(found)
}

pub(super) fn timers_of(db: &Db, account: &AccountId, opportunity: &OpportunityId) -> Result<Vec<Later>> {
    let sql = "SELECT payload FROM timer WHERE account = ?1 AND opportunity = ?2 ORDER BY due_at";
    let rows = all(db, sql, params![account.as_str(), opportunity.as_str()], |row| row.get::<String>(0))?;
    let mut found = Vec::new();
    for payload in rows {
        found.extend(readable(decode("a timer", &payload))?);
    }
    Ok(found)
}
