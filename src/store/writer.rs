//! The one writer: a thread that owns the backend and groups every kind of commit.
//!
//! It takes everything that waits, up to [`BATCH`] operations, applies each behind its own mark, makes the batch durable with one
//! commit, and only then replies. An operation that fails is undone alone. When the commit fails, every operation of the batch is told
//! so and nothing is acknowledged.

use super::backend::{Backend, News};
use super::error::{Result, StoreError};
use super::kill::kill_point;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{mpsc, oneshot};

/// The most operations in one commit.
pub(super) const BATCH: usize = 1_024;

/// The five commits, by the names of their kill points.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Point {
    DeliveryIn,
    EventsDerived,
    PlanMade,
    Begun,
    EffectDone,
    /// Claims and single-row commits.
    Other,
}

impl Point {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::DeliveryIn => "delivery-in",
            Self::EventsDerived => "events-derived",
            Self::PlanMade => "plan-made",
            Self::Begun => "begun",
            Self::EffectDone => "effect-done",
            Self::Other => "other",
        }
    }

    fn before(self) {
        match self {
            Self::DeliveryIn => kill_point("before-delivery-in"),
            Self::EventsDerived => kill_point("before-events-derived"),
            Self::PlanMade => kill_point("before-plan-made"),
            Self::Begun => kill_point("before-begun"),
            Self::EffectDone => kill_point("before-effect-done"),
            Self::Other => {}
        }
    }

    fn after(self) {
        match self {
            Self::DeliveryIn => kill_point("after-delivery-in"),
            Self::EventsDerived => kill_point("after-events-derived"),
            Self::PlanMade => kill_point("after-plan-made"),
            Self::Begun => kill_point("after-begun"),
            Self::EffectDone => kill_point("after-effect-done"),
            Self::Other => {}
        }
    }
}

/// One operation with the way back to whoever asked.
pub(super) trait Job: Send {
    fn point(&self) -> Point;
    /// Applies it and keeps the answer. False: it failed and must be undone.
    fn apply(&mut self, backend: &mut dyn Backend) -> bool;
    /// Sends the answer, or `failed` instead of it.
    fn reply(self: Box<Self>, failed: Option<StoreError>);
}

/// A [`Job`] made of a closure.
pub(super) struct Ask<F, T> {
    pub(super) point: Point,
    pub(super) run: Option<F>,
    pub(super) answer: Option<Result<T>>,
    pub(super) to: oneshot::Sender<Result<T>>,
}

impl<F, T> Job for Ask<F, T>
where
    F: FnOnce(&mut dyn Backend) -> Result<T> + Send,
    T: Send,
{
    fn point(&self) -> Point {
        self.point
    }

    fn apply(&mut self, backend: &mut dyn Backend) -> bool {
        if let Some(run) = self.run.take() {
            self.answer = Some(run(backend));
        }
        matches!(self.answer, Some(Ok(_)))
    }

    fn reply(self: Box<Self>, failed: Option<StoreError>) {
        let lost = || StoreError::Unavailable("the writer did not come to this".to_owned());
        let answer = match (failed, self.answer) {
            // An operation that failed by itself keeps its own reason.
            (Some(_), Some(Err(own))) => Err(own),
            (Some(failed), _) => Err(failed),
            (None, answer) => answer.unwrap_or_else(|| Err(lost())),
        };
        // Whoever asked may have gone away: what is durable is durable.
        drop(self.to.send(answer));
    }
}

/// How much the writer did: tests assert these instead of time, and they are metrics.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) commits: AtomicU64,
    pub(super) operations: AtomicU64,
}

/// Runs until every sender is gone.
pub(super) fn run(
    mut backend: Box<dyn Backend>,
    mut jobs: mpsc::Receiver<Box<dyn Job>>,
    tally: Arc<Tally>,
    tell: impl Fn(News),
) {
    while let Some(first) = jobs.blocking_recv() {
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(next) = jobs.try_recv()
        {
            batch.push(next);
        }
        let failed = commit(backend.as_mut(), &mut batch).err();
        if failed.is_none() {
            tally.commits.fetch_add(1, Ordering::Relaxed);
            tally.operations.fetch_add(batch.len() as u64, Ordering::Relaxed);
            for job in &batch {
                job.point().after();
            }
        }
        let news = backend.news();
        for job in batch {
            job.reply(failed.clone());
        }
        if failed.is_none() {
            tell(news);
        }
    }
}

/// One operation of a batch, undone alone if it fails. An error means that the whole batch is gone.
fn apply(backend: &mut dyn Backend, job: &mut dyn Job) -> Result<()> {
    backend.mark()?;
    if job.apply(backend) { backend.keep() } else { backend.undo() }
}

/// A batch of one: the simulation of faults has no thread.
pub(super) fn commit_one(backend: &mut dyn Backend, job: &mut dyn Job, tally: &Tally) -> Result<()> {
    backend.open_batch()?;
    let done = apply(backend, job).and_then(|()| backend.commit_batch());
    if done.is_err() {
        backend.abandon_batch();
    } else {
        tally.commits.fetch_add(1, Ordering::Relaxed);
        tally.operations.fetch_add(1, Ordering::Relaxed);
    }
    done
}

fn commit(backend: &mut dyn Backend, batch: &mut [Box<dyn Job>]) -> Result<()> {
    backend.open_batch()?;
    for job in batch.iter_mut() {
        if let Err(gone) = apply(backend, job.as_mut()) {
            backend.abandon_batch();
            return Err(gone);
        }
    }
    for job in batch.iter() {
        job.point().before();
    }
    let done = backend.commit_batch();
    if done.is_err() {
        backend.abandon_batch();
    }
    done
}
