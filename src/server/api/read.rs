//! Looking: the whole, the accounts, the runs of an opportunity and why rules did or did not fire, the record.

use super::Shared;
use super::ask::{self, Path, Query};
use super::problem::Problem;
use super::shape::{
    Account, Accounts, At, Deeds, Done, Effect, Fix, Heard, Looked, Pack, Room, Run, Runs, Said, State, Status, Suspended, Why,
};
use crate::model::Said as Told;
use crate::runtime::status;
use crate::runtime::view::candidate;
use crate::runtime::words;
use crate::store::{EffectRow, EffectState, RunRow};
use axum::Json;
use axum::extract::{RawQuery, State as Of};

type Answer<T> = Result<Json<T>, Problem>;

pub(super) async fn status(Of(shared): Of<Shared>, RawQuery(query): RawQuery) -> Answer<Status> {
    Query::of(query, &[])?;
    let node = &shared.node;
    let now = node.clock.now();
    let counts = node.store.counts(now).await?;
    let of = |states: &[&str]| counts.iter().filter(|count| states.contains(&count.state)).map(|count| count.rows).sum();
    let size = node.store.size().await?;
    let held_back = node.held().len();
    Ok(Json(Status {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        at: At(now),
        accounts: node.all_accounts().len() + held_back,
        held_back,
        refused_rules: node.reloads.load().values().filter(|state| !state.ok).count(),
        parked: of(&["parked"]),
        open: of(&["due", "begun"]),
        store: Room { file: size.file, log: size.log },
    }))
}

pub(super) async fn accounts(Of(shared): Of<Shared>, RawQuery(query): RawQuery) -> Answer<Accounts> {
    Query::of(query, &[])?;
    let held = shared.node.held();
    let all = status::of(&shared.node).await?.into_iter().map(|one| Account {
        held_back: held.contains_key(&one.account),
        account: one.account.to_string(),
        lever: one.lever,
        fault: one.fault,
        suspended: one.suspended.into_iter().map(|(connection, since)| Suspended { connection, since: At(since) }).collect(),
        packs: one
            .packs
            .into_iter()
            .map(|pack| Pack { pack: pack.pack, mode: pack.mode, rules: pack.rules, off: pack.off, since: At(pack.since) })
            .collect(),
        heard: one.heard.into_iter().map(|(what, count, last)| Heard { what, count, last: At(last) }).collect(),
        parked: one.parked,
        open: one.backlog.open,
        later: one.backlog.later,
        calls: one.backlog.calls,
        ends: one.backlog.ends.map(At),
    });
    Ok(Json(Accounts { accounts: all.collect() }))
}

pub(super) async fn runs(
    Of(shared): Of<Shared>,
    Path((account, opportunity)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Answer<Runs> {
    let limit = Query::of(query, &["limit"])?.limit()?;
    let account = ask::account(&shared, &account)?;
    let opportunity = ask::opportunity(&shared, &account, &opportunity).await?;
    let rows = shared.node.store.runs(Some(&account), Some(&opportunity), limit, shared.node.clock.now()).await?;
    Ok(Json(Runs { runs: rows.iter().map(run).collect() }))
}

fn run(row: &RunRow) -> Run {
    let fired = row.steps.iter().filter(|step| matches!(step.said, Told::Fired { .. }));
    Run {
        event: row.event.id.to_string(),
        kind: row.event.kind.to_string(),
        at: At(row.event.at),
        planned_at: At(row.planned_at),
        ruleset: row.ruleset.clone(),
        fired: fired.filter_map(|step| step.rule.as_ref()).map(ToString::to_string).collect(),
        effects: row.effects.iter().map(effect).collect(),
    }
}

fn effect(row: &EffectRow) -> Effect {
    Effect {
        id: row.effect.id.to_string(),
        rule: row.effect.rule.to_string(),
        verb: row.effect.act.verb().to_owned(),
        state: match row.state {
            EffectState::Ready => State::Ready,
            EffectState::Begun => State::Begun,
            EffectState::Waiting => State::Waiting,
            EffectState::Parked => State::Parked,
            EffectState::Done => State::Done,
            EffectState::Skipped => State::Skipped,
        },
        reason: row.reason.as_ref().map(Into::into),
        settled_at: row.settled_at.map(At),
    }
}

pub(super) async fn why(
    Of(shared): Of<Shared>,
    Path((account, opportunity)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Answer<Why> {
    let limit = Query::of(query, &["limit"])?.limit()?;
    let account = ask::account(&shared, &account)?;
    let opportunity = ask::opportunity(&shared, &account, &opportunity).await?;
    let found = candidate::of(&shared.node, &account, &opportunity).await?;
    let events = found.events.into_iter().take(limit).map(|told| {
        let steps = told.run.iter().flat_map(|run| &run.steps).chain(&told.others).map(|step| Said {
            pack: step.pack.as_ref().map(ToString::to_string),
            rule: step.rule.as_ref().map(ToString::to_string),
            text: words::said(&step.said),
        });
        Looked {
            event: told.event.event.id.to_string(),
            kind: told.event.event.kind.to_string(),
            at: At(told.event.event.at),
            planned: told.run.is_some(),
            said: steps.collect(),
            fixes: told
                .fixes
                .iter()
                .map(|fix| Fix { rule: fix.rule.to_string(), place: fix.place.clone(), text: fix.text.clone() })
                .collect(),
        }
    });
    Ok(Json(Why { events: events.collect() }))
}

pub(super) async fn deeds(Of(shared): Of<Shared>, RawQuery(query): RawQuery) -> Answer<Deeds> {
    let limit = Query::of(query, &["limit"])?.limit()?;
    let deeds = shared.node.store.deeds(limit).await?.into_iter().map(|deed| Done {
        at: At(deed.at),
        who: deed.who,
        how: deed.how,
        what: deed.what,
        account: deed.account.map(|account| account.to_string()),
        about: deed.about,
    });
    Ok(Json(Deeds { deeds: deeds.collect() }))
}
