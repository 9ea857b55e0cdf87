//! What leverd measures of itself moves with what it does, and the page that tells of it is the table in the code.

use super::process::Deployed;
use leverd::runtime::measured;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Every name of a metric that a text holds.
fn named(text: &str) -> BTreeSet<String> {
    let word = |c: char| !(c.is_ascii_lowercase() || c == '_');
    text.split(word).filter(|name| name.starts_with("leverd_")).map(str::to_owned).collect()
}

fn known() -> BTreeSet<String> {
    measured::ALL.iter().map(|metric| metric.name.to_owned()).collect()
}

#[test]
fn the_page_tells_of_every_metric() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/metrics.md");
    let page = measured::page();
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert!(fs::read_to_string(&path).unwrap_or_default() == page, "schema/metrics.md is not current: UPDATE=1 rewrites it");
}

#[test]
fn every_metric_that_an_example_or_the_readme_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut seen = BTreeSet::new();
    for path in crate::examples::files("examples").into_iter().chain([root.join("README.md")]) {
        // Binaries, pictures: they name nothing.
        let names = fs::read_to_string(&path).map(|text| named(&text)).unwrap_or_default();
        let parts =
            |name: &str| ["_bucket", "_sum", "_count"].iter().find_map(|end| name.strip_suffix(end)).unwrap_or(name).to_owned();
        let strange: Vec<_> = names.iter().filter(|name| !known().contains(&parts(name))).collect();
        assert!(strange.is_empty(), "{}: no metric is called {strange:?}", path.display());
        seen.extend(names);
    }
    assert!(seen.len() > 5, "the examples name metrics: {seen:?}");
}

#[test]
fn systemd_takes_the_unit() {
    let unit = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/service/leverd.service")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("leverd.service");
    fs::write(&path, unit.replace("/usr/bin/leverd", env!("CARGO_BIN_EXE_leverd"))).unwrap();
    // Only where there is a systemd to ask.
    if let Ok(said) = Command::new("systemd-analyze").arg("verify").arg(&path).output() {
        let said = String::from_utf8_lossy(&said.stderr).into_owned();
        let ours: Vec<_> = said.lines().filter(|line| line.contains("leverd.service")).collect();
        assert!(ours.is_empty(), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_story_moves_what_is_measured() {
    let mut deployed = Deployed::prepare().await;
    deployed.start(&[]).await;
    let end = deployed.whole_story().await;
    assert_eq!(end.mails.len(), 1);
    let mut url = url::Url::parse(&deployed.control().deliveries().first().unwrap().url).unwrap();
    url.set_path("/metrics");
    url.set_query(None);
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let told = async || http.get(url.clone()).send().await.unwrap().text().await.unwrap();
    let before = told().await;
    let shown = |series: &str| -> &str {
        let line =
            before.lines().find(|line| line.starts_with(series)).unwrap_or_else(|| panic!("{series} is not told:\n{before}"));
        line.rsplit(' ').next().unwrap()
    };
    let value = |series: &str| -> f64 { shown(series).parse().unwrap() };
    // An invitation, a start, a result and a decision at the least.
    assert!(value("leverd_deliveries_total{account=\"demo\"}") >= 4.0, "{before}");
    assert!(value("leverd_runs_total{account=\"demo\"}") >= 4.0, "{before}");
    assert!(value("leverd_effects_total{account=\"demo\",outcome=\"done\"}") >= 5.0, "{before}");
    for state in ["due", "begun", "parked"] {
        assert_eq!(shown(&format!("leverd_work{{account=\"demo\",kind=\"effect\",state=\"{state}\"}}")), "0");
    }
    assert_eq!(shown("leverd_lag_seconds{account=\"demo\"}"), "0");
    assert_eq!(shown("leverd_backlog_calls{account=\"demo\"}"), "0");
    assert!(value("leverd_budget_left{account=\"demo\"}") <= 20.0);
    assert_eq!(shown("leverd_suspended{account=\"demo\",connection=\"lever\"}"), "0");
    assert_eq!(shown("leverd_rules_good{account=\"demo\"}"), "1");
    assert_eq!(shown("leverd_held_back"), "0");
    // Each that was told is in the table, and with its meaning.
    for name in before.lines().filter_map(|line| line.strip_prefix("# TYPE ")).filter_map(|line| line.split(' ').next()) {
        assert!(known().contains(name), "{name} is not in the table");
        assert!(before.contains(&format!("# HELP {name} ")), "{name} has no meaning");
    } // A change that is refused counts once.
    let rules = deployed.config.with_file_name("rules").join("qualified/rules.yaml");
    fs::write(&rules, "rules: [").unwrap();
    for _ in 0..1_200 {
        if told().await.contains("leverd_rules_good{account=\"demo\"} 0") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let after = told().await;
    assert!(
        after.contains("leverd_rules_good{account=\"demo\"} 0") && after.contains("leverd_reloads_total{ok=\"false\"} 1\n"),
        "{after}"
    );
}
