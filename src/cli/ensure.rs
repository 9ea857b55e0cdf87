//! `leverd ensure`: makes in Lever what the packs of an account need and the API can make.
//!
//! Lever is asked first what is there; what is there is left as it is. A lost answer is looked up. Tags exist in Lever only where they
//! are used, so they are put on an opportunity that somebody names for it, and taken off again.

use super::connect::{Reads, tests};
use super::exit::Exit;
use super::files::Folder;
use super::out::{Format, Out};
use super::stored::wait;
use super::validate::project;
use crate::lang::config::{Account, PackSource};
use crate::lang::diagnostic::Diagnostics;
use crate::lang::ensure;
use crate::lang::project::{Bound, Project};
use crate::lang::rule::{EnsureForm, Pack};
use crate::lang::source::Sources;
use crate::lever::api;
use crate::lever::effect::{self, permission};
use crate::model::{Exchange, FormTemplate, Kind, OpportunityId, Outcome, Request, TestEntry, UserId};
use anyhow::{Context, bail};
use clap::Args;
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// Make in Lever what the packs need: form templates, and tags to choose from
///
/// What is there already is left as it is: running it twice changes nothing the second time.
#[derive(Debug, Args)]
pub(super) struct Ensure {
    /// An account of leverd.yaml
    account: String,
    /// Only show what is there and what would be made
    #[arg(long)]
    plan: bool,
    /// Make missing tags known by putting them on this opportunity, by Lever's id, and taking them off again
    #[arg(long, value_name = "OPPORTUNITY")]
    seed_on: Option<String>,
    /// The leverd.yaml
    #[arg(long, value_name = "FILE", default_value = "leverd.yaml")]
    config: PathBuf,
}

impl Ensure {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let Some(project) = project(&self.config, &mut sources, &mut found)? else {
            out.diagnostics(Format::Human, &sources, &found)?;
            return Ok(Exit::Faults);
        };
        let Some(bound) = project.accounts.iter().find(|bound| bound.account.name.as_str() == self.account) else {
            let known: Vec<String> = project.accounts.iter().map(|bound| format!("`{}`", bound.account.name)).collect();
            bail!("leverd.yaml has no account `{}`; it has {}", self.account, known.join(", "));
        };
        // That the names in it are not in the catalogue yet is what this command is for; a pack that cannot be read is not.
        let Some(packs) = packs(&project, bound) else {
            out.diagnostics(Format::Human, &sources, &found)?;
            return Ok(Exit::Faults);
        };
        wait(self.carry_out(bound, &packs, out))
    }

    async fn carry_out(&self, bound: &Bound, packs: &[Arc<Pack>], out: &mut Out) -> anyhow::Result<Exit> {
        let folder = Folder::of(&self.config);
        let lever = Reads::lever(&bound.account, &folder).await?;
        let (forms, tags) = self.wanted(bound, packs, &folder).await?;
        if forms.is_empty() && tags.is_empty() {
            out.line(format_args!("the packs of `{}` ask for nothing under `ensure`", self.account))?;
            return Ok(Exit::Fine);
        }
        let mut fine = true;
        let mut made = false;
        if !forms.is_empty() {
            let there = lever.perhaps(api::list_form_templates(), api::templates).await?;
            let there = there.map_err(|why| anyhow::anyhow!("form templates cannot be read: {why}"))?;
            for form in forms {
                let (good, created) = self.form(&lever, bound, &there, form, out).await?;
                fine &= good;
                made |= created;
            }
        }
        if !tags.is_empty() {
            self.tags(&lever, bound, &tags, out).await?;
        }
        if made {
            out.line(format_args!("run `leverd pull {}` to take it over into the catalogue", self.account))?;
        }
        Ok(if fine { Exit::Fine } else { Exit::Faults })
    }

    /// What the packs ask for: templates by name, the first that describes one counts; and tags.
    async fn wanted<'p>(
        &self,
        bound: &Bound,
        packs: &'p [Arc<Pack>],
        folder: &Folder,
    ) -> anyhow::Result<(Vec<&'p EnsureForm>, Vec<String>)> {
        let mut forms: Vec<&EnsureForm> = Vec::new();
        let mut tags = BTreeSet::new();
        for pack in packs {
            for form in &pack.ensure.form_templates {
                if !forms.iter().any(|other| other.name == form.name) {
                    forms.push(form);
                }
            }
            let families = pack.ensure.tags.iter().filter_map(|name| pack.families.get(name));
            let offered: Vec<TestEntry> = match &pack.vendor {
                Some(adapter)
                    if families.into_iter().any(|family| family.per_assessment)
                        && adapter.operations.contains_key("catalogue") =>
                {
                    tests(&bound.account, adapter, folder).await?
                }
                _ => Vec::new(),
            };
            tags.extend(ensure::tags(pack, &offered));
        }
        Ok((forms, tags.into_iter().collect()))
    }

    /// One template: whether it is as the pack needs it, and whether it was made now.
    async fn form(
        &self,
        lever: &Reads,
        bound: &Bound,
        there: &[FormTemplate],
        form: &EnsureForm,
        out: &mut Out,
    ) -> anyhow::Result<(bool, bool)> {
        let what = format!("form template `{}`", form.name);
        let renamed = || {
            let now = bound.catalogue.renamed(Kind::FormTemplate, None, form.name.trim())?;
            there.iter().find(|template| template.id == now.id)
        };
        if let Some(template) = there.iter().find(|template| template.name.trim() == form.name.trim()).or_else(renamed) {
            let lacking: Vec<String> = form
                .fields
                .iter()
                .filter(|field| template.field(&field.text).is_none_or(|other| other.ty != field.ty))
                .map(|field| format!("`{}` ({})", field.text, field.ty))
                .collect();
            let called = if template.name.trim() == form.name.trim() {
                String::new()
            } else {
                format!(", called `{}` by now", template.name)
            };
            if lacking.is_empty() {
                out.line(format_args!("{what}: is there{called}"))?;
                return Ok((true, false));
            }
            out.line(format_args!("{what}: is there{called}, but lacks {}: add that in Lever", lacking.join(", ")))?;
            return Ok((false, false));
        }
        let fields: Vec<&str> = form.fields.iter().map(|field| field.text.as_str()).collect();
        if self.plan {
            out.line(format_args!("{what}: would be made, with {}", fields.join(", ")))?;
            return Ok((true, false));
        }
        let request = api::create_form_template(&form.name, &form.instructions, form.secret, &form.fields);
        let exchange = lever.once(&request).await;
        let sure = match told(&request, &exchange) {
            Ok(sure) => sure,
            Err(why) => bail!("{what}: {why}"),
        };
        if !sure {
            let now = lever.all(api::list_form_templates(), api::templates).await?;
            if !now.iter().any(|template| template.name.trim() == form.name.trim()) {
                bail!("{what}: no answer came, and Lever does not show it; run this again");
            }
        }
        out.line(format_args!("{what}: made, with {}", fields.join(", ")))?;
        Ok((true, true))
    }

    async fn tags(&self, lever: &Reads, bound: &Bound, wanted: &[String], out: &mut Out) -> anyhow::Result<()> {
        let known: BTreeSet<String> = lever.all(api::list_tags(), api::tags).await?.into_iter().collect();
        let missing: Vec<String> = wanted.iter().filter(|tag| !known.contains(*tag)).cloned().collect();
        let listed = || missing.iter().map(|tag| format!("`{tag}`")).collect::<Vec<_>>().join(", ");
        if missing.is_empty() {
            out.line(format_args!("tags: all {} are in use", wanted.len()))?;
            return Ok(());
        }
        let Some(seed) = self.seed_on.as_ref().filter(|_| !self.plan) else {
            out.line(format_args!("tags: {} of {} are in no use yet: {}", missing.len(), wanted.len(), listed()))?;
            if self.seed_on.is_none() {
                out.line(format_args!(
                    "  Lever offers only tags that some opportunity has; `--seed-on OPPORTUNITY` puts them on one and takes them off again"
                ))?;
            }
            return Ok(());
        };
        let id = OpportunityId::new(seed.as_str());
        let there = lever.one(&api::get_opportunity(&id), api::opportunity).await.context("the opportunity to seed tags on")?;
        let ours: Vec<String> = missing.iter().filter(|tag| !there.tags.contains(tag)).cloned().collect();
        let user: Option<&UserId> = bound.perform_as.as_ref();
        // Tags are sets: both calls may be repeated, so a lost answer is no reason to stop half-way.
        let added = repeat(lever, &api::add_tags(&id, &ours, user)).await;
        let removed = repeat(lever, &api::remove_tags(&id, &ours, user)).await;
        if let Err(why) = removed {
            bail!("the tags {} may still be on the opportunity; take them off by hand: {why}", listed());
        }
        if let Err(why) = added {
            bail!("the tags could not be put on the opportunity: {why}");
        }
        out.line(format_args!("tags: put on the opportunity and taken off again: {}", listed()))?;
        Ok(())
    }
}

/// The packs of an account, each once; `None` if one of them cannot be read.
fn packs(project: &Project, bound: &Bound) -> Option<Vec<Arc<Pack>>> {
    let mut packs: BTreeMap<&PackSource, Arc<Pack>> = BTreeMap::new();
    let account: &Account = &bound.account;
    for pack_use in &account.packs {
        packs.insert(&pack_use.source, Arc::clone(project.packs.get(&pack_use.source)?));
    }
    Some(packs.into_values().collect())
}

/// How often a call that may be repeated is sent.
const TRIES: usize = 3;

/// Sends what may be repeated until it is answered.
async fn repeat(lever: &Reads, request: &Request) -> Result<(), String> {
    for _ in 1..TRIES {
        match told(request, &lever.once(request).await) {
            Ok(true) => return Ok(()),
            Ok(false) => {}
            Err(why) => return Err(why),
        }
    }
    match told(request, &lever.once(request).await) {
        Ok(true) => Ok(()),
        Ok(false) => Err("no answer came".to_owned()),
        Err(why) => Err(why),
    }
}

/// Whether it happened: true, or false where nobody knows; or why it did not.
fn told(request: &Request, exchange: &Exchange) -> Result<bool, String> {
    if let Exchange::Answered(response) = exchange
        && response.status == 403
    {
        return Err(format!("the credentials lack the Lever permission {}", permission(request)));
    }
    match effect::outcome(request, exchange) {
        Outcome::Done { .. } => Ok(true),
        Outcome::Unknown { .. } => Ok(false),
        Outcome::Retry { reason, .. }
        | Outcome::Dead { reason }
        | Outcome::Suspended { reason }
        | Outcome::Skipped { reason } => Err(reason.text),
    }
}
