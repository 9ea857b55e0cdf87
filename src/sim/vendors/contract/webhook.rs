//! Events of the contract, signed as Standard Webhooks say.

use reqwest::Method;
use serde_json::json;

use super::{World, invitation};
use crate::sim::clock::iso;
use crate::sim::delivery::{Content, Headers, Parcel, Sealed};
use crate::sim::log::Service;
use crate::sim::vendors::seal::standard_webhooks;

/// Queues an event about a take.
pub(super) fn tell(world: &mut World, at: usize, word: &str) {
    let Some(take) = world.book.takes.get(at) else { return };
    let event = format!("invitation.{word}");
    let body = json!({ "type": event, "at": iso(take.changed_at), "invitation": invitation::shown(world, take) });
    let id = format!("msg_{}", world.book.ids.object_id());
    let parcel = |url: &String| Parcel {
        service: Service::Vendor(world.book.vendor),
        event: event.clone(),
        url: url.clone(),
        content: Content::Sealed(Sealed {
            method: Method::POST,
            id: id.clone(),
            body: body.clone(),
            secret: world.book.webhook_secret.clone(),
            seal: signature,
        }),
    };
    let parcels: Vec<Parcel> = world.webhooks.iter().map(parcel).collect();
    world.pending.extend(parcels);
}

fn signature(sealed: &Sealed, _url: &str, body: &str, now: i64) -> Headers {
    standard_webhooks(&sealed.secret, &sealed.id, now / 1_000, body)
}
