//! The pages, as HTML.

mod assets;
mod banners;
mod changes;
mod chaos;
mod edits;
mod failure;
mod frame;
mod inbox;
mod layout;
mod links;
mod list;
mod login;
mod message;
mod opened;
mod parts;
mod play;
mod release;
mod sessions;
mod tab;
mod tabs;
mod undo;
mod welcome;

use std::sync::Arc;

use axum::Router;

use crate::state::State;

pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new()
        .merge(assets::routes())
        .merge(login::routes())
        .merge(inbox::routes())
        .merge(edits::routes())
        .merge(changes::routes())
        .merge(message::routes())
        .merge(frame::routes())
        .merge(parts::routes())
        .merge(release::routes())
        .merge(sessions::routes())
        .merge(play::routes())
        .merge(chaos::routes())
}

#[cfg(test)]
mod tests;
