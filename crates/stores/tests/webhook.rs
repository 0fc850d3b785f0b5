//! Posting to a web server that follows a script.

mod answers;
mod formats;
mod requests;
mod scripted;
