//! Nodes and leases: which process works on which account, where several share one database.
//!
//! A *node* is one opening of the store by a process that works. It lives as long as it *beats*: each beat is one commit that says "until
//! then", in the database's time. A lease says which node works on an account, and has no end of its own: it lives as long as its node.
//! Who finds a node whose time is over takes its accounts, whatever that node does afterwards: its session is ended, its claims are
//! given back, and what it had begun to send is left alone until the longest call must have ended.

use crate::model::{AccountId, EffectId};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use std::sync::Arc;

/// How long things last, the same for every node of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terms {
    /// A node lives for so long after a beat.
    pub lease: SignedDuration,
    /// What a dead node had begun is left alone for so long: the longest call, and a margin.
    pub settle: SignedDuration,
}

/// What tells a process from every other one.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Process {
    /// The running system that it belongs to, as long as that runs; empty: nobody can look for it.
    pub system: String,
    /// The process in it.
    pub process: String,
}

/// What a node says of itself, and asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Beat {
    /// What people call it.
    pub name: String,
    /// Of its program.
    pub version: String,
    pub process: Process,
    /// The accounts that it can work on.
    pub accounts: Arc<BTreeSet<AccountId>>,
    /// It begins, or begins anew: nothing of an earlier time is under way in it.
    pub join: bool,
    /// It takes no further account: it is being stopped.
    pub full: bool,
    /// Nodes whose process has ended for certain: nobody need wait for their time.
    pub gone: Vec<u64>,
    pub terms: Terms,
    /// By this process' clock, for what is put off.
    pub at: Timestamp,
}

/// What came of a beat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Beaten {
    /// Its time was over. Others work on its accounts, or will; it may join anew when nothing is under way in it.
    Lost,
    Lives(Tenancy),
}

/// How a node stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tenancy {
    /// The accounts that are its own.
    pub accounts: Arc<BTreeSet<AccountId>>,
    /// So many of them are more than its share.
    pub surplus: usize,
    /// It is the eldest: what only one need do, it does.
    pub eldest: bool,
    /// What nodes before it had begun and did not end: unknown now, and due.
    pub unknown: Vec<(AccountId, EffectId)>,
    /// Nodes that it found dead.
    pub buried: Vec<String>,
    /// The database's time.
    pub now: Timestamp,
}

/// A node, for people.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct NodeRow {
    pub epoch: u64,
    pub name: String,
    pub version: String,
    #[serde(skip)]
    pub process: Process,
    pub started: Timestamp,
    /// When it beat last, in the database's time.
    pub beat: Timestamp,
    /// Until when it lives without a further beat.
    pub until: Timestamp,
    /// How many accounts it works on.
    pub accounts: u64,
    /// The database's time of this answer.
    pub now: Timestamp,
}

/// Why nodes wake each other. Only ever a hint: each of them looks by itself as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hint {
    /// There may be work of an account of another node.
    Work,
    /// Accounts have become free.
    Leases,
}
