//! A project of many accounts: one pack, and for each account its settings, its names and its secrets.

use std::fmt::Write as _;
use std::fs;
use std::net::SocketAddr;
use std::path::Path;

pub(crate) const STAGE: &str = "stage-assessment";
pub(crate) const TAG: &str = "Assessment begun";

const RULES: &str = "settings:
  stages: { type: [stage], doc: Entering one of these stages marks the candidate }

rules:
  - name: mark
    trigger: candidateStageChange
    when: { to_stage: { in: $stages } }
    do:
      - add_tag: Assessment begun
";

pub(crate) fn account(n: usize) -> String {
    format!("account-{n:05}")
}

/// What signs the deliveries of an account.
pub(crate) fn signing(n: usize) -> String {
    format!("signing-token-of-{n:05}")
}

/// Writes the project. Every account has a key of its own: Lever's budget belongs to a key.
pub(crate) fn write(folder: &Path, accounts: usize, lever: SocketAddr, store: &str) {
    for name in ["rules/scale", "catalogue", "secrets"] {
        fs::create_dir_all(folder.join(name)).unwrap();
    }
    fs::write(folder.join("rules/scale/rules.yaml"), RULES).unwrap();
    let mut text = format!("store: {store}\naccounts:\n");
    for n in 0..accounts {
        let name = account(n);
        write!(
            text,
            "  {name}:\n    lever:\n      base_url: http://{lever}/v1\n      api_key: {{ file: secrets/{name}.key }}\n      \
             webhooks: {{ signing_tokens: [{{ file: secrets/{name}.signing }}] }}\n    packs:\n      - path: rules/scale\n        \
             mode: live\n        settings: {{ stages: [Assessment] }}\n",
        )
        .unwrap();
        fs::write(folder.join(format!("secrets/{name}.key")), format!("key-of-{n:05}")).unwrap();
        fs::write(folder.join(format!("secrets/{name}.signing")), signing(n)).unwrap();
        let names = format!(
            "account: {name}\npulled_at: 2026-01-01T00:00:00Z\nstages:\n  - {{ id: stage-new, name: New }}\n  - {{ id: {STAGE}, name: Assessment }}\n"
        );
        fs::write(folder.join(format!("catalogue/{name}.yaml")), names).unwrap();
    }
    fs::write(folder.join("leverd.yaml"), text).unwrap();
}
