//! POST …/addTags and …/removeTags; GET /tags (lever-api §3.1, §3.7).

use std::collections::BTreeMap;

use serde_json::json;

use super::body::Body;
use super::opportunities::{changed, find};
use super::page::{in_order, page};
use super::render::View;
use super::{Answer, Desk};

pub(super) fn add(desk: &mut Desk, id: &str) -> Answer {
    find(desk, id)?;
    let tags = Body::read(desk.ask)?.required_texts("tags")?;
    desk.world.add_tags(id, &tags);
    changed(desk, id, View::Blanked)
}

/// A tag that is not there is no fault.
pub(super) fn remove(desk: &mut Desk, id: &str) -> Answer {
    find(desk, id)?;
    let tags = Body::read(desk.ask)?.required_texts("tags")?;
    desk.world.remove_tags(id, &tags);
    changed(desk, id, View::Blanked)
}

/// The tags in use, with how often, sorted without regard to case.
pub(super) fn list(desk: &mut Desk) -> Answer {
    let mut counts: BTreeMap<(String, &str), usize> = BTreeMap::new();
    for tag in desk.world.opportunities.values().flat_map(|it| &it.tags) {
        *counts.entry((tag.to_lowercase(), tag.as_str())).or_default() += 1;
    }
    let rows = counts.into_iter().map(|((_, text), count)| json!({ "text": text, "count": count }));
    page(desk.ask, in_order(rows.collect::<Vec<_>>()))
}
