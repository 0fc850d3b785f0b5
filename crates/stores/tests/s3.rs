//! Objects at a server of S3 that follows a script.

mod answers;
mod objects;
pub(crate) mod scripted;
mod several;
mod taken_back;
