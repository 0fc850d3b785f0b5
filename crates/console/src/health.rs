//! Health: `/live` and `/ready`.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;

use crate::state::State;

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().route("/live", get(|| async { "ok\n" }))
}
