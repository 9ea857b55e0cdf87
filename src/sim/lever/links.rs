//! POST …/addLinks and …/removeLinks (lever-api §3.1). Links belong to the contact; the answer shows the person.

use super::body::Body;
use super::opportunities::{changed, find};
use super::render::View;
use super::{Answer, Desk};

pub(super) fn add(desk: &mut Desk, id: &str) -> Answer {
    let contact = find(desk, id)?.contact.clone();
    let links = Body::read(desk.ask)?.required_texts("links")?;
    desk.world.add_links(&contact, &links);
    changed(desk, id, View::Written)
}

pub(super) fn remove(desk: &mut Desk, id: &str) -> Answer {
    let contact = find(desk, id)?.contact.clone();
    let links = Body::read(desk.ask)?.required_texts("links")?;
    desk.world.remove_links(&contact, &links);
    changed(desk, id, View::Written)
}
