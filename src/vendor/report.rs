//! A report, from the operation that leads to it to the checked content.
//!
//! ```text
//! let mut fetch = Fetch::new(adapter, "pdf", supplies)?;
//! loop { match fetch.answer(&send(fetch.request()?)) { Got::Next => {}, Got::File(content) => .., Got::Failed(outcome) => .. } }
//! ```
//!
//! Everything that may mend itself is tried again: a report that is still being made, a URL that has run out (the operation gives a
//! new one), a page with status 200 where a file should be.

use super::answer::wait;
use super::request::{Scope, Supplies, allowed, authenticate};
use super::talk::{Talk, Turn};
use crate::lang::adapter::{Adapter, Report, page};
use crate::model::{Code, Destination, Exchange, HeaderText, Method, Outcome, Reason, Request, Response, Secret, Value};
use jiff::SignedDuration;
use std::collections::BTreeMap;

/// The largest file that Lever takes (`lever-api §3.4`).
pub const MOST: usize = 30 * 1024 * 1024;
/// How long to wait before looking again for a file that is not there yet, where nobody says how long.
const NOT_READY: SignedDuration = SignedDuration::from_secs(60);

/// A report being fetched.
#[derive(Debug)]
pub struct Fetch<'a> {
    adapter: &'a Adapter,
    supplies: Supplies<'a>,
    report: &'a Report,
    talk: Talk<'a>,
    /// The steps of the operation that are yet to be answered.
    left: usize,
    /// Once the operation has told it.
    url: Option<String>,
}

/// What an answer leads to.
#[derive(Debug, PartialEq)]
pub enum Got {
    /// There is another request to make.
    Next,
    /// The file's bytes; they are what they should be.
    File(Vec<u8>),
    /// Not this time ([`Outcome::Retry`]) or not at all.
    Failed(Outcome),
}

impl<'a> Fetch<'a> {
    /// Begins with a report that the adapter declares.
    pub fn new(adapter: &'a Adapter, report: &str, supplies: Supplies<'a>) -> Result<Self, Reason> {
        let Some(report) = adapter.reports.get(report) else {
            return Err(Reason::new(Code::R8, format!("{} has no report `{report}`", adapter.title)));
        };
        let talk = Talk::new(adapter, &report.operation, supplies)?;
        let left = adapter.operations.get(&report.operation).map_or(1, |operation| operation.steps.len());
        Ok(Self { adapter, supplies, report, talk, left, url: None })
    }

    /// Goes on with another token: the one so far was refused.
    pub fn with_token(&mut self, token: &'a Secret) {
        self.supplies.token = Some(token);
        self.talk.with_token(token);
    }

    /// Whether the request to send now carries our credentials: a file that is kept elsewhere does not get them.
    pub fn is_ours(&self) -> bool {
        self.url.as_deref().is_none_or(|url| self.at_home(url))
    }

    /// Whether a URL is of the vendor's own origin.
    fn at_home(&self, url: &str) -> bool {
        match (url::Url::parse(url), url::Url::parse(self.supplies.base_url)) {
            (Ok(url), Ok(base)) => url.origin() == base.origin(),
            _ => false,
        }
    }

    /// The request to send now.
    pub fn request(&self) -> Result<Request, Reason> {
        let mut request = match &self.url {
            None => self.talk.request()?,
            Some(url) => self.download(url)?,
        };
        if self.last() {
            request.max_answer = Some(MOST);
            request.headers.push(("accept".to_owned(), HeaderText::Plain("*/*".to_owned())));
        }
        Ok(request)
    }

    /// What Lever is told that the content is.
    pub const fn media_type(&self) -> &'static str {
        self.report.ty.media_type()
    }

    /// Whether the next answer is the file.
    fn last(&self) -> bool {
        self.url.is_some() || (self.report.url.is_none() && self.left == 1)
    }

    /// The request for the file itself. Our credentials go only where they belong; a URL of another host carries its own.
    fn download(&self, url: &str) -> Result<Request, Reason> {
        allowed(self.adapter, self.supplies.base_url, url)?;
        let parsed = url::Url::parse(url)
            .map_err(|_| Reason::new(Code::R8, format!("{} gave a URL that is none", self.adapter.title)))?;
        // Sent as it was parsed: a mask of its path fits no other spelling of it.
        let mut request = Request::new(Destination::Vendor(self.adapter.name.clone()), Method::Get, parsed.as_str());
        if self.at_home(url) {
            let nothing = BTreeMap::new();
            authenticate(&self.adapter.auth, &mut request, &Scope::new(self.supplies, &nothing))?;
        }
        // Such URLs are often all that it takes to read the report: what follows the host is no business of the log.
        request.masks.push(Secret::new(parsed.path().trim_start_matches('/')));
        Ok(request)
    }

    /// Reads what became of the request.
    pub fn answer(&mut self, exchange: &Exchange) -> Got {
        if self.url.is_some() {
            return self.file(exchange);
        }
        if self.last()
            && let Exchange::Answered(response) = exchange
            && response.header(Response::OVERSIZED).is_some()
        {
            return self.file(exchange);
        }
        match self.talk.answer(exchange) {
            Turn::Next => {
                self.left = self.left.saturating_sub(1);
                Got::Next
            }
            Turn::Over(Outcome::Done { learned }) => match &self.report.url {
                None => self.file(exchange),
                Some(name) => match learned.get(name).and_then(Value::as_text) {
                    Some(url) => {
                        self.url = Some(url.to_owned());
                        Got::Next
                    }
                    None => {
                        Got::Failed(self.not_yet(None, &format!("`{}` does not name the report yet", self.report.operation)))
                    }
                },
            },
            Turn::Over(outcome) => Got::Failed(outcome),
        }
    }

    fn not_yet(&self, after: Option<SignedDuration>, what: &str) -> Outcome {
        let reason = Reason::new(Code::R1, format!("{}: {what}; it is asked for again", self.adapter.title));
        Outcome::Retry { after: after.or(Some(NOT_READY)), reason }
    }

    /// Whether what came is the file.
    fn file(&self, exchange: &Exchange) -> Got {
        let response = match exchange {
            Exchange::Answered(response) => response,
            Exchange::NotSent(cause) | Exchange::Lost(cause) => {
                let reason = Reason::new(Code::R1, format!("the report of {} was not received: {cause}", self.adapter.title));
                return Got::Failed(Outcome::Retry { after: None, reason });
            }
        };
        let (title, ty) = (&self.adapter.title, self.report.ty);
        if response.header(Response::OVERSIZED).is_some() {
            let reason = Reason::new(Code::R9, format!("the report of {title} is larger than the 30 MB that Lever takes"));
            return Got::Failed(Outcome::Dead { reason });
        }
        let after = wait(response, self.supplies.now);
        match response.status {
            200 if ty.fits(&response.body) => Got::File(response.body.clone()),
            200 if page(&response.body) => {
                Got::Failed(self.not_yet(after, &format!("a page came where the {ty} should be", ty = ty.as_str())))
            }
            200 if response.body.is_empty() => Got::Failed(self.not_yet(after, "the report is empty")),
            200 => Got::Failed(self.not_yet(after, &format!("what came is no {}", ty.as_str()))),
            201..=299 => Got::Failed(self.not_yet(after, "the report is not ready yet")),
            401 | 403 | 404 | 410 => {
                let what = format!("the report's URL is not, or no longer, good (HTTP {})", response.status);
                Got::Failed(self.not_yet(after, &what))
            }
            status => Got::Failed(self.not_yet(after, &format!("the report could not be read (HTTP {status})"))),
        }
    }
}
