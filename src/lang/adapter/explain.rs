//! Every code that the checks of `vendor.yaml` use besides those of every file: what it means, a file that has the fault, one without.

/// `(code, text, bad, good)`.
pub const ENTRIES: &[crate::lang::explain::Entry] = &[
    (
        "unknown-secret",
        "A request names a secret that `secrets:` does not declare. Whoever connects the vendor is asked for the declared ones only.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { request: { post: /invite, headers: { X-Key: \"{{secret.key}}\" } } } }\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { request: { post: /invite, headers: { X-Key: \"{{secret.api_key}}\" } } } }\n",
    ),
    (
        "unknown-name",
        "A request reads a name that nobody gives it. Known are names of the opportunity, the candidate and the posting, `test.*`, `assessment.*`, `ids.*` (what `take` of an operation names), `with.*`, captures of earlier steps, `callback_url`, `retry`, `refresh` and `now`.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { request: { post: /invite, json: { email: \"{{candidate.emial}}\" } } } }\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { request: { post: /invite, json: { email: \"{{candidate.email}}\" } } } }\n",
    ),
    (
        "unknown-operation",
        "`read`, `try`, `lookup`, reports and samples name operations of this file.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result, reprot], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\n",
    ),
    (
        "unknown-event",
        "An adapter speaks of the steps of an assessment's life by their names in leverd; the vendor's own names stand in `on`.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { finished: {} }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { finished: {} } }]\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\n",
    ),
    (
        "report-url",
        "A report is a file: either the operation's last answer is the file itself, then nothing is taken of that answer; or a capture of the operation holds the file's URL, and `url` names it.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations:\n  invite: { request: { post: /invite }, take: { attempt_id: $.id } }\n  result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { pdf: $.pdf_url } }\nreports: { pdf: { operation: result, url: pfd } }\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations:\n  invite: { request: { post: /invite }, take: { attempt_id: $.id } }\n  result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { pdf: $.pdf_url } }\nreports: { pdf: { operation: result, url: pdf } }\n",
    ),
    (
        "report-writes",
        "A report is asked for until it is ready, so the operation that leads to it must change nothing, or say that a repetition changes nothing more.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations:\n  invite: { request: { post: /invite }, take: { attempt_id: $.id } }\n  make: { request: { post: \"/reports/{{ids.attempt_id}}\" } }\nreports: { pdf: { operation: make } }\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations:\n  invite: { request: { post: /invite }, take: { attempt_id: $.id } }\n  make: { request: { post: \"/reports/{{ids.attempt_id}}\" }, on_unknown: repeat }\nreports: { pdf: { operation: make } }\n",
    ),
    (
        "undeclared-event",
        "Every event that the webhook emits is declared under `events` with its fields: rules are checked against that.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { started: {} } }]\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\n",
    ),
    (
        "missing-field",
        "An event is emitted without a field that it declares as always there. A rule may read it without asking, so it must be given, or be `optional`.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: {} } }]\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\n",
    ),
    (
        "unknown-field",
        "An event is emitted with a field that it does not declare.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: {} }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\n",
    ),
    (
        "unknown-capture",
        "A mapping names a capture that is neither taken of the body nor read back here.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: { percent: report.percent } } }]\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\n",
    ),
    (
        "unconfirmed-event",
        "Nothing proves what an unsigned webhook says: whoever knows its URL could post a score. Such a delivery is a hint. What it says is read back from the vendor's API, `when` compares with what was read, and fields come from there. A signature over the body (`verify`) proves it, a signature over something else does not.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, emit: { scored: { percent: body.percent } } }]\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\n",
    ),
    (
        "read-that-writes",
        "Reading back must change nothing at the vendor; it may happen many times.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { started: {} }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [invite], when: { invite.attempt_id: x }, emit: { started: {} } }]\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\n",
    ),
    (
        "unknown-type",
        "Types of `events` and `with` are text, int, number, bool, date, url, tag, duration, each also as `optional TYPE` or `[TYPE]`, and `{ one_of: [..] }`.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: nubmer } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\n",
    ),
    (
        "unknown-id",
        "The attempt is found by ids that the ledger knows: those that `take` of an operation names, and `email`.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ session: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\n",
    ),
    (
        "no-owner",
        "A notification must say whose it is: by an id, or by an e-mail address and a test.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ test: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\n",
    ),
    (
        "unknown-host",
        "Requests go to the host of `base_url` and to declared `hosts` only, so that no answer can send credentials elsewhere.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { request: { post: https://elsewhere.example.org/invite } } }\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { request: { post: /invite, json: { email: \"{{candidate.email}}\" } } } }\n",
    ),
    (
        "bad-path",
        "A request goes to a path below `base_url`, which begins with `/`, or to a URL.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { request: { post: invite } } }\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { request: { post: /invite, json: { email: \"{{candidate.email}}\" } } } }\n",
    ),
    (
        "query-in-path",
        "The query stands under `query`, where its values are encoded.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { request: { get: \"/invite?id={{test.id}}\" } } }\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { request: { get: /invite, query: { id: \"{{test.id}}\" } } } }\n",
    ),
    (
        "secret-in-path",
        "Paths are logged; secrets travel in headers, the query or the body.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { request: { post: \"/{{secret.api_key}}/invite\" } } }\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { request: { post: /invite, json: { email: \"{{candidate.email}}\" } } } }\n",
    ),
    (
        "graphql-text",
        "A GraphQL document is sent as it is; values go into `variables`, where they cannot change its meaning.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { request: { post: /graphql, graphql: { query: \"mutation { invite(email: {{candidate.email}}) }\" } } } }\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { request: { post: /graphql, graphql: { query: \"mutation($e: String) { invite(email: $e) }\", variables: { e: \"{{candidate.email}}\" } } } } }\n",
    ),
    (
        "vendor-text",
        "In a vendor file `{{…}}` holds exactly one name: helpers, blocks and JSONPath are not for requests.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { request: { post: /invite, json: { email: \"{{#if candidate.email}}\" } } } }\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { request: { post: /invite, json: { email: \"{{candidate.email}}\" } } } }\n",
    ),
    (
        "vendor-condition",
        "A condition compares places with single values, `in`, `not`, `exists`, `gt`, `gte`, `lt` or `lte`.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { request: { post: /invite }, ok: { $.state: [ok, done] } } }\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { request: { post: /invite }, ok: { $.state: { in: [ok, done] } } } }\n",
    ),
    (
        "constant-message",
        "A signature over the same text every time proves nothing about a delivery.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  verify: [{ hmac: { message: hello, key: \"{{secret.api_key}}\", header: X-Signature } }]\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  verify: [{ hmac: { message: body, key: \"{{secret.api_key}}\", header: X-Signature } }]\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\n",
    ),
    (
        "bad-address",
        "`verify: [{ address: [..] }]` lists addresses and networks that the vendor sends from; names of hosts would have to be looked up.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { started: {} }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state } } }\nwebhook:\n  verify: [{ address: [hooks.acme.example.com] }]\n  event: $.event\n  take: { id: $.id }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: started, read: [result], when: { result.state: started }, emit: { started: {} } }]\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { started: {} }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state } } }\nwebhook:\n  verify: [{ address: [203.0.113.0/24] }]\n  event: $.event\n  take: { id: $.id }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: started, read: [result], when: { result.state: started }, emit: { started: {} } }]\n",
    ),
    (
        "one-of",
        "Of several keys exactly one stands here: one method, one body, one kind of `auth`.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { request: { get: /a, post: /b } } }\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { request: { post: /invite, json: { email: \"{{candidate.email}}\" } } } }\n",
    ),
    (
        "misplaced-key",
        "The key is known, but not here.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { request: { post: /invite }, lookup: invite } }\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { request: { post: /invite, json: { email: \"{{candidate.email}}\" } } } }\n",
    ),
    (
        "name-taken",
        "The name of a step is taken by a group of names or by another step.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { steps: [{ name: candidate, request: { post: /people } }] } }\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\noperations: { invite: { steps: [{ name: person, request: { post: /people } }] } }\n",
    ),
    (
        "out-of-range",
        "The number is outside of what makes sense here.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nrate: { per_second: 0 }\noperations: { invite: { request: { post: /invite, json: { email: \"{{candidate.email}}\" } } } }\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nrate: { per_second: 10 }\noperations: { invite: { request: { post: /invite, json: { email: \"{{candidate.email}}\" } } } }\n",
    ),
    (
        "empty-error",
        "An error without `status` and `where` would fit every answer.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nerrors: [{ class: retry }]\noperations: { invite: { request: { post: /invite, json: { email: \"{{candidate.email}}\" } } } }\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nerrors: [{ status: [423], class: retry }]\noperations: { invite: { request: { post: /invite, json: { email: \"{{candidate.email}}\" } } } }\n",
    ),
    (
        "ignored-event",
        "An event name is mapped and ignored at once.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  ignore: [done]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\n",
    ),
    (
        "silent-event",
        "A declared event that nothing emits lets rules wait for ever.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number }, started: {} }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id, percent: $.percent | number }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\n",
    ),
];

#[cfg(test)]
mod tests {
    use super::ENTRIES;
    use crate::lang::diagnostic::Diagnostics;
    use crate::lang::source::Sources;

    fn codes(text: &str) -> Vec<&'static str> {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let id = sources.add_text("vendor.yaml", text);
        super::super::read(&mut sources, id, &mut found);
        found.iter().map(|found| found.code).collect()
    }

    #[test]
    fn every_bad_example_has_its_fault_and_no_good_one_has_any() {
        for (code, _, bad, good) in ENTRIES {
            assert!(codes(bad).contains(code), "{code}: {:?}\n{bad}", codes(bad));
            assert_eq!(codes(good), [""; 0], "{code}\n{good}");
        }
    }
}
