//! Runs the samples that an adapter declares, so that a mapping that cannot work is found before a delivery comes.

use super::answer::takes;
use super::emit::emit;
use super::poll;
use super::webhook::{Notification, notifications};
use crate::lang::adapter::{Adapter, Extract, Poll, Sample, Sampled};
use crate::lang::diagnostic::Diagnostic;
use crate::model::{AssessmentEvent, Value};
use jiff::Timestamp;
use std::collections::BTreeMap;

/// Every sample that does not become what it should.
pub fn run_samples(adapter: &Adapter) -> Vec<Diagnostic> {
    let failed = adapter.samples.iter().filter_map(|sample| Some((sample, run(adapter, sample).err()?)));
    let faults = failed.map(|(sample, why)| {
        Diagnostic::error("sample-fails", sample.span, format!("the sample `{}` fails: {why}", sample.name))
            .help("mend the mapping, or what the sample expects")
            .route(sample.route.clone())
    });
    faults.collect()
}

/// The events of a sample with their fields, as JSON.
type Found = Vec<(AssessmentEvent, BTreeMap<String, serde_json::Value>)>;

fn run(adapter: &Adapter, sample: &Sample) -> Result<(), String> {
    let mut emissions = Vec::new();
    match &sample.of {
        Sampled::Webhook(body) => {
            for notification in notifications(adapter, body.to_string().as_bytes()).map_err(|reason| reason.text)? {
                let answers = answers(adapter, sample, &notification)?;
                emissions.extend(emit(adapter, &notification, &answers, Timestamp::UNIX_EPOCH).map_err(|reason| reason.text)?);
            }
        }
        Sampled::Poll(name) => {
            let poll = adapter.polls.get(name).ok_or("its poll is faulty")?;
            for captures in items(adapter, poll, sample)? {
                let asked = poll::asked(adapter, poll, captures);
                let answers = answers(adapter, sample, &asked)?;
                emissions
                    .extend(poll::emit(adapter, poll, &asked, answers, Timestamp::UNIX_EPOCH).map_err(|reason| reason.text)?);
            }
        }
    }
    let found: Found = emissions
        .into_iter()
        .map(|emission| {
            let fields = emission.fields.iter();
            let plain = fields
                .map(|(name, value)| (name.strip_prefix("result.").unwrap_or(name).to_owned(), super::request::json(value)));
            (emission.event, plain.collect())
        })
        .collect();
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

/// What the sample says that the reads are answered.
fn answers(
    adapter: &Adapter,
    sample: &Sample,
    notification: &Notification,
) -> Result<BTreeMap<String, BTreeMap<String, Value>>, String> {
    let mut answers: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for read in &notification.reads {
        let Some(json) = sample.answers.get(&read.operation) else {
            if read.optional {
                continue;
            }
            return Err(format!("`answers` lacks `{}`, which is read back", read.operation));
        };
        let mut all = BTreeMap::new();
        for step in adapter.operations.get(&read.operation).into_iter().flat_map(|operation| &operation.steps) {
            all.extend(takes(&step.take, &[], json, &adapter.base_url, true).map_err(|reason| reason.text)?);
        }
        answers.insert(read.operation.clone(), all);
    }
    Ok(answers)
}

/// What a poll asks about: one attempt, or every item of the list that the sample gives as its answer.
fn items(adapter: &Adapter, poll: &Poll, sample: &Sample) -> Result<Vec<BTreeMap<String, Value>>, String> {
    let Some(list) = poll.list() else { return Ok(vec![BTreeMap::new()]) };
    let json =
        sample.answers.get(&list.operation).ok_or_else(|| format!("`answers` lacks `{}`, which is listed", list.operation))?;
    let operation = adapter.operations.get(&list.operation).ok_or("its operation is faulty")?;
    let nodes = operation.each.as_ref().map(|each| each.nodes(json)).unwrap_or_default();
    let kept = nodes.into_iter().filter(|item| {
        let keep = operation.keep.as_ref();
        keep.is_none_or(|keep| keep.holds(&mut |path: &Extract| path.get(item, &adapter.base_url).ok().flatten()))
    });
    let step = operation.steps.first().ok_or("its operation makes no request")?;
    kept.map(|item| takes(&step.take, &[], item, &adapter.base_url, true).map_err(|reason| reason.text)).collect()
}
