//! Codes of rule files, with examples. What only shows with an account, or with bytes that are no text, has none.

use crate::lang::explain::Entry;

/// `(code, text, bad, good)`.
pub const ENTRIES: &[Entry] = &[
    (
        "syntax",
        "The text is not YAML as leverd reads it. Quotes around the value mend most cases: texts with `: `, ` #`, or with one of `{ [ & * ! | > @ %` at their start need them.",
        "rules:\n  - name: a\n    trigger: applicationCreated\n    do: [{ add_note: @ada please look }]\n",
        "rules:\n  - name: a\n    trigger: applicationCreated\n    do: [{ add_note: \"@ada please look\" }]\n",
    ),
    (
        "unquoted-template",
        "A text that starts with `{{` must stand in quotes, since YAML reads an unquoted `{` as the start of a map.",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    do:\n      - add_tag: {{assessment.title}}\n",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    do:\n      - add_tag: \"{{assessment.title}}\"\n",
    ),
    (
        "tab",
        "YAML does not allow tabs for indentation.",
        "rules:\n\t- name: a\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    (
        "duplicate-key",
        "A key stands twice in one map. YAML tools disagree on which one counts, so leverd takes neither silently.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    trigger: candidateHired\n    do: [{ add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    (
        "key-not-text",
        "Keys of maps are texts.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n? [b]\n: c\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    (
        "many-documents",
        "A file holds one document: no `---` in the middle.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n---\nrules: []\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    (
        "directive",
        "YAML directives (`%YAML`) are not needed and not read.",
        "%YAML 1.2\n---\nrules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    (
        "anchor",
        "Anchors (`&name`) are not part of rule files: what stands in two places is written in two places, or becomes a setting.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: &t x }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    (
        "alias",
        "Aliases (`*name`) are not part of rule files: what stands in two places is written in two places, or becomes a setting.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: *t }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    (
        "merge-key",
        "Merge keys (`<<`) are not part of rule files.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    <<: { do: [] }\n    do: [{ add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    (
        "yaml-tag",
        "YAML type tags such as `!!int` are not needed: each value is read by the type of its field.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: !!int 7 }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: 7 }]\n",
    ),
    (
        "too-deep",
        "The file is nested more deeply than any rule needs.",
        "rules: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    (
        "unknown-key",
        "A key that leverd does not know. Keys are never ignored: a misspelt `when` would make a rule fire always.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    wehn: { to_stage: Offer }\n    do: [{ add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    when: { to_stage: Offer }\n    do: [{ add_tag: x }]\n",
    ),
    (
        "missing-key",
        "Something that must be given is not.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    (
        "wrong-type",
        "A value has another type than its field. Scalars are read from their text by the type of the field: `no` is a text where a text is wanted, and a fault where `true` or `false` is.",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    when: { result.percent: { gte: high } }\n    do: [{ add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    when: { result.percent: { gte: 70 } }\n    do: [{ add_tag: x }]\n",
    ),
    (
        "unknown-value",
        "The value is not one of those that may stand here.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    accept: [archivd]\n    do: [{ add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    accept: [archived]\n    do: [{ add_tag: x }]\n",
    ),
    (
        "unknown-name",
        "Nothing of this name is known where it stands. What a rule may read depends on its triggers: with several triggers, on what all of them know.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_note: \"{{assessment.title}}\" }]\n",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    do: [{ add_note: \"{{assessment.title}}\" }]\n",
    ),
    (
        "maybe-absent",
        "The value may be absent, and nothing says what shall happen then. In texts `{{#if}}` or `default` do, elsewhere a condition that it exists.",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    do: [{ add_note: \"{{result.report_url}}\" }]\n",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    when: { result.report_url: { exists: true } }\n    do: [{ add_note: \"{{result.report_url}}\" }]\n",
    ),
    (
        "never-absent",
        "The value is always there, so asking for it, or giving a default, changes nothing.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    when: { opportunity.stage: { exists: true } }\n    do: [{ add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    (
        "not-absent",
        "An absent value equals nothing, so `not` is true of it. If that is not meant, say that the value exists.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    when: { posting.team: { not: Sales } }\n    do: [{ add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    when: { posting.team: { not: Sales, exists: true } }\n    do: [{ add_tag: x }]\n",
    ),
    (
        "path-in-text",
        "Texts take values in double braces; `$` names a typed value.",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    do: [{ add_tag: $assessment.title }]\n",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    do: [{ add_tag: \"{{assessment.title}}\" }]\n",
    ),
    (
        "template-in-value",
        "Where a value with a type is wanted, `$` names it; double braces make texts.",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    when: { posting.title: \"{{assessment.title}}\" }\n    do: [{ add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    when: { posting.title: $assessment.title }\n    do: [{ add_tag: x }]\n",
    ),
    (
        "template-syntax",
        "The text between double braces is not well-formed.",
        "rules:\n  - name: a\n    trigger: applicationCreated\n    do: [{ add_note: \"{{#if candidate.name}}x\" }]\n",
        "rules:\n  - name: a\n    trigger: applicationCreated\n    do: [{ add_note: \"{{#if candidate.name}}x{{/if}}\" }]\n",
    ),
    (
        "template-refused",
        "Handlebars has this, the rule language has not: what cannot be checked before it runs is left out.",
        "rules:\n  - name: a\n    trigger: applicationCreated\n    do: [{ add_note: \"{{> part}}\" }]\n",
        "rules:\n  - name: a\n    trigger: applicationCreated\n    do: [{ add_note: \"part\" }]\n",
    ),
    (
        "pattern",
        "The pattern of tags is not well-formed, or reads too much. A hole is `{name}` or `{name:type}`.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ remove_tag: \"Score {n:numbr}\" }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ remove_tag: \"Score {n:number}\" }]\n",
    ),
    (
        "wrong-matcher",
        "The comparison does not fit the field: one value is compared with `in`, a list with `contains` or `any_in`, and only numbers, dates and durations have an order.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    when: { opportunity.tags: Java }\n    do: [{ add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    when: { opportunity.tags: { contains: Java } }\n    do: [{ add_tag: x }]\n",
    ),
    (
        "unknown-matcher",
        "There is no comparison of this name.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    when: { to_stage: { equals: Offer } }\n    do: [{ add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    when: { to_stage: Offer }\n    do: [{ add_tag: x }]\n",
    ),
    (
        "unknown-trigger",
        "There is no event of this name.",
        "rules:\n  - name: a\n    trigger: candidateStageChanged\n    do: [{ add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    (
        "missing-trigger",
        "The rule listens to nothing.",
        "rules:\n  - name: a\n    trigger: []\n    do: [{ add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    (
        "never-emitted",
        "The vendor never tells of this event: its `vendor.yaml` does not emit it.",
        "rules:\n  - name: a\n    trigger: assessment.flagged\n    do: [{ add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    do: [{ add_tag: x }]\n",
    ),
    (
        "before-event",
        "A timer before an event would need to know the future. `before` counts from `assessment.expires_at`.",
        "rules:\n  - name: a\n    trigger: { before: 1d, of: assessment.invited }\n    do: [{ add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: { before: 1d, of: assessment.expires_at }\n    do: [{ add_tag: x }]\n",
    ),
    (
        "two-delays",
        "A timer counts `after` or `before`, not both.",
        "rules:\n  - name: a\n    trigger: { after: 1d, before: 1d, of: assessment.expires_at }\n    do: [{ add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: [{ after: 1d, of: assessment.expires_at }, { before: 1d, of: assessment.expires_at }]\n    do: [{ add_tag: x }]\n",
    ),
    (
        "no-vendor",
        "What is said needs a vendor, and the `vendor.yaml` beside the rules is missing or is another vendor's.",
        "vendor: other\nrules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
        "vendor: example\nrules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    ("no-operation", "The verb needs an operation that `vendor.yaml` does not declare.", "", ""),
    (
        "unknown-report",
        "`add_file` attaches a report that the vendor's `vendor.yaml` declares under `reports`.",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    do: [{ add_file: { report: pfd, name: Report.pdf } }]\n",
        "rules:\n  - name: a\n    trigger: assessment.scored\n    do: [{ add_file: { report: pdf, name: Report.pdf } }]\n",
    ),
    (
        "unknown-verb",
        "There is no action of this name.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tga: x }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    (
        "missing-verb",
        "An action, or a list of actions, without anything to do.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: []\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    (
        "two-verbs",
        "One item of a list of actions has one verb; the next action begins with `- `.",
        "rules:\n  - name: a\n    trigger: applicationCreated\n    do: [{ add_tag: x, add_note: y }]\n",
        "rules:\n  - name: a\n    trigger: applicationCreated\n    do: [{ add_tag: x }, { add_note: y }]\n",
    ),
    (
        "same-effect",
        "The same action stands twice in one rule: leverd could not tell the two apart, and the second would change nothing.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }, { add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    (
        "no-opportunity",
        "The event leaves nothing to write to: the opportunity is gone, or the event is about a person.",
        "rules:\n  - name: a\n    trigger: candidateDeleted\n    do: [{ add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: candidateDeleted\n    do: [{ alert: gone }]\n",
    ),
    (
        "no-assessment",
        "The action is about an assessment, and under the trigger there is none.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ mark: expired }]\n",
        "rules:\n  - name: a\n    trigger: { after: 7d, of: assessment.invited }\n    do: [{ mark: expired }]\n",
    ),
    (
        "unknown-family",
        "No tag family of this name is declared under `tags`.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ clear_tag: state }]\n",
        "tags: { state: [A, B] }\nrules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ clear_tag: state }]\n",
    ),
    (
        "unknown-member",
        "The tag is no member of its family. All members are declared, so that the others can be removed when one is set.",
        "tags: { state: [A, B] }\nrules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ set_tag: { state: C } }]\n",
        "tags: { state: [A, B, C] }\nrules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ set_tag: { state: C } }]\n",
    ),
    (
        "unknown-type",
        "There is no type of this name.",
        "settings: { a: { type: string } }\nrules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
        "settings: { a: { type: text } }\nrules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    (
        "unknown-source",
        "Rows come from `catalogue`, `ledger` or a list named with `$`.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    for_each: { t: { in: opportunity.tags } }\n    do: [{ add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    for_each: { t: { in: $opportunity.tags } }\n    do: [{ add_tag: x }]\n",
    ),
    (
        "two-sources",
        "A source has `in` or `first_of`.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    for_each: { t: { in: catalogue, first_of: [{ in: catalogue }] } }\n    do: [{ add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    for_each: { t: { first_of: [{ in: catalogue }] } }\n    do: [{ add_tag: x }]\n",
    ),
    (
        "duplicate-name",
        "A name is given twice where it must tell things apart.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n  - name: a\n    trigger: candidateHired\n    do: [{ add_tag: y }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n  - name: b\n    trigger: candidateHired\n    do: [{ add_tag: y }]\n",
    ),
    (
        "not-a-name",
        "This cannot be a name. Names of settings, bands and variables are lower-case letters, digits and `_`, beginning with a letter.",
        "settings: { Level: { type: text, default: a } }\nrules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
        "settings: { level: { type: text, default: a } }\nrules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    (
        "name-taken",
        "The name means something else already. Settings, bands, variables and the names that leverd gives share one space, so that `$name` can mean one thing only.",
        "settings: { posting: { type: text, default: a } }\nrules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
        "settings: { post: { type: text, default: a } }\nrules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    (
        "unreachable-step",
        "A step of a band after one that fits always, or after steps that together take all that it takes.",
        "bands: { v: { of: result.percent, steps: [{ A: {} }, { B: { gte: 1 } }] } }\nrules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
        "bands: { v: { of: result.percent, steps: [{ B: { gte: 1 } }, { A: {} }] } }\nrules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    (
        "overlapping-steps",
        "Some values fit two steps of a band that say different things, and others fit each of them alone, as with `gte: 70` and `lte: 70`: the first would win, and nobody would know. Bounds that an account gives are looked at for every posting and stage with bounds of its own. A narrower step before a wider one, `gte: 90` before `gte: 70`, is an exception to it and no fault.",
        "bands: { v: { of: result.percent, steps: [{ Pass: { gte: 70 } }, { Fail: { lte: 70 } }] } }\nrules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
        "bands: { v: { of: result.percent, steps: [{ Pass: { gte: 70 } }, { Fail: { lt: 70 } }] } }\nrules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    (
        "missing-cell",
        "A row of a table lacks a cell. Every column has a cell in every row, unless it is declared as `optional TYPE`.",
        "settings: { t: { type: table, columns: { stage: stage, level: text }, default: [{ stage: Offer }] } }\nrules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
        "settings: { t: { type: table, columns: { stage: stage, level: optional text }, default: [{ stage: Offer }] } }\nrules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    (
        "unknown-question",
        "The rule listens to the answer of a question that no rule of the pack asks.",
        "rules:\n  - name: a\n    trigger: { answered: which }\n    do: [{ add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ ask: { key: which, title: Which test?, choose: { in: catalogue }, expires: 7d } }]\n  - name: b\n    trigger: { answered: which }\n    do: [{ invite: { test: $answer } }]\n",
    ),
    (
        "other-rows",
        "Two actions ask a question of the same key with different kinds of rows, so that a rule that listens cannot know what was chosen.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ ask: { key: which, title: Which?, choose: { in: catalogue }, expires: 7d } }]\n  - name: b\n    trigger: candidateHired\n    do: [{ ask: { key: which, title: Which?, choose: { in: $opportunity.tags }, expires: 7d } }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ ask: { key: test, title: Which?, choose: { in: catalogue }, expires: 7d } }]\n  - name: b\n    trigger: candidateHired\n    do: [{ ask: { key: tag, title: Which?, choose: { in: $opportunity.tags }, expires: 7d } }]\n",
    ),
    (
        "no-else",
        "A question without a row to choose is not asked, and its rows have no `else`: what to do without a row is said where the rows are looked up.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ ask: { key: which, title: Which?, choose: { in: catalogue, else: [{ alert: none }] }, expires: 7d } }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ ask: { key: which, title: Which?, choose: { in: catalogue }, expires: 7d } }]\n",
    ),
    (
        "nothing-to-settle",
        "`settle` looks again when `when` or `for_each` found nothing; without either there is nothing to look for.",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    settle: 60s\n    do: [{ add_tag: x }]\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    when: { to_stage: Offer }\n    settle: 60s\n    do: [{ add_tag: x }]\n",
    ),
    (
        "no-rules",
        "The pack has no rules: nothing would ever happen.",
        "settings: { level: { type: text, default: a } }\nrules: []\n",
        "rules:\n  - name: a\n    trigger: candidateStageChange\n    do: [{ add_tag: x }]\n",
    ),
    ("file-too-large", "A file larger than 8 MiB is not read.", "", ""),
    (
        "jsonpath",
        "A JSONPath of vendor.yaml, as RFC 9535 has it: `$.items[0].id`, `$['first name']`. Where one value is needed only names and \
         indexes may lead to it. Pipes stand behind it, such as `| iso8601`.",
        "",
        "",
    ),
    ("not-utf8", "A file must be text in UTF-8.", "", ""),
    ("nul-byte", "A text holds no NUL bytes; the file may be UTF-16.", "", ""),
    ("too-many-nodes", "The file holds more values than any rule file needs.", "", ""),
    ("more-faults", "The file has more faults than are worth showing at once.", "", ""),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::explain::check_rules;
    use std::path::Path;

    #[test]
    fn a_bad_example_shows_its_code_and_a_good_one_nothing() {
        for (code, _, bad, good) in ENTRIES.iter().filter(|(_, _, bad, good)| !bad.is_empty() || !good.is_empty()) {
            let told: Vec<&str> = check_rules(bad).iter().map(|found| found.code).collect();
            assert!(told.contains(code), "{code}: the bad example shows {told:?}");
            let told: Vec<&str> = check_rules(good).iter().map(|found| found.code).collect();
            assert!(told.is_empty(), "{code}: the good example shows {told:?}");
        }
    }

    #[test]
    fn every_code_is_explained() {
        fn walk(folder: &Path, lacking: &mut Vec<String>) {
            for entry in std::fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("readable").path()) {
                if entry.is_dir() {
                    walk(&entry, lacking);
                    continue;
                }
                let text = std::fs::read_to_string(&entry).expect("readable");
                let code = text.split("#[cfg(test)]").next().unwrap_or_default();
                for call in ["Diagnostic::error(", "Diagnostic::warning(", "self.error(", "check.error("] {
                    for rest in code.split(call).skip(1) {
                        let Some(rest) = rest.trim_start().strip_prefix('"') else { continue };
                        let code = rest.split('"').next().unwrap_or_default();
                        if !crate::lang::explain::entries().any(|entry| entry.0 == code) {
                            lacking.push(format!("{code} in {}", entry.display()));
                        }
                    }
                }
            }
        }
        let mut lacking = Vec::new();
        for part in ["compile", "action", "yaml", "template", "pattern", "config"] {
            walk(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lang").join(part), &mut lacking);
        }
        assert!(lacking.is_empty(), "without an entry: {lacking:#?}");
    }
}
