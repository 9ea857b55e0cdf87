//! A database into which the content of a file moves: how far it came, and its rows.

use super::address::Address;
use super::link::{Fault, Link};
use super::open::for_move;
use crate::store::error::{Result, StoreError};
use crate::store::kill::kill_point;
use crate::store::options::{Database, Options};
use crate::store::sql::db::{Kind, Row, Value};
use crate::store::transfer::{Column, Content, Found, Part, Pieces};

/// How many rows are read at once: few until it is known how large they are.
const FEW: usize = 64;
const MANY: usize = 2_048;
/// Rows of less than this on average are read many at a time.
const SMALL: usize = 4_096;

/// A database that nobody else has open.
pub(in crate::store) struct Target {
    link: Link,
    address: Address,
}

/// A move into this database, under way or finished.
pub(in crate::store) struct Coming {
    pub(in crate::store) id: [u8; 16],
    pub(in crate::store) finished: bool,
}

/// Refuses to serve a database that holds a part only.
pub(super) fn whole(link: &mut Link) -> Result<()> {
    match coming(link) {
        Ok(Some(coming)) if !coming.finished => Err(StoreError::Moved(
            "the content of a file is on its way into this database: `leverd store move` brings it to its end".to_owned(),
        )),
        Ok(_) => Ok(()),
        Err(fault) => Err(fault.error),
    }
}

pub(super) fn coming(link: &mut Link) -> std::result::Result<Option<Coming>, Fault> {
    let there = link.query("SELECT 1 WHERE to_regclass('transfer') IS NOT NULL", &[])?;
    if there.is_empty() {
        return Ok(None);
    }
    let rows = link.query("SELECT move, moved FROM transfer WHERE part = ''", &[])?;
    Ok(rows.first().map(|row| Coming {
        id: row.try_get::<_, &[u8]>(0).ok().and_then(|id| id.try_into().ok()).unwrap_or_default(),
        finished: row.try_get::<_, i64>(1).is_ok_and(|moved| moved == 1),
    }))
}

impl Target {
    /// The tables are made or brought up to date, as a start does.
    pub(in crate::store) fn open(database: &Database) -> Result<Self> {
        let options = Options::postgres(&database.url, database.password.clone());
        let address = Address::new(&database.url, database.password.as_ref(), options.busy_timeout)?;
        let link = for_move(&address, options.busy_timeout).map_err(|error| address.named(error))?;
        Ok(Self { link, address })
    }

    pub(in crate::store) fn name(&self) -> &str {
        &self.address.name
    }

    fn ask<T>(&mut self, question: impl FnOnce(&mut Link) -> std::result::Result<T, Fault>) -> Result<T> {
        question(&mut self.link).map_err(|fault| {
            let error = self.address.named(fault.error);
            match error {
                StoreError::Unavailable(why) if fault.lost => {
                    StoreError::Unavailable(format!("{why}; run `leverd store move` again, it goes on where it was"))
                }
                other => other,
            }
        })
    }

    pub(in crate::store) fn found(&mut self) -> Result<Option<Coming>> {
        self.ask(coming)
    }

    /// Every table with its columns.
    pub(in crate::store) fn tables(&mut self) -> Result<Content> {
        let rows = self.ask(|link| {
            link.query(
                "SELECT c.relname::text, a.attname::text, format_type(a.atttypid, NULL)::text, \
                 a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AND a.attgenerated = '' \
                 FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped \
                 WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition \
                 ORDER BY c.relname, a.attnum",
                &[],
            )
        })?;
        let mut found: Content = Vec::new();
        for row in &rows {
            let row = Row(row);
            let (table, name): (String, String) = (row.get(0)?, row.get(1)?);
            let kind = match row.get::<String>(2)?.as_str() {
                "bigint" => Some(Kind::Int),
                "text" => Some(Kind::Text),
                "bytea" => Some(Kind::Blob),
                _ => None,
            };
            let column = Column { name, kind, needed: row.get(3)? };
            match found.last_mut() {
                Some(last) if last.name == table => last.columns.push(column),
                _ => found.push(Found { name: table, columns: vec![column], order: Vec::new() }),
            }
        }
        Ok(found)
    }

    /// The tables that hold something.
    pub(in crate::store) fn full(&mut self, parts: &[Part]) -> Result<Vec<String>> {
        let mut full = Vec::new();
        for part in parts {
            let sql = format!("SELECT 1 FROM {} LIMIT 1", part.name);
            if !self.ask(|link| link.query(&sql, &[]))?.is_empty() {
                full.push(part.name.clone());
            }
        }
        Ok(full)
    }

    /// Nothing has come yet.
    pub(in crate::store) fn begin(&mut self, id: [u8; 16], parts: &[Part]) -> Result<()> {
        self.ask(|link| {
            link.control("BEGIN")?;
            link.control(
                "CREATE TABLE IF NOT EXISTS transfer (part TEXT COLLATE \"C\" PRIMARY KEY, move BYTEA NOT NULL, moved BIGINT NOT NULL); \
                 DELETE FROM transfer",
            )?;
            for name in parts.iter().map(|part| part.name.as_str()).chain([""]) {
                let sql = "INSERT INTO transfer (part, move, moved) VALUES (?1, ?2, 0)";
                link.exec(sql, &[Value::Text(name), Value::Blob(&id)])?;
            }
            link.control("COMMIT")
        })
    }

    /// How many rows of a table have come.
    pub(in crate::store) fn moved(&mut self, table: &str) -> Result<u64> {
        let rows = self.ask(|link| link.query("SELECT moved FROM transfer WHERE part = ?1", &[Value::Text(table)]))?;
        rows.first().map_or(Ok(0), |row| Row(row).get::<i64>(0).map(i64::unsigned_abs))
    }

    /// Some more rows, and how far it has come, in one commit.
    pub(in crate::store) fn put(&mut self, part: &Part, id: [u8; 16], pieces: &Pieces) -> Result<()> {
        let arrays: Vec<String> = (1..)
            .zip(&part.table)
            .map(|(at, (_, kind, _))| match kind {
                Kind::Int => format!("?{at}::bigint[]"),
                Kind::Text => format!("?{at}::text[]"),
                Kind::Blob => format!("?{at}::bytea[]"),
            })
            .collect();
        let insert = format!(
            "INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT * FROM unnest({})",
            part.name,
            part.columns(),
            arrays.join(", ")
        );
        let rows = i64::try_from(pieces.rows).unwrap_or(i64::MAX);
        let answer = self.ask(|link| {
            link.control("BEGIN")?;
            link.exec_all(&insert, &pieces.columns)?;
            let counted = "UPDATE transfer SET moved = moved + ?3 WHERE part = ?1 AND move = ?2";
            let counted = link.exec(counted, &[Value::Text(&part.name), Value::Blob(&id), Value::Int(rows)])?;
            kill_point("store-move");
            link.control(if counted == 1 { "COMMIT" } else { "ROLLBACK" })?;
            Ok(counted == 1)
        });
        match answer {
            Ok(true) => Ok(()),
            Ok(false) => Err(StoreError::Moved(format!(
                "the database `{}` was emptied or given to another move meanwhile: run `leverd store move` again",
                self.address.name
            ))),
            Err(error) => {
                drop(self.link.control("ROLLBACK"));
                Err(StoreError::Moved(format!("table `{}`: {error}", part.name)))
            }
        }
    }

    /// Every row of a table, in any order.
    pub(in crate::store) fn rows(&mut self, part: &Part, each: &mut dyn FnMut(&Row<'_>) -> Result<bool>) -> Result<()> {
        let name = &part.name;
        let columns = part.columns();
        self.ask(|link| {
            link.control(&format!("BEGIN READ ONLY; DECLARE all_of_{name} NO SCROLL CURSOR FOR SELECT {columns} FROM {name}"))
        })?;
        let mut many = FEW;
        loop {
            let rows = self.ask(|link| link.query(&format!("FETCH {many} FROM all_of_{name}"), &[]))?;
            if rows.is_empty() {
                break;
            }
            for row in &rows {
                each(&Row(row))?;
            }
            let bytes: usize = rows.iter().map(tokio_postgres::Row::raw_size_bytes).sum();
            many = if bytes / rows.len() < SMALL { MANY } else { FEW };
        }
        self.ask(|link| link.control("COMMIT"))
    }

    /// Everything is there: rows that come from now on are numbered after these, and the database may be served.
    pub(in crate::store) fn finish(&mut self, id: [u8; 16], parts: &[Part]) -> Result<()> {
        self.ask(|link| {
            link.control("BEGIN")?;
            for part in parts.iter().filter(|part| part.is_ordered()) {
                let name = &part.name;
                // The sequence is the column's own, or one that its default draws from.
                link.query(
                    &format!(
                        "SELECT setval(s.oid::regclass, coalesce((SELECT max(rowid) FROM {name}), 1), EXISTS (SELECT 1 FROM {name})) \
                         FROM pg_class s WHERE s.relkind = 'S' AND s.oid IN (\
                         SELECT d.objid FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid \
                         WHERE d.classid = 'pg_class'::regclass AND d.refobjid = '{name}'::regclass AND a.attname = 'rowid' \
                         UNION SELECT d.refobjid FROM pg_attrdef f JOIN pg_attribute a ON a.attrelid = f.adrelid AND a.attnum = f.adnum \
                         JOIN pg_depend d ON d.classid = 'pg_attrdef'::regclass AND d.objid = f.oid \
                         WHERE f.adrelid = '{name}'::regclass AND a.attname = 'rowid')"
                    ),
                    &[],
                )?;
            }
            let sql = "UPDATE transfer SET moved = 1 WHERE part = '' AND move = ?1";
            link.exec(sql, &[Value::Blob(&id)])?;
            link.control("COMMIT")
        })?;
        // So that the first questions are not answered by guesses.
        let all: Vec<&str> = parts.iter().map(|part| part.name.as_str()).collect();
        drop(self.link.control(&format!("ANALYZE {}", all.join(", "))));
        Ok(())
    }
}
