//! Tokens of connections, logins under way, verified webhooks: single rows.

use super::Sql;
use super::columns::{exec, ms, one, time};
use super::db::{Db, params};
use crate::model::{AccountId, ConnectionName, LeverEvent, Sealed};
use crate::store::error::Result;
use crate::store::grants::{Grant, Login, LoginKind, Presented, Renewed};
use jiff::Timestamp;

/// A login that ended is kept for a week, so that a late visitor is told what happened to it.
const KEPT: i64 = 7 * 24 * 60 * 60 * 1000;

const fn number(kind: LoginKind) -> i64 {
    match kind {
        LoginKind::Ticket => 0,
        LoginKind::State => 1,
    }
}

impl Sql {
    pub(super) fn login_granted(
        &mut self,
        account: &AccountId,
        connection: &ConnectionName,
        tokens: &Renewed,
        at: Timestamp,
    ) -> Result<u64> {
        exec(&self.db, "INSERT INTO account (account) VALUES (?1) ON CONFLICT DO NOTHING", params![account.as_str()])?;
        exec(
            &self.db,
            "INSERT INTO token (account, connection, access_key, access, refresh_key, refresh, scope, expires_at, granted_at, version, \
             refreshing_until, refused_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 1, 0, NULL) \
             ON CONFLICT (account, connection) DO UPDATE SET access_key = ?3, access = ?4, refresh_key = ?5, refresh = ?6, scope = ?7, \
             expires_at = ?8, granted_at = ?9, version = token.version + 1, refreshing_until = 0, refused_at = NULL",
            params![
                account.as_str(),
                connection.as_str(),
                tokens.access.key,
                tokens.access.bytes,
                tokens.refresh.key,
                tokens.refresh.bytes,
                tokens.scope,
                ms(tokens.expires_at),
                ms(at)
            ],
        )?;
        Ok(grant(&self.db, account, connection)?.map_or(1, |grant| grant.version))
    }

    pub(super) fn refresh_begun(
        &mut self,
        account: &AccountId,
        connection: &ConnectionName,
        version: u64,
        at: Timestamp,
        until: Timestamp,
    ) -> Result<bool> {
        let changed = exec(
            &self.db,
            "UPDATE token SET refreshing_until = ?4 WHERE account = ?1 AND connection = ?2 AND version = ?3 \
             AND refreshing_until <= ?5 AND refused_at IS NULL",
            params![account.as_str(), connection.as_str(), version.cast_signed(), ms(until), ms(at)],
        )?;
        Ok(changed == 1)
    }

    pub(super) fn refreshed(
        &mut self,
        account: &AccountId,
        connection: &ConnectionName,
        version: u64,
        tokens: &Renewed,
    ) -> Result<()> {
        exec(
            &self.db,
            "UPDATE token SET access_key = ?4, access = ?5, refresh_key = ?6, refresh = ?7, scope = ?8, expires_at = ?9, \
             version = version + 1, refreshing_until = 0, refused_at = NULL \
             WHERE account = ?1 AND connection = ?2 AND version = ?3",
            params![
                account.as_str(),
                connection.as_str(),
                version.cast_signed(),
                tokens.access.key,
                tokens.access.bytes,
                tokens.refresh.key,
                tokens.refresh.bytes,
                tokens.scope,
                ms(tokens.expires_at)
            ],
        )?;
        Ok(())
    }

    pub(super) fn refresh_ended(
        &mut self,
        account: &AccountId,
        connection: &ConnectionName,
        version: u64,
        refused_at: Option<Timestamp>,
    ) -> Result<()> {
        exec(
            &self.db,
            "UPDATE token SET refreshing_until = 0, refused_at = ?4 WHERE account = ?1 AND connection = ?2 AND version = ?3",
            params![account.as_str(), connection.as_str(), version.cast_signed(), refused_at.map(ms)],
        )?;
        Ok(())
    }

    pub(super) fn login_opened(&mut self, account: &AccountId, login: &Login, at: Timestamp) -> Result<()> {
        let old = params![account.as_str(), ms(at).saturating_sub(KEPT)];
        exec(&self.db, "DELETE FROM login WHERE account = ?1 AND expires_at < ?2", old)?;
        exec(
            &self.db,
            "INSERT INTO login (account, kind, hash, ticket, expires_at, spent_at) VALUES (?1, ?2, ?3, ?4, ?5, NULL)",
            params![account.as_str(), number(login.kind), login.hash, login.ticket, ms(login.expires_at)],
        )?;
        Ok(())
    }

    pub(super) fn login_presented(
        &mut self,
        account: &AccountId,
        kind: LoginKind,
        hash: &str,
        at: Timestamp,
        spend: bool,
    ) -> Result<Presented> {
        let key = params![account.as_str(), number(kind), hash];
        let found = one(
            &self.db,
            "SELECT ticket, expires_at, spent_at FROM login WHERE account = ?1 AND kind = ?2 AND hash = ?3",
            key,
            |row| Ok((row.get::<Option<String>>(0)?, row.get::<i64>(1)?, row.get::<Option<i64>>(2)?)),
        )?;
        Ok(match found {
            None => Presented::Unknown,
            Some((_, _, Some(_))) => Presented::Spent,
            Some((_, expires_at, None)) if expires_at <= ms(at) => Presented::Expired,
            Some((ticket, expires_at, None)) => {
                if spend {
                    let sql = "UPDATE login SET spent_at = ?4 WHERE account = ?1 AND kind = ?2 AND hash = ?3";
                    exec(&self.db, sql, params![account.as_str(), number(kind), hash, ms(at)])?;
                }
                Presented::Good(Login { hash: hash.to_owned(), kind, ticket, expires_at: time(expires_at) })
            }
        })
    }

    /// A row of `heard` of its own: a verified connection is no delivery.
    pub(super) fn ping_noted(&mut self, account: &AccountId, event: LeverEvent, at: Timestamp) -> Result<()> {
        exec(&self.db, "INSERT INTO account (account) VALUES (?1) ON CONFLICT DO NOTHING", params![account.as_str()])?;
        exec(
            &self.db,
            "INSERT INTO heard (account, source, event, last, count) VALUES (?1, 'lever verify', ?2, ?3, 1) \
             ON CONFLICT (account, source, event) DO UPDATE SET last = ?3, count = heard.count + 1",
            params![account.as_str(), event.as_str(), ms(at)],
        )?;
        Ok(())
    }
}

pub(super) fn grant(db: &Db, account: &AccountId, connection: &ConnectionName) -> Result<Option<Grant>> {
    one(
        db,
        "SELECT access_key, access, refresh_key, refresh, scope, expires_at, granted_at, version, refused_at FROM token \
         WHERE account = ?1 AND connection = ?2",
        params![account.as_str(), connection.as_str()],
        |row| {
            Ok(Grant {
                access: Sealed { key: row.get(0)?, bytes: row.get(1)? },
                refresh: Sealed { key: row.get(2)?, bytes: row.get(3)? },
                scope: row.get(4)?,
                expires_at: time(row.get(5)?),
                granted_at: time(row.get(6)?),
                version: row.get::<i64>(7)?.unsigned_abs(),
                refused_at: row.get::<Option<i64>>(8)?.map(time),
            })
        },
    )
}
