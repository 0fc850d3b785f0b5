//! The counters of the server, as OpenMetrics.

mod page;
mod process;
mod server;

use std::fmt;
use std::sync::Arc;

use axum::Router;
use axum::extract::State as Shared;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, text};
use prometheus_client::registry::Registry;

pub(crate) use self::process::resident_memory;
use crate::metrics::page::Page;
use crate::state::State;

/// The media type of OpenMetrics.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().route("/metrics", get(metrics))
}

async fn metrics(Shared(state): Shared<Arc<State>>) -> Response {
    let mut of_server = Registry::with_prefix("mailchute");
    of_server.register_collector(Box::new(OfServer(Arc::clone(&state))));
    let mut of_process = Registry::default();
    of_process.register_collector(Box::new(OfProcess(state)));
    let mut text = String::new();
    let written = text::encode_registry(&mut text, &of_server)
        .and_then(|()| text::encode_registry(&mut text, &of_process))
        .and_then(|()| text::encode_eof(&mut text));
    match written {
        Ok(()) => ([(header::CONTENT_TYPE, OPEN_METRICS)], text).into_response(),
        Err(fmt::Error) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

#[derive(Debug)]
struct OfServer(Arc<State>);

impl Collector for OfServer {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page(encoder);
        server::counters(&mut page, &self.0.server)?;
        server::vitals(&mut page, &self.0.vitals)
    }
}

/// The metrics of any process, with the names that all programs have.
#[derive(Debug)]
struct OfProcess(Arc<State>);

impl Collector for OfProcess {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        process::metrics(&mut Page(encoder), self.0.vitals.began())
    }
}
