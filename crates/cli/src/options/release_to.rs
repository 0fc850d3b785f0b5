//! The recipients that messages of the console may be released to.

#[cfg(feature = "console")]
pub(crate) use mailchute_console::ReleaseTo;

/// Any text: without the console nothing is released, and the option is a mistake.
#[cfg(not(feature = "console"))]
pub(crate) type ReleaseTo = String;
