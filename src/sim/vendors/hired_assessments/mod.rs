//! Hired Assessments behind `/vendors/hired-assessments`, in leverd's reference contract: the product had no public interface.
//!
//! Handing in (`complete`) and the result (`grade`) are two events; the report is a link. Nothing more is known.

use super::contract::Profile;

pub(crate) static PROFILE: Profile = Profile {
    deeds: &["open", "start", "complete", "grade", "submit", "correct", "expire", "cancel", "decline", "terminate"],
    reminders: None,
    applicant_page: false,
};
