//! The maps of `rules.yaml`: their keys, what they hold, what they mean. The reader and the JSON Schema both take them from here.

use crate::lang::shape::{KeyShape, Names, Shape, Ty};

/// A whole rules file.
pub(crate) static FILE: Shape = Shape {
    what: "a rules file",
    keys: &[
        KeyShape::may("vendor", Ty::Text, "the vendor of `vendor.yaml`, for readers; checked if given"),
        KeyShape::may("settings", Ty::Named(&Ty::Map(&SETTING)), "what each account gives the pack"),
        KeyShape::may(
            "tags",
            Ty::Named(&Ty::List(&Ty::Of(Names::Tag))),
            "families of tags: at most one member of each is on an opportunity",
        ),
        KeyShape::may("bands", Ty::Named(&Ty::Map(&BAND)), "names for ranges of a value: the first step that fits"),
        KeyShape::may("ensure", Ty::Map(&ENSURE), "what `leverd ensure` provides in Lever; never run by a rule"),
        KeyShape::may("rules", Ty::List(&Ty::Map(&RULE)), "the rules, in the order in which they fire"),
    ],
};

/// What Lever shall have.
pub(crate) static ENSURE: Shape = Shape {
    what: "`ensure`",
    keys: &[
        KeyShape::may(
            "form_templates",
            Ty::Named(&Ty::Map(&ENSURE_FORM)),
            "templates of profile forms, by name: made where there is none of that name",
        ),
        KeyShape::may("tags", Ty::List(&Ty::Of(Names::Family)), "families whose tags recruiters shall be able to choose"),
    ],
};

/// One template of profile forms.
pub(crate) static ENSURE_FORM: Shape = Shape {
    what: "a form template",
    keys: &[
        KeyShape::must("fields", Ty::List(&Ty::Map(&ENSURE_FIELD)), "what it asks, in order"),
        KeyShape::may("instructions", Ty::Text, "what people who fill it by hand are told"),
        KeyShape::may("secret", Ty::Bool, "whether filled ones are secret unless told otherwise"),
    ],
};

/// One field of it.
pub(crate) static ENSURE_FIELD: Shape = Shape {
    what: "a field",
    keys: &[
        KeyShape::must("text", Ty::Text, "the question, by which rules know the field"),
        KeyShape::must("type", Ty::OneOf(&super::ensure::PROFILE), "its type"),
        KeyShape::may("required", Ty::Bool, "whether it must be given"),
        KeyShape::may("options", Ty::List(&Ty::Text), "what may be chosen"),
    ],
};

/// One setting.
pub(crate) static SETTING: Shape = Shape {
    what: "a setting",
    keys: &[
        KeyShape::must("type", Ty::Ref("type"), "the type of its values"),
        KeyShape::may("default", Ty::Any, "the value where an account gives none"),
        KeyShape::may("optional", Ty::Bool, "whether an account may leave it out although there is no default"),
        KeyShape::may(
            "per",
            Ty::List(&Ty::OneOf(&PER)),
            "what an account may override it by; posting beats stage beats account",
        ),
        KeyShape::may("doc", Ty::Text, "what it is for, in the words of those who set it"),
        KeyShape::may(
            "columns",
            Ty::Named(&Ty::Either(&[Ty::Ref("type"), Ty::Text])),
            "the columns of a `table`: `TYPE`, or `optional TYPE` for cells that may be left out",
        ),
    ],
};

/// What a setting may be overridden by.
pub(crate) const PER: [&str; 3] = ["posting", "assessment", "stage"];

/// One band.
pub(crate) static BAND: Shape = Shape {
    what: "a band",
    keys: &[
        KeyShape::must("of", Ty::Of(Names::Fact), "the field whose ranges are named"),
        KeyShape::must(
            "steps",
            Ty::List(&Ty::Named(&Ty::Map(&STEP))),
            "`LABEL: { gte: VALUE }`, the first that fits; `LABEL: {}` fits always",
        ),
    ],
};

/// One step of a band, under its label.
pub(crate) static STEP: Shape = Shape {
    what: "a step of a band",
    keys: &[
        KeyShape::may("gte", Ty::Any, "at least this: a value, or a setting as `$name`"),
        KeyShape::may("gt", Ty::Any, "more than this"),
        KeyShape::may("lte", Ty::Any, "at most this"),
        KeyShape::may("lt", Ty::Any, "less than this"),
    ],
};

/// One rule.
pub(crate) static RULE: Shape = Shape {
    what: "a rule",
    keys: &[
        KeyShape::must("name", Ty::Text, "unique in the pack: timers and traces know the rule by it"),
        KeyShape::may("was", Ty::List(&Ty::Text), "earlier names: keeps timers through a rename"),
        KeyShape::must("trigger", Ty::Ref("triggers"), "what it listens to: one trigger or a list"),
        KeyShape::may("accept", Ty::List(&Ty::OneOf(&ACCEPT)), "situations it fires in although rules do not by default"),
        KeyShape::may(
            "allow",
            Ty::By(Names::Code, &Ty::Text),
            "warnings that are meant, by their code, each with the reason why",
        ),
        KeyShape::may("when", Ty::Ref("condition"), "false: not this rule's business"),
        KeyShape::may(
            "settle",
            Ty::Duration,
            "when `when` or `for_each` found nothing: look again at 10 s and after this long",
        ),
        KeyShape::may(
            "for_each",
            Ty::Named(&Ty::Ref("spec")),
            "variables whose every row is an item of its own, nested left to right",
        ),
        KeyShape::may("find", Ty::Named(&Ty::Ref("spec")), "variables with at most one row; absent when there is none"),
        KeyShape::may(
            "require",
            Ty::List(&Ty::Ref("guard")),
            "per item, in order; the first false one runs its `else` and ends the item",
        ),
        KeyShape::must("do", Ty::List(&Ty::Ref("action")), "the actions"),
    ],
};

/// What `accept` takes.
pub(crate) const ACCEPT: [&str; 3] = ["archived", "moved_on", "own_moves"];

/// A timer.
pub(crate) static TIMER: Shape = Shape {
    what: "a timer",
    keys: &[
        KeyShape::may(
            "after",
            Ty::Of(Names::Length),
            "how long after the anchor: `7d`, or a setting of type duration as `$name`",
        ),
        KeyShape::may("before", Ty::Of(Names::Length), "how long before the anchor"),
        KeyShape::must("of", Ty::Ref("trigger"), "the anchor: an event, or `assessment.expires_at`"),
    ],
};

/// A tag that polling finds on an opportunity.
pub(crate) static TAG_ADDED: Shape = Shape {
    what: "a trigger on a tag",
    keys: &[KeyShape::must(
        "tag_added",
        Ty::Of(Names::Tag),
        "a pattern with typed holes: tags that match, with the holes as names",
    )],
};

/// A trigger on the success of a call.
pub(crate) static DONE: Shape = Shape {
    what: "a trigger on a call",
    keys: &[KeyShape::must("done", Ty::Of(Names::Call), "an operation of vendor.yaml that rules call: it was carried out")],
};

/// A trigger on the failure of a call.
pub(crate) static FAILED: Shape = Shape {
    what: "a trigger on a call",
    keys: &[KeyShape::must(
        "failed",
        Ty::Of(Names::Call),
        "an operation of vendor.yaml that rules call: it cannot be carried out",
    )],
};

/// A trigger on an answer.
pub(crate) static ANSWERED: Shape = Shape {
    what: "a trigger on an answer",
    keys: &[KeyShape::must("answered", Ty::Of(Names::Asked), "the key of a question that a rule of this pack asks")],
};

/// A source of rows.
pub(crate) static SPEC: Shape = Shape {
    what: "a source of rows",
    keys: &[
        KeyShape::may("in", Ty::Of(Names::Source), "`catalogue` (the vendor's tests), `ledger` (our attempts), or a `$list`"),
        KeyShape::may("first_of", Ty::List(&Ty::Ref("spec")), "the first of these sources that has a row"),
        KeyShape::may("like", Ty::Text, "a pattern with typed holes: rows that match, with the holes as fields"),
        KeyShape::may("where", Ty::Ref("condition"), "which rows count; left of the colon stands a field of the row"),
        KeyShape::may("take", Ty::Of(Names::Field), "the field of the row that the variable stands for"),
        KeyShape::may("only", Ty::OneOf(&ONLY), "which row counts when there are several"),
        KeyShape::may("default", Ty::Any, "the value when there is no row"),
        KeyShape::may("else", Ty::List(&Ty::Ref("action")), "what to do when there is no row"),
    ],
};

/// What `only` takes.
pub(crate) const ONLY: [&str; 3] = ["first", "latest", "one"];
