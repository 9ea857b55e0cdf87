//! How the vendor's records look in REST answers: camelCase, with the fields of the recorded samples.

use serde_json::{Value, json};

use super::record::{Assessment, Candidate, Invitation, Subscription, Take, TakeState};
use super::world::World;
use crate::sim::clock::iso;
use crate::sim::vendors::AssessmentState;
use crate::sim::wire::merged;

/// Where the simulator answers for this vendor. Its PDFs are below it too, unlike the vendor's own.
const PREFIX: &str = "/api/v1";

/// Relative, as the vendor gives it: the caller joins it with the host.
pub(crate) fn invite_path(it: &Invitation) -> String {
    format!("/assess/{}?invite={}", it.assessment, it.token)
}

/// The vendor's `passingScore`: a boolean on results. Without a score to pass it says no, as recorded.
pub(super) fn passed(world: &World, it: &Take) -> bool {
    let needed = world.assessment(&it.assessment).and_then(|it| it.passing_score);
    match (needed, it.score) {
        (Some(needed), Some(score)) => score >= needed,
        _ => false,
    }
}

pub(super) fn meta(world: &World) -> Value {
    json!({ "timestamp": iso(world.clock.now_ms()), "includes": [] })
}

/// `{id, type, data, meta}`
pub(super) fn single(world: &World, kind: &str, data: Value) -> Value {
    json!({ "id": data.get("id"), "type": kind, "data": data, "meta": meta(world) })
}

pub(super) fn assessment(world: &World, it: &Assessment) -> Value {
    let takes = || world.takes.iter().filter(|take| take.assessment == it.id);
    let parts = [
        json!({
            "id": it.id,
            "title": it.title,
            "state": it.state.name(),
            "defaultLanguage": null,
            "defaultInviteMessage": null,
            "teamId": world.team,
            "nounUpper": "Assessment",
            "nounLower": "assessment",
            "showPracticeAssessment": true,
            "showSurvey": true,
            "showTitle": true,
            "inviteOnly": false,
            "enforcedTimeLimit": null,
            "manualEstimatedTime": null,
            "suggestedEstimatedTime": 2,
            "copiedFromId": null,
            "showSolutionsToCandidates": true,
        }),
        json!({
            "practiceSlug": "practice-cc",
            "isTemplate": false,
            "isPractice": false,
            "isDemo": false,
            "unavailable": false,
            "galleryImage": null,
            "summary": "",
            "challengeItems": [],
            "purpose": "",
            "demoLandingOrder": 1000,
        }),
        json!({
            "publishedAt": (it.state != AssessmentState::Unpublished).then(|| iso(it.created_at)),
            "archivedAt": (it.state == AssessmentState::Archived).then(|| iso(it.created_at)),
            "createdAt": iso(it.created_at),
            "assessmentResultsSummary": {
                "all": takes().count(),
                "started": takes().filter(|take| take.state == TakeState::Started).count(),
            },
            "labels": null,
            "notificationScheme": null,
        }),
        json!({
            "defaultExpirationDays": null,
            "defaultReminderDays": null,
            "minReviewsBeforeConsideredReviewed": 1,
            "defaultAssignedTeamMemberIds": [],
            "defaultTeamCandidateLabels": null,
            "defaultAccessLocked": null,
            "accessLockedCount": 0,
            "teamCandidateBlinding": "blind_reviewers",
        }),
        json!({
            "createdById": world.member,
            "passingScore": it.passing_score,
            "assignmentTeamMemberIds": [],
            "redirectUrl": null,
            "webhookUrl": null,
            "submissionMessage": null,
            "assignmentLabels": null,
            "assignmentRole": null,
            "workflowPaths": [],
        }),
    ];
    merged(parts)
}

pub(super) fn invitation(world: &World, it: &Invitation) -> Value {
    let path = invite_path(it);
    let candidate = world.candidates.get(&it.candidate);
    let parts = [
        json!({
            "id": it.id,
            "state": "active",
            "teamCandidateId": it.candidate,
            "assessmentId": it.assessment,
            "assessmentResultId": it.result,
            "teamId": world.team,
            "teamMemberId": world.member,
            "sendEmailToCandidate": it.mailed_by_vendor,
            "sendEmailToInviter": false,
            "expiresAt": it.expires_at,
            "reminderAt": it.reminder_at,
            "reminded": false,
        }),
        json!({
            "invitedByAssessmentTitle": null,
            "invitedByWorkflowLabel": null,
            "customMessage": it.custom_message,
            "createdAt": iso(it.created_at),
            "invitePracticePath": format!("{path}&practice=true"),
            "invitePath": path,
            "action": "take",
            "skippedRegistration": null,
            "backfilled": null,
        }),
        json!({
            "assessmentTitle": world.assessment(&it.assessment).map(|it| &it.title),
            "sendAttempts": it.send_attempts,
            "openCount": (it.open_count > 0).then_some(it.open_count),
            "lastSent": it.last_sent.map(iso),
            "candidateName": candidate.map(Candidate::name),
            "candidateEmail": candidate.map(|it| &it.email),
            "testTeamMember": false,
            "inviterRole": "owner",
        }),
    ];
    merged(parts)
}

pub(super) fn take(world: &World, it: &Take) -> Value {
    let time = |at: Option<i64>| at.map(iso);
    let parts = [
        json!({
            "id": it.id,
            "assessmentId": it.assessment,
            "candidateId": world.candidates.get(&it.candidate).map(|it| &it.person),
            "teamCandidateId": it.candidate,
            "teamId": world.team,
            "state": it.state.name(),
            "createdAt": iso(it.created_at),
            "updatedAt": iso(it.updated_at),
            "startedAt": time(it.started_at),
            "invitedAt": time(it.invited_at),
            "submittedAt": time(it.submitted_at),
        }),
        json!({
            "submittingAt": null,
            "openedAt": time(it.opened_at),
            "originalOpenedAt": time(it.opened_at),
            "originalStartedAt": time(it.started_at),
            "originalSubmittedAt": time(it.submitted_at),
            "dryRun": false,
            "candidateRemarks": null,
            "score": it.score,
        }),
        json!({
            "closedReason": it.closed_reason,
            "redirectUrl": null,
            "submissionMessage": null,
            "nextAssessmentId": null,
            "stateUpdatedAt": iso(it.updated_at),
            "totalSubmissionSeconds": null,
            "totalOriginalSubmissionSeconds": null,
            "accumulatedSeconds": 0,
        }),
        json!({
            "enforcedTimeLimit": null,
            "timerExpiresIn": null,
            "wallTimeSinceStart": 0,
            "reopenedById": null,
            "activeTimedSolutionId": null,
            "accessLocked": false,
            "accessUnlockedAt": null,
            "accessUnlockedById": null,
        }),
        json!({
            "terminatedAt": time(it.terminated_at),
            "accessStartsAt": null,
            "accessEndsAt": null,
            "retakeNumber": it.retake_number,
            "currentTake": true,
            "editMode": "normal",
            "wasEmbedded": false,
            "isActiveInteractSession": false,
        }),
        json!({
            "interviewerIds": [],
            "activeInterviewerIds": [],
            "abandoned": false,
            "workflowName": null,
            "isInteractSession": false,
            "retrySchedule": null,
            "challengeItems": [],
        }),
    ];
    merged(parts)
}

/// The `data` of an exhibit: the take with its candidate, assessment and solutions.
pub(super) fn exhibit(world: &World, it: &Take) -> Value {
    let time = |at: Option<i64>| at.map(iso);
    let candidate = world.candidates.get(&it.candidate);
    let passed = passed(world, it);
    let solutions = json!([{
        "id": it.solution,
        "score": it.score,
        "accumulatedSeconds": 0,
        "accumulatedBgSeconds": 0,
        "candidateNotes": null,
        "passingScore": passed,
        "itemsTotalCount": 1,
        "itemsCorrectCount": 1,
        "revisionsCount": 0,
        "submittedAt": time(it.submitted_at),
        "submittedIn": 59,
        "completedIn": 60,
        "language": "javascript",
        "similarityRiskLevel": null,
        "challenge": {
            "id": it.challenge,
            "title": "Sequential Puzzle",
            "summary": null,
            "purpose": null,
            "passingScore": 100,
            "Type": "CodeChallenge",
            "difficulty": 1,
            "topics": ["Algorithms"],
            "labels": null,
            "submittedSolutionsCount": 1,
            "submissionRate": 100.0,
            "passRate": null,
            "webPreviewEnabled": false,
        },
    }]);
    let parts = [
        json!({
            "assessmentId": it.assessment,
            "teamCandidateId": it.candidate,
            "state": it.state.name(),
            "createdAt": iso(it.created_at),
            "updatedAt": iso(it.updated_at),
            "startedAt": time(it.started_at),
            "invitedAt": time(it.invited_at),
            "submittedAt": time(it.submitted_at),
            "openedAt": time(it.opened_at),
            "originalOpenedAt": time(it.opened_at),
            "originalStartedAt": time(it.started_at),
            "originalSubmittedAt": time(it.submitted_at),
            "candidateRemarks": null,
        }),
        json!({
            "score": it.score,
            "closedReason": it.closed_reason,
            "totalSubmissionSeconds": null,
            "totalOriginalSubmissionSeconds": null,
            "accumulatedSeconds": 0,
            "terminatedAt": time(it.terminated_at),
            "retakeNumber": it.retake_number,
            "passingScore": passed,
            "passedAll": passed,
        }),
        json!({
            "teamCandidate": {
                "id": it.candidate,
                "email": candidate.map(|it| &it.email),
                "firstName": candidate.map(|it| &it.first_name),
                "lastName": candidate.map(|it| &it.last_name),
                "name": candidate.map(Candidate::name),
            },
            "assessment": {
                "id": it.assessment,
                "title": world.assessment(&it.assessment).map(|it| &it.title),
                "labels": null,
                "passRate": 0.0,
                "submissionRate": 100.0,
            },
            "solutions": solutions,
        }),
    ];
    merged(parts)
}

/// Login-free addresses of the report; on this host, where nobody serves them.
pub(super) fn share(world: &World, it: &Take) -> Value {
    let (host, token) = (&world.host, &it.share_token);
    json!({
        "id": it.id,
        "url": format!("{host}/reports/{token}/assessment_result"),
        "pdf": format!("{host}{PREFIX}/pdf/reports/{token}/assessment_result"),
        "resultWidgetUrl": format!("{host}/research/embed/widgets/assessment-results/{token}/"),
        "solutions": [{
            "id": it.solution,
            "token": token,
            "embedUrl": format!("{host}/research/embed/solution-view/{}?token={token}", it.solution),
        }],
    })
}

pub(super) fn candidate(world: &World, it: &Candidate) -> Value {
    let takes: Vec<&Take> = world.takes.iter().filter(|take| take.candidate == it.id).collect();
    let label = match it.state {
        "invited" => "Invited",
        "started" => "Assessment Started",
        "submitted" => "Assessment Submitted",
        "approved" => "Approved",
        "rejected" => "Rejected",
        _ => "Idle",
    };
    let parts = [
        json!({
            "id": it.id,
            "candidateId": it.person,
            "teamId": world.team,
            "state": it.state,
            "demoData": false,
            "prevState": it.prev_state,
            "assessmentIds": takes.iter().map(|take| &take.assessment).collect::<Vec<_>>(),
            "assessmentResultIds": takes.iter().map(|take| &take.id).collect::<Vec<_>>(),
            "blinding": "blind_reviewers",
            "createdAt": iso(it.created_at),
            "updatedAt": iso(it.state_at),
        }),
        json!({
            "decidedAt": it.decided_at.map(iso),
            "invitedAt": it.invited_at.map(iso),
            "interactSessions": 0,
            "stateUpdatedAt": iso(it.state_at),
            "testTeamMember": false,
            "assignedTeamMemberIds": [],
            "labels": it.labels,
            "cohortIds": [],
            "alternateId": it.alternate_id,
        }),
        json!({
            "archived": false,
            "firstName": it.first_name,
            "lastName": it.last_name,
            "anonymousName": "Blue Panda",
            "email": it.email,
            "name": it.name(),
            "isBlinded": false,
            "stateLabel": label,
            "stateTransitions": [
                "idle", "invited", "started", "submitted", "risk_detected", "reviewed", "approved", "rejected", "archived",
            ],
            "risks": null,
        }),
    ];
    merged(parts)
}

/// Event names come in snake_case and are shown in camelCase.
pub(super) fn subscription(it: &Subscription) -> Value {
    let mut triggers = json!({ "id": it.id });
    if let Some(triggers) = triggers.as_object_mut() {
        triggers.extend(it.events.iter().map(|event| (super::casing::camel(event), Value::Bool(true))));
    }
    json!({
        "id": it.id,
        "name": it.name,
        "url": it.url,
        "supportEmail": null,
        "schema": "v1",
        "triggerOnAll": it.all,
        "eventTriggers": triggers,
        "failingEventsCount": null,
    })
}
