//! Reading the world: as one document, as logs, as lists.

use serde_json::{Value, json};

use super::{Control, ControlError};
use crate::sim::delivery::Delivery;
use crate::sim::lever::{Purpose, View, shown};
use crate::sim::log::Request;
use crate::sim::vendors::Mail;

impl Control {
    /// The whole world. Opportunities look as in GET with more fields: `stageText`, `notes`, `files`, `forms`, `feedback`;
    /// webhooks without their tokens; each vendor's records below its name, with the mails.
    pub fn world(&self) -> Value {
        let state = self.shared.state();
        let world = &state.lever;
        let opportunities: Vec<Value> = world
            .opportunities
            .values()
            .map(|it| {
                let mut document = shown::opportunity(world, it, View::Read);
                if let Some(document) = document.as_object_mut() {
                    document.insert("stageText".into(), json!(world.stage(&it.stage).map(|stage| &stage.text)));
                    document.insert("notes".into(), it.notes.iter().map(shown::note).collect());
                    document.insert(
                        "files".into(),
                        it.files.iter().map(|file| shown::file(&world.base_url, &it.id, file)).collect(),
                    );
                    document.insert("forms".into(), it.forms.iter().map(shown::form).collect());
                    document.insert("feedback".into(), it.feedback.iter().map(shown::feedback).collect());
                }
                document
            })
            .collect();
        let mut all = state.vendors.shown();
        let lever = json!({
            "stages": world.stages.iter().map(shown::stage).collect::<Vec<_>>(),
            "archiveReasons": world.archive_reasons.iter().map(shown::archive_reason).collect::<Vec<_>>(),
            "formTemplates": world.form_templates.iter().map(|it| it.shown(Purpose::Form)).collect::<Vec<_>>(),
            "feedbackTemplates": world.feedback_templates.iter().map(|it| it.shown(Purpose::Feedback)).collect::<Vec<_>>(),
            "users": world.users.iter().map(shown::user).collect::<Vec<_>>(),
            "postings": world.postings.iter().map(shown::posting).collect::<Vec<_>>(),
            "contacts": world.contacts.values().map(shown::contact).collect::<Vec<_>>(),
            "opportunities": opportunities,
            "webhooks": world.webhooks.iter().map(|it| shown::webhook(it, false)).collect::<Vec<_>>(),
            "enabledEvents": world.enabled_events,
        });
        all.insert("lever".to_owned(), lever);
        Value::Object(all)
    }

    /// One opportunity, as in `world`.
    pub fn opportunity(&self, name: &str) -> Result<Value, ControlError> {
        let id = self.opportunity_id(name)?;
        let world = self.world();
        let all = world.pointer("/lever/opportunities").and_then(Value::as_array);
        let found = all.into_iter().flatten().find(|it| it.get("id").and_then(Value::as_str) == Some(&id));
        found.cloned().ok_or(ControlError::Unknown { kind: "opportunity", name: name.to_owned() })
    }

    /// The tags of one opportunity, in Lever's order.
    pub fn tags(&self, name: &str) -> Result<Vec<String>, ControlError> {
        let id = self.opportunity_id(name)?;
        let state = self.shared.state();
        Ok(state.lever.opportunities.get(&id).map(|it| it.tags.clone()).unwrap_or_default())
    }

    /// The texts of the notes on one opportunity, oldest first, comments after the note they belong to.
    pub fn notes(&self, name: &str) -> Result<Vec<String>, ControlError> {
        let id = self.opportunity_id(name)?;
        let state = self.shared.state();
        let notes = state.lever.opportunities.get(&id).map(|it| it.notes.as_slice()).unwrap_or_default();
        Ok(notes.iter().flat_map(|note| &note.comments).map(|comment| comment.value.clone()).collect())
    }

    /// The id of the stage of one opportunity.
    pub fn stage_of(&self, name: &str) -> Result<String, ControlError> {
        let id = self.opportunity_id(name)?;
        let state = self.shared.state();
        Ok(state.lever.opportunities.get(&id).map(|it| it.stage.clone()).unwrap_or_default())
    }

    /// Every request so far, oldest first.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.state().log.entries().to_vec()
    }

    /// The requests as `METHOD /path`, oldest first: for assertions on number and order.
    pub fn calls(&self) -> Vec<String> {
        self.shared.state().log.entries().iter().map(Request::line).collect()
    }

    pub fn clear_requests(&self) {
        self.shared.state().log.clear();
    }

    /// Every mail that a vendor sent, oldest first.
    pub fn mails(&self) -> Vec<Mail> {
        self.shared.state().vendors.mails()
    }

    /// Every webhook delivery of all services, oldest first.
    pub fn deliveries(&self) -> Vec<Delivery> {
        self.shared.state().deliveries.all().cloned().collect()
    }

    pub fn delivery(&self, id: u64) -> Option<Delivery> {
        self.shared.state().deliveries.get(id).cloned()
    }
}
