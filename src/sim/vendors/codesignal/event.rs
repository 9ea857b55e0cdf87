//! Events and the signature, which does not cover the body.

use reqwest::Method;
use serde_json::{Value, json};

use super::{World, session};
use crate::sim::delivery::{Content, Headers, Parcel, Sealed};
use crate::sim::log::Service;
use crate::sim::vendors::seal::hmac_sha256_hex;

/// Queues an event about a session for every endpoint.
pub(super) fn tell(world: &mut World, at: usize, event: &str) {
    let Some(take) = world.book.takes.get(at) else { return };
    let mut payload = json!({
        "testSessionId": take.id,
        "testId": take.test,
        "testTitle": world.book.title_of(take),
        "candidateEmail": take.email,
        "candidateName": take.name,
    });
    let mut more = |name: &str, value: Value| {
        if let Some(payload) = payload.as_object_mut() {
            payload.insert(name.to_owned(), value);
        }
    };
    if let Some(reference) = &take.reference {
        more("externalId", json!(reference));
    }
    if let Some(score) = take.score {
        more("score", json!(score * session::MAX / 100.0));
        more("maxScore", json!(session::MAX));
        more("duration", json!(take.completed_at.zip(take.started_at).map(|(end, start)| end - start)));
        more("url", json!(session::report(world, take)));
    }
    match event {
        "preScreenExpired" => more("expiredReason", json!("testNotTaken")),
        "preScreenResultNotVerified" => more("rejectedReasons", json!([take.reason])),
        _ => {}
    }
    let body = json!({ "event": event, "triggeredOn": take.changed_at, "payload": payload });
    for url in &world.endpoints {
        world.pending.push(parcel(world.book.vendor, &world.book.webhook_secret, event, url, body.clone()));
    }
}

/// The empty body that a new endpoint has to answer with 200.
pub(super) fn try_out(world: &mut World, url: &str) {
    world.pending.push(parcel(world.book.vendor, &world.book.webhook_secret, "", url, Value::Null));
}

fn parcel(vendor: &'static str, secret: &str, event: &str, url: &str, body: Value) -> Parcel {
    let sealed = Sealed { method: Method::POST, id: String::new(), body, secret: secret.to_owned(), seal: signature };
    Parcel { service: Service::Vendor(vendor), event: event.to_owned(), url: url.to_owned(), content: Content::Sealed(sealed) }
}

/// `X-CodeSignal-Signature`: over the address, the event and its time.
fn signature(sealed: &Sealed, url: &str, _: &str, _: i64) -> Headers {
    let (Some(event), Some(time)) = (sealed.body.get("event").and_then(Value::as_str), sealed.body.get("triggeredOn")) else {
        return Vec::new();
    };
    vec![("x-codesignal-signature", hmac_sha256_hex(&sealed.secret, &format!("{url}{event}{time}")))]
}
