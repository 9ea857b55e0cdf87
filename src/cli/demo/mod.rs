//! `leverd demo`: one candidate's whole story, with everything real but the world outside.
//!
//! No account and no configuration: a simulator of Lever and Qualified.io on loopback, the shipped pack, and the same node that
//! `serve` runs. Every delivery told here was an HTTP request, every call another.

pub mod world;

use super::describe;
use super::exit::Exit;
use super::out::Out;
use crate::model::{AccountId, OpportunityId};
use crate::sim::{AssessmentState, NewOpportunity, NewPosting, Sim, SimOptions};
use crate::store::RunRow;
use anstyle::{AnsiColor, Style};
use anyhow::{Context, bail};
use clap::Args;
use jiff::SignedDuration;
use std::collections::BTreeSet;
use std::path::PathBuf;
use world::{ACCOUNT, Integration, World, WorldOptions};

const TEST: &str = "AngularJS: Services, Components, and API Access";
const POSTING: &str = "Front-end Engineer";
const ADA: &str = "Ada Example";
const BOB: &str = "Bob Example";

/// Show one candidate's whole story: a simulated Lever and vendor, real deliveries, real calls
#[derive(Debug, Args)]
pub struct Demo {
    /// Leave everything running at the end, to look around
    #[arg(long)]
    serve: bool,
    /// Keep the demo's project in this folder instead of a temporary one
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

impl Demo {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        super::serve::logs("warn", false);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let temporary = self.folder.is_none();
        let folder =
            self.folder.clone().unwrap_or_else(|| std::env::temp_dir().join(format!("leverd-demo-{}", std::process::id())));
        if folder.join("leverd.yaml").exists() {
            bail!("{} holds a project already; give the demo an empty folder", folder.display());
        }
        let told = runtime.block_on(self.tell(folder.clone(), out));
        if temporary {
            // What is left in a temporary folder harms nobody.
            drop(std::fs::remove_dir_all(&folder));
        }
        told
    }

    async fn tell(&self, folder: PathBuf, out: &mut Out) -> anyhow::Result<Exit> {
        let options = WorldOptions {
            sim: SimOptions { webhooks_enabled: true, ..SimOptions::default() },
            folder,
            integrations: vec![Integration::new("qualified", "{ trigger_stages: [Assessment] }")],
            perform_as: None,
        };
        let world = World::start(options, prepare).await?;
        let mut story = Story { world, out, calls: 0, runs: BTreeSet::new() };
        let fine = story.whole().await?;
        let Story { world, out, .. } = story;
        if self.serve {
            out.line("")?;
            out.line(format_args!("leverd goes on at http://{} (health: /health, metrics: /metrics).", world.address))?;
            out.line(format_args!("The simulated world is at {} (GET /world, POST /commands).", world.sim.control_url()))?;
            out.line(format_args!("The project is {}; edit rules, then move somebody:", world.config.display()))?;
            out.line(format_args!(
                "  curl -s -d '{{\"do\":\"move_stage\",\"opportunity\":\"{BOB}\",\"stage\":\"Assessment\"}}' {}/commands",
                world.sim.control_url()
            ))?;
            out.line("Stop it with ctrl-c.")?;
            out.flush()?;
            super::serve::told_to_stop().await;
        }
        let sim = world.stop().await;
        sim.stop();
        Ok(if fine { Exit::Fine } else { Exit::Faults })
    }
}

/// The world before the story: a posting that asks for a test, two candidates, three tests of which one cannot be sent.
fn prepare(sim: &Sim) -> anyhow::Result<()> {
    let control = sim.control();
    if control.stage_id("Assessment").is_err() {
        control.create_stage("Assessment", None)?;
    }
    control.create_assessment(TEST, AssessmentState::Published, Some(70.0));
    control.create_assessment("Junior Django Developer", AssessmentState::Published, None);
    control.create_assessment("Legacy COBOL", AssessmentState::Unpublished, None);
    control.create_posting(NewPosting {
        title: POSTING.into(),
        tags: vec![TEST.into()],
        team: "Product".into(),
        ..NewPosting::default()
    });
    control.create_opportunity(NewOpportunity {
        name: ADA.into(),
        email: Some("ada@example.com".into()),
        posting: Some(POSTING.into()),
        ..NewOpportunity::default()
    })?;
    control.create_opportunity(NewOpportunity {
        name: BOB.into(),
        email: Some("bob@example.com".into()),
        tags: vec!["Junior Djago Developer".into()],
        ..NewOpportunity::default()
    })?;
    Ok(())
}

/// The telling: what has been shown already.
struct Story<'a> {
    world: World,
    out: &'a mut Out,
    calls: usize,
    runs: BTreeSet<String>,
}

impl Story<'_> {
    async fn whole(&mut self) -> anyhow::Result<bool> {
        let control = self.world.sim.control();
        self.world.quiet().await?;
        self.forget_calls();
        self.out.line(bold("leverd demo: from a stage change to a result, with the shipped Qualified.io pack"))?;
        self.out.line("")?;
        self.out
            .line("A simulated Lever account and a simulated Qualified.io run on this machine; leverd speaks HTTP to both.")?;
        self.out.line(format_args!("The posting “{POSTING}” carries the tag “{TEST}”. {ADA} has applied to it."))?;

        self.chapter("1", &format!("A recruiter moves {ADA} to the stage “Assessment”."))?;
        let before = control.tags(ADA)?;
        control.move_stage(ADA, "Assessment")?;
        self.show(ADA, Some(before)).await?;

        self.chapter("2", &format!("{ADA} opens the link in her mail and starts."))?;
        let before = control.tags(ADA)?;
        control.start_assessment("ada@example.com", TEST)?;
        self.show(ADA, Some(before)).await?;

        self.chapter("3", "She submits and scores 87.5 %.")?;
        let before = control.tags(ADA)?;
        control.submit_assessment("ada@example.com", TEST, 87.5)?;
        self.show(ADA, Some(before)).await?;

        self.chapter("4", "Lever delivers the first webhook once more, and the recruiter moves her away and back.")?;
        let first = control
            .deliveries()
            .into_iter()
            .find(|delivery| delivery.event == "candidateStageChange")
            .context("no delivery")?;
        control.rerun(first.id)?;
        control.quiet().await;
        let screen = other_stage(&self.world.sim, "Assessment")?;
        control.move_stage(ADA, &screen)?;
        control.move_stage(ADA, "Assessment")?;
        self.settle().await?;
        self.show(ADA, None).await?;

        self.chapter(
            "5",
            &format!("{BOB} is moved to “Assessment” too. His tag has a typing mistake: “Junior Djago Developer”."),
        )?;
        control.move_stage(BOB, "Assessment")?;
        self.settle().await?;
        self.show(BOB, None).await?;
        let id = control.opportunity_id(BOB)?;
        self.out.line(format_args!("  `leverd why {id}` tells this at any later time."))?;

        self.out.line("")?;
        let mails = control.mails();
        let invited = mails.len();
        self.out.line(bold(&format!(
            "The end: {}.",
            if invited == 1 { "exactly one invitation was mailed" } else { "something is wrong with the mails" }
        )))?;
        Ok(invited == 1)
    }

    fn chapter(&mut self, number: &str, text: &str) -> std::io::Result<()> {
        let style = Style::new().bold().fg_color(Some(AnsiColor::Cyan.into()));
        self.out.line("")?;
        self.out.line(format_args!("{style}{number}. {text}{style:#}"))
    }

    fn forget_calls(&mut self) {
        self.calls = self.world.sim.control().requests().len();
    }

    /// The rule looks again at ten seconds and at a minute: the demo moves the clock instead of waiting.
    async fn settle(&mut self) -> anyhow::Result<()> {
        self.world.quiet().await?;
        self.world.later(SignedDuration::from_secs(10)).await?;
        self.world.later(SignedDuration::from_secs(51)).await
    }

    /// Waits for rest, then tells what arrived, what was planned and why, what was called, and how the candidate is now.
    async fn show(&mut self, name: &str, before: Option<Vec<String>>) -> anyhow::Result<()> {
        self.world.quiet().await?;
        let control = self.world.sim.control();
        let id = OpportunityId::new(control.opportunity_id(name)?);
        let now = self.world.node.clock.now();
        let mut runs = self.world.node.store.runs(Some(&AccountId::new(ACCOUNT)), Some(&id), 100, now).await?;
        runs.reverse();
        for run in &runs {
            if self.runs.insert(run.event.id.to_string()) {
                self.run(run)?;
            }
        }
        let requests = control.requests();
        let dim = Style::new().dimmed();
        let new = requests.get(self.calls..).unwrap_or_default();
        if !new.is_empty() {
            self.out.line("  calls:")?;
        }
        for request in new {
            let to = request.service.title();
            let status = request.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
            self.out.line(format_args!("    {dim}{:<12} {} {} → {status}{dim:#}", to, request.method, request.path))?;
        }
        self.calls = requests.len();
        if let Some(before) = before {
            let (added, removed) = (AnsiColor::Green.on_default(), AnsiColor::Red.on_default());
            let after = control.tags(name)?;
            for tag in before.iter().filter(|tag| !after.contains(tag)) {
                self.out.line(format_args!("  {removed}tag  - {tag}{removed:#}"))?;
            }
            for tag in after.iter().filter(|tag| !before.contains(tag)) {
                self.out.line(format_args!("  {added}tag  + {tag}{added:#}"))?;
            }
        }
        for note in control.notes(name)? {
            self.out.line(format_args!("  note   {}", note.replace('\n', "\n         ")))?;
        }
        let mails = control.mails().len();
        self.out.line(format_args!("  mails sent by the vendor so far: {mails}"))?;
        Ok(())
    }

    fn run(&mut self, row: &RunRow) -> anyhow::Result<()> {
        describe::run(self.out, row)?;
        Ok(())
    }
}

fn bold(text: &str) -> String {
    let style = Style::new().bold();
    format!("{style}{text}{style:#}")
}

/// Any stage but this one, by name.
fn other_stage(sim: &Sim, not: &str) -> anyhow::Result<String> {
    for name in ["Recruiter screen", "Phone screen", "Recruiter Screen", "Phone interview", "New applicant"] {
        if name != not && sim.control().stage_id(name).is_ok() {
            return Ok(name.to_owned());
        }
    }
    bail!("the simulated account has no other stage")
}
