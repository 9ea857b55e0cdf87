//! The executor that sends nothing: effects into the requests that `serve` would make. It holds no client and no secret, so it
//! cannot send; the real one is `executor`.

use crate::lang::adapter::Adapter;
use crate::lang::pattern::matches;
use crate::lever::effect::{self, Context};
use crate::lever::facts::OpportunitySnapshot;
use crate::lever::tags::{TagRun, TagStep};
use crate::model::{
    AccountCatalogue, Act, Assessment, AssessmentId, Body, Effect, HeaderText, InviteMode, Plan, Request, Secret, UserId,
    Value, VendorName,
};
use crate::vendor::{Supplies, Talk, ledger_inputs};
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

/// What a preview is made of: the account, and the opportunity as it is now.
pub struct Preview<'a> {
    pub catalogue: &'a AccountCatalogue,
    pub perform_as: Option<&'a UserId>,
    /// By vendor: the adapter and the base URL of the connection.
    pub adapters: BTreeMap<VendorName, (Arc<Adapter>, String)>,
    pub snapshot: &'a OpportunitySnapshot,
    pub now: Timestamp,
}

/// What would become of one effect, or of all tag changes together.
#[derive(Debug, serde::Serialize)]
pub struct Would {
    /// In the author's words.
    pub effects: Vec<String>,
    /// In the order of sending. Secrets print as `***`.
    pub requests: Vec<Request>,
    /// Why there is none, or what else there is to know.
    pub note: Option<String>,
}

impl Preview<'_> {
    /// The requests that carry a plan out, in the order of the plan; tag changes travel together.
    pub fn of(&self, plan: &Plan) -> Vec<Would> {
        let mut all = Vec::new();
        let mut tags_done = false;
        for effect in &plan.effects {
            if !effect.act.tags() {
                all.push(self.one(effect, plan));
            } else if !tags_done {
                tags_done = true;
                all.push(self.tags(plan));
            }
        }
        all
    }

    fn one(&self, effect: &Effect, plan: &Plan) -> Would {
        let (requests, note) = match &effect.act {
            Act::Invite(invite) => {
                let refresh = invite.mode == InviteMode::Refresh;
                // In shadow the ledger has no row yet that would name the test.
                let test = &invite.test;
                let mut inputs = BTreeMap::from([
                    ("test.id".to_owned(), Value::text(&test.id)),
                    ("test.title".to_owned(), Value::text(&test.title)),
                ]);
                inputs.extend(test.fields.iter().map(|(name, value)| (format!("test.fields.{name}"), value.clone())));
                inputs.extend(invite.inputs.clone());
                self.vendor(&invite.vendor, "invite", &inputs, row(plan, Some(invite.assessment)), refresh)
            }
            Act::Call(call) => self.vendor(&call.vendor, &call.operation, &call.inputs, row(plan, call.assessment), false),
            act => self.lever(act),
        };
        Would { effects: vec![super::words::act(&effect.act)], requests, note }
    }

    fn lever(&self, act: &Act) -> (Vec<Request>, Option<String>) {
        let context = Context {
            opportunity: &self.snapshot.id,
            perform_as: self.perform_as,
            snapshot: Some(self.snapshot),
            placed: None,
            content: None,
        };
        match effect::step(act, context) {
            effect::Step::Send(request) | effect::Step::Read(request) => (vec![request], None),
            effect::Step::Done(reason) => (Vec::new(), Some(format!("nothing to send: {}", reason.text))),
            effect::Step::Skip(reason) => (Vec::new(), Some(format!("skipped: {}", reason.text))),
            effect::Step::Fetch => (Vec::new(), Some("its content is read from the vendor when it is sent".to_owned())),
            effect::Step::Sweep => (Vec::new(), Some("nothing to send: it is so already".to_owned())),
            effect::Step::Elsewhere => (Vec::new(), Some("its request cannot be shown".to_owned())),
        }
    }

    fn tags(&self, plan: &Plan) -> Would {
        let acts = || plan.effects.iter().map(|effect| &effect.act).filter(|act| act.tags());
        let mut run = TagRun::new(&self.snapshot.id, acts(), self.perform_as);
        let names = (self.catalogue, None::<&str>);
        let mut tags = self.snapshot.tags.clone();
        let mut requests: Vec<Request> = Vec::new();
        // One add and one remove at most; the answer to the add is what Lever's tags are then.
        while let TagStep::Send(request) = run.next(Some(&tags), &|pattern, tag| matches(pattern, tag, &names, false).is_some())
        {
            if requests.is_empty() {
                tags.extend(added(&request));
            }
            requests.push(request);
            if requests.len() > 2 {
                break;
            }
        }
        let note = requests.is_empty().then(|| "nothing to send: the tags are so already".to_owned());
        Would { effects: acts().map(super::words::act).collect(), requests, note }
    }

    fn vendor(
        &self,
        vendor: &VendorName,
        operation: &str,
        inputs: &BTreeMap<String, Value>,
        row: Option<&Assessment>,
        refresh: bool,
    ) -> (Vec<Request>, Option<String>) {
        let Some((adapter, base_url)) = self.adapters.get(vendor) else {
            return (Vec::new(), Some(format!("there is no connection to {vendor}")));
        };
        let secrets = adapter.secrets.keys().map(|name| (name.clone(), Secret::new(PLACEHOLDER))).collect();
        let mut known = row.map(ledger_inputs).unwrap_or_default();
        known.extend(inputs.clone());
        known.entry("callback_url".to_owned()).or_insert_with(|| Value::text("https://leverd.example.com/hooks/…"));
        let token = Secret::new(PLACEHOLDER);
        let supplies =
            Supplies { base_url, secrets: &secrets, inputs: &known, retry: false, refresh, token: Some(&token), now: self.now };
        match Talk::new(adapter, operation, supplies).and_then(|talk| talk.request()) {
            Ok(request) => {
                let steps = adapter.operations.get(operation).map_or(1, |operation| operation.steps.len());
                let note = (steps > 1).then(|| format!("then {} more, made of the answers", steps - 1));
                (vec![request], note)
            }
            Err(reason) => (Vec::new(), Some(format!("it cannot be made: {}", reason.text))),
        }
    }
}

/// Stands for every secret; never shown, since secrets print as `***`.
const PLACEHOLDER: &str = "***";

fn row(plan: &Plan, id: Option<AssessmentId>) -> Option<&Assessment> {
    let id = id?;
    plan.ledger.iter().find(|row| row.id == id)
}

/// The tags that an `addTags` names.
fn added(request: &Request) -> Vec<String> {
    let Body::Json(json) = &request.body else { return Vec::new() };
    let tags = json.get("tags").and_then(serde_json::Value::as_array);
    tags.into_iter().flatten().filter_map(|tag| tag.as_str().map(str::to_owned)).collect()
}

/// A request as text: method, URL, headers, body.
pub fn text(request: &Request) -> String {
    let mut text = request.line();
    for (at, (name, value)) in request.query.iter().enumerate() {
        let _ = write!(text, "{}{name}={value}", if at == 0 { '?' } else { '&' });
    }
    for (name, value) in &request.headers {
        let value = match value {
            HeaderText::Plain(value) => value.as_str(),
            HeaderText::Secret(_) => "***",
        };
        let _ = write!(text, "\n{name}: {value}");
    }
    match &request.body {
        Body::None => {}
        Body::Json(json) => {
            let _ = write!(text, "\n{}", serde_json::to_string(json).unwrap_or_default());
        }
        Body::Form(fields) => {
            let fields: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let _ = write!(text, "\n{}", fields.join("&"));
        }
        Body::File { name, bytes, .. } => {
            let _ = write!(text, "\n(the file {name}, {} bytes)", bytes.len());
        }
        Body::Text { text: body, .. } => {
            let _ = write!(text, "\n{body}");
        }
    }
    for mask in request.masks.iter().map(Secret::expose).filter(|mask| !mask.is_empty() && *mask != PLACEHOLDER) {
        text = text.replace(mask, "***");
    }
    text
}
