//! The control handle over HTTP, below `/_sim/`, for tests and people in other processes. No authentication: loopback.
//!
//! | request | answer |
//! |---|---|
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
        ("POST", "commands") => commands(control, body),
        ("POST", "quiet") => {
            control.quiet().await;
            (200, Value::Null)
        }
        _ => (404, json!({ "error": format!("the simulator has no control `{method} {path}`") })),
    }
}

fn commands(control: &Control, body: &[u8]) -> (u16, Value) {
    let refused = |error: ControlError| (400, json!({ "error": error.to_string() }));
    let run = |value: Value| Command::from_value(value).and_then(|command| control.run(command));
    match serde_json::from_slice(body) {
        Ok(Value::Array(commands)) => match commands.into_iter().map(run).collect::<Result<Vec<_>, _>>() {
            Ok(results) => (200, json!({ "results": results })),
            Err(error) => refused(error),
        },
        Ok(command) => match run(command) {
            Ok(result) => (200, json!({ "result": result })),
            Err(error) => refused(error),
        },
        Err(error) => refused(ControlError::Wrong(format!("no JSON: {error}"))),
    }
}
