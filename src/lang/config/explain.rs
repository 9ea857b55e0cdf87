//! What `leverd explain CODE` says about the faults of `leverd.yaml` and of the pulled catalogues.

/// `(code, text, bad, good)`: every code that reading a configuration or a catalogue may give, besides those of every YAML file.
pub const ENTRIES: &[(&str, &str, &str, &str)] = &[
    (
        "stage-or-tag",
        "An automation starts when a stage is entered or when a tag is put, and moves to a stage or puts a tag: one of the two under \
               `when`, and one under `then`.",
        "accounts:\n  acme:\n    lever:\n      api_key: { env: LEVER_API_KEY }\n      webhooks: { signing_tokens: [{ env: LEVER_SIGNING_TOKEN }] }\n    automations: [{ when: { stage: Assessment, tag: Java }, then: { tag: Waiting } }]\n",
        "accounts:\n  acme:\n    lever:\n      api_key: { env: LEVER_API_KEY }\n      webhooks: { signing_tokens: [{ env: LEVER_SIGNING_TOKEN }] }\n    automations: [{ when: { stage: Assessment }, then: { tag: Waiting } }]\n",
    ),
    (
        "other-version",
        "`version` says in which grammar leverd.yaml is written; there is one so far, 1. A file of a newer grammar is not guessed at: \
               what its keys mean is known to the leverd that it was written for.",
        "version: 2\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY } }\n",
        "version: 1\naccounts:\n  acme:\n    lever:\n      api_key: { env: LEVER_API_KEY }\n      webhooks: { signing_tokens: [{ env: LEVER_SIGNING_TOKEN }] }\n",
    ),
    (
        "literal-secret",
        "A secret stands in leverd.yaml itself. That file lives in git and is read by many; secrets are given by reference, \
               to an environment variable or a file, and read only when leverd runs. A secret that was committed once is known: \
               replace it in Lever or at the vendor. The message blanks the text.",
        "accounts:\n  acme:\n    lever: { api_key: abc123 }\n",
        "accounts:\n  acme:\n    lever:\n      api_key: { env: LEVER_API_KEY }\n      webhooks: { signing_tokens: [{ env: LEVER_SIGNING_TOKEN }] }\n",
    ),
    (
        "bad-variable",
        "`env:` takes the name of an environment variable: letters, digits and `_`, not starting with a digit. A `$` does not \
               belong to the name, and the value does not belong into the file.",
        "accounts:\n  acme:\n    lever: { api_key: { env: $LEVER_API_KEY } }\n",
        "accounts:\n  acme:\n    lever:\n      api_key: { env: LEVER_API_KEY }\n      webhooks: { signing_tokens: [{ env: LEVER_SIGNING_TOKEN }] }\n",
    ),
    (
        "secret-place",
        "A secret is in exactly one place: `{ env: NAME }` or `{ file: PATH }`.",
        "accounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY, file: /run/secrets/lever } }\n",
        "accounts:\n  acme:\n    lever:\n      api_key: { file: /run/secrets/lever }\n      webhooks: { signing_tokens: [{ env: LEVER_SIGNING_TOKEN }] }\n",
    ),
    (
        "no-account",
        "leverd.yaml names no account, so there is nothing to do.",
        "accounts: {}\n",
        "accounts:\n  acme:\n    lever:\n      api_key: { env: LEVER_API_KEY }\n      webhooks: { signing_tokens: [{ env: LEVER_SIGNING_TOKEN }] }\n",
    ),
    (
        "bad-name",
        "Names of accounts and vendors stand in webhook URLs and file names: lower-case letters, digits, `-` and `_`, starting \
               with a letter or a digit, at most 63 characters. `lever` cannot be a vendor.",
        "accounts:\n  Acme Inc:\n    lever: { api_key: { env: LEVER_API_KEY } }\n",
        "accounts:\n  acme-inc:\n    lever:\n      api_key: { env: LEVER_API_KEY }\n      webhooks: { signing_tokens: [{ env: LEVER_SIGNING_TOKEN }] }\n",
    ),
    (
        "bad-url",
        "A URL is absolute, starts with `https://` and holds no credentials. `http://` is accepted only towards this machine, \
               since secrets travel in the headers. Lever's API may be named: `production`, `sandbox`, `eu`.",
        "accounts:\n  acme:\n    lever: { base_url: sandbx, api_key: { env: LEVER_API_KEY } }\n",
        "accounts:\n  acme:\n    lever:\n      base_url: sandbox\n      api_key: { env: LEVER_API_KEY }\n      webhooks: { signing_tokens: [{ env: LEVER_SIGNING_TOKEN }] }\n",
    ),
    (
        "bad-address",
        "`listen` is an IP address and a port. `127.0.0.1` is reached from this machine only, `0.0.0.0` from everywhere.",
        "server: { listen: 8321 }\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY } }\n",
        "server: { listen: 127.0.0.1:8321 }\naccounts:\n  acme:\n    lever:\n      api_key: { env: LEVER_API_KEY }\n      webhooks: { signing_tokens: [{ env: LEVER_SIGNING_TOKEN }] }\n",
    ),
    (
        "bad-proxy",
        "The console believes a header only from the reverse proxy that stands before leverd, and only the one that the proxy sets \
               itself. `from` lists the proxy's addresses: one each, or a network such as `10.0.0.0/8`. The proxy must not pass on a \
               header of this name that a browser sent.",
        "server: { console: { proxy: { header: X-Forwarded-User, from: [proxy.internal] } } }\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY } }\n",
        "server: { console: { proxy: { header: X-Forwarded-User, from: [10.0.0.7] } } }\naccounts:\n  acme:\n    lever:\n      api_key: { env: LEVER_API_KEY }\n      webhooks: { signing_tokens: [{ env: LEVER_SIGNING_TOKEN }] }\n",
    ),
    (
        "nobody-comes-in",
        "At many providers anybody can have an account, so that leverd lets in only whom leverd.yaml names: `viewers` look, `operators` also \
               act. Each is a list of names as the provider's claim tells them, or `*@example.com` for everybody of a domain.",
        "server:\n  console: { oidc: { issuer: https://login.example.com, client_id: leverd, client_secret: { env: OIDC_SECRET } } }\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY } }\n",
        "server:\n  console:\n    oidc: { issuer: https://login.example.com, client_id: leverd, client_secret: { env: OIDC_SECRET }, operators: [olga@example.com] }\naccounts:\n  acme:\n    lever:\n      api_key: { env: LEVER_API_KEY }\n      webhooks: { signing_tokens: [{ env: LEVER_SIGNING_TOKEN }] }\n",
    ),
    (
        "bad-store",
        "Everything is kept in one place: a SQLite file beside leverd.yaml, or a PostgreSQL database. Its URL names a user and a \
               database and holds no password; that is given by reference. `sslmode=require` encrypts and checks the server's name, and is \
               meant where nothing is said and the server is on another machine.",
        "store: { sqlite: leverd.db, postgres: postgres://leverd@db.example.com/leverd }\naccounts:\n  acme:\n    lever:\n      api_key: { env: LEVER_API_KEY }\n      webhooks: { signing_tokens: [{ env: LEVER_SIGNING_TOKEN }] }\n",
        "store: { postgres: postgres://leverd@db.example.com/leverd, password: { env: DATABASE_PASSWORD } }\naccounts:\n  acme:\n    lever:\n      api_key: { env: LEVER_API_KEY }\n      webhooks: { signing_tokens: [{ env: LEVER_SIGNING_TOKEN }] }\n",
    ),
    (
        "no-signing-token",
        "Lever signs its webhooks with a token that it shows once. Without any token leverd can tell none of Lever's webhooks from a \
               forged one and refuses them all. Webhooks that a person makes in Lever's settings give theirs by reference; those that \
               `leverd connect ACCOUNT --webhooks` makes have theirs in the store, and `signing_tokens: []` says so. `unsigned: true` takes \
               webhooks without signature as hints: each is confirmed by Lever's API before anything is done.",
        "accounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY } }\n",
        "accounts:\n  acme:\n    lever:\n      api_key: { env: LEVER_API_KEY }\n      webhooks: { signing_tokens: [{ env: LEVER_SIGNING_TOKEN }] }\n",
    ),
    (
        "two-credentials",
        "An account is connected by an API key, which a Super Admin makes and hands over, or by an OAuth app, into which a Super \
               Admin lets leverd by logging in. With both leverd could not tell which one to use.",
        "accounts:\n  acme:\n    lever: { api_key: { env: K }, oauth: { client_id: abc, client_secret: { env: S } } }\nserver: { public_url: https://leverd.example.com, encryption_keys: [{ env: E }] }\n",
        "accounts:\n  acme:\n    lever:\n      oauth: { client_id: abc, client_secret: { env: LEVER_CLIENT_SECRET } }\nserver:\n  public_url: https://leverd.example.com\n  encryption_keys: [{ env: LEVERD_ENCRYPTION_KEY }]\n",
    ),
    (
        "auth-url",
        "Where Lever lets people log in is known for `production`, `sandbox` and `eu`. Only a Lever under a URL of its own, such as \
               the simulator's, has to say it: `/authorize` and `/oauth/token` are below `auth_url`.",
        "accounts:\n  acme:\n    lever:\n      base_url: https://lever.example.com/v1\n      oauth: { client_id: abc, client_secret: { env: S } }\nserver: { public_url: https://leverd.example.com, encryption_keys: [{ env: E }] }\n",
        "accounts:\n  acme:\n    lever:\n      base_url: https://lever.example.com/v1\n      oauth: { client_id: abc, client_secret: { env: S }, auth_url: https://login.example.com }\nserver: { public_url: https://leverd.example.com, encryption_keys: [{ env: E }] }\n",
    ),
    (
        "no-encryption-key",
        "The tokens that Lever gives an OAuth app open the customer's account, so they are stored encrypted and only so. The key \
               is 32 random bytes as hex or base64, by reference like every secret. To replace it, put the new one first and keep the \
               old one behind it: the first encrypts, all of them decrypt.",
        "accounts:\n  acme:\n    lever:\n      oauth: { client_id: abc, client_secret: { env: LEVER_CLIENT_SECRET } }\nserver: { public_url: https://leverd.example.com }\n",
        "accounts:\n  acme:\n    lever:\n      oauth: { client_id: abc, client_secret: { env: LEVER_CLIENT_SECRET } }\nserver:\n  public_url: https://leverd.example.com\n  encryption_keys: [{ env: LEVERD_ENCRYPTION_KEY }]\n",
    ),
    (
        "no-public-url",
        "After the login Lever sends the person back to the app's callback, `/oauth/lever/callback` below `public_url`. Lever compares \
               it byte by byte with what was registered for the app, so it cannot be guessed from the address that leverd listens on.",
        "accounts:\n  acme:\n    lever:\n      oauth: { client_id: abc, client_secret: { env: LEVER_CLIENT_SECRET } }\nserver: { encryption_keys: [{ env: LEVERD_ENCRYPTION_KEY }] }\n",
        "accounts:\n  acme:\n    lever:\n      oauth: { client_id: abc, client_secret: { env: LEVER_CLIENT_SECRET } }\nserver:\n  public_url: https://leverd.example.com\n  encryption_keys: [{ env: LEVERD_ENCRYPTION_KEY }]\n",
    ),
    (
        "poll-interval",
        "How often Lever is asked what changed: every minute at most, once a day at least. Each look costs two calls and one more \
               for each hundred opportunities that changed, out of the ten a second that Lever gives.",
        "accounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, poll: { every: 5s } }\n",
        "accounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY }, poll: { every: 15m } }\n",
    ),
    (
        "pack-and-path",
        "A pack is either built in (`pack: NAME`) or a folder of yours (`path: FOLDER`).",
        "accounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY } }\n    packs: [{ pack: qualified, path: ./rules/qualified, mode: shadow }]\n",
        "accounts:\n  acme:\n    lever:\n      api_key: { env: LEVER_API_KEY }\n      webhooks: { signing_tokens: [{ env: LEVER_SIGNING_TOKEN }] }\n    packs: [{ path: ./rules/qualified, mode: shadow }]\n",
    ),
    (
        "pack-twice",
        "The same pack twice in one account would do everything twice. Different settings for postings or stages are given \
               within the settings: `{ default: …, per_posting: { … } }`.",
        "accounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY } }\n    packs: [{ pack: qualified, mode: shadow }, { pack: qualified, mode: live }]\n",
        "accounts:\n  acme:\n    lever:\n      api_key: { env: LEVER_API_KEY }\n      webhooks: { signing_tokens: [{ env: LEVER_SIGNING_TOKEN }] }\n    packs: [{ pack: qualified, mode: shadow }]\n",
    ),
    (
        "not-an-option",
        "Only the listed words may stand here.",
        "accounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY } }\n    packs: [{ pack: qualified, mode: dry }]\n",
        "accounts:\n  acme:\n    lever:\n      api_key: { env: LEVER_API_KEY }\n      webhooks: { signing_tokens: [{ env: LEVER_SIGNING_TOKEN }] }\n    packs: [{ pack: qualified, mode: shadow }]\n",
    ),
    (
        "retention-too-short",
        "What is kept recognises a delivery that comes again. Lever and vendors repeat theirs for days, and a person may send \
               an old one again: less than 15 days is refused.",
        "retention: { deliveries: 1d }\naccounts:\n  acme:\n    lever: { api_key: { env: LEVER_API_KEY } }\n",
        "retention: { deliveries: 30d }\naccounts:\n  acme:\n    lever:\n      api_key: { env: LEVER_API_KEY }\n      webhooks: { signing_tokens: [{ env: LEVER_SIGNING_TOKEN }] }\n",
    ),
    (
        "id-twice",
        "An id stands twice in one list of the pulled catalogue, usually after a merge in git. Pull again.",
        "account: acme\npulled_at: 2026-11-20T09:30:00Z\nstages: [{ id: a, name: New }, { id: a, name: Screen }]\n",
        "account: acme\npulled_at: 2026-11-20T09:30:00Z\nstages: [{ id: a, name: New }, { id: b, name: Screen }]\n",
    ),
    (
        "bad-time",
        "A point in time is written as `2026-11-20T09:30:00Z`.",
        "account: acme\npulled_at: yesterday\nstages: []\n",
        "account: acme\npulled_at: 2026-11-20T09:30:00Z\nstages: []\n",
    ),
    (
        "bad-field",
        "A field of a vendor's test is a text, a number, `true`, `false` or a list of these.",
        "account: acme\npulled_at: 2026-11-20T09:30:00Z\nstages: []\ntests: { qualified: [{ id: a, title: Java, fields: { level: { deep: 1 } } }] }\n",
        "account: acme\npulled_at: 2026-11-20T09:30:00Z\nstages: []\ntests: { qualified: [{ id: a, title: Java, fields: { level: 1 } }] }\n",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::diagnostic::Diagnostics;
    use crate::lang::source::Sources;
    use crate::lang::{catalogue, config};

    fn codes(text: &str) -> Vec<&'static str> {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let id = sources.add_text("example.yaml", text);
        if text.starts_with("account:") {
            catalogue::read(&sources, id, &mut found);
        } else {
            config::read(&mut sources, id, &mut found);
        }
        found.iter().map(|diagnostic| diagnostic.code).collect()
    }

    #[test]
    fn every_bad_example_has_its_fault_and_every_good_one_none() {
        for (code, _, bad, good) in ENTRIES {
            assert!(codes(bad).contains(code), "{}: {:?}", code, codes(bad));
            assert_eq!(codes(good), [""; 0], "{code}");
        }
    }
}
