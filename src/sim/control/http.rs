//! The control handle over HTTP, below `/_sim/`, for tests and people in other processes. No authentication: loopback.
//!
//! | request | answer |
//! |---|---|
//! | GET `commands` | what can be posted there: name, fields, what it does |
//! | GET `world`, `requests`, `mails`, `deliveries`, `faults` | what the method of that name gives |
//! | POST `commands` with a command, or a list of them | `{"result": …}`, or `{"results": […]}` up to the first fault |
//! | POST `quiet` | null, when no delivery is open any more |

use serde_json::{Value, json};

use super::{Command, Control, ControlError};

/// Answers one control request: status and body.
pub(crate) async fn over_http(control: &Control, method: &str, path: &str, body: &[u8]) -> (u16, Value) {
    match (method, path) {
        ("GET", "world") => (200, control.world()),
        ("GET", "requests") => (200, json!(control.requests())),
        ("GET", "mails") => (200, json!(control.mails())),
        ("GET", "deliveries") => (200, json!(control.deliveries())),
        ("GET", "faults") => (200, json!(control.faults())),
        ("GET", "commands") => (200, json!(super::manual::commands())),
        ("POST", "commands") => match commands(control, body).await {
            Ok(results) => (200, results),
            Err(error) => (400, json!({ "error": error.to_string() })),
        },
        ("POST", "quiet") => {
            control.quiet().await;
            (200, Value::Null)
        }
        _ => {
            let known = "GET world, requests, mails, deliveries, faults, commands; POST commands, quiet";
            (404, json!({ "error": format!("the simulator has no control `{method} {path}`; there are {known}") }))
        }
    }
}

async fn commands(control: &Control, body: &[u8]) -> Result<Value, ControlError> {
    match serde_json::from_slice(body) {
        Ok(Value::Array(commands)) => {
            let mut results = Vec::with_capacity(commands.len());
            for command in commands {
                results.push(control.run(Command::from_value(command)?).await?);
            }
            Ok(json!({ "results": results }))
        }
        Ok(command) => control.run(Command::from_value(command)?).await.map(|result| json!({ "result": result })),
        Err(error) => Err(ControlError::Wrong(format!("no JSON: {error}"))),
    }
}
