//! What people deploy from: every file in `examples` is well-formed, says nothing that leverd does not know, and hangs together.

use crate::examples::files;
use leverd::cli::understands;
use leverd::runtime::measured;
use serde::Deserialize as _;
use serde_json::Value;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn path(of: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(of)
}

fn read(of: &str) -> String {
    fs::read_to_string(path(of)).unwrap_or_else(|error| panic!("{of}: {error}"))
}

/// Every document of a YAML text.
fn documents(name: &str, text: &str) -> Vec<Value> {
    let parsed = serde_yaml::Deserializer::from_str(text).map(Value::deserialize);
    parsed.map(|document| document.unwrap_or_else(|error| panic!("{name}: {error}"))).collect()
}

fn ends(path: &Path, with: &[&str]) -> bool {
    path.extension().is_some_and(|end| with.iter().any(|one| end == *one))
}

/// The manifest of a kind.
fn of_kind(all: &[Value], kind: &str) -> Value {
    all.iter().find(|one| one["kind"] == kind).unwrap_or_else(|| panic!("no {kind}")).clone()
}

/// What `kubectl apply -f examples/kubernetes` is given.
fn manifests() -> Vec<Value> {
    let yaml = files("examples/kubernetes").into_iter().filter(|file| ends(file, &["yaml"]));
    yaml.flat_map(|file| documents(&file.display().to_string(), &fs::read_to_string(&file).unwrap())).collect()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or_else(|| panic!("no list: {value}"), Vec::as_slice)
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}"))
}

#[test]
fn every_yaml_and_json_file_of_the_examples_parses() {
    let (mut yaml, mut json) = (0, 0);
    for file in files("examples") {
        let name = file.display().to_string();
        if ends(&file, &["yaml", "yml"]) {
            assert!(!documents(&name, &fs::read_to_string(&file).unwrap()).is_empty(), "{name}");
            yaml += 1;
        } else if ends(&file, &["json"]) {
            serde_json::from_str::<Value>(&fs::read_to_string(&file).unwrap())
                .unwrap_or_else(|error| panic!("{name}: {error}"));
            json += 1;
        }
    }
    assert!(yaml >= 5 && json >= 1, "{yaml} YAML files and {json} JSON files");
}

#[test]
fn the_rules_in_the_config_map_are_without_fault_where_they_are_mounted() {
    let all = manifests();
    let (map, deployment) = (of_kind(&all, "ConfigMap"), of_kind(&all, "Deployment"));
    let volumes = list(&deployment["spec"]["template"]["spec"]["volumes"]);
    let configuration = volumes.iter().find(|volume| volume["name"] == "configuration").unwrap();
    assert_eq!(configuration["configMap"]["name"], map["metadata"]["name"]);
    let folder = tempfile::tempdir().unwrap();
    let items = list(&configuration["configMap"]["items"]);
    assert_eq!(items.len(), map["data"].as_object().unwrap().len(), "each key is mounted");
    for item in items {
        let to = folder.path().join(text(&item["path"]));
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::write(to, text(&map["data"][text(&item["key"])])).unwrap();
    }
    let ran = Command::new(env!("CARGO_BIN_EXE_leverd"))
        .args(["validate", "--strict"])
        .current_dir(folder.path())
        .env_clear()
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&ran.stdout);
    assert!(ran.status.success(), "{said}{}", String::from_utf8_lossy(&ran.stderr));
    assert!(said.contains("2 rules"), "{said}");
}

#[test]
fn the_deployment_is_one_leverd_that_may_do_nothing_but_its_work() {
    let all = manifests();
    let (map, deployment) = (of_kind(&all, "ConfigMap"), of_kind(&all, "Deployment"));
    let (spec, pod) = (&deployment["spec"], &deployment["spec"]["template"]["spec"]);
    // Two would fight for the store, and a rolling update would wait for the lock of the one it replaces.
    assert_eq!((&spec["replicas"], &spec["strategy"]["type"]), (&1.into(), &"Recreate".into()));
    assert_eq!(spec["selector"]["matchLabels"], spec["template"]["metadata"]["labels"]);
    assert_eq!(of_kind(&all, "Service")["spec"]["selector"], spec["selector"]["matchLabels"]);
    let container = &list(&pod["containers"])[0];
    let security = &container["securityContext"];
    assert_eq!(security["readOnlyRootFilesystem"], true);
    assert_eq!(security["allowPrivilegeEscalation"], false);
    assert_eq!(list(&security["capabilities"]["drop"]), ["ALL"]);
    assert_eq!(pod["securityContext"]["runAsNonRoot"], true);

    let arguments = list(&container["args"]).iter().map(text);
    assert_eq!(understands(["leverd"].into_iter().chain(arguments).map(OsString::from)), Ok(()));
    for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
        let asked = text(&container[probe]["httpGet"]["path"]);
        let right = if probe == "readinessProbe" { "/health/ready" } else { "/health/live" };
        assert_eq!(asked, right, "{probe}");
    }
    let config = documents("leverd.yaml", text(&map["data"]["leverd.yaml"])).remove(0);
    let port = text(&config["server"]["listen"]).rsplit(':').next().unwrap();
    assert_eq!(container["ports"][0]["containerPort"].to_string(), port);

    // Each mount has its volume, and what leverd.yaml names lies in one.
    let mounts = list(&container["volumeMounts"]);
    let volumes: Vec<&str> = list(&pod["volumes"]).iter().map(|volume| text(&volume["name"])).collect();
    assert!(mounts.iter().all(|mount| volumes.contains(&text(&mount["name"]))), "{mounts:?}");
    let mounted = |name: &str| text(&mounts.iter().find(|mount| mount["name"] == name).unwrap()["mountPath"]).to_owned() + "/";
    assert!(text(&config["store"]["sqlite"]).starts_with(&mounted("store")));
    let written = text(&map["data"]["leverd.yaml"]);
    let secrets: Vec<&str> = written.split("file: ").skip(1).map(|rest| rest.split([' ', '}']).next().unwrap()).collect();
    assert!(secrets.len() == 2 && secrets.iter().all(|file| file.starts_with(&mounted("secrets"))), "{secrets:?}");
}

#[test]
fn the_image_holds_one_binary_that_runs_as_nobody_and_is_built_by_a_toolchain_that_is_new_enough() {
    let file = read("examples/container/Containerfile");
    let lines: Vec<&str> = file.lines().map(str::trim).filter(|line| !line.starts_with('#')).collect();
    let starting = |with: &str| lines.iter().copied().filter(|line| line.starts_with(with)).collect::<Vec<_>>();
    assert_eq!(starting("FROM ").last(), Some(&"FROM scratch"));
    assert_eq!(starting("USER "), ["USER 65534:65534"]);
    let words = |with: &str| serde_json::from_str::<Vec<String>>(starting(with)[0].strip_prefix(with).unwrap()).unwrap();
    let command: Vec<OsString> = words("ENTRYPOINT ").into_iter().chain(words("CMD ")).map(OsString::from).collect();
    assert_eq!(understands(command), Ok(()));
    let number = |version: &str| -> Vec<u32> { version.split('.').map(|part| part.parse().unwrap()).collect() };
    let image = starting("FROM rust:")[0].strip_prefix("FROM rust:").unwrap().split('-').next().unwrap();
    let wanted = read("Cargo.toml")
        .lines()
        .find_map(|line| Some(number(line.strip_prefix("rust-version = \"")?.trim_end_matches('"'))))
        .unwrap();
    assert!(number(image) >= wanted, "{image} is older than {wanted:?}");
    assert!(file.contains("--locked") && file.contains("+crt-static"));
}

#[test]
fn both_nodes_are_one_configuration_and_the_balancer_knows_them() {
    let compose = documents("compose.yaml", &read("examples/nodes/compose.yaml")).remove(0);
    let services = compose["services"].as_object().unwrap();
    let nodes: Vec<&str> =
        services.iter().filter(|(_, it)| it["image"] == "leverd:latest").map(|(name, _)| name.as_str()).collect();
    assert_eq!(nodes.len(), 2);
    assert_eq!(services[nodes[0]], services[nodes[1]]);
    let config = documents("leverd.yaml", &read("examples/nodes/leverd.yaml")).remove(0);
    let (port, balancer) =
        (text(&config["server"]["listen"]).rsplit(':').next().unwrap().to_owned(), read("examples/nodes/Caddyfile"));
    for node in &nodes {
        assert!(balancer.contains(&format!("{node}:{port}")), "{node}");
    }
    assert!(balancer.contains("/health/ready"));
    let database = url::Url::parse(text(&config["store"]["postgres"])).unwrap();
    assert!(services.contains_key(database.host_str().unwrap()), "{database}");
    assert_eq!(database.path().trim_start_matches('/'), text(&services["db"]["environment"]["POSTGRES_DB"]));
    let ran = Command::new(env!("CARGO_BIN_EXE_leverd")).arg("validate").arg(path("examples/nodes")).output().unwrap();
    assert!(ran.status.success(), "{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
}

#[test]
fn each_alert_says_what_a_person_has_to_do_and_prometheus_takes_the_rules() {
    let file = "examples/service/alerts.yml";
    let rules = documents(file, &read(file)).remove(0);
    let mut names = Vec::new();
    for group in list(&rules["groups"]) {
        for rule in list(&group["rules"]) {
            let (name, expr) = (text(&rule["alert"]), text(&rule["expr"]));
            assert!(measured::ALL.iter().any(|metric| expr.contains(metric.name)), "{name}: {expr}");
            for (open, close) in [('(', ')'), ('{', '}'), ('[', ']')] {
                assert_eq!(expr.matches(open).count(), expr.matches(close).count(), "{name}: {expr}");
            }
            assert!(matches!(text(&rule["labels"]["severity"]), "page" | "warn"), "{name}");
            for told in ["summary", "description"] {
                assert!(text(&rule["annotations"][told]).len() > 20, "{name}: {told}");
            }
            names.push(name.to_owned());
        }
    }
    let all = names.len();
    names.sort();
    names.dedup();
    assert!(names.len() == all && all >= 8, "{names:?}");
    // Only where there is a Prometheus to ask.
    if let Ok(said) = Command::new("promtool").args(["check", "rules"]).arg(path(file)).output() {
        assert!(said.status.success(), "{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    }
}

#[test]
fn the_dashboard_shows_every_metric_once_at_least() {
    let board: Value = serde_json::from_str(&read("examples/service/grafana.json")).unwrap();
    let panels = list(&board["panels"]);
    let mut ids: Vec<u64> = panels.iter().map(|panel| panel["id"].as_u64().unwrap()).collect();
    ids.dedup();
    assert_eq!(ids.len(), panels.len());
    let mut shown = String::new();
    for panel in panels {
        let targets = list(&panel["targets"]);
        assert!(!targets.is_empty() && !text(&panel["title"]).is_empty(), "{panel}");
        for target in targets {
            let expr = text(&target["expr"]);
            assert!(expr.contains("leverd_"), "{expr}");
            // A metric is asked for by labels that it has.
            for metric in measured::ALL.iter().filter(|metric| !metric.labels.split(", ").any(|label| label == "account")) {
                assert!(!expr.contains(&format!("{}{{account", metric.name)), "{} has no account: {expr}", metric.name);
            }
            shown.push_str(expr);
            shown.push('\n');
        }
    }
    let forgotten: Vec<_> = measured::ALL.iter().map(|metric| metric.name).filter(|name| !shown.contains(name)).collect();
    assert!(forgotten.is_empty(), "no panel shows {forgotten:?}");
}
