//! The API's own description: OpenAPI 3.1, made of one table of operations and of the types of [`super::shape`].

use super::BASE;
use super::ask::{MOST, USUAL};
use super::problem::Problem;
use super::shape::{Accounts, Deeds, Did, ParkedList, Runs, Skip, Status, Why};
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// How a type becomes a schema.
type Shape = fn(&mut SchemaGenerator) -> Schema;

/// One operation.
struct Operation {
    method: &'static str,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    query: &'static [&'static str],
    body: Option<Shape>,
    answer: Shape,
    /// What it is refused with besides what may happen to each.
    refused: &'static [u16],
}

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// The document itself has no schema of ours.
fn any(_: &mut SchemaGenerator) -> Schema {
    Schema::try_from(json!({ "type": "object" })).unwrap_or_default()
}

fn operations() -> Vec<Operation> {
    let read = |path, id, summary, query, answer, refused| Operation {
        method: "get",
        path,
        id,
        summary,
        query,
        body: None,
        answer,
        refused,
    };
    vec![
        read("/status", "status", "How leverd stands as a whole", &[], of::<Status>, &[]),
        read("/accounts", "accounts", "Every account, those that are held back too", &[], of::<Accounts>, &[]),
        read("/parked", "parked", "What waits for a person, the oldest first", &["account", "limit"], of::<ParkedList>, &[]),
        Operation {
            method: "post",
            path: "/parked/{id}/retry",
            id: "retry",
            summary: "Do one parked piece again, now. What may have happened is looked up first",
            query: &[],
            body: None,
            answer: of::<Did>,
            refused: &[403],
        },
        Operation {
            method: "post",
            path: "/parked/{id}/skip",
            id: "skip",
            summary: "Leave one parked piece undone; what waited for it goes on",
            query: &[],
            body: Some(of::<Skip>),
            answer: of::<Did>,
            refused: &[403, 413, 415],
        },
        read(
            RUNS,
            "runs",
            "The runs of an opportunity: which rules fired, what became of the effects",
            &["limit"],
            of::<Runs>,
            &[],
        ),
        read(WHY, "why", "For each event of an opportunity why rules did or did not fire", &["limit"], of::<Why>, &[]),
        read("/deeds", "deeds", "What people and programs did, by the console and by this API", &["limit"], of::<Deeds>, &[]),
        read("/openapi.json", "openapi", "This description", &[], any, &[]),
    ]
}

const RUNS: &str = "/accounts/{account}/opportunities/{opportunity}/runs";
const WHY: &str = "/accounts/{account}/opportunities/{opportunity}/why";

/// The document.
pub fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
    });
    let mut generator = settings.into_generator();
    let problem = generator.subschema_for::<Problem>();
    let mut paths: Map<String, Value> = Map::new();
    for operation in operations() {
        let described = describe(&operation, &mut generator, &problem);
        let path = paths.entry(format!("{BASE}{}", operation.path)).or_insert_with(|| json!({}));
        if let Value::Object(path) = path {
            path.insert(operation.method.to_owned(), described);
        }
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "leverd",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "What programs may ask of a running leverd, and have it do. It is off unless `server.api` in leverd.yaml names \
                            tokens; a viewer's token reads, an operator's also acts.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "security": [{ "token": [] }],
        "paths": paths,
        "components": {
            "securitySchemes": { "token": { "type": "http", "scheme": "bearer" } },
            "schemas": generator.take_definitions(true),
        },
    })
}

fn describe(operation: &Operation, generator: &mut SchemaGenerator, problem: &Schema) -> Value {
    let in_path = operation.path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let parameters: Vec<Value> = in_path.map(in_path_of).chain(operation.query.iter().map(|name| in_query_of(name))).collect();
    let mut answers = Map::new();
    let content = |kind: &str, schema: &Schema| json!({ kind: { "schema": schema } });
    let answer = (operation.answer)(generator);
    answers.insert("200".to_owned(), json!({ "description": "As asked", "content": content("application/json", &answer) }));
    for status in [400, 401, 404, 500, 503].iter().chain(operation.refused) {
        let told = json!({ "description": told(*status), "content": content("application/problem+json", problem) });
        answers.insert(status.to_string(), told);
    }
    let mut described = json!({
        "operationId": operation.id,
        "summary": operation.summary,
        "parameters": parameters,
        "responses": answers,
    });
    if let (Some(body), Value::Object(described)) = (operation.body, &mut described) {
        let schema = body(generator);
        described
            .insert("requestBody".to_owned(), json!({ "required": true, "content": content("application/json", &schema) }));
    }
    described
}

fn in_path_of(name: &str) -> Value {
    let (schema, told) = match name {
        "id" => (json!({ "type": "string", "pattern": "^[0-9a-f]{32}$" }), "as `parked` shows it"),
        "account" => (json!({ "type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,62}$" }), "as leverd.yaml calls it"),
        _ => (json!({ "type": "string", "minLength": 1, "maxLength": 200 }), "as Lever calls it"),
    };
    json!({ "name": name, "in": "path", "required": true, "description": told, "schema": schema })
}

fn in_query_of(name: &str) -> Value {
    let (schema, told) = match name {
        "limit" => (json!({ "type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL }), "so many at most"),
        _ => (json!({ "type": "string", "pattern": "^[a-z0-9][a-z0-9_-]{0,62}$" }), "of this account only"),
    };
    json!({ "name": name, "in": "query", "required": false, "description": told, "schema": schema })
}

const fn told(status: u16) -> &'static str {
    match status {
        400 => "A parameter or the body is wrong",
        401 => "There is no token, or it is nobody's",
        403 => "The token may read only",
        404 => "There is no such thing, or the API is off",
        413 => "The body is too large",
        415 => "The body is no JSON",
        503 => "The store does not answer; ask again later",
        _ => "leverd failed; its log says how",
    }
}
