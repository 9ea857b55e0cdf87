//! What Lever itself shows of an opportunity, beside what came of it here.

use crate::cli::connect::Reads;
use crate::cli::describe;
use crate::cli::files::Folder;
use crate::engine::Program;
use crate::lang::project::Bound;
use crate::lever::api;
use crate::lever::facts::Names;
use crate::model::{Event, EventKind, Kind, LeverEvent, OpportunityId};
use crate::runtime::missed::{Silence, missed, silence};
use crate::runtime::poller::Cursor;
use crate::store::Store;
use jiff::Timestamp;
use std::path::Path;

/// So many moves that nothing came of are told, the latest first.
const MOVES: usize = 3;
const SWITCH: &str = "a Super Admin finds the switch in Lever under Settings > Integrations and API > Webhooks; `leverd doctor` looks whether the \
                      address leads here, and with `poll` in leverd.yaml what gets lost is found by asking";

/// What Lever says happened to the opportunity, and why some of it may never have come.
pub(super) async fn asked(
    store: &Store,
    config: &Path,
    bound: &Bound,
    opportunity: &OpportunityId,
) -> anyhow::Result<Vec<String>> {
    let account = &bound.account.name;
    let folder = Folder::of(config);
    let rows = store.events(Some(account), opportunity, usize::MAX).await?;
    let read = match Reads::lever(&bound.account, &folder).await {
        Ok(lever) => lever.one(&api::get_opportunity(opportunity), api::opportunity).await,
        Err(error) => Err(error),
    };
    let read = match read {
        Ok(read) => read,
        Err(error) if rows.is_empty() => return Ok(vec![format!("{account}: Lever does not show it: {error:#}")]),
        Err(error) => {
            return Ok(vec![format!("{account}: Lever could not be asked whether more happened there: {error:#}")]);
        }
    };
    let now = super::now();
    let events: Vec<&Event> = rows.iter().map(|row| &row.event).collect();
    let active = store.baselines(account).await?.into_iter().map(|(_, since)| since).min();
    let listens = Program::new(bound.rulesets.clone()).hears(&EventKind::Lever(LeverEvent::CandidateStageChange), None);
    // What was purged for age is not missing.
    let kept = crate::cli::stored::retention(config).and_then(|kept| now.checked_sub(kept).ok()).unwrap_or(Timestamp::MIN);
    let since = active.unwrap_or(Timestamp::MIN).max(kept);
    let names = Names::of(&bound.catalogue);
    let stage = |id: &crate::model::StageId| names.value(Kind::Stage, id.as_str());
    let mut said = Vec::new();
    let lost = if active.is_some() && listens { missed(&read.stage_changes, &events, since, now) } else { Vec::new() };
    let heard = store.heard(account).await?;
    for missed in lost.iter().rev().take(MOVES) {
        let shown = format!("{account}: Lever shows a move to `{}` at {}", stage(&missed.to), describe::time(missed.at));
        said.push(match silence(&heard, missed.at) {
            _ if missed.recent => {
                format!("{shown}, and no webhook of it came yet: Lever may take minutes; ask again a little later")
            }
            Silence::Never => format!(
                "{shown}, and no webhook of it came, nor of any other move: `candidateStageChange` seems switched off in Lever, or \
                 does not lead to this server; {SWITCH}"
            ),
            Silence::Since(last) => format!(
                "{shown}, and no webhook of it came; the last `candidateStageChange` came at {}: it seems to have been switched off in \
                 Lever since, or leads elsewhere; {SWITCH}",
                describe::time(last)
            ),
            Silence::OnlyThis => format!(
                "{shown}, and no webhook of it came, though others came since: this one was lost on the way; `leverd backfill {account}` \
                 lets a rule see who stands there, and with `poll` in leverd.yaml what gets lost is found by asking"
            ),
        });
    }
    if lost.len() > MOVES {
        said.push(format!("{account}: and {} earlier moves that no webhook told", lost.len() - MOVES));
    }
    let before = read.stage_changes.iter().skip(1).rfind(|change| active.is_none_or(|active| change.at < active));
    if rows.is_empty() && lost.is_empty() {
        said.push(match (before, active) {
            (Some(change), Some(active)) => format!(
                "{account}: Lever shows a move to `{}` at {}, before the rules became active here ({}): `leverd backfill {account}` \
                 lets a rule see it",
                stage(&change.to),
                describe::time(change.at),
                describe::time(active)
            ),
            (Some(change), None) => format!(
                "{account}: Lever shows a move to `{}` at {}; no rules were ever active here: does `leverd serve` run?",
                stage(&change.to),
                describe::time(change.at)
            ),
            (None, _) => format!("{account}: Lever knows it and shows no move since it was created"),
        });
    }
    if let Some(every) = bound.account.lever.poll
        && (rows.is_empty() || !lost.is_empty())
    {
        let looked = Cursor::of(store, account).await?.map(|cursor| describe::time(cursor.last).to_string());
        let looked = looked.unwrap_or_else(|| "never".to_owned());
        said.push(format!("{account}: polled every {every:#}, last looked at {looked}"));
    }
    Ok(said)
}
