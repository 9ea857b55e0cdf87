//! An operation that lists, page by page: the tests that a vendor offers, what happened since, the webhooks that are registered.

use super::answer::{self, Answer};
use super::request::{self, Scope, Supplies};
use super::talk::Talk;
use crate::lang::adapter::{Adapter, Extract, Pages, Step};
use crate::model::{Code, Exchange, Outcome, Reason, Request, Value};
use std::collections::BTreeMap;

/// More pages than any list has: an answer that never ends stops here.
const MOST_PAGES: u32 = 1_000;

/// The captures of one item, or why it cannot be read. One bad item does not spoil the others.
pub type Item = Result<BTreeMap<String, Value>, Reason>;

/// A listing under way.
#[derive(Debug)]
pub struct Listing<'a> {
    talk: Talk<'a>,
    step: &'a Step,
    names: BTreeMap<String, Value>,
    /// The absolute URL of the page at hand, where the answer before named it.
    here: Option<String>,
    page: u32,
    seen: u32,
    found: Vec<Item>,
}

/// What one page leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Page {
    /// There is another page: make its request.
    Next,
    /// Every item that counts, in the vendor's order.
    All(Vec<Item>),
    /// The listing failed; never [`Outcome::Done`].
    Failed(Outcome),
}

impl<'a> Listing<'a> {
    /// Begins with the first page of an operation.
    pub fn new(adapter: &'a Adapter, operation: &str, supplies: Supplies<'a>) -> Result<Self, Reason> {
        let talk = Talk::new(adapter, operation, supplies)?;
        let step =
            talk.operation.steps.first().ok_or_else(|| Reason::new(Code::R8, format!("`{operation}` makes no request")))?;
        let mut names = BTreeMap::new();
        names.insert("page".to_owned(), Value::Int(1));
        names.insert("offset".to_owned(), Value::Int(0));
        if let Some(Pages::Offset { limit, .. }) = &talk.operation.pages {
            names.insert("limit".to_owned(), Value::Int(i64::from(*limit)));
        }
        Ok(Self { talk, step, names, here: None, page: 1, seen: 0, found: Vec::new() })
    }

    /// Goes on with another token.
    pub fn with_token(&mut self, token: &'a crate::model::Secret) {
        self.talk.with_token(token);
    }

    /// The request for the page at hand.
    pub fn request(&self) -> Result<Request, Reason> {
        let scope = Scope::new(self.talk.supplies, &self.names);
        request::make(self.talk.adapter, &self.step.request, &scope, true, self.here.as_deref())
    }

    /// Reads a page.
    pub fn answer(&mut self, exchange: &Exchange) -> Page {
        let answer = match answer::read(&self.talk, self.step, exchange) {
            Ok(answer) => answer,
            Err(outcome) => return Page::Failed(outcome),
        };
        match self.read(&answer) {
            Err(reason) => Page::Failed(Outcome::Dead { reason }),
            Ok(true) if self.page < MOST_PAGES => {
                self.page += 1;
                self.names.insert("page".to_owned(), Value::Int(i64::from(self.page)));
                self.names.insert("offset".to_owned(), Value::Int(i64::from(self.seen)));
                Page::Next
            }
            Ok(true) => {
                let what = format!("`{}` has more than {MOST_PAGES} pages", self.talk.operation.name);
                Page::Failed(Outcome::Dead { reason: Reason::new(Code::R9, what) })
            }
            Ok(false) => Page::All(std::mem::take(&mut self.found)),
        }
    }

    /// Takes the items of a page; whether there is another one.
    fn read(&mut self, answer: &Answer) -> Result<bool, Reason> {
        let base = self.talk.supplies.base_url;
        let operation = self.talk.operation;
        let items = operation.each.as_ref().map(|each| each.nodes(&answer.json)).unwrap_or_default();
        let count = u32::try_from(items.len()).unwrap_or(u32::MAX);
        for item in items {
            let kept = operation
                .keep
                .as_ref()
                .is_none_or(|keep| keep.holds(&mut |path: &Extract| path.get(item, base).ok().flatten()));
            if kept {
                self.found.push(answer::takes(&self.step.take, &answer.headers, item, base, true));
            }
        }
        self.seen = self.seen.saturating_add(count);
        let look = |path: &Extract| path.get(&answer.json, base).ok().flatten();
        let number = |path: &Extract| look(path).and_then(|value| value.number());
        Ok(match &operation.pages {
            None => false,
            Some(Pages::Page { current, total }) => match (number(current), number(total)) {
                (Some(current), Some(total)) => current < total,
                _ => return Err(unreadable("`pages`")),
            },
            Some(Pages::PageWhile { more }) => look(more) == Some(Value::Bool(true)),
            Some(Pages::Offset { limit, total }) => match total.as_ref().map(number) {
                Some(Some(total)) => count > 0 && f64::from(self.seen) < total,
                Some(None) => return Err(unreadable("`pages.total`")),
                None => count >= *limit,
            },
            Some(Pages::Next { url }) => match look(url) {
                Some(Value::Text(url)) if !url.is_empty() => {
                    self.here = Some(self.beside(&url).ok_or_else(|| unreadable("`pages.url`"))?);
                    true
                }
                _ => false,
            },
            Some(Pages::Cursor { cursor, more }) => {
                let more = more.as_ref().is_none_or(|more| look(more) == Some(Value::Bool(true)));
                match look(cursor) {
                    Some(cursor) if more => {
                        self.names.insert("cursor".to_owned(), cursor);
                        true
                    }
                    _ => false,
                }
            }
        })
    }

    /// The URL of the next page: absolute, or relative to the page at hand.
    fn beside(&self, next: &str) -> Option<String> {
        let path = self.request().ok()?.path;
        let here =
            if path.starts_with('/') { format!("{}{path}", self.talk.supplies.base_url.trim_end_matches('/')) } else { path };
        url::Url::parse(&here).ok()?.join(next).ok().map(String::from)
    }
}

fn unreadable(what: &str) -> Reason {
    Reason::new(Code::R5, format!("{what} of the answer cannot be read"))
}
