//! Telling a story: what arrived, what was planned and why, what was called, how the candidate is now; and whether it ends well.

use super::world::{ACCOUNT, World};
use crate::cli::describe;
use crate::cli::out::Out;
use crate::model::{AccountId, OpportunityId};
use crate::sim::Control;
use anstyle::{AnsiColor, Style};
use anyhow::Context as _;
use jiff::SignedDuration;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;

/// The candidates of every story.
pub(super) const ADA: &str = "Ada Example";
pub(super) const ADAS: &str = "ada@example.com";
pub(super) const BOB: &str = "Bob Example";
pub(super) const BOBS: &str = "bob@example.com";

/// What is seen of a candidate in Lever.
#[derive(Default, Clone)]
struct Seen {
    tags: Vec<String>,
    notes: Vec<String>,
    links: Vec<String>,
    files: Vec<String>,
    forms: usize,
    stage: String,
}

/// What has been told already, and what was not as it should be.
pub(super) struct Teller<'a> {
    world: World,
    out: &'a mut Out,
    chapters: usize,
    calls: usize,
    mails: usize,
    runs: BTreeSet<String>,
    seen: BTreeMap<String, Seen>,
    wrong: Vec<String>,
}

impl<'a> Teller<'a> {
    /// Waits for rest; what happened before is not told.
    pub(super) async fn begin(world: World, out: &'a mut Out) -> anyhow::Result<Self> {
        world.quiet().await?;
        let (calls, mails) = (world.sim.control().requests().len(), world.sim.control().mails().len());
        let (runs, wrong) = (BTreeSet::new(), Vec::new());
        let mut teller = Self { world, out, chapters: 0, calls, mails, runs, seen: BTreeMap::new(), wrong };
        let all = teller.control().world();
        let all = all.pointer("/lever/opportunities").and_then(Value::as_array).into_iter().flatten();
        for name in all.filter_map(|it| it.get("name").and_then(Value::as_str)) {
            let seen = teller.look(name)?;
            teller.seen.insert(name.to_owned(), seen);
        }
        Ok(teller)
    }

    pub(super) fn control(&self) -> Control {
        self.world.sim.control()
    }

    /// The first lines.
    pub(super) fn title(&mut self, title: &str, about: &[&str]) -> anyhow::Result<()> {
        self.out.line(bold(&format!("leverd demo: {title}")))?;
        self.out.line("")?;
        for line in about {
            self.out.line(line)?;
        }
        Ok(())
    }

    /// What happens next in the world.
    pub(super) fn chapter(&mut self, text: &str) -> anyhow::Result<()> {
        self.chapters += 1;
        let style = Style::new().bold().fg_color(Some(AnsiColor::Cyan.into()));
        self.out.line("")?;
        Ok(self.out.line(format_args!("{style}{}. {text}{style:#}", self.chapters))?)
    }

    /// A remark on what was shown.
    pub(super) fn remark(&mut self, text: &str) -> anyhow::Result<()> {
        Ok(self.out.line(format_args!("  {text}"))?)
    }

    /// Everybody's clock moves on; nobody waits.
    pub(super) async fn later(&self, by: SignedDuration) -> anyhow::Result<()> {
        self.world.later(by).await
    }

    /// Lets the looks pass that a rule takes at ten seconds and at a minute.
    pub(super) async fn settle(&self) -> anyhow::Result<()> {
        self.world.quiet().await?;
        self.later(SignedDuration::from_secs(10)).await?;
        self.later(SignedDuration::from_secs(51)).await
    }

    /// Lever delivers the latest webhook of an event once more.
    pub(super) async fn deliver_again(&self, event: &str) -> anyhow::Result<()> {
        let control = self.control();
        let last = control.deliveries().into_iter().rev().find(|it| it.event == event);
        control.rerun(last.with_context(|| format!("there was no delivery of {event}"))?.id)?;
        control.quiet().await;
        Ok(())
    }

    /// Waits for rest, then tells what arrived, what was planned and why, what was called, and what is new about the candidate.
    pub(super) async fn show(&mut self, name: &str) -> anyhow::Result<()> {
        self.world.quiet().await?;
        let id = OpportunityId::new(self.control().opportunity_id(name)?);
        let now = self.world.node.clock.now();
        let mut runs = self.world.node.store.runs(Some(&AccountId::new(ACCOUNT)), Some(&id), 100, now).await?;
        runs.reverse();
        for run in &runs {
            if self.runs.insert(run.event.id.to_string()) {
                describe::run(self.out, run)?;
            }
        }
        self.show_calls()?;
        self.show_changes(name)?;
        let mails = self.control().mails();
        for mail in mails.get(self.mails..).unwrap_or_default() {
            self.out.line(format_args!("  mail   to {}: {}", mail.to, mail.assessment))?;
        }
        self.mails = mails.len();
        Ok(())
    }

    fn show_calls(&mut self) -> anyhow::Result<()> {
        let requests = self.control().requests();
        let dim = Style::new().dimmed();
        let new = requests.get(self.calls..).unwrap_or_default();
        if !new.is_empty() {
            self.out.line("  calls:")?;
        }
        for request in new {
            let status = request.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            let to = request.service.title();
            self.out.line(format_args!("    {dim}{to:<17} {} {} → {status}{dim:#}", request.method, request.path))?;
        }
        self.calls = requests.len();
        Ok(())
    }

    fn show_changes(&mut self, name: &str) -> anyhow::Result<()> {
        let after = self.look(name)?;
        let before = self.seen.insert(name.to_owned(), after.clone()).unwrap_or_default();
        let (added, removed) = (AnsiColor::Green.on_default(), AnsiColor::Red.on_default());
        for tag in before.tags.iter().filter(|tag| !after.tags.contains(tag)) {
            self.out.line(format_args!("  {removed}tag  - {tag}{removed:#}"))?;
        }
        for tag in after.tags.iter().filter(|tag| !before.tags.contains(tag)) {
            self.out.line(format_args!("  {added}tag  + {tag}{added:#}"))?;
        }
        for (kind, before, after) in [
            ("link", &before.links, &after.links),
            ("note", &before.notes, &after.notes),
            ("file", &before.files, &after.files),
        ] {
            for new in after.iter().filter(|text| !before.contains(text)) {
                self.out.line(format_args!("  {kind}   {}", new.replace('\n', "\n         ")))?;
            }
        }
        if after.forms > before.forms {
            self.out.line(format_args!("  forms  {} filled in", after.forms))?;
        }
        if after.stage != before.stage {
            self.out.line(format_args!("  stage  {}", after.stage))?;
        }
        Ok(())
    }

    fn look(&self, name: &str) -> anyhow::Result<Seen> {
        let control = self.control();
        let shown = control.opportunity(name)?;
        let links = shown.get("links").and_then(Value::as_array).into_iter().flatten();
        Ok(Seen {
            tags: control.tags(name)?,
            notes: control.notes(name)?,
            links: links.filter_map(Value::as_str).map(str::to_owned).collect(),
            files: control.files(name)?.into_iter().map(|file| format!("{} ({} bytes)", file.name, file.size)).collect(),
            forms: control.forms(name)?.len(),
            stage: shown.get("stageText").and_then(Value::as_str).unwrap_or_default().to_owned(),
        })
    }

    /// The tags of a candidate that begin like this.
    pub(super) fn tags(&self, name: &str, beginning: &str) -> anyhow::Result<Vec<String>> {
        let mut tags = self.control().tags(name)?;
        tags.retain(|tag| tag.starts_with(beginning));
        Ok(tags)
    }

    /// The stage of a candidate, by name.
    pub(super) fn stage(&self, name: &str) -> anyhow::Result<String> {
        Ok(self.look(name)?.stage)
    }

    /// How many links a candidate has.
    pub(super) fn links(&self, name: &str) -> anyhow::Result<usize> {
        Ok(self.look(name)?.links.len())
    }

    /// To whom which test was mailed; reminders are left out by naming nobody twice.
    pub(super) fn invited(&self) -> Vec<String> {
        let mails = self.control().mails().into_iter().map(|mail| format!("{}: {}", mail.to, mail.assessment));
        let mut once = Vec::new();
        mails.for_each(|mail| {
            if !once.contains(&mail) {
                once.push(mail);
            }
        });
        once
    }

    /// Part of how the story must end.
    pub(super) fn must_be<T: PartialEq + Debug>(&mut self, what: &str, found: &T, wanted: &T) {
        if found != wanted {
            self.wrong.push(format!("{what}: {found:?}, not {wanted:?}"));
        }
    }

    /// The last lines. Gives the world and whether all is as it must be.
    pub(super) fn end(self) -> anyhow::Result<(World, bool)> {
        self.out.line("")?;
        let red = AnsiColor::Red.on_default().bold();
        for wrong in &self.wrong {
            self.out.line(format_args!("{red}wrong{red:#} {wrong}"))?;
        }
        let fine = self.wrong.is_empty();
        let end = if fine { "The end: everything is as it must be." } else { "The end: not everything is as it must be." };
        self.out.line(bold(end))?;
        Ok((self.world, fine))
    }
}

fn bold(text: &str) -> String {
    let style = Style::new().bold();
    format!("{style}{text}{style:#}")
}
