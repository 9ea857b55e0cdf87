//! The ten webhook events: their names, their data, and which registered webhook hears of which (lever-api §4).

use serde_json::{Value, json};

use super::record::{Archived, Contact, Happening, Opportunity, Webhook};
use super::world::World;
use crate::sim::delivery::{Content, Parcel};
use crate::sim::faults::Faults;
use crate::sim::log::Service;

/// Every event that Lever documents. Interviews are not simulated; their events can be emitted by hand.
pub(crate) const EVENTS: [&str; 10] = [
    "applicationCreated",
    "candidateHired",
    "candidateStageChange",
    "candidateArchiveChange",
    "candidateDeleted",
    "interviewCreated",
    "interviewUpdated",
    "interviewDeleted",
    "contactCreated",
    "contactUpdated",
];

/// The six origins a webhook's conditions can name; all of them when a registration names none (§3.8).
pub(crate) const ORIGINS: [&str; 6] = ["applied", "sourced", "referred", "university", "agency", "internal"];

/// The only events whose deliveries depend on the origin (§4.5).
const WITH_ORIGIN: [&str; 4] = ["applicationCreated", "candidateArchiveChange", "candidateHired", "candidateStageChange"];

/// The event of that name, with a lifetime that records can keep.
pub(crate) fn event_named(name: &str) -> Option<&'static str> {
    EVENTS.into_iter().find(|event| *event == name)
}

fn about(opportunity: &Opportunity) -> Value {
    json!({ "opportunityId": opportunity.id, "candidateId": opportunity.id, "contactId": opportunity.contact })
}

fn with(mut data: Value, more: Value) -> Value {
    if let (Some(data), Value::Object(more)) = (data.as_object_mut(), more) {
        data.extend(more);
    }
    data
}

fn told_of(opportunity: &Opportunity, event: &'static str, data: Value, at: i64) -> Happening {
    let confidential = opportunity.confidentiality == "confidential";
    Happening { event, data, origin: Some(opportunity.origin.clone()), confidential, at }
}

pub(crate) fn stage_change(opportunity: &Opportunity, from: Option<&str>, to: &str, at: i64) -> Happening {
    let data = with(about(opportunity), json!({ "fromStageId": from, "toStageId": to }));
    told_of(opportunity, "candidateStageChange", data, at)
}

pub(crate) fn archive_change(opportunity: &Opportunity, from: Option<&Archived>, at: i64) -> Happening {
    let show = |archived: Option<&Archived>| archived.map(|it| json!({ "archivedAt": it.at, "reason": it.reason }));
    let data =
        with(about(opportunity), json!({ "fromArchived": show(from), "toArchived": show(opportunity.archived.as_ref()) }));
    told_of(opportunity, "candidateArchiveChange", data, at)
}

pub(crate) fn hired(opportunity: &Opportunity, at: i64) -> Happening {
    told_of(opportunity, "candidateHired", about(opportunity), at)
}

pub(crate) fn deleted(opportunity: &Opportunity, by: &str, at: i64) -> Happening {
    let data = with(about(opportunity), json!({ "deletedBy": by }));
    Happening { origin: None, ..told_of(opportunity, "candidateDeleted", data, at) }
}

pub(crate) fn application_created(opportunity: &Opportunity, application: &str, at: i64) -> Happening {
    let data = with(about(opportunity), json!({ "applicationId": application }));
    told_of(opportunity, "applicationCreated", data, at)
}

/// `contactCreated` or `contactUpdated`; the name of the time's key is not known for certain (§4.2).
pub(crate) fn contact(event: &'static str, contact: &Contact, account: &str, at: i64) -> Happening {
    let key = if event == "contactCreated" { "createdAt" } else { "updatedAt" };
    let data = json!({ "contactId": contact.id, "accountId": account, key: at });
    Happening { event, data, origin: None, confidential: false, at }
}

fn hears(webhook: &Webhook, happening: &Happening) -> bool {
    webhook.event == happening.event
        && match &happening.origin {
            Some(origin) if WITH_ORIGIN.contains(&happening.event) => webhook.origins.contains(origin),
            _ => true,
        }
}

/// One parcel for each webhook that hears of the happening. Nothing while the event's group is switched off: a Super
/// Admin has to switch it on, and no API shows it (§3.8).
pub(crate) fn parcels(world: &mut World, happening: &Happening, faults: &Faults) -> Vec<Parcel> {
    let secret = happening.confidential && !faults.confidential_fires;
    if secret || !world.enabled_events.contains(happening.event) {
        return Vec::new();
    }
    let listeners: Vec<Webhook> = world.webhooks.iter().filter(|it| hears(it, happening)).cloned().collect();
    listeners.iter().map(|webhook| parcel(world, webhook, happening, faults.webhook_id)).collect()
}

fn parcel(world: &mut World, webhook: &Webhook, happening: &Happening, with_id: bool) -> Parcel {
    Parcel {
        service: Service::Lever,
        event: happening.event.to_owned(),
        url: webhook.url.clone(),
        content: Content::Signed {
            id: with_id.then(|| world.ids.uuid()),
            triggered_at: happening.at,
            token: world.ids.token(),
            key: webhook.signature_token.clone(),
            data: happening.data.clone(),
        },
    }
}

/// The sample delivery of the "Verify connection" button: signed, without an id, with empty data (§4.4). It goes out
/// whether or not the event's group is switched on.
pub(crate) fn verification(world: &mut World, webhook: &str, says_hired: bool) -> Option<Parcel> {
    let webhook = world.webhooks.iter().find(|it| it.id == webhook)?.clone();
    let event = if says_hired { "candidateHired" } else { webhook.event.as_str() };
    Some(Parcel {
        service: Service::Lever,
        event: event.to_owned(),
        url: webhook.url.clone(),
        content: Content::Signed {
            id: None,
            triggered_at: world.clock.now_ms(),
            token: world.ids.token(),
            key: webhook.signature_token,
            data: json!({}),
        },
    })
}
