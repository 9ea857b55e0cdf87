//! The switches: what is not known about the outside world, and how it may misbehave.
//!
//! Each field names one open question or one failure. Reading and setting them needs no knowledge of either service.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::wire::match_path;

/// All switches. The default is the likeliest reading of Lever's documents.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Faults {
    /// A retried delivery carries a new `token` and signature. Unknown: Lever documents a random token, not whether a
    /// retry repeats it.
    pub new_token_per_retry: bool,
    /// A delivery sent again by the Rerun button carries a new `token`. Unknown for the same reason.
    pub new_token_on_rerun: bool,
    /// Deliveries have an `id`. Unknown: it is in Lever's table of attributes and in neither of its examples.
    pub webhook_id: bool,
    /// How often a Lever delivery is tried. Unknown: "five times" may be five in all (5) or five more (6).
    pub attempts: u32,
    /// Pauses between the tries of a Lever delivery; the last one repeats. Unknown: "waiting longer and longer".
    pub retry_delays_ms: Vec<u64>,
    /// The pause before the vendor's only retry. Documented as at least 60 s; shorter here so that tests end.
    pub vendor_retry_delay_ms: u64,
    /// How long a delivery waits for an answer. Unknown for Lever; 5 s for the vendor.
    pub delivery_timeout_ms: u64,
    /// How long a delivery lies before it is sent. Zero lets an echo outrun the answer to the call that caused it.
    pub delivery_delay_ms: u64,
    /// Every second delivery overtakes the one before it, and held ones leave newest first. Lever promises no order.
    pub swap_deliveries: bool,
    /// Copies sent beside each delivery, same bytes. Lever excludes no duplicates.
    pub duplicate_deliveries: u32,
    /// Deliveries go out side by side instead of one after the other: what a bulk move looks like.
    pub concurrent_deliveries: bool,
    /// Deliveries are kept until `release_deliveries`.
    pub hold_deliveries: bool,
    /// Changes made through the API fire webhooks. Unknown: Lever names no exemption, no source shows a filter.
    pub api_changes_fire: bool,
    /// PUT stage to the stage it already has is a stage change like any other. Unknown; off: 200 and nothing else.
    pub same_stage_put_fires: bool,
    /// Creating an opportunity in a stage fires `candidateStageChange`. Unknown.
    pub creation_fires_stage_change: bool,
    /// Saving a posting attaches again what was removed from its opportunities. Unknown; off: a removal sticks.
    pub posting_save_restores_tags: bool,
    /// Webhooks registered from now on have the account's one signature token, as in older accounts, instead of one each.
    pub one_signature_token: bool,
    /// GET /webhooks leaves out what was made by hand. Unknown: Lever's documents disagree.
    pub webhook_list_hides_manual: bool,
    /// Confidential opportunities fire webhooks. Unknown.
    pub confidential_fires: bool,
    /// An uploaded file is answered with 200 instead of 201. Unknown: no upload was ever recorded.
    pub file_upload_says_ok: bool,
    /// Profile forms and their templates are answered without `data` around them, as in Lever's examples. Unknown.
    pub bare_forms: bool,
    /// A refresh token that was used stays good. Unknown: logins of this kind normally take it back.
    pub old_refresh_token_valid: bool,
    /// The verify delivery says `candidateHired` whatever the webhook's event is, as Lever's example does.
    pub verify_says_hired: bool,
    /// A 429 carries `Retry-After`. Unknown: no 429 was ever recorded.
    pub send_retry_after: bool,
    /// How the rate bucket of 20, refilled at 10/s, is run.
    pub bucket: BucketMode,
    /// Every answer of both services is this late; the work was done before.
    pub response_delay_ms: u64,
    /// The vendor's webhooks say score 0 until the result is read. Its change log tells of such bugs.
    pub vendor_webhook_score_zero: bool,
    /// Faults of single routes, tried in order; the first that fits is used.
    pub routes: Vec<RouteFault>,
}

impl Default for Faults {
    fn default() -> Self {
        Self {
            new_token_per_retry: false,
            new_token_on_rerun: false,
            webhook_id: false,
            attempts: 6,
            retry_delays_ms: vec![1_000, 2_000, 5_000, 10_000, 30_000],
            vendor_retry_delay_ms: 1_000,
            delivery_timeout_ms: 5_000,
            delivery_delay_ms: 0,
            swap_deliveries: false,
            duplicate_deliveries: 0,
            concurrent_deliveries: false,
            hold_deliveries: false,
            api_changes_fire: true,
            same_stage_put_fires: false,
            creation_fires_stage_change: false,
            posting_save_restores_tags: false,
            one_signature_token: false,
            webhook_list_hides_manual: false,
            confidential_fires: true,
            file_upload_says_ok: false,
            bare_forms: false,
            old_refresh_token_valid: false,
            verify_says_hired: false,
            send_retry_after: false,
            bucket: BucketMode::Real,
            response_delay_ms: 0,
            vendor_webhook_score_zero: false,
            routes: Vec::new(),
        }
    }
}

/// How time passes for the rate bucket.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BucketMode {
    /// With real time and what is added by `advance_clock`.
    #[default]
    Real,
    /// Only by `advance_clock`: tests of the limit need no waiting.
    Frozen,
    /// No limit.
    Off,
}

/// A fault of the requests with one method and path.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RouteFault {
    /// Absent: any method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// With the service prefix; a segment in braces stands for anything, a last segment `**` for any rest:
    /// `/v1/opportunities/{id}/notes`, `/api/v1/**`.
    pub path: String,
    /// How many requests are hit; absent: all until the faults are cleared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// Requests let through before the first is hit.
    #[serde(default)]
    pub after: u32,
    pub then: Misbehaviour,
}

/// What happens to a request that a `RouteFault` hits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Misbehaviour {
    /// This status and an error body; with `applied` the work was done all the same.
    Answer {
        status: u16,
        #[serde(default)]
        applied: bool,
        /// Seconds in a `Retry-After` header.
        #[serde(default)]
        retry_after: Option<u64>,
    },
    /// The work is done, then the connection is closed without a byte of an answer.
    DropAfter,
    /// The connection is closed without work and without an answer.
    DropBefore,
    /// The work is done, the answer comes this late.
    Slow { ms: u64 },
    /// 301 and nothing done. Without `location`: the same address, so that a second request succeeds.
    Redirect {
        #[serde(default)]
        location: Option<String>,
    },
    /// 200 with a body that is no JSON, work done.
    Garble,
}

impl Misbehaviour {
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Answer { .. } => "answer",
            Self::DropAfter => "drop_after",
            Self::DropBefore => "drop_before",
            Self::Slow { .. } => "slow",
            Self::Redirect { .. } => "redirect",
            Self::Garble => "garble",
        }
    }
}

impl Faults {
    /// The misbehaviour scripted for this request, if any; uses up one of its times.
    pub(crate) fn take_for(&mut self, method: &str, path: &str) -> Option<Misbehaviour> {
        let at = self.routes.iter_mut().position(|fault| {
            if !fault.fits(method, path) {
                return false;
            }
            if fault.after > 0 {
                fault.after -= 1;
                return false;
            }
            true
        })?;
        let fault = self.routes.get_mut(at)?;
        let then = fault.then.clone();
        if let Some(times) = &mut fault.times {
            *times = times.saturating_sub(1);
            if *times == 0 {
                self.routes.remove(at);
            }
        }
        Some(then)
    }

    /// The pause before attempt number `next`, which counts from 2.
    pub(crate) fn retry_delay_ms(&self, next: u32) -> u64 {
        let at = usize::try_from(next.saturating_sub(2)).unwrap_or(usize::MAX);
        self.retry_delays_ms.get(at).or(self.retry_delays_ms.last()).copied().unwrap_or(0)
    }
}

impl RouteFault {
    fn fits(&self, method: &str, path: &str) -> bool {
        if self.times == Some(0) || self.method.as_ref().is_some_and(|wanted| !wanted.eq_ignore_ascii_case(method)) {
            return false;
        }
        if let Some(start) = self.path.strip_suffix("**") {
            return path.starts_with(start);
        }
        let segments: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        match_path(&self.path, &segments).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_fault_is_used_up() {
        let mut faults: Faults = serde_json::from_str(
            r#"{"routes":[{"method":"POST","path":"/v1/opportunities/{id}/notes","times":1,"after":1,"then":{"do":"drop_after"}}]}"#,
        )
        .unwrap();
        let path = "/v1/opportunities/x/notes";
        assert_eq!(faults.take_for("GET", path), None);
        assert_eq!(faults.take_for("POST", path), None);
        assert_eq!(faults.take_for("POST", path), Some(Misbehaviour::DropAfter));
        assert_eq!(faults.take_for("POST", path), None);
    }

    #[test]
    fn delays_grow_and_the_last_repeats() {
        let faults = Faults { retry_delays_ms: vec![1, 2], ..Faults::default() };
        assert_eq!([2, 3, 4].map(|next| faults.retry_delay_ms(next)), [1, 2, 2]);
    }
}
