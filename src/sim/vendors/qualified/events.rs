//! The bodies of the vendor's webhooks: snake_case, unsigned, without id or time (recorded samples).

use serde_json::{Value, json};

use super::record::{Candidate, Take};
use super::render::passed;
use super::world::World;
use crate::sim::clock::iso;
use crate::sim::delivery::{Content, Parcel};
use crate::sim::faults::Faults;
use crate::sim::log::Service;
use crate::sim::wire::merged;

/// `data` of `assessment_result_*`.
pub(super) fn take(world: &World, it: &Take) -> Value {
    let assessment = world.assessment(&it.assessment);
    let candidate = world.candidates.get(&it.candidate);
    let about_take = json!({
        "abandoned": false,
        "accumulated_seconds": 0,
        "browser_user_agent": null,
        "candidate_remarks": null,
        "dry_run": false,
        "invited_at": it.invited_at.map(iso),
        "redirect_url": null,
        "review_ratings": {},
        "score": it.score.unwrap_or(0.0),
        "started_at": it.started_at.map(iso),
        "state": it.state.name(),
        "submitted_at": it.submitted_at.map(iso),
        "workflow_name": null,
        "workflow_path_id": null,
        "workflow_trigger": null,
        "id": it.id,
    });
    let about_others = json!({
        "candidate": {
            "email": candidate.map(|it| &it.email),
            "first_name": candidate.map(|it| &it.first_name),
            "last_name": candidate.map(|it| &it.last_name),
        },
        "team_candidate": {
            "anonymous_name": "Blue Panda",
            "prev_state": candidate.and_then(|it| it.prev_state),
            "state": candidate.map(|it| it.state),
            "id": it.candidate,
        },
        "assessment": {
            "labels": null,
            "title": assessment.map(|it| &it.title),
            "id": it.assessment,
        },
        "passing_score": passed(world, it),
        "solutions": [solution(world, it)],
    });
    merged([about_take, about_others])
}

fn solution(world: &World, it: &Take) -> Value {
    json!({
        "_type": "CodeSolution",
        "attempts": 1,
        "completed_at": it.submitted_at.map(iso),
        "first_test_case_solved_at": it.submitted_at.map(iso),
        "language": "javascript",
        "passed_test_cases": 1,
        "score": it.score.unwrap_or(0.0),
        "total_test_cases": 1,
        "wall_time": 40,
        "id": it.solution,
        "failed_test_names": [],
        "submission_response_error": null,
        "passing_score": passed(world, it),
        "challenge": {
            "_type": "CodeChallenge",
            "title": "Sequential Puzzle",
            "estimated_time": 2,
            "topics": ["Algorithms"],
            "summary": null,
            "purpose": null,
            "id": it.challenge,
        },
    })
}

/// `data` of `team_candidate_state_changed`. It names no assessment.
pub(super) fn candidate(world: &World, it: &Candidate) -> Value {
    json!({
        "anonymous_name": "Blue Panda",
        "email": it.email,
        "first_name": it.first_name,
        "labels": if it.labels.is_empty() { Value::Null } else { json!(it.labels) },
        "last_name": it.last_name,
        "name": it.name(),
        "prev_state": it.prev_state,
        "state": it.state,
        "test_team_member": false,
        "id": it.id,
        "assessment_results_count": world.takes.iter().filter(|take| take.candidate == it.id).count(),
    })
}

/// One parcel for each subscription to the event.
pub(super) fn parcels(world: &World, event: &str, data: &Value, faults: &Faults) -> Vec<Parcel> {
    let mut data = data.clone();
    if faults.vendor_webhook_score_zero
        && let Some(fields) = data.as_object_mut()
        && fields.contains_key("score")
    {
        fields.insert("score".into(), json!(0.0));
        fields.insert("passing_score".into(), json!(false));
    }
    let listeners = world.subscriptions.iter().filter(|it| it.all || it.events.iter().any(|name| name == event));
    listeners
        .map(|subscription| Parcel {
            service: Service::Vendor(world.name),
            event: event.to_owned(),
            url: subscription.url.clone(),
            content: Content::Plain(json!({ "event": event, "data": data })),
        })
        .collect()
}
