//! Queries behind `runs` and `why`: an event with its steps, its effects, their attempts.

use super::columns::{
    BEGUN, Bytes, DELIVERY, EFFECT, EVENT, NEVER, PARKED, UNKNOWN, all, decode, ms, one, readable, reason, time, work_of,
};
use super::db::{Bind, Db, Row, params};
use super::read_health::accounts;
use crate::model::{AccountId, Attempt, Delivery, DeliveryId, EffectId, Event, EventId, Id, OpportunityId, Outcome, Reason};
use crate::store::error::Result;
use crate::store::rows::{EffectRow, EffectState, EventRow, EventState, Recorded, RunRow, Span};
use jiff::Timestamp;

pub(super) fn delivery(db: &Db, account: &AccountId, id: Bytes) -> Result<Option<Delivery>> {
    let row = one(
        db,
        "SELECT source, dedupe, digest, body, received, hint FROM delivery WHERE account = ?1 AND id = ?2",
        params![account.as_str(), id],
        |row| {
            let texts: (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok((texts, row.get::<Vec<u8>>(3)?, row.get::<i64>(4)?, row.get::<Option<String>>(5)?))
        },
    )?;
    row.map(|((source, dedupe, digest), body, received, hint)| {
        let name = work_of(DELIVERY, id);
        Ok(Delivery {
            id: DeliveryId(Id::from_bytes(id)),
            account: account.clone(),
            source: decode(name, &source)?,
            dedupe,
            digest,
            body,
            received: time(received),
            hint: hint.map(|hint| decode(name, &hint)).transpose()?,
        })
    })
    .transpose()
}

fn event(db: &Db, account: &AccountId, id: Bytes) -> Result<Option<Event>> {
    let sql = "SELECT payload FROM event WHERE account = ?1 AND id = ?2";
    let payload = one(db, sql, params![account.as_str(), id], |row| row.get::<String>(0))?;
    payload.map(|payload| decode(work_of(EVENT, id), &payload)).transpose()
}

/// The attempts of an effect, oldest first, each with its last end.
pub(super) fn attempts(db: &Db, account: &AccountId, effect: Bytes) -> Result<Vec<Attempt>> {
    let rows = all(
        db,
        "SELECT a.number, a.epoch, a.begun_at, e.ended_at, e.applied, e.exchange, e.outcome, e.event FROM attempt a \
         LEFT JOIN attempt_end e ON e.account = a.account AND e.effect = a.effect AND e.number = a.number AND e.rowid = (SELECT max(x.rowid) FROM attempt_end x WHERE x.account = a.account \
         AND x.effect = a.effect AND x.number = a.number) WHERE a.account = ?1 AND a.effect = ?2 ORDER BY a.number",
        params![account.as_str(), effect],
        |row| {
            let ended: (Option<i64>, Option<String>, Option<String>) = (row.get(3)?, row.get(4)?, row.get(5)?);
            let after: (Option<String>, Option<Bytes>) = (row.get(6)?, row.get(7)?);
            Ok((row.get::<u32>(0)?, row.get::<i64>(1)?, row.get::<i64>(2)?, ended, after))
        },
    )?;
    rows.into_iter()
        .map(|(number, epoch, begun_at, (ended_at, applied, exchange), (outcome, became))| {
            let name = work_of(EFFECT, effect);
            let became = became.map(|id| event(db, account, id)).transpose()?.flatten();
            Ok(Attempt {
                number,
                epoch: u64::try_from(epoch).unwrap_or(0),
                begun_at: time(begun_at),
                ended_at: ended_at.map(time),
                applied: applied.map(|applied| decode(name, &applied)).transpose()?,
                exchange,
                outcome: outcome.map(|outcome| decode(name, &outcome)).transpose()?,
                event: became.map(Box::new),
            })
        })
        .collect()
}

pub(super) fn effect(db: &Db, account: &AccountId, id: EffectId, now: Timestamp) -> Result<Option<EffectRow>> {
    let row = one(
        db,
        "SELECT e.payload, e.planned_at, r.state, r.due_at, s.outcome, s.at, t.code, t.text FROM effect e \
         LEFT JOIN ready r ON r.account = e.account AND r.kind = 2 AND r.ref = e.id \
         LEFT JOIN settled s ON s.account = e.account AND s.effect = e.id \
         LEFT JOIN trouble t ON t.account = e.account AND t.kind = 2 AND t.ref = e.id WHERE e.account = ?1 AND e.id = ?2",
        params![account.as_str(), id.0.bytes()],
        |row| {
            let work: (Option<i64>, Option<i64>) = (row.get(2)?, row.get(3)?);
            let end: (Option<String>, Option<i64>) = (row.get(4)?, row.get(5)?);
            Ok((row.get::<String>(0)?, row.get::<i64>(1)?, work, end, reason(row.get(6)?, row.get(7)?)))
        },
    )?;
    let Some((payload, planned_at, (state, due), (outcome, settled_at), trouble)) = row else { return Ok(None) };
    let bytes = id.0.bytes();
    let name = work_of(EFFECT, bytes);
    let outcome = outcome.map(|outcome| decode::<Outcome>(name, &outcome)).transpose()?;
    let state = match (state, &outcome) {
        (Some(BEGUN | UNKNOWN), _) => EffectState::Begun,
        (Some(PARKED), _) => EffectState::Parked,
        (Some(_), _) if due.is_some_and(|due| due <= ms(now)) => EffectState::Ready,
        (Some(_), _) => EffectState::Waiting,
        (None, Some(Outcome::Skipped { .. })) => EffectState::Skipped,
        (None, _) => EffectState::Done,
    };
    let skipped: Option<Reason> = match outcome {
        Some(Outcome::Skipped { reason }) => Some(reason),
        _ => None,
    };
    Ok(Some(EffectRow {
        effect: decode(name, &payload)?,
        state,
        planned_at: time(planned_at),
        due: due.filter(|due| *due != NEVER && matches!(state, EffectState::Ready | EffectState::Waiting)).map(time),
        reason: trouble.or(skipped),
        blocked_by: all(
            db,
            "SELECT waits_for FROM blocked WHERE account = ?1 AND effect = ?2",
            params![account.as_str(), bytes],
            |row| Ok(EffectId(Id::from_bytes(row.get(0)?))),
        )?,
        attempts: attempts(db, account, bytes)?,
        settled_at: settled_at.map(time),
    }))
}

pub(super) fn run(db: &Db, account: &AccountId, id: Bytes, now: Timestamp) -> Result<Option<RunRow>> {
    let row = one(
        db,
        "SELECT r.planned_at, r.ruleset, r.facts, r.steps, r.later, e.payload FROM run r \
         JOIN event e ON e.account = r.account AND e.id = r.event WHERE r.account = ?1 AND r.event = ?2",
        params![account.as_str(), id],
        |row| {
            let texts: (String, String, String, String) = (row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?);
            Ok((row.get::<i64>(0)?, row.get::<String>(1)?, texts))
        },
    )?;
    let Some((planned_at, ruleset, (facts, steps, later, event))) = row else { return Ok(None) };
    let name = format!("run {}", Id::from_bytes(id));
    let effects = all(
        db,
        "SELECT id FROM effect WHERE account = ?1 AND event = ?2 ORDER BY seq",
        params![account.as_str(), id],
        |row| Ok(EffectId(Id::from_bytes(row.get(0)?))),
    )?;
    Ok(Some(RunRow {
        account: account.clone(),
        event: decode(&name, &event)?,
        planned_at: time(planned_at),
        ruleset,
        facts: decode(&name, &facts)?,
        steps: decode(&name, &steps)?,
        later: decode(&name, &later)?,
        effects: effects
            .into_iter()
            .filter_map(|id| readable(effect(db, account, id, now)).map(Option::flatten).transpose())
            .collect::<Result<_>>()?,
    }))
}

pub(super) fn runs(
    db: &Db,
    account: Option<&AccountId>,
    opportunity: Option<&OpportunityId>,
    limit: usize,
    now: Timestamp,
) -> Result<Vec<RunRow>> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    for account in chosen(db, account)? {
        let read = |row: &Row<'_>| row.get::<Bytes>(0);
        let ids = match opportunity {
            Some(opportunity) => all(
                db,
                "SELECT event FROM run WHERE account = ?1 AND opportunity = ?2 ORDER BY planned_at DESC, rowid DESC LIMIT ?3",
                params![account.as_str(), opportunity.as_str(), most],
                read,
            )?,
            None => all(
                db,
                "SELECT event FROM run WHERE account = ?1 ORDER BY planned_at DESC, rowid DESC LIMIT ?2",
                params![account.as_str(), most],
                read,
            )?,
        };
        for id in ids {
            found.extend(readable(run(db, &account, id, now))?.flatten());
        }
    }
    found.sort_by_key(|run| std::cmp::Reverse(run.planned_at));
    found.truncate(limit);
    Ok(found)
}

/// The next runs of an account, oldest first, without what became of them.
pub(super) fn history(db: &Db, account: &AccountId, span: &Span, after: i64, limit: usize) -> Result<Vec<Recorded>> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let (since, until) = ends(span);
    let opportunity = span.opportunity.as_ref().map(OpportunityId::as_str);
    let rows = all(
        db,
        "SELECT r.rowid, r.ruleset, r.facts, e.payload FROM run r JOIN event e ON e.account = r.account AND e.id = r.event \
         WHERE r.rowid > ?2 AND r.account = ?1 AND r.planned_at >= ?3 AND r.planned_at < ?5 \
         AND (?6 IS NULL OR e.opportunity = ?6) ORDER BY r.rowid LIMIT ?4",
        params![account.as_str(), after, since, most, until, opportunity],
        |row| Ok((row.get::<i64>(0)?, row.get::<String>(1)?, row.get::<String>(2)?, row.get::<String>(3)?)),
    )?;
    rows.into_iter()
        .map(|(place, ruleset, facts, event)| {
            let name = format!("run in row {place}");
            Ok(Recorded { place, event: decode(&name, &event)?, facts: decode(&name, &facts)?, ruleset })
        })
        .collect()
}

pub(super) fn history_length(db: &Db, account: &AccountId, span: &Span) -> Result<u64> {
    let sql = "SELECT count(*) FROM run WHERE account = ?1 AND planned_at >= ?2 AND planned_at < ?3";
    let (since, until) = ends(span);
    let count = one(db, sql, params![account.as_str(), since, until], |row| row.get::<i64>(0))?;
    Ok(count.and_then(|count| u64::try_from(count).ok()).unwrap_or(0))
}

/// The events that no rule listened to, and each one's place: without a run, without work to do, closed for no reason. Echoes of our
/// own moves are none of them.
pub(super) fn unheard(db: &Db, account: &AccountId, span: &Span, after: i64, limit: usize) -> Result<Vec<(i64, Event)>> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let (since, until) = ends(span);
    let opportunity = span.opportunity.as_ref().map(OpportunityId::as_str);
    let rows = all(
        db,
        "SELECT e.rowid, e.payload FROM event e WHERE e.rowid > ?2 AND e.account = ?1 AND e.at >= ?3 AND e.at < ?5 \
         AND (?6 IS NULL OR e.opportunity = ?6) \
         AND NOT EXISTS (SELECT 1 FROM run r WHERE r.account = e.account AND r.event = e.id) \
         AND NOT EXISTS (SELECT 1 FROM ready w WHERE w.account = e.account AND w.kind = 1 AND w.ref = e.id) \
         AND NOT EXISTS (SELECT 1 FROM closed c WHERE c.account = e.account AND c.kind = 1 AND c.ref = e.id) \
         AND NOT EXISTS (SELECT 1 FROM own_move o WHERE o.account = e.account AND o.matched_by = e.id) \
         ORDER BY e.rowid LIMIT ?4",
        params![account.as_str(), after, since, most, until, opportunity],
        |row| Ok((row.get::<i64>(0)?, row.get::<String>(1)?)),
    )?;
    let mut found = Vec::new();
    for (place, payload) in rows {
        let event = readable(decode::<Event>(format!("event in row {place}"), &payload))?;
        found.extend(event.map(|event| (place, event)));
    }
    Ok(found)
}

/// From and, not included, to.
fn ends(span: &Span) -> (i64, i64) {
    (span.since.map_or(i64::MIN, ms), span.until.map_or(i64::MAX, ms))
}

pub(super) fn events(db: &Db, account: Option<&AccountId>, opportunity: &OpportunityId, limit: usize) -> Result<Vec<EventRow>> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    for account in chosen(db, account)? {
        let of = "e.opportunity = ?2 ORDER BY e.at DESC, e.rowid DESC LIMIT ?3";
        found.extend(event_rows(db, of, params![account.as_str(), opportunity.as_str(), most])?);
    }
    found.sort_by_key(|row| std::cmp::Reverse(row.event.at));
    found.truncate(limit);
    Ok(found)
}

/// The events of a span, oldest first, without those that were the echo of a move of ours.
pub(super) fn occurrences(db: &Db, account: &AccountId, span: &Span, limit: usize) -> Result<Vec<EventRow>> {
    let of = "(?2 IS NULL OR e.opportunity = ?2) AND e.at >= ?3 AND e.at < ?4 \
              AND NOT EXISTS (SELECT 1 FROM own_move o WHERE o.account = e.account AND o.matched_by = e.id) \
              ORDER BY e.at, e.rowid LIMIT ?5";
    let opportunity = span.opportunity.as_ref().map(OpportunityId::as_str);
    let (since, until) = (span.since.map_or(i64::MIN, ms), span.until.map_or(i64::MAX, ms));
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    event_rows(db, of, params![account.as_str(), opportunity, since, until, most])
}

/// Events of one account with what became of them; `of` says which, in which order.
fn event_rows(db: &Db, of: &str, params: &[&dyn Bind]) -> Result<Vec<EventRow>> {
    let sql = format!(
        "SELECT e.id, e.payload, r.state, r.due_at, t.code, t.text, c.code, c.text, \
         EXISTS (SELECT 1 FROM run x WHERE x.account = e.account AND x.event = e.id) FROM event e \
         LEFT JOIN ready r ON r.account = e.account AND r.kind = 1 AND r.ref = e.id \
         LEFT JOIN trouble t ON t.account = e.account AND t.kind = 1 AND t.ref = e.id \
         LEFT JOIN closed c ON c.account = e.account AND c.kind = 1 AND c.ref = e.id \
         WHERE e.account = ?1 AND {of}"
    );
    let rows = all(db, &sql, params, |row| {
        let trouble = reason(row.get(4)?, row.get(5)?);
        let closed = reason(row.get(6)?, row.get(7)?);
        let state = match (row.get::<Option<i64>>(2)?, closed) {
            (Some(PARKED), _) => EventState::Parked { reason: trouble },
            (Some(_), _) => EventState::Pending { due: time(row.get(3)?), reason: trouble },
            (None, Some(reason)) => EventState::Closed { reason },
            (None, None) if row.get(8)? => EventState::Planned,
            (None, None) => EventState::Unmatched,
        };
        Ok((row.get::<Bytes>(0)?, row.get::<String>(1)?, state))
    })?;
    let mut found = Vec::new();
    for (id, payload, state) in rows {
        let event = readable(decode::<Event>(EventId(Id::from_bytes(id)), &payload))?;
        found.extend(event.map(|event| EventRow { event, state }));
    }
    Ok(found)
}

/// The account asked for, or all of them.
pub(super) fn chosen(db: &Db, account: Option<&AccountId>) -> Result<Vec<AccountId>> {
    account.map_or_else(|| accounts(db), |account| Ok(vec![account.clone()]))
}
