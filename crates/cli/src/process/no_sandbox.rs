//! `--sandbox` where there is none: only Linux has Landlock and seccomp.

use std::path::PathBuf;

use crate::failure::Failure;
use crate::options::args::Options;
use crate::process::outgoing::Outgoing;

fn refusal() -> Failure {
    Failure::usage("--sandbox: only Linux can restrict the program so; leave the flag out")
}

/// # Errors
/// Always.
pub(crate) fn enter(_options: &Options, _store: Vec<PathBuf>, _outgoing: &Outgoing) -> Result<(), Failure> {
    Err(refusal())
}

/// # Errors
/// Always.
pub(crate) fn close(_outgoing: &Outgoing) -> Result<(), Failure> {
    Err(refusal())
}

/// # Errors
/// Always.
pub(crate) fn check(_options: &Options, _store: Vec<PathBuf>) -> Result<(), Failure> {
    Err(refusal())
}
