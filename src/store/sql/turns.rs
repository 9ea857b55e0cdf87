//! Whose turn it is: the accounts that have something to claim share evenly, and another one begins each time.
//!
//! What this costs grows with the accounts that have due work, and not with those that are configured: one statement where little is
//! due, a page of accounts where much is. Which accounts are this node's own is known here: rows of others are passed over.

use super::Sql;
use super::columns::{YIELD_MOST, all, ms};
use super::db::params;
use crate::model::AccountId;
use crate::store::claim::Claim;
use crate::store::error::Result;
use std::collections::{BTreeMap, BTreeSet};

/// So many due rows are looked through to see whose they are. Where there are more, accounts are stepped through instead.
const FEW: usize = 64;

/// Whose the rows are that are due.
const DUE: &str =
    "SELECT r.account FROM ready r INDEXED BY ready_due WHERE r.kind = ?1 AND r.held = 0 AND r.due_at <= ?2 LIMIT ?3";

/// The account after the one of this name that has rows which nobody holds: one step in the index, however many rows it has.
macro_rules! next {
    ($after:literal) => {
        concat!(
            "(SELECT r.account FROM ready r INDEXED BY ready_turn WHERE r.kind = ?1 AND r.held = 0 AND r.account > ",
            $after,
            " ORDER BY r.account LIMIT 1)"
        )
    };
}

/// The accounts after the one of this name that have due rows, in the order of their names: each is looked at in its turn. (`EXISTS` would let
/// PostgreSQL make a join of it, in an order of its own.)
const NEXT: &str = concat!(
    "WITH RECURSIVE turn (account) AS (SELECT ",
    next!("?3"),
    " UNION ALL SELECT ",
    next!("turn.account"),
    " FROM turn WHERE turn.account IS NOT NULL) SELECT turn.account FROM turn WHERE turn.account IS NOT NULL AND \
     (SELECT 1 FROM ready r INDEXED BY ready_turn WHERE r.kind = ?1 AND r.held = 0 AND r.account = turn.account AND r.rank <= ?5 \
     AND r.due_at <= ?2 LIMIT 1) IS NOT NULL LIMIT ?4"
);

/// Who was served last, for each kind of work.
#[derive(Default)]
pub(super) struct Turns(BTreeMap<i64, String>);

/// The accounts with due work once around, from the one after who was served last.
struct Round {
    kind: i64,
    /// Where it began: it ends there.
    from: String,
    /// How far it came.
    at: String,
    wrapped: bool,
    over: bool,
}

impl Sql {
    /// Has `take` take work of one kind from the accounts that have it, each its share, until the claim is full or everyone had a turn.
    /// It answers how much it took. Shares are rounded up, so it is told how much room is left.
    pub(super) fn in_turn(
        &mut self,
        claim: &Claim,
        kind: i64,
        mut take: impl FnMut(&mut Self, &AccountId, i64) -> Result<usize>,
    ) -> Result<()> {
        let leased = self.leased()?;
        let ours = |account: &AccountId| {
            claim.accounts.contains(account) && leased.as_ref().is_none_or(|leased| leased.contains(account))
        };
        let from = self.turns.0.get(&kind).cloned().unwrap_or_default();
        let mut round = Round { kind, at: from.clone(), from, wrapped: false, over: false };
        let mut room = claim.limit;
        let mut first: Option<String> = None;
        let mut page = match self.few(claim, kind, &ours)? {
            Some(few) => round.all(few),
            None => self.page(claim, &mut round, &ours)?,
        };
        let mut everyone = page.is_empty();
        while room > 0 && !everyone {
            let share = claim.limit.div_ceil(page.len());
            let mut waiting = page.len();
            for account in &page {
                if room == 0 {
                    break;
                }
                waiting -= 1;
                let taken = take(self, account, i64::try_from(share.min(room)).unwrap_or(i64::MAX))?;
                room = room.saturating_sub(taken);
                first.get_or_insert_with(|| account.to_string());
                self.turns.0.insert(kind, account.to_string());
            }
            everyone = waiting == 0 && round.over;
            if waiting == 0 && !everyone {
                page = self.page(claim, &mut round, &ours)?;
                everyone = page.is_empty();
            }
        }
        // Who was second begins the next time.
        if let Some(first) = first.filter(|_| everyone) {
            self.turns.0.insert(kind, first);
        }
        Ok(())
    }

    /// The accounts with due work, if it is little.
    fn few(&self, claim: &Claim, kind: i64, ours: &dyn Fn(&AccountId) -> bool) -> Result<Option<BTreeSet<AccountId>>> {
        let most = i64::try_from(FEW + 1).unwrap_or(i64::MAX);
        let due = all(&self.db, DUE, params![kind, ms(claim.now), most], |row| row.get::<String>(0))?;
        if due.len() > FEW {
            return Ok(None);
        }
        let due: BTreeSet<String> = due.into_iter().collect();
        Ok(Some(due.into_iter().map(AccountId::new).filter(ours).collect()))
    }

    /// The next accounts of a round: as many as the claim has room for, if there are so many.
    fn page(&self, claim: &Claim, round: &mut Round, ours: &dyn Fn(&AccountId) -> bool) -> Result<Vec<AccountId>> {
        let mut page = Vec::new();
        while page.len() < claim.limit && !round.over {
            let most = claim.limit - page.len();
            let limit = i64::try_from(most).unwrap_or(i64::MAX);
            let values = params![round.kind, ms(claim.now), round.at, limit, ms(claim.now) + YIELD_MOST];
            let found = all(&self.db, NEXT, values, |row| row.get::<String>(0))?;
            let last = found.len() < most;
            for account in found {
                if round.wrapped && account > round.from {
                    round.over = true;
                    break;
                }
                round.at.clone_from(&account);
                let account = AccountId::new(account);
                if ours(&account) {
                    page.push(account);
                }
            }
            if last && !round.over {
                // Names are not empty: the first one comes after nothing.
                round.over = std::mem::replace(&mut round.wrapped, true);
                round.at.clear();
            }
        }
        Ok(page)
    }
}

impl Round {
    /// These are all.
    fn all(&mut self, accounts: BTreeSet<AccountId>) -> Vec<AccountId> {
        self.over = true;
        let (mut order, mut wrapped): (Vec<_>, Vec<_>) =
            accounts.into_iter().partition(|account| account.as_str() > self.from.as_str());
        order.append(&mut wrapped);
        order
    }
}
