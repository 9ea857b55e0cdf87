//! The record of what people did.

use super::Sql;
use super::columns::{Bytes, all, exec, ms, time};
use super::db::{Db, params};
use crate::model::{AccountId, Id};
use crate::store::deeds::Deed;
use crate::store::error::Result;

impl Sql {
    pub(super) fn recorded(&mut self, deed: &Deed) -> Result<()> {
        let account = deed.account.as_ref().map_or("", AccountId::as_str);
        exec(
            &self.db,
            "INSERT INTO deed (account, id, at, who, how, what, about) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) ON CONFLICT DO NOTHING",
            params![account, deed.id.bytes(), ms(deed.at), deed.who, deed.how, deed.what, deed.about],
        )?;
        Ok(())
    }
}

pub(super) fn deeds(db: &Db, limit: usize) -> Result<Vec<Deed>> {
    let sql = "SELECT account, id, at, who, how, what, about FROM deed ORDER BY at DESC, rowid DESC LIMIT ?1";
    all(db, sql, params![i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
        let account: String = row.get(0)?;
        Ok(Deed {
            account: (!account.is_empty()).then(|| AccountId::new(account)),
            id: Id::from_bytes(row.get::<Bytes>(1)?),
            at: time(row.get(2)?),
            who: row.get(3)?,
            how: row.get(4)?,
            what: row.get(5)?,
            about: row.get(6)?,
        })
    })
}
