//! Templates as authors write them: what is refused, what is typed, what is printed.

use super::*;
use crate::lang::source::Sources;
use crate::model::{Kind, Type};
use std::collections::BTreeMap;

struct World(BTreeMap<&'static str, (Field, Option<Value>)>);

fn world() -> World {
    let required = |ty, value| (Field::required(ty), Some(value));
    let absent = |ty| (Field::optional(ty), None);
    let there = |ty, value| (Field::optional(ty), Some(value));
    let question = Type::Record(BTreeMap::from([
        ("title".to_owned(), Field::required(Type::Text)),
        ("score".to_owned(), Field::optional(Type::Number)),
        ("tags".to_owned(), Field::required(Type::Tag.list())),
    ]));
    let row = |title: &str, score: Option<f64>| {
        let mut record =
            BTreeMap::from([("title".to_owned(), Value::text(title)), ("tags".to_owned(), Value::texts(["x", "y"]))]);
        record.extend(score.map(|score| ("score".to_owned(), Value::Number(score))));
        Value::Record { record }
    };
    World(BTreeMap::from([
        ("candidate.name", required(Type::Text, "Ada <O'Neil> & \"co\"".into())),
        ("candidate.email", required(Type::Text, "ada@example.com".into())),
        ("result.percent", there(Type::Number, Value::Number(66.666_666))),
        ("result.zero", there(Type::Int, Value::Int(0))),
        ("result.whole", required(Type::Number, Value::Number(100.0))),
        ("result.none", absent(Type::Number)),
        ("result.empty", there(Type::Text, "".into())),
        ("result.passed", there(Type::Bool, Value::Bool(false))),
        ("result.report_url", absent(Type::Url)),
        ("result.submitted", required(Type::Date, Value::date("2026-11-21T09:30:00Z".parse().unwrap()))),
        ("result.questions", required(question.clone().list(), Value::List(vec![row("One", Some(1.0)), row("Two", None)]))),
        ("result.extra", absent(question.list())),
        ("archived", required(Type::Bool, Value::Bool(false))),
        ("opportunity.tags", required(Type::Tag.list(), Value::texts(["Java", "Go"]))),
        ("opportunity.none", required(Type::Tag.list(), Value::List(Vec::new()))),
        ("opportunity.stage", required(Type::STAGE, Value::named(Kind::Stage, "s1", "Phone screen"))),
        ("len", required(Type::Text, "a variable".into())),
        ("message", required(Type::Text, "hi @bob, ada@example.com\nbye".into())),
    ]))
}

impl Scope for World {
    fn lookup(&self, path: &str) -> Option<Field> {
        self.0.get(path).map(|(field, _)| field.clone())
    }

    fn names(&self) -> Vec<String> {
        self.0.keys().map(ToString::to_string).collect()
    }

    fn band(&self, name: &str) -> Option<bool> {
        match name {
            "verdict" => Some(true),
            "size" => Some(false),
            _ => None,
        }
    }

    fn bands(&self) -> Vec<String> {
        vec!["size".into(), "verdict".into()]
    }

    fn situation(&self) -> String {
        "when `assessment.scored` fires".to_owned()
    }
}

impl Lookup for World {
    fn value(&self, path: &str) -> Option<Value> {
        self.0.get(path).and_then(|(_, value)| value.clone())
    }

    fn band(&self, name: &str) -> Option<String> {
        (name == "size").then(|| "Large".to_owned())
    }
}

/// Every fault as `code at what: message`.
fn faults(text: &str) -> Vec<String> {
    let mut sources = Sources::new();
    let id = sources.add_text("t", text);
    let mut found = Diagnostics::new();
    let template = Template::parse_text(text, &|range| Span::new(id, range), &mut found);
    if let Some(template) = template {
        template.check(&world(), &mut found);
    }
    found.sorted().iter().map(|d| format!("{} at {}: {}", d.code, sources.slice(d.primary), d.message)).collect()
}

fn template(text: &str) -> Template {
    let found = faults(text);
    assert!(found.is_empty(), "{text}: {found:?}");
    let id = Sources::new().add_text("t", text);
    Template::parse_text(text, &|range| Span::new(id, range), &mut Diagnostics::new()).expect("checked")
}

fn render(text: &str) -> String {
    template(text).render(&world()).expect(text)
}

#[test]
fn what_is_printed() {
    for (text, expected) in [
        ("plain } { text", "plain } { text"),
        ("Hi {{candidate.name}}!", "Hi Ada <O'Neil> & \"co\"!"),
        ("{{ result.whole }}%", "100%"),
        ("{{default result.none \"none\"}}", "none"),
        ("{{default result.percent \"none\"}}", "66.67"),
        ("{{default result.zero 'none'}}", "0"),
        ("[{{default result.empty \"none\"}}]", "[]"),
        ("{{#if result.percent}}{{round result.percent}} %{{else}}no score{{/if}}", "67 %"),
        ("{{#if result.percent}}{{round result.percent 1}}{{/if}}", "66.7"),
        ("{{#if result.zero}}{{result.zero}}{{else}}absent{{/if}}", "0"),
        ("{{#if result.empty}}[{{result.empty}}]{{/if}}", "[]"),
        ("{{#if result.none}}x{{else}}no{{/if}}", "no"),
        ("{{#unless result.none}}no{{else}}{{result.none}}{{/unless}}", "no"),
        ("{{#if result.passed}}yes{{else}}no{{/if}}", "no"),
        ("{{#if archived}}a{{else if result.none}}b{{else if result.percent}}{{result.percent}}{{else}}d{{/if}}", "66.67"),
        ("{{#if archived}}a{{else unless archived}}b{{/if}}", "b"),
        ("{{archived}}", "false"),
        ("{{result.submitted}}", "2026-11-21 09:30 UTC"),
        ("{{date result.submitted \"Europe/Berlin\"}}", "2026-11-21 10:30 CET"),
        ("{{date result.submitted \"Europe/Berlin\" \"%d.%m.%Y\"}}", "21.11.2026"),
        ("{{join opportunity.tags}} {{join opportunity.tags \" / \"}}", "Java, Go Java / Go"),
        ("{{opportunity.stage}} {{opportunity.stage.name}} {{opportunity.stage.id}}", "Phone screen Phone screen s1"),
        ("{{upper candidate.email}} {{lower opportunity.stage.name}}", "ADA@EXAMPLE.COM phone screen"),
        ("{{upper (default result.report_url \"none\")}}", "NONE"),
        ("{{default (round result.none) \"-\"}} {{default (round result.percent) \"-\"}}", "- 67"),
        ("{{band size}} {{default (band verdict) \"no verdict\"}}", "Large no verdict"),
        ("{{len}}", "a variable"),
        ("a {{! note }}b{{!-- {{x}} --}} c", "a b c"),
        ("a {{~ archived ~}} b", "afalseb"),
        ("{{#each opportunity.tags}}{{@index}}{{this}}{{#unless @last}}, {{/unless}}{{/each}}", "0Java, 1Go"),
        ("{{#each opportunity.none}}x{{else}}none of {{candidate.email}}{{/each}}", "none of ada@example.com"),
        (
            "{{#each result.questions}}{{#if @first}}>{{/if}}{{title}}={{#if score}}{{score}}{{else}}-{{/if}}({{../archived}}) {{/each}}",
            ">One=1(false) Two=-(false) ",
        ),
        (
            "{{#each result.questions}}{{#each tags}}{{this}}{{../title}}{{../../opportunity.stage}} {{/each}}{{/each}}",
            "xOnePhone screen yOnePhone screen xTwoPhone screen yTwoPhone screen ",
        ),
        (
            "{{#each result.questions}}{{#each ../opportunity.tags}}{{this}}{{../title}} {{/each}}{{/each}}",
            "JavaOne GoOne JavaTwo GoTwo ",
        ),
        ("{{#each result.questions}}{{this.title}}{{band size}}{{/each}}", "OneLargeTwoLarge"),
        ("Hi\n{{#if archived}}\nyes\n{{else}}\nno\n{{/if}}\nbye", "Hi\nno\nbye"),
    ] {
        assert_eq!(render(text), expected, "{text}");
    }
}

#[test]
fn what_is_refused_has_its_caret() {
    for (text, expected) in [
        ("{{{candidate.name}}}", "template-refused at {{{: three braces are not part of the rule language"),
        ("{{> part}}", "template-refused at >: partials are not part of the rule language"),
        ("{{#> part}}x{{/part}}", "template-refused at #>: partials are not part of the rule language"),
        ("{{* deco}}", "template-refused at *: decorators are not part of the rule language"),
        ("{{&candidate.name}}", "template-refused at &: `{{&` is not part of the rule language"),
        ("\\{{candidate.name}}", "template-refused at \\{{: `\\{{` is not part of the rule language"),
        ("{{#with candidate}}{{name}}{{/with}}", "template-refused at #with: there is no block `{{#with}}`"),
        ("{{lookup a b}}", "template-refused at lookup: there is no helper `lookup`"),
        ("{{uper candidate.name}}", "template-refused at uper: there is no helper `uper`"),
        ("{{upper}}", "template-syntax at {{upper}}: `upper` takes 1 arguments, not 0"),
        ("{{candidate.name", "template-syntax at {{: these braces are never closed"),
        ("{{ }}", "template-syntax at {{ }}: nothing stands between these braces"),
        ("{{#if archived}}x", "template-syntax at {{#if archived}}: this `{{#if}}` is never closed"),
        ("x{{/if}}", "template-syntax at {{/if}}: `{{/if}}` closes nothing"),
        ("{{#if archived}}x{{/each}}", "template-syntax at {{/each}}: `{{/each}}` cannot close `{{#if}}`"),
        ("x{{else}}y", "template-syntax at {{else}}: `{{else}}` stands outside of a block"),
        ("{{#if archived}}x{{else}}y{{else}}z{{/if}}", "template-syntax at {{else}}: a second `{{else}}` in one block"),
        ("{{#if result.percent > 3}}x{{/if}}", "template-refused at >: `{{#if}}` takes one name and nothing else"),
        ("{{#each opportunity.tags as |t|}}x{{/each}}", "template-syntax at |t|: `|t|` cannot stand between the braces"),
        (
            "{{date result.submitted zone=\"UTC\"}}",
            "template-syntax at zone=: named arguments are not part of the rule language",
        ),
        ("{{../archived}}", "template-syntax at ../archived: `../archived` leads out of the text's names"),
        ("{{this}}", "template-syntax at this: `this` has a meaning inside of `{{#each}}` only"),
        ("{{@root.archived}}", "template-refused at @root.archived: `@root.archived` is not part of the rule language"),
        ("{{upper (lower (upper message))}}", "template-refused at (upper message): one helper inside another is the most"),
        ("{{default result.none \"a}}", "template-syntax at \": this quote is never closed"),
        ("{{a..b}}", "template-syntax at a..b: `a..b` is no name"),
        ("{{[a b]}}", "template-syntax at [a: `[a` cannot stand between the braces"),
        ("{{true}}", "template-refused at true: `true` is no name"),
    ] {
        assert_eq!(faults(text).first().map(String::as_str), Some(expected), "{text}");
    }
    assert_eq!(faults("{{{a}}} {{> b}} {{#if archived}} {{c").len(), 4);
}

#[test]
fn types_are_checked() {
    for (text, expected) in [
        (
            "{{candidate.nmae}}",
            "unknown-name at candidate.nmae: nothing called `candidate.nmae` is known when `assessment.scored` fires",
        ),
        (
            "{{opportunity.stage.title}}",
            "unknown-name at opportunity.stage.title: `opportunity.stage` is a stage and has no `title`",
        ),
        ("{{opportunity.tags}}", "wrong-type at opportunity.tags: `opportunity.tags` is a list of tag and cannot be printed"),
        ("{{#each result.questions}}{{this}}{{/each}}", "wrong-type at this: `this` is a record and cannot be printed"),
        ("{{result.percent}}", "maybe-absent at result.percent: `result.percent` may be absent"),
        ("{{round result.percent}}", "maybe-absent at result.percent: `result.percent` may be absent"),
        (
            "{{#unless result.percent}}{{result.percent}}{{/unless}}",
            "maybe-absent at result.percent: `result.percent` may be absent",
        ),
        (
            "{{#if result.percent}}{{else}}{{result.percent}}{{/if}}",
            "maybe-absent at result.percent: `result.percent` may be absent",
        ),
        ("{{#each result.questions}}{{score}}{{/each}}", "maybe-absent at score: `score` may be absent"),
        ("{{#each result.extra}}x{{/each}}", "maybe-absent at result.extra: `result.extra` may be absent"),
        ("{{band verdict}}", "maybe-absent at verdict: `verdict` may be absent"),
        ("{{band verdct}}", "unknown-name at verdct: there is no band `verdct`"),
        (
            "{{default candidate.name \"x\"}}",
            "never-absent at candidate.name: this is always there, so its default is never used",
        ),
        (
            "{{#if result.whole}}x{{/if}}",
            "wrong-type at result.whole: `result.whole` is a number that is always there: `{{#if}}` has nothing to ask",
        ),
        ("{{#each archived}}x{{/each}}", "wrong-type at archived: `archived` is a bool, not a list"),
        (
            "{{#each opportunity.tags}}{{archived}}{{/each}}",
            "unknown-name at archived: this item is a tag and has no `archived`",
        ),
        ("{{round candidate.name}}", "wrong-type at candidate.name: `round` needs a number here, and this is text"),
        ("{{date candidate.name}}", "wrong-type at candidate.name: `date` needs a date here, and this is text"),
        ("{{date result.submitted \"Berlin\"}}", "wrong-type at \"Berlin\": there is no time zone `Berlin`"),
        (
            "{{join candidate.name}}",
            "wrong-type at candidate.name: `join` needs a list of printable values here, and this is text",
        ),
    ] {
        assert_eq!(faults(text), [expected], "{text}");
    }
    assert_eq!(faults("{{a}} {{b}} {{#if archived}}{{c}}{{/if}}").len(), 3);
    assert!(faults("{{#if result.extra}}{{#each result.extra}}{{title}}{{/each}}{{/if}}").is_empty());
}

#[test]
fn values_are_made_harmless_for_where_they_go() {
    let text = "@team: {{message}}";
    assert_eq!(template(text).render_for(&world(), Clean::Note).unwrap(), "@team: hi @\u{2060}bob, ada@example.com\nbye");
    assert_eq!(template(text).render_for(&world(), Clean::Tag).unwrap(), "@team: hi @bob, ada@example.com bye");
}

#[test]
fn a_value_that_breaks_its_promise_is_an_error_and_not_a_blank() {
    let mut values = world();
    values.0.remove("candidate.name");
    let error = template("Hi {{candidate.name}}").render(&values).unwrap_err();
    assert_eq!(error, RenderError::Absent("candidate.name".into()));
}

#[test]
fn limits() {
    let deep = format!("{}{}", "{{#if archived}}".repeat(33), "{{/if}}".repeat(33));
    assert!(faults(&deep)[0].contains("more than 32 deep"), "{:?}", faults(&deep));
    let deep = format!("{}x{}", "{{#if archived}}".repeat(32), "{{/if}}".repeat(32));
    assert!(faults(&deep).is_empty());
    assert!(faults(&"x".repeat(MAX_TEMPLATE_BYTES + 1))[0].contains("at most"));
    let loops = "{{#each opportunity.tags}}".repeat(3) + &"{{/each}}".repeat(3);
    assert!(faults(&loops)[0].contains("loops are nested"));
    let mut values = world();
    values.0.insert("message", (Field::required(Type::Text), Some("x".repeat(60_000).into())));
    assert!(template("{{message}}").render(&values).is_ok());
    assert_eq!(template("{{message}}{{message}}").render(&values), Err(RenderError::TooLong));
    values.0.insert("opportunity.tags", (Field::required(Type::Tag.list()), Some(Value::texts(vec!["x"; 1001]))));
    assert_eq!(
        template("{{join opportunity.tags}}{{#each opportunity.tags}}x{{/each}}").render(&values),
        Err(RenderError::TooManyItems("opportunity.tags".into()))
    );
}

#[test]
fn what_it_reads() {
    let template = template(
        "{{candidate.name}}{{#each result.questions}}{{title}}{{../archived}}{{/each}}{{default (band verdict) \"x\"}}",
    );
    assert_eq!(template.paths(), ["archived", "candidate.name", "result.questions"]);
    assert_eq!(template.bands(), ["verdict"]);
    assert_eq!(template.as_literal(), None);
    assert_eq!(Template::literal("{{x}}").as_literal(), Some("{{x}}"));
}
