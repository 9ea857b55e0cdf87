//! The weeks of the tables that grow with traffic: made ahead, and dropped whole when all that they hold may go.
//!
//! A row lies in the week of the time in its id. Where there is no week for it, in the past or when a clock is far ahead, `DEFAULT` has
//! it; a week that is made later takes it from there. Every lock that is needed for it is waited for shortly, since whoever waits for
//! such a lock holds up all who come after: without it nothing is lost but an hour.

use super::link::{Fault, Link};
use crate::store::rows::Retention;
use crate::store::sql::db::{Shed, Value};
use jiff::Timestamp;
use std::fmt::Write as _;

type Asked<T> = Result<T, Fault>;

/// In milliseconds.
const WEEK: i64 = 7 * 86_400_000;
/// The first Monday: weeks begin on Mondays, in UTC.
const MONDAY: i64 = 4 * 86_400_000;
/// So many weeks stand ready besides the one that it is.
const AHEAD: i64 = 2;
/// At most so many weeks go in one commit: each costs locks of which a server has a limited number.
const AT_ONCE: usize = 4;
/// How long a lock is waited for.
const PATIENCE: &str = "300ms";
/// For every session. The server has no statistics of a partitioned table as a whole unless somebody asks for them, and would read all of
/// an account to join a few rows: each of our joins is a few steps into an index, and none is worth a second process.
pub(super) const PLANS: &str = "SET enable_hashjoin = off; SET enable_mergejoin = off; SET enable_material = off; \
    SET max_parallel_workers_per_gather = 0; ";
/// One node at a time makes weeks and deletes, in each schema; it ends with the transaction.
const TURN: &str = "SELECT pg_try_advisory_xact_lock(1818588787, hashtext(current_schema()::text))";

/// Tables whose weeks go together.
struct Family {
    /// With the column that the partitions go by.
    tables: &'static [(&'static str, &'static str)],
    /// Unfinished work of these kinds keeps its week: a condition for `ready`.
    kinds: &'static str,
    /// Finds what is younger than its id says: of the week from `?1` to `?2`, not from before `?3`.
    young: Option<&'static str>,
}

const BODIES: Family = Family { tables: &[("delivery", "id")], kinds: "r.kind = 0", young: None };

/// The ids of effects have the time of their event: a week's events have no effects in another one.
const RUNS: Family = Family {
    tables: &[
        ("event", "id"),
        ("run", "event"),
        ("effect", "id"),
        ("attempt", "effect"),
        ("attempt_end", "effect"),
        ("settled", "effect"),
        ("closed", "ref"),
    ],
    kinds: "r.kind IN (1, 2)",
    young: Some(
        "SELECT 1 WHERE EXISTS (SELECT 1 FROM event WHERE id >= ?1 AND id < ?2 AND at >= ?3) \
         OR EXISTS (SELECT 1 FROM effect WHERE id >= ?1 AND id < ?2 AND planned_at >= ?3) \
         OR EXISTS (SELECT 1 FROM closed WHERE ref >= ?1 AND ref < ?2 AND kind <> 1 AND at >= ?3)",
    ),
};

/// A partition, by the times of its ids.
struct Part {
    table: String,
    name: String,
    from: i64,
    to: i64,
}

/// The beginning of the week of a time.
const fn monday(ms: i64) -> i64 {
    (ms - MONDAY).div_euclid(WEEK) * WEEK + MONDAY
}

/// Where the ids of a time begin, as a partition's bound has it.
fn edge(ms: i64) -> [u8; 6] {
    let mut bytes = [0; 6];
    bytes.copy_from_slice(ms.max(0).to_be_bytes().split_at(2).1);
    bytes
}

fn hex(ms: i64) -> String {
    crate::model::hex(&edge(ms))
}

/// `event_20261123`
fn name(table: &str, week: i64) -> String {
    let day = Timestamp::from_millisecond(week).unwrap_or_default();
    format!("{table}_{}", day.strftime("%Y%m%d"))
}

/// The two bounds in `FOR VALUES FROM ('\x0192d1c0e800') TO ('\x0192f5cd2400')`, if they are such.
fn bounds(told: &str) -> Option<(i64, i64)> {
    let mut found = told.split("'\\x").skip(1).map(|rest| {
        let digits = rest.split('\'').next().unwrap_or_default();
        let digits = digits.get(..12).unwrap_or(digits);
        i64::from_str_radix(&format!("{digits:0<12}"), 16).ok()
    });
    Some((found.next()??, found.next()??))
}

/// The database's time: nodes may not agree.
fn now(link: &mut Link) -> Asked<i64> {
    let rows = link.query("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint", &[])?;
    Ok(rows.first().and_then(|row| row.try_get(0).ok()).unwrap_or(0))
}

fn yes(link: &mut Link, sql: &str) -> Asked<bool> {
    Ok(link.query(sql, &[])?.first().and_then(|row| row.try_get(0).ok()).unwrap_or(false))
}

/// Every partition that is a span of time, oldest first.
fn listed(link: &mut Link) -> Asked<Vec<Part>> {
    let sql = "SELECT p.relname::text, c.oid::regclass::text, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i \
               JOIN pg_class p ON p.oid = i.inhparent JOIN pg_class c ON c.oid = i.inhrelid \
               WHERE p.relnamespace = current_schema()::regnamespace AND p.relkind = 'p' AND c.relispartition \
               AND c.relkind = 'r'";
    let mut found = Vec::new();
    for row in link.query(sql, &[])? {
        let text = |at: usize| row.try_get::<_, String>(at).unwrap_or_default();
        if let Some((from, to)) = bounds(&text(2)) {
            found.push(Part { table: text(0), name: text(1), from, to });
        }
    }
    found.sort_by(|one, other| (one.from, &one.table).cmp(&(other.from, &other.table)));
    Ok(found)
}

/// Makes every week from that of `since` on that is missing, as far ahead as is wanted. In an open transaction.
fn make(link: &mut Link, since: i64) -> Asked<()> {
    let now = now(link)?;
    let there = listed(link)?;
    let mut changes = String::new();
    let mut week = monday(since.min(now));
    while week <= now + AHEAD * WEEK {
        for (table, key) in BODIES.tables.iter().chain(RUNS.tables) {
            if there.iter().any(|part| part.table == *table && part.from < week + WEEK && part.to > week) {
                continue;
            }
            let (name, from, to) = (name(table, week), hex(week), hex(week + WEEK));
            // Attached and not made in its place: so those who read the table are not locked out. Those who write wait: a row that was on
            // its way to `DEFAULT` would be refused there once the week is made.
            // Written into memory, which does not fail.
            let _ = write!(
                changes,
                "LOCK TABLE ONLY {table} IN SHARE ROW EXCLUSIVE MODE; \
                 CREATE TABLE {name} (LIKE {table} INCLUDING DEFAULTS INCLUDING CONSTRAINTS INCLUDING STORAGE INCLUDING COMPRESSION); \
                 LOCK TABLE {table}_default IN ACCESS EXCLUSIVE MODE; \
                 WITH moved AS (DELETE FROM {table}_default WHERE {key} >= '\\x{from}' AND {key} < '\\x{to}' RETURNING *) \
                 INSERT INTO {name} SELECT * FROM moved; \
                 ALTER TABLE {table} ATTACH PARTITION {name} FOR VALUES FROM ('\\x{from}') TO ('\\x{to}'); "
            );
        }
        week += WEEK;
    }
    if changes.is_empty() { Ok(()) } else { link.control(&changes) }
}

/// Makes what is missing when a store is opened. What does not succeed is left to the hourly turn.
pub(super) fn prepare(link: &mut Link) {
    let mut work = || {
        link.control(&format!("BEGIN; SET LOCAL lock_timeout = '{PATIENCE}'"))?;
        if yes(link, TURN)? {
            make(link, i64::MAX)?;
        }
        link.control("COMMIT")
    };
    if let Err(fault) = work() {
        told("no partitions were made for the weeks to come", &fault);
        drop(link.control("ROLLBACK"));
    }
}

fn told(what: &str, fault: &Fault) {
    tracing::warn!(error = %fault.error, "{what}; it is tried again within an hour, and nothing is refused meanwhile");
}

/// Does something under short patience. None: it could not be done, and is undone.
fn shortly<T>(link: &mut Link, what: &str, work: impl FnOnce(&mut Link) -> Asked<T>) -> Asked<Option<T>> {
    let usual = link.query("SELECT current_setting('lock_timeout')", &[])?;
    let usual: String = usual.first().and_then(|row| row.try_get(0).ok()).unwrap_or_else(|| "0".to_owned());
    link.control(&format!("SAVEPOINT weeks; SET LOCAL lock_timeout = '{PATIENCE}'"))?;
    match work(link) {
        Ok(done) => {
            link.control(&format!("SET LOCAL lock_timeout = '{usual}'; RELEASE weeks"))?;
            Ok(Some(done))
        }
        Err(fault) if fault.lost => Err(fault),
        Err(fault) => {
            told(what, &fault);
            link.control("ROLLBACK TO weeks; RELEASE weeks")?;
            Ok(None)
        }
    }
}

/// Whether anything of a week must stay: unfinished work, or what is younger than its id.
fn stays(link: &mut Link, family: &Family, (from, to): (i64, i64), limit: i64) -> Asked<bool> {
    let (low, high) = (edge(from), edge(to));
    let span = [Value::Blob(&low), Value::Blob(&high)];
    let open = format!(
        "SELECT 1 FROM account a CROSS JOIN LATERAL (SELECT 1 FROM ready r WHERE r.account = a.account AND {} \
         AND r.ref >= ?1 AND r.ref < ?2 LIMIT 1) AS open LIMIT 1",
        family.kinds
    );
    if !link.query(&open, &span)?.is_empty() {
        return Ok(true);
    }
    let Some(young) = family.young else { return Ok(false) };
    let [low, high] = span;
    Ok(!link.query(young, &[low, high, Value::Int(limit)])?.is_empty())
}

/// What was done of a family's old weeks.
struct Old {
    dropped: usize,
    /// The spans before the limit that are left to be deleted row by row.
    rest: Vec<(i64, i64)>,
}

fn old(link: &mut Link, there: &[Part], family: &Family, limit: Timestamp, try_it: &mut bool) -> Asked<Old> {
    let (limit, now) = (limit.as_millisecond(), now(link)?);
    let of = |part: &&Part| family.tables.iter().any(|(table, _)| *table == part.table);
    // What is undated has no week, and goes row by row.
    let mut weeks: Vec<(i64, i64)> =
        there.iter().filter(of).map(|part| (part.from, part.to)).filter(|(from, _)| *from > 0 && *from < limit).collect();
    weeks.dedup();
    let (mut may_go, mut kept, mut stuck) = (Vec::new(), Vec::new(), false);
    for week in weeks {
        if week.1 > limit {
            // All of it goes when the last of it may, instead of row by row from now on.
            kept.push(week);
        } else if week.1 > monday(now) || stays(link, family, week, limit)? {
            stuck = true;
        } else {
            may_go.push(week);
        }
    }
    let mut dropped = 0;
    for week in may_go {
        if !*try_it || dropped >= AT_ONCE {
            kept.push(week);
            continue;
        }
        match shortly(link, "an old week of the store could not be dropped", |link| {
            drop_week(link, there, family, week, limit)
        })? {
            Some(true) => dropped += 1,
            Some(false) => stuck = true,
            None => {
                *try_it = false;
                kept.push(week);
            }
        }
    }
    kept.sort_unstable();
    let outside = family.tables.iter().flat_map(|(table, _)| [format!("{table}_default"), format!("{table}_undated")]);
    let mut any = stuck;
    for table in outside.filter(|table| table != "delivery_undated") {
        any = any || yes(link, &format!("SELECT EXISTS (SELECT 1 FROM {table})"))?;
    }
    Ok(Old { dropped, rest: if any { between(&kept, limit) } else { Vec::new() } })
}

/// What lies before the limit and in none of these weeks.
fn between(kept: &[(i64, i64)], limit: i64) -> Vec<(i64, i64)> {
    let mut rest = Vec::new();
    let mut from = 0;
    for week in kept {
        if from < week.0 {
            rest.push((from, week.0));
        }
        from = week.1;
    }
    if from < limit {
        rest.push((from, limit));
    }
    rest
}

/// Drops a week of a family. False: something came in meanwhile that must stay.
fn drop_week(link: &mut Link, there: &[Part], family: &Family, week: (i64, i64), limit: i64) -> Asked<bool> {
    let tables: Vec<&str> = family.tables.iter().map(|(table, _)| *table).collect();
    link.control(&format!("LOCK TABLE ONLY {} IN ACCESS EXCLUSIVE MODE", tables.join(", ONLY ")))?;
    if stays(link, family, week, limit)? {
        return Ok(false);
    }
    let of = |part: &&Part| (part.from, part.to) == week && tables.contains(&part.table.as_str());
    let names: Vec<&str> = there.iter().filter(of).map(|part| part.name.as_str()).collect();
    link.control(&format!("DROP TABLE {}", names.join(", ")))?;
    Ok(true)
}

/// Makes weeks ahead and drops old ones, in the open batch. `try_it` is false when it was tried in vain this hour. None: another node is
/// at it.
pub(super) fn shed(link: &mut Link, retention: &Retention, try_it: &mut bool) -> Asked<Option<Shed>> {
    if !yes(link, TURN)? {
        return Ok(None);
    }
    if *try_it && shortly(link, "no partitions were made for the weeks to come", |link| make(link, i64::MAX))?.is_none() {
        *try_it = false;
    }
    let there = listed(link)?;
    let bodies = old(link, &there, &BODIES, retention.bodies, try_it)?;
    let runs = old(link, &there, &RUNS, retention.runs, try_it)?;
    Ok(Some(Shed { gone: bodies.dropped + runs.dropped, bodies: bodies.rest, runs: runs.rest }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weeks_begin_on_mondays_and_are_named_by_them() {
        let noon = "2026-11-28T12:00:00Z".parse::<Timestamp>().unwrap().as_millisecond();
        assert_eq!(name("event", monday(noon)), "event_20261123");
        assert_eq!(monday(monday(noon)), monday(noon));
        assert_eq!(monday(monday(noon) - 1), monday(noon) - WEEK);
    }

    #[test]
    fn bounds_are_read_as_they_are_written() {
        let week = monday(1_795_867_200_000);
        let told = format!("FOR VALUES FROM ('\\x{}') TO ('\\x{}')", hex(week), hex(week + WEEK));
        assert_eq!(bounds(&told), Some((week, week + WEEK)));
        assert_eq!(bounds("FOR VALUES FROM (MINVALUE) TO ('\\x00dc751c6400')"), None);
        assert_eq!(bounds("DEFAULT"), None);
    }

    #[test]
    fn what_is_kept_whole_is_left_out_of_what_goes_row_by_row() {
        assert_eq!(between(&[(10, 20), (20, 30), (40, 50)], 60), [(0, 10), (30, 40), (50, 60)]);
        assert_eq!(between(&[(10, 20), (55, 70)], 60), [(0, 10), (20, 55)]);
        assert_eq!(between(&[], 60), [(0, 60)]);
    }
}
