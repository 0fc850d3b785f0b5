//! The milter client against milters that follow a script.

mod hostile;
mod script;
mod stages;
