//! What a database is like, for whoever wants to know before it matters: read, never judged here.

use super::address::Address;
use super::link::{Fault, Link};
use super::open::SESSION;
use super::target::coming;
use crate::store::error::Result;
use crate::store::options::{Database, Options};
use jiff::{SignedDuration, Timestamp};

/// A database as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkup {
    pub name: String,
    /// `server_version`, and the number that compares.
    pub version: String,
    pub number: i64,
    /// The oldest one that leverd works with.
    pub oldest: i64,
    pub encoding: String,
    /// It follows another one, and cannot be written.
    pub is_standby: bool,
    pub fsync: bool,
    pub full_page_writes: bool,
    pub synchronous_commit: String,
    pub synchronous_standby_names: String,
    /// How many follow it.
    pub standbys: i64,
    /// How many of them each commit waits for; none where the user may not see that.
    pub synchronous: Option<i64>,
    /// How many connections there may be: of all, of this user, of this database, whichever is least; and how many are open.
    pub connections: i64,
    pub open: i64,
    /// How many one leverd opens.
    pub needed: i64,
    /// None: no schema of the search path exists.
    pub schema: Option<String>,
    pub may_create: bool,
    /// Tables in the schema that another user owns.
    pub foreign: i64,
    /// Whether a store is there, and whether it is a part only of what is on its way.
    pub made: bool,
    pub coming: bool,
    /// How much its clock is ahead of this machine's, and how exactly that is known.
    pub ahead: SignedDuration,
    pub within: SignedDuration,
    /// Somebody in between hands the sessions of the server round.
    pub pooled: bool,
}

/// Looks at a database, changing nothing.
pub fn checkup(database: &Database) -> Result<Checkup> {
    let options = Options::postgres(&database.url, database.password.clone());
    let address = Address::new(&database.url, database.password.as_ref(), options.busy_timeout)?;
    let mut link = Link::open(&address, SESSION)?;
    let mut other = Link::open(&address, SESSION)?;
    // Those that read, the one that writes, and the one over which nodes wake each other.
    let needed = i64::try_from(options.readers + 2).unwrap_or(i64::MAX);
    let looked = look(&mut link, &mut other, &address.name, needed);
    looked.map_err(|fault| address.named(fault.error))
}

fn look(link: &mut Link, other: &mut Link, name: &str, needed: i64) -> std::result::Result<Checkup, Fault> {
    let pooled = pooled(link, other)?;
    let before = Timestamp::now();
    let clock = link.words("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint")?;
    let after = Timestamp::now();
    let there = clock.first().cloned().flatten().and_then(|text| text.parse().ok());
    let there = there.and_then(|at| Timestamp::from_millisecond(at).ok()).unwrap_or(before);
    let within = after.duration_since(before);
    let mut found = Found(link.words(QUESTIONS)?.into_iter());
    Ok(Checkup {
        name: name.to_owned(),
        version: found.text(),
        number: found.number(),
        oldest: super::open::OLDEST.into(),
        encoding: found.text(),
        is_standby: found.yes(),
        fsync: found.yes(),
        full_page_writes: found.yes(),
        synchronous_commit: found.text(),
        synchronous_standby_names: found.text(),
        standbys: found.number(),
        synchronous: found.next().and_then(|text| text.parse().ok()),
        connections: found.number(),
        open: found.number(),
        needed,
        schema: found.next(),
        may_create: found.yes(),
        foreign: found.number(),
        made: found.yes(),
        coming: !pooled && coming(link)?.is_some_and(|coming| !coming.finished),
        ahead: there.duration_since(before) - within / 2,
        within,
        pooled,
    })
}

/// Each answers a field of [`Checkup`], in their order.
const QUESTIONS: &str = "SELECT current_setting('server_version'), current_setting('server_version_num'), current_setting('server_encoding'), \
    pg_is_in_recovery(), current_setting('fsync') = 'on', current_setting('full_page_writes') = 'on', current_setting('synchronous_commit'), \
    current_setting('synchronous_standby_names'), (SELECT count(*) FROM pg_stat_replication), \
    (SELECT CASE WHEN count(*) = count(sync_state) THEN count(*) FILTER (WHERE sync_state IN ('sync', 'quorum')) END FROM pg_stat_replication), \
    (SELECT min(many) FROM (SELECT current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int \
    - coalesce(current_setting('reserved_connections', true)::int, 0) AS many \
    UNION ALL SELECT rolconnlimit FROM pg_roles WHERE rolname = current_user AND rolconnlimit >= 0 \
    UNION ALL SELECT datconnlimit FROM pg_database WHERE datname = current_database() AND datconnlimit >= 0) limits), \
    (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend' OR backend_type IS NULL AND datname IS NOT NULL), \
    current_schema(), coalesce(has_schema_privilege(current_schema(), 'CREATE'), false), \
    (SELECT count(*) FROM pg_class WHERE relnamespace = to_regnamespace(quote_ident(current_schema())) AND relkind IN ('r', 'p') \
    AND NOT pg_has_role(relowner, 'USAGE')), \
    to_regclass('schema_version') IS NOT NULL";

/// The answers, one after the other.
struct Found(std::vec::IntoIter<Option<String>>);

impl Found {
    fn next(&mut self) -> Option<String> {
        self.0.next().flatten()
    }

    fn text(&mut self) -> String {
        self.next().unwrap_or_default()
    }

    fn number(&mut self) -> i64 {
        self.next().and_then(|text| text.parse().ok()).unwrap_or_default()
    }

    fn yes(&mut self) -> bool {
        self.next().is_some_and(|text| text == "t")
    }
}

/// Whether two sessions are kept apart. Somebody who shares the server's sessions out by transactions gives the first one's to the second
/// one while that is in a transaction, and so another one to the first.
fn pooled(link: &mut Link, other: &mut Link) -> std::result::Result<bool, Fault> {
    const WHO: &str = "SELECT pg_backend_pid(), current_setting('leverd.probe', true)";
    link.control("SELECT set_config('leverd.probe', 'here', false)")?;
    let before = link.words(WHO)?;
    other.control("BEGIN")?;
    let theirs = other.words(WHO)?;
    let after = link.words(WHO)?;
    other.control("ROLLBACK")?;
    Ok(before != after
        || theirs.first() == before.first()
        || theirs.get(1).is_some_and(|probe| probe.as_deref() == Some("here")))
}
