//! Which webhooks an account should have in Lever, and what has to be done so that it has them.
//!
//! Lever tells the token that signs a webhook once, in the answer that made it. A webhook at our URL whose token nobody has is of no
//! use: it is deleted and made again, unless the configuration holds tokens, because then a person may have made it by hand.

use super::api::Webhook;
use crate::model::LeverEvent;
use std::collections::BTreeSet;
use std::fmt::Write as _;

/// One webhook that the rules need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub event: LeverEvent,
    pub url: String,
    /// Only candidates of these origins; `None`: of all.
    pub origins: Option<Vec<String>>,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// It is there, and its token is kept.
    Keep {
        id: String,
        event: LeverEvent,
    },
    /// It is there without a token of ours: made by hand, its token is in the configuration.
    ByHand {
        id: String,
        event: LeverEvent,
    },
    /// It is there for other origins.
    Change {
        id: String,
        wanted: Wanted,
    },
    Delete {
        id: String,
        event: String,
        why: &'static str,
    },
    Create(Wanted),
}

/// The origins of candidates; only events of [`conditioned`] can be narrowed to some of them.
pub const ORIGINS: [&str; 6] = ["applied", "sourced", "referred", "university", "agency", "internal"];

/// Whether Lever lets a webhook of this event be narrowed by the candidate's origin.
pub const fn conditioned(event: LeverEvent) -> bool {
    matches!(
        event,
        LeverEvent::ApplicationCreated
            | LeverEvent::CandidateArchiveChange
            | LeverEvent::CandidateHired
            | LeverEvent::CandidateStageChange
    )
}

/// What lies between `listed` and `wanted`. `ours` are the ids of webhooks whose tokens are kept, `by_hand` whether the configuration
/// holds signing tokens, `base` what all our URLs begin with. Webhooks elsewhere are nobody's business here.
pub fn plan(wanted: &[Wanted], listed: &[Webhook], ours: &BTreeSet<String>, by_hand: bool, base: &str) -> Vec<Step> {
    let mut steps = Vec::new();
    for one in wanted {
        let mut there: Vec<&Webhook> =
            listed.iter().filter(|webhook| webhook.event == one.event.as_str() && webhook.url == one.url).collect();
        // One with a token comes first, and stays.
        there.sort_by_key(|webhook| !ours.contains(&webhook.id));
        let mut there = there.into_iter();
        match there.next() {
            None => steps.push(Step::Create(one.clone())),
            Some(first) if ours.contains(&first.id) => {
                let (id, event) = (first.id.clone(), one.event);
                let same = !conditioned(event) || origins(one.origins.as_deref()) == origins(first.origins.as_deref());
                steps.push(if same { Step::Keep { id, event } } else { Step::Change { id, wanted: one.clone() } });
            }
            Some(first) if by_hand => steps.push(Step::ByHand { id: first.id.clone(), event: one.event }),
            Some(first) => {
                steps.push(delete(first, "nobody has the token that signs it"));
                steps.push(Step::Create(one.clone()));
            }
        }
        for second in there {
            // Without a token it may be a person's, and deleting it would not bring the duplicate deliveries to an end sooner.
            if ours.contains(&second.id) || !by_hand {
                steps.push(delete(second, "it is there twice, and everything would be delivered twice"));
            }
        }
    }
    let needed = |webhook: &Webhook| wanted.iter().any(|one| webhook.event == one.event.as_str() && webhook.url == one.url);
    for webhook in listed.iter().filter(|webhook| ours.contains(&webhook.id) && !needed(webhook)) {
        let why =
            if webhook.url.starts_with(base) { "no rule needs it any more" } else { "it leads to where leverd no longer is" };
        steps.push(delete(webhook, why));
    }
    steps
}

fn delete(webhook: &Webhook, why: &'static str) -> Step {
    Step::Delete { id: webhook.id.clone(), event: webhook.event.clone(), why }
}

/// All six and none named are the same.
fn origins(some: Option<&[String]>) -> BTreeSet<String> {
    let all = || ORIGINS.iter().map(|origin| (*origin).to_owned()).collect();
    some.filter(|some| !some.is_empty()).map_or_else(all, |some| some.iter().cloned().collect())
}

/// The event as Lever's settings call it: `Candidate Stage Change`.
pub fn title(event: LeverEvent) -> String {
    let mut title = String::new();
    for (at, c) in event.as_str().char_indices() {
        if at == 0 {
            title.extend(c.to_uppercase());
        } else {
            if c.is_uppercase() {
                title.push(' ');
            }
            title.push(c);
        }
    }
    title
}

/// What a person does in Lever where the API may not.
pub fn manual(wanted: &[Wanted]) -> String {
    let mut text =
        "A Super Admin makes the webhooks in Lever:\n  1. Open Settings > Integrations and API > Webhooks.\n".to_owned();
    for (n, one) in (2..).zip(wanted) {
        let bare = one.url.split_once("://").map_or(one.url.as_str(), |(_, bare)| bare);
        let _ = writeln!(text, "  {n}. Under “{}”: switch it on, click “+ Add webhook”, and paste", title(one.event));
        let _ = writeln!(text, "       {}", one.url);
        let _ = writeln!(text, "     or, where “https://” stands in front of the field already,\n       {bare}");
        if let Some(origins) = &one.origins {
            let _ =
                writeln!(text, "     Rules want only candidates of origin {}: other boxes may be cleared.", origins.join(", "));
        }
    }
    let next = wanted.len() + 2;
    let _ = writeln!(
        text,
        "  {next}. Copy the signature token that stands beside each webhook, give it to leverd by reference\n     \
         (`webhooks: {{ signing_tokens: [{{ env: LEVER_SIGNING_TOKEN }}] }}`), and start leverd with it.\n  \
         {}. Click “Verify connection” beside each webhook: leverd answers, and `leverd doctor` shows when it did.",
        next + 1
    );
    text
}

/// What remains to be done by hand after the API has made webhooks.
pub fn switch_on(events: impl IntoIterator<Item = LeverEvent>) -> String {
    let names: Vec<String> = events.into_iter().map(|event| format!("“{}”", title(event))).collect();
    format!(
        "A Super Admin must switch on {} in Lever under Settings > Integrations and API > Webhooks: Lever sends nothing before that, and \
         no API tells whether it is on. `leverd doctor` shows what has arrived.",
        names.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "https://leverd.example.com/hooks/lever/";

    fn wanted(event: LeverEvent) -> Wanted {
        Wanted { event, url: format!("{BASE}acme/{event}"), origins: None }
    }

    fn listed(id: &str, event: LeverEvent) -> Webhook {
        Webhook { id: id.into(), event: event.to_string(), url: wanted(event).url, token: None, origins: None }
    }

    fn ours(ids: &[&str]) -> BTreeSet<String> {
        ids.iter().map(ToString::to_string).collect()
    }

    const MOVE: LeverEvent = LeverEvent::CandidateStageChange;

    // B07
    #[test]
    fn b07_what_is_there_is_kept_and_what_lacks_is_made() {
        let both = [wanted(MOVE), wanted(LeverEvent::ApplicationCreated)];
        let steps = plan(&both, &[listed("a", MOVE)], &ours(&["a"]), false, BASE);
        assert_eq!(steps, [Step::Keep { id: "a".into(), event: MOVE }, Step::Create(both[1].clone())]);
        let made = [listed("a", MOVE), listed("b", LeverEvent::ApplicationCreated)];
        let again = plan(&both, &made, &ours(&["a", "b"]), false, BASE);
        assert!(again.iter().all(|step| matches!(step, Step::Keep { .. })), "{again:?}");
    }

    #[test]
    fn a_webhook_without_a_token_is_made_again_unless_a_person_may_have_made_it() {
        let steps = plan(&[wanted(MOVE)], &[listed("a", MOVE)], &ours(&[]), false, BASE);
        assert!(matches!(&steps[..], [Step::Delete { id, .. }, Step::Create(_)] if id == "a"), "{steps:?}");
        let steps = plan(&[wanted(MOVE)], &[listed("a", MOVE)], &ours(&[]), true, BASE);
        assert_eq!(steps, [Step::ByHand { id: "a".into(), event: MOVE }]);
    }

    #[test]
    fn duplicates_and_what_is_left_over_go_and_what_is_not_ours_stays() {
        let foreign = Webhook { url: "https://elsewhere.example.com".into(), ..listed("x", MOVE) };
        let moved = Webhook { url: "https://old.example.com/hooks/lever/acme/candidateHired".into(), ..listed("m", MOVE) };
        let there = [listed("a", MOVE), listed("b", MOVE), listed("c", LeverEvent::CandidateHired), foreign, moved];
        let steps = plan(&[wanted(MOVE)], &there, &ours(&["b", "c", "m"]), false, BASE);
        let said: Vec<String> = steps
            .iter()
            .map(|step| match step {
                Step::Keep { id, .. } => format!("keep {id}"),
                Step::Delete { id, why, .. } => format!("delete {id}: {why}"),
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(
            said,
            [
                "keep b",
                "delete a: it is there twice, and everything would be delivered twice",
                "delete c: no rule needs it any more",
                "delete m: it leads to where leverd no longer is"
            ]
        );
    }

    #[test]
    fn origins_are_changed_where_they_differ() {
        let applied = Wanted { origins: Some(vec!["applied".into()]), ..wanted(MOVE) };
        let all = Webhook { origins: Some(ORIGINS.map(str::to_owned).to_vec()), ..listed("a", MOVE) };
        let steps = plan(std::slice::from_ref(&applied), std::slice::from_ref(&all), &ours(&["a"]), false, BASE);
        assert_eq!(steps, [Step::Change { id: "a".into(), wanted: applied }]);
        let steps = plan(&[wanted(MOVE)], &[all], &ours(&["a"]), false, BASE);
        assert_eq!(steps, [Step::Keep { id: "a".into(), event: MOVE }]);
    }

    // B08 B45 B100 B101
    #[test]
    fn b08_b45_b100_b101_the_manual_steps_name_switch_field_url_and_verification() {
        let text = manual(&[wanted(LeverEvent::ApplicationCreated), wanted(MOVE)]);
        for part in [
            "Settings > Integrations and API > Webhooks",
            "Under “Candidate Stage Change”: switch it on",
            "Under “Application Created”: switch it on, click “+ Add webhook”",
            "\n       https://leverd.example.com/hooks/lever/acme/candidateStageChange\n",
            "\n       leverd.example.com/hooks/lever/acme/applicationCreated\n",
            "“Verify connection”",
        ] {
            assert!(text.contains(part), "{part}:\n{text}");
        }
        assert!(switch_on([MOVE]).contains("switch on “Candidate Stage Change”"));
    }
}
