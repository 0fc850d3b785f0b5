//! Keeps what earlier readers of a message read for later ones: in memory up to a bound, then in a temporary file
//! without a name.
//!
//! # Why
//!
//! Messages that stall share a bound on memory. The buffers of the spool hold at most 64 MiB in the whole
//! process, and so do those of the Maildir. Everything beyond goes to files at once.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::{Bytes, BytesMut};

/// Bytes of one message that are kept in memory. Most messages are shorter.
const IN_MEMORY: usize = 1024 * 1024;

/// Bytes of all messages of the process that are kept in memory. Beyond them new bytes go to files at once.
/// So clients that stop within a message cannot make the server hold more.
const IN_MEMORY_OF_ALL: usize = 64 * 1024 * 1024;

/// Bytes that all messages keep in memory now.
static OF_ALL: AtomicUsize = AtomicUsize::new(0);

/// Bytes that are read back from the file at a time.
const CHUNK: usize = 64 * 1024;

#[derive(Debug, Default)]
pub(crate) struct Spool {
    head: BytesMut,
    tail: Option<Arc<File>>,
    tail_length: u64,
    passed: u64,
}

impl Spool {
    /// Returns how many bytes from the first on can be read again.
    pub(crate) fn kept(&self) -> u64 {
        self.head.len() as u64 + self.tail_length
    }

    /// Returns how many bytes have passed, kept or not.
    pub(crate) fn passed(&self) -> u64 {
        self.passed
    }

    /// Passes a chunk, and keeps it if another reader follows and no earlier chunk was dropped.
    pub(crate) async fn pass(&mut self, chunk: &Bytes, keep: bool) -> io::Result<()> {
        let is_whole = self.kept() == self.passed;
        self.passed += chunk.len() as u64;
        if !(keep && is_whole) {
            return Ok(());
        }
        if self.tail.is_none() && self.head.len() + chunk.len() <= IN_MEMORY && has_room(chunk.len()) {
            self.head.extend_from_slice(chunk);
            return Ok(());
        }
        let (offset, length, chunk) = (self.tail_length, chunk.len() as u64, chunk.clone());
        self.with_file(move |file| file.write_all_at(&chunk, offset)).await?;
        self.tail_length += length;
        Ok(())
    }

    /// Returns some bytes from `position` on, which must be below [`kept`](Self::kept).
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

    /// Runs `work` on the file where blocking is allowed. Work that is dropped half-way leaves bytes that do
    /// not count.
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

impl Drop for Spool {
    fn drop(&mut self) {
        OF_ALL.fetch_sub(self.head.len(), Ordering::Relaxed);
    }
}

/// Takes memory for this many bytes, if there is enough.
fn has_room(octets: usize) -> bool {
    let before = OF_ALL.fetch_add(octets, Ordering::Relaxed);
    let is_there = before + octets <= IN_MEMORY_OF_ALL;
    if !is_there {
        OF_ALL.fetch_sub(octets, Ordering::Relaxed);
    }
    is_there
}

/// Runs `work` on a thread that may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn many_messages_share_a_bound_in_memory_and_lose_no_byte() {
        let chunk = Bytes::from(vec![b'x'; IN_MEMORY / 2]);
        let mut spools: Vec<Spool> = (0..80).map(|_| Spool::default()).collect();
        for _ in 0..2 {
            for spool in &mut spools {
                spool.pass(&chunk, true).await.unwrap();
            }
        }
        let in_memory: usize = spools.iter().map(|spool| spool.head.len()).sum();
        assert_eq!(in_memory, IN_MEMORY_OF_ALL);
        for spool in &mut spools {
            let mut read = 0;
            while read < spool.kept() {
                read += spool.read(read).await.unwrap().len() as u64;
            }
            assert_eq!(read, 2 * chunk.len() as u64);
        }
        drop(spools);
        assert_eq!(OF_ALL.load(Ordering::Relaxed), 0, "the memory is there for others");
    }
}
