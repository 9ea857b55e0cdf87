//! Backups: one snapshot by `VACUUM INTO`, checked page by page; and a store made of one.

use super::Sqlite;
use super::open::{KNOWN, lock, migrate, named, refused, version};
use crate::store::backend::Backend as _;
use crate::store::copy::{Holding, Restored};
use crate::store::error::{Result, StoreError};
use crate::store::sql::Sql;
use crate::store::sql::db::Db;
use crate::store::sql::restored::WentOn;
use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags};
use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;
use tempfile::{NamedTempFile, TempPath};

/// How long a copy waits for another program that has the file locked.
const PATIENCE: Duration = Duration::from_secs(5);
/// The first bytes of every SQLite database.
const MAGIC: &[u8] = b"SQLite format 3\0";
/// What SQLite keeps beside a database.
const BESIDE: [&str; 2] = ["-wal", "-shm"];

pub(in crate::store) fn backup(store: &Path, to: &Path) -> Result<Holding> {
    if to.symlink_metadata().is_ok() {
        return Err(StoreError::Copy(format!("`{}` is there already and stays as it is: give another name", to.display())));
    }
    // Written under another name, so that what is called like a backup is a whole one.
    let copy = beside(to)?;
    let db = reading(store).map_err(|error| named(store, error))?;
    db.execute("VACUUM INTO ?1", [text(&copy)?]).map_err(|error| named(to, error.into()))?;
    drop(db);
    flushed(&copy)?;
    let holding = look(&copy)?;
    copy.persist_noclobber(to).map_err(|error| refused(to, &error.error))?;
    flushed(&folder(to))?;
    Ok(holding)
}

pub(in crate::store) fn look(file: &Path) -> Result<Holding> {
    let bytes = std::fs::metadata(file).map_err(|error| refused(file, &error))?.len();
    let mut start = Vec::new();
    let read = File::open(file).and_then(|file| std::io::Read::read_to_end(&mut std::io::Read::take(file, 16), &mut start));
    read.map_err(|error| refused(file, &error))?;
    if start != MAGIC {
        return Err(no_store(file));
    }
    holding(&reading(file)?, file, bytes).map_err(|error| named(file, error))
}

fn holding(db: &Connection, file: &Path, bytes: u64) -> Result<Holding> {
    let found = version(db)?;
    if found == 0 {
        return Err(no_store(file));
    }
    if found > KNOWN {
        return Err(StoreError::Newer { found, known: KNOWN });
    }
    let sound: String = db.query_row("PRAGMA integrity_check(1)", [], |row| row.get(0))?;
    if sound != "ok" {
        return Err(StoreError::Copy(format!("`{}` is damaged: use another backup", file.display())));
    }
    let count = |table: &str| -> Result<u64> {
        Ok(db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0))?.unsigned_abs())
    };
    // The latest of everything that a clock of ours has stamped.
    let last: Option<i64> = db.query_row(
        "SELECT max(at) FROM (SELECT max(received) AS at FROM delivery UNION ALL SELECT max(at) FROM seen \
         UNION ALL SELECT max(planned_at) FROM run UNION ALL SELECT max(planned_at) FROM effect UNION ALL SELECT max(begun_at) FROM attempt \
         UNION ALL SELECT max(ended_at) FROM attempt_end UNION ALL SELECT max(at) FROM settled UNION ALL SELECT max(at) FROM notice)",
        [],
        |row| row.get(0),
    )?;
    Ok(Holding {
        bytes,
        version: found,
        accounts: count("account")?,
        events: count("event")?,
        runs: count("run")?,
        open: count("ready")?,
        last: last.and_then(|last| Timestamp::from_millisecond(last).ok()),
    })
}

pub(in crate::store) fn restore(
    file: &Path,
    store: &Path,
    at: Timestamp,
    replace: bool,
    renew: &dyn Fn(&str, &str) -> Option<String>,
) -> Result<Restored> {
    let held = lock(store)?;
    let there = store.symlink_metadata().is_ok();
    if there && !replace {
        return Err(StoreError::Copy(format!(
            "there is a store at `{}`: with `--replace` the backup takes its place, and it stays beside under another name",
            store.display()
        )));
    }
    let holding = look(file)?;
    let copy = beside(store)?;
    reading(file)?.execute("VACUUM INTO ?1", [text(&copy)?]).map_err(|error| named(store, error.into()))?;
    let (parked, looks) = settled_for(&copy, &holding, at, renew).map_err(|error| named(file, error))?;
    flushed(&copy)?;
    let before = if there { Some(put_aside(store, at)?) } else { None };
    // A log that belongs to no store must not be taken for this one's.
    for end in BESIDE {
        removed(&with(store, end))?;
    }
    copy.persist(store).map_err(|error| refused(store, &error.error))?;
    flushed(&folder(store))?;
    drop(held);
    Ok(Restored { holding, at, parked, looks, before })
}

/// What [`restore`] writes into the copy, in one transaction.
fn settled_for(copy: &Path, holding: &Holding, at: Timestamp, renew: &dyn Fn(&str, &str) -> Option<String>) -> Result<WentOn> {
    let db = Connection::open_with_flags(copy, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    migrate(&db)?;
    // It may be the copy of a file whose content was moved: what may have been done since is left to a person all the same.
    db.execute_batch("DROP TABLE IF EXISTS moved")?;
    let epoch: i64 = db.query_row("SELECT epoch FROM opening", [], |row| row.get(0))?;
    let mut store = Sql::new(Db(Box::new(Sqlite(db))), epoch);
    store.open_batch()?;
    let done = store.went_on(holding.last.unwrap_or(at), at, renew)?;
    store.commit_batch()?;
    Ok(done)
}

/// Has the store of before hold everything that its log holds, so that its file is the whole store whatever happens while it is renamed.
/// An error leaves everything where it is.
fn log_emptied(store: &Path) -> Result<()> {
    let log = with(store, "-wal");
    let length = || match log.metadata() {
        Ok(found) => Ok(found.len()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(0),
        Err(error) => Err(refused(&log, &error)),
    };
    // A store that is damaged can be replaced, too: without a log there is nothing to read of it.
    if length()? == 0 {
        return Ok(());
    }
    let written = || -> Result<()> {
        let db = Connection::open_with_flags(store, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        db.busy_timeout(PATIENCE)?;
        // The log is opened by the first reading only.
        db.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))?;
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(())
    };
    let why = match written() {
        Ok(()) if length()? == 0 => return Ok(()),
        Ok(()) => "another program reads the store".to_owned(),
        Err(error) => error.to_string(),
    };
    Err(StoreError::Copy(format!(
        "`{}` has something in its log that cannot be written into it ({why}), and nothing was changed: end what uses the store, or \
         move the file away yourself, and with it those of this name that end in `-wal` and `-shm`",
        store.display()
    )))
}

/// The store of before, under a name that tells when it was replaced.
fn put_aside(store: &Path, at: Timestamp) -> Result<PathBuf> {
    let stamp = at.strftime("%Y%m%dT%H%M%SZ");
    let aside = with(store, &format!(".before-{stamp}"));
    if aside.symlink_metadata().is_ok() {
        return Err(StoreError::Copy(format!("`{}` is there already: move it away first", aside.display())));
    }
    log_emptied(store)?;
    for end in BESIDE.into_iter().chain([""]) {
        match std::fs::rename(with(store, end), with(&aside, end)) {
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            done => done.map_err(|error| refused(store, &error))?,
        }
    }
    Ok(aside)
}

/// An empty file in the folder of another, which only its owner reads, and which goes unless it is kept.
fn beside(path: &Path) -> Result<TempPath> {
    let folder = folder(path);
    let made = tempfile::Builder::new().prefix(".leverd-copy-").tempfile_in(&folder).map(NamedTempFile::into_temp_path);
    made.map_err(|error| refused(&folder, &error))
}

fn folder(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn with(path: &Path, end: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(end);
    PathBuf::from(name)
}

fn removed(path: &Path) -> Result<()> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(refused(path, &error)),
        _ => Ok(()),
    }
}

/// Whatever was written is on the disk: SQLite does not see to that for a copy.
fn flushed(path: &Path) -> Result<()> {
    File::open(path).and_then(|file| file.sync_all()).map_err(|error| refused(path, &error))
}

pub(super) fn reading(path: &Path) -> Result<Connection> {
    let db = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(PATIENCE)?;
    Ok(db)
}

fn text(path: &Path) -> Result<&str> {
    path.to_str().ok_or_else(|| StoreError::Copy(format!("`{}` cannot be written as text: give another name", path.display())))
}

pub(super) fn no_store(file: &Path) -> StoreError {
    StoreError::Copy(format!("`{}` is no store of leverd: `leverd backup` writes one that is", file.display()))
}
