//! Invitations: send, list, cancel.

use serde_json::{Value, json};

use super::world::{InviteOptions, World};
use super::{Answer, Fields, VendorError, page, render};
use crate::sim::vendors::AssessmentState;
use crate::sim::wire::{Ask, Reply};

pub(super) fn list(world: &mut World, ask: &Ask) -> Answer {
    let rows = world.invitations.iter().map(|it| render::invitation(world, it)).collect();
    page(world, ask, "AssessmentInvitation", rows)
}

/// Answers with a list, one invitation for each address. All addresses are checked before the first is invited.
pub(super) fn invite(world: &mut World, ask: &Ask) -> Answer {
    let fields = Fields::read(ask)?;
    let emails = fields.texts("candidates");
    let assessment = fields.text("assessment_id").ok_or_else(|| VendorError::invalid("assessment_id is missing"))?;
    check(world, &fields, &emails, &assessment)?;
    let options = InviteOptions {
        first_name: fields.text("first_name"),
        last_name: fields.text("last_name"),
        alternate_id: fields.text("alternate_id"),
        labels: fields.texts("labels"),
        expires_at: fields.text("expires_at"),
        reminder_at: fields.text("reminder_at"),
        custom_message: fields.text("custom_message"),
        no_mail: fields.flag("send_email_to_candidate") == Some(false),
        skip_email_resend: fields.flag("skip_email_resend") == Some(true),
        retry: fields.text("retry_action"),
    };
    let mut rows: Vec<Value> = Vec::new();
    for email in &emails {
        let at = world.invite(email, &assessment, &options);
        rows.extend(world.invitations.get(at).map(|it| render::invitation(world, it)));
    }
    Ok(Reply::ok(json!({ "type": "AssessmentInvitation", "data": rows, "meta": render::meta(world) })))
}

fn check(world: &World, fields: &Fields, emails: &[String], assessment: &str) -> Result<(), VendorError> {
    if emails.is_empty() {
        return Err(VendorError::invalid("candidates is missing"));
    }
    let personal = ["first_name", "last_name", "alternate_id"].iter().any(|name| fields.get(name).is_some());
    if emails.len() > 1 && personal {
        return Err(VendorError::invalid("names can only be given for a single candidate"));
    }
    let bad = |email: &String| {
        let plausible = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
        !plausible || world.refused_emails.contains(&email.to_lowercase())
    };
    if emails.iter().any(bad) {
        return Err(VendorError::invalid("candidates contains an invalid email address"));
    }
    match world.assessment(assessment).map(|it| it.state) {
        Some(AssessmentState::Published) => Ok(()),
        Some(_) => Err(VendorError::invalid("assessment is not published")),
        None => Err(VendorError::not_found("Assessment")),
    }
}

pub(super) fn cancel(world: &mut World, _ask: &Ask, id: &str) -> Answer {
    if world.cancel(id) {
        return Ok(Reply::no_content());
    }
    Err(VendorError::not_found("AssessmentInvitation"))
}
