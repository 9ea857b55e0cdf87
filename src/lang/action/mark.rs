//! `mark`: closes an attempt in our own ledger. Nothing is sent anywhere; rules may listen to the event that follows.

use super::registry::{Needs, Verb};
use super::{Action, Draft, Stop};
use crate::lang::compile::check::Check;
use crate::lang::compile::literal::unknown_option;
use crate::lang::scope::Scope;
use crate::lang::shape::Ty;
use crate::lang::yaml::Node;
use crate::model::{AssessmentEvent, Event, EventId, EventKind, Phase, Said};
use std::sync::Arc;

/// What an attempt may be marked as, from which phases (behaviours T18, T21, T22), and what rules hear of it.
const MARKS: [(&str, Phase, AssessmentEvent, &[Phase]); 3] = [
    ("expired", Phase::Expired, AssessmentEvent::Expired, &[Phase::Requested, Phase::Invited, Phase::Opened]),
    ("opted_out", Phase::OptedOut, AssessmentEvent::OptedOut, &[Phase::Requested, Phase::Invited, Phase::Opened]),
    (
        "cancelled",
        Phase::Cancelled,
        AssessmentEvent::Cancelled,
        &[Phase::Requested, Phase::Invited, Phase::Opened, Phase::Started],
    ),
];

pub(super) static VERB: Verb = Verb {
    name: "mark",
    doc: "Closes the attempt in leverd's ledger as expired, opted out or cancelled. The vendor is not told.",
    shape: Ty::OneOf(&["expired", "opted_out", "cancelled"]),
    needs: Needs::Assessment,
    good: "mark: cancelled",
    bad: ("unknown-value", "mark: canceled"),
    parse,
};

#[derive(Debug)]
struct Mark {
    word: &'static str,
    phase: Phase,
    event: AssessmentEvent,
    from: &'static [Phase],
}

fn parse(check: &mut Check<'_, '_>, _: &mut Scope<'_>, node: &Node, _: &str) -> Option<Arc<dyn Action>> {
    let text = node.as_text(check.found)?;
    let Some((word, phase, event, from)) = MARKS.into_iter().find(|(word, ..)| *word == text) else {
        let words: Vec<String> = MARKS.iter().map(|(word, ..)| (*word).to_owned()).collect();
        check.found.push(unknown_option(node, text, &words));
        return None;
    };
    Some(Arc::new(Mark { word, phase, event, from }))
}

impl Action for Mark {
    fn verb(&self) -> &'static str {
        VERB.name
    }

    fn plan(&self, draft: &mut dyn Draft) -> Result<(), Stop> {
        let Some(mut row) = draft.assessment()? else {
            draft.say(Said::Skipped { reason: "the attempt is not in the ledger".to_owned() });
            return Ok(());
        };
        if !self.from.contains(&row.phase) {
            draft.say(Said::Skipped { reason: format!("an attempt that is {} cannot become {}", row.phase, self.word) });
            return Ok(());
        }
        row.phase = self.phase;
        // The draft gives the event its id, account and depth.
        let (id, at) = (EventId::derive(draft.now(), &[]), draft.event().at);
        let mut event =
            Event::new(id, row.account.clone(), EventKind::Assessment(self.event), Some(row.opportunity.clone()), at);
        event.assessment = Some(row.id);
        event.applied = true;
        draft.put(row);
        draft.emit(event);
        Ok(())
    }

    fn identity(&self) -> String {
        // One attempt is closed once, whatever as.
        String::new()
    }
}
