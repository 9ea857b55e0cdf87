//! The filters of GET /opportunities (lever-api §3.1). A repeated parameter is a union; different parameters all apply.

use super::error::LeverError;
use super::record::Opportunity;
use super::world::{World, canonical};
use crate::sim::wire::Ask;

/// The filters of one request, read once for all rows.
pub(super) struct Filter<'a> {
    ask: &'a Ask,
    archived: Option<bool>,
    ranges: Vec<(Stamp, bool, i64)>,
}

#[derive(Clone, Copy)]
enum Stamp {
    Created,
    Updated,
    Advanced,
    Archived,
}

const STAMPS: [(&str, Stamp); 4] = [
    ("created_at", Stamp::Created),
    ("updated_at", Stamp::Updated),
    ("advanced_at", Stamp::Advanced),
    ("archived_at", Stamp::Archived),
];

impl<'a> Filter<'a> {
    pub(super) fn read(ask: &'a Ask) -> Result<Self, LeverError> {
        let mut ranges = Vec::new();
        for (name, stamp) in STAMPS {
            for (end, is_start) in [("start", true), ("end", false)] {
                let name = format!("{name}_{end}");
                if let Some(text) = ask.one(&name) {
                    let ms = text.parse().map_err(|_| LeverError::bad_request(format!("{name} must be a timestamp")))?;
                    ranges.push((stamp, is_start, ms));
                }
            }
        }
        let archived = match ask.one("archived") {
            None => None,
            Some("true") => Some(true),
            Some("false") => Some(false),
            Some(_) => return Err(LeverError::bad_request("archived must be true or false")),
        };
        Ok(Self { ask, archived, ranges })
    }

    pub(super) fn takes(&self, world: &World, it: &Opportunity) -> bool {
        let contact = world.contact_of(it);
        let posting = it.application.as_ref().map(|application| application.posting.as_str());
        let reason = it.archived.as_ref().map(|archived| archived.reason.as_str());
        let archived_posting = posting.filter(|_| it.archived.is_some());
        let emails = self.ask.all("email");
        let has_email = || {
            contact.is_some_and(|contact| {
                contact.emails.iter().any(|email| emails.iter().any(|wanted| canonical(wanted) == canonical(email)))
            })
        };
        self.any("stage_id", |wanted| it.stage == wanted)
            && self.any("tag", |wanted| it.tags.iter().any(|tag| tag == wanted))
            && (emails.is_empty() || has_email())
            && self.any("origin", |wanted| it.origin == wanted)
            && self.any("source", |wanted| it.sources.iter().any(|source| source == wanted))
            && self.any("posting_id", |wanted| posting == Some(wanted))
            && self.any("archived_posting_id", |wanted| archived_posting == Some(wanted))
            && self.any("archive_reason_id", |wanted| reason == Some(wanted))
            && self.any("contact_id", |wanted| it.contact == wanted)
            && self.any("location", |wanted| contact.is_some_and(|contact| contact.location == wanted))
            && self.any("snoozed", |wanted| wanted != "true")
            && self.archived.is_none_or(|wanted| wanted == it.archived.is_some())
            && self.confidentiality(it)
            && self.ranges.iter().all(|range| in_range(it, *range))
    }

    fn any(&self, name: &str, fits: impl Fn(&str) -> bool) -> bool {
        let wanted = self.ask.all(name);
        wanted.is_empty() || wanted.into_iter().any(fits)
    }

    /// Without the parameter only what is not confidential.
    fn confidentiality(&self, it: &Opportunity) -> bool {
        match self.ask.one("confidentiality") {
            Some("all") => true,
            wanted => it.confidentiality == wanted.unwrap_or("non-confidential"),
        }
    }
}

/// Both ends are inclusive.
fn in_range(it: &Opportunity, (stamp, is_start, ms): (Stamp, bool, i64)) -> bool {
    let value = match stamp {
        Stamp::Created => Some(it.created_at),
        Stamp::Updated => Some(it.updated_at),
        Stamp::Advanced => Some(it.last_advanced_at),
        Stamp::Archived => it.archived.as_ref().map(|archived| archived.at),
    };
    value.is_some_and(|value| if is_start { value >= ms } else { value <= ms })
}
