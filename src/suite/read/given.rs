//! The world of a test at its beginning: what the account's catalogue has, the opportunity as facts, the ledger.

use super::{Beginning, Reader, beginning};
use crate::lang::bind::SettingInput;
use crate::lang::compile::literal::literal;
use crate::lang::diagnostic::Diagnostic;
use crate::lang::rule::Per;
use crate::lang::vocabulary;
use crate::lang::yaml::{self, Key, Node};
use crate::model::{
    AccountCatalogue, AccountId, Assessment, AssessmentId, Decision, EventId, Facts, Field, FormField, FormTemplate, Group, Id,
    Integrity, Kind, OpportunityId, Phase, Pinned, PostingEntry, ReportState, TestEntry, Type, UserEntry, Value, Verdict,
};
use crate::suite::grammar::ATTEMPT;
use crate::suite::world::{id, named};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// The stages of a test that names none: Lever's own.
const STAGES: [&str; 4] = ["New lead", "Assessment", "Interview", "Offer"];

impl Reader<'_> {
    pub(super) fn catalogue(&mut self, begin: &Beginning<'_>) -> AccountCatalogue {
        let form_templates = self.templates(begin, "form_templates", Kind::FormTemplate);
        let feedback_templates = self.templates(begin, "feedback_templates", Kind::FeedbackTemplate);
        let mut named = |key: &str| begin.keys.get(key).map(|node| self.texts(node));
        let pins = |kind, names: Vec<String>| names.into_iter().map(|name| Pinned { id: id(kind, &name), name }).collect();
        let stages = named("stages").unwrap_or_else(|| STAGES.map(str::to_owned).to_vec());
        let reasons = named("archive_reasons").unwrap_or_default();
        let users = named("users").unwrap_or_default();
        let postings = named("postings").unwrap_or_default();
        let tests = named("tests").unwrap_or_default();
        let posting = |title: String| PostingEntry { id: id(Kind::Posting, &title), title, state: "published".into() };
        let test = |title: String| TestEntry { id: id(Kind::Assessment, &title), title, fields: BTreeMap::new() };
        let user = |name: String| UserEntry { id: id(Kind::User, &name), name, role: None };
        let vendor = self.pack.vendor_name().map(|vendor| vendor.as_str().to_owned());
        AccountCatalogue {
            pulled_at: beginning(),
            stages: pins(Kind::Stage, stages),
            users: users.into_iter().map(user).collect(),
            archive_reasons: pins(Kind::ArchiveReason, reasons),
            form_templates,
            feedback_templates,
            postings: postings.into_iter().map(posting).collect(),
            tests: vendor.map(|vendor| (vendor, tests.into_iter().map(test).collect())).into_iter().collect(),
            ..AccountCatalogue::default()
        }
    }

    /// The templates that a test gives, after those that the pack ensures.
    fn templates(&mut self, begin: &Beginning<'_>, key: &str, kind: Kind) -> Vec<FormTemplate> {
        let mut templates = Vec::new();
        for form in &self.pack.ensure.form_templates {
            if kind == Kind::FormTemplate {
                let fields = form.fields.iter().map(|field| FormField { id: field.text.clone(), ..field.clone() }).collect();
                templates.push(FormTemplate { id: id(kind, &form.name), name: form.name.clone(), fields });
            }
        }
        let given = begin.keys.get(key).and_then(|node| node.entries(self.found)).unwrap_or_default();
        for (name, fields) in given {
            let mut asked = Vec::new();
            for (text, ty) in fields.entries(self.found).unwrap_or_default() {
                let Some(ty) = ty.as_text(self.found) else { continue };
                let text = text.text.clone();
                let ty = ty.to_owned().into();
                asked.push(FormField { id: text.clone(), text, ty, required: false, options: Vec::new() });
            }
            templates.retain(|template| template.name != name.text);
            templates.push(FormTemplate { id: id(kind, &name.text), name: name.text.clone(), fields: asked });
        }
        templates
    }

    pub(super) fn facts(&mut self, begin: &Beginning<'_>, catalogue: &AccountCatalogue, now: Timestamp) -> Facts {
        let mut facts = Facts::at(now);
        facts.known.extend([Group::Opportunity, Group::Posting, Group::Ledger]);
        if let Some(vendor) = self.pack.vendor_name() {
            facts.known.insert(Group::Tests(vendor.clone()));
            facts.tests.insert(vendor.clone(), catalogue.tests.get(vendor.as_str()).cloned().unwrap_or_default().into());
        }
        let stage = catalogue.stages.first().map(|stage| named(Kind::Stage, &stage.name));
        facts.values.extend(stage.map(|stage| ("opportunity.stage".to_owned(), stage)));
        for (name, value) in [
            ("opportunity.id", Value::text("opportunity")),
            ("opportunity.archived", Value::Bool(false)),
            ("opportunity.own_tags", Value::List(Vec::new())),
            ("opportunity.sources", Value::List(Vec::new())),
            ("opportunity.links", Value::List(Vec::new())),
            ("opportunity.confidential", Value::Bool(false)),
            ("opportunity.created_at", Value::date(now)),
            ("opportunity.contact", Value::text("contact")),
            ("candidate.name", Value::text("Ada Example")),
            ("candidate.first_name", Value::text("Ada")),
            ("candidate.last_name", Value::text("Example")),
            ("candidate.email", Value::text("ada@example.com")),
            ("candidate.emails", Value::texts(["ada@example.com"])),
            ("posting.tags", Value::List(Vec::new())),
        ] {
            facts.set(name, value);
        }
        for (key, node) in &begin.opportunity {
            for (name, value) in self.change(key, node, catalogue) {
                match value {
                    Some(value) => facts.set(&name, value),
                    None => drop(facts.values.remove(&name)),
                }
            }
        }
        facts
    }

    /// One key of `opportunity`, as facts.
    pub(super) fn change(&mut self, key: &str, node: &Node, catalogue: &AccountCatalogue) -> Vec<(String, Option<Value>)> {
        let one = |name: &str, value: Option<Value>| vec![(name.to_owned(), value)];
        match key {
            "stage" => one("opportunity.stage", self.known(node, Kind::Stage, catalogue)),
            "tags" => one("opportunity.own_tags", Some(Value::texts(self.texts(node)))),
            "posting_tags" => one("posting.tags", Some(Value::texts(self.texts(node)))),
            "posting" => {
                let posting = self.known(node, Kind::Posting, catalogue);
                let (id, title) =
                    (posting.as_ref().and_then(|p| p.member("id")), posting.as_ref().and_then(|p| p.member("name")));
                vec![("opportunity.posting".into(), posting), ("posting.id".into(), id), ("posting.title".into(), title)]
            }
            "archived" => {
                let reason = self.known(node, Kind::ArchiveReason, catalogue);
                vec![("opportunity.archived".into(), Some(Value::Bool(true))), ("opportunity.archive_reason".into(), reason)]
            }
            "email" => {
                let text = node.as_text(self.found).map(str::trim).filter(|text| !text.is_empty() && !node.is_null());
                let all = Value::List(text.map(Value::text).into_iter().collect());
                vec![("candidate.email".into(), text.map(Value::text)), ("candidate.emails".into(), Some(all))]
            }
            "facts" => {
                let names: BTreeMap<_, _> = vocabulary::opportunity()
                    .into_iter()
                    .chain(vocabulary::posting())
                    .map(|entry| (entry.name.to_owned(), entry.field))
                    .collect();
                self.values(node, &names, catalogue).into_iter().map(|(name, value)| (name, Some(value))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// A map of names of the vocabulary to values of their types.
    pub(super) fn values(
        &mut self,
        node: &Node,
        names: &BTreeMap<String, Field>,
        catalogue: &AccountCatalogue,
    ) -> BTreeMap<String, Value> {
        let mut values = BTreeMap::new();
        for (key, value) in node.entries(self.found).unwrap_or_default() {
            let Some(field) = names.get(&key.text) else {
                let fault = Diagnostic::error("unknown-name", key.span, format!("nothing called `{}` is known here", key.text));
                let fault = fault.suggest_near(key.span, &key.text, names.keys().map(String::as_str));
                let known: Vec<String> = names.keys().map(|name| format!("`{name}`")).collect();
                self.found.push(match (&fault.suggestion, known.as_slice()) {
                    (Some(_), _) => fault,
                    (None, []) => fault.help("this event says nothing of its own; facts stand under `opportunity`"),
                    (None, known) => fault.help(format!("names are {}", known.join(", "))),
                });
                continue;
            };
            let read = match &field.ty {
                Type::Named(kind) => self.known(value, *kind, catalogue),
                ty => literal(value, ty, self.found),
            };
            values.extend(read.map(|read| (key.text.clone(), read)));
        }
        values
    }

    pub(super) fn attempts(
        &mut self,
        node: &Node,
        opportunity: &OpportunityId,
        facts: &Facts,
        catalogue: &AccountCatalogue,
    ) -> Vec<Assessment> {
        let mut rows: Vec<Assessment> = Vec::new();
        let Some(vendor) = self.pack.vendor_name().cloned() else { return rows };
        for node in node.items(self.found).unwrap_or_default() {
            let (mut test, mut phase, mut stage, mut expires) = (None, Phase::Invited, None, None);
            for (key, value) in ATTEMPT.entries(node, self.found) {
                match key.text.as_str() {
                    "test" => test = self.known(value, Kind::Assessment, catalogue),
                    "phase" => phase = self.phase(value).unwrap_or(phase),
                    "stage" => stage = self.known(value, Kind::Stage, catalogue),
                    _ => expires = self.time(value),
                }
            }
            let Some(Value::Named(test)) = test else { continue };
            let invite_key = format!("opportunity:{opportunity}/{vendor}/{}:{}/0:", test.id.len(), test.id);
            let attempt = u32::try_from(rows.iter().filter(|row| row.invite_key == invite_key).count()).unwrap_or(0) + 1;
            let pinned = |value: Option<&Value>| match value {
                Some(Value::Named(named)) => Some(Pinned { id: named.id.clone(), name: named.name.clone() }),
                _ => None,
            };
            let reached = |rank: u8| phase.rank().is_some_and(|now| now >= rank).then_some(facts.now);
            rows.push(Assessment {
                id: AssessmentId::derive(facts.now, &["test", &invite_key, &attempt.to_string()]),
                account: AccountId::new("test"),
                opportunity: opportunity.clone(),
                contact: None,
                vendor: vendor.clone(),
                test: TestEntry { id: test.id, title: test.name, fields: BTreeMap::new() },
                key: None,
                invite_key,
                attempt,
                phase,
                verdict: Verdict::None,
                decision: Decision::None,
                report: ReportState::None,
                integrity: Integrity::None,
                stage: pinned(stage.as_ref().or(facts.values.get("opportunity.stage"))),
                posting: pinned(facts.values.get("opportunity.posting")),
                requested_by: EventId(Id::derive(facts.now, &["given"])),
                requested_at: facts.now,
                invited_at: reached(1),
                started_at: reached(3),
                submitted_at: reached(4),
                reminders: 0,
                expires_at: expires,
                ids: BTreeMap::new(),
                candidate_url: None,
                result: BTreeMap::new(),
            });
        }
        rows
    }

    pub(super) fn phase(&mut self, node: &Node) -> Option<Phase> {
        let text = node.as_text(self.found)?;
        if let Ok(phase) = text.parse() {
            return Some(phase);
        }
        let known = Phase::ALL.iter().map(|phase| phase.as_str());
        let fault = Diagnostic::error("unknown-value", node.span, format!("no attempt can be `{text}`"));
        self.found.push(
            fault
                .suggest_near(node.span, text, known.clone())
                .help(format!("phases are {}", known.collect::<Vec<_>>().join(", "))),
        );
        None
    }
}

/// A setting as written: one value, or a map with overrides.
pub(super) fn setting(key: &Key, node: &Node) -> SettingInput {
    let mut setting = SettingInput { name: key.clone(), default: None, per: BTreeMap::new() };
    let overrides = Per::ALL.iter().any(|per| node.get(per.key()).is_some());
    if !overrides {
        setting.default = Some(node.clone());
        return setting;
    }
    let entries = |key: &str| match node.get(key).map(|node| &node.kind) {
        Some(yaml::Kind::Map(entries)) => entries.clone(),
        _ => Vec::new(),
    };
    setting.default = node.get("default").cloned();
    setting.per = Per::ALL.into_iter().map(|per| (per, entries(per.key()))).collect();
    setting
}
