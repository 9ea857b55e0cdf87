//! One operation from its first request to its outcome.
//!
//! ```text
//! let mut talk = Talk::new(adapter, "invite", supplies)?;
//! loop { match talk.answer(&send(talk.request()?)) { Turn::Next => {}, Turn::Over(outcome) => return outcome } }
//! ```

use super::answer;
use super::request::{self, Scope, Supplies};
use crate::lang::adapter::{Adapter, Operation, Step};
use crate::model::{Code, Exchange, Outcome, Reason, Request, Secret, Value};
use std::collections::BTreeMap;

/// An operation under way.
#[derive(Debug)]
pub struct Talk<'a> {
    pub(super) adapter: &'a Adapter,
    pub(super) operation: &'a Operation,
    pub(super) supplies: Supplies<'a>,
    at: usize,
    /// `STEP.capture`, for later steps.
    captures: BTreeMap<String, Value>,
    pub(super) learned: BTreeMap<String, Value>,
}

/// What an answer leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Turn {
    /// There is another step: make its request.
    Next,
    Over(Outcome),
}

impl<'a> Talk<'a> {
    /// Begins an operation that the adapter declares.
    pub fn new(adapter: &'a Adapter, operation: &str, supplies: Supplies<'a>) -> Result<Self, Reason> {
        let Some(operation) = adapter.operations.get(operation) else {
            return Err(Reason::new(Code::R8, format!("{} has no operation `{operation}`", adapter.title)));
        };
        Ok(Self { adapter, operation, supplies, at: 0, captures: BTreeMap::new(), learned: BTreeMap::new() })
    }

    /// Goes on with another token: the one so far was refused.
    pub fn with_token(&mut self, token: &'a Secret) {
        self.supplies.token = Some(token);
    }

    fn step(&self) -> Option<&'a Step> {
        self.operation.steps.get(self.at)
    }

    /// The request to send now. A refusal is final: the request cannot be made.
    pub fn request(&self) -> Result<Request, Reason> {
        let step = self.step().ok_or_else(|| Reason::new(Code::R8, "the operation is over"))?;
        request::make(self.adapter, &step.request, &Scope::new(self.supplies, &self.captures), true, None)
    }

    /// Reads what became of the request. `learned` of the outcome holds every capture of every step by its name.
    pub fn answer(&mut self, exchange: &Exchange) -> Turn {
        let Some(step) = self.step() else {
            return Turn::Over(Outcome::Done { learned: std::mem::take(&mut self.learned) });
        };
        let answer = match answer::read(self, step, exchange) {
            Ok(answer) => answer,
            Err(outcome) => return Turn::Over(outcome),
        };
        match answer::takes(&step.take, &answer.headers, &answer.json, self.supplies.base_url, step.request.method.reads()) {
            Ok(taken) => {
                for (name, value) in taken {
                    self.captures.insert(format!("{}.{name}", step.name), value.clone());
                    self.learned.insert(name, value);
                }
            }
            Err(reason) => return Turn::Over(Outcome::Dead { reason }),
        }
        self.at += 1;
        if self.at < self.operation.steps.len() {
            return Turn::Next;
        }
        let mut learned = std::mem::take(&mut self.learned);
        answer::add_email(self, &mut learned);
        Turn::Over(Outcome::Done { learned })
    }
}
