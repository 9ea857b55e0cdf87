//! PUT /opportunities/:id/stage (lever-api §3.1). Works on archived opportunities too and leaves them archived.

use super::body::Body;
use super::error::LeverError;
use super::opportunities::{changed, find};
use super::render::View;
use super::{Answer, Desk};

pub(super) fn stage(desk: &mut Desk, id: &str) -> Answer {
    find(desk, id)?;
    let to = Body::read(desk.ask)?.required_text("stage")?;
    if desk.world.stage(&to).is_none() {
        return Err(LeverError::bad_request(format!("stage {to} was not found")));
    }
    desk.world.move_stage(id, &to, desk.user.clone(), desk.faults.same_stage_put_fires);
    changed(desk, id, View::Blanked)
}
