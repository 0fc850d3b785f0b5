//! What earlier readers of a message leave for later ones: in memory up to a bound, then in a temporary file
//! that has no name.

use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};

use bytes::{Bytes, BytesMut};

/// Octets kept in memory; most messages are shorter, and a thousand of them at once take a gigabyte at most.
const IN_MEMORY: usize = 1024 * 1024;

/// Octets read back from the file at a time.
const CHUNK: usize = 64 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Spool {
    head: BytesMut,
    tail: Option<File>,
    tail_length: u64,
    passed: u64,
}

impl Spool {
    /// Octets from the first on that can be read again.
    pub(crate) fn kept(&self) -> u64 {
        self.head.len() as u64 + self.tail_length
    }

    /// Octets that have gone by, kept or not.
    pub(crate) fn passed(&self) -> u64 {
        self.passed
    }

    /// Lets a chunk go by, and keeps it if there is to be another reader and nothing was let go before.
    pub(crate) async fn pass(&mut self, chunk: &Bytes, keep: bool) -> io::Result<()> {
        let is_whole = self.kept() == self.passed;
        self.passed += chunk.len() as u64;
        if !(keep && is_whole) {
            return Ok(());
        }
        if self.tail.is_none() && self.head.len() + chunk.len() <= IN_MEMORY {
            self.head.extend_from_slice(chunk);
            return Ok(());
        }
        let length = chunk.len() as u64;
        let chunk = chunk.clone();
        self.with_file(move |file| {
            file.seek(SeekFrom::End(0))?;
            file.write_all(&chunk)
        })
        .await?;
        self.tail_length += length;
        Ok(())
    }

    /// Some octets from `position` on, which must be below [`kept`](Self::kept).
    pub(crate) async fn read(&mut self, position: u64) -> io::Result<Bytes> {
        let head_length = self.head.len() as u64;
        if let Some(tail_position) = position.checked_sub(head_length) {
            return self
                .with_file(move |file| {
                    file.seek(SeekFrom::Start(tail_position))?;
                    let mut chunk = vec![0; CHUNK];
                    let length = file.read(&mut chunk)?;
                    if length == 0 {
                        return Err(io::ErrorKind::UnexpectedEof.into());
                    }
                    chunk.truncate(length);
                    Ok(chunk.into())
                })
                .await;
        }
        let from = usize::try_from(position).map_err(io::Error::other)?;
        Ok(Bytes::copy_from_slice(&self.head[from..self.head.len().min(from + CHUNK)]))
    }

    /// Works on the file where blocking is allowed.
    async fn with_file<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&mut File) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let file = self.tail.take();
        let (file, outcome) = tokio::task::spawn_blocking(move || {
            let mut file = match file {
                Some(file) => file,
                None => tempfile::tempfile()?,
            };
            let outcome = work(&mut file);
            io::Result::Ok((file, outcome))
        })
        .await
        .map_err(io::Error::other)??;
        self.tail = Some(file);
        outcome
    }
}
