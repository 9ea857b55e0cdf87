//! Queries of the whole: what is parked, what stands, what was heard, how long one may sleep.

use super::columns::{
    BEGUN, Bytes, DELIVERY, EFFECT, EVENT, NEVER, PARKED, TIMER, UNKNOWN, all, decode, ms, one, readable, reason, time, work_of,
};
use super::db::{Bind, Db, params};
use super::read_runs::{chosen, delivery};
use crate::model::{AccountId, Effect, Event, Id, LeverEvent, Notice, OpportunityId, PackName, RuleName, Sealed, Source};
use crate::store::claim::Work;
use crate::store::error::{Result, StoreError};
use crate::store::rows::{Count, Heard, ParkedRow, Refused, SigningToken};
use jiff::Timestamp;
use std::collections::BTreeSet;

pub(super) fn accounts(db: &Db) -> Result<Vec<AccountId>> {
    all(db, "SELECT account FROM account ORDER BY account", params![], |row| Ok(AccountId::new(row.get::<String>(0)?)))
}

pub(super) fn parked(db: &Db, account: Option<&AccountId>) -> Result<Vec<ParkedRow>> {
    let mut found = Vec::new();
    for account in chosen(db, account)? {
        let rows = all(
            db,
            "SELECT r.kind, r.ref, r.lane, t.code, t.text, t.at FROM ready r \
             LEFT JOIN trouble t ON t.account = r.account AND t.kind = r.kind AND t.ref = r.ref \
             WHERE r.account = ?1 AND r.held = -1 AND r.state = 3",
            params![account.as_str()],
            |row| {
                let key: (i64, Bytes, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok((key, reason(row.get(3)?, row.get(4)?), row.get::<Option<i64>>(5)?))
            },
        )?;
        for ((kind, id, lane), reason, at) in rows {
            found.push(ParkedRow {
                account: account.clone(),
                work: work_of(kind, id),
                opportunity: (!lane.is_empty()).then(|| OpportunityId::new(lane)),
                what: what(db, &account, kind, id)?,
                rule: rule(db, &account, kind, id)?,
                reason,
                at: at.map(time),
            });
        }
    }
    found.sort_by_key(|row| row.at);
    Ok(found)
}

/// What a parked row is, in a few words. A row that cannot be read is named by its kind alone.
pub(super) fn what(db: &Db, account: &AccountId, kind: i64, id: Bytes) -> Result<String> {
    let payload = |sql| one(db, sql, params![account.as_str(), id], |row| row.get::<String>(0));
    let name = work_of(kind, id);
    let text = match kind {
        DELIVERY => match delivery(db, account, id) {
            Ok(Some(delivery)) => Some(match delivery.source {
                Source::Lever { event } => format!("delivery from Lever ({event})"),
                Source::Vendor { vendor, .. } => format!("delivery from {vendor}"),
                Source::Ask { vendor, poll, .. } => format!("poll `{poll}` of {vendor}"),
                Source::Timer(timer) => format!("timer of rule `{}`", timer.rule),
                Source::Poll(_) => "look at what changed in Lever".to_owned(),
                Source::Answer(event) => format!("answer to `{}`", event.kind.written()),
                Source::Backfill(event) => format!("backfill of `{}`", event.kind),
            }),
            Ok(None) | Err(StoreError::Corrupt(_)) => None,
            Err(other) => return Err(other),
        },
        EVENT => payload("SELECT payload FROM event WHERE account = ?1 AND id = ?2")?
            .and_then(|payload| decode::<Event>(name, &payload).ok())
            .map(|event| event.kind.to_string()),
        EFFECT => payload("SELECT payload FROM effect WHERE account = ?1 AND id = ?2")?
            .and_then(|payload| decode::<Effect>(name, &payload).ok())
            .map(|effect| format!("{} of rule `{}`", effect.act.verb(), effect.rule)),
        _ => None,
    };
    Ok(text.unwrap_or_else(|| kind_name(kind).to_owned()))
}

/// The rule behind a parked effect or timer, where its row can be read.
fn rule(db: &Db, account: &AccountId, kind: i64, id: Bytes) -> Result<Option<RuleName>> {
    let sql = match kind {
        EFFECT => "SELECT payload FROM effect WHERE account = ?1 AND id = ?2",
        TIMER => "SELECT rule FROM timer WHERE account = ?1 AND id = ?2",
        _ => return Ok(None),
    };
    let found = one(db, sql, params![account.as_str(), id], |row| row.get::<String>(0))?;
    Ok(match kind {
        EFFECT => found.and_then(|payload| origin(&payload)).map(|(_, rule)| rule),
        _ => found.map(RuleName::new),
    })
}

/// The pack and the rule that an effect's payload names, whatever else of it this version can read.
pub(super) fn origin(payload: &str) -> Option<(PackName, RuleName)> {
    let effect: serde_json::Value = serde_json::from_str(payload).ok()?;
    let named = |key| effect.get(key).and_then(serde_json::Value::as_str);
    Some((PackName::new(named("pack")?), RuleName::new(named("rule")?)))
}

const fn kind_name(kind: i64) -> &'static str {
    match kind {
        DELIVERY => "delivery",
        EVENT => "event",
        EFFECT => "effect",
        _ => "timer",
    }
}

pub(super) fn notices(db: &Db, account: Option<&AccountId>, limit: usize) -> Result<Vec<(AccountId, Notice)>> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut found = Vec::new();
    for account in chosen(db, account)? {
        let rows = all(
            db,
            "SELECT payload FROM notice WHERE account = ?1 ORDER BY at DESC, rowid DESC LIMIT ?2",
            params![account.as_str(), most],
            |row| row.get::<String>(0),
        )?;
        for payload in rows {
            found.extend(readable(decode("a notice", &payload))?.map(|notice| (account.clone(), notice)));
        }
    }
    found.sort_by_key(|(_, notice): &(AccountId, Notice)| std::cmp::Reverse(notice.at));
    found.truncate(limit);
    Ok(found)
}

/// The ids between a prefix filled up with zeros and one filled up with ones.
pub(super) fn find(db: &Db, prefix: &str) -> Result<Vec<(AccountId, Work)>> {
    let prefix = prefix.to_ascii_lowercase();
    let (Ok(low), Ok(high)) = (format!("{prefix:0<32}").parse::<Id>(), format!("{prefix:f<32}").parse::<Id>()) else {
        return Ok(Vec::new());
    };
    let mut found = Vec::new();
    for account in accounts(db)? {
        for kind in [EFFECT, EVENT, DELIVERY, TIMER] {
            let rows = all(
                db,
                "SELECT ref FROM ready WHERE account = ?1 AND kind = ?2 AND ref BETWEEN ?3 AND ?4 ORDER BY ref LIMIT 10",
                params![account.as_str(), kind, low.bytes(), high.bytes()],
                |row| row.get::<Bytes>(0),
            )?;
            found.extend(rows.into_iter().map(|id| (account.clone(), work_of(kind, id))));
        }
    }
    Ok(found)
}

/// One statement, however many accounts there are. Where the next rows are all of other accounts, the answer is when the last of these
/// is due: to look again too early costs a look, too late would cost work.
pub(super) fn next_due(db: &Db, accounts: &BTreeSet<AccountId>, after: Timestamp) -> Result<Option<Timestamp>> {
    const LOOKED: usize = 16;
    let of = |kind: i64| {
        format!(
            "SELECT * FROM (SELECT r.kind, r.due_at, r.account FROM ready r INDEXED BY ready_due WHERE r.kind = {kind} \
             AND r.held = 0 AND r.due_at > ?1 ORDER BY r.due_at LIMIT {LOOKED}) AS k{kind}"
        )
    };
    let sql = [DELIVERY, EVENT, EFFECT, TIMER].map(of).join(" UNION ALL ");
    let rows = all(db, &sql, params![ms(after)], |row| {
        Ok((row.get::<i64>(0)?, row.get::<i64>(1)?, AccountId::new(row.get::<String>(2)?)))
    })?;
    let next = |kind: i64| {
        let of: Vec<_> = rows.iter().filter(|(of, ..)| *of == kind).collect();
        let ours = of.iter().filter(|(.., account)| accounts.contains(account)).map(|(_, due, _)| *due).min();
        ours.or_else(|| of.iter().map(|(_, due, _)| *due).max().filter(|_| of.len() == LOOKED))
    };
    let due = [DELIVERY, EVENT, EFFECT, TIMER].into_iter().filter_map(next).filter(|due| *due != NEVER).min();
    Ok(due.map(time))
}

pub(super) fn counts(db: &Db, now: Timestamp) -> Result<Vec<Count>> {
    all(
        db,
        "SELECT account, kind, CASE WHEN state <> 0 THEN state WHEN due_at <= ?1 THEN -1 ELSE 0 END AS standing, count(*), \
         min(due_at) FROM ready GROUP BY account, kind, standing ORDER BY account, kind, standing",
        params![ms(now)],
        |row| {
            Ok(Count {
                account: AccountId::new(row.get::<String>(0)?),
                kind: kind_name(row.get(1)?),
                state: match row.get(2)? {
                    BEGUN | UNKNOWN => "begun",
                    PARKED => "parked",
                    -1 => "due",
                    _ => "waiting",
                },
                rows: row.get::<i64>(3)?.unsigned_abs(),
                oldest: Some(row.get::<i64>(4)?).filter(|due| *due != NEVER).map(time),
            })
        },
    )
}

pub(super) fn heard(db: &Db, account: &AccountId) -> Result<Vec<Heard>> {
    let sql = "SELECT source, event, last, count FROM heard WHERE account = ?1 ORDER BY source, event";
    all(db, sql, params![account.as_str()], |row| {
        Ok(Heard { source: row.get(0)?, event: row.get(1)?, last: time(row.get(2)?), count: row.get::<i64>(3)?.unsigned_abs() })
    })
}

pub(super) fn refusals(db: &Db, account: &AccountId) -> Result<Vec<Refused>> {
    let sql = "SELECT what, last, count FROM refusal WHERE account = ?1 ORDER BY what";
    all(db, sql, params![account.as_str()], |row| {
        Ok(Refused { what: row.get(0)?, last: time(row.get(1)?), count: row.get::<i64>(2)?.unsigned_abs() })
    })
}

pub(super) fn signing_tokens(db: &Db, account: &AccountId) -> Result<Vec<SigningToken>> {
    let tokens = tokens(db, "account = ?1 ORDER BY created_at DESC, webhook", params![account.as_str()])?;
    Ok(tokens.into_iter().map(|(_, token)| token).collect())
}

pub(super) fn signing_tokens_since(db: &Db, since: Timestamp) -> Result<Vec<(AccountId, SigningToken)>> {
    tokens(db, "created_at >= ?1", params![ms(since)])
}

fn tokens(db: &Db, which: &str, values: &[&dyn Bind]) -> Result<Vec<(AccountId, SigningToken)>> {
    let sql = format!("SELECT webhook, event, url, key_id, token, created_at, account FROM signing_token WHERE {which}");
    let rows = all(db, &sql, values, |row| {
        let texts: (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let account = AccountId::new(row.get::<String>(6)?);
        Ok((account, texts, Sealed { key: row.get(3)?, bytes: row.get(4)? }, row.get::<i64>(5)?))
    })?;
    let mut tokens = Vec::new();
    for (account, (webhook, event, url), token, created_at) in rows {
        let Ok(event) = event.parse::<LeverEvent>() else {
            tracing::warn!(%webhook, "left out a signing token of an event that this version does not know");
            continue;
        };
        tokens.push((account, SigningToken { event, webhook, url, token, created_at: time(created_at) }));
    }
    Ok(tokens)
}

pub(super) fn cursor(db: &Db, account: &AccountId, name: &str) -> Result<Option<String>> {
    let sql = "SELECT value FROM poll_cursor WHERE account = ?1 AND name = ?2";
    one(db, sql, params![account.as_str(), name], |row| row.get(0))
}

pub(super) fn baselines(db: &Db, account: &AccountId) -> Result<Vec<(PackName, Timestamp)>> {
    let sql = "SELECT pack, since FROM baseline WHERE account = ?1 ORDER BY pack";
    all(db, sql, params![account.as_str()], |row| Ok((PackName::new(row.get::<String>(0)?), time(row.get(1)?))))
}
