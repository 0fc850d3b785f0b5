//! What earlier readers of a message leave for later ones: in memory up to a bound, then in a temporary file
//! that has no name.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};

/// Octets kept in memory; most messages are shorter, and a thousand of them at once take a gigabyte at most.
const IN_MEMORY: usize = 1024 * 1024;

/// Octets read back from the file at a time.
const CHUNK: usize = 64 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Spool {
    head: BytesMut,
    tail: Option<Arc<File>>,
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
        let (offset, length, chunk) = (self.tail_length, chunk.len() as u64, chunk.clone());
        self.with_file(move |file| file.write_all_at(&chunk, offset)).await?;
        self.tail_length += length;
        Ok(())
    }

    /// Some octets from `position` on, which must be below [`kept`](Self::kept).
    pub(crate) async fn read(&mut self, position: u64) -> io::Result<Bytes> {
        let head_length = self.head.len() as u64;
        if let Some(tail_position) = position.checked_sub(head_length) {
            return self
                .with_file(move |file| {
                    let mut chunk = vec![0; CHUNK];
                    let length = file.read_at(&mut chunk, tail_position)?;
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

    /// Works on the file where blocking is allowed. Work that is given up half-way leaves octets that do not count.
    async fn with_file<T: Send + 'static>(
        &mut self,
        work: impl FnOnce(&File) -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let file = match &self.tail {
            Some(file) => Arc::clone(file),
            None => {
                let file = blocking(tempfile::tempfile).await?;
                Arc::clone(self.tail.insert(Arc::new(file)))
            }
        };
        blocking(move || work(&file)).await
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}
