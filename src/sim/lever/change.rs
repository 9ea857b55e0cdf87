//! What can happen to an opportunity, whoever does it. Each change sets the stamps that Lever was seen to set
//! (lever-api §3.1) and notes what webhooks may be told.

use super::events;
use super::record::{Application, Archived, Comment, Contact, Deleted, Note, Opportunity, Phone, StageChange};
use super::world::World;

/// A new opportunity. Everything but the name may be left out.
#[derive(Debug, Default)]
pub(crate) struct NewOpportunity {
    pub(crate) name: String,
    pub(crate) headline: String,
    pub(crate) location: String,
    pub(crate) emails: Vec<String>,
    pub(crate) phones: Vec<Phone>,
    pub(crate) links: Vec<String>,
    pub(crate) tags: Vec<String>,
    pub(crate) sources: Vec<String>,
    pub(crate) stage: Option<String>,
    pub(crate) origin: Option<String>,
    pub(crate) posting: Option<String>,
    pub(crate) contact: Option<String>,
    pub(crate) confidentiality: Option<String>,
    pub(crate) created_at: Option<i64>,
    /// The user who adds it; absent when the candidate applied.
    pub(crate) user: Option<String>,
}

impl World {
    /// Adds an opportunity and, unless the contact is known, a contact. Gives its id and whether a contact was reused.
    pub(crate) fn create(&mut self, new: NewOpportunity, fires_stage_change: bool) -> (String, bool) {
        let now = self.clock.now_ms();
        let at = new.created_at.unwrap_or(now);
        let known = match &new.contact {
            Some(id) => self.contacts.get(id),
            None => self.contact_with_email(&new.emails),
        };
        let known = known.map(|contact| contact.id.clone());
        let deduped = known.is_some();
        let contact = if let Some(id) = known { id } else { self.add_contact(&new, now) };
        let id = self.ids.uuid();
        let application = new.posting.as_ref().map(|posting| Application {
            id: self.ids.uuid(),
            kind: if new.user.is_some() { "user" } else { "posting" }.to_owned(),
            posting: posting.clone(),
            user: new.user.clone(),
            created_at: at,
        });
        let stage = new.stage.unwrap_or_else(|| "lead-new".to_owned());
        let owner = new.user.clone().unwrap_or_else(|| self.recruiter());
        let mut opportunity = Opportunity {
            id: id.clone(),
            contact,
            stage: stage.clone(),
            confidentiality: new.confidentiality.unwrap_or_else(|| "non-confidential".to_owned()),
            archived: None,
            tags: Vec::new(),
            own_tags: new.tags.iter().cloned().collect(),
            sources: new.sources,
            stage_changes: vec![StageChange { to: stage.clone(), index: self.stage_index(&stage), at, user: new.user.clone() }],
            origin: new.origin.unwrap_or_else(|| "sourced".to_owned()),
            sourced_by: new.user,
            owner: owner.clone(),
            followers: vec![owner],
            application,
            created_at: at,
            updated_at: now + 1,
            last_interaction_at: at,
            last_advanced_at: at,
            notes: Vec::new(),
            files: Vec::new(),
            forms: Vec::new(),
            feedback: Vec::new(),
        };
        let inherited = new.posting.as_deref().and_then(|id| self.posting(id)).map(super::record::Posting::inherited_tags);
        for tag in new.tags.into_iter().chain(inherited.unwrap_or_default()) {
            if !opportunity.tags.contains(&tag) {
                opportunity.tags.push(tag);
            }
        }
        if let Some(application) = &opportunity.application {
            self.happened.push(events::application_created(&opportunity, &application.id, now));
        }
        if fires_stage_change {
            self.happened.push(events::stage_change(&opportunity, None, &stage, now));
        }
        self.opportunities.insert(id.clone(), opportunity);
        (id, deduped)
    }

    fn add_contact(&mut self, new: &NewOpportunity, now: i64) -> String {
        let contact = Contact {
            id: self.ids.uuid(),
            name: new.name.clone(),
            headline: new.headline.clone(),
            location: new.location.clone(),
            emails: new.emails.clone(),
            phones: new.phones.clone(),
            links: new.links.clone(),
        };
        let id = contact.id.clone();
        self.happened.push(events::contact("contactCreated", &contact, &self.account, now));
        self.contacts.insert(id.clone(), contact);
        id
    }

    /// Moves to a stage. An archived opportunity moves too and stays archived. To the stage where it is: nothing happens,
    /// unless `even_if_there`.
    pub(crate) fn move_stage(&mut self, id: &str, to: &str, user: Option<String>, even_if_there: bool) {
        let at = self.clock.now_ms();
        let index = self.stage_index(to);
        let Some(opportunity) = self.opportunities.get_mut(id) else {
            return;
        };
        if opportunity.stage == to && !even_if_there {
            return;
        }
        let from = std::mem::replace(&mut opportunity.stage, to.to_owned());
        opportunity.stage_changes.push(StageChange { to: to.to_owned(), index, at, user });
        opportunity.last_advanced_at = at;
        opportunity.last_interaction_at = at;
        opportunity.updated_at = at + 1;
        self.happened.push(events::stage_change(opportunity, Some(&from), to, at));
    }

    /// Archives with a reason, or takes out of the archive without one.
    pub(crate) fn archive(&mut self, id: &str, reason: Option<String>) {
        let at = self.clock.now_ms();
        let hired = reason.as_deref().and_then(|id| self.archive_reason(id)).is_some_and(|reason| reason.hired);
        let Some(opportunity) = self.opportunities.get_mut(id) else {
            return;
        };
        let before = opportunity.archived.take();
        opportunity.archived = reason.map(|reason| Archived { reason, at });
        opportunity.last_interaction_at = at;
        opportunity.updated_at = at;
        if before.is_none() && opportunity.archived.is_none() {
            return;
        }
        self.happened.push(events::archive_change(opportunity, before.as_ref(), at));
        if hired {
            self.happened.push(events::hired(opportunity, at));
        }
    }

    /// Adds tags at the end; those already there keep their place.
    pub(crate) fn add_tags(&mut self, id: &str, tags: &[String]) {
        let at = self.clock.now_ms();
        let Some(opportunity) = self.opportunities.get_mut(id) else {
            return;
        };
        for tag in tags {
            opportunity.own_tags.insert(tag.clone());
            if !opportunity.tags.contains(tag) {
                opportunity.tags.push(tag.clone());
                opportunity.updated_at = at;
            }
        }
    }

    /// Removes tags, inherited ones too; absent ones are no fault.
    pub(crate) fn remove_tags(&mut self, id: &str, tags: &[String]) {
        let at = self.clock.now_ms();
        let Some(opportunity) = self.opportunities.get_mut(id) else {
            return;
        };
        let before = opportunity.tags.len();
        opportunity.tags.retain(|tag| !tags.contains(tag));
        opportunity.own_tags.retain(|tag| !tags.contains(tag));
        if opportunity.tags.len() != before {
            opportunity.updated_at = at;
        }
    }

    /// Adds links to the contact, so to all its opportunities. `updatedAt` was seen not to move.
    pub(crate) fn add_links(&mut self, contact: &str, links: &[String]) {
        let Some(contact) = self.contacts.get_mut(contact) else {
            return;
        };
        for link in links {
            if !contact.links.contains(link) {
                contact.links.push(link.clone());
            }
        }
    }

    pub(crate) fn remove_links(&mut self, contact: &str, links: &[String]) {
        if let Some(contact) = self.contacts.get_mut(contact) {
            contact.links.retain(|link| !links.contains(link));
        }
    }

    /// Writes a note, or a comment under the note `thread`. Gives the note and the place of the comment in it. Lever was
    /// seen to move `updatedAt` and `lastInteractionAt` a moment after the note's own stamp.
    pub(crate) fn add_note(&mut self, id: &str, new: NewNote) -> Option<(&Note, usize)> {
        let now = self.clock.now_ms();
        let note_id = self.ids.uuid();
        let created_at = new.created_at.unwrap_or(now);
        let opportunity = self.opportunities.get_mut(id)?;
        let comment = Comment {
            value: new.value,
            user: new.user.clone(),
            score: new.score,
            stage: opportunity.stage.clone(),
            created_at,
        };
        opportunity.updated_at = now + 1;
        opportunity.last_interaction_at = now + 1;
        if let Some(thread) = new.thread {
            let note = opportunity.notes.iter_mut().find(|note| note.id == thread)?;
            note.comments.push(comment);
            return Some((note, note.comments.len() - 1));
        }
        opportunity.notes.push(Note {
            id: note_id,
            comments: vec![comment],
            user: new.user,
            secret: new.secret,
            created_at,
            by_api: new.by_api,
        });
        opportunity.notes.last().map(|note| (note, 0))
    }

    /// Changes what hangs on an opportunity and stamps it. Recorded for feedback, a millisecond after its own stamp; taken to
    /// be so for forms and files.
    pub(crate) fn touch(&mut self, id: &str, at: i64, change: impl FnOnce(&mut Opportunity)) {
        if let Some(opportunity) = self.opportunities.get_mut(id) {
            change(opportunity);
            opportunity.updated_at = at;
            opportunity.last_interaction_at = at;
        }
    }

    /// Adds sources at the end; those already there keep their place.
    pub(crate) fn add_sources(&mut self, id: &str, sources: &[String]) {
        let at = self.clock.now_ms();
        let Some(opportunity) = self.opportunities.get_mut(id) else {
            return;
        };
        for source in sources {
            if !opportunity.sources.contains(source) {
                opportunity.sources.push(source.clone());
                opportunity.updated_at = at;
            }
        }
    }

    pub(crate) fn delete(&mut self, id: &str, by: &str) {
        let at = self.clock.now_ms();
        if let Some(opportunity) = self.opportunities.remove(id) {
            self.happened.push(events::deleted(&opportunity, by, at));
            self.deleted.push(Deleted { id: opportunity.id, at, by: by.to_owned() });
        }
    }

    /// Tells that a contact has changed.
    pub(crate) fn contact_changed(&mut self, id: &str) {
        let at = self.clock.now_ms();
        if let Some(contact) = self.contacts.get(id) {
            self.happened.push(events::contact("contactUpdated", contact, &self.account, at));
        }
    }
}

/// A note to write.
#[derive(Debug, Default)]
pub(crate) struct NewNote {
    pub(crate) value: String,
    pub(crate) user: Option<String>,
    pub(crate) score: Option<i64>,
    pub(crate) secret: bool,
    pub(crate) created_at: Option<i64>,
    pub(crate) thread: Option<String>,
    pub(crate) by_api: bool,
}
