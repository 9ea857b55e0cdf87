//! Rules by the thousand, as an author with many postings would write them: one for each stage and posting.

use jiff::Timestamp;
use leverd::lang::bind::{Given, Giver, bind};
use leverd::lang::diagnostic::Diagnostics;
use leverd::lang::load::{File, load};
use leverd::lang::render::render_human;
use leverd::lang::ruleset::{Mode, RuleSet};
use leverd::lang::source::{Sources, Span};
use leverd::model::{AccountCatalogue, AccountId, Pinned, PostingEntry};
use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

/// Stages of the pipeline.
pub(crate) const STAGES: usize = 20;

pub(crate) fn stage(rule: usize) -> String {
    format!("Stage {}", rule % STAGES)
}

pub(crate) fn posting(rule: usize) -> String {
    format!("Posting {}", rule / STAGES)
}

/// One rule.
pub(crate) fn rule(n: usize) -> String {
    format!(
        "  - name: rule {n}\n    trigger: candidateStageChange\n    when: {{ to_stage: {}, opportunity.posting: {} }}\n    do:\n      - add_tag: Reviewed by team {n}\n",
        stage(n),
        posting(n)
    )
}

/// A file of rules.
pub(crate) fn file(rules: Range<usize>) -> String {
    let mut text = "rules:\n".to_owned();
    for n in rules {
        text.push_str(&rule(n));
    }
    text
}

/// The catalogue that these rules are bound to.
pub(crate) fn catalogue(rules: usize) -> AccountCatalogue {
    AccountCatalogue {
        stages: (0..STAGES).map(|n| Pinned { id: format!("stage-{n}"), name: stage(n) }).collect(),
        postings: (0..rules.div_ceil(STAGES))
            .map(|n| PostingEntry { id: format!("posting-{n}"), title: format!("Posting {n}"), state: "published".to_owned() })
            .collect(),
        ..AccountCatalogue::default()
    }
}

/// The same as a file of `leverd pull`.
pub(crate) fn pulled(rules: usize) -> String {
    let catalogue = catalogue(rules);
    let mut text = "account: acme\npulled_at: 2026-01-01T00:00:00Z\nstages:\n".to_owned();
    for stage in &catalogue.stages {
        let _ = writeln!(text, "  - {{ id: {}, name: {} }}", stage.id, stage.name);
    }
    text.push_str("postings:\n");
    for posting in &catalogue.postings {
        let _ = writeln!(text, "  - {{ id: {}, title: {}, state: published }}", posting.id, posting.title);
    }
    text
}

/// The rules, compiled and bound.
pub(crate) fn bound(rules: usize) -> Arc<RuleSet> {
    const EACH: usize = 5_000;
    let files: Vec<File> = (0..rules)
        .step_by(EACH)
        .map(|from| (format!("rules-{from:06}.yaml"), file(from..rules.min(from + EACH)).into_bytes()))
        .collect();
    bind_files(&files, catalogue(rules))
}

/// One rule over a table with a row for each of this many postings.
pub(crate) fn table(rows: usize) -> Arc<RuleSet> {
    let mut text =
        "settings:\n  jobs:\n    type: table\n    columns: { posting: posting, tag: tag }\n    default:\n".to_owned();
    for n in 0..rows {
        let _ = writeln!(text, "      - {{ posting: Posting {n}, tag: Team {n} }}");
    }
    text.push_str("rules:\n  - name: tag\n    trigger: applicationCreated\n    for_each: { job: { in: $jobs, where: { posting: $opportunity.posting } } }\n    do: [{ add_tag: \"{{job.tag}}\" }]\n");
    bind_files(&[("rules.yaml".to_owned(), text.into_bytes())], catalogue(rows * STAGES))
}

fn bind_files(files: &[File], catalogue: AccountCatalogue) -> Arc<RuleSet> {
    let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
    let pack = load(&"bench".into(), files, &mut sources, &mut found);
    let nowhere = Span::new(sources.add_text("leverd.yaml", ""), 0..0);
    let (account, catalogue) = (AccountId::new("acme"), Arc::new(catalogue));
    let given = Given {
        account: &account,
        giver: Giver::Account,
        mode: Mode::Live,
        baseline: Timestamp::UNIX_EPOCH,
        settings: &[],
        settings_span: nowhere,
        catalogue: &catalogue,
    };
    let bound = pack.and_then(|pack| bind(&Arc::new(pack), given, &mut found));
    Arc::new(bound.unwrap_or_else(|| panic!("{}", render_human(&sources, &found, false))))
}

/// What `leverd.yaml` says around packs in these folders, each in the mode `shadow`.
pub(crate) fn config(packs: &[String]) -> String {
    let mut text = "accounts:\n  acme:\n    lever:\n      base_url: http://127.0.0.1:9\n      api_key: { file: key }\n      webhooks: { unsigned: true }\n    packs:\n".to_owned();
    for path in packs {
        let _ = writeln!(text, "      - {{ path: {path}, mode: shadow }}");
    }
    text
}
