//! The milter client against milters that follow a script.

mod script;
mod stages;
