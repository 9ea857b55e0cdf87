//! Mails that vendors send to candidates. What a test counts to know that nobody was invited twice.

use serde::Serialize;

/// What a mail is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MailKind {
    Invitation,
    Reminder,
}

/// One mail to a candidate.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mail {
    /// Milliseconds since the epoch, by the simulator's clock.
    pub at: i64,
    pub vendor: &'static str,
    pub kind: MailKind,
    pub to: String,
    /// The title of the test.
    pub assessment: String,
    /// The vendor's id of the invitation.
    pub invitation: String,
    /// The invitation's link, with host.
    pub link: String,
}
