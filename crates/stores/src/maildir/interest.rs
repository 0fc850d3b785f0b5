//! The interest of the server in a message.

use std::io;
use std::sync::Weak;

/// Exists as long as the message is wanted.
#[derive(Debug)]
pub(super) struct Interest;

/// Checks that a message is still wanted.
///
/// # Errors
/// An error if the server no longer waits for the message. The server does not see it.
pub(super) fn still_wanted(interest: &Weak<Interest>) -> io::Result<()> {
    if interest.strong_count() == 0 {
        return Err(io::Error::other("the server no longer waits for the message"));
    }
    Ok(())
}
