//! The client's side of the conversation.

mod commands;
mod content;
mod replies;
