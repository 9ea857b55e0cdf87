//! The simulated Lever account behind `/v1`.
//!
//! `answer` takes a request and the world and gives the reply; `routes` lists the endpoints with the permission and the
//! `perform_as` rule of each. One file per resource holds its endpoints. What happened is told to webhooks by `tell`.

mod access;
mod applications;
mod archive;
mod archive_reasons;
mod body;
mod bucket;
mod change;
mod contacts;
mod error;
mod events;
mod feedback;
mod feedback_templates;
mod field;
mod files;
mod filter;
mod form_templates;
mod forms;
mod inherit;
mod links;
mod moves;
mod multipart;
mod notes;
mod opportunities;
mod page;
mod postings;
mod record;
mod render;
mod routes;
mod select;
mod sheet;
mod signature;
mod sources;
mod stages;
mod tags;
mod users;
mod webhooks;
mod world;

pub(crate) use access::Access;
pub(crate) use change::{NewNote, NewOpportunity};
pub(crate) use events::{EVENTS, ORIGINS, event_named, verification};
pub(crate) use field::Purpose;
pub(crate) use files::File;
pub(crate) use record::{ArchiveReason, Happening, Phone, Posting, Stage, User};
pub(crate) use render::View;
pub(crate) use routes::endpoints;
pub(crate) use sheet::Template;
pub(crate) use world::World;

pub use field::NewField;
pub use sheet::NewTemplate;
pub use signature::sign;

pub(crate) mod shown {
    //! Records as the API shows them, for the world document of the control handle.
    pub(crate) use super::feedback::shown as feedback;
    pub(crate) use super::files::shown as file;
    pub(crate) use super::forms::shown as form;
    pub(crate) use super::render::{archive_reason, contact, note, opportunity, posting, stage, user, webhook};
}

use std::time::Duration;

use error::LeverError;

use super::delivery::Parcel;
use super::faults::{BucketMode, Faults};
use super::wire::{Ask, Reply};

type Answer = Result<Reply, LeverError>;

/// What a handler works with.
struct Desk<'a> {
    world: &'a mut World,
    faults: &'a Faults,
    ask: &'a Ask,
    /// The user named by `perform_as`.
    user: Option<String>,
    /// Whether the credential was granted what is confidential.
    sees_confidential: bool,
}

/// Answers one request and says whether it was carried out. `elapsed` is the time of the rate bucket.
pub(crate) fn answer(world: &mut World, faults: &Faults, ask: &Ask, elapsed: Duration) -> Reply {
    let reply = routes::dispatch(world, faults, ask, elapsed).unwrap_or_else(LeverError::into_reply);
    if reply.status == 204 {
        return reply;
    }
    // Recorded on everything but 204.
    reply.with_header("server", "lever-data-api").with_header("x-lever-region", "global").with_header("x-stream-path", "dapi")
}

fn within_limit(credential: &mut access::Credential, faults: &Faults, elapsed: Duration) -> Result<(), LeverError> {
    if faults.bucket == BucketMode::Off || credential.spend(elapsed) {
        return Ok(());
    }
    Err(LeverError::too_many_requests(faults.send_retry_after.then_some(1)))
}

/// Turns what happened into deliveries. Changes made through the API may be configured not to be told.
pub(crate) fn tell(world: &mut World, faults: &Faults, by_api: bool) -> Vec<Parcel> {
    let mut parcels: Vec<Parcel> = Vec::new();
    for id in std::mem::take(&mut world.to_verify) {
        parcels.extend(verification(world, &id, faults.verify_says_hired));
    }
    let happened = std::mem::take(&mut world.happened);
    if by_api && !faults.api_changes_fire {
        return parcels;
    }
    for happening in &happened {
        parcels.extend(events::parcels(world, happening, faults));
    }
    parcels
}
