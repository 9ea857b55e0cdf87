//! What people do in Lever: recruiters, candidates who apply, Super Admins.

use serde::Deserialize;
use serde_json::Value;

use super::{Control, ControlError};
use crate::sim::lever::{self, Happening, NewNote, ORIGINS, Phone, Posting, Stage, User, World, event_named, verification};

/// A candidate to add. Without `by` and with a posting: the candidate applied.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
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
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
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

    /// Adds a stage before the offer, or after another one; gives its id.
    pub fn create_stage(&self, text: &str, after: Option<&str>) -> Result<String, ControlError> {
        self.act(|state| {
            let world = &mut state.lever;
            let after = match after {
                Some(name) => stage_id(world, name)?,
                None => world.stages.iter().rev().nth(1).map(|stage| stage.id.clone()).unwrap_or_default(),
            };
            let at = world.stage_index(&after);
            let rank = world.stage(&after).map_or(1, |stage| stage.rank + 1);
            let id = world.ids.uuid();
            world.stages.insert(at + 1, Stage { id: id.clone(), text: text.to_owned(), rank });
            Ok(id)
        })
    }

    pub fn rename_stage(&self, stage: &str, text: &str) -> Result<(), ControlError> {
        self.act(|state| {
            let id = stage_id(&state.lever, stage)?;
            if let Some(stage) = state.lever.stages.iter_mut().find(|stage| stage.id == id) {
                text.clone_into(&mut stage.text);
            }
            Ok(())
        })
    }

    /// Adds a user with a role such as `admin` or `interviewer`; gives the id.
    pub fn create_user(&self, name: &str, email: &str, role: &str) -> String {
        self.act(|state| {
            let world = &mut state.lever;
            let (id, created_at) = (world.ids.uuid(), world.clock.now_ms());
            let (name, email, access_role) = (name.to_owned(), email.to_owned(), role.to_owned());
            world.users.push(User { id: id.clone(), name, email, access_role, created_at, deactivated_at: None });
            id
        })
    }

    pub fn deactivate_user(&self, user: &str) -> Result<(), ControlError> {
        self.act(|state| {
            let world = &mut state.lever;
            let (id, now) = (user_id(world, user)?, world.clock.now_ms());
            if let Some(user) = world.users.iter_mut().find(|user| user.id == id) {
                user.deactivated_at = Some(now);
            }
            Ok(())
        })
    }

    /// Adds an API key or access token with the scopes given, or with all.
    pub fn add_credential(&self, key: &str, scopes: Option<Vec<String>>) {
        self.shared.state().lever.access.grant(key, scopes);
    }

    pub fn revoke_credential(&self, key: &str) {
        self.shared.state().lever.access.revoke(key);
    }

    /// A Super Admin switches event groups on or off; an empty list means all.
    pub fn switch_webhooks(&self, events: &[String], on: bool) -> Result<(), ControlError> {
        let all = lever::EVENTS.map(str::to_owned);
        let events = if events.is_empty() { all.as_slice() } else { events };
        let mut state = self.shared.state();
        for name in events {
            let event = known_event(name)?;
            if on {
                state.lever.enabled_events.insert(event);
            } else {
                state.lever.enabled_events.remove(event);
            }
        }
        Ok(())
    }

    /// A Super Admin registers a webhook in the interface; gives its id and its signature token.
    pub fn create_webhook(&self, event: &str, url: &str) -> Result<(String, String), ControlError> {
        let event = known_event(event)?;
        let webhook = self.shared.state().lever.register_webhook(event, url, ORIGINS.map(str::to_owned).into(), false);
        Ok((webhook.id, webhook.signature_token))
    }

    /// Presses "Verify connection"; gives the id of the delivery.
    pub fn verify_webhook(&self, webhook: &str) -> Result<u64, ControlError> {
        let mut state = self.shared.state();
        let state = &mut *state;
        let parcel = verification(&mut state.lever, webhook, state.faults.verify_says_hired);
        let parcel = parcel.ok_or(ControlError::Unknown { kind: "webhook", name: webhook.to_owned() })?;
        let leaving = state.deliveries.take_in(vec![parcel], &state.faults);
        self.shared.post().send(leaving);
        Ok(state.deliveries.all().last().map_or(0, |delivery| delivery.id))
    }

    /// Fires an event with data of the caller's choice, also those of things that are not simulated. Conditions on the
    /// origin apply when one is given.
    pub fn emit(&self, event: &str, data: Value, origin: Option<String>) -> Result<(), ControlError> {
        let event = known_event(event)?;
        self.act(|state| {
            let at = state.lever.clock.now_ms();
            state.lever.happened.push(Happening { event, data, origin, at });
        });
        Ok(())
    }

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

fn known_event(name: &str) -> Result<&'static str, ControlError> {
    event_named(name).ok_or_else(|| ControlError::Unknown { kind: "webhook event", name: name.to_owned() })
}

fn stage_id(world: &World, name: &str) -> Result<String, ControlError> {
    named("stage", name, world.stages.iter().map(|it| (it.id.as_str(), vec![it.text.as_str()])))
}

fn posting_id(world: &World, name: &str) -> Result<String, ControlError> {
    named("posting", name, world.postings.iter().map(|it| (it.id.as_str(), vec![it.text.as_str()])))
}

fn user_id(world: &World, name: &str) -> Result<String, ControlError> {
    named("user", name, world.users.iter().map(|it| (it.id.as_str(), vec![it.name.as_str(), it.email.as_str()])))
}

fn opportunity_id(world: &World, name: &str) -> Result<String, ControlError> {
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
fn named<'a>(
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
