//! The reasons why the program ends, and their exit codes.

use std::fmt;
use std::process::ExitCode;

/// A failure of the program; its text says what is wrong and what to write instead.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    text: String,
}

/// The exit codes that `--help` lists.
#[derive(Debug, Clone, Copy)]
enum Kind {
    Running = 1,
    Usage = 2,
    Unusable = 3,
}

impl Failure {
    /// An error while the program runs.
    pub(crate) fn running(error: impl fmt::Display) -> Self {
        Self { kind: Kind::Running, text: error.to_string() }
    }

    /// A flag is wrong.
    pub(crate) fn usage(error: impl fmt::Display) -> Self {
        Self { kind: Kind::Usage, text: error.to_string() }
    }

    /// An address, a certificate, a store or a password file cannot be used.
    pub(crate) fn unusable(error: impl fmt::Display) -> Self {
        Self { kind: Kind::Unusable, text: error.to_string() }
    }

    /// Joins failures into one, with the exit code of the first. Without failures it returns `Ok`.
    pub(crate) fn all(failures: Vec<Self>) -> Result<(), Self> {
        let Some(first) = failures.first() else { return Ok(()) };
        let mut texts: Vec<_> = failures.iter().map(|failure| failure.text.as_str()).collect();
        // A service that several options share fails for each of them.
        texts.dedup();
        Err(Self { kind: first.kind, text: texts.join("\n") })
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.kind as u8)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
