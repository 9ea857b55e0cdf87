//! What polling last saw, whether a look is under way, and which tags leverd itself wrote meanwhile.

use super::Sql;
use super::columns::{all, decode, encode, exec, exists, ms, one, readable, time};
use super::db::{Db, params};
use crate::model::{AccountId, Act, Effect, Glimpse, GlimpsedArchive, OpportunityId, TagMark};
use crate::store::error::Result;
use jiff::Timestamp;

impl Sql {
    pub(super) fn glimpses_kept(&mut self, account: &AccountId, glimpses: &[Glimpse]) -> Result<()> {
        for glimpse in glimpses {
            let tags: Vec<u8> = glimpse.tags.iter().flat_map(|mark| mark.0).collect();
            // Nothing is remembered of somebody whose data was removed.
            exec(
                &self.db,
                "INSERT INTO glimpse (account, opportunity, seen, staged, applications, archived, archived_at, \
                 archive_reason, tags) SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 \
                 WHERE NOT EXISTS (SELECT 1 FROM purged WHERE account = ?1 AND opportunity = ?2) \
             ON CONFLICT (account, opportunity) DO UPDATE SET seen = excluded.seen, staged = excluded.staged, applications = excluded.applications, archived = excluded.archived, archived_at = excluded.archived_at, archive_reason = excluded.archive_reason, tags = excluded.tags",
                params![
                    account.as_str(),
                    glimpse.opportunity.as_str(),
                    ms(glimpse.seen),
                    glimpse.staged.map(ms),
                    encode(&glimpse.applications)?,
                    glimpse.archived.is_some(),
                    glimpse.archived.as_ref().and_then(|archived| archived.at).map(ms),
                    glimpse.archived.as_ref().and_then(|archived| archived.reason.as_deref()),
                    tags,
                ],
            )?;
        }
        Ok(())
    }
}

pub(super) fn glimpse(db: &Db, account: &AccountId, opportunity: &OpportunityId) -> Result<Option<Glimpse>> {
    let row = one(
        db,
        "SELECT seen, staged, applications, archived, archived_at, archive_reason, tags FROM glimpse \
         WHERE account = ?1 AND opportunity = ?2",
        params![account.as_str(), opportunity.as_str()],
        |row| {
            let archived = row
                .get::<bool>(3)?
                .then_some(GlimpsedArchive { at: row.get::<Option<i64>>(4)?.map(time), reason: row.get(5)? });
            let tags: Vec<u8> = row.get(6)?;
            Ok((row.get::<i64>(0)?, row.get::<Option<i64>>(1)?, row.get::<String>(2)?, archived, tags))
        },
    )?;
    row.map(|(seen, staged, applications, archived, tags)| {
        Ok(Glimpse {
            opportunity: opportunity.clone(),
            seen: time(seen),
            staged: staged.map(time),
            applications: decode("a glimpse", &applications)?,
            archived,
            tags: tags.chunks_exact(8).filter_map(|mark| mark.try_into().ok().map(TagMark)).collect(),
        })
    })
    .transpose()
}

/// Whether a look stands that was not ended: due, waiting or parked.
pub(super) fn polling(db: &Db, account: &AccountId) -> Result<bool> {
    let sql = "SELECT 1 FROM ready r JOIN delivery d ON d.account = r.account AND d.id = r.ref \
               WHERE r.account = ?1 AND r.kind = 0 AND d.source LIKE '{\"poll\":%'";
    exists(db, sql, params![account.as_str()])
}

/// Whether anything is known of an opportunity.
pub(super) fn known(db: &Db, account: &AccountId, opportunity: &OpportunityId) -> Result<bool> {
    let sql = "SELECT 1 FROM glimpse WHERE account = ?1 AND opportunity = ?2 \
               UNION ALL SELECT 1 FROM event WHERE account = ?1 AND opportunity = ?2";
    exists(db, sql, params![account.as_str(), opportunity.as_str()])
}

/// The tags that an attempt of ours may have put on an opportunity at `since` or later.
pub(super) fn own_tags(db: &Db, account: &AccountId, opportunity: &OpportunityId, since: Timestamp) -> Result<Vec<String>> {
    let rows = all(
        db,
        "SELECT DISTINCT e.payload FROM effect e JOIN attempt a ON a.account = e.account AND a.effect = e.id \
         WHERE e.account = ?1 AND e.opportunity = ?2 AND NOT EXISTS (SELECT 1 FROM attempt_end x WHERE x.account = a.account \
         AND x.effect = a.effect AND x.number = a.number AND x.ended_at < ?3)",
        params![account.as_str(), opportunity.as_str(), ms(since)],
        |row| row.get::<String>(0),
    )?;
    let mut tags = Vec::new();
    for payload in rows {
        let effect: Option<Effect> = readable(decode("an effect", &payload))?;
        match effect.map(|effect| effect.act) {
            Some(Act::Family(family)) => tags.extend(family.member),
            Some(Act::AddTag { tag }) => tags.push(tag),
            _ => {}
        }
    }
    Ok(tags)
}
