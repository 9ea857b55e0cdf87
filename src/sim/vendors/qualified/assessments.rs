//! GET /assessments: the catalogue, with drafts and archived ones in it.

use super::world::World;
use super::{Answer, page, render};
use crate::sim::wire::Ask;

pub(super) fn list(world: &mut World, ask: &Ask) -> Answer {
    let rows = world.assessments.iter().map(|it| render::assessment(world, it)).collect();
    page(world, ask, "Assessment", rows)
}
