//! The pages, as HTML.

mod assets;
mod chaos;
mod layout;
mod login;
mod play;
mod sessions;

use std::sync::Arc;

use axum::Router;

use crate::state::State;

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new()
        .merge(assets::routes())
        .merge(login::routes())
        .merge(sessions::routes())
        .merge(play::routes())
        .merge(chaos::routes())
}
