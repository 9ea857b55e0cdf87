//! What pages load: one style, one script, one icon. Their names hold their hash, so a browser may keep them for ever.

use crate::lang::flow::svg;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};
use std::sync::LazyLock;

const CSS: &str = include_str!("console.css");
const JS: &str = include_str!("console.js");
const ICON: &str = include_str!("icon.svg");

/// Kept for a year, and never asked for again: another content has another name.
const KEPT: &str = "public, max-age=31536000, immutable";

struct Asset {
    name: String,
    kind: &'static str,
    text: String,
}

impl Asset {
    fn new(name: &str, end: &str, kind: &'static str, text: String) -> Self {
        let hash: String = crate::model::hex(&Sha256::digest(text.as_bytes())).chars().take(12).collect();
        Self { name: format!("{name}.{hash}.{end}"), kind, text }
    }

    fn address(&self) -> String {
        format!("/console/static/{}", self.name)
    }
}

static STYLE: LazyLock<Asset> =
    LazyLock::new(|| Asset::new("console", "css", "text/css; charset=utf-8", format!("{CSS}\n{}\n", svg::STYLE)));
static SCRIPT: LazyLock<Asset> = LazyLock::new(|| Asset::new("console", "js", "text/javascript; charset=utf-8", JS.to_owned()));
static SIGN: LazyLock<Asset> = LazyLock::new(|| Asset::new("icon", "svg", "image/svg+xml", ICON.to_owned()));

pub(super) fn css() -> String {
    STYLE.address()
}

pub(super) fn js() -> String {
    SCRIPT.address()
}

pub(super) fn icon() -> String {
    SIGN.address()
}

pub(super) async fn serve(Path(name): Path<String>) -> Response {
    let all = [&*STYLE, &*SCRIPT, &*SIGN];
    match all.into_iter().find(|asset| asset.name == name) {
        Some(asset) => {
            ([(header::CONTENT_TYPE, asset.kind), (header::CACHE_CONTROL, KEPT)], asset.text.as_str()).into_response()
        }
        None => (StatusCode::NOT_FOUND, "there is no such file").into_response(),
    }
}
