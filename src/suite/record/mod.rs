//! A run that happened, as a rule test: the event, what was known, and what came of it, in the words of `tests.yaml`.
//!
//! Personal data does not come along: whoever it was becomes the Ada Example of all tests ([`mask`]). What the rules go by (stages, tags,
//! postings, scores, times) stays. The test is then run by the rules that it is given, and what they do is what it expects; where that
//! is not what the run did, it says so instead of looking right. It knows no store and no file.

mod mask;
mod text;

use super::expect::{Done, done};
use super::world::World;
use super::{Suite, What, run};
use crate::lang::bind::SettingInput;
use crate::lang::diagnostic::Diagnostics;
use crate::lang::render::render_human;
use crate::lang::rule::Pack;
use crate::lang::source::Sources;
use crate::model::{
    AccountCatalogue, Assessment, AssessmentEvent, Effect, Event, EventKind, Facts, Kind, Look, Named, Phase, RuleName, Value,
};
use jiff::SignedDuration;
use mask::Mask;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;
use text::{list, map, scalar, value};

/// With no more tests than this the vendor's whole list is given; of a longer one what could matter.
const FEW_TESTS: usize = 20;
/// A text that is longer is expected by its first words.
const LONG: usize = 100;

/// What happened.
#[derive(Debug)]
pub struct Happened<'h> {
    pub event: &'h Event,
    /// What was known when it was planned.
    pub facts: &'h Facts,
    /// What the rules of the pack wanted then.
    pub effects: Vec<&'h Effect>,
    /// Whether the vendor refused what it was asked then.
    pub refused: bool,
    pub pack: &'h Arc<Pack>,
    /// As the account gives them.
    pub settings: &'h [SettingInput],
    pub catalogue: &'h AccountCatalogue,
}

/// The test, and what a person should know of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recorded {
    pub name: String,
    /// As one item of `tests`, its `-` in the first column.
    pub text: String,
    pub remarks: Vec<String>,
}

/// Makes a test of what happened. `Err` says why none can be made.
pub fn record(happened: &Happened<'_>) -> Result<Recorded, String> {
    let mut writer = Writer { happened, mask: Mask::of(happened), remarks: Vec::new() };
    let (given, event) = (writer.given(), writer.event()?);
    let name =
        format!("recorded {}: {}, run {}", happened.event.at.strftime("%Y-%m-%d"), happened.event.kind, happened.event.id);
    let head = format!("- name: {}\n  given:\n{given}  steps:\n{event}", scalar(&name));
    let trial = trial(&head, happened.pack)?;
    let expectation = writer.expectation(&trial);
    let text = format!("{head}{expectation}");
    let suite = read(&text, happened.pack)?;
    if let Some(case) = run(&suite).iter().find(|case| !case.passed()) {
        return Err(format!("the test does not tell the same twice; please report it:\n{}", case.faults.join("\n")));
    }
    Ok(Recorded { name, text, remarks: writer.remarks })
}

/// A test file of this one test.
pub fn file(text: &str) -> String {
    format!("tests:\n{}", indented(text, 2))
}

/// Every line further in.
pub fn indented(text: &str, by: usize) -> String {
    text.lines().fold(String::new(), |mut out, line| {
        if !line.is_empty() {
            out.push_str(&" ".repeat(by));
        }
        out + line + "\n"
    })
}

fn read(text: &str, pack: &Arc<Pack>) -> Result<Suite, String> {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let id = sources.add_text("recorded.yaml", file(text));
    let suite = super::read(&sources, id, pack, &mut found);
    suite.ok_or_else(|| format!("what was recorded makes no test:\n{}", render_human(&sources, &found, false)))
}

/// What the rules do in the test, and why.
struct Trial {
    done: Vec<Done>,
    why: Vec<(Option<RuleName>, String)>,
}

fn trial(text: &str, pack: &Arc<Pack>) -> Result<Trial, String> {
    let suite = read(text, pack)?;
    let test = suite.tests.first().ok_or("what was recorded makes no test")?;
    let mut world = World::new(test);
    for step in &test.steps {
        world.begin(step);
        match &step.what {
            What::Event(event, about) => world.happens(event, about.as_deref(), "recorded")?,
            What::Wait(duration) => world.wait(*duration),
            What::Answer(..) | What::Nothing => {}
        }
    }
    Ok(Trial { done: world.done, why: world.why })
}

struct Writer<'h> {
    happened: &'h Happened<'h>,
    mask: Mask,
    remarks: Vec<String>,
}

impl Writer<'_> {
    fn fact(&self, name: &str) -> Option<&Value> {
        self.happened.facts.values.get(name)
    }

    fn texts(&self, name: &str) -> Vec<String> {
        self.fact(name)
            .map(|list| list.items().iter().map(|item| self.mask.text(&item.to_string())).collect())
            .unwrap_or_default()
    }

    /// When the timer that is due was counted from, if it is one.
    fn timer(&self) -> Option<SignedDuration> {
        match self.happened.event.for_rule.as_ref()?.look {
            Look::Timer { due, anchor, .. } => Some(due.duration_since(anchor)),
            Look::Settle { .. } | Look::Late | Look::Backfill => None,
        }
    }

    fn given(&mut self) -> String {
        let Happened { facts, pack, settings, catalogue, .. } = *self.happened;
        let mut out = String::new();
        let line = |out: &mut String, key: &str, text: &str| {
            let _ = writeln!(out, "    {key}: {text}");
        };
        let now = self.timer().and_then(|waited| facts.now.checked_sub(waited).ok()).unwrap_or(facts.now);
        line(&mut out, "now", &now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
        let vendor = pack.vendor_name();
        let used = text::used(settings);
        let names = |kind: Kind| -> Vec<String> {
            let all = catalogue.all(kind, vendor.map(crate::model::VendorName::as_str));
            let mentioned = |text: &str| {
                used.contains(text) || pack.mentions.iter().any(|mention| mention.kind == kind && mention.text == text)
            };
            let said = all.into_iter().filter(|named| mentioned(&named.name) || mentioned(&named.id));
            said.map(|named| named.name).collect()
        };
        let mut stages: Vec<String> = catalogue.stages.iter().map(|stage| stage.name.clone()).collect();
        self.named(Kind::Stage, &mut stages);
        line(&mut out, "stages", &list(stages.iter().map(|name| scalar(name))));
        if let Some(tests) = vendor.and_then(|vendor| facts.tests.get(vendor)) {
            let mut said = used.clone();
            said.extend(self.texts("opportunity.tags").into_iter().chain(self.texts("posting.tags")));
            let matters = |title: &str| tests.len() <= FEW_TESTS || said.iter().any(|text| text.contains(title));
            let mut titles: Vec<String> = tests.iter().map(|test| test.title.clone()).filter(|title| matters(title)).collect();
            self.named(Kind::Assessment, &mut titles);
            line(&mut out, "tests", &list(titles.iter().map(|name| scalar(name))));
        } else {
            let mut titles = names(Kind::Assessment);
            self.named(Kind::Assessment, &mut titles);
            if !titles.is_empty() {
                line(&mut out, "tests", &list(titles.iter().map(|name| scalar(name))));
            }
        }
        for (key, kind) in [("postings", Kind::Posting), ("archive_reasons", Kind::ArchiveReason), ("users", Kind::User)] {
            let mut found = names(kind);
            self.named(kind, &mut found);
            if !found.is_empty() {
                line(&mut out, key, &list(found.iter().map(|name| scalar(&self.mask.text(name)))));
            }
        }
        for (key, kind, all) in [
            ("form_templates", Kind::FormTemplate, &catalogue.form_templates),
            ("feedback_templates", Kind::FeedbackTemplate, &catalogue.feedback_templates),
        ] {
            let found = names(kind);
            let forms = all.iter().filter(|form| found.contains(&form.name));
            let forms: Vec<(String, String)> = forms
                .map(|form| {
                    let fields = form.fields.iter().map(|field| (scalar(&field.text), scalar(field.ty.as_str())));
                    (scalar(&form.name), map(fields))
                })
                .collect();
            if !forms.is_empty() {
                line(&mut out, key, &map(forms.into_iter()));
            }
        }
        if !settings.is_empty() {
            let settings = settings.iter().map(|setting| (scalar(&setting.name.text), text::setting(setting, &self.mask)));
            line(&mut out, "settings", &map(settings));
        }
        out.push_str(&self.opportunity());
        out
    }

    /// Adds the names of things of a kind that the event, the facts and the ledger hold.
    fn named(&self, kind: Kind, names: &mut Vec<String>) {
        let Happened { event, facts, .. } = *self.happened;
        let mut add = |name: &str| {
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        };
        for value in event.fields.values().chain(facts.values.values()).flat_map(Value::items) {
            if let Value::Named(Named { kind: other, name, .. }) = value
                && *other == kind
            {
                add(name);
            }
        }
        for row in self.ledger() {
            match kind {
                Kind::Assessment => add(&row.test.title),
                Kind::Stage => row.stage.iter().for_each(|stage| add(&stage.name)),
                _ => {}
            }
        }
    }

    /// Our attempts of this opportunity at this vendor, oldest first.
    fn ledger(&self) -> impl Iterator<Item = &Assessment> {
        let Happened { event, facts, pack, .. } = *self.happened;
        let vendor = pack.vendor_name();
        facts
            .ledger
            .iter()
            .filter(move |row| Some(&row.opportunity) == event.opportunity.as_ref() && Some(&row.vendor) == vendor)
    }

    fn opportunity(&mut self) -> String {
        let mut out = "    opportunity:\n".to_owned();
        let mut line = |key: &str, text: &str| {
            let _ = writeln!(out, "      {key}: {text}");
        };
        if let Some(stage) = self.before().or_else(|| self.fact("opportunity.stage").map(ToString::to_string)) {
            line("stage", &scalar(&stage));
        }
        let inherited = self.texts("posting.tags");
        let own = match self.fact("opportunity.own_tags") {
            Some(_) => self.texts("opportunity.own_tags"),
            None => self.texts("opportunity.tags").into_iter().filter(|tag| !inherited.contains(tag)).collect(),
        };
        line("tags", &list(own.iter().map(|tag| scalar(tag))));
        if let Some(posting) = self.fact("opportunity.posting").or_else(|| self.fact("posting.title")) {
            line("posting", &scalar(&posting.to_string()));
        }
        line("posting_tags", &list(inherited.iter().map(|tag| scalar(tag))));
        if let (Some(Value::Bool(true)), Some(reason)) =
            (self.fact("opportunity.archived"), self.fact("opportunity.archive_reason"))
        {
            line("archived", &scalar(&reason.to_string()));
        }
        let reads_address = self.happened.facts.values.keys().any(|name| name.starts_with("candidate."));
        if reads_address && self.fact("candidate.email").is_none() && self.fact("candidate.emails").is_some() {
            line("email", "\"\"");
        }
        let mut facts = Vec::new();
        for (name, known) in &self.happened.facts.values {
            if text::told_otherwise(name) {
                continue;
            }
            match value(known, &self.mask) {
                Some(text) => facts.push((name.clone(), self.mask.fact(name).map_or(text, scalar))),
                None => self.remarks.push(format!("`{name}` cannot be written into a test, and is left out")),
            }
        }
        if !facts.is_empty() {
            line("facts", &map(facts.into_iter()));
        }
        let event = self.happened.event;
        let rows: Vec<String> = self
            .ledger()
            .map(|row| {
                let mut keys = vec![("test".to_owned(), scalar(&row.test.title))];
                let phase = if Some(row.id) == event.assessment { before(event, row.phase) } else { row.phase };
                keys.push(("phase".to_owned(), phase.as_str().to_owned()));
                keys.extend(row.stage.as_ref().map(|stage| ("stage".to_owned(), scalar(&stage.name))));
                let expires = row.expires_at.map(|at| at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string());
                keys.extend(expires.map(|at| ("expires_at".to_owned(), at)));
                map(keys.into_iter())
            })
            .collect();
        if !rows.is_empty() {
            line("attempts", &list(rows.into_iter()));
        }
        out
    }

    /// The stage before the move that this is.
    fn before(&self) -> Option<String> {
        self.happened.event.fields.get("from_stage").map(ToString::to_string)
    }

    fn event(&mut self) -> Result<String, String> {
        let Happened { event, facts, refused, .. } = *self.happened;
        if matches!(event.kind, EventKind::Answered(_)) {
            return Err("a person's answer cannot be recorded: the question was asked in another run; write the steps \
                        `event` and `answer` by hand"
                .to_owned());
        }
        if facts.own_move.is_some() {
            return Err("this was our own move coming back, which fires nothing: there is nothing to test".to_owned());
        }
        let mut out = String::new();
        let mut prefix = "    - ";
        let mut line = |key: &str, text: &str| {
            let _ = writeln!(out, "{prefix}{key}: {text}");
            prefix = "      ";
        };
        let (to, is) = (event.fields.get("to_stage"), facts.values.get("opportunity.stage"));
        if let (Some(to), Some(is)) = (to, is)
            && to != is
        {
            line("opportunity", &map([("stage".to_owned(), scalar(&is.to_string()))].into_iter()));
        }
        line("event", &event.kind.written());
        let fields: Vec<(String, String)> = event
            .fields
            .iter()
            .filter(|(name, _)| !text::is_fact(name))
            .filter_map(|(name, known)| Some((name.clone(), value(known, &self.mask)?)))
            .collect();
        if !fields.is_empty() {
            line("with", &map(fields.into_iter()));
        }
        if let Some(row) = self.ledger().find(|row| Some(row.id) == event.assessment) {
            line("test", &scalar(&row.test.title));
        }
        if refused {
            line("vendor", "refused");
        }
        if let Some(waited) = self.timer() {
            let _ = writeln!(out, "    - wait: {}", text::duration(waited));
        }
        Ok(out)
    }

    /// What the test did is what it expects, compared with what the run did.
    fn expectation(&mut self, trial: &Trial) -> String {
        let wanted: Vec<Done> = self.happened.effects.iter().map(|effect| self.mask.done(done(effect))).collect();
        // Masked too: an address that the test makes up is no other than the one it stands for.
        let does: Vec<Done> = trial.done.iter().map(|done| self.mask.done(done.clone())).collect();
        for lacking in wanted.iter().filter(|wanted| !does.contains(wanted)) {
            self.remarks.push(format!(
                "the run did `{lacking}`, the test does not: what it goes by is not in the record, or was personal and was replaced"
            ));
        }
        let mut out = String::new();
        if trial.done.is_empty() {
            out.push_str("      expect: nothing\n");
            let mut reasons: Vec<(String, String)> = Vec::new();
            let mut seen = BTreeSet::new();
            for (rule, why) in trial.why.iter().filter(|(_, why)| !why.contains(": fired")) {
                let Some(rule) = rule.as_ref().filter(|rule| seen.insert(*rule)) else { continue };
                let prefix = format!("{rule}: ");
                let text = why.strip_prefix(&prefix).unwrap_or(why).lines().next().unwrap_or_default();
                reasons.push((scalar(rule.as_str()), scalar(text)));
            }
            if !reasons.is_empty() {
                out.push_str("      because:\n");
                for (rule, text) in reasons {
                    let _ = writeln!(out, "        {rule}: {text}");
                }
            }
            return out;
        }
        out.push_str("      expect:\n");
        for done in &trial.done {
            let wish = |text: &str| -> String {
                let first = text.lines().next().unwrap_or_default().trim();
                if text.chars().count() <= LONG && !text.contains('\n') {
                    return scalar(text);
                }
                let short: String = first.chars().take(LONG).collect();
                format!("{{ contains: {} }}", scalar(short.trim()))
            };
            let line = match done.word.strip_prefix("set_tag ") {
                Some(family) => format!("set_tag: {{ {}: {} }}", scalar(family), wish(&done.value)),
                None => format!("{}: {}", done.word, wish(&done.value)),
            };
            let _ = writeln!(out, "        - {line}");
        }
        out
    }
}

/// Where an attempt stood before an event that our own commit had applied already.
fn before(event: &Event, phase: Phase) -> Phase {
    match event.kind.assessment() {
        Some(AssessmentEvent::Invited) if phase == Phase::Invited => Phase::Requested,
        _ => phase,
    }
}
