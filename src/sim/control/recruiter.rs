//! What recruiters do in Lever, and candidates who apply.

use schemars::JsonSchema;
use serde::Deserialize;

use super::names::{named, opportunity_id, posting_id, stage_id, user_id};
use super::{Control, ControlError};
use crate::sim::lever::{self, NewNote, ORIGINS, Phone, Posting};

/// A candidate to add. Without `by` and with a posting: the candidate applied.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewOpportunity {
    pub name: String,
    pub email: Option<String>,
    pub phone: Option<String>,
    pub headline: String,
    pub location: String,
    pub links: Vec<String>,
    pub tags: Vec<String>,
    pub sources: Vec<String>,
    /// Id or title; else `applicant-new` with a posting, `lead-new` without.
    pub stage: Option<String>,
    /// Id or title.
    pub posting: Option<String>,
    /// One of Lever's six; else `applied` with a posting, `sourced` without.
    pub origin: Option<String>,
    /// The user who adds the candidate, by id, name or address.
    pub by: Option<String>,
    pub confidential: bool,
}

/// A posting to add.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct NewPosting {
    pub title: String,
    pub tags: Vec<String>,
    pub team: String,
    pub department: String,
    pub location: String,
    pub commitment: String,
    pub confidential: bool,
}

/// What to change on a posting; what is absent stays.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct PostingChange {
    pub title: Option<String>,
    pub tags: Option<Vec<String>>,
    pub team: Option<String>,
    pub department: Option<String>,
    pub location: Option<String>,
    pub commitment: Option<String>,
}

impl Control {
    /// Adds a posting; gives its id.
    pub fn create_posting(&self, new: NewPosting) -> String {
        self.act(|state| {
            let world = &mut state.lever;
            let now = world.clock.now_ms();
            let id = world.ids.uuid();
            let owner = world.recruiter();
            world.postings.push(Posting {
                id: id.clone(),
                text: new.title,
                state: "published".to_owned(),
                owner,
                hiring_manager: None,
                team: new.team,
                department: new.department,
                location: new.location,
                commitment: new.commitment,
                tags: new.tags,
                confidentiality: if new.confidential { "confidential" } else { "non-confidential" }.to_owned(),
                created_at: now,
                updated_at: now,
            });
            id
        })
    }

    /// Saves a posting; its opportunities gain and lose tags with it.
    pub fn update_posting(&self, posting: &str, change: PostingChange) -> Result<(), ControlError> {
        self.act(|state| {
            let id = posting_id(&state.lever, posting)?;
            state.lever.save_posting(&id, state.faults.posting_save_restores_tags, |posting| {
                let set = |field: &mut String, value: Option<String>| {
                    if let Some(value) = value {
                        *field = value;
                    }
                };
                set(&mut posting.text, change.title);
                set(&mut posting.team, change.team);
                set(&mut posting.department, change.department);
                set(&mut posting.location, change.location);
                set(&mut posting.commitment, change.commitment);
                if let Some(tags) = change.tags {
                    posting.tags = tags;
                }
            });
            Ok(())
        })
    }

    /// Adds a candidate; gives the opportunity's id.
    pub fn create_opportunity(&self, new: NewOpportunity) -> Result<String, ControlError> {
        self.act(|state| {
            let world = &mut state.lever;
            let posting = new.posting.map(|name| posting_id(world, &name)).transpose()?;
            let (stage, origin) = if posting.is_some() { ("applicant-new", "applied") } else { ("lead-new", "sourced") };
            let stage = match new.stage {
                Some(name) => stage_id(world, &name)?,
                None => stage.to_owned(),
            };
            let origin = new.origin.unwrap_or_else(|| origin.to_owned());
            if !ORIGINS.contains(&origin.as_str()) {
                return Err(ControlError::Wrong(format!("`{origin}` is not an origin; Lever has {ORIGINS:?}")));
            }
            let user = new.by.map(|name| user_id(world, &name)).transpose()?;
            let confidentiality = new.confidential.then(|| "confidential".to_owned());
            let (id, _) = world.create(
                lever::NewOpportunity {
                    name: new.name,
                    headline: new.headline,
                    location: new.location,
                    emails: new.email.into_iter().collect(),
                    phones: new.phone.map(|value| Phone { kind: "mobile".into(), value }).into_iter().collect(),
                    links: new.links,
                    tags: new.tags,
                    sources: new.sources,
                    stage: Some(stage),
                    origin: Some(origin),
                    posting,
                    contact: None,
                    confidentiality,
                    created_at: None,
                    user,
                },
                state.faults.creation_fires_stage_change,
            );
            Ok(id)
        })
    }

    /// Moves a candidate as a recruiter does, always as a stage change.
    pub fn move_stage(&self, opportunity: &str, stage: &str) -> Result<(), ControlError> {
        self.act(|state| {
            let world = &mut state.lever;
            let (id, stage) = (opportunity_id(world, opportunity)?, stage_id(world, stage)?);
            let user = world.recruiter();
            world.move_stage(&id, &stage, Some(user), false);
            Ok(())
        })
    }

    pub fn add_tags(&self, opportunity: &str, tags: &[String]) -> Result<(), ControlError> {
        self.act(|state| {
            let id = opportunity_id(&state.lever, opportunity)?;
            state.lever.add_tags(&id, tags);
            Ok(())
        })
    }

    pub fn remove_tags(&self, opportunity: &str, tags: &[String]) -> Result<(), ControlError> {
        self.act(|state| {
            let id = opportunity_id(&state.lever, opportunity)?;
            state.lever.remove_tags(&id, tags);
            Ok(())
        })
    }

    /// Archives with a reason, by id or text; without one takes out of the archive.
    pub fn archive(&self, opportunity: &str, reason: Option<&str>) -> Result<(), ControlError> {
        self.act(|state| {
            let world = &mut state.lever;
            let id = opportunity_id(world, opportunity)?;
            let reasons = world.archive_reasons.iter().map(|it| (it.id.as_str(), vec![it.text.as_str()]));
            let reason = reason.map(|name| named("archive reason", name, reasons)).transpose()?;
            world.archive(&id, reason);
            Ok(())
        })
    }

    /// A recruiter writes a note, which the API can read and not change.
    pub fn add_note(&self, opportunity: &str, text: &str) -> Result<(), ControlError> {
        self.act(|state| {
            let world = &mut state.lever;
            let id = opportunity_id(world, opportunity)?;
            let user = Some(world.recruiter());
            world.add_note(&id, NewNote { value: text.to_owned(), user, ..NewNote::default() });
            Ok(())
        })
    }

    pub fn delete_opportunity(&self, opportunity: &str) -> Result<(), ControlError> {
        self.act(|state| {
            let id = opportunity_id(&state.lever, opportunity)?;
            let by = state.lever.recruiter();
            state.lever.delete(&id, &by);
            Ok(())
        })
    }

    /// Changes the candidate's address on the contact.
    pub fn set_email(&self, opportunity: &str, email: Option<&str>) -> Result<(), ControlError> {
        self.act(|state| {
            let world = &mut state.lever;
            let id = opportunity_id(world, opportunity)?;
            let contact = world.opportunities.get(&id).map(|it| it.contact.clone()).unwrap_or_default();
            if let Some(kept) = world.contacts.get_mut(&contact) {
                kept.emails = email.into_iter().map(str::to_owned).collect();
            }
            world.contact_changed(&contact);
            Ok(())
        })
    }
}
