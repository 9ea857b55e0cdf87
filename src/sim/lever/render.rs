//! How records look in answers. The shapes are those of the recorded exchanges (lever-api §3).

use serde_json::{Map, Value, json};

use super::record::{Application, ArchiveReason, Comment, Contact, Note, Opportunity, Phone, Posting, Stage, User, Webhook};
use super::world::World;

const UI: &str = "https://hire.sandbox.lever.co";

/// What an answer shows of the person behind an opportunity (lever-api §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// GET: everything.
    Read,
    /// Answers of POST /opportunities, addLinks and removeLinks: all but `opportunityLocation`.
    Written,
    /// Answers of the other writes: name, headline, location, phones, emails and links are there and empty.
    Blanked,
}

pub(crate) fn opportunity(world: &World, it: &Opportunity, view: View) -> Value {
    let person = world.contact_of(it).filter(|_| view != View::Blanked);
    let text = |of: fn(&Contact) -> &String| person.map(|contact| of(contact).as_str()).unwrap_or_default();
    let mut shown = json!({
        "id": it.id,
        "name": text(|contact| &contact.name),
        "contact": it.contact,
        "headline": text(|contact| &contact.headline),
        "stage": it.stage,
        "confidentiality": it.confidentiality,
        "location": text(|contact| &contact.location),
        "phones": person.map(|contact| phones(&contact.phones)).unwrap_or_default(),
        "emails": person.map(|contact| contact.emails.clone()).unwrap_or_default(),
        "links": person.map(|contact| contact.links.clone()).unwrap_or_default(),
        "archived": archived(it),
        "tags": it.tags,
        "sources": it.sources,
        "stageChanges": it.stage_changes.iter().map(|change| {
            let mut shown = json!({
                "toStageId": change.to,
                "toStageIndex": change.index,
                "updatedAt": change.at,
            });
            if let (Some(user), Some(shown)) = (&change.user, shown.as_object_mut()) {
                shown.insert("userId".into(), user.as_str().into());
            }
            shown
        }).collect::<Vec<_>>(),
        "origin": it.origin,
        "sourcedBy": it.sourced_by,
        "owner": it.owner,
        "followers": it.followers,
        "applications": it.application.iter().map(|application| &application.id).collect::<Vec<_>>(),
        "createdAt": it.created_at,
        "updatedAt": it.updated_at,
        "lastInteractionAt": it.last_interaction_at,
        "lastAdvancedAt": it.last_advanced_at,
        "snoozedUntil": null,
        "urls": { "list": format!("{UI}/candidates"), "show": format!("{UI}/candidates/{}", it.id) },
        "isAnonymized": false,
        "dataProtection": null,
    });
    // Seen on reads of opportunities with a posting only, never in an answer to a write.
    let posting = it.application.as_ref().and_then(|application| world.posting(&application.posting));
    if let (View::Read, Some(posting), Some(shown)) = (view, posting, shown.as_object_mut()) {
        shown.insert("opportunityLocation".into(), posting.location.as_str().into());
    }
    shown
}

fn archived(it: &Opportunity) -> Value {
    it.archived.as_ref().map_or(Value::Null, |it| json!({ "reason": it.reason, "archivedAt": it.at }))
}

fn phones(phones: &[Phone]) -> Vec<Value> {
    phones.iter().map(|phone| json!({ "type": phone.kind, "value": phone.value })).collect()
}

/// Name and address are filled only when the candidate applied, never when a user added the posting (§3.2).
pub(crate) fn application(world: &World, of: &Opportunity, it: &Application) -> Value {
    let posting = world.posting(&it.posting);
    let applicant = world.contact_of(of).filter(|_| it.kind == "posting");
    json!({
        "id": it.id,
        "type": it.kind,
        "candidateId": of.id,
        "opportunityId": of.id,
        "posting": it.posting,
        "postingHiringManager": posting.and_then(|posting| posting.hiring_manager.as_ref()),
        "postingOwner": posting.map(|posting| &posting.owner),
        "name": applicant.map(|contact| &contact.name),
        "company": null,
        "phone": applicant.and_then(|contact| phones(&contact.phones).into_iter().next()),
        "email": applicant.and_then(|contact| contact.emails.first()),
        "links": [],
        "comments": null,
        "user": it.user,
        "customQuestions": [],
        "createdAt": it.created_at,
        "archived": archived(of),
        "requisitionForHire": null,
        "ipAddress": null,
        "referer": null,
        "userAgent": null,
        "acceptLanguage": null,
        "timezone": null,
    })
}

/// `location` is an object here and a string on the opportunity.
pub(crate) fn contact(it: &Contact) -> Value {
    json!({
        "id": it.id,
        "name": it.name,
        "headline": it.headline,
        "isAnonymized": false,
        "location": { "name": it.location },
        "emails": it.emails,
        "phones": phones(&it.phones),
        "dataProtection": { "interviewIntelligence": { "allowed": true, "expiresAt": null } },
    })
}

pub(crate) fn posting(it: &Posting) -> Value {
    let jobs = format!("https://jobs.sandbox.lever.co/example/{}", it.id);
    let urls = json!({ "list": "https://jobs.sandbox.lever.co/example", "show": jobs, "apply": format!("{jobs}/apply") });
    json!({
        "id": it.id,
        "text": it.text,
        "state": it.state,
        "distributionChannels": null,
        "user": it.owner,
        "owner": it.owner,
        "hiringManager": it.hiring_manager,
        "categories": {
            "commitment": it.commitment,
            "department": it.department,
            "level": null,
            "location": it.location,
            "team": it.team,
            "allLocations": [it.location],
        },
        "tags": it.tags,
        "content": {
            "description": "", "descriptionHtml": "", "lists": [], "closing": "", "closingHtml": "",
        },
        "country": "US",
        "followers": [it.owner],
        "reqCode": null,
        "requisitionCodes": [],
        "urls": if it.state == "draft" { Value::Null } else { urls },
        "confidentiality": it.confidentiality,
        "createdAt": it.created_at,
        "updatedAt": it.updated_at,
        "workplaceType": "onsite",
        "transcribeInterviews": false,
        "screening": { "enabled": false },
    })
}

pub(crate) fn stage(it: &Stage) -> Value {
    json!({ "id": it.id, "text": it.text })
}

pub(crate) fn archive_reason(it: &ArchiveReason) -> Value {
    let kind = if it.hired { "hired" } else { "non-hired" };
    json!({ "id": it.id, "text": it.text, "status": "active", "type": kind })
}

pub(crate) fn user(it: &User) -> Value {
    json!({
        "id": it.id,
        "name": it.name,
        "username": it.email.split('@').next(),
        "email": it.email,
        "accessRole": it.access_role,
        "photo": null,
        "createdAt": it.created_at,
        "deactivatedAt": it.deactivated_at,
        "externalDirectoryId": null,
        "linkedContactIds": null,
        "jobTitle": null,
        "managerId": null,
    })
}

pub(crate) fn note(it: &Note) -> Value {
    json!({
        "id": it.id,
        "text": "Note",
        "fields": it.comments.iter().map(comment).collect::<Vec<_>>(),
        "user": it.user,
        "secret": it.secret,
        "completedAt": it.created_at,
        "createdAt": it.created_at,
        "deletedAt": null,
    })
}

fn comment(it: &Comment) -> Value {
    json!({
        "type": "note",
        "text": "Comment",
        "value": it.value,
        "user": it.user,
        "score": it.score,
        "stage": it.stage,
        "createdAt": it.created_at,
    })
}

/// With the signature token only in the answer to the registration.
pub(crate) fn webhook(it: &Webhook, with_token: bool) -> Value {
    let mut configuration = Map::new();
    configuration.insert("conditions".into(), json!({ "origins": it.origins }));
    if let (true, Some(token)) = (with_token, &it.signature_token) {
        configuration.insert("signatureToken".into(), token.as_str().into());
    }
    json!({
        "id": it.id,
        "event": it.event,
        "url": it.url,
        "configuration": configuration,
        "createdAt": it.created_at,
        "updatedAt": it.updated_at,
    })
}
