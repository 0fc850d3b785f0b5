//! The tests of the console, in one binary so that an edit links once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics, and so do its helpers")]

mod chaos;
mod chaos_property;
mod connections;
mod guard;
mod health;
mod messages;
mod metrics;
mod play;
mod release;
mod sessions;
mod support;
