//! The process between two processes that hand over. It starts the new process and is then killed, so that systemd is
//! the new process's only parent. systemd stops such processes gracefully, and kills all others at once.
//!
//! # Why
//!
//! If a main process is not a child of systemd, systemd sends it SIGKILL right after SIGTERM. That would cut off
//! running messages.

use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

use crate::failure::Failure;

/// The environment variable that selects this role.
pub(crate) const DETACH: &str = "MAILCHUTE_DETACH";

/// A program and its arguments, as this process was started.
pub(crate) fn started_as() -> (OsString, Vec<OsString>) {
    let mut arguments = env::args_os();
    (arguments.next().unwrap_or_else(|| "mailchute".into()), arguments.collect())
}

pub(crate) fn is_requested() -> bool {
    env::var_os(DETACH).is_some()
}

/// Starts the program again with everything that was passed to this process, and returns its exit code.
pub(crate) fn run() -> Result<ExitCode, Failure> {
    let (program, arguments) = started_as();
    let status = Command::new(&program)
        .args(arguments)
        .env_remove(DETACH)
        .status()
        .map_err(|error| Failure::running(format!("cannot start {}: {error}", program.display())))?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    code.map(ExitCode::from).ok_or_else(|| Failure::running(format!("the new process was killed: {status}")))
}
