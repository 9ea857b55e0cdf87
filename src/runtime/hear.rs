//! What a vendor tells becomes events: whose it is, what confirms it, what it means.
//!
//! Nothing here believes a delivery that no signature protects: what it says is read back first, and that reading is what counts.

use super::account::Account;
use super::call::{Node, Unready};
use super::derive::LOOKS;
use super::line::Entered;
use super::{backoff, line};
use crate::engine::lifecycle::{self, Judged};
use crate::model::{Assessment, AssessmentId, Class, Code, Event, EventId, EventKind, Reason, Value, VendorName};
use crate::store::{ClaimedDelivery, Derived};
use crate::vendor::{self, Choice, Emission, Notification, ledger_inputs};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// A vendor's delivery: whose, what, confirmed how.
pub(super) async fn vendor(
    node: &Node,
    account: &Account,
    claimed: &ClaimedDelivery,
    vendor: &VendorName,
    invitation: Option<AssessmentId>,
) -> Result<Derived, Unready> {
    let delivery = &claimed.delivery;
    let Some(adapter) = account.active().adapters.get(vendor).cloned() else {
        let reason = Reason::new(Code::R2, format!("no pack of account `{}` uses `{vendor}` any more", account.id));
        return Ok(Derived::Park(reason));
    };
    let notifications = match vendor::notifications(&adapter, &delivery.body) {
        Ok(notifications) => notifications,
        Err(reason) => return Ok(Derived::Park(reason)),
    };
    let (mut events, mut passed, mut asked) = (Vec::new(), None, false);
    let entered = Entered::default();
    for notification in notifications {
        if !notification.mapped {
            let how = if notification.ignored { "the adapter ignores" } else { "the adapter does not know" };
            passed = Some(Reason::new(Code::Ignored, format!("{how} `{}`", notification.event)));
            continue;
        }
        let owners = match owners(node, account, vendor, &notification, invitation).await? {
            Owners::These(rows) => rows,
            Owners::Ambiguous(reason) => return Ok(Derived::Park(reason)),
            Owners::Nobody => {
                let reason =
                    Reason::new(Code::R6, format!("no invitation of ours is known for this `{}` yet", notification.event));
                return Ok(match backoff::held(node.clock.now(), claimed.rounds_for(reason.code)) {
                    Some(until) => Derived::Hold { until, reason },
                    None => Derived::Park(Reason::new(
                        Code::R6,
                        "nobody's: no invitation of ours was found within an hour and more",
                    )),
                });
            }
        };
        asked |= !notification.reads.is_empty();
        for row in owners {
            let answers = reads(node, account, vendor, &notification, &row, Class::Vendor, &entered).await?;
            let emissions = match vendor::emit(&adapter, &notification, &answers, delivery.received) {
                Ok(emissions) => emissions,
                Err(reason) => return Ok(Derived::Park(reason)),
            };
            for emission in emissions {
                let told = format!("{} {}", delivery.dedupe, notification.dedupe);
                let mut event = event(account, &row, emission, &told, delivery.received);
                event.seq = u16::try_from(events.len()).unwrap_or(u16::MAX);
                events.push(event);
            }
        }
    }
    // The vendor's own records may lag behind its webhook: what they do not bear out yet is read again before it is let go.
    let reason = Reason::new(Code::NotConfirmed, "the vendor's own records do not bear it out yet");
    let rounds = claimed.rounds_for(reason.code);
    if events.is_empty()
        && asked
        && rounds < LOOKS
        && let Some(until) = backoff::held(node.clock.now(), rounds)
    {
        return Ok(Derived::Hold { until, reason });
    }
    if events.is_empty() {
        let reason = passed.unwrap_or_else(|| Reason::new(Code::NotConfirmed, "the vendor's own records do not bear it out"));
        return Ok(Derived::Nothing(reason));
    }
    Ok(Derived::Events(events))
}

/// One event of an attempt. The same news has the same id, whether a webhook or a poll brings it: news is what the event says, and what
/// our ledger says before it. What leaves no trace in the ledger (a reminder) is told apart by who `told` it.
pub(super) fn event(account: &Account, row: &Assessment, emission: Emission, told: &str, received: Timestamp) -> Event {
    let kind = EventKind::Assessment(emission.event);
    let news = news(row, &emission);
    let state = format!("{} {} {} {} {}", row.phase, row.verdict, row.decision, row.report, row.integrity);
    let (says, said) = (lasting(&emission.fields), lasting(&row.result));
    let (account_id, row_id, name) = (account.id.as_str(), row.id.to_string(), kind.to_string());
    let parts =
        if news { [account_id, &row_id, &name, &says, &state, &said] } else { [account_id, &row_id, &name, told, "", ""] };
    // What is kept how long goes by the time in the id; within a day the same news has the same one.
    let day = Timestamp::from_second(received.as_second().div_euclid(86_400) * 86_400).unwrap_or(received);
    let id = EventId::derive(day, &parts);
    let mut event = Event::new(id, account.id.clone(), kind, Some(row.opportunity.clone()), emission.at);
    event.received = received;
    event.assessment = Some(row.id);
    event.fields = emission.fields;
    event
}

/// Whether our ledger would be another one after this.
pub(super) fn news(row: &Assessment, emission: &Emission) -> bool {
    match lifecycle::judge(Some(row), emission.event, &emission.fields, emission.at) {
        Judged::Apply { row: after, .. } => {
            Assessment { result: BTreeMap::new(), ..*after.clone() } != Assessment { result: BTreeMap::new(), ..row.clone() }
                || lasting(&after.result) != lasting(&row.result)
        }
        Judged::Implied(_) => true,
        Judged::Stale(_) | Judged::Same(_) => false,
    }
}

/// What fields say, less links: vendors sign them anew at each reading.
fn lasting(fields: &BTreeMap<String, Value>) -> String {
    let link = |value: &Value| value.as_text().is_some_and(|text| text.starts_with("https://") || text.starts_with("http://"));
    let lasting: BTreeMap<_, _> = fields.iter().filter(|(_, value)| !link(value)).collect();
    serde_json::to_string(&lasting).unwrap_or_default()
}

/// Whose a notification is.
pub(super) enum Owners {
    These(Vec<Assessment>),
    Nobody,
    Ambiguous(Reason),
}

/// Asks the ledger whose a notification is.
pub(super) async fn owners(
    node: &Node,
    account: &Account,
    vendor: &VendorName,
    notification: &Notification,
    invitation: Option<AssessmentId>,
) -> Result<Owners, Unready> {
    if let Some(id) = invitation
        && let Some(row) = node.store.assessment(&account.id, id).await?
    {
        return Ok(Owners::These(vec![row]));
    }
    for key in &notification.owner {
        let Some((name, id)) = key.ids.iter().next() else { continue };
        let rows = node.store.assessments_by(&account.id, vendor, name, id).await?;
        match vendor::choose(key, rows) {
            Choice::Nobody => {}
            Choice::Owners(rows) => return Ok(Owners::These(rows)),
            Choice::Ambiguous(reason) => return Ok(Owners::Ambiguous(reason)),
        }
    }
    Ok(Owners::Nobody)
}

/// Asks the vendor what a notification has to be confirmed by.
pub(super) async fn reads(
    node: &Node,
    account: &Account,
    vendor: &VendorName,
    notification: &Notification,
    row: &Assessment,
    class: Class,
    entered: &Entered,
) -> Result<BTreeMap<String, BTreeMap<String, Value>>, Unready> {
    let mut inputs = ledger_inputs(row);
    inputs.extend(notification.inputs());
    let mut answers = BTreeMap::new();
    for read in &notification.reads {
        match line::read(node, account, vendor, &read.operation, &inputs, class, entered).await {
            Ok(learned) => {
                answers.insert(read.operation.clone(), learned);
            }
            Err(Unready::Park(_) | Unready::Gone(_)) if read.optional => {}
            Err(unready) => return Err(unready),
        }
    }
    Ok(answers)
}
