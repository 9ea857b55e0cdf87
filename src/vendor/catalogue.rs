//! The tests that a vendor offers, page by page.

use super::answer::{self, Answer};
use super::request::{self, Scope, Supplies};
use super::talk::Talk;
use crate::lang::adapter::{Adapter, Extract, Origin, Pages, Step, Take};
use crate::model::{Exchange, Outcome, Reason, Request, TestEntry, Value};
use serde_json::Value as Json;
use std::collections::{BTreeMap, BTreeSet};

/// More pages than any catalogue has: an answer that never ends stops here.
const MOST_PAGES: u32 = 1_000;

/// A listing under way.
#[derive(Debug)]
pub struct Listing<'a> {
    talk: Talk<'a>,
    step: &'a Step,
    names: BTreeMap<String, Value>,
    /// The absolute URL of the next page, where the answer names it.
    next: Option<String>,
    page: u32,
    seen: u32,
    found: Vec<TestEntry>,
    ids: BTreeSet<String>,
}

/// What one page leads to.
#[derive(Debug, Clone, PartialEq)]
pub enum Page {
    /// There is another page: make its request.
    Next,
    /// Everything, in the vendor's order, each id once.
    All(Vec<TestEntry>),
    /// The listing failed; never [`Outcome::Done`].
    Failed(Outcome),
}

impl<'a> Listing<'a> {
    /// Begins with the first page of `catalogue`.
    pub fn new(adapter: &'a Adapter, supplies: Supplies<'a>) -> Result<Self, Reason> {
        let talk = Talk::new(adapter, "catalogue", supplies)?;
        let step = talk.operation.steps.first().ok_or_else(|| Reason::new("R8", "`catalogue` makes no request"))?;
        let mut names = BTreeMap::new();
        names.insert("page".to_owned(), Value::Int(1));
        names.insert("offset".to_owned(), Value::Int(0));
        if let Some(Pages::Offset { limit, .. }) = &talk.operation.pages {
            names.insert("limit".to_owned(), Value::Int(i64::from(*limit)));
        }
        Ok(Self { talk, step, names, next: None, page: 1, seen: 0, found: Vec::new(), ids: BTreeSet::new() })
    }

    /// The request for the page at hand.
    pub fn request(&self) -> Result<Request, Reason> {
        let scope = Scope::new(self.talk.supplies, &self.names);
        let mut request = request::make(self.talk.adapter, &self.step.request, &scope, true)?;
        if let Some(next) = &self.next {
            request::allowed(self.talk.adapter, self.talk.supplies.base_url, next)?;
            request.path.clone_from(next);
            request.query = Vec::new();
        }
        Ok(request)
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
                Page::Failed(Outcome::Dead { reason: Reason::new("R9", format!("more than {MOST_PAGES} pages of tests")) })
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
                let entry = entry(&self.step.take, item, base)?;
                if self.ids.insert(entry.id.clone()) {
                    self.found.push(entry);
                }
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
                    let joined = url::Url::parse(base).ok().and_then(|base| base.join(&url).ok());
                    self.next = Some(joined.map(String::from).ok_or_else(|| unreadable("`pages.url`"))?);
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
}

fn unreadable(what: &str) -> Reason {
    Reason::new("R5", format!("{what} of the answer cannot be read"))
}

/// One test: `id` and `title` are required, everything else is a field of it.
fn entry(take: &BTreeMap<String, Take>, item: &Json, base: &str) -> Result<TestEntry, Reason> {
    let (mut id, mut title, mut fields) = (None, None, BTreeMap::new());
    for (name, take) in take {
        let value = match &take.from {
            Origin::Json(path) => {
                path.get(item, base).map_err(|why| Reason::new("R5", format!("`{name}` of a test: {why}")))?
            }
            Origin::Header(_) => None,
        };
        match (name.as_str(), value) {
            ("id", value) => id = value.as_ref().and_then(request::plain),
            ("title", value) => title = value.as_ref().and_then(request::plain),
            (_, Some(value)) => {
                fields.insert(name.clone(), value);
            }
            (_, None) => {}
        }
    }
    match (id, title) {
        (Some(id), Some(title)) => Ok(TestEntry { id, title, fields }),
        (None, _) => Err(Reason::new("R5", "a test of the catalogue has no `id`")),
        (_, None) => Err(Reason::new("R5", "a test of the catalogue has no `title`")),
    }
}
