//! The tests of the stores, in one binary so that an edit links once.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on panics, and so do its helpers")]

mod common;
mod content;
mod cut;
mod directories;
mod failures;
mod forward;
mod given_up;
mod line_ends;
mod maildirs;
mod many;
mod modes;
#[cfg(feature = "nats")]
mod nats;
mod router;
#[cfg(feature = "s3")]
mod s3;
mod urls;
#[cfg(feature = "webhook")]
mod webhook;
