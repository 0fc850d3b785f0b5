//! The pages, as HTML.

mod assets;
mod chaos;
mod layout;
mod login;
mod play;

use std::sync::Arc;

use axum::Router;

use crate::state::State;

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().merge(assets::routes()).merge(login::routes()).merge(play::routes()).merge(chaos::routes())
}
