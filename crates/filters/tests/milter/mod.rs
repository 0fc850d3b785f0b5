//! The milter client against milters that follow a script.

mod hostile;
pub(crate) mod script;
mod stages;
