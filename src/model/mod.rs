//! The nouns: data with constructors that keep invariants.
//!
//! Everything that crosses a layer is one of these values: an [`Event`] comes in, [`Facts`] are what is known, a [`Plan`] is
//! what shall be true, an [`Effect`] is one durable change in the outside world, an [`Assessment`] is our ledger's row.
//! All of them are plain, comparable and serialisable; they are what the store keeps and what `--format json` prints.
//!
//! This layer knows nothing of YAML, HTTP, SQL, time or the file system.

mod assessment;
mod catalogue;
mod delivery;
mod effect;
mod event;
mod facts;
mod form;
mod glimpse;
mod id;
mod index;
mod names;
mod outcome;
mod pattern;
mod placed;
mod plan;
mod planted;
mod poll;
mod reason;
mod sealed;
mod secret;
mod test_list;
mod trigger;
mod value;
mod wire;

pub use assessment::{Again, Assessment, Decision, Integrity, Phase, PhaseGroup, ReportState, Verdict};
pub use catalogue::{AccountCatalogue, Pinned, PostingEntry, StageEntry, TestEntry, UserEntry};
pub use delivery::{About, Delivery, Hint, Source};
pub use effect::{Act, Ask, Attachment, Call, Choice, Effect, Invite, InviteMode, Move, PAYLOAD_VERSION, Slot, TagFamily};
pub use event::{Class, Event, ForRule, Look};
pub use facts::{Facts, Group, Needs};
pub use form::{FieldType, FilledField, FilledForm, FormField, FormTemplate};
pub use glimpse::{Glimpse, GlimpsedArchive, TagMark};
pub use id::{AssessmentId, DeliveryId, EffectId, EventId, Id, NoticeId, TimerId, hex};
pub use index::Index;
pub use names::{
    AccountId, ConnectionName, ContactId, OpportunityId, PackName, PostingId, RuleName, StageId, UserId, VendorName,
};
pub use outcome::{Applied, Attempt, Outcome};
pub use pattern::{Hole, Pattern, Piece};
pub use placed::{Key, Placed, digest};
pub use plan::{Later, LaterKind, Notice, NoticeKind, Plan, Planned, Said, Step};
pub use planted::Bug;
pub(crate) use planted::{hurried, planted};
#[cfg(feature = "kill-points")]
pub use planted::{hurry, plant, plant_everywhere};
pub use poll::{Listed, Poll};
pub use reason::{Code, NoCode, Reason};
pub use sealed::Sealed;
pub use secret::Secret;
pub use test_list::TestList;
pub use trigger::{AssessmentEvent, EventKind, LeverEvent};
pub use value::{Field, Kind, Named, Type, Value};
pub use wire::{Body, Destination, Exchange, HeaderText, Method, Request, Response, percent_encoded};
