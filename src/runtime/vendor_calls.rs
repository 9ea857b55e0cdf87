//! What is said to vendors: invitations and other operations, the list of tests, reads that confirm a delivery.
//!
//! The words are `vendor/`'s; this file only carries them: supplies in, requests out through the one way, answers back.

use super::account::{Account, VendorConnection};
use super::call::{Called, Node, Unready};
use super::executor::end::{finish, finish_of, put_off};
use crate::engine::called;
use crate::lang::adapter::{Adapter, OnUnknown, PathScope};
use crate::lever::webhook::Refusal;
use crate::model::{
    Act, Applied, Assessment, AssessmentEvent, AssessmentId, Class, Effect, Event, EventId, EventKind, Exchange, InviteMode,
    Outcome, Phase, Reason, Request, Secret, TestEntry, Value, VendorName, hex,
};
use crate::store::{ClaimedEffect, Result};
use crate::vendor::{self, Incoming, Listing, Page, Supplies, Talk, Turn, auth, ledger_inputs};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use sha2::Sha256;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A look-up after an unknown outcome must miss this often before the invitation is sent again.
const MISSES: u32 = 2;
/// And waits this long before each look: twice the longest call.
const LOOKUP_GRACE: SignedDuration = SignedDuration::from_secs(60);

/// A vendor's delivery that was believed.
#[derive(Debug)]
pub(super) struct Believed {
    pub(super) dedupe: String,
    pub(super) signed: bool,
    /// The part of the path that names an invitation.
    pub(super) token: Option<String>,
    pub(super) reply: u16,
}

/// Opens a delivery: the token of its path, then what the adapter verifies. `None`: a handshake, answered and not kept.
#[expect(clippy::too_many_arguments, reason = "a request's parts, once")]
pub(super) fn open(
    node: &Node,
    account: &Account,
    connection: &VendorConnection,
    vendor: &VendorName,
    token: &str,
    body: &[u8],
    headers: &[(String, String)],
    now: Timestamp,
) -> std::result::Result<Option<Believed>, Refusal> {
    let refuse = |status: u16, reason: &str| Refusal { status, reason: reason.to_owned() };
    let active = account.active();
    let adapter = active.adapters.get(vendor).ok_or_else(|| refuse(404, "no pack of this account uses this vendor"))?;
    let webhook = adapter.webhook.as_ref().ok_or_else(|| refuse(404, "this vendor sends no webhooks"))?;
    let secret = connection.path_token.as_ref().ok_or_else(|| refuse(404, "the connection has no path token"))?;
    let named = match webhook.path {
        PathScope::Connection if secret.matches(token.as_bytes()) => None,
        PathScope::Invitation if invitation(secret, token).is_some() => Some(token.to_owned()),
        _ => return Err(refuse(401, "the token in the path is wrong")),
    };
    if vendor::handshake(adapter, body).is_some() {
        return Ok(None);
    }
    if !webhook.signed() && serde_json::from_slice::<serde::de::IgnoredAny>(body).is_err() {
        return Err(refuse(400, "the body is not JSON"));
    }
    let url = path(node, vendor, account, token);
    let incoming = Incoming { headers, body, url: &url, received: now };
    let believed = vendor::verify(adapter, &incoming, &connection.secrets).map_err(|error| refuse(401, &error.to_string()))?;
    Ok(Some(Believed {
        dedupe: vendor::dedupe(adapter, &incoming),
        signed: believed.signed,
        token: named,
        reply: webhook.reply,
    }))
}

/// Our own URL for a vendor's deliveries.
fn path(node: &Node, vendor: &VendorName, account: &Account, token: &str) -> String {
    let base = node.public_url.load();
    let base = base.as_ref().as_ref().map_or("", |url| url.as_str().trim_end_matches('/'));
    format!("{base}/hooks/{vendor}/{}/{token}", account.id)
}

/// The URL to give a vendor, with the connection's token or one that names the invitation.
pub(super) fn callback_url(
    node: &Node,
    account: &Account,
    vendor: &VendorName,
    adapter: &Adapter,
    row: &Assessment,
) -> Option<String> {
    let secret = account.vendors.get(vendor)?.path_token.as_ref()?;
    let token = match adapter.webhook.as_ref()?.path {
        PathScope::Connection => secret.expose().to_owned(),
        PathScope::Invitation => format!("{}-{}", row.id, seal(secret, row.id)),
    };
    Some(path(node, vendor, account, &token))
}

/// The attempt that an invitation's token names, if the token is ours. It exists before the call is made, so an early delivery finds
/// its owner.
pub(super) fn invitation(secret: &Secret, token: &str) -> Option<AssessmentId> {
    let (id, presented) = token.split_once('-')?;
    let id: AssessmentId = id.parse().ok()?;
    Secret::new(seal(secret, id)).matches(presented.as_bytes()).then_some(id)
}

fn seal(secret: &Secret, id: AssessmentId) -> String {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret.expose().as_bytes()) else { return String::new() };
    mac.update(id.to_string().as_bytes());
    hex(mac.finalize().into_bytes().split_at(16).0)
}

/// The tests that the vendor offers now, all pages.
pub(super) async fn catalogue(
    node: &Node,
    account: &Account,
    vendor: &VendorName,
    class: Class,
) -> std::result::Result<Vec<TestEntry>, Unready> {
    let line = Line::to(node, account, vendor).await?;
    let inputs = BTreeMap::new();
    let mut listing = Listing::new(&line.adapter, line.supplies(&inputs, false, false)).map_err(Unready::Park)?;
    loop {
        let request = listing.request().map_err(Unready::Park)?;
        let exchange = line.send(node, account, &request, class).await?;
        match listing.answer(&exchange) {
            Page::Next => {}
            Page::All(tests) => return Ok(tests),
            Page::Failed(outcome) => return Err(unready(node, outcome)),
        }
    }
}

/// Carries out one reading operation; its captures.
pub(super) async fn read(
    node: &Node,
    account: &Account,
    vendor: &VendorName,
    operation: &str,
    inputs: &BTreeMap<String, Value>,
) -> std::result::Result<BTreeMap<String, Value>, Unready> {
    let line = Line::to(node, account, vendor).await?;
    let mut talk = Talk::new(&line.adapter, operation, line.supplies(inputs, false, false)).map_err(Unready::Park)?;
    loop {
        let request = talk.request().map_err(Unready::Park)?;
        let exchange = line.send(node, account, &request, Class::Vendor).await?;
        match talk.answer(&exchange) {
            Turn::Next => {}
            Turn::Over(Outcome::Done { learned }) => return Ok(learned),
            Turn::Over(outcome) => return Err(unready(node, outcome)),
        }
    }
}

fn unready(node: &Node, outcome: Outcome) -> Unready {
    match outcome {
        Outcome::Retry { after, reason } => Unready::Defer { until: after.map(|after| node.clock.now() + after), reason },
        Outcome::Unknown { reason } | Outcome::Suspended { reason } => Unready::Defer { until: None, reason },
        Outcome::Dead { reason } | Outcome::Skipped { reason } => Unready::Park(reason),
        Outcome::Done { .. } => Unready::Park(Reason::new("bug", "a read was done without an answer")),
    }
}

/// Carries out an invitation or a call: begun before the first byte, settled by the adapter's `on_unknown`.
pub(super) async fn carry_out(node: &Node, account: &Account, claimed: ClaimedEffect) -> Result<()> {
    let effect = &claimed.effect;
    let (vendor, operation, assessment, inputs, mode) = match &effect.act {
        Act::Invite(invite) => (&invite.vendor, "invite", Some(invite.assessment), &invite.inputs, Some(invite.mode)),
        Act::Call(call) => (&call.vendor, call.operation.as_str(), call.assessment, &call.inputs, None),
        _ => return Ok(()),
    };
    let line = match Line::to(node, account, vendor).await {
        Ok(line) => line,
        Err(unready) => return put_off(node, account, &claimed, unready).await,
    };
    let row = match assessment {
        Some(id) => node.store.assessment(&account.id, id).await?,
        None => None,
    };
    if let (Some(InviteMode::New), Some(row)) = (mode, &row)
        && row.phase != Phase::Requested
        && row.phase != Phase::InviteFailed
    {
        // Cancelled or superseded meanwhile, or already known to be invited.
        let reason = Reason::new("no longer true", format!("the attempt is `{}` by now", row.phase));
        let finished = crate::store::Finish::new(None, node.clock.now(), Outcome::Skipped { reason });
        return finish(node, account, effect.id, finished).await;
    }
    let mut supplies: BTreeMap<String, Value> = row.as_ref().map(ledger_inputs).unwrap_or_default();
    supplies.extend(inputs.clone());
    if let Some(url) = row.as_ref().and_then(|row| callback_url(node, account, vendor, &line.adapter, row)) {
        supplies.insert("callback_url".to_owned(), Value::text(url));
    }
    let maybe_sent = claimed.attempts.iter().any(|attempt| attempt.applied != Some(Applied::No));
    if claimed.unknown {
        match settle(node, account, &line, operation, &claimed, &supplies).await? {
            Settled::SendAgain => {}
            Settled::Ended => return Ok(()),
            Settled::Found(learned) => {
                let number = claimed.attempts.last().map(|attempt| attempt.number);
                let mut finished = finish_of(node.clock.now(), &claimed, number, Outcome::Done { learned }, None);
                finished.applied = Some(Applied::Yes);
                return end(node, account, &claimed, row, finished).await;
            }
        }
    }
    let refresh = mode == Some(InviteMode::Refresh);
    let mut talk = match Talk::new(&line.adapter, operation, line.supplies(&supplies, maybe_sent, refresh)) {
        Ok(talk) => talk,
        Err(reason) => return put_off(node, account, &claimed, Unready::Park(reason)).await,
    };
    let mut begun = None;
    loop {
        let request = match talk.request() {
            Ok(request) => request,
            // It cannot be made (no e-mail address …): nothing was or will be sent.
            Err(reason) => {
                let finished = finish_of(node.clock.now(), &claimed, begun, Outcome::Dead { reason }, None);
                return end(node, account, &claimed, row, finished).await;
            }
        };
        let leave = match begun {
            None => node.admit(account, &request.to, effect.class).await,
            Some(_) => node.go_on(account, &request.to, effect.class).await,
        };
        if let Err(unready) = leave {
            // Between the steps of one operation nothing was lost: the whole begins anew, as after an unknown outcome.
            return match (begun, unready) {
                (None, unready) => put_off(node, account, &claimed, unready).await,
                (Some(_), Unready::Store(error)) => Err(error),
                (Some(number), Unready::Defer { reason, .. } | Unready::Gone(reason) | Unready::Park(reason)) => {
                    let finished = finish_of(node.clock.now(), &claimed, Some(number), Outcome::Unknown { reason }, None);
                    finish(node, account, effect.id, finished).await
                }
            };
        }
        if begun.is_none() {
            let attempts = node.store.begin(&account.id, vec![effect.id], node.store.epoch(), node.clock.now()).await?;
            let Some(number) = attempts.first().and_then(|begun| begun.attempt) else { return Ok(()) };
            begun = Some(number);
        }
        let exchange = node.exchange(account, &request).await;
        match talk.answer(&exchange) {
            Turn::Next => {}
            Turn::Over(outcome) => {
                let finished = finish_of(node.clock.now(), &claimed, begun, outcome, Some((&request, &exchange)));
                return end(node, account, &claimed, row, finished).await;
            }
        }
    }
}

/// What an unknown outcome of a vendor's operation leads to.
enum Settled {
    SendAgain,
    /// Finished or put off.
    Ended,
    Found(BTreeMap<String, Value>),
}

async fn settle(
    node: &Node,
    account: &Account,
    line: &Line,
    operation: &str,
    claimed: &ClaimedEffect,
    supplies: &BTreeMap<String, Value>,
) -> Result<Settled> {
    let (effect, now) = (&claimed.effect, node.clock.now());
    let rule = line.adapter.operations.get(operation).map(|operation| &operation.on_unknown);
    let park = |reason: Reason| {
        let number = claimed.attempts.last().map(|attempt| attempt.number);
        finish_of(now, claimed, number, Outcome::Dead { reason }, None)
    };
    match rule {
        Some(OnUnknown::Repeat) => Ok(Settled::SendAgain),
        Some(OnUnknown::Lookup(lookup)) => {
            let last = claimed.attempts.last().map_or(claimed.planned_at, |attempt| attempt.begun_at);
            let due = last + LOOKUP_GRACE * i32::try_from(claimed.rounds.max(1)).unwrap_or(1);
            if now < due {
                let reason = Reason::new("R1", "waiting before asking the vendor whether this happened");
                put_off(node, account, claimed, Unready::Defer { until: Some(due), reason }).await?;
                return Ok(Settled::Ended);
            }
            match read(node, account, line.vendor(), lookup, supplies).await {
                Ok(learned) if !learned.is_empty() => Ok(Settled::Found(learned)),
                Ok(_) | Err(Unready::Gone(_) | Unready::Park(_)) if claimed.rounds >= MISSES => Ok(Settled::SendAgain),
                Ok(_) | Err(Unready::Gone(_) | Unready::Park(_)) => {
                    let reason = Reason::new("R1", "the vendor does not show it; asking once more before it is sent again");
                    let mut finished = finish_of(now, claimed, None, Outcome::Unknown { reason }, None);
                    finished.due = Some(now + LOOKUP_GRACE);
                    finish(node, account, effect.id, finished).await?;
                    Ok(Settled::Ended)
                }
                Err(unready) => put_off(node, account, claimed, unready).await.map(|()| Settled::Ended),
            }
        }
        Some(OnUnknown::Park) | None => {
            let text = format!(
                "no answer came, and {} cannot be asked whether it happened: look there, then `retry` it or `skip` it",
                line.adapter.title
            );
            finish(node, account, effect.id, park(Reason::new("R10", text))).await?;
            Ok(Settled::Ended)
        }
    }
}

/// *Effect done* with what it means for the ledger and which event it becomes.
async fn end(
    node: &Node,
    account: &Account,
    claimed: &ClaimedEffect,
    row: Option<Assessment>,
    mut finished: crate::store::Finish,
) -> Result<()> {
    let effect = &claimed.effect;
    // As it is by now: while the call was made, another opportunity of the person may have taken its place.
    let row = match row {
        Some(before) => node.store.assessment(&account.id, before.id).await.ok().flatten().or(Some(before)),
        None => None,
    };
    match (&effect.act, row) {
        (Act::Invite(invite), Some(mut row)) => {
            let superseded = row.phase == Phase::Superseded;
            let event = match &finished.outcome {
                Outcome::Done { learned } => {
                    let told = vendor::learned(learned);
                    row.ids.extend(told.ids);
                    row.candidate_url = told.url.or(row.candidate_url);
                    row.expires_at = told.expires_at.or(row.expires_at);
                    row.invited_at = Some(finished.at);
                    // A refresh brings a closed attempt back (T19); an open one stays where it is (T06).
                    if row.phase == Phase::Requested || (row.phase.rank().is_none() && !superseded) {
                        row.phase = Phase::Invited;
                    }
                    Some(match invite.mode {
                        InviteMode::New => outcome_event(account, effect, AssessmentEvent::Invited, &row, finished.at),
                        InviteMode::Refresh => outcome_event(account, effect, AssessmentEvent::Reinvited, &row, finished.at),
                    })
                }
                Outcome::Dead { reason } if reason.code != "R10" && row.phase == Phase::Requested => {
                    row.phase = Phase::InviteFailed;
                    let event = outcome_event(account, effect, AssessmentEvent::InviteFailed, &row, finished.at);
                    Some(event.with("failure.message", reason.text.as_str()).with("failure.code", reason.code.as_str()))
                }
                _ => None,
            };
            if let Some(event) = event {
                finished.ledger.push(row);
                finished.events.push(event);
            }
        }
        (Act::Call(call), row) => {
            let adapter = account.active().adapters.get(&call.vendor).cloned();
            let called = match (&finished.outcome, adapter) {
                (Outcome::Done { learned }, Some(adapter)) => {
                    called::done(&adapter, &call.operation, row.as_ref(), learned, finished.at)
                }
                // Whether it happened is not known: a person decides first.
                (Outcome::Dead { reason }, _) if reason.code != "R10" => called::failed(&call.operation, reason),
                _ => called::Called::default(),
            };
            finished.ledger.extend(called.row);
            for (seq, (kind, fields)) in (0..).zip(called.events) {
                let mut event = caused(account, effect, kind, finished.at);
                (event.seq, event.fields, event.assessment) = (seq, fields, call.assessment);
                finished.events.push(event);
            }
        }
        _ => {}
    }
    finish(node, account, effect.id, finished).await
}

fn outcome_event(account: &Account, effect: &Effect, step: AssessmentEvent, row: &Assessment, at: Timestamp) -> Event {
    let mut event = caused(account, effect, EventKind::Assessment(step), at);
    event.assessment = Some(row.id);
    event
}

/// An event that is the outcome of an effect of ours; the commit that stores it has changed the ledger already.
fn caused(account: &Account, effect: &Effect, kind: EventKind, at: Timestamp) -> Event {
    let id = EventId::derive(effect.id.0.stored(), &[&effect.id.to_string(), &kind.to_string(), &at.to_string()]);
    let mut event = Event::new(id, account.id.clone(), kind, Some(effect.opportunity.clone()), at);
    event.applied = true;
    event.cause = Some(effect.id);
    event.depth = effect.depth.saturating_add(1);
    event
}

/// Everything needed to speak to one vendor for one account.
pub(super) struct Line {
    adapter: Arc<Adapter>,
    base_url: String,
    secrets: BTreeMap<String, Secret>,
    token: Option<Secret>,
    now: Timestamp,
}

impl Line {
    async fn to(node: &Node, account: &Account, vendor: &VendorName) -> std::result::Result<Self, Unready> {
        let missing =
            |what: &str| Unready::Park(Reason::new("R2", format!("account `{}` has no {what} for `{vendor}`", account.id)));
        let adapter = account.active().adapters.get(vendor).cloned().ok_or_else(|| missing("pack with an adapter"))?;
        let connection = account.vendors.get(vendor).ok_or_else(|| missing("connection"))?;
        let mut line = Self {
            base_url: connection.connection.endpoint.base_url.as_str().trim_end_matches('/').to_owned(),
            secrets: connection.secrets.clone(),
            token: None,
            now: node.clock.now(),
            adapter,
        };
        if auth::needs_token(&line.adapter) {
            line.token = Some(line.get_token(node, account, connection).await?);
        }
        Ok(line)
    }

    fn vendor(&self) -> &VendorName {
        &self.adapter.name
    }

    fn supplies<'a>(&'a self, inputs: &'a BTreeMap<String, Value>, retry: bool, refresh: bool) -> Supplies<'a> {
        Supplies {
            base_url: &self.base_url,
            secrets: &self.secrets,
            inputs,
            retry,
            refresh,
            token: self.token.as_ref(),
            now: self.now,
        }
    }

    async fn get_token(
        &self,
        node: &Node,
        account: &Account,
        connection: &VendorConnection,
    ) -> std::result::Result<Secret, Unready> {
        let mut kept = connection.token.lock().await;
        if let Some(token) = kept.take().filter(|token| token.usable(self.now)) {
            let secret = token.secret.clone();
            *kept = Some(token.used(self.now));
            return Ok(secret);
        }
        let inputs = BTreeMap::new();
        let request = match auth::request(&self.adapter, self.supplies(&inputs, false, false)) {
            Some(request) => request.map_err(Unready::Park)?,
            None => return Err(Unready::Park(Reason::new("R8", "the adapter declares no way to get a token"))),
        };
        let exchange = self.send(node, account, &request, Class::Person).await?;
        let token = auth::read(&self.adapter, &exchange, node.clock.now()).map_err(|outcome| unready(node, outcome))?;
        let secret = token.secret.clone();
        *kept = Some(token);
        Ok(secret)
    }

    async fn send(
        &self,
        node: &Node,
        account: &Account,
        request: &Request,
        class: Class,
    ) -> std::result::Result<Exchange, Unready> {
        match node.call(account, request, class).await? {
            Called::Exchanged(exchange) => Ok(exchange),
            Called::Held { until, reason } => Err(Unready::Defer { until: Some(until), reason }),
        }
    }
}
