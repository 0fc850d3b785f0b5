//! Stylesheet, script and icon: each one file, made at compile time.

use std::fmt::Write as _;
use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, IF_NONE_MATCH};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use axum::routing::get;
use sha2::{Digest as _, Sha256};

use crate::state::State;

struct Asset {
    kind: &'static str,
    content: &'static str,
    tag: LazyLock<String, fn() -> String>,
}

/// A file for each group of pages.
const STYLE: &str = concat!(
    include_str!("../../assets/base.css"),
    include_str!("../../assets/inbox.css"),
    include_str!("../../assets/sessions.css"),
    include_str!("../../assets/play.css")
);
const SCRIPT: &str = concat!(
    include_str!("../../assets/base.js"),
    include_str!("../../assets/live.js"),
    include_str!("../../assets/inbox.js"),
    include_str!("../../assets/sessions.js"),
    include_str!("../../assets/play.js")
);
const ICON: &str = include_str!("../../assets/icon.svg");

static STYLE_ASSET: Asset = Asset::new("text/css; charset=utf-8", STYLE, || tag(STYLE));
static SCRIPT_ASSET: Asset = Asset::new("text/javascript; charset=utf-8", SCRIPT, || tag(SCRIPT));
static ICON_ASSET: Asset = Asset::new("image/svg+xml", ICON, || tag(ICON));

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/style.css", get(|headers: HeaderMap| async move { STYLE_ASSET.respond(&headers) }))
        .route("/console.js", get(|headers: HeaderMap| async move { SCRIPT_ASSET.respond(&headers) }))
        .route("/icon.svg", get(|headers: HeaderMap| async move { ICON_ASSET.respond(&headers) }))
}

impl Asset {
    const fn new(kind: &'static str, content: &'static str, tag: fn() -> String) -> Self {
        Self { kind, content, tag: LazyLock::new(tag) }
    }

    /// Browsers ask each time, so that a new version of the program shows at once.
    fn respond(&self, headers: &HeaderMap) -> Response {
        let fields = [
            (CONTENT_TYPE, HeaderValue::from_static(self.kind)),
            (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (ETAG, HeaderValue::from_str(&self.tag).unwrap_or(HeaderValue::from_static("\"\""))),
        ];
        if headers.get(IF_NONE_MATCH).is_some_and(|tag| tag.as_bytes() == self.tag.as_bytes()) {
            return (StatusCode::NOT_MODIFIED, fields).into_response();
        }
        (fields, self.content).into_response()
    }
}

fn tag(content: &str) -> String {
    let digest = Sha256::digest(content.as_bytes());
    let hex = digest.iter().take(8).fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    });
    format!("\"{hex}\"")
}
