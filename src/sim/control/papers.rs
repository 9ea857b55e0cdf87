//! What hangs on an opportunity: files, profile forms, feedback; and the templates that a Super Admin makes for them.

use axum::body::Bytes;
use serde::Serialize;
use serde_json::Value;

use super::names::{named, opportunity_id};
use super::{Control, ControlError};
use crate::sim::lever::{ArchiveReason, File, NewTemplate, Purpose, Template, World, shown};

/// A file on an opportunity.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StoredFile {
    pub id: String,
    pub name: String,
    pub content_type: String,
    pub size: usize,
    /// Who uploaded it, by id.
    pub user: Option<String>,
}

impl Control {
    /// Makes a template of profile forms; gives its id.
    pub fn create_form_template(&self, new: NewTemplate) -> Result<String, ControlError> {
        self.act(|state| {
            let made = template(&mut state.lever, new, Purpose::Form)?;
            let id = made.id.clone();
            state.lever.form_templates.push(made);
            Ok(id)
        })
    }

    /// Makes a template of feedback forms, with exactly one field of type `score-system`; gives its id.
    pub fn create_feedback_template(&self, new: NewTemplate) -> Result<String, ControlError> {
        self.act(|state| {
            let made = template(&mut state.lever, new, Purpose::Feedback)?;
            let id = made.id.clone();
            state.lever.feedback_templates.push(made);
            Ok(id)
        })
    }

    /// Renames a template, by id or text.
    pub fn rename_form_template(&self, template: &str, text: &str) -> Result<(), ControlError> {
        self.act(|state| rename(&mut state.lever.form_templates, "form template", template, text))
    }

    /// Renames a template, by id or text.
    pub fn rename_feedback_template(&self, template: &str, text: &str) -> Result<(), ControlError> {
        self.act(|state| rename(&mut state.lever.feedback_templates, "feedback template", template, text))
    }

    /// Removes a template of profile forms, by id or text; what was filled in stays.
    pub fn delete_form_template(&self, template: &str) -> Result<(), ControlError> {
        self.act(|state| {
            let all = &mut state.lever.form_templates;
            let id = template_id(all, "form template", template)?;
            all.retain(|it| it.id != id);
            Ok(())
        })
    }

    /// Adds an archive reason; gives its id. The account's one `hired` reason is there from the start.
    pub fn create_archive_reason(&self, text: &str) -> String {
        self.act(|state| {
            let id = state.lever.ids.uuid();
            state.lever.archive_reasons.push(ArchiveReason { id: id.clone(), text: text.to_owned(), hired: false });
            id
        })
    }

    /// Renames an archive reason, by id or text.
    pub fn rename_archive_reason(&self, reason: &str, text: &str) -> Result<(), ControlError> {
        self.act(|state| {
            let all = &mut state.lever.archive_reasons;
            let id = named("archive reason", reason, all.iter().map(|it| (it.id.as_str(), vec![it.text.as_str()])))?;
            if let Some(reason) = all.iter_mut().find(|it| it.id == id) {
                text.clone_into(&mut reason.text);
            }
            Ok(())
        })
    }

    /// A recruiter uploads a file.
    pub fn add_file(&self, opportunity: &str, name: &str, content_type: &str, bytes: Bytes) -> Result<(), ControlError> {
        self.act(|state| {
            let world = &mut state.lever;
            let id = opportunity_id(world, opportunity)?;
            let file = File {
                id: world.ids.uuid(),
                name: name.to_owned(),
                content_type: content_type.to_owned(),
                bytes,
                user: Some(world.recruiter()),
                uploaded_at: world.clock.now_ms(),
            };
            world.touch(&id, file.uploaded_at + 1, |it| it.files.push(file));
            Ok(())
        })
    }

    /// The files of one opportunity, oldest first.
    pub fn files(&self, opportunity: &str) -> Result<Vec<StoredFile>, ControlError> {
        let id = self.opportunity_id(opportunity)?;
        let state = self.shared.state();
        let files = state.lever.opportunities.get(&id).map(|it| it.files.as_slice()).unwrap_or_default();
        let stored = |file: &File| StoredFile {
            id: file.id.clone(),
            name: file.name.clone(),
            content_type: file.content_type.clone(),
            size: file.bytes.len(),
            user: file.user.clone(),
        };
        Ok(files.iter().map(stored).collect())
    }

    /// The bytes of the latest file of that name.
    pub fn file_bytes(&self, opportunity: &str, name: &str) -> Result<Bytes, ControlError> {
        let id = self.opportunity_id(opportunity)?;
        let state = self.shared.state();
        let files = state.lever.opportunities.get(&id).map(|it| it.files.as_slice()).unwrap_or_default();
        let file = files.iter().rev().find(|file| file.name == name || file.id == name);
        file.map(|file| file.bytes.clone()).ok_or_else(|| ControlError::Unknown { kind: "file", name: name.to_owned() })
    }

    /// The profile forms of one opportunity, as the API shows them, oldest first.
    pub fn forms(&self, opportunity: &str) -> Result<Vec<Value>, ControlError> {
        let id = self.opportunity_id(opportunity)?;
        let state = self.shared.state();
        let forms = state.lever.opportunities.get(&id).map(|it| it.forms.as_slice()).unwrap_or_default();
        Ok(forms.iter().map(shown::form).collect())
    }

    /// The feedback on one opportunity, as the API shows it, oldest first; what was removed has `deletedAt`.
    pub fn feedback(&self, opportunity: &str) -> Result<Vec<Value>, ControlError> {
        let id = self.opportunity_id(opportunity)?;
        let state = self.shared.state();
        let feedback = state.lever.opportunities.get(&id).map(|it| it.feedback.as_slice()).unwrap_or_default();
        Ok(feedback.iter().map(shown::feedback).collect())
    }
}

fn template(world: &mut World, new: NewTemplate, purpose: Purpose) -> Result<Template, ControlError> {
    let now = world.clock.now_ms();
    Template::new(new, purpose, &mut world.ids, now, None).map_err(ControlError::Wrong)
}

fn template_id(all: &[Template], kind: &'static str, name: &str) -> Result<String, ControlError> {
    named(kind, name, all.iter().map(|it| (it.id.as_str(), vec![it.text.as_str()])))
}

fn rename(all: &mut [Template], kind: &'static str, name: &str, text: &str) -> Result<(), ControlError> {
    let id = template_id(all, kind, name)?;
    if let Some(template) = all.iter_mut().find(|it| it.id == id) {
        text.clone_into(&mut template.text);
    }
    Ok(())
}
