//! Queries that facts and correlation are made of.

use super::columns::{Bytes, EFFECT, TIMER, all, decode, encode, floor, kind_of, ms, one, readable, time, work_of};
use super::db::{Bind, Db, Row, params};
use crate::model::{
    AccountId, Assessment, AssessmentId, ContactId, Effect, EffectId, Id, OpportunityId, PackName, Phase, Placed, RuleName,
    Slot, VendorName,
};
use crate::store::claim::Work;
use crate::store::error::Result;
use crate::store::rows::{OwnMove, TimerRow};
use jiff::Timestamp;
use serde_json::Value as Json;
use std::collections::BTreeSet;

pub(super) fn pending_effects(db: &Db, account: &AccountId, opportunity: &OpportunityId) -> Result<Vec<Effect>> {
    let rows = all(
        db,
        "SELECT e.id, e.payload FROM ready r JOIN effect e ON e.account = r.account AND e.id = r.ref \
         WHERE r.account = ?1 AND r.lane = ?2 AND r.lane <> '' AND r.kind = 2 AND r.state <> 3 ORDER BY r.at, r.seq, r.ref",
        params![account.as_str(), opportunity.as_str()],
        |row| Ok((row.get::<Bytes>(0)?, row.get::<String>(1)?)),
    )?;
    rows.iter().filter_map(|(id, payload)| readable(decode(work_of(EFFECT, *id), payload)).transpose()).collect()
}

/// Ledger rows that a query selects by (id, payload).
fn ledger_rows(db: &Db, sql: &str, params: &[&dyn Bind]) -> Result<Vec<Assessment>> {
    let rows = all(db, sql, params, |row| Ok((row.get::<Bytes>(0)?, row.get::<String>(1)?)))?;
    rows.iter()
        .filter_map(|(id, payload)| {
            let name = format!("assessment {}", Id::from_bytes(*id));
            readable(decode(name, payload)).transpose()
        })
        .collect()
}

pub(super) fn ledger(
    db: &Db,
    account: &AccountId,
    opportunity: &OpportunityId,
    contact: Option<&ContactId>,
) -> Result<Vec<Assessment>> {
    let mut rows = ledger_rows(
        db,
        "SELECT id, payload FROM assessment WHERE account = ?1 AND opportunity = ?2 ORDER BY attempt, id",
        params![account.as_str(), opportunity.as_str()],
    )?;
    if let Some(contact) = contact {
        rows.extend(ledger_rows(
            db,
            "SELECT id, payload FROM assessment WHERE account = ?1 AND contact = ?2 AND opportunity <> ?3 ORDER BY id",
            params![account.as_str(), contact.as_str(), opportunity.as_str()],
        )?);
    }
    Ok(rows)
}

pub(super) fn assessment(db: &Db, account: &AccountId, id: AssessmentId) -> Result<Option<Assessment>> {
    let sql = "SELECT payload FROM assessment WHERE account = ?1 AND id = ?2";
    let payload = one(db, sql, params![account.as_str(), id.0.bytes()], |row| row.get::<String>(0))?;
    payload.map(|payload| decode(format!("assessment {id}"), &payload)).transpose()
}

pub(super) fn assessments_by(
    db: &Db,
    account: &AccountId,
    vendor: &VendorName,
    key: &str,
    value: &str,
) -> Result<Vec<Assessment>> {
    ledger_rows(
        db,
        "SELECT a.id, a.payload FROM correlation c JOIN assessment a ON a.account = c.account AND a.id = c.assessment \
         WHERE c.account = ?1 AND c.vendor = ?2 AND c.name = ?3 AND c.value = ?4 ORDER BY a.id",
        params![account.as_str(), vendor.as_str(), key, db.0.key(value)],
    )
}

pub(super) fn open_attempts(
    db: &Db,
    account: &AccountId,
    vendor: &VendorName,
    phase: Phase,
    since: Timestamp,
    after: Option<AssessmentId>,
    limit: usize,
) -> Result<Vec<Assessment>> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    // Ids sort by time.
    let after = after.map_or_else(|| floor(since), |id| id.0.bytes());
    ledger_rows(
        db,
        "SELECT id, payload FROM assessment WHERE account = ?1 AND vendor = ?2 AND phase = ?3 AND id > ?4 \
         ORDER BY id LIMIT ?5",
        params![account.as_str(), vendor.as_str(), phase.as_str(), after, most],
    )
}

pub(super) fn is_open(db: &Db, account: &AccountId, work: Work) -> Result<bool> {
    let (kind, id) = kind_of(work);
    let sql = "SELECT 1 FROM ready WHERE account = ?1 AND kind = ?2 AND ref = ?3";
    Ok(one(db, sql, params![account.as_str(), kind, id.bytes()], |_| Ok(()))?.is_some())
}

pub(super) fn placed(db: &Db, account: &AccountId, opportunity: &OpportunityId, slot: &Slot) -> Result<Option<Placed>> {
    let sql = "SELECT payload FROM placed WHERE account = ?1 AND opportunity = ?2 AND slot = ?3";
    let slot_key = encode(slot)?;
    let key = params![account.as_str(), opportunity.as_str(), db.0.key(&slot_key)];
    let payload = one(db, sql, key, |row| row.get::<String>(0))?;
    payload.map(|payload| decode(format!("what stands under {slot}"), &payload)).transpose()
}

pub(super) fn made(db: &Db, account: &AccountId, opportunity: &OpportunityId) -> Result<Vec<String>> {
    let key = params![account.as_str(), opportunity.as_str()];
    let text = |row: &Row<'_>| row.get::<String>(0);
    let placed = all(db, "SELECT payload FROM placed WHERE account = ?1 AND opportunity = ?2", key, text)?;
    let outcomes = all(
        db,
        "SELECT s.outcome FROM effect e JOIN settled s ON s.account = e.account AND s.effect = e.id \
         WHERE e.account = ?1 AND e.opportunity = ?2",
        key,
        text,
    )?;
    let json = |text: &String| serde_json::from_str::<Json>(text).ok();
    let mut made = BTreeSet::new();
    for placed in placed.iter().filter_map(json) {
        let old = placed.get("old").and_then(Json::as_array).into_iter().flatten();
        made.extend(old.chain(placed.get("id")).filter_map(Json::as_str).map(str::to_owned));
    }
    for outcome in outcomes.iter().filter_map(json) {
        let Some(learned) = outcome.pointer("/done/learned") else { continue };
        let ids = ["note.id", "file.id", "form.id", "feedback.id"].into_iter().filter_map(|name| learned.get(name));
        made.extend(ids.filter_map(Json::as_str).map(str::to_owned));
    }
    Ok(made.into_iter().collect())
}

pub(super) fn own_moves(db: &Db, account: &AccountId, opportunity: &OpportunityId) -> Result<Vec<OwnMove>> {
    all(
        db,
        "SELECT effect, move_to, begun_at, moved_at FROM own_move WHERE account = ?1 AND opportunity = ?2 AND matched_by IS NULL \
         ORDER BY begun_at, effect",
        params![account.as_str(), opportunity.as_str()],
        |row| {
            Ok(OwnMove {
                effect: EffectId(Id::from_bytes(row.get(0)?)),
                to: row.get(1)?,
                begun_at: time(row.get(2)?),
                moved_at: row.get::<Option<i64>>(3)?.map(time),
            })
        },
    )
}

pub(super) fn firings(
    db: &Db,
    account: &AccountId,
    opportunity: &OpportunityId,
    since: Timestamp,
) -> Result<Vec<(PackName, RuleName, u32)>> {
    all(
        db,
        "SELECT pack, rule, count(*) FROM firing WHERE account = ?1 AND opportunity = ?2 AND at >= ?3 GROUP BY pack, rule",
        params![account.as_str(), opportunity.as_str(), ms(since)],
        |row| Ok((PackName::new(row.get::<String>(0)?), RuleName::new(row.get::<String>(1)?), row.get(2)?)),
    )
}

pub(super) fn timers(db: &Db, account: &AccountId, pack: &PackName, rule: &RuleName) -> Result<Vec<TimerRow>> {
    let rows = all(
        db,
        "SELECT id, opportunity, payload FROM timer WHERE account = ?1 AND pack = ?2 AND rule = ?3 ORDER BY due_at",
        params![account.as_str(), pack.as_str(), rule.as_str()],
        |row| Ok((row.get::<Bytes>(0)?, row.get::<String>(1)?, row.get::<String>(2)?)),
    )?;
    let mut timers = Vec::new();
    for (id, lane, payload) in rows {
        if let Some(later) = readable(decode(work_of(TIMER, id), &payload))? {
            timers.push(TimerRow { opportunity: (!lane.is_empty()).then(|| OpportunityId::new(lane)), later });
        }
    }
    Ok(timers)
}
