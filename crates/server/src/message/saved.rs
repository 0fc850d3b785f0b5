//! A message in a file.
//!
//! ```text
//!   message ──► DIRECTORY/.mailchute-XXXXXX ──keep()──► fsync, rename, fsync of the directory ──► PATH
//! ```

use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use bytes::{Bytes, BytesMut};
use tempfile::NamedTempFile;

use super::Message;
use super::spool::blocking;

/// Bytes that are gathered before they are written.
const BUFFER: usize = 256 * 1024;

/// A whole message in a file that is removed when this value is dropped, unless it is [kept](Self::keep).
#[derive(Debug)]
#[must_use = "the file is removed when this is dropped; call keep"]
pub struct Saved {
    file: NamedTempFile,
    path: PathBuf,
    size: u64,
}

impl Message {
    /// Writes the message to a file, as this reader reads it: with trace fields, if they were
    /// [asked for](Self::prepend_trace_fields).
    ///
    /// The file gets a unique name in the directory of `path`, and only its owner may read it.
    /// [`Saved::keep`] gives it the name `path`, which no file may have yet. So a file of that name is always
    /// whole. A process that is killed may leave a file whose name begins with `.mailchute-`.
    ///
    /// ```
    /// use std::path::Path;
    ///
    /// use mailchute::{Message, Receipt, Refusal};
    ///
    /// async fn store(mut message: Message, directory: &Path) -> Result<Receipt, Refusal> {
    ///     message.prepend_trace_fields();
    ///     let path = directory.join(format!("{}.eml", message.id()));
    ///     let saved = message.save_to(path).await?;
    ///     saved.keep().await?;
    ///     Ok(Receipt::new("Kept"))
    /// }
    /// ```
    ///
    /// # Errors
    /// An error if the file cannot be written, and the errors of [`chunk`](Self::chunk). `?` turns a full disk into
    /// `452 4.3.1`.
    ///
    /// # Cancel safety
    /// If the future is dropped, no file is left, and the bytes that were read are lost.
    pub async fn save_to(&mut self, path: impl AsRef<Path>) -> io::Result<Saved> {
        let path = std::path::absolute(path)?;
        let (Some(directory), Some(_)) = (path.parent().map(Path::to_owned), path.file_name()) else {
            let wrong = format!("cannot save a message as {}: write the path of a file", path.display());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, wrong));
        };
        let create = move || {
            let file = tempfile::Builder::new().prefix(".mailchute-").tempfile_in(&directory);
            file.map_err(|error| named(&error, "write a file in", &directory))
        };
        let mut saved = Saved { file: blocking(create).await?, path, size: 0 };
        let mut gathered = BytesMut::new();
        while let Some(chunk) = self.chunk().await? {
            gathered.extend_from_slice(&chunk);
            if gathered.len() >= BUFFER {
                saved = saved.write(gathered.split().freeze()).await?;
            }
        }
        saved.write(gathered.freeze()).await
    }
}

impl Saved {
    /// Returns the current path of the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.file.path()
    }

    /// Returns the size of the file in bytes.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    async fn write(mut self, bytes: Bytes) -> io::Result<Self> {
        blocking(move || {
            self.file.write_all(&bytes).map_err(|error| named(&error, "write", self.file.path()))?;
            self.size += bytes.len() as u64;
            Ok(self)
        })
        .await
    }

    /// Makes the file durable under its path. The content is flushed, the file gets its name, and the
    /// directory is flushed.
    ///
    /// # Errors
    /// An error if one of these steps fails, or if a file of this name exists. No file is left then.
    ///
    /// # Cancel safety
    /// If the future is dropped, the file is removed, no later than at the end of the current flush.
    pub async fn keep(self) -> io::Result<()> {
        let Self { file, path, .. } = self;
        let mut kept = blocking(move || {
            file.as_file().sync_all().map_err(|error| named(&error, "flush", file.path()))?;
            file.persist_noclobber(&path).map_err(|error| named(&error.error, "keep a message as", &path))?;
            let kept = Kept { path, is_wanted: false };
            let directory = kept.path.parent().unwrap_or(Path::new("/"));
            let flushed = File::open(directory).and_then(|directory| directory.sync_all());
            flushed.map_err(|error| named(&error, "flush the directory", directory))?;
            Ok(kept)
        })
        .await?;
        kept.is_wanted = true;
        Ok(())
    }
}

/// A file under its final name. It is removed unless its caller still waits for it.
struct Kept {
    path: PathBuf,
    is_wanted: bool,
}

impl Drop for Kept {
    fn drop(&mut self) {
        if !self.is_wanted
            && let Err(error) = std::fs::remove_file(&self.path)
        {
            let path = self.path.display();
            tracing::error!(name: "removal-failed", %path, %error, "a file that is not wanted could not be removed");
        }
    }
}

/// Returns an error that names the failed action and the file.
fn named(error: &io::Error, tried: &str, path: &Path) -> io::Error {
    io::Error::new(error.kind(), format!("cannot {tried} {}: {error}", path.display()))
}
