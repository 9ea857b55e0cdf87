//! `leverd dry-run`: what the rules would do for an opportunity as it is now. Reads Lever and the store, sends nothing.

mod follow;

use crate::cli::connect::Reads;
use crate::cli::describe;
use crate::cli::exit::Exit;
use crate::cli::files::{Folder, read};
use crate::cli::foresee::Foresight;
use crate::cli::out::{Format, Out, for_reading};
use crate::cli::stored::{Named, now, wait};
use crate::cli::validate::project;
use crate::lang::diagnostic::Diagnostics;
use crate::lang::project::{Bound, Project};
use crate::lang::ruleset::Mode;
use crate::lang::source::Sources;
use crate::lever::api;
use crate::lever::decode::{self, LeverPayload};
use crate::lever::facts::{Names, OpportunitySnapshot};
use crate::model::{Event, Later, LeverEvent, OpportunityId, Plan, Said};
use crate::runtime::assume;
use crate::runtime::preview::{Preview, Would, text};
use crate::store::Store;
use anyhow::{Context, bail};
use clap::Args;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Show what the rules would do for an opportunity, with every request, and send none
///
/// Reads the opportunity from Lever and our own attempts from the store. Tests are those of the pulled catalogue.
#[derive(Debug, Args)]
pub(in crate::cli) struct DryRun {
    /// Lever's id of an opportunity, or a file with the body of a webhook of Lever
    what: String,
    /// What to assume has just happened to the opportunity
    #[arg(long, value_name = "EVENT", default_value = "candidateStageChange", value_parser = trigger)]
    trigger: LeverEvent,
    /// The stage it has just entered, by name or id; the one it is in if left out
    #[arg(long, value_name = "STAGE")]
    stage: Option<String>,
    /// Go on with what would come of it: that vendors accept and Lever does what it is asked is assumed, and said each time
    #[arg(long)]
    follow: bool,
    /// The account, if leverd.yaml has several
    #[arg(long)]
    account: Option<String>,
    /// The leverd.yaml
    #[arg(long, value_name = "FILE", default_value = "leverd.yaml")]
    config: PathBuf,
    /// How to write it
    #[arg(long, default_value = "human", value_parser = for_reading())]
    format: Format,
}

fn trigger(text: &str) -> Result<LeverEvent, String> {
    text.parse().map_err(|()| {
        let all: Vec<&str> = LeverEvent::ALL.iter().map(|event| event.as_str()).collect();
        format!("Lever's events are {}", all.join(", "))
    })
}

impl DryRun {
    pub(in crate::cli) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let Some(project) = project(&self.config, &mut sources, &mut found)? else {
            out.diagnostics(self.format, &sources, &found)?;
            return Ok(Exit::Faults);
        };
        let bound = self.account(&project)?;
        if bound.broken {
            out.diagnostics(self.format, &sources, &found)?;
            return Ok(Exit::Faults);
        }
        let folder = Folder::of(&self.config);
        wait(self.plan(out, &project, bound, &folder))
    }

    fn account<'a>(&self, project: &'a Project) -> anyhow::Result<&'a Bound> {
        let names = || project.accounts.iter().map(|bound| format!("`{}`", bound.account.name)).collect::<Vec<_>>().join(", ");
        match (&self.account, project.accounts.as_slice()) {
            (None, [only]) => Ok(only),
            (None, _) => bail!("leverd.yaml has several accounts: choose one with `--account`: {}", names()),
            (Some(name), all) => all
                .iter()
                .find(|bound| bound.account.name.as_str() == name)
                .with_context(|| format!("leverd.yaml has no account `{name}`; it has {}", names())),
        }
    }

    async fn plan(&self, out: &mut Out, project: &Project, bound: &Bound, folder: &Folder) -> anyhow::Result<Exit> {
        let payload = self.payload()?;
        let id = payload.as_ref().and_then(|payload| payload.opportunity.clone());
        let id =
            id.unwrap_or_else(|| OpportunityId::from(self.what.trim_end_matches('/').rsplit('/').next().unwrap_or(&self.what)));
        let lever = Reads::lever(&bound.account, folder).await?;
        let opportunity = lever.one(&api::get_opportunity(&id), api::opportunity).await?;
        let names = Names::of(&bound.catalogue);
        let event = match &payload {
            Some(payload) => match assume::confirmed(&bound.account.name, payload, &opportunity, names, now()) {
                Ok(event) => event,
                Err(why) if self.format == Format::Json => {
                    out.json(&serde_json::json!({ "refused": why }))?;
                    return Ok(Exit::Faults);
                }
                Err(why) => {
                    out.line(format_args!("leverd would not act on this delivery: {why}"))?;
                    return Ok(Exit::Faults);
                }
            },
            None => self.assumed(bound, &opportunity)?,
        };
        let store = store(project, folder).await?;
        let mut foresight = Foresight::new(bound, &lever, store.as_ref());
        if self.follow {
            foresight = foresight.live();
        }
        let facts = foresight.facts(&opportunity, now());
        let (plan, facts) = foresight.plan_from(&event, &opportunity, facts).await?;
        let first = Told { assumed: None, snapshot: OpportunitySnapshot::of(&opportunity), event, plan };
        let mut all = vec![first];
        if self.follow {
            all.extend(follow::on(&mut foresight, &opportunity, all.first(), facts).await?);
        }
        self.show(out, project, bound, &all)
    }

    /// The content of a file, if `what` is one.
    fn payload(&self) -> anyhow::Result<Option<LeverPayload>> {
        let path = PathBuf::from(&self.what);
        if !path.is_file() {
            // Lever would be asked for an opportunity of that name.
            if path.extension().is_some() {
                bail!("there is no file {}", path.display());
            }
            return Ok(None);
        }
        let payload =
            decode::payload(&read(&path)?).map_err(|reason| anyhow::anyhow!("{}: {}", path.display(), reason.text))?;
        Ok(Some(payload))
    }

    /// The event that is assumed of an opportunity as it is.
    fn assumed(&self, bound: &Bound, opportunity: &api::Opportunity) -> anyhow::Result<Event> {
        let (account, stage) = (&bound.account.name, self.stage.as_deref());
        assume::assumed(account, &bound.catalogue, self.trigger, stage, opportunity, now()).map_err(anyhow::Error::msg)
    }

    fn show(&self, out: &mut Out, project: &Project, bound: &Bound, all: &[Told]) -> anyhow::Result<Exit> {
        let adapters = project.packs.values().filter_map(|pack| pack.vendor.clone());
        let adapters = adapters.filter_map(|adapter| {
            let connection = bound.account.vendor(&adapter.name)?;
            let base = connection.base_url.as_ref().map_or(adapter.base_url.as_str(), |url| url.as_str());
            Some((adapter.name.clone(), (adapter.clone(), base.trim_end_matches('/').to_owned())))
        });
        let adapters: BTreeMap<_, _> = adapters.collect();
        let would = |told: &Told| {
            let preview = Preview {
                catalogue: &bound.catalogue,
                perform_as: bound.perform_as.as_ref(),
                adapters: adapters.clone(),
                snapshot: &told.snapshot,
                now: now(),
            };
            preview.of(&told.plan)
        };
        let Some((first, rest)) = all.split_first() else { return Ok(Exit::Fine) };
        if self.format == Format::Json {
            let mut json = serde_json::json!({ "event": first.event, "plan": first.plan, "would": would(first) });
            if self.follow {
                let rest = rest.iter().map(|told| {
                    serde_json::json!({ "assumed": told.assumed, "event": told.event, "plan": told.plan, "would": would(told) })
                });
                if let Some(json) = json.as_object_mut() {
                    json.insert("follows".to_owned(), rest.collect());
                }
            }
            out.json(&json)?;
            return Ok(Exit::Fine);
        }
        for set in bound.rulesets.iter().filter(|set| self.follow && set.mode == Mode::Shadow) {
            out.line(format_args!("pack `{}` is in shadow; this is told as if it acted\n", set.name()))?;
        }
        let mut requests = 0;
        for told in all {
            match &told.assumed {
                None => {
                    let opportunity = told.event.opportunity.as_ref().map(ToString::to_string).unwrap_or_default();
                    out.line(format_args!("{} of opportunity {opportunity}", told.event.kind))?;
                }
                Some(assumed) => out.line(format_args!("\nassumed: {assumed}\n{}", told.event.kind))?,
            }
            for (field, value) in &told.event.fields {
                out.line(format_args!("  {field}: {value}"))?;
            }
            out.line("")?;
            let would = would(told);
            told.tell(out, &would)?;
            requests += would.iter().map(|one| one.requests.len()).sum::<usize>();
        }
        out.line(match requests {
            0 => "\nnothing would be sent".to_owned(),
            1 => "\n1 request would be sent; none was".to_owned(),
            many => format!("\n{many} requests would be sent; none was"),
        })?;
        Ok(Exit::Fine)
    }
}

/// A plan that was looked at.
struct Told {
    /// What was taken to have happened before, beyond what is known.
    assumed: Option<String>,
    /// The opportunity as it is by then.
    snapshot: OpportunitySnapshot,
    event: Event,
    plan: Plan,
}

impl Told {
    fn tell(&self, out: &mut Out, would: &[Would]) -> anyhow::Result<()> {
        let plan = &self.plan;
        for step in &plan.steps {
            out.line(describe::step(step))?;
        }
        if plan.steps.is_empty() {
            out.line("no rule listens to this event in this situation")?;
        }
        let told = |later: &&Later| plan.steps.iter().any(|step| step.said == Said::Later { due: later.due });
        for later in plan.later.iter().filter(|later| !told(later)) {
            out.line(describe::later(later))?;
        }
        if let Some(why) = &plan.park {
            out.line(format_args!("the event would wait for a person: {why}"))?;
        }
        for one in would {
            out.line(format_args!("\n{}", one.effects.join("\n")))?;
            for request in &one.requests {
                for line in text(request).lines() {
                    out.line(format_args!("    {line}"))?;
                }
            }
            if let Some(note) = &one.note {
                out.line(format_args!("    {note}"))?;
            }
        }
        Ok(())
    }
}

/// The store, if there is one: a project that never ran has no attempts.
pub(in crate::cli) async fn store(project: &Project, folder: &Folder) -> anyhow::Result<Option<Store>> {
    Named::of(&project.config, &folder.path(""), folder)?.look().await
}
