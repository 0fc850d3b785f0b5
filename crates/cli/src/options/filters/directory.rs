//! The directories into which filters put messages.

use mailchute::Message;

/// Takes the name of a directory in a Maildir.
///
/// # Errors
/// A store would not take it, so the message would be among the others.
pub(crate) fn directory(text: &str) -> Result<String, String> {
    if Message::is_directory(text) {
        return Ok(text.to_owned());
    }
    Err("a directory has letters, digits, spaces, - and _, and / before one within it; write Junk, for example".to_owned())
}
