//! The scopes that Lever documents (lever-api §1.4).

/// An app may have no more.
pub(super) const MOST: usize = 20;

const READ: &[&str] = &[
    "applications",
    "archive_reasons",
    "audit_events",
    "diversity_surveys",
    "eeo_responses",
    "eeo_responses_pii",
    "offers",
    "referrals",
    "resumes",
    "sources",
    "stages",
    "tags",
    "tasks",
];

const READ_AND_WRITE: &[&str] = &[
    "contact",
    "feedback",
    "feedback_templates",
    "files",
    "forms",
    "form_templates",
    "groups",
    "interviews",
    "notes",
    "opportunities",
    "panels",
    "permissions",
    "postings",
    "requisitions",
    "requisition_fields",
    "roles",
    "users",
    "webhooks",
];

/// The scope that a refresh token needs.
pub(super) const OFFLINE: &str = "offline_access";

/// Whether Lever has this scope: `notes:write:admin`.
pub(super) fn known(scope: &str) -> bool {
    if matches!(scope, OFFLINE | "confidential:access:admin" | "uploads:write:admin") {
        return true;
    }
    let mut parts = scope.split(':');
    let (Some(resource), Some(verb), Some("admin"), None) = (parts.next(), parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    match verb {
        "read" => READ.contains(&resource) || READ_AND_WRITE.contains(&resource),
        "write" => READ_AND_WRITE.contains(&resource),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::known;

    #[test]
    fn names_are_resource_verb_and_admin() {
        assert!(
            ["offline_access", "contact:read:admin", "notes:write:admin", "stages:read:admin"].map(known).iter().all(|it| *it)
        );
        let wrong =
            ["contacts:read:admin", "stages:write:admin", "notes:delete:admin", "notes:write", "notes:write:admin:x", ""];
        assert!(wrong.map(known).iter().all(|it| !it));
    }
}
