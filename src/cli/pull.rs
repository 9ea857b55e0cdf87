//! `leverd pull`: what an account and its vendors offer by name, saved beside the rules.

use super::connect::{Reads, tests};
use super::exit::Exit;
use super::files::{Folder, read, shown};
use super::out::{Out, count};
use super::stored::wait;
use crate::lang::adapter::{self, Adapter};
use crate::lang::catalogue;
use crate::lang::config::{self, Account, Config};
use crate::lang::diagnostic::Diagnostics;
use crate::lang::load;
use crate::lang::project::Files;
use crate::lang::render::render_human;
use crate::lang::source::Sources;
use crate::lang::yaml;
use crate::lever::api;
use crate::model::{AccountCatalogue, FormTemplate, VendorName};
use anyhow::{Context, bail};
use clap::Args;
use jiff::Timestamp;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Save what an account and its vendors offer by name into its catalogue file
#[derive(Debug, Args)]
pub(super) struct Pull {
    /// Accounts of leverd.yaml; all of them if left out
    accounts: Vec<String>,
    /// The leverd.yaml
    #[arg(long, value_name = "FILE", default_value = "leverd.yaml")]
    config: PathBuf,
}

impl Pull {
    /// All accounts of a configuration.
    pub(super) fn everything(config: &Path) -> Self {
        Self { accounts: Vec::new(), config: config.to_owned() }
    }

    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        wait(self.carry_out(out))
    }

    /// Pulls and saves; one line on `out` for each account.
    pub(super) async fn carry_out(&self, out: &mut Out) -> anyhow::Result<Exit> {
        let folder = Folder::of(&self.config);
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let bytes = read(&self.config)?;
        let id = sources.add(shown(&self.config), &bytes, &mut found);
        let Some(config) = id.and_then(|id| config::read(&mut sources, id, &mut found)) else {
            out.text(&render_human(&sources, &found, out.colour))?;
            return Ok(Exit::Faults);
        };
        if let Some(unknown) = self.accounts.iter().find(|name| config.account(name).is_none()) {
            let known: Vec<String> = config.accounts.iter().map(|account| format!("`{}`", account.name)).collect();
            bail!("leverd.yaml has no account `{unknown}`; it has {}", known.join(", "));
        }
        for account in config.accounts.iter().filter(|account| self.wanted(account)) {
            let adapters = adapters(account, &folder)?;
            let (mut pulled, lacking) =
                pull(account, &adapters, &folder).await.with_context(|| format!("account `{}`", account.name))?;
            let earlier = earlier(&config, account, &folder);
            pulled.remember(earlier.as_ref().unwrap_or(&AccountCatalogue::default()));
            let path = save(&config, account, &folder, &pulled)?;
            out.line(format_args!("{}: {}", shown(&path), summary(&pulled)))?;
            for what in lacking {
                out.line(format_args!("  without {what}"))?;
            }
            for line in earlier.iter().flat_map(|earlier| renamed(earlier, &pulled)) {
                out.line(format_args!("  {line}"))?;
            }
        }
        Ok(Exit::Fine)
    }

    fn wanted(&self, account: &Account) -> bool {
        self.accounts.is_empty() || self.accounts.iter().any(|name| name == account.name.as_str())
    }
}

/// The adapters of an account's packs, each vendor once. Only `vendor.yaml` is read: rules may name what is yet to be pulled.
fn adapters(account: &Account, folder: &Folder) -> anyhow::Result<BTreeMap<VendorName, Adapter>> {
    let mut adapters = BTreeMap::new();
    for pack_use in &account.packs {
        let files = Files::pack(folder, &pack_use.source).map_err(|why| anyhow::anyhow!(why))?;
        for (name, bytes) in files.iter().filter(|(name, _)| load::role(name) == load::Role::Vendor) {
            let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
            let id = sources.add(name, bytes, &mut found);
            let root = id.and_then(|id| yaml::load(&sources, id, &mut found));
            let Some(adapter) = root.and_then(|root| adapter::parse(&root, &mut found)) else {
                bail!("{name} has faults:\n\n{}", render_human(&sources, &found, false));
            };
            adapters.insert(adapter.name.clone(), adapter);
        }
    }
    Ok(adapters)
}

/// What was pulled before, if it can be read.
fn earlier(config: &Config, account: &Account, folder: &Folder) -> Option<AccountCatalogue> {
    let path = folder.path(&config.catalogue_file(&account.name));
    let bytes = fs::read(&path).ok()?;
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let id = sources.add(shown(&path), &bytes, &mut found)?;
    let pulled = catalogue::read(&sources, id, &mut found)?;
    (pulled.account == account.name).then_some(pulled.catalogue)
}

/// What has another name than when it was pulled before, as lines.
fn renamed(earlier: &AccountCatalogue, now: &AccountCatalogue) -> Vec<String> {
    let mut lines = Vec::new();
    for kind in AccountCatalogue::KINDS {
        for named in now.all(kind, None) {
            if let Some(was) = earlier.all(kind, None).into_iter().find(|was| was.id == named.id && was.name != named.name) {
                lines.push(format!("the {kind} `{}` is called `{}` now", was.name, named.name));
            }
        }
    }
    lines
}

/// The catalogue, and what Lever does not show to these credentials.
async fn pull(
    account: &Account,
    adapters: &BTreeMap<VendorName, Adapter>,
    folder: &Folder,
) -> anyhow::Result<(AccountCatalogue, Vec<String>)> {
    let lever = Reads::lever(account, folder).await?;
    let pulled_at = Timestamp::now().round(jiff::Unit::Second)?;
    let stages = lever.all(api::list_stages(), api::stages).await?;
    let mut tags = lever.all(api::list_tags(), api::tags).await?;
    let postings = lever.all(api::list_postings(), api::postings).await?;
    let mut users = lever.all(api::list_users(), api::users).await?;
    let reasons = lever.all(api::list_archive_reasons(), api::archive_reasons).await?;
    let mut lacking = Vec::new();
    let mut templates = |what: &str, listed: Result<Vec<FormTemplate>, String>| {
        let mut templates = listed.unwrap_or_else(|why| {
            lacking.push(format!("{what}: {why}"));
            Vec::new()
        });
        templates.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
        templates
    };
    let form_templates = templates("form templates", lever.perhaps(api::list_form_templates(), api::templates).await?);
    let feedback_templates =
        templates("feedback templates", lever.perhaps(api::list_feedback_templates(), api::templates).await?);
    let mut by_vendor = BTreeMap::new();
    for (name, adapter) in adapters {
        if adapter.operations.contains_key("catalogue") {
            by_vendor.insert(name.as_str().to_owned(), tests(account, adapter, folder).await?);
        }
    }
    // Lists without an order of their own are sorted, so that git shows what changed and nothing else. Stages keep the pipeline's.
    tags.sort();
    tags.dedup();
    users.sort_by(|a, b| (&a.name, &a.id).cmp(&(&b.name, &b.id)));
    let mut postings: Vec<_> = postings.iter().map(api::Posting::entry).filter(|posting| posting.state != "closed").collect();
    postings.sort_by(|a, b| (&a.title, &a.id).cmp(&(&b.title, &b.id)));
    for tests in by_vendor.values_mut() {
        tests.sort_by(|a, b| (&a.title, &a.id).cmp(&(&b.title, &b.id)));
    }
    let archive_reasons = reasons.iter().filter(|reason| reason.active).map(api::ArchiveReason::pinned).collect();
    let catalogue = AccountCatalogue {
        pulled_at,
        stages,
        tags,
        postings,
        users,
        archive_reasons,
        form_templates,
        feedback_templates,
        tests: by_vendor,
        formerly: BTreeMap::new(),
    };
    Ok((catalogue, lacking))
}

/// Writes the file whole or not at all: beside it first, then renamed over it.
fn save(config: &Config, account: &Account, folder: &Folder, pulled: &AccountCatalogue) -> anyhow::Result<PathBuf> {
    let path = folder.path(&config.catalogue_file(&account.name));
    let text = catalogue::write(&account.name, pulled)?;
    let write = || {
        let parent = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(parent)?;
        let beside = parent.join(format!(".{}.yaml.new", account.name));
        fs::write(&beside, &text)?;
        fs::rename(&beside, &path)
    };
    write().with_context(|| path.display().to_string())?;
    Ok(path)
}

fn summary(pulled: &AccountCatalogue) -> String {
    let mut parts = vec![
        count(pulled.stages.len(), "stage"),
        count(pulled.tags.len(), "tag"),
        count(pulled.postings.len(), "posting"),
        count(pulled.users.len(), "user"),
    ];
    for (templates, what) in [(&pulled.form_templates, "form template"), (&pulled.feedback_templates, "feedback template")] {
        parts.extend((!templates.is_empty()).then(|| count(templates.len(), what)));
    }
    parts.extend(pulled.tests.iter().map(|(vendor, tests)| format!("{} of {vendor}", count(tests.len(), "test"))));
    parts.join(", ")
}
