//! The keys of `vendor.yaml`, once: reader, schema and grammar page go by these tables.

use crate::lang::shape::{KeyShape, Names, Shape, Ty};

pub(super) static ROOT: Shape = Shape {
    what: "`vendor.yaml`",
    keys: &[
        KeyShape::must("vendor", Ty::Text, "the vendor's name in rules and URLs: lower-case letters, digits, `-`, `_`"),
        KeyShape::may("title", Ty::Text, "the vendor's name for people"),
        KeyShape::must("base_url", Ty::Url, "where requests go; a connection may say otherwise"),
        KeyShape::may("hosts", Ty::List(&Ty::Text), "further hosts that absolute URLs of answers may name"),
        KeyShape::may(
            "secrets",
            Ty::Named(&Ty::Text),
            "what a connection must give, by name, each with a word of explanation; `optional …` may be left out",
        ),
        KeyShape::may("auth", Ty::Map(&AUTH), "how the vendor knows us: one of these"),
        KeyShape::may("rate", Ty::Map(&RATE), "the vendor's budget per credential"),
        KeyShape::may(
            "errors",
            Ty::List(&Ty::Map(&ERROR)),
            "what refusals mean where their status does not say it; the first that fits",
        ),
        KeyShape::may(
            "events",
            Ty::By(Names::Emitted, &Ty::Any),
            "the events that webhook and polls emit, each with its `result.*` fields: `NAME: TYPE`",
        ),
        KeyShape::must(
            "operations",
            Ty::Named(&Ty::Map(&OPERATION)),
            "what can be asked of the vendor: `catalogue`, `invite`, any other",
        ),
        KeyShape::may(
            "reports",
            Ty::Named(&Ty::Map(&REPORT)),
            "files that the vendor has on an attempt, by the names that `add_file` uses",
        ),
        KeyShape::may("webhook", Ty::Map(&WEBHOOK), "what the vendor sends"),
        KeyShape::may("poll", Ty::Named(&Ty::Map(&POLL)), "asking instead of being told: polls by name"),
        KeyShape::may("subscribe", Ty::Map(&SUBSCRIBE), "how our webhook is registered at the vendor"),
        KeyShape::may("setup", Ty::Text, "what a person has to do at the vendor; `connect` and `doctor` print it"),
        KeyShape::may("samples", Ty::List(&Ty::Map(&SAMPLE)), "webhooks as the vendor sends them, and what they become"),
    ],
};

pub(super) static AUTH: Shape = Shape {
    what: "`auth`",
    keys: &[
        KeyShape::may("header", Ty::Named(&Ty::Text), "headers of every request"),
        KeyShape::may("bearer", Ty::Text, "`Authorization: Bearer …`"),
        KeyShape::may("basic", Ty::Map(&BASIC), "HTTP Basic"),
        KeyShape::may("body", Ty::Named(&Ty::Text), "keys of the JSON or form body"),
        KeyShape::may("client_credentials", Ty::Map(&CLIENT), "OAuth 2 client credentials"),
        KeyShape::may("refresh_token", Ty::Map(&REFRESH), "OAuth 2 with a refresh token, which each use may replace"),
        KeyShape::may("token", Ty::Map(&TOKEN), "any other exchange of secrets for a token"),
        KeyShape::may("sign", Ty::Map(&SIGN), "a signature over parts of the request"),
    ],
};

pub(super) static BASIC: Shape = Shape {
    what: "`basic`",
    keys: &[
        KeyShape::must("user", Ty::Text, "the user"),
        KeyShape::may("password", Ty::Text, "the password; empty unless given"),
    ],
};

pub(super) const CLIENTS: [&str; 2] = ["body", "basic"];

pub(super) static CLIENT: Shape = Shape {
    what: "`client_credentials`",
    keys: &[
        KeyShape::must("url", Ty::Text, "the token endpoint: a path, or a URL of a declared host"),
        KeyShape::may("scope", Ty::Text, "the scopes to ask for"),
        KeyShape::may("client", Ty::OneOf(&CLIENTS), "where id and secret go: `body` (unless given) or `basic`"),
        KeyShape::must("id", Ty::Text, "the client's id"),
        KeyShape::must("secret", Ty::Text, "the client's secret"),
    ],
};

pub(super) static REFRESH: Shape = Shape {
    what: "`refresh_token`",
    keys: &[
        KeyShape::must("url", Ty::Text, "the token endpoint: a path, or a URL of a declared host"),
        KeyShape::must("token", Ty::Text, "the first refresh token: `\"{{secret.NAME}}\"`"),
        KeyShape::may("client", Ty::OneOf(&CLIENTS), "where id and secret go: `body` (unless given) or `basic`"),
        KeyShape::must("id", Ty::Text, "the client's id"),
        KeyShape::must("secret", Ty::Text, "the client's secret"),
    ],
};

pub(super) static TOKEN: Shape = Shape {
    what: "`token`",
    keys: &[
        KeyShape::must("request", Ty::Map(&REQUEST), "the request that is answered with a token"),
        KeyShape::must("take", Ty::Map(&TOKEN_TAKE), "where the token stands in the answer"),
        KeyShape::may("ttl", Ty::Duration, "how long a token lives when the answer does not say"),
        KeyShape::may("sliding", Ty::Bool, "whether each use prolongs its life; `false` unless given"),
        KeyShape::may("header", Ty::Named(&Ty::Text), "headers that carry it; `Authorization: Bearer {{token}}` unless given"),
    ],
};

pub(super) static TOKEN_TAKE: Shape = Shape {
    what: "`take` of a token",
    keys: &[
        KeyShape::must("token", Ty::Text, "JSONPath of the token"),
        KeyShape::may("expires_in", Ty::Text, "JSONPath of its life in seconds"),
    ],
};

pub(super) const ALGORITHMS: [&str; 3] = ["hmac-sha1", "hmac-sha256", "hmac-sha512"];
pub(super) const ENCODINGS: [&str; 2] = ["hex", "base64"];

pub(super) static SIGN: Shape = Shape {
    what: "`sign`",
    keys: &[
        KeyShape::must(
            "message",
            Ty::Text,
            "what is signed: `request.method`, `request.url`, `request.path`, `request.query`, `request.values`, `request.body`, `now.epoch_s` …",
        ),
        KeyShape::must("key", Ty::Text, "the key"),
        KeyShape::may("algorithm", Ty::OneOf(&ALGORITHMS), "`hmac-sha256` unless given"),
        KeyShape::may("encoding", Ty::OneOf(&ENCODINGS), "`hex` unless given"),
        KeyShape::may("header", Ty::Text, "the header that carries the signature"),
        KeyShape::may("query", Ty::Text, "or the query parameter"),
    ],
};

pub(super) static RATE: Shape = Shape {
    what: "`rate`",
    keys: &[
        KeyShape::may("per_second", Ty::Any, "requests a second"),
        KeyShape::may("per_minute", Ty::Any, "or a minute"),
        KeyShape::may("per_hour", Ty::Any, "or an hour"),
        KeyShape::may("per_day", Ty::Any, "or a day"),
        KeyShape::may("burst", Ty::Any, "how many at once; 1 unless given"),
    ],
};

pub(super) const CLASSES: [&str; 8] =
    ["credential", "retry", "already_invited", "bad_address", "gone", "refused", "out_of_credit", "not_ready"];

pub(super) static ERROR: Shape = Shape {
    what: "an error",
    keys: &[
        KeyShape::may("status", Ty::Any, "HTTP status, or a list of them; any unless given"),
        KeyShape::may("where", Ty::Any, "condition over JSONPaths of the body"),
        KeyShape::must("class", Ty::OneOf(&CLASSES), "what it means"),
        KeyShape::may("message", Ty::Text, "JSONPath of the vendor's own words"),
    ],
};

pub(super) static REQUEST: Shape = Shape {
    what: "a request",
    keys: &[
        KeyShape::may("get", Ty::Text, "path or URL to GET"),
        KeyShape::may("post", Ty::Text, "path or URL to POST to"),
        KeyShape::may("put", Ty::Text, "path or URL to PUT to"),
        KeyShape::may("patch", Ty::Text, "path or URL to PATCH"),
        KeyShape::may("delete", Ty::Text, "path or URL to DELETE"),
        KeyShape::may("query", Ty::Named(&Ty::Any), "query parameters; lists repeat the key"),
        KeyShape::may("headers", Ty::Named(&Ty::Text), "headers of this request"),
        KeyShape::may("json", Ty::Any, "JSON body"),
        KeyShape::may("form", Ty::Named(&Ty::Any), "form body; lists and maps are JSON inside their field"),
        KeyShape::may("graphql", Ty::Map(&GRAPHQL), "GraphQL body"),
        KeyShape::may("text", Ty::Text, "a bare text as body"),
        KeyShape::may("media_type", Ty::Text, "of `text`; `text/plain` unless given"),
    ],
};

pub(super) static GRAPHQL: Shape = Shape {
    what: "`graphql`",
    keys: &[
        KeyShape::must("query", Ty::Text, "the document; no `{{…}}` in it"),
        KeyShape::may("variables", Ty::Named(&Ty::Any), "its variables"),
    ],
};

pub(super) const ON_UNKNOWN: [&str; 3] = ["repeat", "lookup", "park"];

pub(super) static OPERATION: Shape = Shape {
    what: "an operation",
    keys: &[
        KeyShape::may("request", Ty::Map(&REQUEST), "the one request it makes"),
        KeyShape::may("steps", Ty::List(&Ty::Map(&STEP)), "or several; later ones read what earlier ones took"),
        KeyShape::may("with", Ty::Named(&Ty::Any), "what the rule's `with` may give: `NAME: TYPE`"),
        KeyShape::may(
            "emits",
            Ty::Of(Names::Emitted),
            "what its success means for the attempt, if a rule calls it: `reminded`, `cancelled`, `expired` …",
        ),
        KeyShape::may(
            "on_unknown",
            Ty::OneOf(&ON_UNKNOWN),
            "after an unknown outcome: send again, look up, or ask a person (`park`, unless given)",
        ),
        KeyShape::may("lookup", Ty::Of(Names::Operation), "the operation that tells whether it happened"),
        KeyShape::may("ok", Ty::Any, "condition over JSONPaths: what success looks like"),
        KeyShape::may("take", Ty::Named(&Ty::Text), "what is taken of the answer: `NAME: JSONPATH`"),
        KeyShape::may("each", Ty::Text, "JSONPath of the items of a list"),
        KeyShape::may("keep", Ty::Any, "condition over JSONPaths of an item: which ones count"),
        KeyShape::may("pages", Ty::Map(&PAGES), "how pages follow each other"),
    ],
};

pub(super) static STEP: Shape = Shape {
    what: "a step",
    keys: &[
        KeyShape::must("name", Ty::Text, "its name: later steps read `NAME.capture`"),
        KeyShape::must("request", Ty::Map(&REQUEST), "its request"),
        KeyShape::may("ok", Ty::Any, "what success looks like"),
        KeyShape::may("take", Ty::Named(&Ty::Text), "what is taken of the answer"),
    ],
};

pub(super) const FILE_TYPES: [&str; 6] = ["pdf", "png", "jpg", "docx", "doc", "txt"];

pub(super) static REPORT: Shape = Shape {
    what: "a report",
    keys: &[
        KeyShape::must(
            "operation",
            Ty::Of(Names::Operation),
            "the operation that leads to it; its last answer is the file, unless `url` is given",
        ),
        KeyShape::may("url", Ty::Text, "the capture of the operation that holds the file's URL"),
        KeyShape::may("type", Ty::OneOf(&FILE_TYPES), "what the content must be; `pdf` unless given"),
    ],
};

pub(super) const PAGINGS: [&str; 4] = ["page", "offset", "next", "cursor"];

pub(super) static PAGES: Shape = Shape {
    what: "`pages`",
    keys: &[
        KeyShape::must("by", Ty::OneOf(&PAGINGS), "what names the next page"),
        KeyShape::may("last", Ty::Map(&LAST), "by page: where the number of this page and of the last one stand"),
        KeyShape::may("more", Ty::Text, "by page or cursor: JSONPath of `true` while there is more"),
        KeyShape::may("limit", Ty::Any, "by offset: items a page"),
        KeyShape::may("total", Ty::Text, "by offset: JSONPath of the number of all items"),
        KeyShape::may("url", Ty::Text, "by next: JSONPath of the next page's URL"),
        KeyShape::may("cursor", Ty::Text, "by cursor: JSONPath of it"),
    ],
};

pub(super) static LAST: Shape = Shape {
    what: "`last`",
    keys: &[
        KeyShape::must("current", Ty::Text, "JSONPath of the number of this page"),
        KeyShape::must("total", Ty::Text, "JSONPath of the number of pages"),
    ],
};

pub(super) const SCOPES: [&str; 2] = ["connection", "invitation"];

pub(super) static WEBHOOK: Shape = Shape {
    what: "`webhook`",
    keys: &[
        KeyShape::may(
            "path",
            Ty::OneOf(&SCOPES),
            "whose secret token stands in the URL: the connection's (unless given) or the invitation's",
        ),
        KeyShape::may(
            "verify",
            Ty::List(&Ty::Map(&VERIFY)),
            "how a delivery is believed, besides the token in the URL; all must hold",
        ),
        KeyShape::may(
            "handshake",
            Ty::Either(&[Ty::OneOf(&["empty"]), Ty::Map(&HANDSHAKE)]),
            "a delivery that only asks whether we listen",
        ),
        KeyShape::may("reply", Ty::Any, "the status that the vendor takes as success; 200 unless given"),
        KeyShape::may("each", Ty::Text, "JSONPath of the notifications, if a body holds several"),
        KeyShape::may("event", Ty::Text, "JSONPath of the event's name"),
        KeyShape::may("take", Ty::Named(&Ty::Text), "what is taken of the body: read as `body.NAME`"),
        KeyShape::may(
            "dedupe",
            Ty::List(&Ty::Text),
            "what makes two deliveries the same one: `event`, `body.NAME`, `header.NAME`; the whole body unless given",
        ),
        KeyShape::may(
            "owner",
            Ty::List(&Ty::Named(&Ty::Text)),
            "how the attempt is found, in order: ids of our ledger, and `test`; with `path: invitation` the URL says it",
        ),
        KeyShape::may("ignore", Ty::List(&Ty::Text), "event names that mean nothing here"),
        KeyShape::must("map", Ty::List(&Ty::Map(&MAPPING)), "what notifications mean"),
    ],
};

pub(super) static VERIFY: Shape = Shape {
    what: "a check of `verify`",
    keys: &[
        KeyShape::may("header", Ty::Named(&Ty::Text), "headers that must have these values"),
        KeyShape::may("hmac", Ty::Map(&HMAC), "a signature"),
        KeyShape::may("basic", Ty::Map(&BASIC), "HTTP Basic"),
        KeyShape::may("standard", Ty::Map(&STANDARD), "Standard Webhooks"),
        KeyShape::may("jwt", Ty::Map(&JWT), "a JWT (HS256) as bearer"),
        KeyShape::may("address", Ty::List(&Ty::Text), "addresses and networks that it may come from: `203.0.113.0/24`"),
    ],
};

pub(super) static HMAC: Shape = Shape {
    what: "`hmac`",
    keys: &[
        KeyShape::must(
            "message",
            Ty::Text,
            "what is signed: `body`, or a text of `{{body}}`, `{{url}}`, `{{event}}`, `{{body.NAME}}`, `{{header.NAME}}`, `{{signature.NAME}}`",
        ),
        KeyShape::must("key", Ty::Either(&[Ty::Text, Ty::List(&Ty::Text)]), "the key, or several while one replaces another"),
        KeyShape::must("header", Ty::Text, "the header that carries the signature"),
        KeyShape::may("algorithm", Ty::OneOf(&ALGORITHMS), "`hmac-sha256` unless given"),
        KeyShape::may("encoding", Ty::OneOf(&ENCODINGS), "`hex` unless given"),
        KeyShape::may("field", Ty::Text, "the header is `k=v,k=v`: the signature is this field"),
        KeyShape::may("prefix", Ty::Text, "what stands before it, such as `sha256=`"),
        KeyShape::may("time", Ty::Text, "where the time of sending stands: `header.NAME`, `signature.NAME`, `body.NAME`"),
        KeyShape::may("tolerance", Ty::Duration, "how far that time may be from now; 5m unless given"),
    ],
};

pub(super) static STANDARD: Shape = Shape {
    what: "`standard`",
    keys: &[
        KeyShape::must(
            "secret",
            Ty::Either(&[Ty::Text, Ty::List(&Ty::Text)]),
            "the `whsec_…` secret or `whpk_…` public key, or several",
        ),
        KeyShape::may("tolerance", Ty::Duration, "how old a delivery may be; 5m unless given"),
    ],
};

pub(super) static JWT: Shape = Shape {
    what: "`jwt`",
    keys: &[
        KeyShape::must("key", Ty::Either(&[Ty::Text, Ty::List(&Ty::Text)]), "the key, or several"),
        KeyShape::may("issuer", Ty::Text, "the `iss` that it must have"),
    ],
};

pub(super) static HANDSHAKE: Shape = Shape {
    what: "`handshake`",
    keys: &[
        KeyShape::must("when", Ty::Any, "condition over JSONPaths of the body"),
        KeyShape::may("reply", Ty::Text, "JSONPath of what is sent back"),
    ],
};

pub(super) static MAPPING: Shape = Shape {
    what: "a mapping",
    keys: &[
        KeyShape::may("on", Ty::Either(&[Ty::Text, Ty::List(&Ty::Text)]), "event names; every one unless given"),
        KeyShape::may(
            "ids",
            Ty::Named(&Ty::Text),
            "ids that the reads get from the body, over those of our ledger: `attempt_id: body.NAME`",
        ),
        KeyShape::may("read", Ty::List(&Ty::Of(Names::Operation)), "operations that are read back first"),
        KeyShape::may("try", Ty::List(&Ty::Of(Names::Operation)), "operations that are read too, and may be refused"),
        KeyShape::may("when", Ty::Any, "condition over `body.NAME` and `OPERATION.NAME`"),
        KeyShape::must("emit", Ty::By(Names::Emitted, &Ty::Any), "the events it becomes, each with its fields and `at`"),
    ],
};

pub(super) const UNTIL: [&str; 5] = ["started", "submitted", "scored", "reviewed", "decided"];

pub(super) static POLL: Shape = Shape {
    what: "a poll",
    keys: &[
        KeyShape::must("every", Ty::Duration, "how often; about single attempts, the first pause, which doubles"),
        KeyShape::may("slowest", Ty::Duration, "about single attempts: the longest pause; 6h unless given"),
        KeyShape::may("stop_after", Ty::Duration, "attempts requested longer ago are not asked about; 90d unless given"),
        KeyShape::may("until", Ty::OneOf(&UNTIL), "attempts that came so far are not asked about; `scored` unless given"),
        KeyShape::may(
            "list",
            Ty::Of(Names::Operation),
            "the operation that lists what happened; without it, each attempt is asked about",
        ),
        KeyShape::may("for", Ty::Named(&Ty::List(&Ty::Text)), "a list is asked for with each of these values: `$for.NAME`"),
        KeyShape::may("window", Ty::Map(&WINDOW), "a list is asked for since the last time: `$window.from`, `$window.to`"),
        KeyShape::may("owner", Ty::List(&Ty::Named(&Ty::Text)), "how the attempt of an item is found, in order"),
        KeyShape::may(
            "map",
            Ty::List(&Ty::Map(&ANSWER)),
            "what answers mean; the webhook's mappings that say nothing of the body, unless given",
        ),
    ],
};

pub(super) static WINDOW: Shape = Shape {
    what: "`window`",
    keys: &[
        KeyShape::may("overlap", Ty::Duration, "how much of the last window is asked for again; 10m unless given"),
        KeyShape::may("first", Ty::Duration, "how far the first window reaches back; 1d unless given"),
    ],
};

pub(super) static ANSWER: Shape = Shape {
    what: "a mapping of a poll",
    keys: &[
        KeyShape::may(
            "ids",
            Ty::Named(&Ty::Text),
            "ids that the reads get from the item, over those of our ledger: `attempt_id: OPERATION.NAME`",
        ),
        KeyShape::may("read", Ty::List(&Ty::Of(Names::Operation)), "operations that are asked about the attempt"),
        KeyShape::may("try", Ty::List(&Ty::Of(Names::Operation)), "operations that are asked too, and may be refused"),
        KeyShape::may("when", Ty::Any, "condition over `OPERATION.NAME`"),
        KeyShape::must("emit", Ty::By(Names::Emitted, &Ty::Any), "the events it becomes, each with its fields and `at`"),
    ],
};

pub(super) static SUBSCRIBE: Shape = Shape {
    what: "`subscribe`",
    keys: &[
        KeyShape::must("list", Ty::Of(Names::Operation), "the operation that lists what is registered; it takes `url`"),
        KeyShape::must("create", Ty::Of(Names::Operation), "the operation that registers `callback_url`"),
    ],
};

pub(super) static SAMPLE: Shape = Shape {
    what: "a sample",
    keys: &[
        KeyShape::may("name", Ty::Text, "for messages"),
        KeyShape::may("webhook", Ty::Any, "the body as the vendor sends it"),
        KeyShape::may("poll", Ty::Text, "or the poll that is asked"),
        KeyShape::may("answers", Ty::Named(&Ty::Any), "the answers of the operations that are asked, as JSON"),
        KeyShape::must("expect", Ty::List(&Ty::Any), "the events it becomes, in order: `NAME` or `NAME: { FIELD: VALUE }`"),
    ],
};
