//! The parts of a message: its identifier, its header, its content, and the changes that filters make to them.

pub(crate) mod body;
mod body_error;
mod content;
mod date;
mod editing;
mod edits;
mod field;
mod header;
mod header_parser;
mod id;
pub(crate) mod incoming;
mod nesting;
mod new_body;
mod original;
mod prefix;
mod prepend_trace;
mod reading;
mod recipients;
pub(crate) mod refusals;
mod rewritten;
mod saved;
mod spool;
mod stream;
#[cfg(test)]
mod tests;
mod trace_fields;

pub use body_error::BodyError;
pub use date::date;
pub use field::{EditError, Field, FieldName};
pub use header::Header;
pub use id::MessageId;
pub(crate) use incoming::{ContentLimits, Message};
pub use nesting::too_complex;
pub use new_body::BodyWriter;
pub use original::Original;
pub use prepend_trace::Copies;
pub use saved::Saved;
