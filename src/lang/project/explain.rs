//! Codes of what an account has: its packs, connections, settings and names. Examples are folders in one text: each line
//! `# FILE` starts a file. The pack `rules/tidy` and the catalogue of `acme` are there unless an example brings its own.

use crate::lang::explain::Entry;

/// `(code, text, bad, good)`.
pub const ENTRIES: &[Entry] = &[
    (
        "no-page",
        "A pack asks people by `ask`, and leverd.yaml does not say where they reach the page (`server.public_url`), or with which key its links are signed (`server.encryption_keys`).",
        "",
        "",
    ),
    (
        "no-catalogue",
        "The account has no file of pulled names, so rules and settings cannot be checked against what Lever has. `leverd pull ACCOUNT` saves it as catalogue/ACCOUNT.yaml (the folder is `catalogue` of leverd.yaml); keep it in git beside the rules.",
        "# leverd.yaml\naccounts:\n  beta:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow, settings: { stage: Interview } }]\n",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow, settings: { stage: Interview } }]\n",
    ),
    (
        "other-catalogue",
        "The file in the place of this account's catalogue was pulled for another account: names and ids would be those of strangers.",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow, settings: { stage: Interview } }]\n# catalogue/acme.yaml\naccount: beta\npulled_at: 2026-11-20T09:30:00Z\nstages: [{ id: a, name: Assessment }, { id: b, name: Interview }]\n",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow, settings: { stage: Interview } }]\n# catalogue/acme.yaml\naccount: acme\npulled_at: 2026-11-20T09:30:00Z\nstages: [{ id: a, name: Assessment }, { id: b, name: Interview }]\n",
    ),
    (
        "no-pack",
        "There is no pack in the place that leverd.yaml names. A `path` starts from the folder of leverd.yaml; `pack` names one that leverd ships.",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tydy, mode: shadow, settings: { stage: Interview } }]\n",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow, settings: { stage: Interview } }]\n",
    ),
    (
        "no-connection",
        "The rules of this pack speak to a vendor, and the account says nothing of how: it needs an entry under `vendors` with the secrets that the vendor's `vendor.yaml` asks for.",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ pack: qualified, mode: shadow, settings: { trigger_stages: [Assessment] } }]\n",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    vendors: { qualified: { secrets: { api_key: { env: QUALIFIED_KEY } }, path_token: { env: QUALIFIED_PATH } } }\n    packs: [{ pack: qualified, mode: shadow, settings: { trigger_stages: [Assessment] } }]\n",
    ),
    (
        "no-secret",
        "The vendor's `vendor.yaml` asks for a secret that the connection does not name. A secret is a reference, `{ env: NAME }` or `{ file: PATH }`.",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    vendors: { qualified: { secrets: {}, path_token: { env: QUALIFIED_PATH } } }\n    packs: [{ pack: qualified, mode: shadow, settings: { trigger_stages: [Assessment] } }]\n",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    vendors: { qualified: { secrets: { api_key: { env: QUALIFIED_KEY } }, path_token: { env: QUALIFIED_PATH } } }\n    packs: [{ pack: qualified, mode: shadow, settings: { trigger_stages: [Assessment] } }]\n",
    ),
    (
        "unknown-secret",
        "The connection names a secret that the vendor's `vendor.yaml` does not ask for.",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    vendors: { qualified: { secrets: { apikey: { env: QUALIFIED_KEY } }, path_token: { env: QUALIFIED_PATH } } }\n    packs: [{ pack: qualified, mode: shadow, settings: { trigger_stages: [Assessment] } }]\n",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    vendors: { qualified: { secrets: { api_key: { env: QUALIFIED_KEY } }, path_token: { env: QUALIFIED_PATH } } }\n    packs: [{ pack: qualified, mode: shadow, settings: { trigger_stages: [Assessment] } }]\n",
    ),
    (
        "no-path-token",
        "The vendor's webhooks come to /hooks/VENDOR/ACCOUNT/TOKEN. Without a token there is no such address, and what the vendor has to tell is never heard.",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    vendors: { qualified: { secrets: { api_key: { env: QUALIFIED_KEY } } } }\n    packs: [{ pack: qualified, mode: shadow, settings: { trigger_stages: [Assessment] } }]\n",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    vendors: { qualified: { secrets: { api_key: { env: QUALIFIED_KEY } }, path_token: { env: QUALIFIED_PATH } } }\n    packs: [{ pack: qualified, mode: shadow, settings: { trigger_stages: [Assessment] } }]\n",
    ),
    (
        "needs-polling",
        "Lever has no webhook for tags or for opportunities that nobody applied for: `tag_added` and `opportunityCreated` are found by polling, which each account switches on with `poll: { every: 15m }` under `lever`.",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tags, mode: shadow }]\n# rules/tags/rules.yaml\nrules:\n  - name: note the tag\n    trigger: { tag_added: Urgent }\n    do: [{ add_note: Look at this soon }]\n",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] }, poll: { every: 15m } }\n    packs: [{ path: ./rules/tags, mode: shadow }]\n# rules/tags/rules.yaml\nrules:\n  - name: note the tag\n    trigger: { tag_added: Urgent }\n    do: [{ add_note: Look at this soon }]\n",
    ),
    (
        "unknown-user",
        "`perform_as` names the Lever user who shall have done what leverd does: an active one, by id or by a name that only one has.",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, perform_as: Levrd, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow, settings: { stage: Interview } }]\n",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, perform_as: Leverd, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow, settings: { stage: Interview } }]\n",
    ),
    (
        "unknown-setting",
        "An account gives a setting that its pack does not declare.",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow, settings: { stage: Interview, stages: [Interview] } }]\n",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow, settings: { stage: Interview } }]\n",
    ),
    (
        "missing-setting",
        "A setting without default that is not optional, and the account gives no value.",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow }]\n",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow, settings: { stage: Interview } }]\n",
    ),
    (
        "no-override",
        "The setting cannot be overridden by posting or stage: its declaration lacks `per`.",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow, settings: { stage: { default: Interview, per_stage: { Assessment: Interview } } } }]\n",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow, settings: { stage: Interview } }]\n",
    ),
    (
        "not-in-catalogue",
        "Nothing of this kind has this name in the account's pulled catalogue. `leverd pull` fetches what is new.",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow, settings: { stage: Intervew } }]\n",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow, settings: { stage: Interview } }]\n",
    ),
    (
        "unknown-field",
        "The account's form template has no field of this name. Fields are known by their questions; `leverd pull` asks for them again.",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, perform_as: Leverd, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow }]\n# catalogue/acme.yaml\naccount: acme\npulled_at: 2026-11-20T09:30:00Z\nstages: [{ id: a, name: Assessment }]\nusers: [{ id: u, name: Leverd }]\nform_templates: [{ id: t, name: Check, fields: [{ id: f, text: Level, type: dropdown, required: true, options: [low, high] }] }]\nfeedback_templates: [{ id: t, name: Check, fields: [{ id: f, text: Note, type: text }] }]\n# rules/tidy/rules.yaml\nrules:\n  - name: a\n    trigger: candidateHired\n    do: [{ fill_form: { template: Check, fields: { Levle: low, Level: low } } }]\n",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, perform_as: Leverd, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow }]\n# catalogue/acme.yaml\naccount: acme\npulled_at: 2026-11-20T09:30:00Z\nstages: [{ id: a, name: Assessment }]\nusers: [{ id: u, name: Leverd }]\nform_templates: [{ id: t, name: Check, fields: [{ id: f, text: Level, type: dropdown, required: true, options: [low, high] }] }]\nfeedback_templates: [{ id: t, name: Check, fields: [{ id: f, text: Note, type: text }] }]\n# rules/tidy/rules.yaml\nrules:\n  - name: a\n    trigger: candidateHired\n    do: [{ fill_form: { template: Check, fields: { Level: low } } }]\n",
    ),
    (
        "field-value",
        "The field of the account's form does not take this value: another type, none of its options, or none where one must be.",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, perform_as: Leverd, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow }]\n# catalogue/acme.yaml\naccount: acme\npulled_at: 2026-11-20T09:30:00Z\nstages: [{ id: a, name: Assessment }]\nusers: [{ id: u, name: Leverd }]\nform_templates: [{ id: t, name: Check, fields: [{ id: f, text: Level, type: dropdown, required: true, options: [low, high] }] }]\nfeedback_templates: [{ id: t, name: Check, fields: [{ id: f, text: Note, type: text }] }]\n# rules/tidy/rules.yaml\nrules:\n  - name: a\n    trigger: candidateHired\n    do: [{ fill_form: { template: Check, fields: { Level: middle } } }]\n",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, perform_as: Leverd, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow }]\n# catalogue/acme.yaml\naccount: acme\npulled_at: 2026-11-20T09:30:00Z\nstages: [{ id: a, name: Assessment }]\nusers: [{ id: u, name: Leverd }]\nform_templates: [{ id: t, name: Check, fields: [{ id: f, text: Level, type: dropdown, required: true, options: [low, high] }] }]\nfeedback_templates: [{ id: t, name: Check, fields: [{ id: f, text: Note, type: text }] }]\n# rules/tidy/rules.yaml\nrules:\n  - name: a\n    trigger: candidateHired\n    do: [{ fill_form: { template: Check, fields: { Level: low } } }]\n",
    ),
    (
        "field-left-out",
        "Lever wants every field of a profile form. A field that must be filled is given a value; one that may stay empty is given `~`, so that nobody wonders whether it was forgotten.",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, perform_as: Leverd, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow }]\n# catalogue/acme.yaml\naccount: acme\npulled_at: 2026-11-20T09:30:00Z\nstages: [{ id: a, name: Assessment }]\nusers: [{ id: u, name: Leverd }]\nform_templates: [{ id: t, name: Check, fields: [{ id: f, text: Level, type: dropdown, required: true, options: [low, high] }] }]\nfeedback_templates: [{ id: t, name: Check, fields: [{ id: f, text: Note, type: text }] }]\n# rules/tidy/rules.yaml\nrules:\n  - name: a\n    trigger: candidateHired\n    do: [{ fill_form: { template: Check, fields: {  } } }]\n",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, perform_as: Leverd, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow }]\n# catalogue/acme.yaml\naccount: acme\npulled_at: 2026-11-20T09:30:00Z\nstages: [{ id: a, name: Assessment }]\nusers: [{ id: u, name: Leverd }]\nform_templates: [{ id: t, name: Check, fields: [{ id: f, text: Level, type: dropdown, required: true, options: [low, high] }] }]\nfeedback_templates: [{ id: t, name: Check, fields: [{ id: f, text: Note, type: text }] }]\n# rules/tidy/rules.yaml\nrules:\n  - name: a\n    trigger: candidateHired\n    do: [{ fill_form: { template: Check, fields: { Level: low } } }]\n",
    ),
    (
        "no-perform-as",
        "Lever takes files and feedback only from a user: `perform_as` of the account names the one who shall have done it.",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow }]\n# catalogue/acme.yaml\naccount: acme\npulled_at: 2026-11-20T09:30:00Z\nstages: [{ id: a, name: Assessment }]\nusers: [{ id: u, name: Leverd }]\nform_templates: [{ id: t, name: Check, fields: [{ id: f, text: Level, type: dropdown, required: true, options: [low, high] }] }]\nfeedback_templates: [{ id: t, name: Check, fields: [{ id: f, text: Note, type: text }] }]\n# rules/tidy/rules.yaml\nrules:\n  - name: a\n    trigger: candidateHired\n    do: [{ fill_feedback: { template: Check, fields: { Note: Well done } } }]\n",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, perform_as: Leverd, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow }]\n# catalogue/acme.yaml\naccount: acme\npulled_at: 2026-11-20T09:30:00Z\nstages: [{ id: a, name: Assessment }]\nusers: [{ id: u, name: Leverd }]\nform_templates: [{ id: t, name: Check, fields: [{ id: f, text: Level, type: dropdown, required: true, options: [low, high] }] }]\nfeedback_templates: [{ id: t, name: Check, fields: [{ id: f, text: Note, type: text }] }]\n# rules/tidy/rules.yaml\nrules:\n  - name: a\n    trigger: candidateHired\n    do: [{ fill_feedback: { template: Check, fields: { Note: Well done } } }]\n",
    ),
    (
        "renamed",
        "The thing was renamed in Lever, or at the vendor, since its name was written here: the pulled catalogue knows its id, and what it was called before. Write the new name; or the id, which outlives further renames.",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow, settings: { stage: Interview } }]\n# catalogue/acme.yaml\naccount: acme\npulled_at: 2026-11-20T09:30:00Z\nstages: [{ id: a, name: Assessment }, { id: b, name: On-site }]\nformerly: { b: [Interview] }\n",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow, settings: { stage: On-site } }]\n# catalogue/acme.yaml\naccount: acme\npulled_at: 2026-11-20T09:30:00Z\nstages: [{ id: a, name: Assessment }, { id: b, name: On-site }]\nformerly: { b: [Interview] }\n",
    ),
    (
        "ambiguous-name",
        "More than one thing has this name: the id says which one is meant.",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow, settings: { stage: Interview } }]\n# catalogue/acme.yaml\naccount: acme\npulled_at: 2026-11-20T09:30:00Z\nstages: [{ id: a, name: Interview }, { id: b, name: Interview }]\n",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    packs: [{ path: ./rules/tidy, mode: shadow, settings: { stage: b } }]\n# catalogue/acme.yaml\naccount: acme\npulled_at: 2026-11-20T09:30:00Z\nstages: [{ id: a, name: Interview }, { id: b, name: Interview }]\n",
    ),
    (
        "account-loop",
        "Rules, and automations that the account declares for Lever (`automations` in leverd.yaml), lead to each other without end: each makes happen what sets off the next. Let one of the rules shut itself out by a tag, or change the automation in Lever; if it is meant, say so in one of the rules: `allow: { account-loop: REASON }`. What conditions exclude is no loop; conditions on what is known only when rules run are taken to hold, so a loop may be told that never comes about.",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    automations: [{ when: { stage: Interview }, then: { stage: Assessment } }]\n    packs: [{ path: ./rules/move, mode: shadow }]\n# rules/move/rules.yaml\nrules:\n  - name: move on\n    trigger: candidateStageChange\n    when: { to_stage: Assessment }\n    do: [{ move_stage: Interview }]\n",
        "# leverd.yaml\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, webhooks: { signing_tokens: [{ env: LEVER_TOKEN }] } }\n    automations: [{ when: { stage: Interview }, then: { stage: Assessment } }]\n    packs: [{ path: ./rules/move, mode: shadow }]\n# rules/move/rules.yaml\nrules:\n  - name: move on\n    trigger: candidateStageChange\n    when: { to_stage: Assessment, opportunity.tags: { none_in: [Moved] } }\n    do: [{ add_tag: Moved }, { move_stage: Interview }]\n",
    ),
    (
        "unreadable",
        "The file is there and cannot be read: its permissions forbid it, it is a folder or a device, or it is larger than any file of leverd.",
        "",
        "",
    ),
];

#[cfg(test)]
mod tests {
    use super::ENTRIES;
    use crate::lang::config::PackSource;
    use crate::lang::diagnostic::Diagnostics;
    use crate::lang::load::File;
    use crate::lang::project::{self, Files};
    use crate::lang::source::Sources;
    use crate::model::{AccountId, PackName};
    use jiff::Timestamp;
    use std::collections::BTreeMap;

    const TIDY: &str = "settings: { stage: { type: stage } }\nrules:\n  - name: note\n    trigger: candidateStageChange\n    when: { to_stage: $stage }\n    do: [{ add_note: Please look }]\n";
    const CATALOGUE: &str = "account: acme\npulled_at: 2026-11-20T09:30:00Z\nstages: [{ id: a, name: Assessment }, { id: b, name: Interview }]\nusers: [{ id: u, name: Leverd }]\n";
    const QUALIFIED: [(&str, &[u8]); 2] = [
        ("qualified/rules.yaml", include_bytes!("../../../rules/qualified/rules.yaml")),
        ("qualified/vendor.yaml", include_bytes!("../../../rules/qualified/vendor.yaml")),
    ];

    struct Folder(BTreeMap<String, String>);

    impl Folder {
        fn of(example: &str) -> Self {
            let mut files = BTreeMap::from([
                ("rules/tidy/rules.yaml".to_owned(), TIDY.to_owned()),
                ("catalogue/acme.yaml".to_owned(), CATALOGUE.to_owned()),
            ]);
            for part in format!("\n{example}").split("\n# ").skip(1) {
                let (name, text) = part.split_once('\n').expect("a name and a text");
                files.insert(name.to_owned(), text.to_owned());
            }
            Self(files)
        }
    }

    impl Files for Folder {
        fn pack(&self, source: &PackSource) -> Result<Vec<File>, String> {
            match source {
                PackSource::BuiltIn(_) => Ok(QUALIFIED.map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).to_vec()),
                PackSource::Folder(path) => {
                    let files = self.0.iter().filter(|(name, _)| name.starts_with(path.as_str()));
                    let files: Vec<File> = files.map(|(name, text)| (name.clone(), text.clone().into_bytes())).collect();
                    if files.is_empty() { Err(format!("there is no folder `{path}`")) } else { Ok(files) }
                }
            }
        }

        fn file(&self, path: &str) -> Result<Option<File>, String> {
            Ok(self.0.get(path).map(|text| (path.to_owned(), text.clone().into_bytes())))
        }

        fn baseline(&self, _account: &AccountId, _pack: &PackName) -> Timestamp {
            Timestamp::UNIX_EPOCH
        }
    }

    fn codes(example: &str) -> Vec<&'static str> {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let folder = Folder::of(example);
        let config = folder.0.get("leverd.yaml").expect("a leverd.yaml").clone();
        project::load("leverd.yaml", config.as_bytes(), &folder, &mut sources, &mut found);
        found.sorted().iter().map(|fault| fault.code).collect()
    }

    #[test]
    fn a_bad_example_has_its_fault_and_no_other_and_a_good_one_has_none() {
        for (code, _, bad, good) in ENTRIES.iter().filter(|(_, _, bad, _)| !bad.is_empty()) {
            let told = codes(bad);
            assert!(told.contains(code), "{code}: the bad example shows {told:?}");
            assert_eq!(codes(good), [""; 0], "{code}: the good example");
        }
    }
}
