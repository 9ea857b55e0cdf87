//! Names and foreign ids as types of their own, so that a posting is never passed where a stage is meant.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The name as written.
            pub fn new(text: impl Into<String>) -> Self { Self(text.into()) }
            /// The text of it.
            pub fn as_str(&self) -> &str { &self.0 }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{:?}", self.0) }
        }
        impl From<&str> for $name {
            fn from(text: &str) -> Self { Self(text.to_owned()) }
        }
        impl From<String> for $name {
            fn from(text: String) -> Self { Self(text) }
        }
        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str { &self.0 }
        }
    )*};
}

names! {
    /// One connected Lever account, as named in `leverd.yaml`.
    AccountId;
    /// A vendor, as `vendor.yaml` names it.
    VendorName;
    /// Credentials and webhook secret for Lever or one vendor in one account.
    ConnectionName;
    /// A pack: a folder with one integration.
    PackName;
    /// A rule's name, unique in its pack.
    RuleName;
    /// Lever's opportunity id.
    OpportunityId;
    /// Lever's contact id: one person, possibly several opportunities.
    ContactId;
    /// Lever's posting id.
    PostingId;
    /// Lever's stage id. Not always a UUID: `applicant-new` is one (`lever-api §2.4`).
    StageId;
    /// Lever's user id.
    UserId;
}
