//! The rules of an account: what they say, how often they fire, what their tests reach, and the drawing of it all.

use crate::lang::docs::{self, Given, Told};
use crate::lang::load::File;
use crate::lang::places::Places;
use crate::lang::project::pack_name;
use crate::lang::rule::Pack;
use crate::lang::ruleset::Mode;
use crate::model::{AccountId, PackName, RuleName, Said};
use crate::runtime::account::Account;
use crate::runtime::call::Node;
use crate::runtime::why::Rules;
use crate::store::Result;
use crate::suite::coverage::{self, Of};
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};

/// So many runs are counted, the latest.
const COUNTED: usize = 5_000;

/// The rules of one account.
#[derive(Debug)]
pub struct RulesView {
    pub account: AccountId,
    pub hash: String,
    pub packs: Vec<PackView>,
    /// How many runs the counts are of, and since when.
    pub runs: usize,
    pub since: Option<Timestamp>,
}

/// One pack.
#[derive(Debug)]
pub struct PackView {
    pub name: PackName,
    pub title: String,
    pub about: String,
    pub mode: Mode,
    pub rules: Vec<RuleView>,
    /// Stages, rules and tags, drawn.
    pub drawing: Option<String>,
    /// Branches that its tests reach, and all; how many tests there are, and how many fail.
    pub reached: (usize, usize),
    /// What the tests do not reach besides: steps of bands.
    pub unreached: Vec<String>,
    pub tests: (usize, usize),
}

/// One rule.
#[derive(Debug)]
pub struct RuleView {
    pub name: RuleName,
    pub told: Option<Told>,
    /// `rules.yaml:12`.
    pub place: Option<String>,
    /// The setting that it is off without.
    pub off: Option<String>,
    pub counts: Counts,
    /// What no test reaches.
    pub unreached: Vec<String>,
}

/// How often something became of a rule.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Runs in which it was looked at.
    pub considered: usize,
    pub fired: usize,
    /// Effects of it that wait for a person now.
    pub failed: u64,
}

/// The rules of an account in force.
pub async fn of(node: &Node, account: &Account) -> Result<RulesView> {
    let active = account.active();
    let hash = active.program.hash().to_owned();
    let runs = node.store.steps(&account.id, COUNTED).await?;
    let mut counts: BTreeMap<(PackName, RuleName), Counts> = BTreeMap::new();
    for (_, steps) in &runs {
        let (mut seen, mut fired) = (BTreeSet::new(), BTreeSet::new());
        for step in steps {
            let (Some(pack), Some(rule)) = (&step.pack, &step.rule) else { continue };
            seen.insert((pack, rule));
            if matches!(step.said, Said::Fired { .. }) {
                fired.insert((pack, rule));
            }
        }
        for (pack, rule) in seen {
            let counts = counts.entry((pack.clone(), rule.clone())).or_default();
            counts.considered += 1;
            counts.fired += usize::from(fired.contains(&(pack, rule)));
        }
    }
    for (pack, rule, parked) in node.store.parked_by_rule(&account.id).await? {
        counts.entry((pack, rule)).or_default().failed = parked;
    }
    let rules = Rules::of(&node.store, &account.id, &hash).await.unwrap_or_default();
    let stages: Vec<String> = active.catalogue.stages.iter().map(|stage| stage.name.clone()).collect();
    let since = runs.last().map(|(at, _)| *at);
    let mut view = RulesView { account: account.id.clone(), hash, packs: Vec::new(), runs: runs.len(), since };
    for used in rules.used.iter().filter(|used| used.mode != Mode::Off) {
        let name = pack_name(&used.source);
        let Some(pack) = active.packs.iter().find(|pack| pack.name == name) else { continue };
        let (Some(files), Some(places)) = (rules.files.get(&name), rules.places.get(&name)) else { continue };
        let given = Given { account: &account.id, mode: used.mode, settings: &used.settings, stages: &stages };
        let page = docs::page(pack, files, Some(given));
        let off = active.program.set(&name).map(|set| set.off.clone()).unwrap_or_default();
        let mut shown = PackView {
            title: page.title.clone(),
            about: page.about.clone(),
            mode: used.mode,
            rules: Vec::new(),
            drawing: page.drawing.clone(),
            reached: (0, 0),
            unreached: Vec::new(),
            tests: (0, 0),
            name: name.clone(),
        };
        let unreached = proven(&mut shown, files).await;
        shown.rules = listed(pack, places, &page, &name, &counts, &unreached);
        for rule in &mut shown.rules {
            rule.off = off.get(&rule.name).cloned();
        }
        view.packs.push(shown);
    }
    Ok(view)
}

/// Runs the pack's tests; what they do not reach, by rule.
async fn proven(shown: &mut PackView, files: &[File]) -> BTreeMap<String, Vec<String>> {
    let files = files.to_vec();
    let covered = tokio::task::spawn_blocking(move || coverage::covered(&files)).await.ok().flatten();
    let Some((branches, cases)) = covered else { return BTreeMap::new() };
    shown.reached = (branches.iter().filter(|branch| branch.reached).count(), branches.len());
    shown.tests = (cases.len(), cases.iter().filter(|case| !case.passed()).count());
    let mut unreached: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for branch in branches.into_iter().filter(|branch| !branch.reached) {
        match branch.of {
            Of::Rule(rule) => unreached.entry(rule).or_default().push(branch.what),
            Of::Band(_) => shown.unreached.push(format!("{}: {}", branch.of, branch.what)),
        }
    }
    unreached
}

fn listed(
    pack: &Pack,
    places: &Places,
    page: &docs::Page,
    name: &PackName,
    counts: &BTreeMap<(PackName, RuleName), Counts>,
    unreached: &BTreeMap<String, Vec<String>>,
) -> Vec<RuleView> {
    let view = |rule: &std::sync::Arc<crate::lang::rule::Rule>| RuleView {
        name: rule.name.clone(),
        told: page.rules.iter().find(|told| told.name == rule.name.as_str()).cloned(),
        place: places.at(&rule.route).map(|(file, line)| format!("{file}:{line}")),
        off: None,
        counts: counts.get(&(name.clone(), rule.name.clone())).copied().unwrap_or_default(),
        unreached: unreached.get(rule.name.as_str()).cloned().unwrap_or_default(),
    };
    pack.rules.iter().map(view).collect()
}
