//! career.place behind `/vendors/career-place`, in leverd's reference contract: its own interface is not public.
//!
//! A test is a job of career.place. There are no scores: candidates are qualified, or not with a reason. Each has an applicant
//! card (`profile_url`). Who does not start is reminded for two weeks and a half, and after that hears nothing more; nor does
//! anybody else: whoever opts out does so in silence. How often it reminds is not documented; here every three days and a half.

use super::contract::Profile;

pub(crate) static PROFILE: Profile = Profile {
    deeds: &["open", "start", "complete", "review", "qualify", "unqualify", "cancel", "decline"],
    reminders: Some((84, 420)),
    applicant_page: true,
};
