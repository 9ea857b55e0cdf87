//! What a call needs to be let through: an OAuth scope, or a permission of an API key, as Lever's settings call it (`lever-api §1.4`).
//!
//! Scopes other than those of Lever's own recommendation follow from the names of the resources.

pub use super::effect::permission as label;
use crate::model::{Method, Request};

/// So that a refresh token comes with the access token.
pub const OFFLINE: &str = "offline_access";

/// The OAuth scope that a request needs; `None` for what no scope of ours covers.
pub fn scope(request: &Request) -> Option<String> {
    let mut segments = request.path.trim_start_matches('/').split(['/', '?']);
    let (collection, part) = (segments.next().unwrap_or_default(), segments.nth(1));
    let resource = match (collection, part) {
        // What hangs on an opportunity is a resource of its own; stage, tags, links and archiving are the opportunity's.
        ("opportunities", Some(part @ ("notes" | "files" | "forms" | "feedback"))) => part,
        ("contacts", _) => "contact",
        (
            known @ ("opportunities" | "postings" | "stages" | "tags" | "users" | "archive_reasons" | "form_templates"
            | "feedback_templates" | "webhooks" | "applications"),
            _,
        ) => known,
        _ => return None,
    };
    // Webhooks know no scope that only reads.
    let access = if request.method == Method::Get && resource != "webhooks" { "read" } else { "write" };
    Some(format!("{resource}:{access}:admin"))
}

/// Scopes without those that others imply: to write is to read. `offline_access` first, the rest in order.
pub fn least(scopes: impl IntoIterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = scopes.into_iter().filter(|scope| scope != OFFLINE).collect();
    all.sort();
    all.dedup();
    let kept = all.iter().filter(|scope| !covered(scope, &all)).cloned();
    std::iter::once(OFFLINE.to_owned()).chain(kept).collect()
}

fn covered(scope: &str, all: &[String]) -> bool {
    scope.contains(":read:") && all.contains(&scope.replace(":read:", ":write:"))
}

/// Whether what was granted covers a scope.
pub fn granted(scope: &str, granted: &str) -> bool {
    let all: Vec<String> = granted.split_whitespace().map(str::to_owned).collect();
    all.iter().any(|one| one == scope) || covered(scope, &all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lever::api;
    use crate::model::{LeverEvent, OpportunityId, StageId};

    // B68 B69
    #[test]
    fn b68_b69_calls_need_what_lever_recommends_and_no_more() {
        let id = OpportunityId::new("o");
        let calls = [
            api::get_opportunity(&id),
            api::put_stage(&id, &StageId::new("s"), None),
            api::list_notes(&id),
            api::create_note(&id, "x", false, false, jiff::Timestamp::UNIX_EPOCH, None),
            api::list_stages(),
            api::list_tags(),
            api::create_webhook(LeverEvent::CandidateStageChange, "https://x"),
            api::list_webhooks(),
        ];
        let scopes = least(calls.iter().filter_map(scope));
        assert_eq!(
            scopes,
            [
                "offline_access",
                "notes:write:admin",
                "opportunities:write:admin",
                "stages:read:admin",
                "tags:read:admin",
                "webhooks:write:admin"
            ]
        );
    }

    #[test]
    fn to_write_is_to_read() {
        assert!(granted("notes:read:admin", "offline_access notes:write:admin"));
        assert!(!granted("notes:write:admin", "notes:read:admin"));
    }
}
