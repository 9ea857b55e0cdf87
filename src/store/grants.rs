//! What logging in left: the tokens of each connection, and the logins that are under way.
//!
//! Tokens are sealed before they get here. A refresh token is spent by using it, so refreshing is claimed first, in a commit of its
//! own: whoever holds the claim is the only one to ask, on whatever node. A claim ends with its time, so that a refresher that dies
//! holds nobody up; its successor sends the same refresh token again.

use super::error::Result;
use super::handle::Store;
use super::writer::Point;
use crate::model::{AccountId, ConnectionName, LeverEvent, Sealed};
use jiff::Timestamp;

/// The tokens of one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub access: Sealed,
    pub refresh: Sealed,
    /// What was granted, as the server spells it.
    pub scope: String,
    /// When the access token ends.
    pub expires_at: Timestamp,
    /// When a person last logged in.
    pub granted_at: Timestamp,
    /// Counts the tokens: another version, other tokens.
    pub version: u64,
    /// Since when the server refuses the refresh token: a person must log in again.
    pub refused_at: Option<Timestamp>,
}

/// New tokens for a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Renewed {
    pub access: Sealed,
    pub refresh: Sealed,
    pub scope: String,
    pub expires_at: Timestamp,
}

/// What a person carries while logging in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginKind {
    /// The right to begin, in the link that `leverd connect` makes.
    Ticket,
    /// The `state` of one visit to the consent page.
    State,
}

/// One ticket or state. What the person carries is known by its hash only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// SHA-256, hex.
    pub hash: String,
    pub kind: LoginKind,
    /// For a state: the ticket it was begun with.
    pub ticket: Option<String>,
    pub expires_at: Timestamp,
}

/// What became of a ticket or state that was presented.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Presented {
    /// It is good, and if it was to be spent, it is spent now.
    Good(Login),
    Unknown,
    Spent,
    Expired,
}

impl Store {
    /// Keeps the tokens of a login, whatever was there before. The answer is their version.
    pub async fn grant_login(
        &self,
        account: &AccountId,
        connection: &ConnectionName,
        tokens: Renewed,
        at: Timestamp,
    ) -> Result<u64> {
        let (account, connection) = (account.clone(), connection.clone());
        self.write(Point::Other, move |store| store.grant_login(&account, &connection, &tokens, at)).await
    }

    /// Claims the refreshing of these tokens until `until`; `false` if others are there by now or somebody else refreshes them.
    pub async fn begin_refresh(
        &self,
        account: &AccountId,
        connection: &ConnectionName,
        version: u64,
        at: Timestamp,
        until: Timestamp,
    ) -> Result<bool> {
        let (account, connection) = (account.clone(), connection.clone());
        self.write(Point::Other, move |store| store.begin_refresh(&account, &connection, version, at, until)).await
    }

    /// Ends the claim with new tokens, before anything is done with them. Nothing happens if others came meanwhile.
    pub async fn keep_refreshed(
        &self,
        account: &AccountId,
        connection: &ConnectionName,
        version: u64,
        tokens: Renewed,
    ) -> Result<()> {
        let (account, connection) = (account.clone(), connection.clone());
        self.write(Point::Other, move |store| store.keep_refreshed(&account, &connection, version, &tokens)).await
    }

    /// Ends the claim without new tokens; `refused_at` if the server said that there will be none.
    pub async fn end_refresh(
        &self,
        account: &AccountId,
        connection: &ConnectionName,
        version: u64,
        refused_at: Option<Timestamp>,
    ) -> Result<()> {
        let (account, connection) = (account.clone(), connection.clone());
        self.write(Point::Other, move |store| store.end_refresh(&account, &connection, version, refused_at)).await
    }

    /// The tokens of a connection.
    pub async fn grant(&self, account: &AccountId, connection: &ConnectionName) -> Result<Option<Grant>> {
        let (account, connection) = (account.clone(), connection.clone());
        self.read(move |store| store.grant(&account, &connection)).await
    }

    /// Keeps a ticket or a state, and forgets those that ended long before `at`.
    pub async fn open_login(&self, account: &AccountId, login: Login, at: Timestamp) -> Result<()> {
        let account = account.clone();
        self.write(Point::Other, move |store| store.open_login(&account, &login, at)).await
    }

    /// Looks at a ticket or state that was presented, and spends it if told to: it is good only once then.
    pub async fn present_login(
        &self,
        account: &AccountId,
        kind: LoginKind,
        hash: &str,
        at: Timestamp,
        spend: bool,
    ) -> Result<Presented> {
        let (account, hash) = (account.clone(), hash.to_owned());
        self.write(Point::Other, move |store| store.present_login(&account, kind, &hash, at, spend)).await
    }

    /// Notes that Lever verified the connection of a webhook.
    pub async fn note_ping(&self, account: &AccountId, event: LeverEvent, at: Timestamp) -> Result<()> {
        let account = account.clone();
        self.write(Point::Other, move |store| store.note_ping(&account, event, at)).await
    }
}
