//! Events and facts made by chance, of the types that the vocabulary promises: nothing else may happen to a rule.

use crate::dice::Dice;
use jiff::{SignedDuration, Timestamp};
use leverd::engine::lifecycle::CHANGED;
use leverd::lang::adapter::Adapter;
use leverd::lang::vocabulary;
use leverd::model::{
    AccountCatalogue, Assessment, AssessmentId, Decision, Event, EventId, EventKind, Facts, ForRule, FormField, FormTemplate,
    Group, Integrity, Kind, Look, Phase, Pinned, PostingEntry, ReportState, TestEntry, Type, UserEntry, Value, Verdict,
};
use std::collections::BTreeMap;

pub(super) const STAGES: [&str; 4] = ["Applied", "Assessment", "Interview", "Offer"];
pub(super) const POSTINGS: [&str; 2] = ["Engineer", "Designer - Senior"];
pub(super) const USERS: [&str; 2] = ["Ada", "Grace"];
pub(super) const TESTS: [&str; 3] = ["Java", "Java - Advanced", "SQL 2"];
pub(super) const REASONS: [&str; 2] = ["Hired", "Withdrew"];

/// The fields of the template of profile forms: the question, the type, and whether it must be filled.
pub(super) const FORM: [(&str, &str, bool); 7] = [
    ("Score", "textarea", false),
    ("Words", "textarea", true),
    ("Passed", "yes-no", false),
    ("When", "date", false),
    ("Cost", "currency", false),
    ("Level", "dropdown", false),
    ("Marks", "multiple-select", false),
];
/// Those of the template of feedback.
pub(super) const FEEDBACK: [(&str, &str, bool); 4] =
    [("Why", "textarea", true), ("Points", "score", false), ("Sure", "yes-no", false), ("Rating", "score-system", true)];

pub(super) fn now() -> Timestamp {
    "2026-03-02T10:00:00Z".parse().unwrap()
}

/// A thing of the catalogue: its id is made of its name.
pub(super) fn named(kind: Kind, name: &str) -> Value {
    Value::named(kind, format!("id-{}", name.to_lowercase().replace(' ', "-")), name)
}

/// Names in this world that a hole or a literal may mean.
pub(super) fn all_named() -> Vec<Value> {
    let of = |kind: Kind, names: &[&str]| names.iter().map(|name| named(kind, name)).collect::<Vec<_>>();
    [
        of(Kind::Stage, &STAGES),
        of(Kind::Posting, &POSTINGS),
        of(Kind::User, &USERS),
        of(Kind::Assessment, &TESTS),
        of(Kind::FormTemplate, &["Result"]),
        of(Kind::FeedbackTemplate, &["Opinion"]),
    ]
    .concat()
}

fn pinned(kind: Kind, name: &str) -> Pinned {
    let Value::Named(named) = named(kind, name) else { unreachable!() };
    Pinned { id: named.id, name: named.name }
}

pub(super) fn tests() -> Vec<TestEntry> {
    let entry = |pinned: Pinned| TestEntry { id: pinned.id, title: pinned.name, fields: BTreeMap::new() };
    TESTS.map(|title| entry(pinned(Kind::Assessment, title))).to_vec()
}

pub(super) fn catalogue() -> AccountCatalogue {
    let posting = |pinned: Pinned| PostingEntry { id: pinned.id, title: pinned.name, state: "published".to_owned() };
    let field = |(text, ty, required): (&str, &str, bool)| FormField {
        id: text.to_lowercase(),
        text: text.to_owned(),
        ty: ty.to_owned().into(),
        required,
        options: match ty {
            "dropdown" | "multiple-select" => ["low", "mid", "high"].map(str::to_owned).to_vec(),
            "score-system" => ["1 - Strong No Hire", "4 - Strong Hire"].map(str::to_owned).to_vec(),
            _ => Vec::new(),
        },
    };
    let template = |kind: Kind, name: &str, fields: &[(&str, &str, bool)]| {
        let Pinned { id, name } = pinned(kind, name);
        FormTemplate { id, name, fields: fields.iter().map(|of| field(*of)).collect() }
    };
    let user = |pinned: Pinned| UserEntry { id: pinned.id, name: pinned.name, role: None };
    AccountCatalogue {
        pulled_at: now(),
        stages: STAGES.map(|name| pinned(Kind::Stage, name)).to_vec(),
        postings: POSTINGS.map(|name| posting(pinned(Kind::Posting, name))).to_vec(),
        users: USERS.map(|name| user(pinned(Kind::User, name))).to_vec(),
        archive_reasons: REASONS.map(|name| pinned(Kind::ArchiveReason, name)).to_vec(),
        tests: BTreeMap::from([("example".to_owned(), tests())]),
        form_templates: vec![template(Kind::FormTemplate, "Result", &FORM)],
        feedback_templates: vec![template(Kind::FeedbackTemplate, "Opinion", &FEEDBACK)],
        ..AccountCatalogue::default()
    }
}

pub(super) fn tag(dice: &mut Dice) -> String {
    let tags = [
        "Hot",
        "Cold",
        "Java",
        "java - advanced",
        "Level 3",
        "Level x",
        "Java - Sent",
        "Score: 66.6 %",
        "In Offer",
        " Java ",
        "no",
    ];
    (*dice.pick(&tags)).to_owned()
}

fn among(dice: &mut Dice, all: &[&str]) -> String {
    (*dice.pick(all)).to_owned()
}

/// Any value of the type, awkward ones among them.
pub(super) fn value(dice: &mut Dice, ty: &Type) -> Value {
    match ty {
        Type::Text => Value::Text(among(
            dice,
            &[
                "",
                " ",
                "Ada Lovelace",
                "{{candidate.name}}",
                "{{#if",
                "a\nb\tc",
                "@grace look",
                "x@y.example",
                "$setting",
                "Level 3",
                "Java",
                "Ünïcödé",
                "\u{202e}abc",
                "true",
                "{n:int}",
                "Offer",
            ],
        )),
        Type::Tag => Value::Text(tag(dice)),
        Type::Url => Value::Text(among(dice, &["https://example.com/a?b=c#d", "http://x.example"])),
        Type::Int => Value::Int([0, 1, 3, -7, 100, 1_000_000][usize::try_from(dice.below(6)).unwrap()]),
        Type::Number => Value::Number([0.0, -0.001, 40.5, 66.666_666, 70.0, 100.0][usize::try_from(dice.below(6)).unwrap()]),
        Type::Bool => Value::Bool(dice.permille(500)),
        Type::Duration => Value::duration(SignedDuration::from_secs(i64::try_from(dice.between(1, 400_000)).unwrap())),
        Type::Date => Value::date(now() - SignedDuration::from_hours(i64::try_from(dice.below(500)).unwrap())),
        Type::Named(kind) => {
            let all: &[&str] = match kind {
                Kind::Stage => &STAGES,
                Kind::Posting => &POSTINGS,
                Kind::Assessment => &TESTS,
                Kind::ArchiveReason => &REASONS,
                Kind::FormTemplate => &["Result"],
                Kind::FeedbackTemplate => &["Opinion"],
                Kind::User => &USERS,
            };
            named(*kind, &among(dice, all))
        }
        Type::OneOf(options) => Value::Text(dice.pick(options).clone()),
        Type::List(item) => Value::List((0..dice.below(4)).map(|_| value(dice, item)).collect()),
        Type::Record(fields) => {
            let cells = fields.iter().filter(|(_, field)| !field.optional || dice.permille(600)).collect::<Vec<_>>();
            Value::Record { record: cells.into_iter().map(|(name, field)| (name.clone(), value(dice, &field.ty))).collect() }
        }
    }
}

fn attempt(dice: &mut Dice, n: u64, opportunity: &str, adapter: &Adapter) -> Assessment {
    let at = now() - SignedDuration::from_hours(i64::try_from(dice.between(1, 300)).unwrap());
    let key = format!("key {n}");
    let maybe = |dice: &mut Dice| dice.permille(600).then_some(at);
    Assessment {
        id: AssessmentId::derive(at, &["attempt", &n.to_string()]),
        account: "acme".into(),
        opportunity: opportunity.into(),
        contact: None,
        vendor: "example".into(),
        test: dice.pick(&tests()).clone(),
        key: dice.permille(300).then_some(key.clone()),
        invite_key: key,
        attempt: u32::try_from(dice.between(1, 3)).unwrap(),
        phase: *dice.pick(Phase::ALL),
        verdict: *dice.pick(Verdict::ALL),
        decision: *dice.pick(Decision::ALL),
        report: *dice.pick(ReportState::ALL),
        integrity: *dice.pick(Integrity::ALL),
        stage: dice.permille(700).then(|| pinned(Kind::Stage, &among(dice, &STAGES))),
        posting: dice.permille(700).then(|| pinned(Kind::Posting, &among(dice, &POSTINGS))),
        requested_by: EventId::derive(at, &["request", &n.to_string()]),
        requested_at: at,
        invited_at: maybe(dice),
        started_at: maybe(dice),
        submitted_at: maybe(dice),
        expires_at: maybe(dice),
        reminders: u32::try_from(dice.below(3)).unwrap(),
        ids: BTreeMap::new(),
        candidate_url: dice.permille(500).then(|| "https://example.com/take".to_owned()),
        result: results(dice, adapter),
    }
}

/// The latest results of an attempt, as far as the vendor told any.
fn results(dice: &mut Dice, adapter: &Adapter) -> BTreeMap<String, Value> {
    let scored = adapter.event(leverd::model::AssessmentEvent::Scored).into_iter().flatten();
    let told: Vec<_> = scored.map(|(name, field)| (name.clone(), field.ty.clone())).collect();
    told.into_iter().filter_map(|(name, ty)| dice.permille(500).then(|| (name, value(dice, &ty)))).collect()
}

/// An attempt as rows and `assessment.*` say it.
pub(super) fn fields(row: &Assessment) -> BTreeMap<String, Value> {
    let pin = |kind, pin: &Option<Pinned>| pin.as_ref().map(|pin| Value::named(kind, &pin.id, &pin.name));
    let date = |at: Option<Timestamp>| at.map(Value::date);
    let all = [
        ("test", Some(Value::named(Kind::Assessment, &row.test.id, &row.test.title))),
        ("title", Some(Value::text(&row.test.title))),
        ("phase", Some(Value::text(row.phase.to_string()))),
        ("verdict", Some(Value::text(row.verdict.to_string()))),
        ("decision", Some(Value::text(row.decision.to_string()))),
        ("report", Some(Value::text(row.report.to_string()))),
        ("integrity", Some(Value::text(row.integrity.to_string()))),
        ("attempt", Some(Value::Int(row.attempt.into()))),
        ("key", row.key.as_ref().map(Value::text)),
        ("stage", pin(Kind::Stage, &row.stage)),
        ("posting", pin(Kind::Posting, &row.posting)),
        ("requested_at", date(Some(row.requested_at))),
        ("invited_at", date(row.invited_at)),
        ("started_at", date(row.started_at)),
        ("submitted_at", date(row.submitted_at)),
        ("expires_at", date(row.expires_at)),
        ("url", row.candidate_url.as_ref().map(Value::text)),
        ("reminders", Some(Value::Int(row.reminders.into()))),
        // Not a name of the language: what tells rows apart.
        ("row", Some(Value::text(row.id.to_string()))),
    ];
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
}

/// An event of this kind, and everything that can be known of it.
pub(super) fn event(dice: &mut Dice, kind: &EventKind, adapter: &Adapter) -> (Event, Facts) {
    const OPPORTUNITY: &str = "o-1";
    let names = vocabulary::names(kind, Some(adapter));
    let deleted = *kind == EventKind::Lever(leverd::model::LeverEvent::CandidateDeleted);
    let about = names.contains_key("opportunity.id") || deleted;
    let longest = if dice.permille(500) { 9 } else { 90 };
    let at = now() - SignedDuration::from_secs(i64::try_from(dice.below(longest)).unwrap());
    let opportunity = about.then(|| OPPORTUNITY.into());
    let mut event = Event::new(EventId::derive(at, &["promise"]), "acme".into(), kind.clone(), opportunity, at);
    event.received = at;
    // The ledger has it already: what the lifecycle makes of an event is tried elsewhere.
    event.applied = true;
    let mut facts = Facts {
        known: [Group::Opportunity, Group::Posting, Group::Ledger, Group::Tests("example".into())].into(),
        ..Facts::at(now())
    };
    facts.tests = [("example".into(), tests().into())].into();
    facts.ledger = (0..if about { dice.below(4) } else { 0 }).map(|n| attempt(dice, n, OPPORTUNITY, adapter)).collect();
    if names.contains_key("assessment.title") {
        facts.ledger.push(attempt(dice, 9, OPPORTUNITY, adapter));
        event.assessment = facts.ledger.last().map(|row| row.id);
    }
    for (name, field) in &names {
        if field.optional && dice.permille(450) {
            continue;
        }
        let said = value(dice, &field.ty);
        if name == "event.changed" {
            event.fields.insert(CHANGED.to_owned(), said);
        } else if name.starts_with("event.") || name.starts_with("assessment.") {
            // The event and the ledger have them already.
        } else if vocabulary::group(name).is_some() {
            facts.values.insert(name.clone(), said);
        } else {
            event.fields.insert(name.clone(), said);
        }
    }
    // The posting that is read is the opportunity's.
    match facts.values.get("opportunity.posting").cloned() {
        Some(posting) => {
            facts.values.extend([("id", "posting.id"), ("name", "posting.title")].into_iter().filter_map(|(part, name)| {
                Some((name.to_owned(), posting.member(part)?)).filter(|_| names.contains_key(name))
            }));
        }
        None => {
            facts.values.retain(|name, _| !names.get(name).is_some_and(|field| field.optional && name.starts_with("posting.")));
        }
    }
    // Half of those who change their stage are still there.
    if let Some(to) = event.fields.get("to_stage").filter(|_| dice.permille(600)) {
        facts.values.insert("opportunity.stage".to_owned(), to.clone());
    }
    (event, facts)
}

/// Every name of the vocabulary that has a value now.
pub(super) fn values(event: &Event, facts: &Facts) -> BTreeMap<String, Value> {
    let mut values: BTreeMap<String, Value> = event.fields.clone();
    let changed = values.remove(CHANGED).unwrap_or(Value::Bool(false));
    values.insert("event.changed".to_owned(), changed);
    values.insert("event.at".to_owned(), Value::date(event.at));
    values.insert("event.id".to_owned(), Value::text(event.id.to_string()));
    if event.opportunity.is_some() {
        values.extend(facts.values.clone());
    }
    let row = facts.ledger.iter().find(|row| Some(row.id) == event.assessment);
    if let (Some(row), Some(ForRule { look: Look::Timer { .. }, .. })) = (row, &event.for_rule) {
        // By the time it is due there may be a result.
        for (name, value) in &row.result {
            values.entry(format!("result.{name}")).or_insert_with(|| value.clone());
        }
    }
    if let Some(row) = row {
        values.extend(fields(row).into_iter().map(|(name, value)| (format!("assessment.{name}"), value)));
    }
    values
}
