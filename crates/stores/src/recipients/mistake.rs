//! Mistakes in files of users and aliases.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

/// A mistake on a line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mistake {
    /// The line; the first is 1.
    pub line: usize,
    /// The mistake, and what to write instead.
    pub text: String,
}

impl Mistake {
    pub(super) fn new(line: usize, text: impl Into<String>) -> Self {
        Self { line, text: text.into() }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.text)
    }
}

/// Why a file of users or aliases cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum FileError {
    /// It cannot be read.
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It has mistakes, in the order of its lines.
    Mistakes {
        /// The file.
        path: PathBuf,
        /// At least one.
        mistakes: Vec<Mistake>,
    },
}

/// Reads a file, and parses it.
pub(super) fn read<T>(
    path: &Path,
    parse: impl FnOnce(&str) -> Result<T, Vec<Mistake>>,
) -> Result<T, FileError> {
    let text =
        std::fs::read_to_string(path).map_err(|error| FileError::Read { path: path.to_owned(), error })?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    parse(text).map_err(|mistakes| FileError::Mistakes { path: path.to_owned(), mistakes })
}

/// One line for each mistake: the file, the line, and what to write instead.
impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, error } => write!(f, "{} cannot be read: {error}", path.display()),
            Self::Mistakes { path, mistakes } => {
                for (number, Mistake { line, text }) in mistakes.iter().enumerate() {
                    let separator = if number == 0 { "" } else { "\n" };
                    write!(f, "{separator}{}:{line}: {text}", path.display())?;
                }
                Ok(())
            }
        }
    }
}

impl Error for FileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Read { error, .. } => Some(error),
            Self::Mistakes { .. } => None,
        }
    }
}
