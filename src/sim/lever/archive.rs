//! PUT /opportunities/:id/archived (lever-api §3.1): a reason archives, null takes out of the archive.

use super::body::Body;
use super::error::LeverError;
use super::opportunities::{changed, find};
use super::render::View;
use super::{Answer, Desk};

pub(super) fn archived(desk: &mut Desk, id: &str) -> Answer {
    find(desk, id)?;
    let body = Body::read(desk.ask)?;
    if !body.has("reason") {
        return Err(LeverError::bad_request("Missing required parameter: reason"));
    }
    let reason = body.text("reason")?;
    if let Some(reason) = reason.as_ref().filter(|reason| desk.world.archive_reason(reason).is_none()) {
        return Err(LeverError::bad_request(format!("archive reason {reason} was not found")));
    }
    desk.world.archive(id, reason);
    changed(desk, id, View::Blanked)
}
