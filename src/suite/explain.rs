//! Codes of rule tests and of vendors' samples, for `leverd explain`.

use crate::lang::explain::Entry;

/// `(code, text, bad, good)`.
pub const ENTRIES: &[Entry] = &[
    (
        "duplicate-test",
        "Two tests of one file have the same name: reports tell them apart by it.",
        "given: { stages: [New lead, Interview], settings: { stage: Interview } }\ntests:\n  - name: entering the stage asks for a look\n    steps:\n      - event: candidateStageChange\n        with: { to_stage: Interview }\n        expect: [{ add_note: Please look }]\n  - name: entering the stage asks for a look\n    steps:\n      - event: candidateStageChange\n        with: { to_stage: Interview }\n        expect: [{ add_note: Please look }]\n",
        "given: { stages: [New lead, Interview], settings: { stage: Interview } }\ntests:\n  - name: entering the stage asks for a look\n    steps:\n      - event: candidateStageChange\n        with: { to_stage: Interview }\n        expect: [{ add_note: Please look }]\n",
    ),
    (
        "two-things",
        "A step is one thing that happens: an event, or time that passes.",
        "given: { stages: [New lead, Interview], settings: { stage: Interview } }\ntests:\n  - name: entering the stage asks for a look\n    steps:\n      - event: candidateStageChange\n        with: { to_stage: Interview }\n        wait: 1d\n        expect: [{ add_note: Please look }]\n",
        "given: { stages: [New lead, Interview], settings: { stage: Interview } }\ntests:\n  - name: entering the stage asks for a look\n    steps:\n      - event: candidateStageChange\n        with: { to_stage: Interview }\n        expect: [{ add_note: Please look }]\n",
    ),
    (
        "no-event",
        "`with` is what an event says, and the step has no event.",
        "given: { stages: [New lead, Interview], settings: { stage: Interview } }\ntests:\n  - name: entering the stage asks for a look\n    steps:\n      - with: { to_stage: Interview }\n        expect: [{ add_note: Please look }]\n",
        "given: { stages: [New lead, Interview], settings: { stage: Interview } }\ntests:\n  - name: entering the stage asks for a look\n    steps:\n      - event: candidateStageChange\n        with: { to_stage: Interview }\n        expect: [{ add_note: Please look }]\n",
    ),
    (
        "unknown-rule",
        "A test expects a reason of a rule that the pack does not have.",
        "given: { stages: [New lead, Interview], settings: { stage: Interview } }\ntests:\n  - name: another stage asks for nothing\n    steps:\n      - event: candidateStageChange\n        with: { to_stage: New lead }\n        expect: nothing\n        because: { noet: to_stage }\n",
        "given: { stages: [New lead, Interview], settings: { stage: Interview } }\ntests:\n  - name: another stage asks for nothing\n    steps:\n      - event: candidateStageChange\n        with: { to_stage: New lead }\n        expect: nothing\n        because: { note: to_stage }\n",
    ),
    (
        "sample-fails",
        "A sample that vendor.yaml declares does not become the events that it expects: the mapping or the sample is wrong. `validate` runs them all, so that this shows before a delivery comes.",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, ids: { attempt_id: body.id }, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\nsamples:\n  - { name: done, webhook: { event: done, id: a1 }, answers: { result: { state: done, score: 90 } }, expect: [{ scored: { percent: 80 } }] }\n",
        "vendor: acme\nbase_url: https://api.acme.example.com\nsecrets: { api_key: API key }\nauth: { bearer: \"{{secret.api_key}}\" }\nevents: { scored: { percent: number } }\noperations: { invite: { request: { post: /invite }, take: { attempt_id: $.id } }, result: { request: { get: \"/results/{{ids.attempt_id}}\" }, take: { state: $.state, percent: $.score | number } } }\nwebhook:\n  event: $.event\n  take: { id: $.id }\n  owner: [{ attempt_id: body.id }]\n  map: [{ on: done, ids: { attempt_id: body.id }, read: [result], when: { result.state: done }, emit: { scored: { percent: result.percent } } }]\nsamples:\n  - { name: done, webhook: { event: done, id: a1 }, answers: { result: { state: done, score: 90 } }, expect: [{ scored: { percent: 90 } }] }\n",
    ),
];
