//! The memory of messages that are being uploaded.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use mailchute::Refusal;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

/// The size of blocks. The first block of a message needs no permit, so small messages never wait for large ones.
pub(super) const BLOCK: usize = 64 * 1024;

/// How long a message waits for memory. Others may be stuck at a server that hangs.
const WAIT: Duration = Duration::from_secs(10);

/// The memory that all messages of a store share.
#[derive(Debug, Clone)]
pub(super) struct Memory(Arc<Semaphore>);

impl Memory {
    /// Bounds the memory to so many bytes, rounded down to blocks.
    pub(super) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new((bytes / BLOCK).min(Semaphore::MAX_PERMITS))))
    }

    async fn block(&self) -> Result<OwnedSemaphorePermit, Refusal> {
        match timeout(WAIT, Arc::clone(&self.0).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            _ => Err(Refusal::new(452, (4, 3, 1), "Too many large messages are on their way")
                .with_cause("no memory was free in time for another large message")),
        }
    }
}

/// Collects content in blocks of memory.
#[derive(Debug)]
pub(super) struct Collector {
    memory: Memory,
    block: BytesMut,
    is_first: bool,
    held: Option<OwnedSemaphorePermit>,
}

impl Collector {
    pub(super) fn new(memory: Memory) -> Self {
        Self { memory, block: BytesMut::new(), is_first: true, held: None }
    }

    /// Adds as much of `content` as fits into the current block, and returns the block if it is full then.
    ///
    /// # Errors
    /// A refusal if there is no memory for another block.
    pub(super) async fn push(&mut self, content: &mut Bytes) -> Result<Option<Bytes>, Refusal> {
        if self.block.is_empty() && !self.is_first {
            let permit = self.memory.block().await?;
            match &mut self.held {
                Some(held) => held.merge(permit),
                None => self.held = Some(permit),
            }
            self.block.reserve(BLOCK);
        }
        let fits = content.split_to(content.len().min(BLOCK - self.block.len()));
        self.block.extend_from_slice(&fits);
        Ok((self.block.len() == BLOCK).then(|| self.rest()))
    }

    /// Returns what has been added since the last full block.
    pub(super) fn rest(&mut self) -> Bytes {
        self.is_first = false;
        std::mem::take(&mut self.block).freeze()
    }

    /// Hands over the permits for all blocks so far. They are to live as long as those.
    pub(super) fn permits(&mut self) -> Option<OwnedSemaphorePermit> {
        self.held.take()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_second_block_waits_for_memory_and_then_gives_up() {
        let memory = Memory::new(2 * BLOCK);
        let mut large = Collector::new(memory.clone());
        let mut content = Bytes::from(vec![b'x'; 3 * BLOCK]);
        for _ in 0..3 {
            assert_eq!(large.push(&mut content).await.unwrap().map(|block| block.len()), Some(BLOCK));
        }
        let mut small = Collector::new(memory);
        let mut content = Bytes::from(vec![b'y'; BLOCK + 1]);
        assert!(small.push(&mut content).await.unwrap().is_some(), "the first block is free");
        let refusal = small.push(&mut content).await.unwrap_err();
        assert_eq!(refusal.code().get(), 452);
        drop(large.permits());
        assert!(small.push(&mut content).await.unwrap().is_none());
        assert_eq!(small.rest(), Bytes::from_static(b"y"));
    }
}
