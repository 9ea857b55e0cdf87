//! The page of a question: GET shows it, POST answers it.

use super::Shared;
use super::page::Html;
use crate::lang::html::escaped;
use crate::model::AccountId;
use crate::runtime::ask::{self, Page};
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use std::fmt::Write as _;

/// An answer is a number.
const LARGEST: usize = 1024;

pub(super) async fn show(State(shared): State<Shared>, Path((account, token)): Path<(String, String)>) -> Html {
    render(&ask::show(&shared.node, &AccountId::new(account), &token).await)
}

pub(super) async fn answer(State(shared): State<Shared>, Path((account, token)): Path<(String, String)>, body: Body) -> Html {
    let body = to_bytes(body, LARGEST).await.unwrap_or_default();
    let chosen =
        url::form_urlencoded::parse(&body).find(|(name, _)| name == "choice").and_then(|(_, value)| value.parse().ok());
    render(&ask::answer(&shared.node, &AccountId::new(account), &token, chosen).await)
}

fn render(page: &Page) -> Html {
    match page {
        Page::Question { title, choices, until } => Html::new(200, title, &form(choices, until, "")),
        Page::Choose { title, choices, until } => {
            Html::new(400, title, &form(choices, until, "<p class=\"note\">Please choose one of these.</p>"))
        }
        Page::Thanks { label } => Html::new(
            200,
            "Thank you",
            &format!("<p>You chose <b>{}</b>. It is being done; you can close this page.</p>", escaped(label)),
        ),
        Page::Answered => Html::new(
            409,
            "This was answered before",
            "<p>The link works once, and somebody has used it. Nothing was changed now.</p>",
        ),
        Page::Expired => Html::new(
            410,
            "This question is closed",
            "<p>The time to answer is over, or the candidate is no longer there. Nothing was changed.</p>",
        ),
        Page::Unknown => Html::new(
            404,
            "This link does not work",
            "<p>It is not one of ours, or not all of it was copied. Open it from the note in Lever again.</p>",
        ),
        Page::Unavailable => Html::new(503, "Not now", "<p>Your answer could not be stored. Please try again in a minute.</p>"),
    }
}

fn form(choices: &[String], until: &str, note: &str) -> String {
    let mut text = format!("{note}<form method=\"post\">");
    for (at, label) in choices.iter().enumerate() {
        let label = escaped(label);
        let _ =
            write!(text, "<label><input type=\"radio\" name=\"choice\" value=\"{at}\" required> <span>{label}</span></label>");
    }
    let _ = write!(text, "<button>Choose</button></form><p class=\"small\">This works once, until {}.</p>", escaped(until));
    text
}
