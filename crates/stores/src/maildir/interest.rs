//! Whether the server still waits for a message.

use std::io;
use std::sync::Weak;

/// Exists as long as the message is wanted.
#[derive(Debug)]
pub(super) struct Interest;

/// Checks that a message is still wanted.
///
/// # Errors
/// When the server no longer waits for the message. It does not see the error either.
pub(super) fn still_wanted(interest: &Weak<Interest>) -> io::Result<()> {
    if interest.strong_count() == 0 {
        return Err(io::Error::other("the message was given up"));
    }
    Ok(())
}
