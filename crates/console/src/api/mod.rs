//! The API: JSON, and events as they happen.

mod chaos;

use std::sync::Arc;

use axum::Router;

use crate::state::State;

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().merge(chaos::routes())
}
