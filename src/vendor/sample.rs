//! Runs the samples that an adapter declares, so that a mapping that cannot work is found before a delivery comes.

use super::answer::{Answer, takes};
use super::emit::emit;
use super::webhook::notifications;
use crate::lang::adapter::{Adapter, Sample};
use crate::lang::diagnostic::Diagnostic;
use crate::model::{AssessmentEvent, Value};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Every sample that does not become what it should.
pub fn run_samples(adapter: &Adapter) -> Vec<Diagnostic> {
    let failed = adapter.samples.iter().filter_map(|sample| Some((sample, run(adapter, sample).err()?)));
    let faults = failed.map(|(sample, why)| {
        Diagnostic::error("sample-fails", sample.span, format!("the sample `{}` fails: {why}", sample.name))
            .help("mend the mapping under `webhook`, or what the sample expects")
            .route(sample.route.clone())
    });
    faults.collect()
}

fn run(adapter: &Adapter, sample: &Sample) -> Result<(), String> {
    let body = sample.webhook.to_string();
    let mut found: Vec<(AssessmentEvent, BTreeMap<String, serde_json::Value>)> = Vec::new();
    for notification in notifications(adapter, body.as_bytes()).map_err(|reason| reason.text)? {
        let mut answers: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
        for read in &notification.reads {
            let Some(json) = sample.answers.get(&read.operation) else {
                if read.optional {
                    continue;
                }
                return Err(format!("`answers` lacks `{}`, which is read back", read.operation));
            };
            let answer = Answer { headers: Vec::new(), json: json.clone() };
            let mut all = BTreeMap::new();
            for step in adapter.operations.get(&read.operation).into_iter().flat_map(|operation| &operation.steps) {
                all.extend(takes(&step.take, &answer, &adapter.base_url, true).map_err(|reason| reason.text)?);
            }
            answers.insert(read.operation.clone(), all);
        }
        for emission in emit(adapter, &notification, &answers, Timestamp::UNIX_EPOCH).map_err(|reason| reason.text)? {
            let fields = emission
                .fields
                .iter()
                .map(|(name, value)| (name.strip_prefix("result.").unwrap_or(name).to_owned(), super::request::json(value)));
            found.push((emission.event, fields.collect()));
        }
    }
    if found.len() != sample.expect.len() {
        let names: Vec<String> = found.iter().map(|(event, _)| format!("`{event}`")).collect();
        return Err(format!(
            "it becomes {}, not what `expect` says",
            if names.is_empty() { "nothing".into() } else { names.join(", ") }
        ));
    }
    for ((event, fields), (wanted, expected)) in found.iter().zip(&sample.expect) {
        if event != wanted {
            return Err(format!("it becomes `{event}` where `expect` says `{wanted}`"));
        }
        if let Some((name, value)) = expected.iter().find(|(name, value)| fields.get(*name) != Some(value)) {
            let saw = fields.get(name).map_or_else(|| "nothing".to_owned(), ToString::to_string);
            return Err(format!("`{name}` of `{event}` is {saw} where `expect` says {value}"));
        }
    }
    Ok(())
}
