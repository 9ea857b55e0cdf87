//! The store of the simulation of faults: every operation runs at once on the caller's thread, and a seed says how it ends.
//!
//! The same [`Backend`] and the same commits as behind the writer's thread, one operation to a batch. Where the process dies, the
//! database is closed as a killed process closes it, and whoever waits, waits for ever.

use super::backend::{Backend, News};
use super::error::{Result, StoreError};
use super::writer::{Job, Point, Tally, commit_one};
use std::fmt::Debug;
use std::future::pending;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How a commit ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// It is durable.
    Commits,
    /// The disk refuses it: nothing of it is kept, and the caller is told.
    Fails,
    /// The process dies before it is durable.
    DiesBefore,
    /// The process dies when it is durable and before anybody is told.
    DiesAfter,
}

/// Decides how commits end.
pub trait Fates: Debug + Send + Sync {
    /// For the next operation: how long the disk takes, and how it ends. `point` is one of `delivery-in`, `events-derived`,
    /// `plan-made`, `begun`, `effect-done`, or `other` for claims and single rows.
    fn commit(&self, point: &'static str) -> (Duration, Fate);
    /// How long the next query takes.
    fn query(&self) -> Duration;
    /// The process died at a commit: called once the database is closed.
    fn died(&self);
}

/// The backend of a simulated process.
pub(super) struct Here {
    /// None once the process is dead.
    backend: Mutex<Option<Box<dyn Backend>>>,
    pub(super) fates: Arc<dyn Fates>,
}

impl Here {
    pub(super) fn new(backend: Box<dyn Backend>, fates: Arc<dyn Fates>) -> Self {
        Self { backend: Mutex::new(Some(backend)), fates }
    }

    pub(super) fn is_dead(&self) -> bool {
        self.backend.lock().unwrap_or_else(PoisonError::into_inner).is_none()
    }

    pub(super) fn die(&self) {
        drop(self.backend.lock().unwrap_or_else(PoisonError::into_inner).take());
    }

    /// Runs one job; its answer has been sent when this returns, unless the process died: then this never returns.
    pub(super) async fn run(
        &self,
        point: Point,
        mut job: Box<dyn Job>,
        tally: &Tally,
        tell: &(dyn Fn(News) + Send + Sync),
    ) -> bool {
        let (takes, fate) = self.fates.commit(point.name());
        if !takes.is_zero() {
            tokio::time::sleep(takes).await;
        }
        let done = {
            let mut backend = self.backend.lock().unwrap_or_else(PoisonError::into_inner);
            match (backend.as_mut(), fate) {
                (None, _) => None,
                (_, Fate::DiesBefore) => Some(Err(true)),
                (Some(_), Fate::Fails) => {
                    job.reply(Some(StoreError::Unavailable("the disk is full".to_owned())));
                    return false;
                }
                (Some(backend), fate) => {
                    let failed = commit_one(backend.as_mut(), job.as_mut(), tally).err();
                    let news = backend.news();
                    Some(if fate == Fate::DiesAfter { Err(true) } else { Ok((failed, news)) })
                }
            }
        };
        match done {
            Some(Ok((failed, news))) => {
                let fine = failed.is_none();
                job.reply(failed);
                if fine {
                    tell(news);
                }
                false
            }
            Some(Err(dies)) => dies,
            None => pending().await,
        }
    }
}

/// What a dead process says.
pub(super) async fn never<T>() -> Result<T> {
    pending().await
}
