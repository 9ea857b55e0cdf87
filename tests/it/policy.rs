//! What leverd is built from keeps to the policy in `.ci/deny.toml`: licences, bans, twins, sources. `cargo deny` reads the same file,
//! and knows of vulnerabilities besides; it is not everywhere.

use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::Command;

/// The texts of one list of the policy: `allow = [ "A", … ]`, or the crates of `deny = [ { crate = "A", … }, … ]`.
fn listed(policy: &str, name: &str) -> BTreeSet<String> {
    let rest = policy.split(&format!("\n{name} = [\n")).nth(1).unwrap_or_else(|| panic!("no `{name}` in .ci/deny.toml"));
    let lines = rest.lines().take_while(|line| !line.starts_with(']'));
    lines.filter_map(|line| line.split('"').nth(1)).map(str::to_owned).collect()
}

#[test]
fn the_crates_we_stand_on_keep_to_the_policy() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let policy = std::fs::read_to_string(root.join(".ci/deny.toml")).unwrap();
    let (allowed, banned, twins) = (listed(&policy, "allow"), listed(&policy, "deny"), listed(&policy, "skip"));
    // Only what this kind of machine builds has been fetched for certain.
    let platform = Command::new("rustc").arg("-vV").output().unwrap();
    let platform = String::from_utf8(platform.stdout).unwrap();
    let platform = platform.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform", platform])
        .current_dir(root)
        .output()
        .unwrap();
    assert!(metadata.status.success(), "{}", String::from_utf8_lossy(&metadata.stderr));
    let metadata: Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let mut versions: BTreeMap<String, usize> = BTreeMap::new();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap().to_owned();
        assert!(
            !banned.contains(&name),
            "`{name}` is banned: .ci/deny.toml says why; `cargo tree -i {name}` says who wants it"
        );
        if let Some(source) = package["source"].as_str() {
            assert!(
                source.starts_with("registry+https://github.com/rust-lang/crates.io-index"),
                "`{name}` comes from {source}"
            );
            let licence = package["license"].as_str().unwrap_or_else(|| panic!("`{name}` says no licence"));
            let licence = spdx::Expression::parse_mode(licence, spdx::ParseMode::LAX).unwrap();
            let fits = licence.evaluate(|wanted| allowed.contains(&wanted.to_string()));
            assert!(fits, "`{name}` is under {licence}, which .ci/deny.toml does not allow");
        }
        *versions.entry(name).or_default() += 1;
    }
    let found: BTreeSet<String> = versions.into_iter().filter(|(_, count)| *count > 1).map(|(name, _)| name).collect();
    assert_eq!(found, twins, "crates there in more than one version, and those of which .ci/deny.toml knows it");
}
