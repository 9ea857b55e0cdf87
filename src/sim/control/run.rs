//! Carrying out commands.

use std::time::Duration;

use serde_json::{Value, json};

use super::{AtVendor, Command, Control, ControlError};
use crate::sim::faults::Faults;

impl Control {
    /// Carries out one command. Gives what the method gives: an id as `{"id": …}`, else null.
    pub async fn run(&self, command: Command) -> Result<Value, ControlError> {
        match command {
            Command::Quiet => self.quiet().await,
            Command::Pause { ms } => tokio::time::sleep(Duration::from_millis(ms)).await,
            other => return self.run_at_once(other),
        }
        Ok(Value::Null)
    }

    /// The commands that wait for nothing: those about Lever.
    fn run_at_once(&self, command: Command) -> Result<Value, ControlError> {
        match command {
            Command::CreatePosting(new) => return Ok(id(self.create_posting(new))),
            Command::UpdatePosting { posting, change } => self.update_posting(&posting, change)?,
            Command::CreateOpportunity(new) => return self.create_opportunity(new).map(id),
            Command::MoveStage { opportunity, stage } => self.move_stage(&opportunity, &stage)?,
            Command::AddTags { opportunity, tags } => self.add_tags(&opportunity, &tags)?,
            Command::RemoveTags { opportunity, tags } => self.remove_tags(&opportunity, &tags)?,
            Command::Archive { opportunity, reason } => self.archive(&opportunity, Some(&reason))?,
            Command::Unarchive { opportunity } => self.archive(&opportunity, None)?,
            Command::AddNote { opportunity, text } => self.add_note(&opportunity, &text)?,
            Command::DeleteOpportunity { opportunity } => self.delete_opportunity(&opportunity)?,
            Command::SetEmail { opportunity, email } => self.set_email(&opportunity, email.as_deref())?,
            Command::CreateStage { text, after } => {
                return self.create_stage(&text, after.as_deref()).map(id);
            }
            Command::RenameStage { stage, text } => self.rename_stage(&stage, &text)?,
            Command::CreateFormTemplate(new) => return self.create_form_template(new).map(id),
            Command::CreateFeedbackTemplate(new) => return self.create_feedback_template(new).map(id),
            Command::RenameFormTemplate { template, text } => self.rename_form_template(&template, &text)?,
            Command::RenameFeedbackTemplate { template, text } => self.rename_feedback_template(&template, &text)?,
            Command::DeleteFormTemplate { template } => self.delete_form_template(&template)?,
            Command::CreateArchiveReason { text } => return Ok(id(self.create_archive_reason(&text))),
            Command::RenameArchiveReason { reason, text } => self.rename_archive_reason(&reason, &text)?,
            Command::CreateUser { name, email, role } => {
                return Ok(id(self.create_user(&name, &email, &role)));
            }
            Command::DeactivateUser { user } => self.deactivate_user(&user)?,
            Command::AddCredential { key, scopes } => self.add_credential(&key, scopes),
            Command::RevokeCredential { key } => self.revoke_credential(&key),
            Command::RegisterApp(app) => self.register_app(app)?,
            Command::AddCallback { client_id, callback } => self.add_callback(&client_id, &callback)?,
            Command::Consent { url, accept } => return self.consent(&url, accept).map(|url| json!({ "location": url })),
            Command::RevokeAccess => self.revoke_access(),
            Command::EnableWebhooks { events } => self.switch_webhooks(&events, true)?,
            Command::DisableWebhooks { events } => self.switch_webhooks(&events, false)?,
            Command::CreateWebhook(new) => {
                let (id, signature_token) = self.register_webhook(new)?;
                return Ok(json!({ "id": id, "signatureToken": signature_token }));
            }
            Command::DeleteWebhook { webhook } => self.delete_webhook(&webhook)?,
            Command::RegenerateSignatureToken { webhook } => {
                let token = self.regenerate_signature_token(&webhook)?;
                return Ok(json!({ "signatureToken": token }));
            }
            Command::VerifyWebhook { webhook } => return self.verify_webhook(&webhook).map(id),
            Command::Emit { event, data, origin } => self.emit(&event, data, origin)?,
            other => return self.run_rest(other),
        }
        Ok(Value::Null)
    }

    /// The vendors' commands, and those about failures and time.
    fn run_rest(&self, command: Command) -> Result<Value, ControlError> {
        match command {
            Command::CreateAssessment { vendor, title, state, passing_score } => {
                return self.vendor(&vendor).create(&title, state.unwrap_or_default(), passing_score).map(id);
            }
            Command::SetAssessmentState { vendor, assessment, state } => self.vendor(&vendor).set_state(&assessment, state)?,
            Command::AtVendor(AtVendor { vendor, email, test, deed }) => self.vendor(&vendor).act(&email, &test, &deed)?,
            Command::SwitchVendor { vendor, switches } => self.vendor(&vendor).switch(&switches)?,
            Command::Subscribe { vendor, url, events } => return self.vendor(&vendor).subscribe(&url, &events).map(id),
            Command::RefuseEmail { vendor, email } => self.vendor(&vendor).refuse_email(&email)?,
            Command::SetFaults { faults } => self.patch_faults(&faults)?,
            Command::AddRouteFault(fault) => self.add_route_fault(fault),
            Command::ClearRouteFaults => self.clear_route_faults(),
            Command::ReleaseDeliveries => self.release_deliveries(),
            Command::Rerun { delivery } => return self.rerun(delivery).map(id),
            Command::RetryNow => self.retry_now(),
            Command::AdvanceClock { ms } => self.advance_clock(Duration::from_millis(ms)),
            Command::ClearRequests => self.clear_requests(),
            // The others are done above.
            _ => {}
        }
        Ok(Value::Null)
    }

    fn patch_faults(&self, changes: &Value) -> Result<(), ControlError> {
        let wrong = |error: serde_json::Error| ControlError::Wrong(format!("faults: {error}"));
        let mut all = serde_json::to_value(self.faults()).map_err(wrong)?;
        let (Some(fields), Some(changes)) = (all.as_object_mut(), changes.as_object()) else {
            return Err(ControlError::Wrong("faults must be an object".to_owned()));
        };
        fields.extend(changes.clone());
        let faults: Faults = serde_json::from_value(all).map_err(wrong)?;
        self.set_faults(|kept| *kept = faults);
        Ok(())
    }
}

fn id(id: impl Into<Value>) -> Value {
    json!({ "id": id.into() })
}
