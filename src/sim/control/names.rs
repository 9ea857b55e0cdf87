//! Finding records by what people call them.

use super::{Control, ControlError};
use crate::sim::lever::World;

impl Control {
    /// The id of a stage, by id or title.
    pub fn stage_id(&self, name: &str) -> Result<String, ControlError> {
        stage_id(&self.shared.state().lever, name)
    }

    /// The id of a user, by id, name or address.
    pub fn user_id(&self, name: &str) -> Result<String, ControlError> {
        user_id(&self.shared.state().lever, name)
    }

    /// The id of an opportunity, by id, the candidate's name or address.
    pub fn opportunity_id(&self, name: &str) -> Result<String, ControlError> {
        opportunity_id(&self.shared.state().lever, name)
    }
}

pub(super) fn stage_id(world: &World, name: &str) -> Result<String, ControlError> {
    named("stage", name, world.stages.iter().map(|it| (it.id.as_str(), vec![it.text.as_str()])))
}

pub(super) fn posting_id(world: &World, name: &str) -> Result<String, ControlError> {
    named("posting", name, world.postings.iter().map(|it| (it.id.as_str(), vec![it.text.as_str()])))
}

pub(super) fn user_id(world: &World, name: &str) -> Result<String, ControlError> {
    named("user", name, world.users.iter().map(|it| (it.id.as_str(), vec![it.name.as_str(), it.email.as_str()])))
}

pub(super) fn opportunity_id(world: &World, name: &str) -> Result<String, ControlError> {
    if world.opportunities.contains_key(name) {
        return Ok(name.to_owned());
    }
    let rows = world.opportunities.values().map(|it| {
        let contact = world.contact_of(it);
        let names = contact.into_iter().flat_map(|it| it.emails.iter().map(String::as_str).chain([it.name.as_str()]));
        (it.id.as_str(), names.collect())
    });
    named("opportunity", name, rows)
}

/// The id of the only record with this id or one of its names.
pub(super) fn named<'a>(
    kind: &'static str,
    name: &str,
    rows: impl Iterator<Item = (&'a str, Vec<&'a str>)>,
) -> Result<String, ControlError> {
    let mut found = rows.filter(|(id, names)| *id == name || names.contains(&name)).map(|(id, _)| id.to_owned());
    match (found.next(), found.next()) {
        (Some(id), None) => Ok(id),
        (Some(_), Some(_)) => Err(ControlError::Ambiguous { kind, name: name.to_owned() }),
        (None, _) => Err(ControlError::Unknown { kind, name: name.to_owned() }),
    }
}
