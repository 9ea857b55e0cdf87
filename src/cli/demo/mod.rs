//! `leverd demo`: candidates' whole stories, with everything real but the world outside.
//!
//! No account and no configuration: a simulator of Lever and of a vendor on loopback, a shipped pack, and the same node that `serve`
//! runs. Every delivery told here was an HTTP request, every call another. One story is one file; `teller` shows what happens in it
//! and compares how it ends with how it should end.

mod career_place;
mod hired;
mod imocha;
mod qualified;
mod teller;
pub mod world;

use super::exit::Exit;
use super::out::Out;
use crate::sim::{Sim, SimOptions};
use anyhow::bail;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};
use teller::Teller;
use world::{Integration, World, WorldOptions};

/// Show candidates' whole stories: a simulated Lever and vendor, real deliveries, real calls
///
/// Ends with 0 only if Lever and the vendor are in the end as the story wants them.
#[derive(Debug, Args)]
pub struct Demo {
    /// Which integration's story
    #[arg(value_enum, default_value_t)]
    story: Which,
    /// Leave everything running at the end, to look around
    #[arg(long)]
    serve: bool,
    /// Keep the demo's project in this folder instead of a temporary one
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// The stories, by the pack that is in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Which {
    /// Qualified.io: a test per tag, status tags, results as a note
    #[default]
    Qualified,
    /// Hired Assessments: a default test and its override, thresholds, a link to the report
    Hired,
    /// iMocha: a tag and a stage start the test, results become form and file, then the next stage
    Imocha,
    /// career.place: applicants into a funnel, tags and notes, the qualified move on
    CareerPlace,
    /// All of them, one after the other
    All,
}

/// What a story starts from.
struct Setting {
    integration: Integration,
    /// The user in whose name leverd writes.
    perform_as: Option<&'static str>,
    prepare: fn(&Sim) -> anyhow::Result<()>,
}

impl Which {
    fn setting(self) -> Setting {
        match self {
            Self::Qualified | Self::All => qualified::setting(),
            Self::Hired => hired::setting(),
            Self::Imocha => imocha::setting(),
            Self::CareerPlace => career_place::setting(),
        }
    }

    async fn tell(self, teller: &mut Teller<'_>) -> anyhow::Result<()> {
        match self {
            Self::Qualified | Self::All => qualified::tell(teller).await,
            Self::Hired => hired::tell(teller).await,
            Self::Imocha => imocha::tell(teller).await,
            Self::CareerPlace => career_place::tell(teller).await,
        }
    }

    /// What a person finds to do once the story is over.
    async fn leave_something(self, world: &World) -> anyhow::Result<()> {
        match self {
            Self::Qualified | Self::All => qualified::leave_something(world).await,
            Self::Hired | Self::Imocha | Self::CareerPlace => Ok(()),
        }
    }

    /// The stories that are meant, each by itself.
    fn stories(self) -> Vec<Self> {
        match self {
            Self::All => vec![Self::Qualified, Self::Hired, Self::Imocha, Self::CareerPlace],
            one => vec![one],
        }
    }
}

impl Demo {
    pub(super) fn run(&self, out: &mut Out) -> anyhow::Result<Exit> {
        super::serve::logs("warn", false, None);
        let stories = self.story.stories();
        if stories.len() > 1 && (self.serve || self.folder.is_some()) {
            bail!("`--serve` and `--folder` go with one story; name it, such as `leverd demo hired --serve`");
        }
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        let mut fine = true;
        for (number, story) in stories.into_iter().enumerate() {
            if number > 0 {
                out.line("\n")?;
            }
            let temporary = std::env::temp_dir().join(format!("leverd-demo-{}-{number}", std::process::id()));
            let folder = self.folder.clone().unwrap_or_else(|| temporary.clone());
            if folder.join("leverd.yaml").exists() {
                bail!("{} holds a project already; give the demo an empty folder", folder.display());
            }
            let told = runtime.block_on(self.tell(story, &folder, out));
            // What is left in a temporary folder harms nobody.
            drop(std::fs::remove_dir_all(&temporary));
            fine &= told?;
        }
        Ok(if fine { Exit::Fine } else { Exit::Faults })
    }

    async fn tell(&self, story: Which, folder: &Path, out: &mut Out) -> anyhow::Result<bool> {
        let Setting { mut integration, perform_as, prepare } = story.setting();
        // Who looks around wants rules to change.
        integration.editable = self.serve;
        let options = WorldOptions {
            sim: SimOptions { webhooks_enabled: true, ..SimOptions::default() },
            folder: folder.to_owned(),
            integrations: vec![integration],
            perform_as,
        };
        let world = World::start(options, prepare).await?;
        let mut teller = Teller::begin(world, out).await?;
        story.tell(&mut teller).await?;
        let (world, fine) = teller.end()?;
        if self.serve {
            story.leave_something(&world).await?;
            look_around(&world, out)?;
            super::serve::told_to_stop().await;
        }
        world.stop().await.stop();
        Ok(fine)
    }
}

fn look_around(world: &World, out: &mut Out) -> anyhow::Result<()> {
    let control = world.sim.control_url();
    out.line("")?;
    out.line(format_args!("leverd goes on at http://{} (health: /health, metrics: /metrics).", world.address))?;
    let console = world.node.access.link(world.node.clock.now()).map_err(anyhow::Error::msg)?;
    out.line(format_args!("The console, for you alone: {console}"))?;
    out.line(format_args!("The simulated world is at {control} (GET /world, /commands; POST /commands)."))?;
    out.line(format_args!("The project is {}; edit the rules beside it, then move somebody:", world.config.display()))?;
    out.line(format_args!(
        "  curl -s -d '{{\"do\":\"move_stage\",\"opportunity\":\"{}\",\"stage\":\"Assessment\"}}' {control}/commands",
        teller::BOB
    ))?;
    out.line("Stop it with ctrl-c.")?;
    Ok(out.flush()?)
}
