//! Single rows beside the work: tokens, cursors, baselines, rule sets.

use super::Sql;
use super::columns::{exec, ms, one, time};
use super::db::params;
use crate::model::{AccountId, PackName};
use crate::store::error::Result;
use crate::store::rows::SigningToken;
use jiff::Timestamp;

impl Sql {
    pub(super) fn token_kept(&mut self, account: &AccountId, token: &SigningToken) -> Result<()> {
        exec(
            &self.db,
            "INSERT INTO signing_token (account, webhook, event, url, key_id, token, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
             ON CONFLICT (account, webhook) DO UPDATE SET event = excluded.event, url = excluded.url, key_id = excluded.key_id, token = excluded.token, created_at = excluded.created_at",
            params![
                account.as_str(),
                token.webhook,
                token.event.as_str(),
                token.url,
                token.token.key,
                token.token.bytes,
                ms(token.created_at)
            ],
        )?;
        Ok(())
    }

    pub(super) fn token_forgotten(&mut self, account: &AccountId, webhook: &str) -> Result<()> {
        exec(&self.db, "DELETE FROM signing_token WHERE account = ?1 AND webhook = ?2", params![account.as_str(), webhook])?;
        Ok(())
    }

    pub(super) fn cursor_set(&mut self, account: &AccountId, name: &str, value: &str) -> Result<()> {
        exec(
            &self.db,
            "INSERT INTO poll_cursor (account, name, value) VALUES (?1, ?2, ?3) \
             ON CONFLICT (account, name) DO UPDATE SET value = excluded.value",
            params![account.as_str(), name, value],
        )?;
        Ok(())
    }

    pub(super) fn activated(&mut self, account: &AccountId, pack: &PackName, since: Timestamp) -> Result<Timestamp> {
        let key = params![account.as_str(), pack.as_str(), ms(since)];
        exec(&self.db, "INSERT INTO account (account) VALUES (?1) ON CONFLICT DO NOTHING", params![account.as_str()])?;
        exec(&self.db, "INSERT INTO baseline (account, pack, since) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING", key)?;
        let sql = "SELECT since FROM baseline WHERE account = ?1 AND pack = ?2";
        let held = one(&self.db, sql, params![account.as_str(), pack.as_str()], |row| row.get(0))?;
        Ok(held.map_or(since, time))
    }

    pub(super) fn ruleset_kept(&mut self, hash: &str, content: &[u8]) -> Result<()> {
        exec(&self.db, "INSERT INTO ruleset (hash, content) VALUES (?1, ?2) ON CONFLICT DO NOTHING", params![hash, content])?;
        Ok(())
    }

    pub(super) fn source_kept(&mut self, hash: &str, bytes: &[u8]) -> Result<()> {
        exec(&self.db, "INSERT INTO source_file (hash, bytes) VALUES (?1, ?2) ON CONFLICT DO NOTHING", params![hash, bytes])?;
        Ok(())
    }
}
