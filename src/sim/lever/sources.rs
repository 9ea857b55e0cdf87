//! POST …/addSources and …/removeSources; GET /sources (lever-api §3.1, §3.7).

use std::collections::BTreeMap;

use serde_json::json;

use super::body::Body;
use super::opportunities::{changed, find};
use super::page::{in_order, page};
use super::render::View;
use super::{Answer, Desk};

pub(super) fn add(desk: &mut Desk, id: &str) -> Answer {
    find(desk, id)?;
    let sources = Body::read(desk.ask)?.required_texts("sources")?;
    desk.world.add_sources(id, &sources);
    changed(desk, id, View::Blanked)
}

/// A source that is not there is no fault.
pub(super) fn remove(desk: &mut Desk, id: &str) -> Answer {
    find(desk, id)?;
    let sources = Body::read(desk.ask)?.required_texts("sources")?;
    let now = desk.world.clock.now_ms();
    if let Some(it) = desk.world.opportunities.get_mut(id) {
        it.sources.retain(|source| !sources.contains(source));
        it.updated_at = now;
    }
    changed(desk, id, View::Blanked)
}

/// The sources in use, with how often.
pub(super) fn list(desk: &mut Desk) -> Answer {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for source in desk.world.opportunities.values().flat_map(|it| &it.sources) {
        *counts.entry(source).or_default() += 1;
    }
    let rows = counts.into_iter().map(|(text, count)| json!({ "text": text, "count": count }));
    page(desk.ask, in_order(rows.collect::<Vec<_>>()))
}
