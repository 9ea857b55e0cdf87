//! A file whose content moves into a database: what it says about that, and its rows.

use super::Sqlite;
use super::copy::no_store;
use super::open::{lock, named, version, written};
use crate::store::backend::Backend as _;
use crate::store::error::{Result, StoreError};
use crate::store::options::Options;
use crate::store::sql::Sql;
use crate::store::sql::db::{Db, Dialect as _, Kind, Row};
use crate::store::transfer::{Column, Content, Found, Part};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use std::fs::File;
use std::path::{Path, PathBuf};

/// What a file says that is no store any more, or not while it moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::store) struct Mark {
    /// Which move; the database knows it by the same.
    pub(in crate::store) id: [u8; 16],
    pub(in crate::store) state: State,
    pub(in crate::store) database: String,
    /// For leverd.yaml.
    pub(in crate::store) line: String,
    pub(in crate::store) at: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum State {
    Moving,
    /// The database may be served from now on, or a moment later.
    Finishing,
    Moved,
}

impl Mark {
    /// Why the file is not served.
    pub(in crate::store) fn refusal(&self, file: &Path) -> StoreError {
        let (file, database, line, at) = (file.display(), &self.database, &self.line, self.at);
        StoreError::Moved(match self.state {
            State::Moving => format!(
                "the content of `{file}` is on its way into the database `{database}`: `leverd store move` goes on with it, and \
                 `leverd store move --back` makes the file the store again"
            ),
            State::Finishing => {
                format!(
                    "the content of `{file}` is in the database `{database}`: `leverd store move` brings the move to its end"
                )
            }
            State::Moved => format!(
                "the content of `{file}` was moved into the database `{database}` at {at}: put `{line}` into leverd.yaml. The file knows \
                 nothing of what was done since; to use it all the same: `leverd backup COPY --store {file}`, then \
                 `leverd restore COPY --replace --store {file}`, which leaves to a person what may have been done already"
            ),
        })
    }
}

/// What the file says of a move.
pub(super) fn mark(db: &Connection) -> Result<Option<Mark>> {
    let table = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = 'moved'";
    if !db.prepare_cached(table)?.exists([])? {
        return Ok(None);
    }
    let sql = "SELECT id, state, place, line, at FROM moved";
    Ok(db
        .query_row(sql, [], |row| {
            Ok(Mark {
                id: row.get(0)?,
                state: match row.get::<_, i64>(1)? {
                    0 => State::Moving,
                    1 => State::Finishing,
                    _ => State::Moved,
                },
                database: row.get(2)?,
                line: row.get(3)?,
                at: Timestamp::from_millisecond(row.get(4)?).unwrap_or_default(),
            })
        })
        .optional()?)
}

/// Refuses a file whose content is elsewhere, or on its way.
pub(super) fn still_here(db: &Connection, path: &Path) -> Result<()> {
    mark(db)?.map_or(Ok(()), |mark| Err(mark.refusal(path)))
}

/// The file of a stopped leverd.
pub(in crate::store) struct Source {
    path: PathBuf,
    db: Sqlite,
    /// Held, never looked at.
    _lock: File,
}

impl Source {
    /// Locks the file, and brings its schema up to date as a start does.
    pub(in crate::store) fn open(path: &Path) -> Result<Self> {
        let lock = lock(path)?;
        let open = || {
            if version(&super::copy::reading(path)?)? == 0 {
                return Err(no_store(path));
            }
            written(path, &Options::path(path))
        };
        let db = open().map_err(|error| named(path, error))?;
        Ok(Self { path: path.to_owned(), db: Sqlite(db), _lock: lock })
    }

    pub(in crate::store) fn mark(&self) -> Result<Option<Mark>> {
        mark(&self.db.0)
    }

    /// From here on nobody serves the file. In the same commit it becomes what a start makes of it: nothing is claimed, and what had begun
    /// has an unknown outcome.
    pub(in crate::store) fn leave(&self, mark: &Mark) -> Result<()> {
        let db = written(&self.path, &Options::path(&self.path))?;
        db.execute_batch("BEGIN IMMEDIATE")?;
        db.execute_batch(
            "CREATE TABLE IF NOT EXISTS moved (one INTEGER PRIMARY KEY CHECK (one = 1), id BLOB NOT NULL, state INTEGER NOT NULL, \
             place TEXT NOT NULL, line TEXT NOT NULL, at INTEGER NOT NULL) STRICT",
        )?;
        let at = mark.at.as_millisecond();
        let row = params![mark.id, mark.state as i64, mark.database, mark.line, at];
        db.execute("INSERT INTO moved VALUES (1, ?1, ?2, ?3, ?4, ?5)", row)?;
        let epoch: i64 = db.query_row("SELECT epoch FROM opening", [], |row| row.get(0))?;
        let mut store = Sql::new(Db(Box::new(Sqlite(db))), epoch);
        store.recover(mark.at)?;
        store.commit_batch()
    }

    pub(in crate::store) fn say(&self, state: State) -> Result<()> {
        self.db.0.execute("UPDATE moved SET state = ?1", [state as i64])?;
        Ok(())
    }

    /// The file is the store again, if its content cannot be served from elsewhere.
    pub(in crate::store) fn take_back(&self) -> Result<()> {
        let path = self.path.display();
        match self.mark()? {
            None => Err(StoreError::Moved(format!("the content of `{path}` was not moved: it is the store"))),
            Some(mark) if mark.state != State::Moving => Err(mark.refusal(&self.path)),
            Some(_) => Ok(self.db.0.execute_batch("DROP TABLE moved")?),
        }
    }

    /// Every table with its columns.
    pub(in crate::store) fn tables(&self) -> Result<Content> {
        let db = &self.db.0;
        let sql = "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' \
                   ORDER BY name";
        let mut tables = db.prepare(sql)?;
        let tables = tables.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, bool>(1)?)))?;
        let mut found = Vec::new();
        for table in tables {
            let (name, without_rowid) = table?;
            let mut columns = db.prepare("SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid")?;
            let columns = columns.query_map([&name], |row| {
                let kind = match row.get::<_, String>(1)?.as_str() {
                    "INTEGER" => Some(Kind::Int),
                    "TEXT" => Some(Kind::Text),
                    "BLOB" => Some(Kind::Blob),
                    _ => None,
                };
                Ok((Column { name: row.get(0)?, kind, needed: true }, row.get::<_, i64>(2)?))
            })?;
            let mut columns = columns.collect::<rusqlite::Result<Vec<_>>>()?;
            let all: Vec<Column> = columns.iter().map(|(column, _)| column.clone()).collect();
            columns.retain(|(_, place)| *place > 0);
            columns.sort_by_key(|(_, place)| *place);
            let order = if without_rowid {
                columns.into_iter().map(|(column, _)| column.name).collect()
            } else {
                vec!["rowid".to_owned()]
            };
            found.push(Found { name, columns: all, order });
        }
        Ok(found)
    }

    pub(in crate::store) fn count(&self, part: &Part) -> Result<u64> {
        let sql = format!("SELECT count(*) FROM {}", part.name);
        Ok(self.db.0.query_row(&sql, [], |row| row.get::<_, i64>(0))?.unsigned_abs())
    }

    /// Every row of a table, always in the same order.
    pub(in crate::store) fn rows(&self, part: &Part, each: &mut dyn FnMut(&Row<'_>) -> Result<bool>) -> Result<()> {
        let sql = format!("SELECT {} FROM {} ORDER BY {}", part.columns(), part.name, part.order.join(", "));
        self.db.query(&sql, &[], each)
    }
}
