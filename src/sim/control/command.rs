//! Every control as data, for scripts and for other processes: `{"do": "move_stage", "opportunity": "Ada", "stage": "Offer"}`.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::vendor::first_vendor;
use super::{AtVendor, ControlError, NewOpportunity, NewPosting, NewWebhook, PostingChange};
use crate::sim::auth::NewApp;
use crate::sim::faults::RouteFault;
use crate::sim::lever::NewTemplate;
use crate::sim::vendors::AssessmentState;

/// One command; the method of `Control` with the same name says what it does.
///
/// The comments here are what `leverd sim`, `GET commands` and the page say about each.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Adds a published posting; gives its id.
    CreatePosting(NewPosting),
    /// Saves a posting; its opportunities gain and lose tags with it.
    UpdatePosting { posting: String, change: PostingChange },
    /// Adds a candidate; gives the opportunity's id. With a posting and without `by` the candidate applied.
    CreateOpportunity(NewOpportunity),
    /// A recruiter moves a candidate.
    MoveStage { opportunity: String, stage: String },
    /// A recruiter adds tags.
    AddTags { opportunity: String, tags: Vec<String> },
    /// A recruiter removes tags.
    RemoveTags { opportunity: String, tags: Vec<String> },
    /// A recruiter archives a candidate.
    Archive { opportunity: String, reason: String },
    /// A recruiter takes a candidate out of the archive.
    Unarchive { opportunity: String },
    /// A recruiter writes a note. The API can read it and not change it.
    AddNote { opportunity: String, text: String },
    /// A Super Admin deletes an opportunity.
    DeleteOpportunity { opportunity: String },
    /// Changes the candidate's address; without `email` there is none afterwards.
    SetEmail { opportunity: String, email: Option<String> },
    /// Adds a stage before the offer, or after another one; gives its id.
    CreateStage { text: String, after: Option<String> },
    /// Renames a stage; its id stays.
    RenameStage { stage: String, text: String },
    /// Makes a template of profile forms; gives its id.
    CreateFormTemplate(NewTemplate),
    /// Makes a template of feedback, with exactly one field of type `score-system`; gives its id.
    CreateFeedbackTemplate(NewTemplate),
    /// Renames a template of profile forms; its id stays.
    RenameFormTemplate { template: String, text: String },
    /// Renames a template of feedback; its id stays.
    RenameFeedbackTemplate { template: String, text: String },
    /// Removes a template of profile forms; what was filled in stays.
    DeleteFormTemplate { template: String },
    /// Adds an archive reason; gives its id. `Hired` is there from the start.
    CreateArchiveReason { text: String },
    /// Renames an archive reason; its id stays.
    RenameArchiveReason { reason: String, text: String },
    /// Adds a user with a role such as `admin` or `interviewer`; gives the id.
    CreateUser { name: String, email: String, role: String },
    /// Deactivates a user, who can still be named by `perform_as`.
    DeactivateUser { user: String },
    /// Adds an API key, with these scopes or with all.
    AddCredential { key: String, scopes: Option<Vec<String>> },
    /// Ends an API key.
    RevokeCredential { key: String },
    /// Registers an OAuth app.
    RegisterApp(NewApp),
    /// Lets an OAuth app have people sent back to one more address, compared byte by byte.
    AddCallback { client_id: String, callback: String },
    /// A Super Admin opens the consent page and accepts or declines; gives where the browser is sent then as `location`.
    Consent { url: String, accept: bool },
    /// A Super Admin takes back every consent: access and refresh tokens end at once.
    RevokeAccess,
    /// A Super Admin switches event groups on; without `events` all.
    EnableWebhooks {
        #[serde(default)]
        events: Vec<String>,
    },
    /// A Super Admin switches event groups off; without `events` all.
    DisableWebhooks {
        #[serde(default)]
        events: Vec<String>,
    },
    /// A Super Admin registers a webhook by hand; gives its id and its `signatureToken`.
    CreateWebhook(NewWebhook),
    /// A Super Admin removes a webhook.
    DeleteWebhook { webhook: String },
    /// Gives a webhook a new `signatureToken`, and all that share it.
    RegenerateSignatureToken { webhook: String },
    /// Presses "Verify connection"; gives the delivery's id.
    VerifyWebhook { webhook: String },
    /// Fires an event with data of your choice, such as those of interviews, which are not simulated.
    Emit { event: String, data: Value, origin: Option<String> },
    /// A vendor adds a test; gives its id. With `passing_score` results say whether they passed.
    CreateAssessment {
        #[serde(default = "first_vendor")]
        vendor: String,
        title: String,
        state: Option<AssessmentState>,
        passing_score: Option<f64>,
    },
    /// A vendor publishes, unpublishes or archives a test.
    SetAssessmentState {
        #[serde(default = "first_vendor")]
        vendor: String,
        assessment: String,
        state: AssessmentState,
    },
    /// A candidate, a reviewer or the vendor does something with the candidate's latest take of a test.
    AtVendor(AtVendor),
    /// Changes switches of one vendor: what is not known about it. Those not named stay.
    SwitchVendor { vendor: String, switches: Value },
    /// Has a vendor's webhooks sent to an address, as its settings page does; without `events` all; gives the id.
    Subscribe {
        #[serde(default = "first_vendor")]
        vendor: String,
        url: String,
        #[serde(default)]
        events: Vec<String>,
    },
    /// From now on a vendor refuses this address.
    RefuseEmail {
        #[serde(default = "first_vendor")]
        vendor: String,
        email: String,
    },
    /// Changes switches; those not named stay.
    SetFaults { faults: Value },
    /// The next requests to a path misbehave.
    AddRouteFault(RouteFault),
    /// Takes back all that `add_route_fault` added.
    ClearRouteFaults,
    /// Sends the deliveries that are held or wait to be overtaken.
    ReleaseDeliveries,
    /// Sends a delivery once more, as the Rerun button does; gives the new delivery's id.
    Rerun { delivery: u64 },
    /// Ends the pauses of all deliveries that wait for their next try.
    RetryNow,
    /// Moves the simulator's time forward: tokens and invitations expire, the rate limit refills.
    AdvanceClock { ms: u64 },
    /// Forgets the log of requests.
    ClearRequests,
    /// Waits until every delivery was delivered or given up. Held ones do not count.
    Quiet,
    /// Waits in real time.
    Pause { ms: u64 },
}

impl Command {
    /// A command from JSON; the message says what is wrong with it.
    pub fn from_value(value: Value) -> Result<Self, ControlError> {
        serde_json::from_value(value).map_err(|error| ControlError::Wrong(error.to_string()))
    }
}
