//! Callbacks to the address that the invitation named: unsigned, in PascalCase.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::report::{category, points};
use super::{World, number, refused, status};
use crate::sim::delivery::{Content, Parcel};
use crate::sim::log::Service;
use crate::sim::vendors::book::{Phase, Take};
use crate::sim::wire::{Ask, Reply};

/// Queues the callback of a take, if it has an address.
pub(super) fn call(world: &mut World, at: usize) {
    let Some(take) = world.book.takes.get(at) else { return };
    let Some(url) = take.callback.clone() else { return };
    let parcel = Parcel {
        service: Service::Vendor(world.book.vendor),
        event: status(take).to_owned(),
        url,
        content: Content::Plain(body(world, take)),
    };
    world.pending.push(parcel);
}

/// Both scores are 0 while the test is in progress.
fn body(world: &World, take: &Take) -> Value {
    let over = take.phase > Phase::Started;
    let attempted = Timestamp::from_millisecond(take.started_at.unwrap_or(take.changed_at)).unwrap_or(Timestamp::UNIX_EPOCH);
    json!({
        "CandidateEmailId": take.email,
        "AttemptedOn": attempted.strftime("%d-%b-%Y %I:%M %p").to_string(),
        "TotalScore": if over { world.switches.total_points } else { 0 },
        "CandidateScore": if over { points(world, take) } else { 0 },
        "ReportPDFUrl": over.then(|| super::report::address(world, take)),
        "TestInvitationId": number(&take.id),
        "Status": status(take),
        "AttemptedOnUtc": attempted.strftime("%Y-%m-%dT%H:%M:%S").to_string(),
        "PerformanceCategory": over.then(|| category(take)),
    })
}

/// Sends callbacks again, of at most 100 invitations. One that has told nothing yet has failed.
pub(super) fn process(world: &mut World, ask: &Ask, _: &[&str]) -> Reply {
    let body = ask.object().unwrap_or_default();
    let Some(ids) = body.get("testinvitationIds").and_then(Value::as_array).filter(|ids| ids.len() <= 100) else {
        return refused("'testinvitationIds' must be a list of at most 100.");
    };
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for id in ids {
        let found = world.book.take(&id.to_string()).filter(|(_, it)| it.phase >= Phase::Started && it.callback.is_some());
        match found.map(|(at, _)| at) {
            Some(at) => {
                call(world, at);
                successful.push(id.clone());
            }
            None => failed.push(id.clone()),
        }
    }
    Reply::ok(json!({ "result": { "testinvitationIds": { "successful": successful, "failed": failed } }, "errors": null }))
}
