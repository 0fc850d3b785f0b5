//! A part of the API of Mailpit, so that test suites that were written for it run.

use std::sync::Arc;

use axum::Router;

use crate::state::State;

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new()
}
