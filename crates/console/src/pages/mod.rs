//! The pages, as HTML.

mod assets;
mod layout;
mod login;

use std::sync::Arc;

use axum::Router;

use crate::state::State;

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().merge(assets::routes()).merge(login::routes())
}
