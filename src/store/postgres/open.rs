//! Opening: the lock, the session, the schema.

use super::address::Address;
use super::link::Link;
use super::partitions::{self, PLANS};
use super::{Postgres, Role};
use crate::store::backend::{Backend, Opened, Reader};
use crate::store::error::{Result, StoreError};
use crate::store::options::{Database, Options};
use crate::store::sql::db::Db;
use crate::store::sql::{Sql, SqlReader};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Every migration, in order; the version is the place in this list, from 1.
const MIGRATIONS: &[&str] = &[include_str!("0001_start.sql")];
/// The schema version that this build writes.
#[expect(clippy::cast_possible_truncation, reason = "there are not four thousand million migrations")]
const KNOWN: u32 = MIGRATIONS.len() as u32;
/// `server_version_num` of PostgreSQL 15.
const OLDEST: i32 = 150_000;

/// For every session. A session whose process or network is gone must end soon: it may hold the lock.
const SESSION: &str = "SET client_min_messages = warning; SET jit = off; SET standard_conforming_strings = on; \
    SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; SET tcp_user_timeout = '30s'; \
    SET idle_in_transaction_session_timeout = '60s'; ";
/// A commit is durable before it is acknowledged, whatever the server's setting.
const WRITES: &str = "SET lock_timeout = '30s'; \
    SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'";
const READS: &str = "SET default_transaction_read_only = on; SET statement_timeout = '60s'";

/// One leverd at a time for each schema of a database.
const LOCK: &str = "SELECT pg_try_advisory_lock(1818588786, hashtext(current_schema()::text))";
/// A session that is ending gives its lock up a moment later.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// The first session of this role, ready for use.
pub(super) fn session(address: &Address, role: Role) -> Result<Link> {
    let mut link = connected(address, role)?;
    if lock(&mut link, role)? { Ok(link) } else { Err(held(address)) }
}

/// A session in the place of one that was lost. `own` is the number of this opening, for whoever writes.
///
/// A database that still has our former session, because the network is gone and it does not know that yet, is one to ask again:
/// whoever waits for an outcome to be stored must go on waiting. Only another opening ends that.
pub(super) fn again(address: &Address, role: Role, own: i64) -> Result<Link> {
    let mut link = connected(address, role)?;
    let locked = lock(&mut link, role)?;
    if role != Role::Reads && epoch(&mut link)? != Some(own) {
        // What this process has in hand is the other one's now.
        return Err(held(address));
    }
    if !locked {
        let why = "the database still has our former session, and ends it when it notices that nobody is there";
        return Err(address.named(StoreError::Unavailable(why.to_owned())));
    }
    Ok(link)
}

fn connected(address: &Address, role: Role) -> Result<Link> {
    let more = if role == Role::Reads { READS } else { WRITES };
    Link::open(address, &format!("{SESSION}{PLANS}{more}"))
}

fn held(address: &Address) -> StoreError {
    StoreError::Held { database: address.name.clone() }
}

/// Takes the lock of whoever writes; false: a session that lives has it. It ends with the session, and what a session without it wrote
/// is not committed: it cannot be lost unnoticed.
fn lock(link: &mut Link, role: Role) -> Result<bool> {
    let Role::Writes { patience } = role else { return Ok(true) };
    let since = Instant::now();
    while !value::<bool>(link, LOCK)?.unwrap_or(false) {
        if since.elapsed() >= patience {
            return Ok(false);
        }
        std::thread::sleep(LOCK_PAUSE);
    }
    Ok(true)
}

/// The one value that a question has for an answer.
fn value<T: for<'a> tokio_postgres::types::FromSql<'a>>(link: &mut Link, sql: &str) -> Result<Option<T>> {
    let rows = link.query(sql, &[]).map_err(|fault| fault.error)?;
    Ok(rows.first().and_then(|row| row.try_get(0).ok()))
}

/// Opens the database, making or migrating the schema.
pub(in crate::store) fn open(database: &Database, options: &Options) -> Result<Opened> {
    let address = Arc::new(Address::new(&database.url, database.password.as_ref(), options.busy_timeout)?);
    let backend = if options.read_only {
        None
    } else {
        Some(Box::new(writer(&address, options).map_err(|error| address.named(error))?) as Box<dyn Backend>)
    };
    let mut first = session(&address, Role::Reads)?;
    let found = version(&mut first).map_err(|error| address.named(error))?;
    if found > KNOWN {
        return Err(StoreError::Newer { found, known: KNOWN });
    }
    if found == 0 {
        return Err(StoreError::Unmade { database: address.name.clone() });
    }
    if found < KNOWN {
        let why = "its store was made by an older leverd: a start of this version brings it up to date";
        return Err(address.named(StoreError::Unavailable(why.to_owned())));
    }
    // The others connect when they are asked for the first time.
    let mut links: Vec<Option<Link>> = (1..options.readers.max(1)).map(|_| None).collect();
    links.push(Some(first));
    let reader = |link| Box::new(SqlReader::new(Db(Box::new(Postgres::new(Arc::clone(&address), Role::Reads, link)))));
    let readers = links.into_iter().map(|link| reader(link) as Box<dyn Reader>).collect();
    Ok(Opened { backend, readers, guard: Box::new(()) })
}

fn writer(address: &Arc<Address>, options: &Options) -> Result<Sql> {
    let role = Role::Writes { patience: options.busy_timeout };
    let mut link = session(address, role)?;
    fit(&mut link)?;
    migrate(&mut link)?;
    partitions::prepare(&mut link);
    let epoch = value::<i64>(&mut link, "UPDATE opening SET epoch = epoch + 1 RETURNING epoch")?;
    let epoch = epoch.ok_or_else(|| StoreError::Corrupt("the number of this opening".to_owned()))?;
    let mut store = Postgres::new(Arc::clone(address), role, Some(link));
    store.epoch = epoch;
    let nonce = getrandom::fill(&mut store.nonce);
    nonce.map_err(|_| StoreError::Unavailable("the system gives no random numbers".to_owned()))?;
    Sql::open(Db(Box::new(store)), epoch)
}

/// The number of the latest opening: another leverd may have been here while there was no session.
fn epoch(link: &mut Link) -> Result<Option<i64>> {
    value(link, "SELECT epoch FROM opening")
}

/// Whether the server is one that leverd knows how to use.
fn fit(link: &mut Link) -> Result<()> {
    let found = value::<i32>(link, "SELECT current_setting('server_version_num')::int")?.unwrap_or(0);
    if found < OLDEST {
        let why = format!("leverd needs PostgreSQL 15 or newer, and this is {}", found / 10_000);
        return Err(StoreError::Unavailable(why));
    }
    let encoding = value::<String>(link, "SELECT current_setting('server_encoding')")?.unwrap_or_default();
    if encoding != "UTF8" {
        let why = format!("its encoding is {encoding}: make a database with `ENCODING 'UTF8' TEMPLATE template0`");
        return Err(StoreError::Unavailable(why));
    }
    Ok(())
}

fn version(link: &mut Link) -> Result<u32> {
    if !value::<bool>(link, "SELECT to_regclass('schema_version') IS NOT NULL")?.unwrap_or(false) {
        return Ok(0);
    }
    let found = value::<i64>(link, "SELECT coalesce(max(version), 0) FROM schema_version")?;
    Ok(found.and_then(|found| u32::try_from(found).ok()).unwrap_or(0))
}

/// Brings the schema to [`KNOWN`], in one transaction. The lock is held.
fn migrate(link: &mut Link) -> Result<()> {
    let found = version(link)?;
    if found > KNOWN {
        return Err(StoreError::Newer { found, known: KNOWN });
    }
    if found == KNOWN {
        return Ok(());
    }
    let missing = (1_u32..).zip(MIGRATIONS).filter(|(number, _)| *number > found);
    let changes: Vec<String> =
        missing.map(|(number, migration)| format!("{migration};\nINSERT INTO schema_version VALUES ({number});\n")).collect();
    let changes = changes.concat();
    let change = format!("BEGIN; CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY);\n{changes}COMMIT");
    link.control(&change).map_err(|fault| fault.error)
}
