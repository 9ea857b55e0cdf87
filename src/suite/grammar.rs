//! The keys of `tests.yaml`, as tables: the reader, the JSON Schema and the grammar page agree on them.

use crate::lang::shape::{KeyShape, Names, Shape, Ty};
use schemars::Schema;

pub(super) static ROOT: Shape = Shape {
    what: "a file of rule tests",
    keys: &[
        KeyShape::may("given", Ty::Map(&GIVEN), "what all tests of the file begin with"),
        KeyShape::must("tests", Ty::List(&Ty::Map(&TEST)), "the tests"),
    ],
};

pub(super) static GIVEN: Shape = Shape {
    what: "`given`",
    keys: &[
        KeyShape::may("now", Ty::Time, "the time at the beginning; 2026-01-05T09:00:00Z unless told"),
        KeyShape::may("settings", Ty::By(Names::Setting, &Ty::Any), "the account's settings, by name"),
        KeyShape::may("stages", Ty::List(&Ty::Text), "the stages of the pipeline, in order"),
        KeyShape::may("tests", Ty::List(&Ty::Text), "the titles of the tests that the vendor offers"),
        KeyShape::may("postings", Ty::List(&Ty::Text), "the titles of the postings"),
        KeyShape::may("archive_reasons", Ty::List(&Ty::Text), "the reasons for archiving"),
        KeyShape::may(
            "form_templates",
            Ty::Named(&Ty::Named(&Ty::Text)),
            "templates of profile forms: `NAME: { QUESTION: TYPE }`; those that the pack ensures are there already",
        ),
        KeyShape::may("feedback_templates", Ty::Named(&Ty::Named(&Ty::Text)), "templates of feedback forms, likewise"),
        KeyShape::may("users", Ty::List(&Ty::Text), "the names of the account's users"),
        KeyShape::may("opportunity", Ty::Map(&OPPORTUNITY), "the opportunity"),
    ],
};

pub(super) static OPPORTUNITY: Shape = Shape {
    what: "`opportunity`",
    keys: &[
        KeyShape::may(
            "stage",
            Ty::Of(Names::Thing(crate::model::Kind::Stage)),
            "the stage it is in; the first one unless told",
        ),
        KeyShape::may("tags", Ty::List(&Ty::Of(Names::Tag)), "its own tags"),
        KeyShape::may("posting", Ty::Of(Names::Thing(crate::model::Kind::Posting)), "the title of its posting"),
        KeyShape::may("posting_tags", Ty::List(&Ty::Text), "the posting's tags, which it inherits"),
        KeyShape::may("archived", Ty::Of(Names::Thing(crate::model::Kind::ArchiveReason)), "the reason it is archived for"),
        KeyShape::may("email", Ty::Text, "the candidate's address; empty for none"),
        KeyShape::may("facts", Ty::By(Names::Fact, &Ty::Any), "any other name of the vocabulary, such as `candidate.location`"),
        KeyShape::may("attempts", Ty::List(&Ty::Map(&ATTEMPT)), "attempts that the ledger has at the beginning"),
    ],
};

pub(super) static ATTEMPT: Shape = Shape {
    what: "an attempt",
    keys: &[
        KeyShape::must("test", Ty::Of(Names::Thing(crate::model::Kind::Assessment)), "the test's title"),
        KeyShape::may("phase", Ty::Of(Names::Phase), "where it stands; `invited` unless told"),
        KeyShape::may(
            "stage",
            Ty::Of(Names::Thing(crate::model::Kind::Stage)),
            "the stage it was requested in; the opportunity's unless told",
        ),
        KeyShape::may("expires_at", Ty::Time, "when the invitation expires"),
    ],
};

pub(super) static TEST: Shape = Shape {
    what: "a test",
    keys: &[
        KeyShape::must("name", Ty::Text, "unique in the file; ids of behaviours stand in it"),
        KeyShape::may("given", Ty::Map(&GIVEN), "what this test begins with: key by key it replaces the file's"),
        KeyShape::must("steps", Ty::List(&Ty::Map(&STEP)), "what happens, one after the other"),
    ],
};

/// What a step can refuse. Invitations are answered by `vendor`; an alert and a mark are leverd's own.
pub(super) const REFUSABLE: [&str; 13] = [
    "call",
    "set_tag",
    "clear_tag",
    "add_tag",
    "remove_tag",
    "add_note",
    "add_link",
    "remove_link",
    "add_file",
    "fill_form",
    "fill_feedback",
    "move_stage",
    "archive",
];

pub(super) static STEP: Shape = Shape {
    what: "a step",
    keys: &[
        KeyShape::may("opportunity", Ty::Map(&OPPORTUNITY), "what a person changes first"),
        KeyShape::may("event", Ty::Of(Names::Event), "the event that happens: `candidateStageChange`, `assessment.scored` …"),
        KeyShape::may("with", Ty::By(Names::Fact, &Ty::Any), "what the event says: `to_stage`, `result.percent` …"),
        KeyShape::may(
            "test",
            Ty::Of(Names::Thing(crate::model::Kind::Assessment)),
            "the test that an assessment event is about; not needed if there is one attempt",
        ),
        KeyShape::may(
            "answer",
            Ty::By(Names::Asked, &Ty::Text),
            "a person answers a question: `KEY: LABEL`, one choice as the page shows it",
        ),
        KeyShape::may("wait", Ty::Duration, "time that passes; timers fire"),
        KeyShape::may(
            "vendor",
            Ty::Text,
            "what the vendor answers to invitations: `accepts` (unless told), `silent`, or else why it refuses",
        ),
        KeyShape::may(
            "refuses",
            Ty::List(&Ty::OneOf(&REFUSABLE)),
            "actions that Lever or the vendor refuses in this step: they wait for a person, and a move behind them waits too",
        ),
        KeyShape::may(
            "expect",
            Ty::Open(&Ty::List(&Ty::Ref("expected"))),
            "everything that leverd does, in any order, or `nothing`; not looked at if left out",
        ),
        KeyShape::may(
            "because",
            Ty::Either(&[Ty::Text, Ty::List(&Ty::Text), Ty::Named(&Ty::Either(&[Ty::Text, Ty::List(&Ty::Text)]))]),
            "texts that the reasons given contain; `RULE: TEXT` looks at the reasons of that rule only",
        ),
        KeyShape::may("after", Ty::Map(&AFTER), "how it looks afterwards"),
    ],
};

pub(super) static AFTER: Shape = Shape {
    what: "`after`",
    keys: &[
        KeyShape::may("tags", Ty::List(&Ty::Of(Names::Tag)), "all tags, in any order"),
        KeyShape::may("stage", Ty::Of(Names::Thing(crate::model::Kind::Stage)), "the stage"),
        KeyShape::may(
            "attempts",
            Ty::By(Names::Thing(crate::model::Kind::Assessment), &Ty::Of(Names::Phase)),
            "the phase of the latest attempt, by the test's title",
        ),
    ],
};

/// The keys of `tests.yaml`.
pub(crate) fn tests_shape() -> &'static Shape {
    &ROOT
}

/// The JSON Schema of `tests.yaml`, from the tables that the reader goes by.
pub fn tests_schema() -> Schema {
    ROOT.schema("leverd rule tests", "What the rules of a pack shall do, event by event.")
}
