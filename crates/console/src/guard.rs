//! The layer around all routes: which hosts and origins may ask, and what each response says to browsers.

use std::sync::Arc;

use axum::Router;

use crate::state::State;

/// Puts the layer around all routes.
pub(crate) fn around(routes: Router<Arc<State>>) -> Router<Arc<State>> {
    routes
}
