//! What an exchange tells: success with its captures, or which kind of failure.

use super::talk::Talk;
use crate::lang::adapter::{Adapter, ErrorClass, ErrorRule, Extract, OnUnknown, Operation, Origin, Step, Take};
use crate::model::{Assessment, Code, Exchange, Method, Outcome, Reason, Response, Value};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value as Json;
use std::collections::BTreeMap;

/// A successful answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) headers: Vec<(String, String)>,
    pub(super) json: Json,
}

/// What an invitation told, sorted into what our ledger keeps.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Learned {
    /// `invitation_id`, `attempt_id`, `candidate_id`, `email` …: correlation keys.
    pub ids: BTreeMap<String, String>,
    /// The link that the candidate opens.
    pub url: Option<String>,
    pub expires_at: Option<Timestamp>,
}

/// Sorts the captures of an invitation: `url` and `expires_at` by name, everything else that is a single value is an id.
pub fn learned(captures: &BTreeMap<String, Value>) -> Learned {
    let mut learned = Learned::default();
    for (name, value) in captures {
        match (name.as_str(), value) {
            ("url", Value::Text(url)) => learned.url = Some(url.clone()),
            ("expires_at", Value::Date { date }) => learned.expires_at = Some(*date),
            ("url" | "expires_at", _) => {}
            (name, value) => learned.ids.extend(super::request::plain(value).map(|id| (name.to_owned(), id))),
        }
    }
    learned
}

/// How long to wait when the vendor says "not yet" without saying how long.
const NOT_READY: SignedDuration = SignedDuration::from_secs(60);

/// Reads one exchange; anything but success is an outcome.
pub(super) fn read(talk: &Talk<'_>, step: &Step, exchange: &Exchange) -> Result<Answer, Outcome> {
    let (adapter, reads) = (talk.adapter, step.request.method.reads());
    let response = match exchange {
        Exchange::Answered(response) => response,
        Exchange::NotSent(cause) => {
            return Err(Outcome::Retry {
                after: None,
                reason: Reason::new(Code::R1, format!("{} was not reached: {cause}", adapter.title)),
            });
        }
        Exchange::Lost(cause) => {
            let reason = Reason::new(Code::R1, format!("no whole answer of {}: {cause}", adapter.title));
            return Err(if reads { Outcome::Retry { after: None, reason } } else { Outcome::Unknown { reason } });
        }
    };
    let json = if response.body.is_empty() { Some(Json::Null) } else { response.json() };
    let body = json.clone().unwrap_or(Json::Null);
    let good = response.ok() && step.ok.as_ref().is_none_or(|ok| ok.holds(&mut |path: &Extract| look(path, &body)));
    // What a repeated deletion does not find any more is deleted.
    let gone = matches!(response.status, 404 | 410) && talk.supplies.retry && step.request.method == Method::Delete;
    if gone {
        return Ok(Answer { headers: response.headers.clone(), json: Json::Null });
    }
    let rule = adapter.errors.iter().find(|rule| fits(rule, response, &body, good));
    if let Some(rule) = rule {
        return Err(of_class(talk, step, rule, response, &body));
    }
    if good {
        return match json {
            Some(json) => Ok(Answer { headers: response.headers.clone(), json }),
            None if reads && !step.take.is_empty() => Err(Outcome::Retry {
                after: None,
                reason: Reason::new(
                    Code::R5,
                    format!("the answer of {} to `{}` is not JSON", adapter.title, talk.operation.name),
                ),
            }),
            // It happened, and what it told is lost: asked once more where that is harmless.
            None if !step.take.is_empty() && !talk.supplies.retry && talk.operation.on_unknown == OnUnknown::Repeat => {
                let what = format!("the answer of {} to `{}` is not JSON", adapter.title, talk.operation.name);
                Err(Outcome::Unknown { reason: Reason::new(Code::R5, what) })
            }
            None => Ok(Answer { headers: response.headers.clone(), json: Json::Null }),
        };
    }
    Err(by_status(adapter, talk.operation, reads, response, talk.supplies.now))
}

fn look(path: &Extract, body: &Json) -> Option<Value> {
    path.get(body, "").ok().flatten()
}

/// A rule that names no status and no condition fits nothing; one for 200 needs a condition.
fn fits(rule: &ErrorRule, response: &Response, body: &Json, good: bool) -> bool {
    let status = if rule.status.is_empty() { true } else { rule.status.contains(&response.status) };
    let found = rule.where_.as_ref().map(|cond| cond.holds(&mut |path: &Extract| look(path, body)));
    status && found.unwrap_or(!rule.status.is_empty()) && !(good && response.status == 200 && rule.where_.is_none())
}

fn of_class(talk: &Talk<'_>, step: &Step, rule: &ErrorRule, response: &Response, body: &Json) -> Outcome {
    let said = rule.message.as_ref().and_then(|path| look(path, body)).and_then(|value| said(talk, &value));
    let reason = |code: Code, what: &str| {
        let said = said.as_ref().map_or_else(String::new, |said| format!(": {said}"));
        Reason::new(code, format!("{} {what} (HTTP {}){said}", talk.adapter.title, response.status))
    };
    match rule.class {
        ErrorClass::Credential => Outcome::Suspended { reason: reason(Code::R2, "refuses our credentials") },
        ErrorClass::OutOfCredit => Outcome::Suspended { reason: reason(Code::R4, "says that the account is used up") },
        ErrorClass::Retry => {
            Outcome::Retry { after: wait(response, talk.supplies.now), reason: reason(Code::R1, "asks to try again") }
        }
        ErrorClass::NotReady => Outcome::Retry {
            after: wait(response, talk.supplies.now).or(Some(NOT_READY)),
            reason: reason(Code::R1, "is not ready yet"),
        },
        ErrorClass::AlreadyInvited => {
            let mut learned = talk.learned.clone();
            learned.extend(takes(&step.take, &response.headers, body, talk.supplies.base_url, false).unwrap_or_default());
            add_email(talk, &mut learned);
            Outcome::Done { learned }
        }
        ErrorClass::BadAddress => Outcome::Dead { reason: reason(Code::R4, "refuses the candidate's address") },
        ErrorClass::Gone => Outcome::Dead { reason: reason(Code::R3, "does not know it any more") },
        ErrorClass::Refused => Outcome::Dead { reason: reason(Code::R4, &format!("refused `{}`", talk.operation.name)) },
    }
}

/// What the vendor says, cut, without anything that we sent: it may quote the candidate.
fn said(talk: &Talk<'_>, value: &Value) -> Option<String> {
    let mut text = super::request::plain(value)?;
    let sent = talk.supplies.inputs.values().filter_map(super::request::plain).collect::<Vec<_>>();
    let secrets = talk.supplies.secrets.values().map(|secret| secret.expose().to_owned());
    for part in sent.into_iter().chain(secrets).filter(|part| part.chars().count() > 2) {
        text = text.replace(&part, "…");
        if part.contains('@') {
            // Vendors quote addresses in their own case.
            text = text.replace(&part.to_lowercase(), "…");
        }
    }
    // Whatever still looks like an address is one.
    let words: Vec<&str> = text.split_whitespace().map(|word| if word.contains('@') { "…" } else { word }).collect();
    Some(words.join(" ").chars().take(200).collect())
}

fn by_status(adapter: &Adapter, operation: &Operation, reads: bool, response: &Response, now: Timestamp) -> Outcome {
    let (title, name, status) = (&adapter.title, &operation.name, response.status);
    let reason = |code: Code, what: String| Reason::new(code, format!("{what} (HTTP {status})"));
    match status {
        // A look-up whose answer lacks what `ok` asks for found nothing.
        200..=299 if reads => {
            Outcome::Dead { reason: reason(Code::R3, format!("{title} does not show what `{name}` asks for")) }
        }
        200..=299 => Outcome::Dead { reason: reason(Code::R4, format!("{title} says that `{name}` did not succeed")) },
        401 | 403 => Outcome::Suspended { reason: reason(Code::R2, format!("{title} refuses our credentials")) },
        404 | 410 => Outcome::Dead { reason: reason(Code::R3, format!("{title} does not know what `{name}` is about")) },
        429 => Outcome::Retry { after: wait(response, now), reason: reason(Code::R1, format!("{title} asks to slow down")) },
        408 | 500..=599 if reads => {
            Outcome::Retry { after: wait(response, now), reason: reason(Code::R1, format!("{title} failed")) }
        }
        408 | 500..=599 => Outcome::Unknown { reason: reason(Code::R1, format!("{title} failed while doing `{name}`")) },
        300..=399 => Outcome::Dead { reason: reason(Code::R4, format!("{title} redirects `{name}`, which is not followed")) },
        _ => Outcome::Dead { reason: reason(Code::R4, format!("{title} refused `{name}`")) },
    }
}

/// How long the answer asks to wait, at most a day: `Retry-After` in seconds or as a date, else `X-RateLimit-Reset` (or
/// `RateLimit-Reset`) in seconds from now, or as a time since 1970.
pub(super) fn wait(response: &Response, now: Timestamp) -> Option<SignedDuration> {
    let at_most_a_day = |seconds: i64| SignedDuration::from_secs(seconds.clamp(0, 86_400));
    if let Some(text) = response.header("retry-after").map(str::trim) {
        let seconds = text.parse::<f64>().ok().map(ceil).or_else(|| {
            let at = httpdate::parse_http_date(text).ok()?.duration_since(std::time::UNIX_EPOCH).ok()?;
            Some(i64::try_from(at.as_secs()).ok()? - now.as_second())
        });
        return seconds.map(at_most_a_day);
    }
    let reset = ["x-ratelimit-reset", "x-rate-limit-reset", "ratelimit-reset"].iter().find_map(|name| response.header(name))?;
    let reset = ceil(reset.trim().parse::<f64>().ok()?);
    Some(at_most_a_day(match reset {
        // More than thirty years are no time to wait: it is a time since 1970, in milliseconds if it is beyond the year 5138.
        100_000_000_000.. => reset / 1000 - now.as_second(),
        1_000_000_000.. => reset - now.as_second(),
        _ => reset,
    }))
}

#[expect(clippy::cast_possible_truncation, reason = "a saturating cast, and what comes of it is clamped")]
fn ceil(seconds: f64) -> i64 {
    seconds.ceil() as i64
}

/// One capture; absent is `None`.
fn take_one(take: &Take, headers: &[(String, String)], json: &Json, base: &str) -> Result<Option<Value>, String> {
    let found = match &take.from {
        Origin::Json(path) => path.get(json, base)?,
        Origin::Header(name) => headers.iter().find(|(header, _)| header == name).map(|(_, text)| Value::text(text)),
    };
    match (&take.field, found) {
        (Some(field), Some(value)) => super::border::conform(value, &field.ty).map(Some),
        (_, found) => Ok(found),
    }
}

/// All captures of a successful answer, or of an item of it, by name; absent ones are not in it. Unless `strict`, those of a wrong form
/// count as absent: a write that was answered with success has happened, whatever its answer looks like.
pub(super) fn takes(
    takes: &BTreeMap<String, Take>,
    headers: &[(String, String)],
    json: &Json,
    base: &str,
    strict: bool,
) -> Result<BTreeMap<String, Value>, Reason> {
    let mut taken = BTreeMap::new();
    for (name, take) in takes {
        match take_one(take, headers, json, base) {
            Ok(Some(value)) => {
                taken.insert(name.clone(), value);
            }
            Err(why) if strict => return Err(Reason::new(Code::R5, format!("`{name}` of the answer: {why}"))),
            Ok(None) | Err(_) => {}
        }
    }
    Ok(taken)
}

/// The addresses of who was invited are correlation keys, if the webhook asks for one: that which the answer says, else the one that
/// was invited, and every other one of the person.
pub(super) fn add_email(talk: &Talk<'_>, learned: &mut BTreeMap<String, Value>) {
    if talk.operation.name == "invite" && talk.adapter.knows_by_email() {
        addresses(talk.supplies.inputs, learned);
    }
}

fn addresses(inputs: &BTreeMap<String, Value>, learned: &mut BTreeMap<String, Value>) {
    let plain = |text: &str| text.trim().to_lowercase();
    let invited = learned.get("email").or_else(|| inputs.get("candidate.email"));
    let mut known: Vec<String> = invited.and_then(Value::as_text).map(plain).into_iter().collect();
    let all = inputs.get("candidate.emails").map(Value::items).unwrap_or_default();
    for other in all.iter().filter_map(Value::as_text).map(plain) {
        if !known.contains(&other) {
            known.push(other);
        }
    }
    for (n, address) in known.into_iter().enumerate() {
        learned.insert(Assessment::address_name(n), Value::text(address));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// B30: people are matched by any of their addresses, however they are written.
    #[test]
    fn b30_every_address_of_the_person_is_a_key() {
        let inputs = BTreeMap::from([
            ("candidate.email".to_owned(), Value::text("Ada@Example.com ")),
            ("candidate.emails".to_owned(), Value::texts(["ada@example.com", "ADA@work.example.com"])),
        ]);
        let mut learned = BTreeMap::new();
        addresses(&inputs, &mut learned);
        let shown: Vec<String> = learned.iter().map(|(name, address)| format!("{name}: {address}")).collect();
        assert_eq!(shown, ["email: ada@example.com", "email 2: ada@work.example.com"]);
    }
}
