//! Team candidates: read, approve, reject. A decision is about the person, not about one assessment.

use super::world::World;
use super::{Answer, VendorError, render};
use crate::sim::wire::{Ask, Reply};

pub(super) fn get(world: &mut World, _ask: &Ask, id: &str) -> Answer {
    let candidate = world.candidates.get(id).ok_or_else(|| VendorError::not_found("TeamCandidate"))?;
    Ok(Reply::ok(render::single(world, "TeamCandidate", render::candidate(world, candidate))))
}

pub(super) fn approve(world: &mut World, ask: &Ask, id: &str) -> Answer {
    world.decide(id, "approved");
    get(world, ask, id)
}

pub(super) fn reject(world: &mut World, ask: &Ask, id: &str) -> Answer {
    world.decide(id, "rejected");
    get(world, ask, id)
}
