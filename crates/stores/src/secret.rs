//! Secrets that stand in a file or in the environment, never in a URL.

use std::env;
use std::fmt;
use std::fs;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;

use zeroize::Zeroizing;

/// Where a secret stands: `file:PATH` or `env:NAME`.
///
/// ```
/// use mailchute_stores::SecretSource;
///
/// let source: SecretSource = "file:/etc/mailchute/relay.secret".parse()?;
/// assert_eq!(source.to_string(), "file:/etc/mailchute/relay.secret");
/// assert!("hunter2".parse::<SecretSource>().is_err());
/// # Ok::<(), mailchute_stores::SecretError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecretSource {
    /// A file. Its first line is the secret; a webhook may have several, one per line.
    File(PathBuf),
    /// A variable of the environment.
    Env(String),
}

/// A text that does not say where a secret stands. It is not repeated, as it may be the secret itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretError(());

impl SecretSource {
    /// Reads the secret. It is wiped from memory when it is dropped.
    ///
    /// # Errors
    /// The file cannot be read, or the secret is missing or empty.
    pub fn read(&self) -> io::Result<Zeroizing<String>> {
        let text = self.read_all()?;
        let secret = Zeroizing::new(text.lines().next().unwrap_or_default().to_owned());
        if secret.is_empty() { Err(self.missing()) } else { Ok(secret) }
    }

    /// Reads the whole text, for several secrets, one per line.
    ///
    /// # Errors
    /// An error if there is none, or only white space.
    pub(crate) fn read_all(&self) -> io::Result<Zeroizing<String>> {
        let text = Zeroizing::new(match self {
            Self::File(path) => fs::read_to_string(path)
                .map_err(|error| io::Error::new(error.kind(), format!("{self}: {error}")))?,
            Self::Env(name) => env::var(name).unwrap_or_default(),
        });
        if text.trim().is_empty() { Err(self.missing()) } else { Ok(text) }
    }

    fn missing(&self) -> io::Error {
        io::Error::new(io::ErrorKind::NotFound, format!("{self}: there is no secret"))
    }
}

impl FromStr for SecretSource {
    type Err = SecretError;

    fn from_str(text: &str) -> Result<Self, SecretError> {
        match text.split_once(':') {
            Some(("file", path)) if !path.is_empty() => Ok(Self::File(path.into())),
            Some(("env", name)) if !name.is_empty() && !name.contains(['=', '\0']) => {
                Ok(Self::Env(name.to_owned()))
            }
            _ => Err(SecretError(())),
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "file:{}", path.display()),
            Self::Env(name) => write!(f, "env:{name}"),
        }
    }
}

impl fmt::Display for SecretError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a secret stands in a file or in the environment; write file:PATH or env:NAME")
    }
}

impl std::error::Error for SecretError {}
