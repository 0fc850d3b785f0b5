//! Objects at a server of S3 that follows a script.

mod answers;
mod objects;
mod scripted;
mod taken_back;
