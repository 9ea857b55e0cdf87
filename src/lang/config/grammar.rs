//! The keys of `leverd.yaml`, once: reader, schema and grammar page go by these tables.

use crate::lang::shape::{KeyShape, Names, Shape, Ty};

/// `{ env: NAME }` or `{ file: PATH }`.
pub(super) static SECRET: Shape = Shape {
    what: "a reference to a secret",
    keys: &[
        KeyShape::may("env", Ty::Text, "name of the environment variable that holds the secret"),
        KeyShape::may("file", Ty::Text, "path of the file that holds the secret; relative to this file"),
    ],
};

pub(super) static ROOT: Shape = Shape {
    what: "`leverd.yaml`",
    keys: &[
        KeyShape::may("version", Ty::Text, "the version of this grammar that the file is written in: `1`, unless given"),
        KeyShape::must("accounts", Ty::Named(&Ty::Map(&ACCOUNT)), "the connected Lever accounts, by a name of your choice"),
        KeyShape::may("catalogue", Ty::Text, "folder of the catalogues that `leverd pull` saves; `catalogue` unless given"),
        KeyShape::may(
            "store",
            Ty::Either(&[Ty::Text, Ty::Map(&STORE)]),
            "where events, plans and the ledger are kept: in a SQLite file, or `postgres://user@host/database`",
        ),
        KeyShape::may("server", Ty::Map(&SERVER), "where leverd listens"),
        KeyShape::may("notices", Ty::Map(&NOTICES), "where to tell people that something needs them"),
        KeyShape::may("retention", Ty::Map(&RETENTION), "how long things are kept"),
        KeyShape::may("log", Ty::Map(&LOG), "what is logged"),
        KeyShape::may("traces", Ty::Map(&TRACES), "where traces go; none are made unless given"),
    ],
};

pub(super) static ACCOUNT: Shape = Shape {
    what: "an account",
    keys: &[
        KeyShape::must("lever", Ty::Map(&LEVER), "the connection to Lever"),
        KeyShape::may(
            "vendors",
            Ty::By(Names::Vendor, &Ty::Map(&VENDOR)),
            "the connections to assessment vendors, by the vendor's name",
        ),
        KeyShape::may("packs", Ty::List(&Ty::Map(&PACK)), "the packs that work in this account"),
        KeyShape::may(
            "automations",
            Ty::List(&Ty::Map(&AUTOMATION)),
            "what Lever does by itself, so that `validate` finds loops through it; leverd does nothing of it",
        ),
    ],
};

pub(super) static AUTOMATION: Shape = Shape {
    what: "an automation",
    keys: &[
        KeyShape::must("when", Ty::Map(&SPOT), "what sets it off: a stage is entered, or a tag is put on a candidate"),
        KeyShape::must("then", Ty::Map(&SPOT), "what Lever does then: it moves to a stage, or puts a tag"),
    ],
};

pub(super) static SPOT: Shape = Shape {
    what: "a stage or a tag",
    keys: &[
        KeyShape::may(
            "stage",
            Ty::Of(Names::Thing(crate::model::Kind::Stage)),
            "name or id of the stage; either this or `tag`",
        ),
        KeyShape::may("tag", Ty::Of(Names::Tag), "the tag"),
    ],
};

pub(super) const LEVER_HOSTS: [&str; 3] = ["production", "sandbox", "eu"];

pub(super) static LEVER: Shape = Shape {
    what: "a Lever connection",
    keys: &[
        KeyShape::may(
            "base_url",
            Ty::Either(&[Ty::OneOf(&LEVER_HOSTS), Ty::Url]),
            "`production` (unless given), `sandbox`, `eu` or the URL of a Lever API",
        ),
        KeyShape::may("api_key", Ty::Map(&SECRET), "Lever's API key; either this or `oauth`"),
        KeyShape::may("oauth", Ty::Map(&OAUTH), "the OAuth app through which a Super Admin of the account connects it"),
        KeyShape::may(
            "perform_as",
            Ty::Of(Names::Thing(crate::model::Kind::User)),
            "id or name of the Lever user in whose name leverd writes",
        ),
        KeyShape::may("webhooks", Ty::Map(&WEBHOOKS), "how Lever's webhooks are recognised"),
        KeyShape::may("poll", Ty::Map(&POLL), "look at what changed in Lever without being told; not unless given"),
    ],
};

pub(super) static OAUTH: Shape = Shape {
    what: "`oauth`",
    keys: &[
        KeyShape::must("client_id", Ty::Text, "the app's client id, as Lever gave it"),
        KeyShape::must("client_secret", Ty::Map(&SECRET), "the app's client secret"),
        KeyShape::may("auth_url", Ty::Url, "where `/authorize` and `/oauth/token` are; only for a `base_url` that is a URL"),
    ],
};

pub(super) static POLL: Shape =
    Shape { what: "`poll`", keys: &[KeyShape::must("every", Ty::Duration, "how often: `1m` to `1d`, usually `15m`")] };

pub(super) static WEBHOOKS: Shape = Shape {
    what: "`webhooks`",
    keys: &[
        KeyShape::may(
            "signing_tokens",
            Ty::List(&Ty::Map(&SECRET)),
            "Lever's signature tokens; several while one replaces another",
        ),
        KeyShape::may("unsigned", Ty::Bool, "also take webhooks without a signature, as hints only; `false` unless given"),
    ],
};

pub(super) static VENDOR: Shape = Shape {
    what: "a vendor connection",
    keys: &[
        KeyShape::may("base_url", Ty::Url, "another URL than the adapter's"),
        KeyShape::may(
            "secrets",
            Ty::By(Names::Secret, &Ty::Map(&SECRET)),
            "the secrets that the adapter asks for, by its names",
        ),
        KeyShape::may("path_token", Ty::Map(&SECRET), "the secret last part of the URL that the vendor's webhooks are sent to"),
    ],
};

pub(super) const MODES: [&str; 3] = ["off", "shadow", "live"];

pub(super) static PACK: Shape = Shape {
    what: "a pack",
    keys: &[
        KeyShape::may("pack", Ty::Of(Names::Pack), "name of a built-in pack"),
        KeyShape::may("path", Ty::Text, "folder of a pack of your own; relative to this file"),
        KeyShape::must("mode", Ty::OneOf(&MODES), "`off`, `shadow` (plans and records, sends nothing) or `live`"),
        KeyShape::may("settings", Ty::By(Names::Setting, &Ty::Any), "the pack's settings, by name"),
    ],
};

pub(super) static OVERRIDES: Shape = Shape {
    what: "a setting with overrides",
    keys: &[
        KeyShape::may("default", Ty::Any, "the value where no override fits"),
        KeyShape::may("per_stage", Ty::Named(&Ty::Any), "values by stage name or id"),
        KeyShape::may("per_assessment", Ty::Named(&Ty::Any), "values by title or id of the test"),
        KeyShape::may("per_posting", Ty::Named(&Ty::Any), "values by posting title or id"),
    ],
};

pub(super) static STORE: Shape = Shape {
    what: "`store`",
    keys: &[
        KeyShape::may("sqlite", Ty::Text, "path of the SQLite file; relative to this file"),
        KeyShape::may(
            "postgres",
            Ty::Text,
            "URL of a PostgreSQL database, `postgres://user@host/database`; instead of `sqlite`",
        ),
        KeyShape::may("password", Ty::Map(&SECRET), "the password of the database's user"),
    ],
};

pub(super) static SERVER: Shape = Shape {
    what: "`server`",
    keys: &[
        KeyShape::may("listen", Ty::Text, "address and port, `127.0.0.1:8321` unless given"),
        KeyShape::may("public_url", Ty::Url, "the URL under which Lever and the vendors reach this server"),
        KeyShape::may(
            "encryption_keys",
            Ty::List(&Ty::Map(&SECRET)),
            "keys for the tokens in the store, 32 bytes each as hex or base64: the first one encrypts, all of them decrypt",
        ),
        KeyShape::may("console", Ty::Map(&CONSOLE), "who may use the console, in a browser under `/console`"),
        KeyShape::may("api", Ty::Map(&API), "which programs may use the API under `/api/v1`; it is off unless given"),
    ],
};

pub(super) static API: Shape = Shape {
    what: "`api`",
    keys: &[KeyShape::must("tokens", Ty::Named(&Ty::Map(&TOKEN)), "bearer tokens, by the name of the program that has it")],
};

pub(super) static TOKEN: Shape = Shape {
    what: "a token of the API",
    keys: &[
        KeyShape::must("token", Ty::Map(&SECRET), "the token, 24 characters at least; `openssl rand -hex 32` makes one"),
        KeyShape::may("role", Ty::OneOf(&ROLES), "`viewer` (unless given) reads, `operator` also acts"),
    ],
};

pub(super) static CONSOLE: Shape = Shape {
    what: "`console`",
    keys: &[
        KeyShape::may(
            "enabled",
            Ty::Bool,
            "whether there is a console; unless given, there is where somebody can log in, or where only this machine reaches leverd",
        ),
        KeyShape::may("users", Ty::Named(&Ty::Map(&USER)), "who logs in with a password, by name"),
        KeyShape::may("proxy", Ty::Map(&PROXY), "a reverse proxy in front of leverd that says who a person is"),
        KeyShape::may("oidc", Ty::Map(&OIDC), "an OpenID Connect provider at which people log in"),
    ],
};

pub(super) static OIDC: Shape = Shape {
    what: "an OpenID Connect provider",
    keys: &[
        KeyShape::must("issuer", Ty::Url, "as the provider names itself: `https://login.example.com/realms/hr`"),
        KeyShape::must("client_id", Ty::Text, "leverd's name there; its redirect address is `PUBLIC_URL/console/oidc`"),
        KeyShape::must("client_secret", Ty::Map(&SECRET), "the secret that the provider gave leverd"),
        KeyShape::may("claim", Ty::Text, "the claim that names people; `email` unless given"),
        KeyShape::may("viewers", Ty::List(&Ty::Text), "who may look: names, or `*@example.com` for everybody of a domain"),
        KeyShape::may("operators", Ty::List(&Ty::Text), "who may act, too"),
    ],
};

pub(super) const ROLES: [&str; 2] = ["viewer", "operator"];

pub(super) static USER: Shape = Shape {
    what: "a user of the console",
    keys: &[
        KeyShape::must("password_hash", Ty::Map(&SECRET), "the hash of the password; `leverd console --hash` makes it"),
        KeyShape::may("role", Ty::OneOf(&ROLES), "`viewer` (unless given) looks, `operator` also acts"),
    ],
};

pub(super) static PROXY: Shape = Shape {
    what: "a proxy that says who a person is",
    keys: &[
        KeyShape::must("header", Ty::Text, "the request header that holds the person's name"),
        KeyShape::must(
            "from",
            Ty::List(&Ty::Text),
            "addresses or networks of the proxy: from nobody else is the header believed",
        ),
        KeyShape::may("operators", Ty::List(&Ty::Text), "names of those who also act; all others that come through look"),
    ],
};

pub(super) static NOTICES: Shape = Shape {
    what: "`notices`",
    keys: &[KeyShape::must(
        "url",
        Ty::Either(&[Ty::Url, Ty::Map(&SECRET)]),
        "each notice is POSTed here as JSON; a reference if the URL is a secret",
    )],
};

pub(super) static RETENTION: Shape = Shape {
    what: "`retention`",
    keys: &[
        KeyShape::may("deliveries", Ty::Duration, "bodies of requests received; `30d` unless given"),
        KeyShape::may("runs", Ty::Duration, "plans, facts and attempts; `400d` unless given"),
    ],
};

pub(super) static TRACES: Shape = Shape {
    what: "`traces`",
    keys: &[
        KeyShape::must(
            "otlp",
            Ty::Url,
            "the address of an OpenTelemetry collector that takes OTLP over HTTP, without `/v1/traces`",
        ),
        KeyShape::may("headers", Ty::Named(&Ty::Map(&SECRET)), "headers that it wants, such as its credentials"),
    ],
};

pub(super) const LEVELS: [&str; 5] = ["error", "warn", "info", "debug", "trace"];
pub(super) const FORMATS: [&str; 2] = ["human", "json"];

pub(super) static LOG: Shape = Shape {
    what: "`log`",
    keys: &[
        KeyShape::may("level", Ty::OneOf(&LEVELS), "`info` unless given"),
        KeyShape::may("format", Ty::OneOf(&FORMATS), "`human` unless given"),
    ],
};
