//! `mark`: closes an attempt in our own ledger. Nothing is sent anywhere; rules may listen to the event that follows.

use super::registry::{Needs, Verb};
use super::{Action, Draft, Stop, Touch};
use crate::lang::compile::check::Check;
use crate::lang::compile::literal::unknown_option;
use crate::lang::scope::Scope;
use crate::lang::shape::{KeyShape, Names, Shape, Ty};
use crate::lang::yaml::{Kind, Node};
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
    doc: "Closes the attempt in leverd's ledger as expired, opted out or cancelled: the one that the event is about, or a row of the \
          ledger (`for`). The vendor is not told.",
    shape: Ty::Either(&[Ty::OneOf(&WORDS), Ty::Map(&SHAPE)]),
    needs: Needs::Lane,
    good: "mark: cancelled",
    bad: ("unknown-value", "mark: canceled"),
    parse,
};

const WORDS: [&str; 3] = ["expired", "opted_out", "cancelled"];

static SHAPE: Shape = Shape {
    what: "`mark`",
    keys: &[
        KeyShape::must("as", Ty::OneOf(&WORDS), "what it is closed as"),
        KeyShape::must("for", Ty::Of(Names::Row), "a variable of `for_each` or `find` over the ledger"),
    ],
};

#[derive(Debug)]
struct Mark {
    /// The variable that the attempt stands in; the event's attempt without one.
    row: Option<String>,
    word: &'static str,
    phase: Phase,
    event: AssessmentEvent,
    from: &'static [Phase],
}

fn parse(check: &mut Check<'_, '_>, scope: &mut Scope<'_>, node: &Node, _: &str) -> Option<Arc<dyn Action>> {
    let (node, row) = if let Kind::Map(_) = node.kind {
        let entries = SHAPE.entries(node, check.found);
        let get = |name: &str| entries.iter().find(|(key, _)| key.text == name).map(|(_, value)| value);
        let row = check.ledger_row(scope, get("for")?)?;
        (get("as")?, Some(row))
    } else {
        if !scope.has_assessment() {
            let message = "`mark` is about an attempt, and none is known here";
            let help = "use it under a trigger such as `assessment.invited` or a timer on one, or name a row of the ledger: `mark: { as: \
                        cancelled, for: $row }`";
            check.error("no-assessment", node.span, message, help);
            return None;
        }
        (node, None)
    };
    let text = node.as_text(check.found)?;
    let Some((word, phase, event, from)) = MARKS.into_iter().find(|(word, ..)| *word == text) else {
        let words: Vec<String> = MARKS.iter().map(|(word, ..)| (*word).to_owned()).collect();
        check.found.push(unknown_option(node, text, &words));
        return None;
    };
    Some(Arc::new(Mark { row, word, phase, event, from }))
}

impl Action for Mark {
    fn verb(&self) -> &'static str {
        VERB.name
    }

    fn plan(&self, draft: &mut dyn Draft) -> Result<(), Stop> {
        let row = match &self.row {
            Some(variable) => draft.row(variable),
            None => draft.assessment()?,
        };
        let Some(mut row) = row else {
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
        self.row.clone().unwrap_or_default()
    }

    fn touch(&self) -> Touch<'_> {
        Touch::Mark(self.event)
    }
}
